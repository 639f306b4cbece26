//! The digests that values travel under.

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};
use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512};
use sm3::Sm3;

use crate::evidence::Certainty;

/// A digest of one text.
pub(crate) struct Digested {
    /// Its name in a [`Form`](crate::observations::Form).
    pub(crate) name: &'static str,
    pub(crate) bytes: Vec<u8>,
}

/// The digest called `name`; `None` for a name that is not known.
pub(super) fn named(name: &str, text: &[u8]) -> Option<Digested> {
    let (name, bytes) = match name {
        "md5" => ("md5", Md5::digest(text).to_vec()),
        "sha1" => ("sha1", Sha1::digest(text).to_vec()),
        "sha224" => ("sha224", Sha224::digest(text).to_vec()),
        "sha256" => ("sha256", Sha256::digest(text).to_vec()),
        "sha384" => ("sha384", Sha384::digest(text).to_vec()),
        "sha512" => ("sha512", Sha512::digest(text).to_vec()),
        "sm3" => ("sm3", Sm3::digest(text).to_vec()),
        _ => return None,
    };
    Some(Digested { name, bytes })
}

/// HMAC (RFC 2104) of `text` with the digest called `name`: its name in a form, and the code.
pub(super) fn keyed(name: &str, key: &[u8], text: &[u8]) -> Option<Digested> {
    macro_rules! code {
        ($digest:ty) => {{
            let mut mac = Hmac::<$digest>::new_from_slice(key).ok()?;
            mac.update(text);
            mac.finalize().into_bytes().to_vec()
        }};
    }
    let (name, bytes) = match name {
        "md5" => ("hmac-md5", code!(Md5)),
        "sha1" => ("hmac-sha1", code!(Sha1)),
        "sha256" => ("hmac-sha256", code!(Sha256)),
        "sha512" => ("hmac-sha512", code!(Sha512)),
        "sm3" => ("hmac-sm3", code!(Sm3)),
        _ => return None,
    };
    Some(Digested { name, bytes })
}

/// Every digest of `text` that is looked for.
pub(crate) fn all(text: &[u8]) -> Vec<Digested> {
    let md5 = Md5::digest(text);
    let again = |hex: String| Digested { name: "md5-md5", bytes: Md5::digest(hex).to_vec() };
    ["md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sm3"]
        .into_iter()
        .filter_map(|name| named(name, text))
        .chain([again(HEXLOWER.encode(&md5)), again(HEXUPPER.encode(&md5))])
        // A platform that has only MD5s hashes them once more for a partner that wants SHA-1 or SHA-256.
        .chain([
            Digested { name: "md5-sha1", bytes: Sha1::digest(HEXLOWER.encode(&md5)).to_vec() },
            Digested { name: "md5-sha256", bytes: Sha256::digest(HEXLOWER.encode(&md5)).to_vec() },
            Digested { name: "uuid-v3", bytes: uuid_v3(&md5) },
        ])
        .chain([
            Digested { name: "crc32", bytes: crc32(text).to_be_bytes().to_vec() },
            Digested { name: "murmur3", bytes: murmur3(text).to_be_bytes().to_vec() },
        ])
        .collect()
}

/// The MD5 with version and variant put in, as Java's `UUID.nameUUIDFromBytes` makes a UUID of
/// a name without a namespace (RFC 9562 §5.3).
fn uuid_v3(md5: &[u8]) -> Vec<u8> {
    let mut bytes = md5.to_vec();
    if let [_, _, _, _, _, _, version, _, variant, ..] = &mut bytes[..] {
        *version = *version & 0x0f | 0x30;
        *variant = *variant & 0x3f | 0x80;
    }
    bytes
}

/// How certain a match of it is: a checksum of 32 bits also matches by chance.
pub(super) fn certainty(name: &str) -> Certainty {
    if matches!(name, "crc32" | "murmur3") { Certainty::Possible } else { Certainty::Confirmed }
}

