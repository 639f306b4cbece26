const sdkList = [
  {
    name: '青禾推送SDK',
    provider: '北京青禾网络科技有限公司',
    purpose: '消息推送',
    collectedData: ['设备标识（如IMEI、OAID）', '网络类型', 'IP地址'],
    privacyPolicyUrl: 'https://qinghe.example.com/privacy',
  },
  {
    name: '云杉地图SDK',
    provider: '上海云杉信息技术有限公司',
    purpose: '显示地图',
    collectedData: [
      '位置信息',
      'WiFi状态'
    ],
    privacyPolicyUrl: 'https://yunshan.example.com/privacy',
  },
];

const page = {
  title: '第三方SDK清单',
  paragraphs: ['以下是茶铺接入的第三方SDK。', '我们会收集您的手机号，用于登录。'],
};
