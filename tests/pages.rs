//! Reports in the programs that people open them with: a real browser for the page, and for
//! each other format a reader that is not ours.
//!
//! The browser is Chromium, driven by `tests/browser.py`; accessibility is checked by axe-core.
//! `scripts/setup.sh --tests` installs both.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

/// What the browser may not run, in every place that a stranger fills in.
const EVIL: &str = "=1+1<img src=x onerror=alert(1)><script>alert(2)</script>\"'&`|](javascript:alert(3))\u{202e}\u{1b}[2J\r\n::error::x";
/// A value of the profile, so that every message gives a sighting.
const OAID: &str = "5d1a7c3e-9b2f-4088-8d1a-7c3e9b2f4088";
const ANDROID_ID: &str = "8f3b1c9d7e2a4b64";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn wirewitness(folder: &Path, args: &[&str]) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_wirewitness")).args(args).current_dir(folder).output();
    let output = output.expect("runs");
    assert!(matches!(output.status.code(), Some(0 | 1)), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

/// What the browser says of pages.
fn browse(pages: &[PathBuf], axe: bool) -> Vec<Value> {
    let mut command = Command::new("python3");
    command.arg(root().join("tests/browser.py"));
    if axe {
        let axe = root().join("target/axe/0.1.8/axe_playwright_python/axe.min.js");
        assert!(axe.is_file(), "{} is missing: scripts/setup.sh --tests installs it", axe.display());
        command.arg("--axe").arg(axe);
    }
    let run = command.args(pages).output().expect("python3 and chromium: scripts/setup.sh --tests installs them");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let lines = String::from_utf8(run.stdout).expect("UTF-8");
    lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// Nothing ran, nothing was asked for, nothing was refused, and it fits a small screen.
fn is_quiet(seen: &Value) {
    assert_eq!(seen["seen"], json!([]), "{seen:#}");
    assert_eq!(seen["dialogs"], json!([]), "{seen:#}");
    assert_eq!(seen["requests"], json!([]), "{seen:#}");
    assert_eq!([&seen["scripts"], &seen["wide"]], [&json!(1), &json!(320)], "{seen:#}");
}

#[test]
fn the_page_is_accessible_in_both_languages_light_dark_and_small() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    wirewitness(at, &["demo", "case"]);
    let mut pages = Vec::new();
    for language in ["en", "zh"] {
        wirewitness(
            at,
            &["audit", "case", "--quiet", "--language", language, "--format", "html,json", "--output", language],
        );
        pages.push(at.join(language).join("report.html"));
    }
    // It can fail: a page without a language, with a picture without words and a script that is refused.
    let policy = "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'\">";
    fs::write(at.join("bad.html"), format!("{policy}<p><img src=x.png><script>alert(1)</script>")).expect("written");
    pages.push(at.join("bad.html"));
    let seen = browse(&pages, true);
    let [en, zh, bad] = seen.as_slice() else { panic!("{seen:#?}") };
    for page in [en, zh] {
        is_quiet(page);
        for look in ["light", "dark", "narrow"] {
            assert_eq!(page["axe"][look], json!([]), "{look}: {page:#}");
        }
    }
    assert!(bad["axe"]["light"].to_string().contains("html-has-lang"), "{bad:#}");
    assert!(bad["seen"].to_string().contains("script-src"), "{bad:#}");
}

/// An entry of a HAR file: the request is a stranger's.
fn entry(url: &str, headers: &[(&str, &str)], mime: &str, body: &str) -> Value {
    let headers: Vec<Value> = headers.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
    json!({
        "startedDateTime": "2026-03-01T08:00:10.000Z", "time": 1, "comment": EVIL,
        "request": {
            "method": "POST", "url": url, "httpVersion": "HTTP/1.1", "headers": headers, "queryString": [],
            "cookies": [{"name": EVIL, "value": EVIL}], "headersSize": -1, "bodySize": body.len(),
            "postData": {"mimeType": mime, "text": body}
        },
        "response": {
            "status": 200, "statusText": EVIL, "httpVersion": "HTTP/1.1", "headers": [{"name": "Server", "value": EVIL}],
            "cookies": [], "content": {"size": 0, "mimeType": EVIL}, "redirectURL": "", "headersSize": -1, "bodySize": 0
        },
        "cache": {}, "timings": {"send": 0, "wait": 1, "receive": 0}
    })
}

/// A session whose every text is hostile, some of a megabyte.
fn hostile(folder: &Path) {
    let long = EVIL.repeat((1 << 20) / EVIL.len());
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let path = "/%3Cscript%3Ealert(4)%3C/script%3E/=1+1/<b>";
    let body = json!({(EVIL): {(long.as_str()): OAID}, "android_id": ANDROID_ID, "x": EVIL}).to_string();
    let form = format!("{}={OAID}&android_id={ANDROID_ID}", "%3Cimg%20src=x%20onerror=alert(5)%3E");
    let parts = format!(
        "--b\r\nContent-Disposition: form-data; name=\"{0}\"; filename=\"{0}\"\r\n\r\n{OAID}\r\n--b--\r\n",
        "<svg onload=alert(6)>"
    );
    let entries = vec![
        entry(
            &format!("https://evil.example{path}?oaid={OAID}"),
            &[("Host", "evil.example")],
            "application/json",
            &body,
        ),
        entry(
            "https://first.example/a",
            &[("Host", "<script>alert(7)</script>"), (EVIL, OAID), ("User-Agent", EVIL)],
            "application/x-www-form-urlencoded",
            &form,
        ),
        entry("https://ulogs.umeng.com/x", &[("Host", "ulogs.umeng.com")], "multipart/form-data; boundary=b", &parts),
        entry(&format!("http://xn--e1awd7f.example/{OAID}"), &[("X-OAID", OAID)], EVIL, EVIL),
    ];
    let har = json!({"log": {"version": "1.2", "creator": {"name": EVIL, "version": EVIL}, "entries": entries}});
    let name = "=1+1<img src=x onerror=alert(8)>`|.har";
    fs::write(folder.join(name), har.to_string()).expect("written");
    fs::write(folder.join("device.toml"), format!("[ids]\noaid = [\"{OAID}\"]\nandroid_id = [\"{ANDROID_ID}\"]\n"))
        .expect("written");
    let policy = "=1+1<img src=x onerror=alert(9)>.txt";
    fs::write(
        folder.join(policy),
        format!(
            "隐私政策\n一、我们收集 {EVIL} 您的OAID{EVIL}。\n我们使用HTTPS加密传输{EVIL}。\n二、第三方SDK目录\n\
             公司 | SDK名称 | 收集的个人信息 | 使用目的\n友盟{EVIL} | 友盟SDK | OAID、{EVIL} | {EVIL}\n{long} | 个推 | IMEI | {long}\n"
        ),
    )
    .expect("written");
    fs::write(
        folder.join("session.toml"),
        format!(
            "app = {0}\nversion = {1}\nfirst_party = [\"first.example\"]\nowner = {0}\npolicy = {2}\nisolation = true\n\
             notes = {1}\ndevice = {0}\nchanges = [{0}, {1}]\n[case]\nnumber = {0}\nexaminer = {1}\nmandate = {0}\ncustody = [{0}]\n",
            quoted(EVIL),
            // The user's own file may hold a megabyte in all.
            quoted(&EVIL.repeat(500)),
            quoted(policy)
        ),
    )
    .expect("written");
    let marks = [
        json!({"time": "2026-03-01T08:00:00Z", "mark": "launched", "note": EVIL}),
        json!({"time": "2026-03-01T08:00:05Z", "mark": format!("scenario:{}", EVIL.replace(['\r', '\n'], " ")), "note": long}),
        json!({"time": "2026-03-01T08:00:20Z", "mark": "consent-given"}),
    ];
    let marks: String = marks.iter().map(|mark| format!("{mark}\n")).collect();
    fs::write(folder.join("phases.jsonl"), marks).expect("written");
    fs::write(
        folder.join("settled.toml"),
        format!("[[settled]]\nhost = \"evil.example\"\nas = \"infrastructure\"\nreason = {}\n", quoted(EVIL)),
    )
    .expect("written");
}

const FORMATS: &str = "text,json,html,sarif,junit,gitlab,github,markdown,jsonl,xlsx,csv";

#[test]
fn what_strangers_wrote_is_text_in_every_format() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    fs::create_dir(at.join("session")).expect("made");
    hostile(&at.join("session"));
    let names = "{{app}} {{headline}}\n\n{{case}}\n\n{{findings}}\n\n{{collected}}\n\n{{shared}}\n\n{{method}}\n";
    for name in ["letter.md", "letter.html"] {
        fs::write(at.join(name), names).expect("written");
    }
    wirewitness(at, &["audit", "session", "--quiet", "--format", "json", "--output", "saved"]);
    let mut pages = Vec::new();
    for language in ["en", "zh"] {
        let args = ["report", "saved", "--language", language, "--output", language];
        wirewitness(at, &[&args[..], &["--format", FORMATS, "--template", "letter.md"]].concat());
        wirewitness(at, &[&args[..], &["--template", "letter.html"]].concat());
        let out = at.join(language);
        let read = |name: &str| fs::read_to_string(out.join(name)).expect("is readable");
        pages.push(out.join("report.html"));
        assert!(read("report.html").contains("&#60;script&#62;alert(2)&#60;/script&#62;"), "it is shown");
        for name in ["letter.md", "letter.html", "report.md", "report.txt", "report.html"] {
            let text = read(name);
            let acts = |c: char| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c);
            assert_eq!(text.find(acts), None, "{name}");
            assert!(text.len() < 4 << 20, "{name} has {} bytes", text.len());
        }
        for name in ["letter.md", "report.md"] {
            is_text_in_markdown(&read(name), name);
        }
        for name in ["report.json", "report.sarif", "gl-code-quality-report.json"] {
            let _: Value = serde_json::from_str(&read(name)).expect("JSON");
        }
        assert!(read("report.jsonl").lines().all(|line| serde_json::from_str::<Value>(line).is_ok()));
        is_well_formed(&read("report.junit.xml"));
        let commands = ["::error ", "::warning ", "::notice ", "::group::", "::endgroup::"];
        for line in read("report.github.txt").lines() {
            let command = line.starts_with("::");
            assert!(!command || commands.iter().any(|known| line.starts_with(known)), "{line}");
            assert!(!line.contains("::error::x"), "{line}");
        }
        for table in ["about", "collected", "shared", "volumes", "findings", "sightings"] {
            is_no_formula(&fs::read(out.join(format!("report.{table}.csv"))).expect("is readable"), table);
        }
        holds_no_formula(&out.join("report.xlsx"));
    }
    // The letter is as hostile a page as can be: it has no policy of its own.
    pages.push(at.join("en/letter.html"));
    let seen = browse(&pages, false);
    let (letter, reports) = seen.split_last().expect("pages");
    reports.iter().for_each(is_quiet);
    assert_eq!([&letter["dialogs"], &letter["requests"], &letter["scripts"]], [&json!([]), &json!([]), &json!(0)]);
    assert!(letter["text"].as_u64() > Some(1000), "{letter:#}");
}

