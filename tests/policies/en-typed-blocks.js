const blocks = [
  { type: "paragraph", text: "The app uses third-party services. Those are the following third-party services:" },
  { type: "links", items: ["Google Play Services", "AdMob", "Firebase Crashlytics"] },
  { type: "paragraph", text: "We collect your IP address." },
];
