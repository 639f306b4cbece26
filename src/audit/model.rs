//! The report as data: `report.json`. Every output is made from this and nothing else.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::evidence::{Certainty, Locator, Span, Time};
use crate::observations::{Beside, Contact, Coverage, Flow, GeoSource, Input, Recipient, Sealed, Sighting, Withheld};
use crate::policy::Policy;
use crate::session::{Build, Case, IgnoreState};
use crate::signatures::Class;

/// How bad a finding is, in ascending order. A finding starts at the base of its code and moves by
/// steps (`severity.rs`), so what is said here is the typical case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; nothing to put right by itself. Whatever is only possible is a note.
    Note,
    /// The policy is imprecise, or little is at stake.
    Low,
    /// The policy and the traffic disagree. The default gate of `audit`.
    Medium,
    /// A recipient nobody declared, a denial that does not hold, or data sent without consent.
    High,
    /// The same of data of class H.
    Critical,
}

/// How a flow stands against the declarations (PoliCheck, Andow et al., USENIX
/// Security 2020, and `Unsettled`, which is ours).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Disclosure {
    /// Recipient and type are named.
    Clear,
    /// Covered by an umbrella, a category or a catch-all.
    Vague,
    /// Not declared.
    Omitted,
    /// Denied.
    Incorrect,
    /// Declared and denied.
    Ambiguous,
    /// Who the recipient is cannot be known from here.
    Unsettled,
}

/// The level at which a declared recipient is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RecipientLevel {
    /// The product, or the first party itself.
    Product,
    /// A row that names only the company.
    Company,
    /// The functional category.
    Category,
    /// Only another product of the company.
    Sibling,
    /// Only "partners and other third parties".
    CatchAll,
    /// Not at all.
    None,
}

/// The level at which the type is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DataLevel {
    /// Named.
    Exact,
    /// By an umbrella.
    Umbrella,
    /// Not named, or nothing said.
    None,
}

/// A declaration that was weighed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cover {
    /// See [`RecipientLevel`].
    pub recipient: RecipientLevel,
    /// See [`DataLevel`].
    pub data: DataLevel,
    /// The words for the recipient.
    pub recipient_words: String,
    /// The words for the data, or of the umbrella.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_words: Option<String>,
    /// Where it stands in the policy.
    pub span: Span,
}

/// The verdict on one flow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// Recipient id.
    pub recipient: String,
    /// Data type id.
    pub data_type: String,
    /// See [`Disclosure`].
    pub disclosure: Disclosure,
    /// Finding code; `clear` when there is none.
    pub code: String,
    /// Best cover, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cover: Option<Cover>,
    /// The next best.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runner_up: Option<Cover>,
    /// The denial that reaches it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub denial: Option<Span>,
    /// Why, in words.
    pub reason: Text,
}

/// The same sentence in both languages.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Text {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

/// A disclosure or conduct result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// `v1:` and 16 hex digits over code, product or domain, type, phase group, path template.
    pub fingerprint: String,
    /// Stable code, `omitted-data`.
    pub code: String,
    /// See [`Severity`].
    pub severity: Severity,
    /// See [`Certainty`].
    pub certainty: Certainty,
    /// Recipient id.
    pub recipient: String,
    /// Data type id; none for contacts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_type: Option<String>,
    /// Phase group.
    pub phase: String,
    /// One sentence.
    pub message: Text,
    /// Steps of the severity: base, class, unnamed …, for a reader who asks why.
    pub severity_steps: Vec<String>,
    /// Clause ids.
    pub clauses: Vec<String>,
    /// The policy's words: what covers, denies, or promises otherwise.
    pub policy: Vec<Span>,
    /// Ids of the sightings.
    pub sightings: Vec<String>,
    /// Evidence (of contacts, the places).
    pub locators: Vec<Locator>,
    /// How many messages.
    pub count: u64,
    /// Time of the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<Time>,
    /// The line that has it ignored: it is struck out and fails no build.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suppressed: Option<Suppression>,
    /// How it stands against the baseline, where one was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<BaselineState>,
}

/// The line of `ignore.toml` that has a finding ignored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppression {
    /// File name.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// The last day on which it holds.
    pub expires: Date,
}