/// CommonMark has no markup from it, nor a link or a picture.
fn is_text_in_markdown(text: &str, name: &str) {
    use pulldown_cmark::{Event, Options, Parser, Tag};
    for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
        match event {
            Event::Html(html) | Event::InlineHtml(html) => {
                let ours = [
                    "<!-- -->",
                    "<details",
                    "</details",
                    "<summary",
                    "</summary",
                    "<br",
                    "<b>",
                    "</b>",
                    "<code>",
                    "</code>",
                ];
                assert!(ours.iter().any(|tag| html.trim().starts_with(tag)), "{name}: {html}");
            }
            Event::Start(Tag::Image { dest_url, .. }) => panic!("{name}: {dest_url}"),
            Event::Start(Tag::Link { dest_url, .. }) => {
                assert!(!dest_url.starts_with("javascript"), "{name}: {dest_url}");
            }
            _ => {}
        }
    }
}

fn is_well_formed(xml: &str) {
    let mut reader = quick_xml::Reader::from_str(xml);
    reader.config_mut().check_end_names = true;
    let known = ["testsuites", "testsuite", "testcase", "failure", "skipped", "properties", "property", "system-out"];
    loop {
        match reader.read_event().expect("well formed") {
            quick_xml::events::Event::Eof => break,
            quick_xml::events::Event::Start(tag) => {
                let name = tag.name();
                assert!(known.contains(&name.as_ref()), "{tag:?}");
            }
            _ => {}
        }
    }
}

