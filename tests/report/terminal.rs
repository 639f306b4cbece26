//! The terminal report.

use wirewitness::audit::Report;
use wirewitness::policy;
use wirewitness::report::terminal::{Options, render};
use wirewitness::report::{Language, html};
use wirewitness::signatures::Signatures;

use super::{hostile, keep, sample};

const LANGUAGES: [Language; 2] = [Language::En, Language::Zh];

/// Columns of a line as a terminal shows them: wide are CJK and fullwidth forms.
fn columns(line: &str) -> usize {
    let wide = |c: char| matches!(u32::from(c), 0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0xfe30..=0xfe6f | 0xff00..=0xff60 | 0xffe0..=0xffe6);
    line.chars().map(|c| if wide(c) { 2 } else { 1 }).sum()
}

#[test]
fn no_line_is_wider_than_asked_for() {
    let report = sample(|_, _, _| {});
    for language in LANGUAGES {
        for width in [80, 100, 120] {
            let text = render(&report, &Options { language, color: false, width }).unwrap();
            keep(&format!("report.{}.{width}.txt", language.tag()), &text);
            for line in text.lines() {
                assert!(columns(line) <= usize::from(width), "{} columns of {width}: {line}", columns(line));
            }
        }
    }
}

#[test]
fn both_sides_of_a_finding_are_quoted() {
    let report = sample(|_, _, _| {});
    let text = render(&report, &Options { language: Language::En, color: false, width: 120 }).unwrap();
    for finding in &report.findings {
        assert!(text.contains(&finding.code) && text.contains(&finding.fingerprint), "{}", finding.code);
    }
    assert!(text.contains("policy.txt line 13: “"), "the policy's line is quoted");
    assert!(text.contains("frame.number in {"), "frames are given as a display filter");
    assert!(text.contains("86····…··17"), "the value is masked");
}

#[test]
fn coverage_is_last_and_never_clean() {
    for language in LANGUAGES {
        let nothing_found = sample(|observations, _, _| {
            observations.flows.clear();
            observations.sightings.clear();
            observations.contacts.retain(|c| c.recipient == "first-party");
        });
        assert!(nothing_found.findings.is_empty());
        let text = render(&nothing_found, &Options { language, ..Options::default() }).unwrap();
        let last = text.lines().rfind(|line| !line.trim().is_empty()).unwrap();
        let expected = match language {
            Language::En => "No finding in the 83 % that could be read. What the other 17 % holds is not known.",
            Language::Zh => "在可读的 83 % 流量中没有发现。其余 17 % 的内容未知。",
        };
        assert_eq!(last, expected);
        assert!(!text.to_lowercase().contains("clean"));
    }
}

#[test]
fn nothing_opened_says_nothing_about_the_app() {
    let unread = sample(|observations, _, _| {
        observations.flows.clear();
        observations.sightings.clear();
        observations.contacts.clear();
        observations.coverage.opened_bytes = 0;
        observations.coverage.opened_messages = 0;
    });
    let text = render(&unread, &Options::default()).unwrap();
    assert!(text.contains("this report says nothing about the app"), "{text}");
    assert!(!text.contains("No finding"));
}

/// A login page in the policy's place: everything is held against an empty table, which the
/// answer itself says, and not only a remark.
#[test]
fn a_document_that_is_no_policy_is_named_in_the_answer() {
    let report = against_a_login_page();
    let own = sample(|_, _, _| {});
    for (language, said) in LANGUAGES.into_iter().zip(["says nothing about personal information", "没有谈到个人信息"])
    {
        let text = render(&report, &Options { language, ..Options::default() }).unwrap();
        assert!(text.contains(said), "{text}");
        assert!(!render(&own, &Options { language, ..Options::default() }).unwrap().contains(said));
    }
}

/// What stayed sealed and what the policy's reader remarks is told in the report's language.
#[test]
fn reasons_and_remarks_are_told_in_the_language_of_the_report() {
    let report = against_a_login_page();
    let told = [
        ["a key that only the server has", "no third parties declared: none found, looked at 0 tables"],
        ["只有服务器持有的密钥", "没有声明第三方：查看了 0 个表格"],
    ];
    for (at, language) in LANGUAGES.into_iter().enumerate() {
        let page = html::render(&report, language).unwrap();
        for (of, said) in told.iter().enumerate() {
            assert!(said.iter().all(|said| page.contains(said) == (of == at)), "{}: {said:?}", language.tag());
        }
    }
}

/// The sample, held against a page that is no policy.
fn against_a_login_page() -> Report {
    let signatures = Signatures::embedded().unwrap();
    let page = b"<title>Sign in</title><form>Name <input> Password <input></form>".to_vec();
    let login = policy::read_documents(&[("login.html".to_owned(), page)], &signatures).unwrap();
    sample(|_, policy, _| *policy = login)
}

#[test]
fn styles_only_where_asked_for() {
    let report = sample(|_, _, _| {});
    for language in LANGUAGES {
        let plain = render(&report, &Options { language, color: false, width: 100 }).unwrap();
        let colored = render(&report, &Options { language, color: true, width: 100 }).unwrap();
        assert!(!plain.contains('\u{1b}'));
        assert!(colored.contains('\u{1b}'));
        assert_eq!(anstream::adapter::strip_str(&colored).to_string(), plain, "styles change no column");
    }
}

#[test]
fn a_capture_cannot_act_on_the_terminal() {
    for language in LANGUAGES {
        let text = render(&hostile(), &Options { language, color: false, width: 100 }).unwrap();
        assert!(text.contains("\\u{1b}[2J"), "the escape is shown");
        assert!(text.chars().all(|c| c == '\n' || !c.is_control()));
        assert!(!text.contains('\u{202e}'));
    }
}
