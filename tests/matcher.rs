//! The search held against aho-corasick on text that is made of whole values, parts of values, values
//! with something attached, and what only looks like one.

use std::collections::{BTreeMap, BTreeSet};

use aho_corasick::AhoCorasick;
use wirewitness::evidence::{Certainty, Direction, Time, Transport};
use wirewitness::identify::Identifier;
use wirewitness::message::{Conversation, Item, Message, Options};
use wirewitness::net::{Chunk, Endpoints, StreamId};
use wirewitness::payload::Decoder;
use wirewitness::session::{Profile, ProfileValue};
use wirewitness::signatures::Signatures;

const VALUES: [(&str, &str); 4] = [
    ("imei", "490154203237518"),
    ("imsi", "460071234567890"),
    ("android_id", "a3f19c0b7d5e2468"),
    ("iccid", "89860112345678901235"),
];

/// Every written form of a value has as many of its first characters: an IMEI may lose its check digit.
const SHARED: usize = 14;

/// xorshift64.
fn roll(state: &mut u64, sides: usize) -> usize {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    (*state >> 11) as usize % sides
}

/// Words between blanks.
fn words(state: &mut u64) -> Vec<String> {
    let hex = |state: &mut u64, length: usize| -> String {
        (0..length).filter_map(|_| char::from_digit(roll(state, 16) as u32, 16)).collect()
    };
    let count = 1 + roll(state, 40);
    let mut words: Vec<String> = Vec::new();
    for _ in 0..count {
        let (_, value) = VALUES[roll(state, VALUES.len())];
        let cut = 1 + roll(state, value.len() - 1);
        words.push(match roll(state, 40) {
            0 => value.to_owned(),
            1 => value.to_ascii_uppercase(),
            2 => format!("{value}{}", hex(state, 1)),
            3 => format!("{}{value}", hex(state, 1)),
            4..10 => value[..cut].to_owned(),
            10..16 => value[cut..].to_owned(),
            // The search falls back from the end of one into the start of another.
            16..22 => format!("{}{value}", &value[..cut]).chars().rev().collect(),
            _ => {
                let length = 1 + roll(state, 24);
                hex(state, length)
            }
        });
    }
    words
}

/// The request that carries `text`.
fn request(text: &str) -> Message {
    let id = StreamId { input: 0, transport: Transport::Tcp, number: 0 };
    let end = |address: &str| address.parse().expect("an address");
    let ends = Endpoints { client: end("192.0.2.1:40000"), server: end("198.51.100.7:80") };
    let length = text.len();
    let sent = format!(
        "POST / HTTP/1.1\r\nHost: up.example\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\n\r\n{text}"
    );
    let (mut conversation, mut messages) = (Conversation::new(id, ends, &Options::default()), Vec::new());
    let mut sink = |item| {
        if let Item::Message(message) = item {
            messages.push(*message);
        }
    };
    let chunk = Chunk::Data { bytes: sent.as_bytes(), time: Time(0), frames: &[1], conflict: false };
    conversation.push(Direction::Sent, chunk, &mut sink);
    conversation.finish(&mut sink);
    messages.pop().expect("a message")
}

#[test]
fn what_aho_corasick_finds_is_found_and_nothing_else() {
    let signatures = Signatures::embedded().expect("valid");
    let value = |value: &str| vec![ProfileValue { value: value.to_owned(), from: None, until: None }];
    let ids: BTreeMap<_, _> = VALUES.iter().map(|(id, text)| ((*id).to_owned(), value(text))).collect();
    let (decoder, identifier) = (Decoder::new(&signatures), Identifier::new(&signatures, &Profile { ids }));
    let starts = VALUES.map(|(_, value)| &value[..SHARED]);
    let peer = AhoCorasick::builder().ascii_case_insensitive(true).build(starts).expect("patterns");
    let (mut state, mut whole, mut none) = (0x9e37_79b9_7f4a_7c15, 0, 0);
    for _ in 0..400 {
        let words = words(&mut state);
        let text = words.join(" ");
        let decoded = decoder.leaves(&request(&text), None);
        let hits = identifier.find(&decoded.leaves, None, Time(0)).hits;
        let plain = hits.iter().filter(|hit| hit.form.digest == "plain" && hit.certainty == Certainty::Confirmed);
        let found: BTreeSet<&str> = plain.map(|hit| hit.data_type.as_str()).collect();
        let begun: BTreeSet<&str> = peer
            .find_overlapping_iter(&text)
            .filter_map(|m| VALUES.get(m.pattern().as_usize()))
            .map(|(id, _)| *id)
            .collect();
        let alone = |value: &str| words.iter().any(|word| word.eq_ignore_ascii_case(value));
        let must: BTreeSet<&str> = VALUES.iter().filter(|(_, value)| alone(value)).map(|(id, _)| *id).collect();
        assert!(found.is_subset(&begun), "{text}: found {found:?}, there is {begun:?}");
        assert!(must.is_subset(&found), "{text}: found {found:?}, alone stand {must:?}");
        whole += usize::from(!must.is_empty());
        none += usize::from(begun.is_empty());
    }
    // Both sides were tried.
    assert!(whole > 50 && none > 20, "{whole} {none}");
}
