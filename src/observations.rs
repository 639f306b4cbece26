//! What the traffic showed: the one thing `inspect` prints and `audit` consumes.
//!
//! Everything here is serialisable, sorted, and free of raw values: a value is a
//! [`Masked`] text and a label. It holds no verdict and has never heard of a policy.

mod beside;
mod withheld;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use withheld::{PlaceholderKind, Withheld};

use crate::evidence::{Certainty, Gap, GapReason, GroundCode, Locator, Masked, Place, Reason, Time};

pub use beside::{Beside, BesideFile, CallEvidence, Caller, InTraffic, ReachedHost};

/// One input as it was read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// File name without folders, or `-`.
    pub name: String,
    /// SHA-256 of the file as given, before any decompression.
    pub sha256: String,
    /// Size in bytes, likewise.
    pub bytes: u64,
    /// `pcap`, `pcapng`, `har` …, with ` (gzip)` or ` (zstd)` where it was compressed.
    pub format: String,
    /// The program that wrote it, where the file says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub producer: Option<String>,
    /// Packets or entries.
    pub records: u64,
    /// Time of the first and the last record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<Time>,
    /// See `first`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Time>,
    /// Link types of its interfaces, `ETHERNET`, `LINUX_SLL2`, `RAW` …
    #[serde(default)]
    pub links: Vec<String>,
    /// Secrets found inside (DSB), in lines.
    #[serde(default)]
    pub secrets: u64,
    /// What was done about its clock, where anything is known of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<Clock>,
}

/// How far a capture's clock is off from that of the session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// Milliseconds that were added to the times of its packets.
    pub added_ms: i64,
    /// Its uncertainty, in milliseconds.
    pub uncertainty_ms: u64,
    /// How it is known.
    pub by: ClockBy,
    /// The capture that it was compared with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with: Option<String>,
    /// Connections that are in both.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub connections: u64,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// How a capture's clock is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClockBy {
    /// `--time-shift`, or a person's line in `session.toml`.
    Given,
    /// The phone's clock was asked while it was recorded.
    Measured,
    /// Marks that carry the device's time too.
    Marks,
    /// Connections that another capture holds as well.
    Connections,
    /// The same, but the difference is no more than a packet's travel time: nothing was added.
    Agrees,
    /// The same, but they differ among each other: nothing was added.
    Unsteady,
    /// No other capture holds the same connections: nothing was added.
    Unknown,
}

impl Clock {
    /// The skew to allow for, in milliseconds: what was given, or the largest uncertainty of a clock.
    pub fn allowed_skew_ms(given: u64, inputs: &[Input]) -> u64 {
        let known = inputs.iter().filter_map(|input| input.clock.as_ref()).filter(|clock| clock.added_ms != 0);
        known.map(|clock| clock.uncertainty_ms).fold(given, u64::max)
    }
}

/// What a recipient is to the audited app.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// The maker of the app: `--first-party`, `session.toml`, `settled.toml`.
    FirstParty,
    /// A product that the signatures know.
    ThirdParty,
    /// A domain of a known company or group; which of its products it is, is not known.
    GroupUnknown,
    /// A domain no signature knows, while first parties were given.
    Unnamed,
    /// A domain no signature knows, and no first parties were given.
    Unknown,
    /// A CDN or cloud host whose tenant is not known.
    Infrastructure,
    /// The OS vendor's own service.
    Platform,
    /// Traffic of another app; dropped and counted.
    OtherApp,
}

/// What a recipient's name was taken from. The order is the precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NameSource {
    /// `Host` or `:authority` of an opened message.
    Opened,
    /// Server name of the TLS or QUIC hello.
    Sni,
    /// An answer of DNS to this client that was valid at that time.
    Dns,
    /// Nothing but the address.
    Address,
}

