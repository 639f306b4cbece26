export const policy = {
  sections: [
    {
      id: 'not',
      title: 'Information we do not collect',
      items: ['Contacts', 'Photos'],
    },
    {
      id: 'own',
      title: 'Information we collect',
      content: [
        'When you open the app we collect the following:',
        '• Device model',
        '• IP address',
      ],
    },
    {
      id: 'who',
      title: 'Third-party services',
      text: `Your data may be shared with the following third parties:

• Mixpanel — counts visits, gets your device ID
• Vercel — hosts our pages`,
    },
  ],
};
