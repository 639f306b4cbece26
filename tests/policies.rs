//! Policies and what a careful reader finds in them: the project's own cases under
//! `tests/policies`, and real ones from a folder outside the repository.
//!
//! `WIREWITNESS_POLICIES` names that folder, else `../shared/policies` is tried. A case
//! is `NAME.{txt,md,html}` with `NAME.expected.json` beside it; adding one needs no Rust.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;
use wirewitness::policy::{self, Policy, ThirdParty};
use wirewitness::signatures::Signatures;

struct Case {
    name: String,
    file: PathBuf,
    expected: Value,
}

fn cases(folder: &Path) -> Vec<Case> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).expect("the folder can be listed").map(|e| e.expect("an entry").path()).collect();
    files.sort();
    let mut cases = Vec::new();
    for file in &files {
        let name = file.file_name().expect("a name").to_string_lossy();
        // `expected.json` alone is what a session must yield, not a policy.
        let Some(name) = name.strip_suffix(".expected.json") else { continue };
        let document = files
            .iter()
            .find(|f| f != &file && f.file_stem().is_some_and(|s| s.to_string_lossy() == name))
            .unwrap_or_else(|| panic!("{name}: no document beside its expectation"));
        let expected = std::fs::read_to_string(file).expect("the expectation can be read");
        let expected = serde_json::from_str(&expected).unwrap_or_else(|e| panic!("{name}: {e}"));
        cases.push(Case { name: name.to_owned(), file: document.clone(), expected });
    }
    assert!(!cases.is_empty(), "no cases in {}", folder.display());
    cases
}