/// Whom a message went to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Recipient {
    /// Stable id: a product (`getui`), `first-party`, `group:tencent`,
    /// `infrastructure:aliyuncs.com`, `host:collect.tracker.example` (its host when
    /// the registrable domain is not known to mean one company) or `address:203.0.113.7`.
    pub id: String,
    /// See [`Role`].
    pub role: Role,
    /// Product id of the signatures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    /// Company id of the signatures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company: Option<String>,
    /// Name to print, Chinese.
    pub zh: String,
    /// Name to print, English.
    pub en: String,
    /// Registrable domain (eTLD+1), or the host where there is none, or the address.
    pub domain: String,
    /// Why it is this one, with the signature's file and line.
    pub reason: Reason,
    /// How sure that is.
    pub certainty: Certainty,
    /// Product of the SDK that sent it to a recipient that is another's
    /// (a private deployment; a carrier's gateway called by a wrapper).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
}

/// When something was sent, by the marks of the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Consent {
    /// Between `launched` and `consent-given`.
    Before,
    /// After `consent-refused` and before a later `consent-given`.
    Refused,
    /// After `consent-given`.
    After,
    /// No marks, or the capture starts after `launched`: not judged.
    Unmarked,
}

/// The phase of a message: consent, and what was on the screen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Phase {
    /// See [`Consent`].
    pub consent: Consent,
    /// Backgrounded, or screen off.
    pub background: bool,
    /// `logged-in` lies before it.
    pub logged_in: bool,
    /// The text of the last `scenario:` mark.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scenario: Option<String>,
    /// Within the clock skew of a mark that changes `consent`: a finding that rests on
    /// it alone is `possible`.
    pub near_mark: bool,
    /// The same of a mark that changes `background`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub near_background: bool,
}

/// The phase groups, in the order in which a first launch runs through them.
pub const PHASE_GROUPS: [&str; 5] = ["before-consent", "after-refusal", "after-consent", BACKGROUND, "none"];

const BACKGROUND: &str = "background";

impl Phase {
    /// Where there are no marks.
    pub fn unmarked() -> Self {
        Self {
            consent: Consent::Unmarked,
            background: false,
            logged_in: false,
            scenario: None,
            near_mark: false,
            near_background: false,
        }
    }

    /// Within the clock skew of the mark by which its phase group begins or ends.
    pub fn is_near_its_mark(&self) -> bool {
        if self.group() == BACKGROUND { self.near_background } else { self.near_mark }
    }

    /// The phase group of fingerprints and matrices, one of [`PHASE_GROUPS`].
    pub fn group(&self) -> &'static str {
        match (self.consent, self.background) {
            (Consent::Before, _) => "before-consent",
            (Consent::Refused, _) => "after-refusal",
            (_, true) => BACKGROUND,
            (Consent::After, false) => "after-consent",
            (Consent::Unmarked, false) => "none",
        }
    }
}

/// How a message crossed the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wire {
    /// Recorded in the clear, or the importer's format says `http`.
    Clear,
    /// Encrypted; opened with a key.
    Encrypted,
    /// A dump of plaintext that does not say how it travelled.
    Unknown,
}

/// How a value was written where it was found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Form {
    /// `plain`, `md5`, `sha1`, `sha224`, `sha256`, `sha384`, `sha512`, `sm3`, `md5-16` (its
    /// middle sixteen digits), `md5-md5` (of its hex text), `hmac-sha256` …; the check sums
    /// `crc32` and `murmur3`.
    pub digest: String,
    /// How the value was written before the digest: `as-is`, `upper`, `lower`,
    /// `no-separators`, `upper-no-separators`, `14-digits`, `+86` …; with what it was
    /// digested, `as-is in {value}{package}`.
    pub variant: String,
}

impl Form {
    /// The value as it is.
    pub fn plain() -> Self {
        Self { digest: "plain".to_owned(), variant: "as-is".to_owned() }
    }
}

