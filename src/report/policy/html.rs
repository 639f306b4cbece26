//! One self-contained page: no script, nothing from outside, one style that its content
//! security policy names by hash. The template escapes every value.

use askama::Template;
use sha2::Digest;

use super::words::Words;
use super::{View, language_words};
use crate::report::Language;
use crate::report::sheet::{Cell, Sheet};

/// The page's style, part of the page.
const STYLE: &str = include_str!("../../../templates/policy.css");

#[derive(Template)]
#[template(path = "policy.html")]
struct Page<'a> {
    view: &'a View,
    sheets: Vec<Shown<'a>>,
    words: &'a Words,
    lang: &'a str,
    style: &'a str,
    style_hash: String,
}

/// A sheet without the columns that are empty in every row: a page is only so wide.
struct Shown<'a> {
    id: &'a str,
    title: &'a str,
    heads: Vec<&'a str>,
    rows: Vec<(&'static str, Vec<String>)>,
}

impl<'a> Shown<'a> {
    fn of(sheet: &'a Sheet) -> Self {
        let filled = |column: &usize| sheet.rows.iter().any(|r| r.cells.get(*column).is_some_and(|c| !c.is_empty()));
        let kept: Vec<usize> = (0..sheet.heads.len()).filter(filled).collect();
        let cells = |cells: &[Cell]| -> Vec<String> {
            kept.iter().map(|at| cells.get(*at).map(Cell::to_string).unwrap_or_default()).collect()
        };
        Self {
            id: sheet.id,
            title: &sheet.title,
            heads: kept.iter().filter_map(|at| sheet.heads.get(*at).map(String::as_str)).collect(),
            rows: sheet.rows.iter().map(|row| (row.mark.class(), cells(&row.cells))).collect(),
        }
    }
}

/// The page, with a last line feed; the error is the template's.
pub fn render(view: &View, language: Language) -> Result<String, askama::Error> {
    let page = Page {
        view,
        sheets: view.sheets.iter().map(Shown::of).collect(),
        words: language_words(language),
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
