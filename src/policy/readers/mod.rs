//! Formats to blocks: one reader a format.
//!
//! A reader leaves out what is not the document (navigation, scripts) and judges
//! nothing. Plain text inside another format (`<pre>`, code blocks) goes through
//! the reader for plain text.

mod archive;
mod docx;
mod html;
mod literals;
mod markdown;
mod marks;
mod sheet;
mod text;

pub use archive::{Archive, Contents, is_zip};

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
    /// Program text or JSON with the policy in strings.
    Literals,
    /// Values separated by commas, semicolons or tabs.
    Csv,
    /// Office Open XML text.
    Docx,
    /// Office Open XML workbook.
    Xlsx,
}

/// How a file of code or JSON begins.
const LITERALS: [&str; 7] = ["{\"", "{\n", "[{", "[\n", "export ", "module.exports", "window."];

impl Format {
    /// Name in the policy's JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Markdown => "markdown",
            Self::Html => "html",
            Self::Literals => "literals",
            Self::Csv => "csv",
            Self::Docx => "docx",
            Self::Xlsx => "xlsx",
        }
    }

    /// By the name's ending where it says something, else by the content.
    pub fn of(name: &str, text: &str) -> Self {
        let ending = name.rsplit_once('.').map(|(_, e)| e.to_ascii_lowercase()).unwrap_or_default();
        let head: String = text.chars().take(4096).collect::<String>().to_ascii_lowercase();
        let marked_up = ["<!doctype html", "<html", "<body", "<div", "<table", "<p>", "<p ", "<span", "<h1", "<h2"];
        match ending.as_str() {
            "js" | "mjs" | "ts" | "json" | "java" | "kt" | "kts" | "swift" | "dart" | "py" | "cs" | "go" | "m"
            | "strings" | "arb" => Self::Literals,
            "csv" | "tsv" => Self::Csv,
            "md" | "markdown" | "mdown" | "mdx" => Self::Markdown,
            "html" | "htm" | "xhtml" | "shtml" | "vue" | "jsp" | "php" | "asp" | "aspx" => Self::Html,
            _ if LITERALS.iter().any(|begin| head.trim_start().starts_with(begin)) => Self::Literals,
            _ if marked_up.iter().any(|tag| head.contains(tag)) => Self::Html,
            "txt" | "text" => Self::Text,
            _ if head.lines().any(|l| l.starts_with("# ") || l.starts_with("## ") || l.starts_with("| ---")) => {
                Self::Markdown
            }
            _ => Self::Text,
        }
    }
}

/// Endings of documents that a folder or a ZIP may hold beside other files.
const DOCUMENTS: [&str; 15] =
    ["txt", "text", "md", "markdown", "mdx", "html", "htm", "xhtml", "vue", "csv", "tsv", "docx", "xlsx", "js", "json"];

/// A file of this name in a folder or a ZIP is a document.
pub fn is_document(name: &str) -> bool {
    let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let ending = file.rsplit_once('.').map(|(_, e)| e.to_ascii_lowercase()).unwrap_or_default();
    !file.starts_with(['.', '~']) && DOCUMENTS.contains(&ending.as_str())
}

/// The blocks of a document that is text; the error is words for the user.
pub fn blocks(format: Format, text: &str) -> Result<Vec<Block>, String> {
    Ok(match format {
        Format::Markdown => markdown::read(text),
        Format::Html => html::read(text),
        Format::Literals => literals::read(text),
        Format::Csv => sheet::read_csv(text)?,
        Format::Text | Format::Docx | Format::Xlsx => text::read(text),
    })
}

/// The blocks of a ZIP that is one document.
pub fn packed(format: Format, archive: &mut Archive<'_>, bytes: &[u8]) -> Result<Vec<Block>, String> {
    match format {
        Format::Xlsx => {
            // Everything once, so that what the workbook's reader unpacks is within limits.
            for name in archive.names() {
                archive.read(&name)?;
            }
            sheet::read_xlsx(bytes)
        }
        _ => docx::read(archive),
    }
}
