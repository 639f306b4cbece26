//! Socket.IO events in Engine.IO packets (Engine.IO protocol 3 and 4, Socket.IO protocol 5).
//!
//! `42["event",{…}]`: the digit of an Engine.IO packet, that of a Socket.IO packet, where
//! there is one the count of attachments with `-`, the namespace with `,` and the number of
//! an acknowledgement, then JSON. Long polling puts packets in a row, with U+001E between
//! (protocol 4) or a length and `:` before each (protocol 3). Tried on a text that begins
//! with a digit; at least one packet must hold a JSON object or array.

use bytes::Bytes;

use super::budget::{self, Budget};
use super::json;
use super::walk::{Input, Inside, Opener, Opening};

pub(super) const SOCKET_IO: Opener = Opener { name: "socket.io", open };

fn open(input: &Input<'_>, budget: &mut Budget) -> Option<Opening> {
    let first = input.bytes.first()?;
    // The last byte is JSON's, or a packet's without any; a number alone is neither.
    if !first.is_ascii_digit() || !input.bytes.iter().any(|b| matches!(b, b'{' | b'[')) {
        return None;
    }
    let packets = packets(input.bytes, budget)?;
    let mut parts = Vec::new();
    let mut with_json = false;
    for (index, packet) in packets.into_iter().enumerate() {
        let data = data(packet)?;
        let bytes = input.bytes.slice_ref(data);
        let is_json = matches!(data.first(), Some(b'{' | b'[')) && json::is_json(&bytes, budget);
        with_json |= is_json;
        parts.push(Inside {
            argument: Some(index.to_string()),
            bytes,
            group: u32::try_from(index).unwrap_or(u32::MAX),
            declared: is_json.then(|| "application/json".to_owned()),
            ..Inside::default()
        });
    }
    with_json.then_some(Opening { parts, keep: false })
}

/// The packets of a payload, each with its Engine.IO digit.
fn packets<'a>(bytes: &'a Bytes, budget: &mut Budget) -> Option<Vec<&'a [u8]>> {
    let mut packets = Vec::new();
    let digits = bytes.iter().position(|b| !b.is_ascii_digit())?;
    let mut rest = &bytes[..];
    while !rest.is_empty() {
        if packets.len() >= budget::FIELDS {
            budget.reach("packets of one Socket.IO payload", budget::FIELDS);
            return None;
        }
        let packet;
        if bytes.get(digits) == Some(&b':') {
            let at = rest.iter().position(|b| *b == b':')?;
            let count: usize = std::str::from_utf8(rest.get(..at)?).ok()?.parse().ok()?;
            // The length counts UTF-16 units.
            let text = std::str::from_utf8(rest.get(at + 1..)?).ok()?;
            let mut units = 0;
            let end = text.char_indices().find(|(_, c)| {
                units += c.len_utf16();
                units > count
            });
            let end = end.map_or(text.len(), |(end, _)| end);
            packet = text.get(..end)?.as_bytes();
            rest = text.get(end..)?.as_bytes();
        } else {
            let end = rest.iter().position(|b| *b == 0x1e).unwrap_or(rest.len());
            packet = rest.get(..end)?;
            rest = rest.get(end + 1..).unwrap_or_default();
        }
        packets.push(packet);
    }
    Some(packets)
}

/// What a packet carries behind its digits, namespace and number; `None` when it is no packet.
fn data(packet: &[u8]) -> Option<&[u8]> {
    let (kind, rest) = packet.split_first()?;
    if !matches!(kind, b'0'..=b'6') {
        return None;
    }
    if *kind != b'4' {
        return Some(rest);
    }
    let Some((event, mut rest)) = rest.split_first() else { return Some(rest) };
    if !matches!(event, b'0'..=b'6') {
        return Some(packet.get(1..).unwrap_or_default());
    }
    let digits = |bytes: &[u8]| bytes.iter().position(|b| !b.is_ascii_digit()).unwrap_or(bytes.len());
    if rest.get(digits(rest)) == Some(&b'-') {
        rest = rest.get(digits(rest) + 1..)?;
    }
    if rest.first() == Some(&b'/') {
        rest = rest.get(rest.iter().position(|b| *b == b',').map_or(rest.len(), |at| at + 1)..)?;
    }
    rest.get(digits(rest)..)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Vec<String>> {
        let bytes = Bytes::copy_from_slice(text.as_bytes());
        let input = Input::new(&bytes, None, true);
        let parts = open(&input, &mut Budget::default())?.parts;
        Some(parts.iter().map(|p| String::from_utf8_lossy(&p.bytes).into_owned()).collect())
    }

    #[test]
    fn packets_of_both_protocols() {
        // The examples of the Socket.IO protocol's documentation, §"Packet encoding", in Engine.IO messages.
        assert_eq!(read(r#"42["hello",1]"#).unwrap(), [r#"["hello",1]"#]);
        assert_eq!(read(r#"452-/admin,12["a",{"n":1}]"#).unwrap(), [r#"["a",{"n":1}]"#]);
        assert_eq!(read("2probe\u{1e}42[\"a\"]").unwrap(), ["probe", "[\"a\"]"]);
        assert_eq!(read("6:42[\"中\"]2:40").map(|p| p.len()), None, "the length is six units, not seven");
        assert_eq!(read("7:42[\"中\"]2:40").unwrap(), ["[\"中\"]", ""]);
        for text in ["42", "3", "1772352001[x]", "9[1]", "4211", "20 [1]"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
