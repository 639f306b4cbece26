//! What one message may cost.

use std::collections::BTreeSet;

use crate::evidence::GapReason;

/// Containers inside containers. The deepest nesting seen in real traffic is four
/// (form ▸ base64 ▸ gzip ▸ JSON).
pub(super) const DEPTH: u8 = 8;
/// Containers opened in one message.
pub(super) const LAYERS: u32 = 2_000;
/// Bytes that decoding may make in one message: four times the largest body that is kept.
pub(super) const DECODED_BYTES: usize = 32 << 20;
/// Decompressed bytes for each compressed one. Telemetry reaches 20 to 30.
pub(super) const INFLATE_RATIO: usize = 200;
/// Below this size the ratio does not count: a short body of blanks is no bomb.
pub(super) const RATIO_FREE: usize = 64 << 10;
/// Values handed on for one message: a leaf costs some 200 bytes beside its content,
/// so this bounds them at about the size of `DECODED_BYTES`.
pub(super) const LEAVES: usize = 131_072;
/// Objects and arrays inside each other in one JSON text. Parsed without recursion;
/// the limit bounds the length of paths.
pub(super) const JSON_NESTING: usize = 512;
/// Parts of a multipart body, fields of a form, pieces of a packed string, headers.
pub(super) const FIELDS: usize = 16_384;
/// Structures inside each other in one binary value. Protocol Buffers, thrift and
/// MessagePack libraries refuse more than 64 to 100 by default, and what is sent has
/// less than twenty; here every level is read again by the check of the one above.
pub(super) const NESTING: usize = 32;
/// Values of one message that are tried with compressions that have no head to know
/// them by. A try costs some ten microseconds; a message has one or two such values.
pub(super) const TRIES: u32 = 256;

/// What is left of the limits, and which were reached.
#[derive(Debug)]
pub(crate) struct Budget {
    layers: u32,
    bytes: usize,
    tries: u32,
    reached: BTreeSet<String>,
    closed: BTreeSet<(GapReason, &'static str)>,
}

/// A budget at one moment: what was left of it, and how much was said to stay closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    layers: u32,
    bytes: usize,
    tries: u32,
    closed: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { layers: LAYERS, bytes: DECODED_BYTES, tries: TRIES, reached: BTreeSet::new(), closed: BTreeSet::new() }
    }
}

impl Budget {
    /// One more container.
    pub(super) fn layer(&mut self) -> bool {
        match self.layers.checked_sub(1) {
            Some(left) => {
                self.layers = left;
                true
            }
            None => {
                self.reach("layers decoded in one message", LAYERS as usize);
                false
            }
        }
    }

    /// `n` more decoded bytes.
    pub(super) fn bytes(&mut self, n: usize) -> bool {
        match self.bytes.checked_sub(n) {
            Some(left) => {
                self.bytes = left;
                true
            }
            None => {
                self.reach("bytes decoded in one message", DECODED_BYTES);
                false
            }
        }
    }

    /// One more try of something that has no head to know it by.
    pub(super) fn attempt(&mut self) -> bool {
        match self.tries.checked_sub(1) {
            Some(left) => {
                self.tries = left;
                true
            }
            None => {
                self.reach("values tried as compressed without a head", TRIES as usize);
                false
            }
        }
    }

    /// How it stands.
    pub(super) fn mark(&self) -> Mark {
        Mark { layers: self.layers, bytes: self.bytes, tries: self.tries, closed: self.closed.len() }
    }

    /// The tries since `mark`; `None` if anything else was spent or said, or a limit may have played a part.
    pub(super) fn only_tries_since(&self, mark: Mark) -> Option<u32> {
        let same = Mark { tries: mark.tries, ..self.mark() } == mark;
        (same && self.is_ample()).then(|| mark.tries - self.tries)
    }

    /// Spends several tries at once. `false`, and nothing is spent, if fewer are left, or if a limit is so
    /// near that it might change the outcome.
    pub(super) fn pay(&mut self, tries: u32) -> bool {
        let left = self.tries.checked_sub(tries).filter(|_| self.is_ample());
        self.tries = left.unwrap_or(self.tries);
        left.is_some()
    }

    /// Half of everything is left: more than a short value can use up.
    fn is_ample(&self) -> bool {
        self.reached.is_empty() && self.bytes >= DECODED_BYTES / 2 && self.layers >= LAYERS / 2
    }

    /// Notes that something was recognised and stays closed: why, and what it is, in words.
    pub(super) fn close(&mut self, reason: GapReason, what: &'static str) {
        self.closed.insert((reason, what));
    }

    /// What was said to stay closed.
    pub(super) fn closed(&self) -> impl Iterator<Item = (GapReason, &'static str)> {
        self.closed.iter().copied()
    }

    /// A limit was reached: `what`, and its size.
    pub(super) fn reach(&mut self, what: &str, size: usize) {
        self.reached.insert(format!("{what}: {size}"));
    }

    /// The limits that were reached, each with its size.
    pub(super) fn reached(&self) -> impl Iterator<Item = &str> {
        self.reached.iter().map(String::as_str)
    }
}
