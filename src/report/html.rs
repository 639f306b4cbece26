//! One self-contained page: nothing from outside, one style and one script, which its
//! content security policy names by hash.
//!
//! The template escapes every value; characters that cannot be seen were made visible
//! before. So nothing that stands in a capture or a policy can be markup here, and the
//! script only hides and shows what the page says without it.

use askama::Template;
use sha2::Digest;

use super::language::{Language, Words, fill};
use super::view::{self, View};
use crate::audit::Report;

/// The page's style, part of the page.
const STYLE: &str = include_str!("../../templates/report.css");
/// The page's script, likewise.
const SCRIPT: &str = include_str!("../../templates/report.js");

/// The page cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum HtmlError {
    /// The report does not survive its own JSON (see [`super::escape::shown`]).
    #[error("the report cannot be arranged: {0}")]
    Arrange(#[from] serde_json::Error),
    /// The template failed.
    #[error("the page cannot be written: {0}")]
    Template(#[from] askama::Error),
}

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    view: &'a View,
    page: view::Page,
    words: &'a Words,
    lang: &'a str,
    style: &'a str,
    style_hash: String,
    script: &'a str,
    script_hash: String,
    width: u32,
    tool: String,
    legend: Vec<&'a str>,
    parties_intro: String,
    rhythm_more: String,
}

/// The page, with a last line feed.
pub fn render(report: &Report, language: Language) -> Result<String, HtmlError> {
    let shown = super::escape::shown(report)?;
    let mut view = view::arrange(&shown, language);
    let arranged = view::page(&shown, &mut view, language);
    let hash = |text: &str| data_encoding::BASE64.encode(&sha2::Sha256::digest(text.as_bytes()));
    let words = language.words();
    let page = Page {
        view: &view,
        rhythm_more: fill(words.clauses_more, &[&view.rhythms.len().saturating_sub(arranged.rhythms)]),
        page: arranged,
        words,
        lang: language.tag(),
        style: STYLE,
        style_hash: hash(STYLE),
        script: SCRIPT,
        script_hash: hash(SCRIPT),
        width: view::WIDTH,
        tool: format!("{} {}", shown.tool.name, shown.tool.version),
        parties_intro: fill(words.policy_read_intro, &[&view.parties.len()]),
        legend: words.matrix_legend.split("   ").collect(),
    };
    let mut text = page.render()?;
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Ok(text)
}
