//! Attribution, as data: `tests/attribution/*.toml` hold cases with what they must yield,
//! `hosts.tsv` the known hosts of each product.
//!
//! A case says who sent what to which name or address, and what DNS had answered; a new
//! case needs no Rust.

use std::net::IpAddr;

use bytes::Bytes;
use serde::Deserialize;
use wirewitness::evidence::{Direction, Place, Time, Transport};
use wirewitness::message::{Dns, Kind, Message, Protocol, Wire};
use wirewitness::party::{Attributor, Host, NameTable, Scope};
use wirewitness::report::Language;
use wirewitness::session::{SettledAs, Settlement};
use wirewitness::signatures::Signatures;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(default)]
    first_party: Vec<String>,
    owner: Option<String>,
    #[serde(default)]
    settled: Vec<[String; 3]>,
    #[serde(default)]
    certificate: Vec<String>,
    #[serde(default)]
    dns: Vec<Answer>,
    #[serde(default)]
    given: Vec<(IpAddr, String)>,
    host: Option<String>,
    sni: Option<String>,
    #[serde(default)]
    closed: bool,
    target: Option<String>,
    form: Option<String>,
    #[serde(default = "client")]
    client: IpAddr,
    #[serde(default = "server")]
    server: IpAddr,
    #[serde(default = "port")]
    port: u16,
    #[serde(default = "noon")]
    at: i64,
    expect: Expected,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    at: i64,
    #[serde(default = "client")]
    client: IpAddr,
    answers: Vec<(String, String, String, u32)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    id: String,
    role: String,
    certainty: String,
    via: Option<String>,
    company: Option<String>,
    domain: Option<String>,
    host: Option<String>,
    source: Option<String>,
    remark: Option<String>,
    ignored: Option<String>,
    reason: Option<String>,
}

fn client() -> IpAddr {
    IpAddr::from([10, 0, 0, 2])
}
fn server() -> IpAddr {
    IpAddr::from([203, 0, 113, 7])
}
fn port() -> u16 {
    443
}
fn noon() -> i64 {
    1000
}
fn time(seconds: i64) -> Time {
    Time(seconds * 1_000_000_000)
}

fn message(case: &Case) -> Message {
    let kind = match (&case.target, case.closed) {
        (Some(target), _) => Kind::Request { method: "POST".to_owned(), target: target.clone() },
        (None, true) => Kind::Closed { reason: wirewitness::evidence::GapReason::NoKey },
        (None, false) => Kind::Raw,
    };
    let form = Bytes::from_static(b"application/x-www-form-urlencoded; charset=utf-8");
    let body = Bytes::from(case.form.clone().unwrap_or_default());
    Message {
        time: time(case.at),
        direction: Direction::Sent,
        protocol: if case.closed { Protocol::Tls } else { Protocol::Http11 },
        kind,
        host: case.host.clone(),
        authority: None,
        sni: case.sni.clone(),
        alpn: None,
        first: true,
        certificate_names: case.certificate.clone(),
        client: case.client,
        server: case.server,
        port: case.port,
        headers: case.form.iter().map(|_| ("Content-Type".to_owned(), form.clone())).collect(),
        body_len: body.len() as u64,
        body_sha256: wirewitness::evidence::sha256_hex(&body),
        body,
        incomplete: None,
        wire: Wire::Encrypted,
        opened: !case.closed,
        doubtful: false,
        app: None,
        exchange: None,
        service: None,
        wire_bytes: 0,
        lost_bytes: 0,
        place: Place::Frames {
            input: 0,
            transport: Transport::Tcp,
            stream: 0,
            frames: vec![1],
            offset: 0,
            began: None,
            continued: Vec::new(),
        },
    }
}