/// The lines of `ignore.toml`, and what they reach.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ignored {
    /// The day by which expiry was judged: `--today`, else the day of the run in UTC. The
    /// one thing in a report that can differ from day to day, and only where lines are ignored.
    pub today: Date,
    /// In the order of the files.
    pub lines: Vec<IgnoreLine>,
}

/// One line of `ignore.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IgnoreLine {
    /// File name.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Its keys: `code = "cleartext", recipient = "getui"`.
    pub matcher: String,
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// The last day on which it holds.
    pub expires: Date,
    /// See [`IgnoreState`].
    pub state: IgnoreState,
    /// Findings that it reaches, whether or not it is the line that strikes them out.
    pub findings: u64,
    /// The worst of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worst: Option<Severity>,
}

/// A finding against the baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BaselineState {
    /// Not in it.
    New,
    /// In it, but less severe there, only possible there, or ignored there.
    Worse,
    /// In it, and no worse now.
    Unchanged,
}

/// The earlier report that this one was held against.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Baseline {
    /// File name.
    pub name: String,
    /// SHA-256 of the file.
    pub sha256: String,
    /// The app it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// Its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Percent of the sent bytes that could be read: what is absent now may only be unread.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub covered: Option<u64>,
    /// Findings of it that are not in this report, worst first.
    pub absent: Vec<AbsentFinding>,
}

/// A finding that stood in the baseline and does not stand here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AbsentFinding {
    /// Its fingerprint.
    pub fingerprint: String,
    /// Its code.
    pub code: String,
    /// Its severity there.
    pub severity: Severity,
    /// Recipient id.
    pub recipient: String,
    /// The recipient's names there.
    pub names: Text,
    /// Data type id; none for contacts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_type: Option<String>,
    /// Phase group.
    pub phase: String,
    /// Its sentence there.
    pub message: Text,
}

/// Whether a declared type was seen: a state, never a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeclaredState {
    /// A flow of it was seen.
    Seen,
    /// The recipient's messages were read, and it was not in them.
    NotSeen,
    /// The recipient's messages were closed or sealed.
    Unread,
    /// The recipient was not contacted.
    NotContacted,
    /// Its data goes by IPC, cellular or server.
    NotExpected,
    /// It does not cross a wire as such (the use of a camera).
    NotObservable,
}

/// One declared type of one declared party.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeclaredItem {
    /// The party's words.
    pub party: String,
    /// Product id, where resolved; `first-party`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient: Option<String>,
    /// Data type id.
    pub data_type: String,
    /// See [`DeclaredState`].
    pub state: DeclaredState,
    /// Where.
    pub span: Span,
}

/// How a promise stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClaimState {
    /// Findings contradict it.
    Broken,
    /// Nothing seen contradicts it.
    NotContradicted,
    /// It could not be tested.
    Untested,
}

/// One promise, judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JudgedClaim {
    /// `storage_country`, `transport_encryption`, `consent_before_collection`, `cross_border`.
    pub claim: String,
    /// Its value as text.
    pub value: String,
    /// See [`ClaimState`].
    pub state: ClaimState,
    /// Why.
    pub reason: Text,
    /// Fingerprints of the findings that break it.
    pub findings: Vec<String>,
    /// Where it stands.
    pub lines: Vec<Span>,
}

/// What the report was made with. Nothing of the run itself (time, paths, threads) is here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tool {
    /// `wirewitness`.
    pub name: String,
    /// Version.
    pub version: String,
    /// SHA-256 of the effective signature set.
    pub signatures_sha256: String,
    /// Version of the public suffix list.
    pub public_suffix_list: String,
}

/// What the session said of itself, as far as a report tells.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SessionFacts {
    /// Package or bundle id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// Its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// First-party domains.
    pub first_party: Vec<String>,
    /// Owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Country that the data is to stay in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Only this app's traffic was recorded.
    pub isolation: bool,
    /// Marks: time and text.
    pub marks: Vec<(Time, String)>,
    /// Data types of the device profile (no values).
    pub profile_types: Vec<String>,
    /// Settlements: host, what as, reason.
    pub settled: Vec<(String, String, String)>,
    /// Notes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
    /// The test device in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// What was changed on it for the test.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<String>,
    /// The case that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<Case>,
    /// What exactly was installed on the device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build: Option<Build>,
    /// Clock skew in milliseconds that was allowed for.
    pub clock_skew_ms: u64,
}

