//! The digests that values travel under.

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER};
use md5::Digest;

/// A digest of `text`, with its name in a [`Form`](crate::observations::Form).
pub(crate) fn all(text: &[u8]) -> [(&'static str, Vec<u8>); 4] {
    [
        ("md5", md5::Md5::digest(text).to_vec()),
        ("sha1", sha1::Sha1::digest(text).to_vec()),
        ("sha256", sha2::Sha256::digest(text).to_vec()),
        ("sm3", sm3::Sm3::digest(text).to_vec()),
    ]
}

/// The ways in which a digest is written: `(name of the form, text, case counts)`.
///
/// Hex in any case; of MD5 also the middle sixteen digits; the raw bytes in base64 of
/// both alphabets (padding, where there is some, follows the match).
pub(super) fn written(name: &'static str, digest: &[u8]) -> Vec<(&'static str, String, bool)> {
    let hex = HEXLOWER.encode(digest);
    let slice = (name == "md5").then(|| hex.get(8..24).map(|middle| ("md5-16", middle.to_owned(), false))).flatten();
    let (standard, url) = (BASE64_NOPAD.encode(digest), BASE64URL_NOPAD.encode(digest));
    let url = (url != standard).then_some((name, url, true));
    [(name, hex, false), (name, standard, true)].into_iter().chain(slice).chain(url).collect()
}

/// The digest that a hex text of this length would be, where nothing else is known.
pub(super) fn by_length(hex: &str) -> Option<&'static str> {
    if !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    match hex.len() {
        32 => Some("md5"),
        40 => Some("sha1"),
        64 => Some("sha256"),
        _ => None,
    }
}
