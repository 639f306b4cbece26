//! MHTML: a page saved with all it shows, as one message of MIME parts (RFC 2557).
//!
//! The parts that are pages are read, the main one and its frames; pictures and styles
//! are not. Lines are those of the pages, as the transfer encoding's lines are not what
//! anyone reads, and are counted on through all pages.

use mailparse::MailHeaderMap;

use super::super::model::Part;
use super::super::{encoding, limits};
use super::{Document, html};

/// Parts of one message; a page with a hundred pictures has some hundreds.
const MOST_PARTS: usize = 4_096;
/// How much of the beginning is searched for the header.
const HEADER: usize = 4 << 10;

/// The bytes are a page saved as MHTML.
pub fn is_mhtml(bytes: &[u8]) -> bool {
    let head = String::from_utf8_lossy(bytes.get(..bytes.len().min(HEADER)).unwrap_or_default()).to_ascii_lowercase();
    let header = head.trim_start_matches('\u{feff}').trim_start();
    let named = ["from:", "mime-version:", "content-type:", "snapshot-content-location:", "subject:", "date:"];
    named.iter().any(|name| header.starts_with(name))
        && header.contains("content-type: multipart/")
        && header.contains("boundary=")
}

/// The blocks of its pages; the error is words for the user.
pub fn read(bytes: &[u8]) -> Result<Document, String> {
    let message = mailparse::parse_mail(bytes).map_err(|e| format!("an MHTML page that cannot be read ({e})"))?;
    let mut document = Document::default();
    let mut lines = 0u32;
    for part in message.parts().take(MOST_PARTS) {
        if !matches!(part.ctype.mimetype.as_str(), "text/html" | "application/xhtml+xml" | "text/plain") {
            continue;
        }
        let body = part.get_body_raw().map_err(|e| format!("an MHTML page with a part that cannot be read ({e})"))?;
        let (text, _) = encoding::decode_as(part.ctype.params.get("charset").map(String::as_str), &body);
        let first = lines.saturating_add(1);
        let place = part.headers.get_first_value("Content-Location").unwrap_or_default();
        document.parts.push(Part { name: place, first_line: first });
        let (page, unread) = limits::tags(&text);
        document.unread += unread;
        document.blocks.extend(html::read_from(page, first));
        lines = lines.saturating_add(u32::try_from(text.lines().count()).unwrap_or(u32::MAX));
    }
    if document.parts.is_empty() {
        return Err("an MHTML file without a page in it".to_owned());
    }
    // One page needs no telling apart.
    if document.parts.len() == 1 {
        document.parts.clear();
    }
    Ok(document)
}
