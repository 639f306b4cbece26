export default function Page() {
  return (
    <main>
      <Section title="What we collect">
        <ul>
          <li>Email address</li>
        </ul>
      </Section>
      <Section title="What we do not collect">
        <ul>
          <li>Contacts</li>
        </ul>
      </Section>
      <Section title={'Third-party services'}>
        <Text>
          Mixpanel: device model, OS version{'\n'}
          Sentry: IP address{'\n'}
        </Text>
      </Section>
    </main>
  );
}
