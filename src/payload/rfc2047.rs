//! Encoded words in header values (RFC 2047): `=?UTF-8?B?5qyn6Ziz?=`.
//!
//! Tried on a text in which one stands. Each must decode, into text; what stands between two
//! of them and is only white space is left out (§6.2).

use encoding_rs::Encoding;

use super::budget::Budget;
use super::clue::{Ascii, Clue};
use super::walk::{Input, Opener, Opening};
use super::{base64, sense};

pub(super) const ENCODED_WORDS: Opener = Opener { name: "rfc2047", clue: Clue::Has(Ascii::of(b"=")), open };

const BEGIN: &str = "=?";
const END: &str = "?=";

fn open(input: &Input<'_>, budget: &mut Budget) -> Option<Opening> {
    let text = std::str::from_utf8(input.bytes).ok().filter(|t| t.contains(BEGIN) && t.contains(END))?;
    let decoded = decode(text).filter(|d| sense::is_text(d.as_bytes()))?;
    budget.bytes(decoded.len()).then(|| Opening::one(decoded.into_bytes()))
}

fn decode(text: &str) -> Option<String> {
    let (mut out, mut rest, mut words) = (String::new(), text, 0_u32);
    while let Some((between, tail)) = rest.split_once(BEGIN) {
        if words == 0 || !between.trim().is_empty() {
            out.push_str(between);
        }
        // Charset, encoding, text; the text holds no `?`.
        let mut pieces = tail.splitn(3, '?');
        let (charset, encoding, tail) = (pieces.next()?, pieces.next()?, pieces.next()?);
        let (word, tail) = tail.split_once(END)?;
        let bytes = match encoding {
            "B" | "b" => base64::decode(word.as_bytes())?,
            "Q" | "q" => q(word)?,
            _ => return None,
        };
        // A language may stand after the charset (RFC 2231 §5).
        let label = charset.split('*').next().unwrap_or_default();
        let (word, _, broken) = Encoding::for_label(label.as_bytes())?.decode(&bytes);
        if broken {
            return None;
        }
        out.push_str(&word);
        words += 1;
        rest = tail;
    }
    out.push_str(rest);
    (words > 0).then_some(out)
}

/// Quoted-printable with `_` for a space (§4.2).
fn q(word: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(word.len());
    let mut rest = word.as_bytes();
    while let Some((byte, tail)) = rest.split_first() {
        rest = tail;
        match byte {
            b'_' => out.push(b' '),
            b'=' => {
                let (digits, tail) = rest.split_at_checked(2)?;
                let digits = std::str::from_utf8(digits).ok().filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()))?;
                out.push(u8::from_str_radix(digits, 16).ok()?);
                rest = tail;
            }
            _ => out.push(*byte),
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_both_encodings() {
        // RFC 2047 §8, and Python: email.header.Header("欧阳金丝雀", "gbk").encode().
        assert_eq!(
            decode("=?ISO-8859-1?Q?Keld_J=F8rn_Simonsen?= <k@a.example>").unwrap(),
            "Keld Jørn Simonsen <k@a.example>"
        );
        assert_eq!(decode("=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=").unwrap(), "ab");
        assert_eq!(decode("(=?ISO-8859-1?Q?a?= b)").unwrap(), "(a b)");
        assert_eq!(decode("=?utf-8?b?5qyn6Ziz6YeR5Lid6ZuA?=").unwrap(), "欧阳金丝雀");
        for text in ["a=?b", "=?utf-8?x?a?=", "=?no-such?B?YQ==?=", "=?utf-8?B?***?=", "=?utf-8?Q?=Z?="] {
            assert_eq!(decode(text), None, "{text}");
        }
    }
}