/// The ways in which a digest is written: `(name of the form, text, case counts)`.
///
/// Hex in either case; of MD5 also the middle sixteen digits; the raw bytes in base64 of
/// both alphabets (padding, if any, follows the match). Checksums of 32 bits as eight hex digits and
/// as a decimal number.
pub(super) fn written(digest: &Digested) -> Vec<(&'static str, String, bool)> {
    /// Decimal digits of a checksum at least: shorter numbers are prices and counters.
    const DIGITS: usize = 9;
    let Digested { name, bytes } = digest;
    let hex = HEXLOWER.encode(bytes);
    if let Ok(sum) = <[u8; 4]>::try_from(&bytes[..]) {
        let number = Some(u32::from_be_bytes(sum).to_string()).filter(|n| n.len() >= DIGITS);
        return [Some(hex), number].into_iter().flatten().map(|text| (*name, text, false)).collect();
    }
    let slice = (*name == "md5").then(|| hex.get(8..24).map(|middle| ("md5-16", middle.to_owned(), false))).flatten();
    // With dashes, because some senders write an MD5 as if it were a UUID.
    let groups = [0..8, 8..12, 12..16, 16..20, 20..32].into_iter().filter_map(|group| hex.get(group));
    let dashed = (bytes.len() == 16).then(|| (*name, groups.collect::<Vec<_>>().join("-"), false));
    let (standard, url) = (BASE64_NOPAD.encode(bytes), BASE64URL_NOPAD.encode(bytes));
    let url = (url != standard).then_some((*name, url, true));
    [(*name, hex, false), (*name, standard, true)].into_iter().chain(slice).chain(dashed).chain(url).collect()
}

/// The digest that a hex text of this length would be, where nothing else is known.
pub(super) fn by_length(hex: &str) -> Option<&'static str> {
    if !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    match hex.len() {
        32 => Some("md5"),
        40 => Some("sha1"),
        56 => Some("sha224"),
        64 => Some("sha256"),
        96 => Some("sha384"),
        128 => Some("sha512"),
        _ => None,
    }
}

/// CRC-32 of ISO-HDLC (zlib, Java's `CRC32`), bit by bit: it runs over short texts, once.
fn crc32(text: &[u8]) -> u32 {
    !text.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 })
    })
}

/// MurmurHash3 x86 32 with seed 0, by Austin Appleby's description (public domain).
fn murmur3(text: &[u8]) -> u32 {
    let scramble = |k: u32| k.wrapping_mul(0xcc9e_2d51).rotate_left(15).wrapping_mul(0x1b87_3593);
    let (blocks, tail) = text.as_chunks::<4>();
    let mixed = blocks.iter().fold(0_u32, |hash, block| {
        (hash ^ scramble(u32::from_le_bytes(*block))).rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64)
    });
    let last = tail.iter().rev().fold(0_u32, |sum, byte| sum << 8 | u32::from(*byte));
    let mut hash = if tail.is_empty() { mixed } else { mixed ^ scramble(last) } ^ text.len() as u32;
    hash = (hash ^ hash >> 16).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ hash >> 13).wrapping_mul(0xc2b2_ae35);
    hash ^ hash >> 16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_sums() {
        // The check value of CRC-32/ISO-HDLC; MurmurHash3 by the Python package mmh3 5.1.
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(murmur3(b"The quick brown fox jumps over the lazy dog"), 0x2e4f_f723);
        assert_eq!((murmur3(b""), murmur3(b"a"), murmur3(b"abcde")), (0, 0x3c25_69b2, 0xe89b_9af6));
    }

    #[test]
    fn codes() {
        // RFC 4231 §4.3 and RFC 2202 §2, test case 2.
        let code = |name| HEXLOWER.encode(&keyed(name, b"Jefe", b"what do ya want for nothing?").unwrap().bytes);
        assert_eq!(code("sha256"), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        assert_eq!(code("md5"), "750c783e6ab0b503eaa86e310a5db738");
    }
}
