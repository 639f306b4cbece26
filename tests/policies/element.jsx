import React from 'react';

const SDKS = [
  { sdkName: '青禾推送SDK', company: '北京青禾网络科技有限公司', data: 'IMEI、OAID', purpose: '消息推送' },
];

// The page itself.
export default function Privacy({ visible }) {
  const rows = SDKS.map((sdk) => <tr key={sdk.sdkName}><td>{sdk.sdkName}</td><td>{sdk.data}</td></tr>);
  if (1 < rows.length && !visible) return null;
  return (
    <div className={visible ? 'a' : 'b'}>
      <h2>第三方SDK目录</h2>
      <p>{'我们会收集您的手机号。'}</p>
      {/* a comment: 我们会收集您的身份证号。 */}
      <table><tbody>{rows}</tbody></table>
      {visible && <table><tr><th>SDK名称</th><th>收集信息</th></tr><tr><td>云杉统计SDK</td><td>MAC地址</td></tr></table>}
      <p style={{ color: 'red' }}>我们不会收集您的通讯录。</p>
    </div>
  );
}
