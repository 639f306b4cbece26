//! What the stages say in English, in the language of the report.
//!
//! A stage words a gap, and how a value was written, in English, which is what the JSON
//! has; it knows no other language. `gaps.tsv` (sentences and places) and `forms.tsv`
//! have the other one: a line each, sorted, with `{}` where it differs from case to case.
//! What fills a `{}` is itself looked up (`link layers … is not read`). What is in no line
//! stays English.

use std::borrow::Cow;
use std::sync::LazyLock;

use super::Language;

/// English and Chinese.
type Line = (&'static str, &'static str);

static GAPS: LazyLock<Vec<Line>> = LazyLock::new(|| lines(include_str!("gaps.tsv")));
static FORMS: LazyLock<Vec<Line>> = LazyLock::new(|| lines(include_str!("forms.tsv")));

fn lines(table: &'static str) -> Vec<Line> {
    table.lines().filter_map(|line| line.split_once('\t')).collect()
}

impl Language {
    /// The detail or the place of a gap.
    pub fn of_gap(self, english: &str) -> Cow<'_, str> {
        match self {
            Self::En => Cow::Borrowed(english),
            Self::Zh => chinese(&GAPS, english),
        }
    }

    /// How a value was written: `upper`, `as-is in base64`.
    pub fn of_form(self, english: &str) -> Cow<'_, str> {
        match self {
            Self::En => Cow::Borrowed(english),
            Self::Zh => chinese(&FORMS, english),
        }
    }
}

/// By the line that has most of the text's own words.
fn chinese<'a>(lines: &[Line], english: &'a str) -> Cow<'a, str> {
    let fits = lines.iter().filter_map(|line| Some((line, filling(line.0, english)?)));
    let Some(((_, sentence), values)) = fits.max_by_key(|((template, _), _)| template.len()) else {
        return Cow::Borrowed(english);
    };
    let values: Vec<Cow<'_, str>> = values.into_iter().map(|value| chinese(lines, value)).collect();
    let values: Vec<&dyn std::fmt::Display> = values.iter().map(|value| value as _).collect();
    Cow::Owned(super::fill(sentence, &values))
}

/// What stands in `text` where `template` has `{}`; none where the rest differs.
fn filling<'a>(template: &str, text: &'a str) -> Option<Vec<&'a str>> {
    let mut parts = template.split("{}");
    let mut rest = text.strip_prefix(parts.next()?)?;
    let mut values = Vec::new();
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        let (value, behind) = match parts.peek() {
            Some(_) => rest.split_once(part)?,
            None => (rest.strip_suffix(part)?, ""),
        };
        if value.is_empty() {
            return None;
        }
        values.push(value);
        rest = behind;
    }
    rest.is_empty().then_some(values)
}

#[cfg(test)]
mod tests;
