//! Reports of one made-up session with something in every section: what a reader must
//! find in each format, that nothing of a capture can act on the reader, and that the
//! JSON is what its schema says. The pages are left in cargo's temporary folder to look at.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use wirewitness::audit::{Report, SessionFacts, audit};
use wirewitness::evidence::{Gap, GapReason, Place, Time};
use wirewitness::observations::{Input, Sealed};
use wirewitness::signatures::Signatures;

#[path = "../case/mod.rs"]
#[allow(dead_code)]
mod case;
mod gaps;
mod html;
mod ignored;
mod json;
mod services;
mod terminal;

/// The sample, with `edit` applied to what goes in.
fn sample(
    edit: impl FnOnce(&mut wirewitness::observations::Observations, &mut wirewitness::policy::Policy, &mut SessionFacts),
) -> Report {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/report/sample.json");
    let case: case::Case = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let signatures = Signatures::embedded().unwrap();
    let mut observations = case.observations(&signatures);
    observations.inputs = vec![Input {
        name: "jetpad.pcapng".to_owned(),
        sha256: wirewitness::evidence::sha256_hex(b"jetpad"),
        bytes: 1_482_113,
        format: "pcapng".to_owned(),
        producer: Some("Dumpcap".to_owned()),
        records: 2_311,
        first: Time::parse("2026-03-01T08:00:00Z"),
        last: Time::parse("2026-03-01T08:09:30Z"),
        links: vec!["ETHERNET".to_owned()],
        secrets: 41,
        clock: None,
    }];
    observations.signatures_sha256 = signatures.sha256.clone();
    observations.public_suffix_list = "2026-02-14".to_owned();
    observations.coverage.other_app_messages = 12;
    observations.sealed = vec![Sealed {
        recipient: "getui".to_owned(),
        recipe: "getui-gtc".to_owned(),
        may_contain: vec!["imei".to_owned(), "oaid".to_owned()],
        reason: "sealed with a key that only the server has".to_owned(),
        reason_zh: "以只有服务器持有的密钥加密".to_owned(),
        count: 2,
        place: Place::Entry { input: 0, entry: 3, pointer: "/log/entries/3".to_owned() },
    }];
    let mut lost = Gap::new(GapReason::LostPackets, "tcp stream 4", "bytes missing in a stream").of_bytes(1_460);
    lost.count = 3;
    observations.gaps =
        vec![lost, Gap::new(GapReason::UnknownProtocol, "udp stream 9", "datagrams that nothing reads")];
    let mut policy = case.policy(&signatures);
    let mut session = case.session();
    session.version = Some("3.2.1".to_owned());
    session.isolation = true;
    session.owner = Some("某某科技".to_owned());
    session.clock_skew_ms = 500;
    session.profile_types = vec!["imei".to_owned(), "oaid".to_owned()];
    session.marks = [("2026-03-01T08:00:05Z", "launched"), ("2026-03-01T08:00:20Z", "consent-given")]
        .map(|(time, mark)| (Time::parse(time).unwrap(), mark.to_owned()))
        .to_vec();
    session.settled =
        vec![("jetpad.cdn.example".to_owned(), "infrastructure".to_owned(), "rented from a CDN".to_owned())];
    edit(&mut observations, &mut policy, &mut session);
    audit(observations, policy, session, &signatures)
}

/// Leaves a page to look at.
fn keep(name: &str, text: &str) {
    fs::write(Path::new(env!("CARGO_TARGET_TMPDIR")).join(name), text).unwrap();
}

/// Every string of the traffic and the policy that a stranger can choose, made hostile.
fn hostile() -> Report {
    const EVIL: &str = "\u{1b}[2J<script>alert(1)</script>\u{202e}live\"'&{{7*7}}";
    sample(|observations, policy, session| {
        for sighting in &mut observations.sightings {
            sighting.host = EVIL.to_owned();
            sighting.key = Some(EVIL.to_owned());
            sighting.path_template = format!("POST /{EVIL}");
            sighting.reason.values_mut().for_each(|value| *value = EVIL.to_owned());
            for step in &mut sighting.locator.steps {
                step.argument = Some(EVIL.to_owned());
            }
        }
        for contact in &mut observations.contacts {
            contact.hosts = vec![EVIL.to_owned()];
        }
        for recipient in observations.recipients.values_mut() {
            recipient.domain = EVIL.to_owned();
            recipient.reason.values_mut().for_each(|value| *value = EVIL.to_owned());
        }
        observations.inputs[0].name = EVIL.to_owned();
        for row in &mut policy.third_parties {
            row.product = Some(EVIL.to_owned());
            row.data_raw = Some(EVIL.to_owned());
            for span in &mut row.spans {
                span.quote = EVIL.to_owned();
            }
        }
        session.app = Some(EVIL.to_owned());
        session.marks[0].1 = EVIL.to_owned();
    })
}

#[test]
fn the_sample_has_something_in_every_section() {
    let report = sample(|_, _, _| {});
    let mut codes: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in &report.findings {
        *codes.entry(&finding.code).or_default() += 1;
        let touches = finding.code == "unsettled" || !finding.clauses.is_empty();
        assert!(touches, "{} cites no clause", finding.code);
    }
    for code in ["vague-data", "omitted-data", "denied", "cleartext", "before-consent", "undeclared-contact"] {
        assert!(codes.contains_key(code), "{code} is missing from {codes:?}");
    }
    let first_cited = report.findings.iter().find(|f| f.code == "omitted-data").map(|f| &f.clauses[..2]);
    assert_eq!(first_cited, Some(&["cn-292-list-shared".to_owned(), "cn-nds-21-2".to_owned()][..]));
}
