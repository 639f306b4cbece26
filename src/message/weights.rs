//! How much memory the messages that are still coming in take together, and which of them are too much.

use super::BODY_KEPT;
use super::feed::FRAMES_KEPT;

/// Memory of all messages of a run that are still coming in. It holds ten bodies at their limit,
/// far more than apps send at the same time, and keeps a run below 256 MB.
pub const IN_ALL: usize = 10 * BODY_KEPT;

/// A field of a head: its name, its value, and the room for both.
const FIELD_COST: usize = 128;

/// Memory of one message.
pub(super) fn of_message(body: usize, frames: usize, fields: usize) -> usize {
    body.saturating_add(frames.min(FRAMES_KEPT) * size_of::<u64>()).saturating_add(fields * FIELD_COST)
}

/// Bits of the weight of one message: more than 4 GiB are not told apart.
const CLASSES: usize = 33;

/// What the messages that are still coming in weigh, by how heavy each is; or what streams hold beside them.
///
/// Weights of several streams are added up in any order: the sum is the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weights {
    /// Bytes of all messages whose weight has so many bits.
    by_bits: [usize; CLASSES],
}

impl Default for Weights {
    fn default() -> Self {
        Self { by_bits: [0; CLASSES] }
    }
}

impl Weights {
    /// Adds a message, or what a stream holds beside them.
    pub fn add(&mut self, weight: usize) {
        let bits = (usize::BITS - weight.leading_zeros()) as usize;
        if let Some(sum) = self.by_bits.get_mut(bits.min(CLASSES - 1)) {
            *sum = sum.saturating_add(weight);
        }
    }

    /// Adds all messages of `other`.
    pub fn merge(&mut self, other: &Self) {
        for (sum, more) in self.by_bits.iter_mut().zip(other.by_bits) {
            *sum = sum.saturating_add(more);
        }
    }

    /// If they weigh more than `allowed` together: from which weight on messages have to go, so that half of
    /// what is allowed is left. The heaviest go first, and small messages stay whole.
    pub fn too_heavy(&self, allowed: usize) -> Option<usize> {
        let all = self.by_bits.iter().fold(0_usize, |sum, weight| sum.saturating_add(*weight));
        if all <= allowed {
            return None;
        }
        let mut kept = 0_usize;
        let bits = self.by_bits.iter().position(|weight| {
            kept = kept.saturating_add(*weight);
            kept > allowed / 2
        })?;
        Some(1 << bits.saturating_sub(1))
    }
}

#[cfg(test)]
mod tests;
