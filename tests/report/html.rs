//! The HTML page.

use sha2::Digest;
use wirewitness::report::Language;
use wirewitness::report::html::render;

use super::{hostile, keep, sample};

const LANGUAGES: [Language; 2] = [Language::En, Language::Zh];

#[test]
fn one_page_with_one_script_and_nothing_from_outside() {
    for language in LANGUAGES {
        let page = render(&sample(|_, _, _| {}), language).unwrap();
        keep(&format!("report.{}.html", language.tag()), &page);
        assert_eq!(page.matches("<script").count(), 1);
        for forbidden in ["<link", "<img", "<iframe", "<object", "<form", "src=", "@import", "url(", " style="] {
            assert!(!page.contains(forbidden), "{forbidden}");
        }
        for handler in page.split(" on").skip(1) {
            let name: String = handler.chars().take_while(char::is_ascii_alphabetic).collect();
            assert!(!handler[name.len()..].starts_with('='), "on{name}=");
        }
        let links: Vec<&str> = page.split("href=\"").skip(1).collect();
        assert!(links.iter().all(|link| link.starts_with('#')), "links stay in the page");
    }
}

#[test]
fn the_security_policy_names_the_one_style_and_the_one_script_by_hash() {
    let page = render(&sample(|_, _, _| {}), Language::En).unwrap();
    let hash = |name: &str| {
        assert_eq!(page.matches(&format!("<{name}>")).count(), 1);
        let inside = page.split(&format!("<{name}>")).nth(1).and_then(|rest| rest.split(&format!("</{name}>")).next());
        data_encoding::BASE64.encode(&sha2::Sha256::digest(inside.unwrap().as_bytes()))
    };
    let policy = format!(
        "content=\"default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'\"",
        hash("style"),
        hash("script")
    );
    assert!(page.contains(&policy));
}

#[test]
fn both_sides_clauses_and_method_are_there() {
    let report = sample(|_, _, _| {});
    for language in LANGUAGES {
        let page = render(&report, language).unwrap();
        for finding in &report.findings {
            assert!(page.contains(&format!("<article id=\"{}\"", finding.fingerprint)), "{}", finding.code);
            for clause in &finding.clauses {
                assert!(page.contains(&format!("<code>{clause}</code>")), "{clause}");
            }
        }
        for input in &report.inputs {
            assert!(page.contains(&input.sha256));
        }
        assert!(page.contains(&report.tool.signatures_sha256));
        assert!(page.contains(&format!("2026-03-01T08:00:20.000000Z {}", language.mark("consent-given"))));
        assert!(page.contains("frame.number in {"));
    }
}

#[test]
fn every_anchor_has_its_place() {
    let page = render(&sample(|_, _, _| {}), Language::Zh).unwrap();
    for link in page.split("href=\"#").skip(1) {
        let target = link.split('"').next().unwrap();
        assert!(page.contains(&format!("id=\"{target}\"")), "{target}");
    }
}

#[test]
fn nothing_of_a_capture_or_policy_is_markup() {
    for language in LANGUAGES {
        let page = render(&hostile(), language).unwrap();
        assert!(page.matches("<script").count() == 1 && !page.contains("alert(1)<"));
        assert!(page.contains("&#60;script&#62;alert(1)&#60;/script&#62;"), "it is shown as text");
        assert!(page.contains("\\u{202e}live") && !page.contains('\u{202e}'));
        assert!(page.chars().all(|c| c == '\n' || !c.is_control()));
        assert!(page.contains("{{7*7}}"), "no template inside of values");
    }
}

#[test]
fn the_same_report_is_the_same_page() {
    let report = sample(|_, _, _| {});
    assert_eq!(render(&report, Language::En).unwrap(), render(&report, Language::En).unwrap());
}
