export const parts = [
  { title: '4. Third-Party SDKs', content: `The app integrates the following third-party SDKs:` },
  {
    title: '4.1 Ad networks',
    content: `**Lantern Ads (灯笼广告)**
Provider: Lantern Network Technology Co., Ltd.
Privacy Policy: https://lantern.example/privacy

**Harbour Statistics**
**Provider:** Harbour Software Co., Ltd.
**Purpose:** Statistics
**Information Collected:** Device information, crash logs`,
  },
];
