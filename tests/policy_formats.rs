//! One policy in every format says the same, and documents that say nothing say so.
//!
//! `tests/policies/formats` is written by tests/make-format-policies.py: the expectation
//! comes from what the documents are made from, not from a reading.

use std::path::{Path, PathBuf};

use serde_json::Value;
use wirewitness::policy::{self, Policy, PolicyError};
use wirewitness::signatures::Signatures;

const FORMATS: [&str; 7] = ["html", "md", "txt", "docx", "mhtml", "chromium.pdf", "libreoffice.pdf"];

fn signatures() -> Signatures {
    // PDFs are read by the program, in a process of its own.
    #[cfg(feature = "pdf")]
    policy::confine(PathBuf::from(env!("CARGO_BIN_EXE_wirewitness")));
    Signatures::embedded().expect("the embedded signatures load")
}

fn try_read(name: &str, bytes: Vec<u8>) -> Result<Policy, PolicyError> {
    policy::read_documents(&[(name.to_owned(), bytes)], &signatures())
}

fn sample(format: &str) -> PathBuf {
    Path::new("tests/policies/formats").join(format!("sample.{format}"))
}

fn is_built_in(format: &str) -> bool {
    cfg!(feature = "pdf") || !format.ends_with("pdf")
}

/// What the text says, white space apart: a PDF's lines end where its columns do.
fn said(value: &Value) -> Value {
    match value {
        Value::String(text) => text.chars().filter(|c| !c.is_whitespace()).collect::<String>().into(),
        other => other.clone(),
    }
}

