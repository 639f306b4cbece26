//! A saved `report.json` written again: the same bytes as the audit wrote, and an error
//! that helps where the file is none. The tables are opened with LibreOffice, which is
//! not ours, and their cells are held against the report's data.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const FORMATS: &str = "text,json,html,sarif,junit,gitlab,github,markdown,jsonl,xlsx,csv";

/// How many files these formats are, with the template.
const FILES: usize = 10 + 6 + 1;

fn wirewitness(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wirewitness")).args(args).current_dir(folder).output().expect("runs")
}

/// A folder with the session `session`, of a case, and a template beside it.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures/teashop");
    let to = folder.path().join("session");
    fs::create_dir(&to).expect("made");
    for name in ["capture.pcapng", "device.toml", "keys.log", "phases.jsonl", "policy.txt", "session.toml"] {
        fs::copy(from.join(name), to.join(name)).expect("copied");
    }
    let mut description = fs::read_to_string(to.join("session.toml")).expect("is readable");
    description.push_str(
        "device = \"a phone in a namespace\"\nchanges = [\"key log switched on\"]\n\n[case]\nnumber = \"=2026-7\"\n\
         examiner = \"A. <b>Examiner</b>\"\nmandate = \"on request\"\ncustody = [\"sealed on arrival\", \"opened for the audit\"]\n\
         retain_until = 2031-12-31\n",
    );
    fs::write(to.join("session.toml"), description).expect("written");
    fs::write(
        folder.path().join("letter.md"),
        "# {{case.number}}\n\nWe looked at {{ app }}.\n\n{{headline}}\n\n{{findings}}\n\n{{collected}}\n\n{{shared}}\n",
    )
    .expect("written");
    folder
}

fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = fs::read_dir(folder).expect("is readable").map(|entry| entry.expect("entry").path());
    let entries = entries.filter(|path| path.is_file());
    entries.map(|path| (path.file_name().expect("named").into(), fs::read(&path).expect("is readable"))).collect()
}

#[test]
fn written_again_it_is_the_same_in_every_format_and_language() {
    let folder = folder();
    let at = folder.path();
    for language in ["en", "zh"] {
        let common = ["--format", FORMATS, "--language", language, "--template", "letter.md", "--fail-on", "high"];
        let audited = wirewitness(at, &[&["audit", "session", "--quiet", "--output", language], &common[..]].concat());
        assert_eq!(audited.status.code(), Some(1), "{}", String::from_utf8_lossy(&audited.stderr));
        // From the other language's report: what is saved has both.
        let saved = "en/report.json";
        let places = ["--policy", "session/policy.txt", "--capture", "session/capture.pcapng"];
        let again = format!("{language}-again");
        let run = wirewitness(at, &[&["report", saved, "--output", &again], &common[..], &places].concat());
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        let (first, second) = (files(&at.join(language)), files(&at.join(&again)));
        assert_eq!(first.len(), FILES, "{:?}", first.keys());
        assert_eq!(first.keys().collect::<Vec<_>>(), second.keys().collect::<Vec<_>>());
        for (name, bytes) in &first {
            assert!(bytes == &second[name], "{} differs in {language}", name.display());
        }
        let page = String::from_utf8_lossy(&first[Path::new("report.html")]).into_owned();
        assert!(page.contains("=2026-7") && page.contains("A. &#60;b&#62;Examiner") && page.contains("2031-12-31"));
        let letter = String::from_utf8_lossy(&first[Path::new("letter.md")]).into_owned();
        assert!(letter.starts_with("# \\=2026\\-7\n\nWe looked at com\\.yunxiu\\.shop 1\\.4\\.0.\n"), "{letter}");
        assert!(!letter.contains("{{"));
    }
    let stdout = wirewitness(at, &["report", "en", "--format", "html", "--language", "zh"]).stdout;
    assert!(stdout == fs::read(at.join("zh/report.html")).expect("is readable"), "a folder, to standard output");
}

#[test]
fn what_is_no_report_is_refused_with_the_reason() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let report = r#"{"schema": "wirewitness-report/1", "tool": 7}"#;
    let cases: [(&[u8], &str); 7] = [
        (b"", "no JSON, or damaged"),
        (b"\x89PNG", "no JSON, or damaged"),
        (b"[1, 2]", "is JSON, but no report"),
        (b"{\"log\": {}}", "names no schema"),
        (b"{\"schema\": \"wirewitness-report/9\"}", "only \"wirewitness-report/1\" can be read"),
        (report.as_bytes(), "is a damaged report: invalid type"),
        (b"{\"schema\": \"wirewitness-report/1\"", "EOF"),
    ];
    for (bytes, reason) in cases {
        fs::write(at.join("report.json"), bytes).expect("written");
        let run = wirewitness(at, &["report", "report.json"]);
        let said = String::from_utf8_lossy(&run.stderr).into_owned();
        assert_eq!(run.status.code(), Some(2), "{said}");
        assert!(run.stdout.is_empty() && said.contains(reason) && said.contains("report.json"), "{said}");
    }
    let deep = format!("{{\"schema\": \"wirewitness-report/1\", \"tool\": {}", "[".repeat(1_000_000));
    fs::write(at.join("report.json"), deep).expect("written");
    assert_eq!(wirewitness(at, &["report", "report.json"]).status.code(), Some(2));
    assert_eq!(wirewitness(at, &["report", "nowhere.json"]).status.code(), Some(2));
}