fn attribute(signatures: &Signatures, case: &Case) -> wirewitness::party::Attribution {
    let settled = case.settled.iter().map(|[host, as_, reason]| Settlement {
        host: host.clone(),
        as_: SettledAs::from(as_.clone()),
        reason: reason.clone(),
    });
    let scope = Scope { first_party: case.first_party.clone(), owner: case.owner.clone(), settled: settled.collect() };
    let mut names = NameTable::default();
    for answer in &case.dns {
        let dns = Dns { names: Vec::new(), answers: answer.answers.clone(), response: true };
        names.learn(answer.client, time(answer.at), &dns);
    }
    for (address, name) in &case.given {
        names.learn_given(*address, name);
    }
    Attributor::new(signatures, scope, names).attribute(&message(case))
}

fn word(value: impl serde::Serialize) -> String {
    serde_json::to_value(value).unwrap().as_str().unwrap().to_owned()
}

#[test]
fn cases() {
    let signatures = Signatures::embedded().unwrap();
    let mut failures = Vec::new();
    let mut count = 0;
    let mut paths: Vec<_> = std::fs::read_dir("tests/attribution").unwrap().map(|e| e.unwrap().path()).collect();
    paths.sort();
    for path in paths.iter().filter(|p| p.extension().is_some_and(|e| e == "toml")) {
        let text = std::fs::read_to_string(path).unwrap();
        let file: File = toml::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        for case in file.case {
            count += 1;
            let got = attribute(&signatures, &case);
            let recipient = &got.recipient;
            let because = Language::En.because(&recipient.reason);
            let remark = got.remark.as_ref().map(|remark| Language::En.because(remark)).unwrap_or_default();
            let want = &case.expect;
            let mut differ = |what: &str, got: &str, want: &str| {
                if got != want {
                    failures.push(format!("{}: {what} is {got:?}, must be {want:?}\n    {because}", case.name));
                }
            };
            differ("id", &recipient.id, &want.id);
            differ("role", &word(recipient.role), &want.role);
            differ("certainty", &word(recipient.certainty), &want.certainty);
            differ("via", recipient.via.as_deref().unwrap_or(""), want.via.as_deref().unwrap_or(""));
            differ("remark", &remark, want.remark.as_deref().unwrap_or(""));
            differ("ignored", got.ignored.as_deref().unwrap_or(""), want.ignored.as_deref().unwrap_or(""));
            if let Some(company) = &want.company {
                differ("company", recipient.company.as_deref().unwrap_or(""), company);
            }
            if let Some(domain) = &want.domain {
                differ("domain", &recipient.domain, domain);
            }
            if let Some(host) = &want.host {
                differ("host", &got.host, host);
            }
            if let Some(source) = &want.source {
                differ("source", &word(got.name_source), source);
            }
            if let Some(part) = &want.reason
                && !because.contains(part)
            {
                failures.push(format!("{}: reason {because:?} does not hold {part:?}", case.name));
            }
        }
    }
    assert!(count > 40, "only {count} cases");
    assert!(failures.is_empty(), "{} of {count} cases\n{}", failures.len(), failures.join("\n"));
}

/// `hosts.tsv`: host, product, port, path. Written from a list of hosts seen in traffic, not from `signatures/`.
fn known_hosts() -> Vec<(String, String, u16, Option<String>)> {
    let text = std::fs::read_to_string("tests/attribution/hosts.tsv").unwrap();
    let rows = text.lines().filter(|l| !l.starts_with('#') && !l.is_empty()).map(|line| {
        let mut fields = line.split('\t').map(str::to_owned);
        let (host, product) = (fields.next().unwrap(), fields.next().unwrap());
        let port = fields.next().unwrap().parse().unwrap();
        (host, product, port, fields.next().filter(|p| !p.is_empty()))
    });
    rows.collect()
}