/// One data type seen in sent messages, at one kind of place.
///
/// Sightings that differ in nothing but time are one, with a count: the first by
/// (input, ordinal, offset) gives the locator. So a beacon that repeats a thousand
/// times is one line, and the output stays bounded whatever the capture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sighting {
    /// `s1`, `s2` … in the order of the report.
    pub id: String,
    /// Data type id, `imei`.
    pub data_type: String,
    /// Key into [`Observations::recipients`].
    pub recipient: String,
    /// Host as it stood in the message.
    pub host: String,
    /// Product of the SDK that sent it, where the recipient is another's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
    /// Package or bundle id the stream belongs to, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// How it was written.
    pub form: Form,
    /// How sure.
    pub certainty: Certainty,
    /// Why this type and this certainty.
    pub reason: Reason,
    /// Equal values have equal labels: `imei#1`, in order of appearance.
    pub label: String,
    /// The value, masked, as it stood there.
    pub masked: Masked,
    /// Name of the field or header it stood in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// `POST /v2/bind` with varying parts replaced: `/v2/user/{}`.
    pub path_template: String,
    /// How the message crossed the wire.
    pub wire: Wire,
    /// The payload was sealed with a published key: on a clear wire that is as good as none.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub published_key: bool,
    /// See [`Phase`].
    pub phase: Phase,
    /// How often.
    pub count: u64,
    /// Time of the first and last.
    pub first: Time,
    /// See `first`.
    pub last: Time,
    /// The idle device sends the same as well (see `examine::noise`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub noise: bool,
    /// The first one's evidence.
    pub locator: Locator,
}

impl Sighting {
    /// Whether the profile has values of its type and this is none of them: it is another device's, or
    /// the profile is incomplete. It is listed, and accuses nobody.
    pub fn is_of_another_device(&self) -> bool {
        self.reason.0.iter().any(|ground| ground.code == GroundCode::NotOfProfile)
    }
}

/// All sightings of one data type to one product by one app.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Flow {
    /// Key into [`Observations::recipients`].
    pub recipient: String,
    /// Data type id.
    pub data_type: String,
    /// Package or bundle id, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// Highest certainty among its sightings.
    pub certainty: Certainty,
    /// Messages that carried it.
    pub count: u64,
    /// How often and how much, by phase and scenario, earliest first.
    #[serde(default)]
    pub phases: Vec<Rhythm>,
    /// All of its sightings are noise: listed, not judged.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub noise: bool,
    /// Ids of its sightings.
    pub sightings: Vec<String>,
}

/// How often a flow's messages were sent in one phase and scenario, and how much.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rhythm {
    /// Phase group, see [`Phase::group`].
    pub phase: String,
    /// The scenario that was marked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scenario: Option<String>,
    /// Messages that carried the data.
    pub messages: u64,
    /// Bytes of these messages on the wire, whatever else they carried.
    pub sent_bytes: u64,
    /// Time of the first and last.
    pub first: Time,
    /// See `first`.
    pub last: Time,
    /// Median of the intervals between consecutive messages, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub median_interval_ms: Option<u64>,
    /// Runs of three messages and more that lie at most a second apart.
    pub bursts: u64,
    /// Messages of the largest of them.
    pub largest_burst: u64,
    /// Messages whose times were kept: interval and bursts are of these, the earliest.
    pub timed: u64,
}

/// Messages or closed streams to one recipient, readable or not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Contact {
    /// Key into [`Observations::recipients`].
    pub recipient: String,
    /// Package or bundle id, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// Hosts it was reached under.
    pub hosts: Vec<String>,
    /// Addresses it was reached at, as they stood in the capture.
    pub addresses: Vec<String>,
    /// Where the addresses lie, by a file that the user gave; those that it knows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub networks: Vec<Network>,
    /// The idle device reaches all of its hosts as well: listed, not judged.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub noise: bool,
    /// What a reader should know of its names: a server name that is not the `Host`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<Reason>,
    /// Sent messages that could be read.
    pub messages: u64,
    /// Streams that stayed closed, by reason.
    pub closed: BTreeMap<GapReason, u64>,
    /// Streams that stayed closed and payloads that were sealed, by phase group.
    #[serde(default)]
    pub unread_phases: BTreeMap<String, u64>,
    /// Payloads in readable messages that the SDK sealed.
    pub sealed: u64,
    /// Sent bytes of payload (opened, closed, and known to be lost).
    pub sent_bytes: u64,
    /// Messages and closed streams by phase group.
    pub phases: BTreeMap<String, u64>,
    /// Those among them that lie within the clock skew of their mark.
    #[serde(default)]
    pub near_mark: BTreeMap<String, u64>,
    /// Time of the first and last.
    pub first: Time,
    /// See `first`.
    pub last: Time,
    /// Where the first one lies.
    pub place: Place,
}

