//! Base58 with Bitcoin's alphabet (draft-msporny-base58), of readable text, or of what is opened further.

use super::budget::Budget;
use super::clue::{Ascii, Clue};
use super::walk::{Input, Opener, Opening};
use super::{hex, sense};

/// Shorter words are words. Ten random bytes are text one time in 18,000.
const SHORTEST: usize = 14;
/// Of what is compressed or a structure, which shorter random bytes may look like.
const SHORTEST_PACKED: usize = 32;
/// The number is multiplied out digit by digit, which grows with the square of this.
const LONGEST: usize = 1_024;

const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

pub(super) const BASE58: Opener = Opener { name: "base58", clue: Clue::Word(Ascii::of(ALPHABET), SHORTEST), open };

fn open(input: &Input<'_>, budget: &mut Budget) -> Option<Opening> {
    if !(SHORTEST..=LONGEST).contains(&input.bytes.len()) || hex::is_word(input.bytes) {
        return None;
    }
    let long = input.bytes.len() >= SHORTEST_PACKED;
    let decoded = decode(input.bytes).filter(|d| sense::is_text(d) || long && sense::is_decoded(d))?;
    budget.bytes(decoded.len()).then(|| Opening { keep: true, ..Opening::one(decoded) })
}

fn decode(text: &[u8]) -> Option<Vec<u8>> {
    // Before anything is multiplied: most words have a character that is none of these.
    let digits = text.iter().map(|character| u32::try_from(ALPHABET.iter().position(|c| c == character)?).ok());
    let digits: Vec<u32> = digits.collect::<Option<_>>()?;
    // Least significant byte first.
    let mut number: Vec<u8> = Vec::new();
    for digit in digits {
        let mut carry = digit;
        for byte in &mut number {
            carry += u32::from(*byte) * 58;
            *byte = (carry & 0xff) as u8;
            carry >>= 8;
        }
        while carry > 0 {
            number.push((carry & 0xff) as u8);
            carry >>= 8;
        }
    }
    // Each leading `1` is a zero byte, which no text begins with.
    number.extend(text.iter().take_while(|c| **c == b'1').map(|_| 0));
    number.reverse();
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors() {
        // draft-msporny-base58-03 §5.
        assert_eq!(decode(b"2NEpo7TZRRrLZSi2U").unwrap(), b"Hello World!");
        assert_eq!(
            decode(b"USm3fpXnKG5EUBx2ndxBDMPVciP5hGey2Jh4NDv6gmeo1LkMeiKrLJUUBk6Z").unwrap(),
            b"The quick brown fox jumps over the lazy dog."
        );
        assert_eq!(decode(b"11233QC4").unwrap(), [0, 0, 0x28, 0x7f, 0xb4, 0xcd]);
        assert_eq!(decode(b"0OIl"), None);
    }
}
