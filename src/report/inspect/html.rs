//! The observations as one self-contained page, in the style of the report's.

use askama::Template;
use sha2::Digest;

use super::{Section, Sort, View, arrange};
use crate::observations::Observations;
use crate::report::language::{Language, Words};
use crate::signatures::Signatures;

/// The report's style, and what only this page needs.
const STYLE: &str =
    concat!(include_str!("../../../templates/report.css"), include_str!("../../../templates/inspect.css"));

#[derive(Template)]
#[template(path = "inspect.html")]
struct Page<'a> {
    view: &'a View,
    words: &'a Words,
    lang: &'a str,
    style: &'a str,
    style_hash: String,
}

impl Page<'_> {
    fn anchors(&self) -> impl Iterator<Item = (usize, &Section)> {
        self.view.sections.iter().enumerate()
    }
}

/// The page, with a last line feed. The template escapes every value.
pub fn render(
    seen: &Observations,
    signatures: &Signatures,
    language: Language,
    sort: Sort,
) -> Result<String, askama::Error> {
    let view = arrange(seen, signatures, language, sort);
    let page = Page {
        view: &view,
        words: language.words(),
        lang: language.tag(),
        style: STYLE,
        style_hash: data_encoding::BASE64.encode(&sha2::Sha256::digest(STYLE.as_bytes())),
    };
    let mut text = page.render()?;
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Ok(text)
}
