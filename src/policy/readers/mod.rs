//! Formats to blocks: one reader a format.
//!
//! A reader leaves out what is not the document (navigation, scripts) and judges
//! nothing. Plain text inside another format (`<pre>`, code blocks) goes through
//! the reader for plain text.

mod archive;
mod columns;
mod docx;
mod grid;
mod html;
mod jsx;
mod literals;
mod markdown;
mod marks;
mod mhtml;
#[cfg(feature = "pdf")]
pub mod pdf;
mod rows;
mod script;
mod sheet;
mod text;
mod wrapped;

pub use archive::{Archive, Contents, is_zip};
pub use literals::of_a_string;
pub use mhtml::{is_mhtml, read as read_mhtml};

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::block::Block;
use super::limits;
use super::model::Part;

/// What a reader hands on.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Document {
    /// The document from its beginning.
    pub blocks: Vec<Block>,
    /// Pages or sheets, where the format has some.
    pub parts: Vec<Part>,
    /// Bytes of markup that were left out, because there was too much of it.
    #[serde(default)]
    pub unread: usize,
}

impl From<Vec<Block>> for Document {
    fn from(blocks: Vec<Block>) -> Self {
        Self { blocks, ..Self::default() }
    }
}

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
    /// Portable Document Format.
    Pdf,
    /// A page saved with its parts.
    Mhtml,
    /// A component of a page: HTML beside the program that fills it.
    Component,
    /// A program with elements in it.
    Jsx,
}

/// The bytes are a PDF: its mark stands in the first kilobyte (ISO 32000-1, H.3 note 13).
pub fn is_pdf(bytes: &[u8]) -> bool {
    let head = bytes.get(..bytes.len().min(1024)).unwrap_or_default();
    // A text may mention the mark: there it is not alone at the beginning of a line.
    head.starts_with(b"%PDF-") || head.windows(6).any(|w| w == b"\n%PDF-" || w == b"\r%PDF-")
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
            Self::Pdf => "pdf",
            Self::Mhtml => "mhtml",
            Self::Component => "component",
            Self::Jsx => "jsx",
        }
    }

    /// By the name's ending where it says something, else by the content.
    pub fn of(name: &str, text: &str) -> Self {
        let ending = name.rsplit_once('.').map(|(_, e)| e.to_ascii_lowercase()).unwrap_or_default();
        let head: String = text.chars().take(4096).collect::<String>().to_ascii_lowercase();
        let marked_up = ["<!doctype html", "<html", "<body", "<div", "<table", "<p>", "<p ", "<span", "<h1", "<h2"];
        match ending.as_str() {
            "jsx" | "tsx" => Self::Jsx,
            "vue" | "svelte" => Self::Component,
            "js" | "mjs" | "ts" | "json" if is_jsx(text) => Self::Jsx,
            "js" | "mjs" | "ts" | "json" | "java" | "kt" | "kts" | "swift" | "dart" | "py" | "cs" | "go" | "m"
            | "strings" | "arb" => Self::Literals,
            "csv" | "tsv" => Self::Csv,
            "md" | "markdown" | "mdown" | "mdx" => Self::Markdown,
            "html" | "htm" | "xhtml" | "shtml" | "jsp" | "php" | "asp" | "aspx" => Self::Html,
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

/// A program that returns elements.
fn is_jsx(text: &str) -> bool {
    ["className=", "return (\n", "=> ("].iter().any(|sign| text.contains(sign)) && text.contains("</")
}

/// Endings of documents that a folder or a ZIP may hold beside other files.
const DOCUMENTS: [&str; 21] = [
    "txt", "text", "md", "markdown", "mdx", "html", "htm", "xhtml", "vue", "csv", "tsv", "docx", "xlsx", "js", "json",
    "pdf", "mhtml", "mht", "jsx", "tsx", "svelte",
];

/// A file of this name in a folder or a ZIP is a document.
pub fn is_document(name: &str) -> bool {
    let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let ending = file.rsplit_once('.').map(|(_, e)| e.to_ascii_lowercase()).unwrap_or_default();
    !file.starts_with(['.', '~']) && DOCUMENTS.contains(&ending.as_str())
}

/// A document that is text; the error is words for the user.
pub fn read(format: Format, text: &str) -> Result<Document, String> {
    let text = match format {
        Format::Text | Format::Markdown => narrow_bars(text),
        _ => Cow::Borrowed(text),
    };
    let (text, unread) = match format {
        Format::Text | Format::Csv => (text.as_ref(), 0),
        _ => limits::tags(&text),
    };
    Ok(Document { blocks: blocks(format, text)?, unread, ..Document::default() })
}

/// A table between full-width bars, as a Chinese keyboard types them, is one between bars.
fn narrow_bars(text: &str) -> Cow<'_, str> {
    if text.contains('｜') { Cow::Owned(text.replace('｜', "|")) } else { Cow::Borrowed(text) }
}

fn blocks(format: Format, text: &str) -> Result<Vec<Block>, String> {
    Ok(match format {
        Format::Markdown => markdown::read(text),
        Format::Html => html::read(text),
        Format::Literals => literals::read(text),
        Format::Component => {
            let mut blocks = html::read_marked(&marks::annotate(text, 1));
            blocks.extend(script::read(text, 1));
            blocks.sort_by_key(|block| block.line);
            blocks
        }
        Format::Jsx => jsx::read(text),
        Format::Csv => sheet::read_csv(text)?,
        Format::Text | Format::Docx | Format::Xlsx | Format::Pdf | Format::Mhtml => text::read(text),
    })
}

/// The blocks of a ZIP that is one document.
pub fn packed(format: Format, archive: &mut Archive<'_>, bytes: &[u8]) -> Result<Document, String> {
    match format {
        Format::Xlsx => {
            // Everything once, so that what the workbook's reader unpacks is within limits.
            for name in archive.names() {
                archive.read(&name)?;
            }
            sheet::read_xlsx(bytes)
        }
        _ => docx::read(archive).map(Document::from),
    }
}