/// The report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// `wirewitness-report/1`.
    pub schema: String,
    /// See [`Tool`].
    pub tool: Tool,
    /// See [`SessionFacts`].
    pub session: SessionFacts,
    /// The inputs.
    pub inputs: Vec<Input>,
    /// Captures of the idle device.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub noise: Vec<Input>,
    /// Files that say where addresses lie.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub geo: Vec<GeoSource>,
    /// What was known of the recording as a whole.
    #[serde(default)]
    pub premises: Premises,
    /// How much could be seen.
    pub coverage: Coverage,
    /// What could not be seen.
    pub gaps: Vec<crate::evidence::Gap>,
    /// By id.
    pub recipients: BTreeMap<String, Recipient>,
    /// By recipient.
    pub contacts: Vec<Contact>,
    /// By recipient, then type, each with its verdict.
    pub flows: Vec<JudgedFlow>,
    /// All.
    pub sightings: Vec<Sighting>,
    /// Sealed payloads.
    pub sealed: Vec<Sealed>,
    /// What other tools wrote beside the traffic; not judged.
    #[serde(default, skip_serializing_if = "Beside::is_empty")]
    pub beside: Beside,
    /// Slots for identifiers that hold none: listed, never judged.
    pub withheld: Vec<Withheld>,
    /// The policy as it was read, the object of `policy --format json`.
    pub declarations: Policy,
    /// State of each declared type.
    pub declared: Vec<DeclaredItem>,
    /// Promises, judged.
    pub claims: Vec<JudgedClaim>,
    /// By severity (worst first), then code, recipient, type, phase.
    pub findings: Vec<Finding>,
    /// The lines of `ignore.toml`, where there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ignore: Option<Ignored>,
    /// The baseline, where one was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Baseline>,
    /// Finding counts by severity, without those that are ignored.
    pub summary: BTreeMap<String, u64>,
    /// What would help next, in the order of what it would change.
    pub advice: Vec<Text>,
    /// Names of the data types that occur above, so that the report reads on its own.
    #[serde(default)]
    pub data_types: BTreeMap<String, TypeName>,
    /// The companies of the recipients.
    #[serde(default)]
    pub companies: BTreeMap<String, CompanyName>,
    /// The clauses that the findings cite.
    #[serde(default)]
    pub clauses: BTreeMap<String, CitedClause>,
}

/// What the signatures say of a company.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CompanyName {
    /// Legal name, Chinese.
    pub zh: String,
    /// Legal name, English.
    pub en: String,
    /// ISO 3166-1 alpha-2 of its seat, where known: where data is stored is another matter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
}

/// What the signatures call a data type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TypeName {
    /// Name, Chinese.
    pub zh: String,
    /// Name, English.
    pub en: String,
    /// Its class, by which a finding's severity moves.
    pub class: Class,
}

/// A clause that a finding cites, as the signatures have it. The summaries are ours,
/// never a quotation; a touch is no breach.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CitedClause {
    /// `CN`, `EU`, `US`, `US-CA`, `INTL`, `GOOGLE-PLAY`, `APPLE`.
    pub jurisdiction: String,
    /// Short title in the original language.
    pub title: String,
    /// Article, item or section.
    pub reference: String,
    /// What it says, Chinese.
    pub zh: String,
    /// What it says, English.
    pub en: String,
}

/// What was known of the recording as a whole: with it, every verdict can be repeated from
/// the report and the policy alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Premises {
    /// The traffic is known to be the app's.
    pub app_proven: bool,
    /// Consent could be judged: the recording began before the app was launched, and the user's answer is marked.
    pub consent_judged: bool,
}

/// A flow and its verdict.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JudgedFlow {
    /// What was seen.
    #[serde(flatten)]
    pub flow: Flow,
    /// How it stands. None: listed, not judged (platform, an id sent back to its issuer).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
}