/// No cell of a CSV file begins as a formula does (OWASP, CSV Injection).
fn is_no_formula(bytes: &[u8], table: &str) {
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).expect("a byte order mark");
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(bytes);
    for row in reader.records() {
        for cell in &row.expect("a row") {
            assert!(!cell.trim_start().starts_with(['=', '+', '-', '@', '\t', '\r']), "{table}: {cell}");
        }
    }
}

/// No sheet has a formula or a link, and every sheet is XML.
fn holds_no_formula(workbook: &Path) {
    let mut archive = zip::ZipArchive::new(fs::File::open(workbook).expect("is readable")).expect("a ZIP");
    let names: Vec<String> = archive.file_names().map(|name| name.expect("a name").into_owned()).collect();
    assert!(!names.iter().any(|name| name.contains("worksheets/_rels")), "links: {names:?}");
    let mut sheets = 0;
    for name in names.iter().filter(|name| name.starts_with("xl/worksheets/sheet")) {
        let text = std::io::read_to_string(archive.by_name(name).expect("a member")).expect("UTF-8");
        assert!(!text.contains("<f>") && !text.contains("<f ") && !text.contains("<hyperlink"), "{name}");
        sheets += 1;
    }
    assert_eq!(sheets, 6);
}

/// Tens of thousands of sightings, hundreds of recipients: the page opens at once.
#[test]
fn fifty_thousand_sightings_open_within_two_seconds() {
    /// Five of each: like sightings are one, with a count.
    const MESSAGES: usize = 1_000;
    /// Fields of a message that hold a value of the profile, each under a name of its own.
    const FIELDS: usize = 50;
    const RECIPIENTS: usize = 200;
    /// What the page's own thread may compute, which unlike the clock does not depend on
    /// what else the machine does.
    const SECONDS: f64 = 2.0;
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let session = at.join("session");
    fs::create_dir(&session).expect("made");
    fs::write(session.join("device.toml"), format!("[ids]\noaid = [\"{OAID}\"]\nandroid_id = [\"{ANDROID_ID}\"]\n"))
        .expect("written");
    fs::write(
        session.join("session.toml"),
        "app = \"com.example.large\"\nfirst_party = [\"first.example\"]\nisolation = true\n",
    )
    .expect("written");
    fs::write(session.join("policy.txt"), "隐私政策\n我们会收集您的OAID。\n").expect("written");
    let entries: Vec<Value> = (0..MESSAGES)
        .map(|n| {
            let host = format!("collect.tracker-{:03}.example", n % RECIPIENTS);
            // Letters, as numbers in a path are one template.
            let word: String =
                format!("{:05}", n % RECIPIENTS).bytes().map(|digit| char::from(digit - b'0' + b'g')).collect();
            let value = |field: usize| if field.is_multiple_of(2) { OAID } else { ANDROID_ID };
            let body: serde_json::Map<String, Value> =
                (0..FIELDS).map(|field| (format!("field_{field}"), value(field).into())).collect();
            let body = Value::Object(body).to_string();
            entry(&format!("https://{host}/{word}"), &[("Host", &host)], "application/json", &body)
        })
        .collect();
    let har = json!({"log": {"version": "1.2", "creator": {"name": "made", "version": "1"}, "entries": entries}});
    fs::write(session.join("large.har"), har.to_string()).expect("written");
    let args = ["audit", "session", "--policy", "session/policy.txt", "--quiet", "--format", "html,json"];
    wirewitness(at, &[&args[..], &["--output", "out"]].concat());
    let report: Value =
        serde_json::from_slice(&fs::read(at.join("out/report.json")).expect("is readable")).expect("JSON");
    let sightings = report["sightings"].as_array().expect("a list");
    let seen: u64 = sightings.iter().filter_map(|sighting| sighting["count"].as_u64()).sum();
    assert_eq!([sightings.len(), usize::try_from(seen).expect("fits")], [RECIPIENTS * FIELDS, MESSAGES * FIELDS]);
    let [page] = browse(&[at.join("out/report.html")], false).try_into().expect("a page");
    is_quiet(&page);
    let computed = page["thread_seconds"].as_f64().expect("a number");
    println!("{} elements, {computed} s of its thread, {} s by the clock", page["elements"], page["seconds"]);
    assert!(computed < SECONDS, "{page:#}");
}
