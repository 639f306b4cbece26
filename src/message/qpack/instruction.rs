//! Where the instructions of an encoder end (RFC 9204 §4.3), without decoding them.
//!
//! An instruction comes in as many pieces as its sender likes; looking at lengths only
//! keeps the work for each piece small.

use crate::message::hpack::Malformed;

/// Bytes of `bytes` that are whole instructions.
///
/// # Errors
/// An integer is too large, or the next instruction is longer than `limit`.
pub(super) fn complete(bytes: &[u8], limit: u64) -> Result<usize, Malformed> {
    let mut whole = 0;
    while let Some(rest) = bytes.get(whole..).filter(|rest| !rest.is_empty()) {
        let Some(length) = length(rest)? else { break };
        if length > limit {
            return Err(Malformed::Integer);
        }
        match usize::try_from(length).ok().filter(|&length| length <= rest.len()) {
            Some(length) => whole += length,
            None => break,
        }
    }
    Ok(whole)
}

/// Length of the first instruction, as far as it is known: its last length may still be
/// missing, then it is longer than what is here (`None`).
fn length(bytes: &[u8]) -> Result<Option<u64>, Malformed> {
    let Some(&first) = bytes.first() else { return Ok(None) };
    // Index, or length of the name.
    let (prefix, name, value) = match first {
        0x80.. => (6, false, true),
        0x40.. => (5, true, true),
        _ => (5, false, false),
    };
    let Some((number, mut end)) = integer(bytes, prefix)? else { return Ok(None) };
    if name {
        end = end.checked_add(number).ok_or(Malformed::Integer)?;
    }
    if value {
        let rest = usize::try_from(end).ok().and_then(|end| bytes.get(end..)).unwrap_or_default();
        // Until the name is all here, its end is the least that is needed.
        let Some((number, used)) = integer(rest, 7)? else {
            return Ok(Some(end.saturating_add(1)).filter(|_| rest.is_empty()));
        };
        end = end.checked_add(used).and_then(|end| end.checked_add(number)).ok_or(Malformed::Integer)?;
    }
    Ok(Some(end))
}

/// An integer with `prefix` bits and its length in bytes.
fn integer(bytes: &[u8], prefix: u32) -> Result<Option<(u64, u64)>, Malformed> {
    let mask = (1u64 << prefix) - 1;
    let Some((&first, rest)) = bytes.split_first() else { return Ok(None) };
    let mut value = u64::from(first) & mask;
    if value < mask {
        return Ok(Some((value, 1)));
    }
    for (at, &byte) in rest.iter().enumerate().take(9) {
        value = value.checked_add(u64::from(byte & 0x7f) << (7 * at)).ok_or(Malformed::Integer)?;
        if byte & 0x80 == 0 {
            return Ok(Some((value, at as u64 + 2)));
        }
    }
    if rest.len() >= 9 { Err(Malformed::Integer) } else { Ok(None) }
}
