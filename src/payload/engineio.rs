//! Packets of Engine.IO and Socket.IO (protocol 4 and 5 of socket.io's documentation): a digit
//! for each, then JSON. A WebSocket message is one packet, a body of long polling several.
//!
//! `42/track,7["report",{"imei":"…"}]`: message, event, namespace, acknowledgement number.

use super::budget::{self, Budget};
use super::clue::Clue;
use super::json;
use super::walk::{Input, Inside, Opener, Opening};

pub(super) const ENGINEIO: Opener = Opener { name: "engine.io", clue: Clue::Told, open };

/// Between packets of one body, since version 4.
const SEPARATOR: u8 = 0x1e;

/// The head of a packet: a namespace is a path of the app's own, numbers are counters.
const HEAD_LIMIT: usize = 512;

fn open(input: &Input<'_>, budget: &mut Budget) -> Option<Opening> {
    // A packet stands where a message does: a digit and JSON inside something else may be anything.
    if !input.body || !input.bytes.first()?.is_ascii_digit() {
        return None;
    }
    let packets: Vec<&[u8]> = match counted(input.bytes) {
        Some(packets) => packets,
        None => input.bytes.split(|byte| *byte == SEPARATOR).take(budget::FIELDS + 1).collect(),
    };
    if packets.len() > budget::FIELDS {
        budget.reach("packets of one text", budget::FIELDS);
        return None;
    }
    let mut parts = Vec::new();
    for (number, packet) in packets.into_iter().enumerate() {
        let content = content(packet)?;
        if content.is_empty() {
            continue;
        }
        let content = input.bytes.slice_ref(content);
        if !json::is_json(&content, budget) {
            return None;
        }
        parts.push(Inside {
            argument: Some(number.to_string()),
            bytes: content,
            group: u32::try_from(number).unwrap_or(u32::MAX),
            declared: Some("application/json".to_owned()),
            ..Inside::default()
        });
    }
    (!parts.is_empty()).then_some(Opening { parts, keep: false })
}

/// Packets after their lengths in characters (`17:42["a","b"]`), as version 3 of Engine.IO
/// writes several into one body.
fn counted(bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let mut rest = std::str::from_utf8(bytes).ok()?;
    let mut packets = Vec::new();
    while !rest.is_empty() && packets.len() <= budget::FIELDS {
        let (length, behind) = rest.split_once(':')?;
        let length: usize = length.parse().ok()?;
        let end = behind.char_indices().map(|(at, _)| at).chain([behind.len()]).nth(length)?;
        let (packet, next) = behind.split_at_checked(end)?;
        packets.push(packet.as_bytes());
        rest = next;
    }
    Some(packets)
}

/// What a packet carries after its head; empty where it carries nothing.
fn content(packet: &[u8]) -> Option<&[u8]> {
    let (kind, rest) = packet.split_first()?;
    match kind {
        // Opened: the server's settings.
        b'0' => Some(rest),
        // Close, ping, pong, upgrade, nothing; a probe has a word.
        b'1' | b'2' | b'3' | b'5' | b'6' => matches!(rest, b"" | b"probe").then_some(&[]),
        b'4' => {
            let (kind, rest) = rest.split_first()?;
            if !matches!(kind, b'0'..=b'6') {
                return None;
            }
            // Of a binary packet, how many attachments follow.
            let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let count = digits(rest);
            let attachments = matches!(kind, b'5' | b'6') && count > 0 && rest.get(count) == Some(&b'-');
            let rest = if attachments { rest.get(count + 1..)? } else { rest };
            let space = rest.first() == Some(&b'/');
            let comma = || rest.iter().take(HEAD_LIMIT).position(|byte| *byte == b',');
            let rest = match space {
                true => comma().map_or(&[][..], |at| rest.get(at + 1..).unwrap_or_default()),
                false => rest,
            };
            let rest = rest.get(digits(rest)..)?;
            matches!(rest.first(), None | Some(b'[' | b'{')).then_some(rest)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Forms of socket.io-protocol's README, §"Packet encoding" and its examples.
    #[test]
    fn heads_of_packets() {
        for (packet, expected) in [
            (r#"0{"sid":"a"}"#, Some(r#"{"sid":"a"}"#)),
            ("2probe", Some("")),
            ("40/admin,", Some("")),
            (r#"40/admin,{"token":"123"}"#, Some(r#"{"token":"123"}"#)),
            (r#"42["hello",1]"#, Some(r#"["hello",1]"#)),
            (r#"4312["ok"]"#, Some(r#"["ok"]"#)),
            (r#"42/admin,456["project:delete",123]"#, Some(r#"["project:delete",123]"#)),
            (r#"451-["hello",{"_placeholder":true,"num":0}]"#, Some(r#"["hello",{"_placeholder":true,"num":0}]"#)),
            ("4hello", None),
            ("867530900000017", None),
        ] {
            assert_eq!(content(packet.as_bytes()), expected.map(str::as_bytes), "{packet}");
        }
    }

    #[test]
    fn packets_behind_their_lengths() {
        let packets = counted("6:42[\"水\"]2:40".as_bytes());
        assert_eq!(packets, None, "the length is in characters");
        let packets = counted("7:42[\"水\"]2:40".as_bytes()).unwrap();
        assert_eq!(packets, ["42[\"水\"]".as_bytes(), b"40"]);
    }
}
