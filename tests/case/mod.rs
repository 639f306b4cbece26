//! The compact form of a verdict case, and how it becomes observations and a policy.

use std::collections::BTreeMap;

use serde::Deserialize;
use wirewitness::audit::{Report, SessionFacts};
use wirewitness::evidence::{
    Certainty, GapReason, Ground, GroundCode, Locator, Masked, Place, Span, Step, Time, Transport,
};
use wirewitness::observations::*;
use wirewitness::policy::*;
use wirewitness::signatures::Signatures;

/// One case.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Unique in its file.
    pub name: String,
    /// The sentence or cell of the design it is derived from.
    pub from: String,
    #[serde(default)]
    policy: PolicyIn,
    #[serde(default)]
    flows: Vec<FlowIn>,
    #[serde(default)]
    contacts: Vec<ContactIn>,
    #[serde(default = "yes")]
    app_proven: bool,
    #[serde(default)]
    app: Option<String>,
    #[serde(default = "yes")]
    consent_judged: bool,
    #[serde(default)]
    no_first_party: bool,
    #[serde(default)]
    no_profile: bool,
    /// Country that the session says data is to stay in.
    #[serde(default)]
    country: Option<String>,
    /// Percent of sent bytes that were read.
    #[serde(default = "hundred")]
    covered: u64,
    /// What comes out.
    pub expect: Expect,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct PolicyIn {
    rows: Vec<RowIn>,
    own: Vec<String>,
    own_denied: Vec<String>,
    own_denied_if: Vec<String>,
    all_denied: Vec<String>,
    all_denied_if: Vec<String>,
    categories: Vec<CategoryIn>,
    /// Data of each catch-all.
    catch_all: Vec<Vec<String>>,
    https: bool,
    consent: bool,
    stored_in: Option<String>,
    cross_border: Option<CrossBorder>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct RowIn {
    product: Option<String>,
    company: Option<String>,
    words: Option<String>,
    data: Vec<String>,
    raw: Option<String>,
    denied: Vec<String>,
    denied_if: Vec<String>,
    domains: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct CategoryIn {
    kinds: Vec<String>,
    examples: Vec<String>,
    data: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FlowIn {
    to: String,
    #[serde(rename = "type")]
    data_type: String,
    #[serde(default = "confirmed")]
    certainty: Certainty,
    /// Of the recipient.
    #[serde(default = "confirmed")]
    attribution: Certainty,
    #[serde(default = "after")]
    consent: Consent,
    #[serde(default)]
    background: bool,
    #[serde(default)]
    near: bool,
    #[serde(default = "encrypted")]
    wire: Wire,
    /// Sealed with a published key.
    #[serde(default)]
    published: bool,
    #[serde(default)]
    key: Option<String>,
    #[serde(default)]
    app: Option<String>,
    #[serde(default = "path")]
    path: String,
    /// The idle device sends it as well.
    #[serde(default)]
    noise: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ContactIn {
    to: String,
    #[serde(default)]
    read: u64,
    #[serde(default)]
    closed: u64,
    #[serde(default)]
    sealed: u64,
    #[serde(default)]
    phases: BTreeMap<String, u64>,
    #[serde(default)]
    near: BTreeMap<String, u64>,
    #[serde(default = "confirmed")]
    attribution: Certainty,
    /// Country of its address, by a file that was given.
    #[serde(default)]
    country: Option<String>,
    /// The idle device reaches it as well.
    #[serde(default)]
    noise: bool,
}

/// What comes out; lists are complete and in the report's order.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// `RECIPIENT TYPE DISCLOSURE CODE COVER` (`product/exact`, `-`), or `RECIPIENT TYPE listed`.
    #[serde(default)]
    verdicts: Vec<String>,
    /// `SEVERITY CODE RECIPIENT TYPE PHASE CERTAINTY`; `-` where there is no type.
    #[serde(default)]
    findings: Vec<String>,
    /// `PARTY TYPE STATE`.
    #[serde(default)]
    declared: Option<Vec<String>>,
    /// `CLAIM STATE BREAKING-FINDINGS`.
    #[serde(default)]
    claims: Option<Vec<String>>,
    /// Words that stand in a verdict's reason or a finding's message, in either language.
    #[serde(default)]
    says: Vec<String>,
    /// Words that stand in the advice, one of them in each entry in this order.
    #[serde(default)]
    advice: Option<Vec<String>>,
    /// Lines quoted from the policy by the first finding.
    #[serde(default)]
    lines: Option<Vec<u32>>,
    /// Severity steps of the first finding.
    #[serde(default)]
    steps: Option<Vec<String>>,
}

fn yes() -> bool {
    true
}
fn hundred() -> u64 {
    100
}
fn confirmed() -> Certainty {
    Certainty::Confirmed
}
fn after() -> Consent {
    Consent::After
}
fn encrypted() -> Wire {
    Wire::Encrypted
}
fn path() -> String {
    "POST /v1/collect".to_owned()
}

/// First line of the rows; each row is one line, then the rest in the order below.
const ROWS_AT: u32 = 11;
const OWN_AT: u32 = 2;
const OWN_DENIED_AT: u32 = 4;
const ALL_DENIED_AT: u32 = 5;
const CATEGORIES_AT: u32 = 101;
const CATCH_ALL_AT: u32 = 201;
const HTTPS_AT: u32 = 7;
const CONSENT_AT: u32 = 8;

fn span(line: u32, quote: &str) -> Span {
    Span { source: 0, line, end_line: line, quote: quote.to_owned() }
}

fn items(ids: &[String], line: u32, signatures: &Signatures) -> Vec<DataItem> {
    let word = |id: &String| signatures.types.get(id).map_or_else(|| id.clone(), |t| t.zh.clone());
    ids.iter().map(|id| DataItem { data_type: id.clone(), raw: word(id), span: span(line, &word(id)) }).collect()
}

fn denials(plain: &[String], conditional: &[String], line: u32) -> Vec<Denial> {
    let denial = |id: &String, condition: Option<&str>| Denial {
        data_type: id.clone(),
        conditional: condition.map(str::to_owned),
        span: span(line, &format!("不收集 {id}")),
    };
    let conditional = conditional.iter().map(|id| denial(id, Some("未经您同意")));
    plain.iter().map(|id| denial(id, None)).chain(conditional).collect()
}

impl Case {
    /// The policy as the reader would hand it on.
    pub fn policy(&self, signatures: &Signatures) -> Policy {
        let given = &self.policy;
        let resolved = |product: &String| Resolved {
            product: product.clone(),
            by: product.clone(),
            certainty: Certainty::Confirmed,
        };
        let rows = given.rows.iter().zip(ROWS_AT..).map(|(row, line)| {
            let name = row.product.as_ref().and_then(|id| signatures.products.get(id)).map(|p| p.zh.clone());
            let company = row.company.as_ref().and_then(|id| signatures.companies.get(id)).map(|c| c.zh.clone());
            let words = row.words.clone().or(name);
            let raw = row.raw.clone().or_else(|| {
                let items = items(&row.data, line, signatures);
                (!items.is_empty()).then(|| items.iter().map(|i| i.raw.as_str()).collect::<Vec<_>>().join("、"))
            });
            let quote = [company.as_deref(), words.as_deref(), raw.as_deref()];
            let quote = quote.into_iter().flatten().collect::<Vec<_>>().join(" | ");
            ThirdParty {
                company_only: words.is_none() && row.company.is_some(),
                company,
                product: words,
                data: row.data.clone(),
                data_raw: raw,
                data_items: items(&row.data, line, signatures),
                denied: denials(&row.denied, &row.denied_if, line),
                resolved: row.product.iter().map(resolved).collect(),
                resolved_companies: row.company.iter().cloned().collect(),
                domains: row.domains.clone(),
                lines: vec![line],
                spans: vec![span(line, &quote)],
                ..ThirdParty::default()
            }
        });
        let third_parties: Vec<ThirdParty> = rows.collect();
        let categories = given.categories.iter().zip(CATEGORIES_AT..).map(|(category, line)| CategoryDisclosure {
            category: format!("第三方{}SDK", category.kinds.join("、")),
            categories: category.kinds.clone(),
            examples: category.examples.iter().map(resolved).collect(),
            data: category.data.clone(),
            data_items: items(&category.data, line, signatures),
            lines: vec![line],
            spans: vec![span(line, "第三方SDK可能获取")],
        });
        let catch_all = given.catch_all.iter().zip(CATCH_ALL_AT..).map(|(data, line)| CatchAll {
            recipients: "合作伙伴及其他第三方".to_owned(),
            data: data.clone(),
            lines: vec![line],
            spans: vec![span(line, "我们可能与合作伙伴及其他第三方共享")],
        });
        let mut claim_locations = BTreeMap::new();
        let mut quote = |claim: &str, line, words: &str| {
            claim_locations.insert(claim.to_owned(), vec![Quote { quote: words.to_owned(), line, source: 0 }]);
        };
        if given.https {
            quote("transport_encryption", HTTPS_AT, "使用HTTPS传输");
        }
        if given.consent {
            quote("consent_before_collection", CONSENT_AT, "征得您同意后收集");
        }
        Policy {
            schema: "wirewitness-policy/1".to_owned(),
            sources: vec![Source {
                name: "policy.txt".to_owned(),
                sha256: wirewitness::evidence::sha256_hex(self.name.as_bytes()),
                format: "text".to_owned(),
                encoding: "UTF-8".to_owned(),
                tables: 1,
                paragraphs: 10,
                parts: Vec::new(),
            }],
            third_party_count: third_parties.len(),
            third_parties,
            first_party_data: given.own.clone(),
            first_party_items: items(&given.own, OWN_AT, signatures),
            first_party_denied: given.own_denied.clone(),
            first_party_denials: denials(&given.own_denied, &given.own_denied_if, OWN_DENIED_AT),
            third_party_denials: denials(&given.all_denied, &given.all_denied_if, ALL_DENIED_AT),
            claims: Claims {
                storage_country: given.stored_in.clone(),
                transport_encryption: given.https.then_some(true),
                consent_before_collection: given.consent.then_some(true),
                cross_border: given.cross_border,
            },
            claim_locations,
            category_disclosures: categories.collect(),
            catch_all: catch_all.collect(),
            names_seen: Vec::new(),
            remarks: Vec::new(),
        }
    }

    /// The session's own words.
    pub fn session(&self) -> SessionFacts {
        SessionFacts {
            app: self.app.clone(),
            country: self.country.clone(),
            first_party: if self.no_first_party { vec![] } else { vec!["own.example".to_owned()] },
            profile_types: if self.no_profile { vec![] } else { vec!["imei".to_owned(), "oaid".to_owned()] },
            ..SessionFacts::default()
        }
    }

    /// The traffic.
    pub fn observations(&self, signatures: &Signatures) -> Observations {
        let mut seen = Observations {
            app: self.app.clone(),
            app_proven: self.app_proven,
            consent_judged: self.consent_judged,
            ..Observations::default()
        };
        for (index, flow) in self.flows.iter().enumerate() {
            let recipient = recipient(&flow.to, flow.attribution, signatures);
            let sighting = self.sighting(index, flow, &recipient);
            match seen
                .flows
                .iter_mut()
                .find(|f| f.recipient == flow.to && f.data_type == flow.data_type && f.app == flow.app)
            {
                Some(known) => {
                    known.count += 1;
                    known.certainty = known.certainty.max(flow.certainty);
                    known.sightings.push(sighting.id.clone());
                }
                None => seen.flows.push(Flow {
                    recipient: flow.to.clone(),
                    data_type: flow.data_type.clone(),
                    app: flow.app.clone(),
                    certainty: flow.certainty,
                    count: 1,
                    phases: Vec::new(),
                    noise: flow.noise,
                    sightings: vec![sighting.id.clone()],
                }),
            }
            if !self.contacts.iter().any(|c| c.to == flow.to) && !seen.recipients.contains_key(&flow.to) {
                let mut contact = contact(&recipient, 1, 0, 0);
                contact.app = flow.app.clone();
                contact.phases.insert(sighting.phase.group().to_owned(), 1);
                seen.contacts.push(contact);
            }
            seen.sightings.push(sighting);
            seen.recipients.insert(flow.to.clone(), recipient);
        }
        for given in &self.contacts {
            let recipient = recipient(&given.to, given.attribution, signatures);
            let mut contact = contact(&recipient, given.read, given.closed, given.sealed);
            contact.phases = given.phases.clone();
            contact.near_mark = given.near.clone();
            contact.noise = given.noise;
            if let Some(country) = &given.country {
                let address = contact.addresses[0].clone();
                // Without a country: the file does not know the address.
                let known = (!country.is_empty()).then(|| country.clone());
                contact.networks = known
                    .map(|country| Network { address, country: Some(country), asn: None, organisation: None })
                    .into_iter()
                    .collect();
                seen.geo = vec![geo()];
            }
            if contact.phases.is_empty() {
                contact.phases.insert("after-consent".to_owned(), given.read + given.closed);
            }
            // A case tells of one phase at a time what could not be read.
            let unread = |n: u64| n.saturating_sub(given.read.saturating_sub(given.sealed));
            contact.unread_phases = contact.phases.iter().map(|(group, n)| (group.clone(), unread(*n))).collect();
            for (reason, count) in &contact.closed {
                *seen.coverage.closed.entry(*reason).or_default() += count;
            }
            seen.contacts.push(contact);
            seen.recipients.insert(given.to.clone(), recipient);
        }
        seen.flows.sort_by(|a, b| (&a.recipient, &a.data_type).cmp(&(&b.recipient, &b.data_type)));
        seen.coverage.opened_bytes = self.covered;
        seen.coverage.total_bytes = 100;
        seen.coverage.opened_messages = seen.contacts.iter().map(|c| c.messages).sum();
        seen.coverage.total_messages = seen.coverage.opened_messages + seen.coverage.closed.values().sum::<u64>();
        seen
    }

    fn sighting(&self, index: usize, flow: &FlowIn, recipient: &Recipient) -> Sighting {
        let time = time(index as i64);
        Sighting {
            id: format!("s{}", index + 1),
            data_type: flow.data_type.clone(),
            recipient: flow.to.clone(),
            host: format!("api.{}", recipient.domain),
            via: None,
            app: flow.app.clone(),
            form: Form::plain(),
            certainty: flow.certainty,
            reason: GroundCode::ProfileValue.into(),
            label: format!("{}#1", flow.data_type),
            masked: Masked::of("867530900000017"),
            key: flow.key.clone().or_else(|| Some(flow.data_type.clone())),
            path_template: flow.path.clone(),
            wire: flow.wire,
            published_key: flow.published,
            phase: Phase {
                consent: flow.consent,
                background: flow.background,
                logged_in: false,
                scenario: None,
                near_mark: flow.near,
                near_background: flow.near && flow.background,
            },
            count: 1,
            first: time,
            last: time,
            noise: flow.noise,
            locator: Locator {
                place: frames(index as u64),
                steps: vec![Step {
                    name: "json".to_owned(),
                    argument: Some(format!("$.{}", flow.data_type)),
                    length: 100,
                    sha256: wirewitness::evidence::sha256_hex(self.name.as_bytes()),
                    published_key: false,
                }],
                start: 10,
                end: 25,
            },
        }
    }
}

fn time(seconds: i64) -> Time {
    Time(1_772_352_000_000_000_000 + seconds * 1_000_000_000)
}

fn frames(index: u64) -> Place {
    Place::Frames {
        input: 0,
        transport: Transport::Tcp,
        stream: index as u32,
        frames: vec![index * 10 + 4, index * 10 + 5],
        offset: 0,
        began: None,
        continued: Vec::new(),
    }
}

fn geo() -> GeoSource {
    let (name, sha256) = ("countries.csv".to_owned(), wirewitness::evidence::sha256_hex(b"countries"));
    GeoSource { name, sha256, format: "CSV".to_owned(), date: Some("2026-06-25".to_owned()) }
}

fn contact(recipient: &Recipient, read: u64, closed: u64, sealed: u64) -> Contact {
    Contact {
        recipient: recipient.id.clone(),
        app: None,
        hosts: vec![format!("api.{}", recipient.domain)],
        addresses: vec!["198.51.100.7".to_owned()],
        networks: Vec::new(),
        noise: false,
        remarks: Vec::new(),
        messages: read,
        closed: if closed > 0 { BTreeMap::from([(GapReason::NoKey, closed)]) } else { BTreeMap::new() },
        sealed,
        sent_bytes: 100 * (read + closed),
        unread_phases: BTreeMap::new(),
        phases: BTreeMap::new(),
        near_mark: BTreeMap::new(),
        first: time(0),
        last: time(60),
        place: frames(0),
    }
}

/// `acme-push`, `first-party`, `group:bigco`, or `unnamed:`, `unknown:`,
/// `infrastructure:`, `other-app:`, `platform:` and a host.
fn recipient(id: &str, certainty: Certainty, signatures: &Signatures) -> Recipient {
    let (kind, rest) = id.split_once(':').unwrap_or((id, ""));
    let product = signatures.products.get(id);
    let (role, domain) = match (kind, product) {
        (_, Some(p)) if p.platform => (Role::Platform, p.domains.first().cloned().unwrap_or_default()),
        (_, Some(p)) => {
            let host = p.hosts.first().and_then(|rule| rule.hosts.first()).map(|host| host.0.clone());
            (Role::ThirdParty, p.domains.first().cloned().or(host).unwrap_or_default())
        }
        ("first-party", _) => (Role::FirstParty, "own.example".to_owned()),
        ("group", _) => (Role::GroupUnknown, format!("{rest}.example")),
        ("unnamed", _) => (Role::Unnamed, registrable(rest)),
        ("unknown", _) => (Role::Unknown, registrable(rest)),
        ("infrastructure", _) => (Role::Infrastructure, registrable(rest)),
        ("other-app", _) => (Role::OtherApp, registrable(rest)),
        ("platform", _) => (Role::Platform, registrable(rest)),
        _ => panic!("no recipient {id}"),
    };
    let group = signatures.groups.get(rest).filter(|_| kind == "group");
    let names = product.map(|p| (p.zh.clone(), p.en.clone())).or(group.map(|g| (g.zh.clone(), g.en.clone())));
    let (zh, en) = names.unwrap_or_else(|| match role {
        Role::FirstParty => ("应用自己".to_owned(), "the app itself".to_owned()),
        _ => (rest.to_owned(), rest.to_owned()),
    });
    Recipient {
        id: id.to_owned(),
        role,
        product: product.map(|p| p.id.clone()),
        company: product.map(|p| p.company.clone()),
        zh,
        en,
        reason: Ground::new(GroundCode::NameOpened).with("host", format!("api.{domain}")).into(),
        domain,
        certainty,
        via: None,
    }
}

/// The cases use names of two labels under the registry `example` only.
fn registrable(host: &str) -> String {
    let labels: Vec<&str> = host.split('.').collect();
    labels[labels.len().saturating_sub(2)..].join(".")
}

fn word<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_value(value).unwrap().as_str().unwrap().to_owned()
}

impl Expect {
    /// What the report has otherwise.
    pub fn differences(&self, report: &Report) -> Vec<String> {
        let mut differences = Vec::new();
        let mut compare = |what: &str, expected: &[String], found: Vec<String>| {
            if expected != found {
                differences.push(format!("{what}: expected {expected:#?}, found {found:#?}"));
            }
        };
        let verdicts = report.flows.iter().map(|flow| match &flow.verdict {
            None => format!("{} {} listed", flow.flow.recipient, flow.flow.data_type),
            Some(v) => {
                let cover =
                    v.cover.as_ref().map_or("-".to_owned(), |c| format!("{}/{}", word(&c.recipient), word(&c.data)));
                format!("{} {} {} {} {cover}", v.recipient, v.data_type, word(&v.disclosure), v.code)
            }
        });
        compare("verdicts", &self.verdicts, verdicts.collect());
        let findings = report.findings.iter().map(|f| {
            let kind = f.data_type.as_deref().unwrap_or("-");
            format!("{} {} {} {kind} {} {}", f.severity.as_str(), f.code, f.recipient, f.phase, word(&f.certainty))
        });
        compare("findings", &self.findings, findings.collect());
        if let Some(expected) = &self.declared {
            let found =
                report.declared.iter().map(|d| format!("{} {} {}", d.party, d.data_type, word(&d.state))).collect();
            compare("declared", expected, found);
        }
        if let Some(expected) = &self.claims {
            let found =
                report.claims.iter().map(|c| format!("{} {} {}", c.claim, word(&c.state), c.findings.len())).collect();
            compare("claims", expected, found);
        }
        if let Some(expected) = &self.steps {
            compare("steps", expected, report.findings.first().map(|f| f.severity_steps.clone()).unwrap_or_default());
        }
        if let Some(expected) = &self.lines {
            let lines: Vec<u32> = report.findings.iter().take(1).flat_map(|f| &f.policy).map(|s| s.line).collect();
            if *expected != lines {
                differences.push(format!("lines: expected {expected:?}, found {lines:?}"));
            }
        }
        if let Some(expected) = &self.advice {
            let told: Vec<&str> = report.advice.iter().map(|a| a.en.as_str()).collect();
            let right = told.len() == expected.len() && told.iter().zip(expected).all(|(a, e)| a.contains(e.as_str()));
            if !right {
                differences.push(format!("advice: expected {expected:?}, found {told:#?}"));
            }
        }
        let reasons = report.flows.iter().filter_map(|f| f.verdict.as_ref()).map(|v| &v.reason);
        let texts: Vec<String> = reasons
            .chain(report.findings.iter().map(|f| &f.message))
            .flat_map(|t| [t.zh.clone(), t.en.clone()])
            .collect();
        for words in &self.says {
            if !texts.iter().any(|text| text.contains(words.as_str())) {
                differences.push(format!("says: {words:?} is not in {texts:#?}"));
            }
        }
        differences
    }
}