#[test]
fn a_template_that_cannot_be_filled_is_refused_before_the_audit() {
    let folder = folder();
    let at = folder.path();
    let refused = |args: &[&str], reason: &str| {
        let run = wirewitness(at, args);
        let said = String::from_utf8_lossy(&run.stderr).into_owned();
        assert_eq!(run.status.code(), Some(2), "{said}");
        assert!(said.contains(reason), "{said}");
    };
    fs::write(at.join("bad.md"), "a\n{{verdict}}\n").expect("written");
    refused(&["audit", "session", "--template", "bad.md"], "bad.md:2: {{verdict}} is not known");
    refused(&["audit", "session", "--template", "letter.md", "--output", "."], "would overwrite it");
    fs::write(at.join("report.md"), "{{app}}").expect("written");
    let both = ["audit", "session", "--template", "report.md", "--format", "markdown", "--output", "out"];
    refused(&both, "writes a file of that name");
    assert_eq!(fs::read_to_string(at.join("report.md")).expect("is readable"), "{{app}}");
}

/// The sheets of a workbook, as LibreOffice writes them: rows of cells.
fn sheets(workbook: &Path) -> BTreeMap<String, Vec<Vec<String>>> {
    let folder = tempfile::tempdir().expect("a folder");
    let profile = format!("-env:UserInstallation=file://{}/profile", folder.path().display());
    // Comma, double quote, UTF-8, from line 1, all sheets, each to a file (-1), cells as shown off, formulas on.
    let filter = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,true,false,-1";
    let run = Command::new("soffice")
        .args([&profile, "--headless", "--convert-to", filter, "--outdir"])
        .arg(folder.path())
        .arg(workbook)
        .output()
        .expect("soffice is there: scripts/setup.sh --tests installs it");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let mut sheets = BTreeMap::new();
    for (path, bytes) in
        files(folder.path()).into_iter().filter(|(path, _)| path.extension().is_some_and(|e| e == "csv"))
    {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes.as_slice());
        let rows = reader.records().map(|row| row.expect("a row").iter().map(str::to_owned).collect()).collect();
        let name = path.to_string_lossy().trim_start_matches("report-").trim_end_matches(".csv").to_owned();
        sheets.insert(name, rows);
    }
    sheets
}

#[test]
fn libreoffice_opens_the_workbook_with_the_cells_that_the_report_holds() {
    let folder = folder();
    let at = folder.path();
    let run = wirewitness(at, &["audit", "session", "--quiet", "--format", "json,xlsx,csv", "--output", "out"]);
    assert_eq!(run.status.code(), Some(1), "{}", String::from_utf8_lossy(&run.stderr));
    let report: serde_json::Value =
        serde_json::from_slice(&fs::read(at.join("out/report.json")).expect("is readable")).expect("JSON");
    let sheets = sheets(&at.join("out/report.xlsx"));
    let names: Vec<&str> = sheets.keys().map(String::as_str).collect();
    assert_eq!(sheets.len(), 6, "{names:?}");

    // Every flow is a row of the first list, with its count and its bytes as numbers.
    let flows = report["flows"].as_array().expect("flows");
    let collected = &sheets["已收集个人信息清单 Collected"];
    assert_eq!(collected[0][1], "个人信息\nPersonal information");
    assert_eq!(collected.len(), flows.len() + 1);
    for flow in flows {
        let row = collected
            .iter()
            .find(|row| {
                row[3 - 1] == flow["data_type"].as_str().expect("a type")
                    && row[5] == flow["recipient"].as_str().expect("an id")
            })
            .expect("each flow has its row");
        assert_eq!(row[12], flow["count"].to_string());
        let bytes: u64 =
            flow["phases"].as_array().expect("phases").iter().filter_map(|p| p["sent_bytes"].as_u64()).sum();
        assert_eq!(row[13], bytes.to_string());
        assert_eq!(row[19], flow["verdict"]["code"].as_str().unwrap_or_default());
    }

    // Every contact but the maker's is a row of the second, whether or not it could be read.
    let shared = &sheets["与第三方共享个人信息清单 Shared"];
    let contacts = report["contacts"].as_array().expect("contacts").iter();
    let third: Vec<_> = contacts.filter(|c| c["recipient"] != "first-party").collect();
    assert_eq!(shared.len(), third.len() + 1);
    for (row, contact) in shared.iter().skip(1).zip(third) {
        assert_eq!(row[2], contact["recipient"].as_str().expect("an id"));
        assert_eq!([&row[15], &row[18]], [&contact["messages"].to_string(), &contact["sent_bytes"].to_string()]);
    }

    // A row for each phase and scenario; their messages add up to those of the flows.
    let volumes = &sheets["阶段场景次数流量 Volumes"];
    let sum: u64 = volumes.iter().skip(1).filter_map(|row| row[6].parse::<u64>().ok()).sum();
    assert_eq!(sum, flows.iter().filter_map(|flow| flow["count"].as_u64()).sum::<u64>());

    // What looks like a formula is text, there and in the CSV.
    let about = &sheets["说明 About"];
    assert!(about.iter().any(|row| row == &["Case number", "=2026-7"]), "{about:?}");
    let csv = fs::read_to_string(at.join("out/report.about.csv")).expect("is readable");
    assert!(csv.contains("\r\nCase number,'=2026-7\r\n"), "{csv}");

    // The CSV of each table has the workbook's cells.
    for (table, sheet) in [("collected", collected), ("shared", shared), ("volumes", volumes)] {
        let bytes = fs::read(at.join(format!("out/report.{table}.csv"))).expect("is readable");
        let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).expect("a byte order mark");
        let mut reader = csv::Reader::from_reader(bytes);
        let rows: Vec<Vec<String>> = reader
            .records()
            .map(|row| row.expect("a row").iter().map(|c| c.trim_start_matches('\'').to_owned()).collect())
            .collect();
        assert_eq!(rows, sheet[1..], "{table}");
    }
}
