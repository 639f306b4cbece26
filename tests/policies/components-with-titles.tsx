export default function Privacy() {
  return (
    <Page>
      <Section title="一、我们收集的信息">
        <SubSection title="1.1 自动收集的信息">
          <ListItem>设备信息：设备型号、操作系统版本。</ListItem>
          <ListItem>网络信息：IP 地址。</ListItem>
        </SubSection>
      </Section>
      <Section title="二、第三方服务">
        <p>我们接入了以下第三方服务：</p>
        <ListItem>极光推送：推送消息，收集OAID</ListItem>
        <ListItem>友盟统计：统计分析，收集MAC地址</ListItem>
      </Section>
    </Page>
  );
}
