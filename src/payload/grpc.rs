//! Messages of gRPC, gRPC-Web and Connect streams: a byte of flags, a length of four, a message.
//!
//! Accepts bodies declared `application/grpc…`, `application/grpc-web…` or
//! `application/connect+…` (gRPC "HTTP/2 protocol mapping", gRPC-Web, Connect), and
//! undeclared bodies whose frames end where the body does and hold evident messages.
//! `application/grpc-web-text` is base64 first, each padded piece by itself.
//!
//! The step's argument is the number of the message in its stream, from 0, or `trailers`.
//! A compressed message is decompressed by its own head, whatever `grpc-encoding` said at
//! the start of a stream that may not have been recorded. Limit: `budget::FIELDS` messages.

use data_encoding::BASE64;

use super::budget::{self, Budget};
use super::clue::Clue;
use super::walk::{Input, Inside, Opener, Opening};
use super::{protobuf, sense};
use crate::secure::codec::Reader;

pub(super) const GRPC: Opener = Opener { name: "grpc", clue: Clue::Told, open };
pub(super) const GRPC_WEB_TEXT: Opener = Opener { name: "base64", clue: Clue::Told, open: open_text };

/// The message is compressed; in the others this bit is free.
const COMPRESSED: u8 = 0x01;
/// gRPC-Web: the frame holds trailers. Connect has 0x02 for the end of its stream.
const TRAILERS: u8 = 0x80;
const END_OF_STREAM: u8 = 0x02;

fn essence(input: &Input<'_>) -> String {
    input.declared.and_then(|d| d.split(';').next()).unwrap_or_default().trim().to_ascii_lowercase()
}

/// The media type of the messages, by the one of the stream; `None` when it is no such stream.
fn of_messages(essence: &str) -> Option<Option<&'static str>> {
    let rest = essence.strip_prefix("application/grpc").or_else(|| essence.strip_prefix("application/connect"))?;
    Some(match rest.rsplit_once('+').map_or("proto", |(_, codec)| codec) {
        "proto" => Some("application/x-protobuf"),
        "json" => Some("application/json"),
        "thrift" => Some("application/x-thrift"),
        _ => None,
    })
}

fn open(input: &Input<'_>, budget: &mut Budget) -> Option<Opening> {
    let declared = of_messages(&essence(input));
    if declared.is_none() && !(input.body && is_evident(input.bytes)) {
        return None;
    }
    let media_type = declared.unwrap_or(Some("application/x-protobuf"));
    let mut parts = Vec::new();
    let mut reader = Reader::new(input.bytes);
    let mut number = 0_u32;
    while let Some((flags, content)) = frame(&mut reader) {
        if parts.len() >= budget::FIELDS {
            budget.reach("messages of one stream", budget::FIELDS);
            return Some(Opening { parts, keep: true });
        }
        let ends = flags & (TRAILERS | END_OF_STREAM) != 0;
        let argument = if ends { "trailers".to_owned() } else { number.to_string() };
        // A coding without a head is told by what it yields, and nothing else is tried on it.
        let plain = flags & COMPRESSED == 0 || sense::is_compressed(content);
        parts.push(Inside {
            argument: Some(argument),
            bytes: input.bytes.slice_ref(content),
            group: number,
            declared: media_type.filter(|_| plain && !ends).map(str::to_owned),
            ..Inside::default()
        });
        number = number.saturating_add(1);
    }
    (!parts.is_empty()).then_some(Opening { parts, keep: false })
}

/// The next frame; of one that was cut, what is there.
fn frame<'a>(reader: &mut Reader<'a>) -> Option<(u8, &'a [u8])> {
    let flags = reader.u8()?;
    let length = usize::try_from(reader.u32()?).ok()?;
    let content = reader.take(length.min(reader.left()))?;
    Some((flags, content))
}

/// Frames from end to end, and each a message that is one by itself.
fn is_evident(bytes: &[u8]) -> bool {
    let mut reader = Reader::new(bytes);
    let mut messages = 0;
    while !reader.is_empty() {
        let (Some(flags @ 0..=COMPRESSED), Some(length)) = (reader.u8(), reader.u32()) else { return false };
        let Some(content) = usize::try_from(length).ok().and_then(|n| reader.take(n)) else { return false };
        let message = if flags == COMPRESSED { sense::is_compressed(content) } else { protobuf::is_evident(content) };
        if !message && !content.is_empty() {
            return false;
        }
        messages += usize::from(message);
    }
    messages > 0
}

fn open_text(input: &Input<'_>, budget: &mut Budget) -> Option<Opening> {
    let essence = essence(input);
    let codec = essence.strip_prefix("application/grpc-web-text")?;
    let mut out = Vec::new();
    let mut rest = input.bytes.trim_ascii();
    while !rest.is_empty() {
        let padding = rest.iter().position(|b| *b == b'=').unwrap_or(rest.len());
        let end = padding + rest.get(padding..)?.iter().take_while(|b| **b == b'=').count();
        let (piece, behind) = rest.split_at_checked(end)?;
        out.extend(BASE64.decode(piece).ok()?);
        rest = behind;
    }
    let declared = Some(format!("application/grpc-web{codec}"));
    budget
        .bytes(out.len())
        .then(|| Opening { parts: vec![Inside { bytes: out.into(), declared, ..Inside::default() }], keep: false })
}
