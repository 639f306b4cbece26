const columns = [
  { title: 'SDK名称', dataIndex: 'a1', key: 'a1' },
  { title: '所属机构', dataIndex: 'b2', key: 'b2' },
  { title: '收集的个人信息', dataIndex: 'c3', key: 'c3' },
];
const rows = [
  { key: '1', a1: '松果推送SDK', b2: '松果科技有限公司', c3: 'OAID、MAC地址' },
  { key: '2', a1: '赤狐统计SDK', b2: '赤狐数据有限公司', c3: '设备型号' },
];
export default () => <Table columns={columns} dataSource={rows} />;
