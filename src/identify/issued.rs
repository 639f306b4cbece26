//! Ids that a product issues: they are learned from its answers, and searched in what is sent, to it
//! and to anyone else.
//!
//! An answer teaches only values under names that the product is known to issue (`issues` in its
//! file). The answer itself is no sighting, because the id was received and not sent.

use std::collections::BTreeSet;

use super::{Hit, Identifier};
use crate::evidence::{Certainty, Reason};
use crate::observations::Form;
use crate::payload::Leaf;

/// The type of such ids.
pub const ISSUED: &str = "sdk_id";

/// Shorter values are codes and counters.
const SHORTEST: usize = 8;
/// The longest known, Alipay's `apdidToken`, has some hundred characters.
const LONGEST: usize = 256;
/// Values of fewer different characters are padding and counters.
const FEW_CHARACTERS: u32 = 4;

/// Values of one message that are kept to be compared: an id stands among its first fields.
const CANDIDATES: usize = 256;

/// One id that came from its issuer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Issued {
    /// The id. Never to be printed.
    pub value: String,
    /// Name that it came under.
    pub key: String,
}

impl Identifier {
    /// Whether `product` issues ids, so that its answers are worth reading.
    pub fn is_issuer(&self, product: &str) -> bool {
        self.keys.issuers().contains(product)
    }

    /// The ids that a message received from `product` teaches.
    pub fn issued(&self, leaves: &[Leaf], product: &str) -> Vec<Issued> {
        let one = |leaf: &Leaf| {
            let (key, value) = (leaf.key.as_deref()?, id(leaf)?);
            let issues = |hint: &super::keys::Hint<'_>| hint.known && hint.row.data_type == ISSUED;
            let taught = self.keys.hints(key, Some(product)).any(|hint| issues(&hint));
            (taught && !self.placeholders.is(ISSUED, value))
                .then(|| Issued { value: value.to_owned(), key: key.to_owned() })
        };
        leaves.iter().filter_map(one).collect()
    }

    /// Positions of the leaves of a sent message that may turn out to be such ids, except those that
    /// `hits` has recognised with certainty.
    pub fn candidates(&self, leaves: &[Leaf], hits: &[Hit]) -> Vec<usize> {
        let taken: BTreeSet<usize> =
            hits.iter().filter(|h| h.certainty > Certainty::Possible).map(|h| h.leaf).collect();
        let all = leaves.iter().enumerate().filter(|(index, leaf)| id(leaf).is_some() && !taken.contains(index));
        all.map(|(index, _)| index).take(CANDIDATES).collect()
    }
}

impl Hit {
    /// Of a whole leaf that is one of the candidates. The reason is given once an issuer is known.
    pub fn candidate(index: usize, leaf: &Leaf) -> Option<Self> {
        let value = id(leaf)?;
        Some(Self {
            data_type: ISSUED.to_owned(),
            form: Form::plain(),
            certainty: Certainty::Probable,
            reason: Reason::default(),
            value: value.to_owned(),
            written: value.to_owned(),
            key: leaf.key.clone(),
            leaf: index,
            start: 0,
            end: value.len(),
        })
    }
}

/// The whole value, where it has the look of an id: one word with a digit, of some length.
fn id(leaf: &Leaf) -> Option<&str> {
    if !(SHORTEST..=LONGEST).contains(&leaf.bytes.len()) {
        return None;
    }
    // Of ASCII alone, so a set of them is a number.
    let mut different = 0_u128;
    for byte in &leaf.bytes {
        if !matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b':' | b'/' | b'+' | b'=' | b'|')
        {
            return None;
        }
        different |= 1 << byte;
    }
    const DIGITS: u128 = 0x3ff << b'0';
    let fits = different & DIGITS != 0 && different.count_ones() >= FEW_CHARACTERS;
    fits.then(|| std::str::from_utf8(&leaf.bytes).ok()).flatten()
}
