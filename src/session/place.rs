//! Where something stands in a TOML file that a person wrote.

use std::ops::Range;

/// The line, from 1, of the byte `at`.
pub(crate) fn line_at(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|b| *b == b'\n').count() + 1
}

/// What is wrong with `text`, and in which line. Not the line itself: what stands in a device's
/// profile is not for a log.
pub(super) fn problem(text: &str, error: &toml::de::Error) -> String {
    told(text, error.span(), error.message())
}

/// The same of a file that is to be changed.
pub(super) fn problem_of_document(text: &str, error: &toml_edit::TomlError) -> String {
    told(text, error.span(), error.message())
}

fn told(text: &str, span: Option<Range<usize>>, message: &str) -> String {
    let line = span.map_or(1, |span| line_at(text, span.start));
    format!("line {line}: {}", message.trim().replace('\n', " "))
}
