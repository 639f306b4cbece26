// The page's text.
export default {
  title: '隐私政策',
  html: '<p>我们会收集您的OAID。</p>' +
    '<p>\u6211\u4eec\u4e0d\u4f1a\u6536\u96c6\u60a8\u7684\u901a\u8baf\u5f55\u3002</p>', /* a comment */
  sdks: [
    { "sdkName": "青禾推送SDK", company: '北京青禾网络科技有限公司', data: "IMEI", url: 'https://qinghe.example.com/' },
    { "sdkName": "云杉统计SDK", company: '上海云杉信息技术有限公司', data: `MAC地址`, purpose: "统计分析" },
  ],
};