#[test]
fn one_policy_in_every_format_says_the_same() {
    let signatures = signatures();
    let expected = std::fs::read_to_string(sample("expected.json")).expect("the expectation can be read");
    let expected: Value = serde_json::from_str(&expected).expect("it is JSON");
    let mut wrong = Vec::new();
    for format in FORMATS.into_iter().filter(|f| is_built_in(f)) {
        let policy = policy::read(&[sample(format)], &signatures).unwrap_or_else(|e| panic!("{format}: {e}"));
        let policy = serde_json::to_value(&policy).expect("a policy is JSON");
        let mut differ = |what: String, found: &Value, wanted: &Value| {
            if said(found) != said(wanted) {
                wrong.push(format!("{format}: {what}: {found} is not {wanted}"));
            }
        };
        for key in ["third_party_count", "first_party_data", "first_party_denied", "claims"] {
            differ(key.to_owned(), &policy[key], &expected[key]);
        }
        let wanted = expected["third_parties"].as_array().expect("a list");
        for (at, party) in wanted.iter().enumerate() {
            for key in ["product", "company", "data", "purpose", "scenario", "method", "link"] {
                let found = &policy["third_parties"][at][key];
                // LibreOffice leaves out the addresses behind words when it makes a PDF.
                if format == "libreoffice.pdf" && key == "link" && party["link_shown"] == false {
                    differ(format!("{} {key}", party["product"]), found, &Value::Null);
                    continue;
                }
                differ(format!("{} {key}", party["product"]), found, &party[key]);
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[cfg(feature = "pdf")]
#[test]
fn places_in_a_pdf_are_pages_and_lines() {
    let signatures = signatures();
    let policy = policy::read(&[sample("chromium.pdf")], &signatures).expect("it is read");
    let source = &policy.sources[0];
    let pages: Vec<&str> = source.parts.iter().map(|p| p.name.as_str()).collect();
    assert!(pages.len() >= 3 && pages[0] == "1" && pages[1] == "2", "{pages:?}");
    assert!(source.parts.windows(2).all(|p| p[0].first_line < p[1].first_line), "{:?}", source.parts);
    // The wide table stands on a page of its own, the fourth; the first one begins on the first.
    let page = |line: u32| source.parts.iter().rev().find(|p| p.first_line <= line).map(|p| p.name.as_str());
    let line = |at: usize| policy.third_parties[at].lines[0];
    assert_eq!([page(line(0)), page(line(19))], [Some("1"), Some("4")], "{:?}", source.parts);
}

/// A place in a workbook is a sheet and a row of it.
#[test]
fn places_in_a_workbook_are_sheets_and_rows() {
    let policy = policy::read(&[PathBuf::from("tests/policies/workbook.xlsx")], &signatures()).expect("it is read");
    let parts: Vec<(&str, u32)> = policy.sources[0].parts.iter().map(|p| (p.name.as_str(), p.first_line)).collect();
    assert_eq!(parts, [("第三方清单", 1), ("权限", 5)]);
    let page = wirewitness::report::policy::arrange(&policy, &signatures(), wirewitness::report::Language::En);
    let rows = page.sheets.iter().flat_map(|sheet| &sheet.rows);
    let cells: Vec<String> = rows.flat_map(|row| &row.cells).map(ToString::to_string).collect();
    for wanted in ["第三方清单, row 4", "权限, row 2"] {
        assert!(cells.iter().any(|cell| cell.contains(wanted)), "{wanted}: {cells:?}");
    }
}

#[cfg(feature = "pdf")]
#[test]
fn a_pdf_that_asks_for_a_password_says_so() {
    let message =
        policy::read(&[PathBuf::from("tests/policies/formats/locked.pdf")], &signatures()).expect_err("refused");
    assert!(message.to_string().contains("locked.pdf: a PDF that asks for a password"), "{message}");
}

/// A folder, or a ZIP, of documents of several kinds, a PDF among them.
#[cfg(feature = "pdf")]
#[test]
fn documents_of_several_kinds_are_one_policy() {
    use std::io::Write;
    let folder = tempfile::tempdir().expect("a folder");
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let files = ["formats/sample.chromium.pdf", "workbook.xlsx", "word.docx", "big5.txt", "en-table.md"];
    for file in files {
        let bytes = std::fs::read(Path::new("tests/policies").join(file)).expect("the fixture is there");
        let name = file.rsplit('/').next().expect("a name");
        std::fs::write(folder.path().join(name), &bytes).expect("written");
        zip.start_file(name, zip::write::SimpleFileOptions::default()).expect("an entry begins");
        zip.write_all(&bytes).expect("it is written");
    }
    std::fs::write(folder.path().join("logo.png"), b"\x89PNG").expect("written");
    let each: usize = files
        .iter()
        .map(|file| {
            policy::read(&[Path::new("tests/policies").join(file)], &signatures()).expect(file).third_party_count
        })
        .sum();
    let as_folder = policy::read(&[folder.path().to_owned()], &signatures()).expect("the folder is read");
    let as_zip = try_read("all.zip", zip.finish().expect("the ZIP ends").into_inner()).expect("the ZIP is read");
    let formats: Vec<&str> = as_folder.sources.iter().map(|s| s.format.as_str()).collect();
    assert_eq!(formats, ["text", "markdown", "pdf", "docx", "xlsx"]);
    assert_eq!(as_folder.third_party_count, each);
    assert_eq!(as_zip.third_parties, as_folder.third_parties);
    // Pages are counted from each document's own beginning.
    assert_eq!(as_folder.sources[2].parts[0].first_line, 1);
}

/// A PDF of objects, the first of which is the catalogue.
fn pdf(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut out = b"%PDF-1.7\n".to_vec();
    let mut places = Vec::new();
    for (number, body) in (1..).zip(objects) {
        places.push(out.len());
        out.extend(format!("{number} 0 obj").bytes());
        out.extend(body);
        out.extend(b"\nendobj\n");
    }
    let start = out.len();
    out.extend(format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).bytes());
    for place in places {
        out.extend(format!("{place:010} 00000 n \n").bytes());
    }
    out.extend(format!("trailer<</Size {}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n", objects.len() + 1).bytes());
    out
}

/// A page that draws `content` with the font `F` (object 5) and `more` objects after that.
fn page(content: &[u8], font: &str, more: &[&str]) -> Vec<u8> {
    let stream = [format!("<</Length {}>>stream\n", content.len()).as_bytes(), content, b"\nendstream"].concat();
    let mut objects: Vec<Vec<u8>> = vec![
        b"<</Type/Catalog/Pages 2 0 R>>".to_vec(),
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>".to_vec(),
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>/XObject<</X 6 0 R>>>>>>"
            .to_vec(),
        stream,
        font.as_bytes().to_vec(),
    ];
    objects.extend(more.iter().map(|o| o.as_bytes().to_vec()));
    pdf(&objects)
}

/// Text in a Chinese font that is not in the file: only the name of a character map says
/// what the codes mean (ISO 32000-1 §9.7.5.2).
#[cfg(feature = "pdf")]
#[test]
fn chinese_fonts_that_are_not_embedded_are_read() {
    let gbk = |text: &str| encoding_rs::GBK.encode(text).0.into_owned();
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>();
    type Encode<'a> = &'a dyn Fn(&str) -> Vec<u8>;
    let maps: [(&str, Encode<'_>); 4] =
        [("GBK-EUC-H", &gbk), ("UniGB-UCS2-H", &utf16), ("UniGB-UTF16-H", &utf16), ("GB-EUC-H", &gbk)];
    let rows = [
        ["SDK名称", "公司名称", "收集的个人信息"],
        ["青禾推送SDK", "北京青禾网络科技有限公司", "设备型号、手机号"],
        ["云杉统计SDK", "上海云杉信息技术有限公司", "剪贴板"],
    ];
    for (map, encode) in maps {
        let mut content = String::from("BT /F 10 Tf\n");
        for (row, cells) in rows.iter().enumerate() {
            for (column, cell) in cells.iter().enumerate() {
                let hex: String = encode(cell).iter().map(|b| format!("{b:02x}")).collect();
                content.push_str(&format!("1 0 0 1 {} {} Tm <{hex}> Tj\n", 60 + 160 * column, 700 - 24 * row));
            }
        }
        content.push_str("ET");
        let font = format!("<</Type/Font/Subtype/Type0/BaseFont/STSong-Light/Encoding/{map}/DescendantFonts[6 0 R]>>");
        let descendant = "<</Type/Font/Subtype/CIDFontType0/BaseFont/STSong-Light/CIDSystemInfo<</Registry(Adobe)/Ordering(GB1)/Supplement 4>>/DW 1000/W[1 95 500 814 939 500]>>";
        let policy = try_read("policy.pdf", page(content.as_bytes(), &font, &[descendant])).expect("it is read");
        let read: Vec<_> = policy.third_parties.iter().map(|p| (p.product.as_deref(), p.company.as_deref())).collect();
        let wanted: Vec<_> = rows[1..].iter().map(|r| (Some(r[0]), Some(r[1]))).collect();
        assert_eq!(read, wanted, "{map}");
        assert_eq!(policy.third_parties[0].data, ["device_model", "phone"], "{map}");
    }
}

#[cfg(feature = "pdf")]
#[test]
fn a_pdf_without_a_reading_says_why() {
    let refused = |bytes: Vec<u8>| try_read("policy.pdf", bytes).expect_err("it is refused").to_string();
    let font = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>";
    let picture = "<</Type/XObject/Subtype/Image/Width 1/Height 1/BitsPerComponent 8/ColorSpace/DeviceGray/Length 1>>stream\nx\nendstream";
    let scan = refused(page(b"q 500 0 0 700 40 60 cm /X Do Q", font, &[picture]));
    assert!(scan.contains("a scan: a PDF of 1 pages with 1 pictures and no text"), "{scan}");
    assert!(refused(page(b"", font, &[])).contains("a PDF of 1 pages without text"));
    assert!(refused(b"%PDF-1.7\nnothing".to_vec()).contains("cut off or damaged"));
    // Characters of a font that says nothing about them.
    let unknown = "<</Type/Font/Subtype/Type0/BaseFont/Unknown/Encoding/Identity-H/DescendantFonts[6 0 R]>>";
    let descendant = "<</Type/Font/Subtype/CIDFontType2/BaseFont/Unknown/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>/DW 1000>>";
    let message = refused(page(b"BT /F 10 Tf 60 700 Td <000100020003> Tj ET", unknown, &[descendant]));
    assert!(message.contains("fonts do not say which characters they show (3 of 3 are unknown)"), "{message}");
}

/// Two gigabytes in 700 bytes, forms and pages that hold themselves: an error or an end.
#[cfg(feature = "pdf")]
#[test]
fn a_hostile_pdf_ends() {
    let bytes = std::fs::read("tests/policies/formats/nested.pdf").expect("the fixture is there");
    assert!(bytes.len() < 1_000);
    let message = try_read("nested.pdf", bytes).expect_err("it is refused").to_string();
    // Which of the two it meets first depends on how the program was built.
    let memory = message.contains("needs more than 512 MiB of memory");
    assert!(memory || message.contains("takes more than 20 s of processor time"), "{message}");
    let font = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>";
    let form = "<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X 6 0 R>>>>/Length 15>>stream\n/X Do /X Do q Q\nendstream";
    let text = b"BT /F 10 Tf 60 700 Td (We collect your phone number.) Tj ET";
    let _ = try_read("form.pdf", page(&[text.as_slice(), b" /X Do"].concat(), font, &[form]));
    let loops =
        pdf(&[b"<</Type/Catalog/Pages 2 0 R>>".to_vec(), b"<</Type/Pages/Kids[2 0 R 2 0 R]/Count 2>>".to_vec()]);
    let _ = try_read("pages.pdf", loops);
}

#[test]
fn a_document_that_declares_nothing_gets_a_clear_answer() {
    let cases: [(&str, &str); 4] = [
        (
            "login.html",
            "<html><title>登录</title><body><form><label>手机号</label><input name=phone><label>验证码</label><input></form><p>登录即表示同意用户协议</p></body></html>",
        ),
        (
            "terms.txt",
            "用户服务协议\n\n一、总则\n您在使用本服务之前，应当认真阅读本协议。\n\n二、账号\n您应当妥善保管账号与密码，不得出借。\n\n三、违约\n您违反本协议的，我们有权中止服务。\n\n四、法律适用\n本协议适用中华人民共和国法律。\n",
        ),
        (
            "notice.md",
            "# Privacy notice\n\nWe care about your privacy. You may contact us with questions.\n\n## Changes\n\nWe may update this notice from time to time.\n",
        ),
        (
            "table.html",
            "<table><tr><th>版本</th><th>日期</th><th>改动</th></tr><tr><td>1.0</td><td>2026年</td><td>首次发布</td></tr></table>",
        ),
    ];
    for (name, text) in cases {
        let policy = try_read(name, text.as_bytes().to_vec()).expect(name);
        assert!(policy.third_parties.is_empty(), "{name}: {:?}", policy.third_parties);
        let source = &policy.sources[0];
        let said = policy.remarks.iter().find(|r| r.code == "no-third-parties").expect(name);
        let wanted = format!("none found, looked at {} tables and {} paragraphs", source.tables, source.paragraphs);
        assert!(said.message.contains(&wanted), "{name}: {}", said.message);
        assert!(source.tables + source.paragraphs > 0, "{name}");
        assert!(policy.remarks.iter().any(|r| r.code == "says-nothing"), "{name}: {:?}", policy.remarks);
    }
}

#[test]
fn a_policy_on_paper_is_escaped_and_runs_nothing() {
    use calamine::Reader;
    use wirewitness::report::{Language, policy as paper, xlsx};
    let signatures = signatures();
    let table = "| SDK名称 | 收集信息 | 使用目的 |\n|---|---|---|\n| 青禾&lt;img src=x&gt;推送SDK | IMEI | =HYPERLINK(\"x\") |\n";
    let policy = try_read("a.md", table.into()).expect("it is read");
    let view = paper::arrange(&policy, &signatures, Language::Zh);
    let page = paper::html::render(&view, Language::Zh).expect("the page is written");
    assert!(!page.contains("<img") && page.contains("img src=x"), "{page}");
    assert!(page.contains("default-src 'none'; style-src 'sha256-") && !page.contains("<script"), "{page}");
    assert!(page.contains("第 3 行") && page.contains("需要人工核对"), "{page}");
    let book = xlsx::render(&view.sheets).expect("the workbook is written");
    assert_eq!(book, xlsx::render(&view.sheets).expect("again"));
    let mut book: calamine::Xlsx<_> = calamine::Xlsx::new(std::io::Cursor::new(book)).expect("a workbook");
    let names = book.sheet_names();
    assert_eq!(names.len(), view.sheets.len());
    let cells = book.worksheet_range("第三方").expect("the sheet is there");
    assert!(cells.used_cells().any(|(_, _, cell)| *cell == "=HYPERLINK(\"x\")"), "{cells:?}");
    for name in names {
        let formulas = book.worksheet_formula(&name).expect("the sheet is there");
        assert!(formulas.used_cells().all(|(_, _, formula)| formula.is_empty()), "{name}");
    }
}

/// What a person corrected is believed, and every report says whose reading it is.
#[test]
fn a_corrected_row_shows_in_the_audit() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = |arguments: &[&str]| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_wirewitness"))
            .args(arguments)
            .current_dir(folder.path())
            .output()
            .expect("it runs");
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    run(&["demo", "case"]);
    let csv = run(&["policy", "case/policy.txt", "--format", "csv"]);
    let row = csv.lines().find(|line| line.starts_with("third_party")).expect("a row");
    let edited_csv = csv.replacen(row, &row.replacen("android_id", "oaid", 1), 1);
    assert_ne!(edited_csv, csv, "{row}");
    // As spreadsheets save it where commas are decimal points, and as "Unicode text".
    let saved = |delimiter: u8| {
        let mut out = csv::WriterBuilder::new().delimiter(delimiter).flexible(true).from_writer(Vec::new());
        let mut rows = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(edited_csv.as_bytes());
        rows.records().for_each(|row| out.write_record(&row.expect("a row")).expect("written"));
        String::from_utf8(out.into_inner().expect("written")).expect("UTF-8")
    };
    let semicolons = saved(b';');
    let tabs = saved(b'\t').trim_start_matches('\u{feff}').to_owned();
    let utf16: Vec<u8> = std::iter::once(0xfeff).chain(tabs.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let json = run(&["policy", "case/policy.txt", "--format", "json"]);
    let mut edited: Value = serde_json::from_str(&json).expect("JSON");
    for id in edited["third_parties"][0]["data"].as_array_mut().expect("a list") {
        if id == "android_id" {
            *id = "oaid".into();
        }
    }
    let edited_json = edited.to_string();
    assert_ne!(edited, serde_json::from_str::<Value>(&json).expect("JSON"));
    let cases = [
        ("read.csv", csv.as_bytes(), 0),
        ("edited.csv", edited_csv.as_bytes(), 1),
        ("semicolons.csv", semicolons.as_bytes(), 1),
        ("tabs.csv", utf16.as_slice(), 1),
        ("read.json", json.as_bytes(), 0),
        ("edited.json", edited_json.as_bytes(), 1),
    ];
    for (name, text, marked) in cases {
        std::fs::write(folder.path().join(name), text).expect("written");
        let audit = |format: &str| run(&["audit", "case", "--policy", name, "--quiet", "--format", format]);
        let page = audit("html");
        let list = page.split("<section id=\"policy\"").nth(1).and_then(|rest| rest.split("</section>").next());
        assert_eq!(list.expect("the reading").matches("corrected by a reviewer").count(), marked, "{name}");
        assert_eq!(page.contains("corrected by a reviewer"), marked > 0, "{name}");
        let report: Value = serde_json::from_str(&audit("json")).expect("a report is JSON");
        let parties = report["declarations"]["third_parties"].as_array().expect("a list");
        let corrected: Vec<usize> =
            (0..).zip(parties).filter(|(_, p)| p["corrected"] == true).map(|(i, _)| i).collect();
        assert_eq!(corrected, vec![0; marked], "{name}");
        for text in [audit("text"), page] {
            assert_eq!(text.matches("rows corrected by a reviewer: 1").count(), marked, "{name}: {text}");
        }
    }
}