fn key(text: Option<&str>) -> String {
    text.unwrap_or_default().chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn is_same(found: &ThirdParty, expected: &Value) -> bool {
    let product = key(expected["product"].as_str());
    let company = key(expected["company"].as_str());
    let found = (key(found.product.as_deref()), key(found.company.as_deref()));
    if product.is_empty() { found.0.is_empty() && found.1 == company } else { found.0 == product }
}

fn set(value: &Value) -> BTreeSet<String> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Found, expected and right.
#[derive(Default, Debug)]
struct Score {
    found: usize,
    expected: usize,
    right: usize,
}

impl Score {
    fn add(&mut self, found: &BTreeSet<String>, expected: &BTreeSet<String>) {
        self.found += found.len();
        self.expected += expected.len();
        self.right += found.intersection(expected).count();
    }

    fn f1(&self) -> f64 {
        match self.found + self.expected {
            0 => 1.0,
            both => 2.0 * self.right as f64 / both as f64,
        }
    }

    fn is_perfect(&self) -> bool {
        self.right == self.found && self.right == self.expected
    }
}

#[derive(Default, Debug)]
struct Scores {
    parties: Score,
    data: Score,
    own: Score,
    denied: Score,
    kinds: Score,
    claims: Score,
    /// What is denied of a third party by name, as "product type".
    denials: Score,
    /// What is denied with a condition, of sharing, and which names stand elsewhere; only
    /// where the expectation says it.
    more: Score,
    links: Vec<String>,
}

impl Scores {
    fn is_perfect(&self) -> bool {
        let all =
            [&self.parties, &self.data, &self.own, &self.denied, &self.kinds, &self.claims, &self.denials, &self.more];
        all.iter().all(|s| s.is_perfect()) && self.links.is_empty()
    }
}

fn score(case: &Case, policy: &Policy, scores: &mut Scores) {
    // A name is printed as it stands; what stands after it in its sentence is no part of it.
    for name in policy.third_parties.iter().flat_map(|party| [&party.product, &party.company]).flatten() {
        assert!(!name.ends_with([',', ';', '，', '；', '、', '。', ':', '：']), "{}: {name:?}", case.name);
    }
    let mut free: Vec<&ThirdParty> = policy.third_parties.iter().collect();
    let expected = case.expected["third_parties"].as_array().expect("third_parties");
    scores.parties.expected += expected.len();
    scores.parties.found += free.len();
    for wanted in expected {
        let data = set(&wanted["data"]);
        match free.iter().position(|f| is_same(f, wanted)) {
            Some(at) => {
                let found = free.remove(at);
                scores.parties.right += 1;
                scores.data.add(&found.data.iter().cloned().collect(), &data);
                if let Some(link) = wanted.get("link")
                    && link.as_str() != found.link.as_deref()
                {
                    scores.links.push(format!("{}: {} is not {:?}", case.name, link, found.link));
                }
            }
            None => scores.data.add(&BTreeSet::new(), &data),
        }
    }
    for extra in free {
        scores.data.add(&extra.data.iter().cloned().collect(), &BTreeSet::new());
    }
    let own = &policy.first_party_data;
    scores.own.add(&own.iter().cloned().collect(), &set(&case.expected["first_party_data"]));
    let denied = &policy.first_party_denied;
    scores.denied.add(&denied.iter().cloned().collect(), &set(&case.expected["first_party_denied"]));
    let named = policy.third_parties.iter().flat_map(|p| {
        let name = p.product.as_deref().or(p.company.as_deref());
        // A cell that says "none" denies everything; that is in `data_raw`.
        let denied = p.denied.iter().filter(|d| d.data_type != "*" && d.conditional.is_none());
        denied.map(move |d| format!("{} {}", key(name), d.data_type))
    });
    let wanted = case.expected["third_party_denied"].as_array().into_iter().flatten();
    let wanted =
        wanted.flat_map(|d| set(&d["data"]).into_iter().map(|id| format!("{} {id}", key(d["product"].as_str()))));
    scores.denials.add(&named.collect(), &wanted.collect());
    let ids = |denials: &[policy::Denial], conditional: bool| -> BTreeSet<String> {
        let wanted = denials.iter().filter(|d| d.conditional.is_some() == conditional);
        wanted.map(|d| d.data_type.clone()).collect()
    };
    for (key, found) in [
        ("first_party_conditional", ids(&policy.first_party_denials, true)),
        ("sharing_denied", ids(&policy.third_party_denials, false)),
        ("sharing_conditional", ids(&policy.third_party_denials, true)),
        ("company_only", {
            let rows = policy.third_parties.iter().filter(|party| party.company_only);
            rows.flat_map(|party| party.resolved_companies.clone()).collect()
        }),
        (
            "catch_all",
            policy.catch_all.iter().map(|all| format!("{}: {}", all.recipients, all.data.join(" "))).collect(),
        ),
        ("names_seen", policy.names_seen.iter().map(|n| n.product.clone()).collect()),
    ] {
        if let Some(wanted) = case.expected.get(key) {
            scores.more.add(&found, &set(wanted));
        }
    }
    let claims = serde_json::to_value(&policy.claims).expect("claims are JSON");
    for (claim, wanted) in case.expected["claims"].as_object().expect("claims") {
        scores.claims.expected += 1;
        scores.claims.found += 1;
        scores.claims.right += usize::from(&claims[claim] == wanted);
    }
    let kinds = |category: &str, data: BTreeSet<String>| format!("{} {data:?}", key(Some(category)));
    let found = policy.category_disclosures.iter().map(|c| kinds(&c.category, c.data.iter().cloned().collect()));
    let wanted = case.expected["category_disclosures"].as_array().into_iter().flatten();
    let wanted = wanted.map(|c| kinds(c["category"].as_str().unwrap_or_default(), set(&c["data"])));
    scores.kinds.add(&found.collect(), &wanted.collect());
}

fn read(file: &Path, signatures: &Signatures) -> Policy {
    policy::read(&[file.to_owned()], signatures).unwrap_or_else(|e| panic!("{}: {e}", file.display()))
}

#[test]
fn own_cases_are_read_right() {
    let signatures = Signatures::embedded().expect("the embedded signatures load");
    let mut wrong = Vec::new();
    for case in cases(Path::new("tests/policies")) {
        let mut scores = Scores::default();
        score(&case, &read(&case.file, &signatures), &mut scores);
        if !scores.is_perfect() {
            wrong.push(format!("{}: {scores:?}", case.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_policies_of_the_sample_sessions_are_read_right() {
    let signatures = Signatures::embedded().expect("the embedded signatures load");
    for session in ["captures/aftersales", "captures/teashop"] {
        for case in cases(Path::new(session)).into_iter().filter(|c| c.name == "policy") {
            let mut scores = Scores::default();
            score(&case, &read(&case.file, &signatures), &mut scores);
            assert!(scores.is_perfect(), "{session}: {scores:?}");
        }
    }
}

#[test]
fn real_policies_are_read_well() {
    let folder = std::env::var_os("WIREWITNESS_POLICIES").map_or_else(|| "../shared/policies".into(), PathBuf::from);
    if !folder.is_dir() {
        eprintln!("SKIPPED: no real policies at {} (set WIREWITNESS_POLICIES)", folder.display());
        return;
    }
    let signatures = Signatures::embedded().expect("the embedded signatures load");
    let mut total = Scores::default();
    for case in cases(&folder) {
        let policy = read(&case.file, &signatures);
        score(&case, &policy, &mut total);
        // The two that this project was asked for have to be right in everything.
        if case.name.starts_with("seed-") {
            let mut seed = Scores::default();
            score(&case, &policy, &mut seed);
            let all = [&seed.parties, &seed.data, &seed.own, &seed.kinds, &seed.claims];
            assert!(all.iter().all(|s| s.is_perfect()), "{}: {seed:?}", case.name);
            for (found, wanted) in policy.third_parties.iter().zip(case.expected["third_parties"].as_array().unwrap()) {
                let order: Vec<&str> = wanted["data"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
                assert_eq!(found.data, order, "{}: {:?}", case.name, found.product);
                let others = wanted.get("same_as").map(set).unwrap_or_default();
                assert_eq!(found.same_as.iter().cloned().collect::<BTreeSet<_>>(), others, "{:?}", found.product);
            }
        }
    }
    eprintln!(
        "party F1 {:.3}, data F1 {:.3}, own data F1 {:.3}, claims {}/{}",
        total.parties.f1(),
        total.data.f1(),
        total.own.f1(),
        total.claims.right,
        total.claims.expected
    );
    assert!(total.parties.f1() >= 0.98, "{total:?}");
    assert!(total.data.f1() >= 0.95, "{total:?}");
    assert!(total.claims.f1() >= 0.97, "{total:?}");
}

#[test]
fn its_own_json_is_a_policy() {
    let signatures = Signatures::embedded().expect("the embedded signatures load");
    let first = read(Path::new("tests/policies/html-rowspan.html"), &signatures);
    let mut json = serde_json::to_value(&first).expect("a policy is JSON");
    let again = [("policy.json".to_owned(), json.to_string().into_bytes())];
    assert_eq!(policy::read_documents(&again, &signatures).expect("its own JSON is read"), first);
    // A person corrects a row: it is believed, marked, and keeps its place.
    json["third_parties"][0]["data"] = serde_json::json!(["imei"]);
    let edited = [("policy.json".to_owned(), json.to_string().into_bytes())];
    let edited = policy::read_documents(&edited, &signatures).expect("corrected JSON is read");
    assert_eq!(edited.third_parties[0].data, ["imei"]);
    assert!(edited.third_parties[0].corrected && !edited.third_parties[1].corrected);
    assert_eq!(edited.third_parties[0].spans, first.third_parties[0].spans);
    let broken = [("policy.json".to_owned(), b"{\"third_parties\": [ }".to_vec())];
    assert!(policy::read_documents(&broken, &signatures).unwrap_err().to_string().contains("line 1"));
}

#[test]
fn a_document_without_third_parties_says_what_was_looked_at() {
    let signatures = Signatures::embedded().expect("the embedded signatures load");
    let policy = read(Path::new("tests/policies/nothing.txt"), &signatures);
    let remark = policy.remarks.iter().find(|r| r.code == "no-third-parties").expect("the remark");
    assert!(remark.message.contains("none found, looked at 0 tables and 3 paragraphs"), "{}", remark.message);
}

#[test]
fn one_text_in_three_formats_and_encodings_says_the_same() {
    let signatures = Signatures::embedded().expect("the embedded signatures load");
    let rows = [["SDK名称", "公司", "收集信息"], ["青禾推送SDK", "北京青禾网络科技有限公司", "IMEI、MAC地址"]];
    let text: String = rows.iter().map(|r| format!("{} |\n", r.join(" | "))).collect();
    let markdown = format!("| {} |\n|---|---|---|\n| {} |\n", rows[0].join(" | "), rows[1].join(" | "));
    let html: String = rows.iter().map(|r| format!("<tr><td>{}</td></tr>", r.join("</td><td>"))).collect();
    let html = format!("<table>{html}</table>");
    let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let documents: BTreeMap<&str, Vec<u8>> = BTreeMap::from([
        ("a.txt", text.into_bytes()),
        ("b.md", markdown.into()),
        ("c.html", html.into()),
        ("d.txt", utf16),
    ]);
    for (name, bytes) in documents {
        let policy = policy::read_documents(&[(name.to_owned(), bytes)], &signatures).expect("it is read");
        let party = policy.third_parties.first().unwrap_or_else(|| panic!("{name}: none"));
        assert_eq!(party.data, ["imei", "mac"], "{name}");
        assert_eq!(party.company.as_deref(), Some("北京青禾网络科技有限公司"), "{name}");
    }
}

#[test]
fn hostile_documents_end() {
    let signatures = Signatures::embedded().expect("the embedded signatures load");
    let deep = "<div>".repeat(50_000);
    let spans = "<table><tr><td colspan=1000000 rowspan=1000000>x</td></tr></table>".repeat(50);
    let nested = "<table><tr><td>".repeat(2_000);
    let brackets = "设备信息（".repeat(20_000);
    let colons = "隐私政策：".repeat(5_000);
    let pipes = "|".repeat(100_000);
    // Each paragraph opens again what the first left open (HTML standard, 13.2.4.3).
    let fonts: String = (0..300).map(|i| format!("<font color=\"{i}\">")).collect();
    let reopened = format!("<p>{fonts}</p>{}", "<p>x".repeat(10_000));
    // Every line seems to announce the lines after it.
    let announced = "第三方：SDK清单如下\n".repeat(3_000);
    // As many keys as objects.
    let keys: String = (0..20_000).map(|i| format!("{{\"a{i}\": 1, \"b{i}\": \"甲乙\"}},")).collect();
    let one_sentence = format!("我们接入了第三方SDK：{}", "青禾推送、".repeat(5_000));
    for (name, text) in [
        ("a.html", deep),
        ("b.html", spans),
        ("c.html", nested),
        ("d.txt", brackets),
        ("e.txt", colons),
        ("f.txt", pipes),
        ("g.html", reopened),
        ("h.txt", announced),
        ("i.json", format!("[{keys}]")),
        ("j.txt", one_sentence),
    ] {
        policy::read_documents(&[(name.to_owned(), text.into_bytes())], &signatures).expect(name);
    }
    for bytes in [b"%PDF-1.7".as_slice(), b"PK\x03\x04", b"\x1f\x8b\x08"] {
        assert!(policy::read_documents(&[("x".to_owned(), bytes.to_vec())], &signatures).is_err());
    }
}

#[test]
fn what_is_no_text_is_refused() {
    let signatures = Signatures::embedded().expect("the embedded signatures load");
    let refused = |name: &str, bytes: Vec<u8>| {
        policy::read_documents(&[(name.to_owned(), bytes)], &signatures).expect_err(name).to_string()
    };
    assert!(refused("a.txt", Vec::new()).contains("policy a.txt is empty"));
    assert!(refused("b.txt", b" \r\n\t\n".to_vec()).contains("is empty"));
    // Bytes without any order (xorshift32), and a program's head.
    let mut state = 0x2545_f491_u32;
    let noise = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()[0]
    });
    let noise = refused("c.txt", noise.take(4096).collect());
    assert!(noise.contains("c.txt is not text") && noise.contains("give the document as text"), "{noise}");
    let program: Vec<u8> = b"\x7fELF\x02\x01\x01".iter().copied().chain([0; 64]).chain(*b".text.data").collect();
    assert!(refused("d", program).contains("is not text"));
}

/// A page of any size is read as far as a policy can be long; how much was not is said.
#[test]
fn of_a_page_without_end_the_beginning_is_read_and_the_rest_is_counted() {
    let signatures = Signatures::embedded().expect("the embedded signatures load");
    let (rows, bytes) = (1_500, 2_000);
    let row = format!("<tr><td>{}</td><td>b</td></tr>\n", "a".repeat(bytes - 1));
    let page = format!("<p>青禾推送SDK会收集您的OAID。</p><table>{}</table><p>behind</p>", row.repeat(rows));
    let policy = policy::read_documents(&[("a.html".to_owned(), page.into_bytes())], &signatures).expect("it is read");
    assert_eq!(policy.third_parties.iter().map(|p| p.data.join(" ")).collect::<Vec<_>>(), ["oaid"]);
    let remark = policy.remarks.iter().find(|r| r.code == "limit-reached").expect("the remark");
    let numbers: Vec<usize> =
        remark.message.split(|c: char| !c.is_ascii_digit()).filter_map(|word| word.parse().ok()).collect();
    let [read, unread, places] = numbers[..] else { panic!("{}", remark.message) };
    let said = "青禾推送SDK会收集您的OAID。".len() + rows * bytes + "behind".len();
    assert_eq!(read + unread, said, "{}", remark.message);
    // Two mebibytes, of which a row of two cells takes its long one and 16 bytes for the other.
    assert_eq!(places, rows + 1 - (2 << 20) / (bytes + 15), "{}", remark.message);
    assert_eq!(remark.spans[0].end_line, u32::try_from(rows).unwrap() + 1);
}

/// A sentence that is too long for one, a sentence about too many rows, and a table of more third
/// parties than fit on paper, one a column.
#[test]
fn what_sentences_and_rows_do_not_reach_is_said() {
    let signatures = Signatures::embedded().expect("the embedded signatures load");
    let read = |name: &str, text: String| {
        policy::read_documents(&[(name.to_owned(), text.into_bytes())], &signatures).expect("it is read")
    };
    let reached = |policy: &policy::Policy| {
        policy.remarks.iter().filter(|r| r.code == "limit-reached").cloned().collect::<Vec<_>>()
    };

    let long = format!("前言\n\n第三方SDK{}会收集您的OAID。", "、青禾推送SDK".repeat(600));
    let [remark] = &reached(&read("a.txt", long))[..] else { panic!("one remark") };
    assert!(remark.message.contains("longer than 8192 bytes") && remark.spans[0].line == 3, "{remark:?}");

    let rows = |count: usize| {
        let rows = "| 青禾推送SDK | IMEI | 推送 |\n".repeat(count);
        format!("| SDK名称 | 收集信息 | 使用目的 |\n|---|---|---|\n{rows}\n青禾推送SDK会收集您的OAID。\n")
    };
    let with_oaid =
        |policy: &policy::Policy| policy.third_parties.iter().filter(|p| p.data.iter().any(|d| d == "oaid")).count();
    let policy = read("a.md", rows(50));
    assert_eq!((with_oaid(&policy), reached(&policy).len()), (50, 0));
    let policy = read("a.md", rows(51));
    let [remark] = &reached(&policy)[..] else { panic!("one remark") };
    assert!(remark.message.contains("more than 50 rows") && remark.spans[0].line == 55, "{remark:?}");
    assert_eq!(with_oaid(&policy), 50);

    let columns = 300;
    let row = |head: &str, cell: &dyn Fn(usize) -> String| {
        let cells: String = (0..columns).map(|i| format!("<td>{}</td>", cell(i))).collect();
        format!("<tr><td>{head}</td>{cells}</tr>")
    };
    let (name, data) = (row("SDK名称", &|i| format!("青禾{i}号SDK")), row("收集信息", &|_| "OAID".to_owned()));
    let purpose = row("使用目的", &|_| "消息推送".to_owned());
    let policy = read("a.html", format!("<table>{name}{data}{purpose}</table>"));
    assert_eq!((policy.third_parties.len(), with_oaid(&policy)), (columns, columns));
}

/// A ZIP of one stored or deflated file each, as the `zip` crate writes it.
fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
    use std::io::Write;
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in files {
        let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
        zip.start_file(*name, options).expect("an entry begins");
        zip.write_all(bytes).expect("it is written");
    }
    zip.finish().expect("the ZIP ends").into_inner()
}

#[test]
fn hostile_office_documents_are_refused() {
    let signatures = Signatures::embedded().expect("the embedded signatures load");
    let refused = |name: &str, bytes: Vec<u8>| {
        policy::read_documents(&[(name.to_owned(), bytes)], &signatures).expect_err(name).to_string()
    };
    let entity = br#"<?xml version="1.0"?><!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/hostname">]>
        <w:document xmlns:w="w"><w:body><w:p><w:r><w:t>&x;</w:t></w:r></w:p></w:body></w:document>"#;
    let message = refused("a.docx", zipped(&[("word/document.xml", entity)]));
    assert!(message.contains("a.docx") && message.contains("declares a document type, which is refused"), "{message}");
    let bare = b"<w:document><w:p><w:r><w:t>&x;</w:t></w:r></w:p></w:document>";
    assert!(refused("b.docx", zipped(&[("word/document.xml", bare)])).contains("entity \"x\""));
    // 80 MiB of spaces in some 80 kB.
    let bomb = zipped(&[("word/document.xml", &vec![b' '; 80 << 20])]);
    assert!(bomb.len() < 1 << 20);
    assert!(refused("c.docx", bomb).contains("unpacks to more than 64 MiB"));
    let sheets = zipped(&[("xl/workbook.xml", b"<workbook/>"), ("xl/worksheets/sheet1.xml", &vec![b' '; 80 << 20])]);
    assert!(refused("d.xlsx", sheets).contains("unpacks to more than 64 MiB"));
    assert!(refused("e.zip", zipped(&[("picture.png", b"x")])).contains("holds no document"));
    let deep = format!("<w:document>{}", "<w:tbl><w:tr><w:tc>".repeat(100_000));
    let deep = zipped(&[("word/document.xml", deep.as_bytes())]);
    let _ = policy::read_documents(&[("f.docx".to_owned(), deep)], &signatures);
}

#[test]
fn a_folder_is_one_policy() {
    let signatures = Signatures::embedded().expect("the embedded signatures load");
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("a.txt"), "隐私政策\n我们会收集您的OAID。\n").expect("written");
    std::fs::create_dir(folder.path().join("list")).expect("made");
    let table = "| SDK名称 | 收集信息 |\n|---|---|\n| 青禾推送SDK | IMEI |\n";
    std::fs::write(folder.path().join("list/b.md"), table).expect("written");
    std::fs::write(folder.path().join("icon.png"), b"\x89PNG").expect("written");
    let policy = read(folder.path(), &signatures);
    assert_eq!(policy.sources.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(), ["a.txt", "list/b.md"]);
    assert_eq!(policy.third_parties[0].spans[0].source, 1);
    assert_eq!(policy.first_party_data, ["oaid"]);
}

#[test]
fn its_own_csv_is_a_policy() {
    let signatures = Signatures::embedded().expect("the embedded signatures load");
    let again = |text: String| {
        let documents = [("policy.csv".to_owned(), text.into_bytes())];
        policy::read_documents(&documents, &signatures).expect("its own CSV is read")
    };
    for file in ["html-rowspan.html", "denials.txt", "en-claims.txt", "kinds.txt", "sharing-limits.txt", "own.txt"] {
        let first = read(&Path::new("tests/policies").join(file), &signatures);
        let second = again(policy::to_csv(&first));
        let said = |policy: &Policy| {
            let party = |p: &ThirdParty| (p.product.clone(), p.company.clone(), p.data.clone(), p.data_raw.clone());
            let parties: Vec<_> = policy.third_parties.iter().map(|p| (party(p), p.lines.first().copied())).collect();
            (policy.sources.clone(), parties, policy.first_party_items.clone(), policy.claims.clone())
        };
        assert_eq!(said(&second).1, said(&first).1, "{file}");
        assert_eq!(said(&second).0, said(&first).0, "{file}");
        assert_eq!(said(&second).3, said(&first).3, "{file}");
        assert_eq!(second.first_party_data, first.first_party_data, "{file}");
        assert_eq!(second.first_party_denied, first.first_party_denied, "{file}");
        assert!(second.third_parties.iter().all(|p| !p.corrected), "{file}");
        let resolved = |p: &Policy| p.third_parties.iter().map(|p| p.resolved.clone()).collect::<Vec<_>>();
        assert_eq!(resolved(&second), resolved(&first), "{file}");
    }
    let first = read(Path::new("tests/policies/values.csv"), &signatures);
    let edited = again(policy::to_csv(&first).replace("imei; oaid", "imei"));
    assert_eq!(edited.third_parties[0].data, ["imei", "device_model"]);
    assert!(edited.third_parties[0].corrected && !edited.third_parties[1].corrected);
    assert_eq!(edited.sources, first.sources);
}

#[test]
fn a_cell_that_a_spreadsheet_would_run_is_quoted() {
    let signatures = Signatures::embedded().expect("the embedded signatures load");
    let table = "| SDK名称 | 收集信息 | 使用目的 |\n|---|---|---|\n| 青禾推送SDK | IMEI | =HYPERLINK(\"x\") |\n";
    let policy = policy::read_documents(&[("a.md".to_owned(), table.into())], &signatures).expect("it is read");
    let text = policy::to_csv(&policy);
    assert!(text.contains("'=HYPERLINK") && !text.contains(",=HYPERLINK") && !text.contains(",\"=HYPERLINK"), "{text}");
    let again = policy::read_documents(&[("a.csv".to_owned(), text.into_bytes())], &signatures).expect("read again");
    assert_eq!(again.third_parties[0].purpose, policy.third_parties[0].purpose);
}

#[test]
fn what_changed_between_two_versions() {
    let signatures = Signatures::embedded().expect("the embedded signatures load");
    let of = |text: &str| {
        policy::read_documents(&[("a.md".to_owned(), text.as_bytes().to_vec())], &signatures).expect("it is read")
    };
    let head = "| SDK名称 | 收集信息 |\n|---|---|\n";
    let old = of(&format!("{head}| 青禾推送SDK | IMEI、OAID |\n| 云杉统计SDK | MAC地址 |\n\n我们会收集您的手机号。\n"));
    let new = of(&format!(
        "{head}| 青禾推送SDK | OAID、位置信息 |\n| 白桦地图SDK | 位置信息 |\n\n我们会收集您的邮箱。您的个人信息存储于中国境内。\n"
    ));
    let changes: Vec<(&str, String, String, String)> = policy::between(&old, &new)
        .into_iter()
        .map(|c| (c.code, c.about, c.before.join(","), c.after.join(",")))
        .collect();
    let change = |code, about: &str, before: &str, after: &str| (code, about.into(), before.into(), after.into());
    assert_eq!(
        changes,
        [
            change("data-added", "青禾推送SDK", "", "location_info"),
            change("data-removed", "青禾推送SDK", "imei", ""),
            change("third-party-added", "白桦地图SDK", "", "location_info"),
            change("third-party-removed", "云杉统计SDK", "mac", ""),
            change("collects-added", "", "", "email"),
            change("collects-removed", "", "phone", ""),
            change("claim-changed", "storage_country", "", "CN"),
        ]
    );
    let lines: Vec<(Option<u32>, Option<u32>)> = policy::between(&old, &new)
        .iter()
        .filter(|c| c.code.starts_with("collects-"))
        .map(|c| (c.old_line, c.new_line))
        .collect();
    assert_eq!(lines, [(None, Some(6)), (Some(6), None)]);
    assert!(policy::between(&old, &old).is_empty());
}