/// Where an address lies: in whose name it is registered, which is not always where the
/// machine stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Network {
    /// As it stood in the capture.
    pub address: String,
    /// ISO 3166-1 alpha-2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Number of its autonomous system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asn: Option<u32>,
    /// Who announces it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<String>,
}

/// A file of countries or networks that the user gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GeoSource {
    /// File name without folders.
    pub name: String,
    /// SHA-256 of the file.
    pub sha256: String,
    /// `MMDB` with its kind, or `CSV`.
    pub format: String,
    /// `2026-06-25`, where the file says when it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
}

/// A payload that its SDK sealed: seen, not readable, and what it may hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sealed {
    /// Key into [`Observations::recipients`].
    pub recipient: String,
    /// Recipe id.
    pub recipe: String,
    /// Data types it may contain.
    pub may_contain: Vec<String>,
    /// Why it cannot be opened, in English.
    pub reason: String,
    /// The same in Chinese; empty in reports of a version that had no Chinese reasons.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason_zh: String,
    /// How often.
    pub count: u64,
    /// The first.
    pub place: Place,
}

/// Whether two names are of one app: `com.x` and its other processes, such as `com.x:push`, are.
pub fn same_app(app: &str, audited: &str) -> bool {
    app.split(':').next() == audited.split(':').next()
}

/// How much of the app's sent traffic could be read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Coverage {
    /// Sent payload bytes of opened streams.
    pub opened_bytes: u64,
    /// Sent payload bytes of all streams, including bytes that were not captured and that sequence
    /// numbers or a packet's length show to have been sent.
    pub total_bytes: u64,
    /// Sent messages that were read.
    pub opened_messages: u64,
    /// The same and the streams that stayed closed, each counted as one.
    pub total_messages: u64,
    /// Streams that stayed closed, by reason.
    pub closed: BTreeMap<GapReason, u64>,
    /// Messages of other apps that were dropped.
    pub other_app_messages: u64,
    /// Messages of which the capture does not say whose app sent them.
    #[serde(default)]
    pub unknown_app_messages: u64,
}

impl Coverage {
    /// Opened sent bytes in percent of all, rounded down; `None` when nothing was sent.
    pub fn percent(&self) -> Option<u64> {
        (self.total_bytes > 0).then(|| (u128::from(self.opened_bytes) * 100 / u128::from(self.total_bytes)) as u64)
    }
}

/// Everything the traffic showed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Observations {
    /// The inputs in the order given, but captures that follow each other together, in order.
    pub inputs: Vec<Input>,
    /// Captures of the idle device.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub noise: Vec<Input>,
    /// Files that say where addresses lie.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub geo: Vec<GeoSource>,
    /// Package or bundle id of the audited app, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// The capture is known to hold this app only, or its packets name it.
    pub app_proven: bool,
    /// Recipients by id.
    pub recipients: BTreeMap<String, Recipient>,
    /// By recipient.
    pub contacts: Vec<Contact>,
    /// By (input, ordinal, offset, type).
    pub sightings: Vec<Sighting>,
    /// By recipient, then type.
    pub flows: Vec<Flow>,
    /// By recipient, then recipe.
    pub sealed: Vec<Sealed>,
    /// What other tools wrote beside the traffic.
    #[serde(default, skip_serializing_if = "Beside::is_empty")]
    pub beside: Beside,
    /// Slots without a value, by recipient, app, type and placeholder.
    #[serde(default)]
    pub withheld: Vec<Withheld>,
    /// What could not be seen.
    pub gaps: Vec<Gap>,
    /// How much could.
    pub coverage: Coverage,
    /// `consent` can be judged: `launched` lies after the start of the capture and `consent-given` is marked.
    pub consent_judged: bool,
    /// SHA-256 of the effective signature set.
    pub signatures_sha256: String,
    /// Version of the public suffix list that names were cut with.
    pub public_suffix_list: String,
}
