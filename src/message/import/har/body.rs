//! Bodies of HAR entries: from what an exporter wrote back to what was sent, where that
//! needs no guess.

use std::borrow::Cow;

use bytes::Bytes;
use encoding_rs::Encoding;
use serde_json::Value;

use super::json::marked_byte;
use super::producer::{Program, Sizes};
use crate::message::import::emit::Body;

pub const LEFT_OUT: &str = "bodies that the exporter left out";
pub const TOO_LARGE: &str = "bodies that the exporter left out for their size";
const NOT_DECODED: &str = "bodies that the exporter could not decode and left out";
const REPLACED: &str = "bodies with U+FFFD for what the exporter could not write as text";
const NO_BASE64: &str = "bodies said to be base64 that are none; taken as text";
const PAIRS: &str = "form bodies put together again from their fields; the bytes are not in the file";
const VALUES: &str = "bodies that the exporter took apart as JSON; put together again, the bytes are not in the file";
const CUT: &str = "bodies shorter than the size that the file states";
const CHARACTERS: &str = "bodies of which the file does not tell whether a character is a byte; taken as text";

/// How to read the texts of a file.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reading {
    pub program: Program,
    /// The file has marks for bytes that are no text, see [`marked_byte`].
    pub marked: bool,
}

pub fn text<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value.get(key)?.as_str()
}

/// A size that an exporter states: -1 is how HAR writes "unknown".
fn size(part: &Value, key: &str) -> Option<u64> {
    part.get(key).and_then(Value::as_u64)
}

fn field<'h>(headers: &'h [(String, Bytes)], name: &str) -> Option<&'h str> {
    let (_, value) = headers.iter().find(|(given, _)| given.eq_ignore_ascii_case(name))?;
    std::str::from_utf8(value).ok().map(str::trim)
}

fn content_length(headers: &[(String, Bytes)]) -> u64 {
    field(headers, "content-length").and_then(|length| length.parse().ok()).unwrap_or(0)
}

fn is_base64(part: &Value) -> bool {
    ["encoding", "_encoding"].iter().any(|key| text(part, key).is_some_and(|e| e.eq_ignore_ascii_case("base64")))
}

/// The body of a request.
pub fn of_request(request: &Value, headers: &[(String, Bytes)], reading: Reading) -> Body {
    let stated = size(request, "bodySize");
    let announced = stated.unwrap_or(0).max(content_length(headers));
    // What HTTP Toolkit makes of a body that is no text, and tools after it.
    if let Some(content) = request.get("_content").filter(|content| text(content, "text").is_some()) {
        return encoded(text(content, "text").unwrap_or_default(), is_base64(content), None, None, reading);
    }
    let left_out = match text(request, "_requestBodyStatus") {
        Some("discarded:too-large") => TOO_LARGE,
        Some("discarded:not-decodable") => NOT_DECODED,
        _ => LEFT_OUT,
    };
    let Some(post) = request.get("postData").filter(|post| !post.is_null()) else {
        // What has a type or chunks has a body, how long nobody says.
        let method = text(request, "method").unwrap_or_default();
        let typed = field(headers, "content-type").is_some() && !matches!(method, "GET" | "HEAD");
        let unsaid = stated.is_none() && (typed || field(headers, "transfer-encoding").is_some());
        let unsaid = unsaid && field(headers, "content-length").is_none();
        return elsewhere(announced, left_out, unsaid);
    };
    if let Some(body) = of_value(post) {
        return body;
    }
    if let Some(text) = text(post, "text").filter(|text| !text.is_empty()) {
        let charset = charset(post, headers);
        let proof = stated.filter(|_| reading.program.sizes != Sizes::Unknown);
        let mut body = encoded(text, is_base64(post), proof, charset, reading);
        let coded = field(headers, "content-encoding").is_some();
        if let Some(stated) = stated.filter(|stated| *stated > body.length && !coded && body.lossy.is_none()) {
            body.length = stated;
            body.lossy = Some(CUT);
        }
        return body;
    }
    let parameters = post.get("params").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if parameters.is_empty() {
        return elsewhere(announced, left_out, is_elsewhere(post));
    }
    let form = Body::whole(pairs(parameters));
    Body { lossy: Some(PAIRS), length: form.length.max(announced), ..form }
}

/// Names and values as a form has them.
pub fn pairs(fields: &[Value]) -> String {
    let encode =
        |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
    let pairs = fields.iter().map(|pair| {
        let (name, value) = (text(pair, "name").unwrap_or_default(), text(pair, "value").unwrap_or_default());
        format!("{}={}", encode(name), encode(value))
    });
    pairs.collect::<Vec<_>>().join("&")
}

/// A body that stands in the file as JSON, where HAR wants its text.
fn of_value(part: &Value) -> Option<Body> {
    let value = part.get("text").filter(|value| value.is_object() || value.is_array())?;
    Some(Body { lossy: Some(VALUES), ..Body::whole(value.to_string()) })
}

/// Playwright keeps bodies in files beside the HAR, where it is told to.
fn is_elsewhere(part: &Value) -> bool {
    ["_file", "_sha1"].iter().any(|key| text(part, key).is_some())
}

/// A body that is not in the file; `there`: it was sent, also where nobody says how long it was.
pub fn elsewhere(length: u64, why: &'static str, there: bool) -> Body {
    let body = Body::missing(length, why);
    Body { lossy: body.lossy.or(there.then_some(why)), ..body }
}

