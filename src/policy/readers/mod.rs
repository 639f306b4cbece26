//! Formats to blocks: one reader a format.
//!
//! A reader leaves out what is not the document (navigation, scripts) and judges
//! nothing. Plain text inside another format (`<pre>`, code blocks) goes through
//! the reader for plain text.

mod html;
mod markdown;
mod marks;
mod text;

use super::block::Block;

/// What a document was read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Plain text.
    Text,
    /// Markdown, with HTML inside it.
    Markdown,
    /// HTML.
    Html,
}

impl Format {
    /// Name in the policy's JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Markdown => "markdown",
            Self::Html => "html",
        }
    }

    /// By the name's ending where it says something, else by the content.
    pub fn of(name: &str, text: &str) -> Self {
        let ending = name.rsplit_once('.').map(|(_, e)| e.to_ascii_lowercase()).unwrap_or_default();
        let head: String = text.chars().take(4096).collect::<String>().to_ascii_lowercase();
        let marked_up = ["<!doctype html", "<html", "<body", "<div", "<table", "<p>", "<p ", "<span", "<h1", "<h2"];
        match ending.as_str() {
            "md" | "markdown" | "mdown" | "mdx" => Self::Markdown,
            "html" | "htm" | "xhtml" | "shtml" | "vue" | "jsp" | "php" | "asp" | "aspx" => Self::Html,
            _ if marked_up.iter().any(|tag| head.contains(tag)) => Self::Html,
            "txt" | "text" => Self::Text,
            _ if head.lines().any(|l| l.starts_with("# ") || l.starts_with("## ") || l.starts_with("| ---")) => {
                Self::Markdown
            }
            _ => Self::Text,
        }
    }
}

/// The blocks of a document.
pub fn blocks(format: Format, text: &str, source: u32) -> Vec<Block> {
    let mut blocks = match format {
        Format::Text => text::read(text),
        Format::Markdown => markdown::read(text),
        Format::Html => html::read(text),
    };
    for block in &mut blocks {
        block.source = source;
    }
    blocks
}