#[test]
fn every_known_host_is_its_product_in_every_spelling() {
    let signatures = Signatures::embedded().unwrap();
    let attributor = Attributor::new(&signatures, Scope::default(), NameTable::default());
    let mut failures = Vec::new();
    let hosts = known_hosts();
    assert!(hosts.len() > 300);
    for (host, product, port, path) in &hosts {
        for spelling in [host.clone(), host.to_uppercase(), format!("{host}."), format!("{host}:{port}")] {
            let parsed = Host::parse(&spelling).unwrap();
            let id = attributor.attribute_host(parsed, path.as_deref(), *port).recipient.id;
            if id != *product {
                failures.push(format!("{spelling} is {id}, must be {product}"));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn look_alikes_are_nobody() {
    let signatures = Signatures::embedded().unwrap();
    let attributor = Attributor::new(&signatures, Scope::default(), NameTable::default());
    let mut failures = Vec::new();
    for (host, product, port, path) in known_hosts() {
        let Some(Host::Name(name)) = Host::parse(&host) else { continue };
        // A pattern may leave the last label open; every last label is right then.
        if name.ends_with(".x7") {
            continue;
        }
        // googleapis.com stands in the list of private suffixes, and still is one company's.
        let registrable = match name.ends_with(".googleapis.com") {
            true => "googleapis.com".to_owned(),
            false => Host::Name(name.clone()).registrable(),
        };
        let Some(front) = name.strip_suffix(&registrable) else { continue };
        let look_alikes = [
            format!("{front}not{registrable}"),
            format!("{name}.evil.example"),
            format!("{}.example", name.replace('.', "-")),
            // A Cyrillic а in front of the registrable domain's first label.
            format!("{front}\u{430}{registrable}"),
            format!("{name}x"),
        ];
        for look_alike in look_alikes {
            let Some(parsed) = Host::parse(&look_alike) else { continue };
            let recipient = attributor.attribute_host(parsed, path.as_deref(), port).recipient;
            if recipient.product.is_some() || recipient.id.starts_with("group:") {
                failures.push(format!("{look_alike} is {}, a look-alike of {host} ({product})", recipient.id));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Lines of a table, without remarks: at least `columns` fields each.
fn table(name: &str, columns: usize) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(format!("tests/attribution/{name}")).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let rows: Vec<Vec<String>> = lines.map(|line| line.split('\t').map(str::to_owned).collect()).collect();
    assert!(rows.iter().all(|row| row.len() >= columns), "{name}");
    rows
}

#[test]
fn neighbours_and_look_alikes_are_not_the_product() {
    let signatures = Signatures::embedded().unwrap();
    let attributor = Attributor::new(&signatures, Scope::default(), NameTable::default());
    let mut failures = Vec::new();
    for row in table("not-hosts.tsv", 3) {
        let (host, product, instead) = (&row[0], &row[1], &row[2]);
        let recipient = attributor.attribute_host(Host::parse(host).unwrap(), None, 443).recipient;
        let is = if recipient.id.starts_with("host:") { "nobody" } else { &recipient.id };
        if recipient.product.as_ref() == Some(product) || is != instead {
            failures.push(format!("{host} is {}, must be {instead} and never {product}", recipient.id));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_product_has_a_host_that_is_it_and_one_that_is_not() {
    let signatures = Signatures::embedded().unwrap();
    let index = wirewitness::signatures::Index::new(&signatures);
    let of = |rows: Vec<Vec<String>>, column: usize| rows.into_iter().map(|mut row| row.remove(column)).collect();
    let is: std::collections::BTreeSet<String> = of(table("hosts.tsv", 3), 1);
    let is_not: std::collections::BTreeSet<String> = of(table("not-hosts.tsv", 3), 1);
    // Without a host of its own a product is known by its package and its name.
    let names = table("names.tsv", 3);
    for row in &names {
        let product = &signatures.products[&row[2]];
        assert!(
            product.hosts.is_empty() && product.domains.is_empty(),
            "{} has hosts: it belongs in hosts.tsv",
            product.id
        );
        let packages: Vec<&str> = index.package(&row[0]).iter().map(|p| p.id.as_str()).collect();
        assert_eq!(packages, [row[2].as_str()], "{}", row[0]);
        let named = index.named(&row[1]).iter();
        assert!(named.into_iter().any(|n| matches!(n, wirewitness::signatures::Named::Product(p) if p.id == row[2])));
    }
    for id in signatures.products.keys() {
        assert!(is.contains(id) || names.iter().any(|row| row[2] == *id), "{id} has no line in hosts.tsv or names.tsv");
        assert!(is_not.contains(id), "{id} has no line in not-hosts.tsv");
    }
}

#[test]
fn shared_infrastructure_is_no_third_party() {
    let signatures = Signatures::embedded().unwrap();
    let mut failures = Vec::new();
    let shared = table("shared.tsv", 2);
    assert!(shared.len() > 100);
    for first_party in [vec![], vec!["tea.example".to_owned()]] {
        let scope = Scope { first_party, ..Scope::default() };
        let attributor = Attributor::new(&signatures, scope, NameTable::default());
        for row in &shared {
            let hosts = [row[0].clone(), format!("tenant-17.{}", row[0]), format!("a.b.{}", row[0])];
            for host in hosts.iter().filter_map(|host| Host::parse(host)) {
                let recipient = attributor.attribute_host(host.clone(), None, 443).recipient;
                let role = word(recipient.role);
                if !matches!(role.as_str(), "infrastructure" | "group-unknown") || recipient.product.is_some() {
                    failures.push(format!("{host} of {} is {} [{role}]", row[1], recipient.id));
                }
            }
        }
    }
    failures.sort();
    failures.dedup();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Bytes that look random and are the same on every run.
fn noise(seed: u64) -> impl Iterator<Item = u8> {
    (0u64..).flat_map(move |block| {
        let digest = wirewitness::evidence::sha256_hex(format!("{seed} {block}").as_bytes());
        digest
            .as_bytes()
            .chunks(2)
            .filter_map(|c| u8::from_str_radix(str::from_utf8(c).ok()?, 16).ok())
            .collect::<Vec<_>>()
    })
}

#[test]
fn foreign_bytes_in_names_and_targets_do_no_harm() {
    let signatures = Signatures::embedded().unwrap();
    let attributor = Attributor::new(&signatures, Scope::default(), NameTable::default());
    // Fragments of real names, separators and bytes of any kind, in any order.
    let pieces = [
        "getui.com",
        ".",
        "..",
        ":",
        "[",
        "]",
        "::",
        "%",
        "xn--",
        "*",
        "/",
        "?",
        "=",
        "&",
        "://",
        "\u{ff0e}",
        "\u{435}",
        "sa",
    ];
    for seed in 0..2000 {
        let mut bytes = noise(seed);
        let mut text = |length: usize| -> String {
            let mut text = Vec::new();
            for _ in 0..length {
                let byte = bytes.next().unwrap();
                match pieces.get(usize::from(byte % 32)) {
                    Some(piece) => text.extend_from_slice(piece.as_bytes()),
                    None => text.push(byte),
                }
            }
            String::from_utf8_lossy(&text).into_owned()
        };
        let case = Case {
            name: String::new(),
            first_party: vec![text(3)],
            owner: None,
            settled: vec![[text(3), "ignore".to_owned(), "noise".to_owned()]],
            certificate: vec![text(3), format!("*.{}", text(2))],
            dns: vec![Answer {
                at: 900,
                client: client(),
                answers: vec![
                    (text(3), "CNAME".to_owned(), text(3), u32::MAX),
                    (text(2), "A".to_owned(), "203.0.113.7".to_owned(), 0),
                ],
            }],
            given: vec![(server(), text(3))],
            host: (seed % 3 != 0).then(|| text(4)),
            sni: (seed % 2 != 0).then(|| text(3)),
            closed: false,
            target: Some(text(8)),
            form: Some(text(12)),
            client: client(),
            server: server(),
            port: 443,
            at: 1000,
            expect: Expected {
                id: String::new(),
                role: String::new(),
                certainty: String::new(),
                via: None,
                company: None,
                domain: None,
                host: None,
                source: None,
                remark: None,
                ignored: None,
                reason: None,
            },
        };
        let got = attributor.attribute(&message(&case));
        // A host never holds what a report or a terminal could take for markup or a command.
        let clean = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || ".-_:".contains(c));
        assert!(clean(&got.host) && clean(&got.recipient.id) && clean(&got.recipient.domain), "{got:?}");
        if seed % 20 == 0 {
            attribute(&signatures, &case);
        }
    }
}