/// The body of a response with status `status` to a request of `method`.
pub fn of_response(
    response: &Value,
    headers: &[(String, Bytes)],
    (method, status): (&str, u16),
    reading: Reading,
) -> Body {
    // RFC 9112 §6.3: these have none, whatever their Content-Length says.
    let bodiless = method == "HEAD" || method == "CONNECT" || matches!(status, 100..=199 | 204 | 304);
    let announced = if bodiless { 0 } else { content_length(headers) };
    let Some(content) = response.get("content") else {
        return Body::missing(size(response, "bodySize").unwrap_or(announced), LEFT_OUT);
    };
    let stated = size(content, "size");
    let why = match text(content, "comment") {
        Some(comment) if comment.to_ascii_lowercase().contains("longer than") => TOO_LARGE,
        _ => LEFT_OUT,
    };
    if let Some(body) = of_value(content) {
        return body;
    }
    match text(content, "text") {
        Some(text) if !text.is_empty() => {
            let saved = content.get("compression").and_then(Value::as_i64).unwrap_or(0);
            let proof = match reading.program.sizes {
                Sizes::Unknown => None,
                Sizes::Decoded => stated,
                Sizes::Coded => stated.and_then(|size| size.checked_add_signed(saved)),
            };
            encoded(text, is_base64(content), proof, charset(content, headers), reading)
        }
        _ if bodiless => Body::none(),
        _ => {
            let length = stated.unwrap_or(0).max(announced).max(size(response, "bodySize").unwrap_or(0));
            elsewhere(length, why, is_elsewhere(content))
        }
    }
}

/// A body that was written as text, decoded with the charset `named` or the one that the
/// headers name.
pub fn of_text(
    text: &str,
    named: Option<&str>,
    proof: Option<u64>,
    headers: &[(String, Bytes)],
    reading: Reading,
) -> Body {
    let named = named.and_then(|label| Encoding::for_label(label.trim().as_bytes()));
    let charset = named.filter(|e| *e != encoding_rs::UTF_8).or_else(|| charset(&Value::Null, headers));
    encoded(text, false, proof, charset, reading)
}

/// The text of a WebSocket message.
pub fn of_frame(data: &str, binary: bool, reading: Reading) -> Body {
    encoded(data, binary, None, None, reading)
}

/// The character set that the media type of a body names, where it is not UTF-8.
fn charset(part: &Value, headers: &[(String, Bytes)]) -> Option<&'static Encoding> {
    let media_type = field(headers, "content-type").or_else(|| text(part, "mimeType"))?;
    let (_, label) = media_type
        .split(';')
        .skip(1)
        .find_map(|p| p.split_once('=').filter(|(name, _)| name.trim().eq_ignore_ascii_case("charset")))?;
    Encoding::for_label(label.trim().trim_matches('"').as_bytes()).filter(|e| *e != encoding_rs::UTF_8)
}

/// The bytes that `text` stands for. `proof` is their number, where the exporter is known
/// to count them: then it decides between the forms that they may have been written in.
fn encoded(text: &str, base64: bool, proof: Option<u64>, charset: Option<&'static Encoding>, reading: Reading) -> Body {
    if base64 {
        return from_base64(text)
            .map_or_else(|| Body { lossy: Some(NO_BASE64), ..as_text(text, reading) }, Body::whole);
    }
    let fits = |length: usize| proof == Some(length as u64);
    // UTF-8 first: most bodies are, and pure ASCII is the same in all forms.
    if text.is_ascii() && !(reading.program.base64_unsaid && proof.is_some()) || fits(text.len()) {
        return as_text(text, reading);
    }
    if reading.program.bytes_as_characters && text.chars().all(|c| c as u32 <= 0xff) {
        if fits(text.chars().count()) {
            return Body::whole(text.chars().map(|c| c as u32 as u8).collect::<Vec<u8>>());
        }
        if proof.is_none() {
            return Body { lossy: Some(CHARACTERS), ..as_text(text, reading) };
        }
    }
    if let Some((bytes, _, false)) = charset.map(|charset| charset.encode(text))
        && fits(bytes.len())
    {
        return Body::whole(bytes.into_owned());
    }
    if reading.program.base64_unsaid
        && let Some(bytes) = from_base64(text).filter(|bytes| fits(bytes.len()))
    {
        return Body::whole(bytes);
    }
    as_text(text, reading)
}

fn from_base64(text: &str) -> Option<Vec<u8>> {
    let compact: Cow<'_, [u8]> = if text.bytes().any(|b| b.is_ascii_whitespace()) {
        text.bytes().filter(|b| !b.is_ascii_whitespace()).collect()
    } else {
        text.as_bytes().into()
    };
    data_encoding::BASE64.decode(&compact).or_else(|_| data_encoding::BASE64_NOPAD.decode(&compact)).ok()
}

/// Text in UTF-8, marks undone. U+FFFD is what is left where an exporter read bytes as text.
fn as_text(text: &str, reading: Reading) -> Body {
    let lossy = text.contains('\u{fffd}').then_some(REPLACED);
    Body { lossy, ..Body::whole(bytes_of(text, reading)) }
}

/// Text in UTF-8, with the bytes that marks stand for.
pub fn bytes_of(text: &str, reading: Reading) -> Vec<u8> {
    if !reading.marked {
        return text.as_bytes().to_vec();
    }
    let mut bytes = Vec::with_capacity(text.len());
    for character in text.chars() {
        match marked_byte(character) {
            Some(byte) => bytes.push(byte),
            None => bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    bytes
}
