const SECTIONS = [
  { title: 'Third-party services', body: 'Whom we work with stands below.' },
];

const PROCESSORS = [
  { title: 'PostHog', body: 'Statistics of how the app is used. Gets your IP address.' },
  { title: 'Google Analytics', body: 'Visits of our pages.' },
  { title: 'Stripe', body: 'Payments.' },
];

const SDKS = [
  { name: 'Adjust', purpose: 'attribution', data: ['Google Advertising ID', 'Device model'] },
  { name: 'OneSignal', purpose: 'push messages', data: ['IP address'] },
];
