//! What a value looks like: whether it can tell one device from all others at all.
//!
//! Only its form is looked at here. A model, a version or a time of day may differ from
//! device to device and names none of them; a random 128-bit number does.

use regex::Regex;
use std::sync::LazyLock;

use crate::shape;

/// How clearly a form speaks for an identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strength {
    /// Only beside a field name that says so: short, or made like a model or build number.
    Weak,
    /// Random-looking, but products are named like this as well: not under the name of a property.
    Token,
    /// A form that nothing else has.
    Certain,
}

/// A value that may be an identifier by its form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// How clearly.
    pub strength: Strength,
    /// In words: `uuid`, `32 hex digits`, `22 letters and digits`.
    pub words: String,
}

/// Why a value is none, by its form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoIdentifier {
    /// A date or a number of seconds, milliseconds … since 1970.
    Time,
    /// `13.0.1`, `v2_3`, a build id of Android.
    Version,
    /// A number, with a fraction or small.
    Number,
    /// A network address.
    Address,
    /// Words, a name, a path, a locale, a truth value: little that differs.
    Words,
}

/// Longer values are content, not names of something.
const LONGEST: usize = 512;
/// Decimal digits that a double-precision number prints at most.
const DOUBLE_DIGITS: usize = 17;
/// Decimal digits that a form of its own takes: an IMEI has 15.
const CERTAIN_DIGITS: usize = 15;
/// Hex digits likewise: an Android ID has 16, 64 bits.
const CERTAIN_HEX: usize = 16;
/// Shorter ones say too little even beside a name (DESIGN.md, short values).
const SHORTEST: usize = 8;
/// Characters of a token: 16 of 64 are 96 bits.
const TOKEN: usize = 16;
/// Times are taken for such from 2001-09-09 (10⁹ s) to 2040-01-01.
const TIMES: std::ops::Range<u128> = 1_000_000_000..2_208_988_800;

static VERSION: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^(?i:v|r)?\d{1,6}([._]\d{1,8}){1,6}([-+._]?[A-Za-z][A-Za-z0-9]{0,11}){0,3}$|^[A-Z][A-Z0-9]{2,3}\d?\.\d{6}\.\d{3}(\.[A-Z0-9]{1,4})?$").ok()
});
static DATE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^(19|20)\d\d([-/._]?)(0[1-9]|1[0-2])[-/._]?(0[1-9]|[12]\d|3[01])([T _-]?\d\d:?\d\d(:?\d\d)?.*)?$").ok()
});

fn is(pattern: &LazyLock<Option<Regex>>, text: &str) -> bool {
    pattern.as_ref().is_some_and(|regex| regex.is_match(text))
}

/// The form of `text` as a whole.
pub fn form(text: &str) -> Result<Form, NoIdentifier> {
    let found = |strength, words: String| Ok(Form { strength, words });
    let length = text.len();
    if !(SHORTEST..=LONGEST).contains(&length) || !text.is_ascii() || text.contains(char::is_whitespace) {
        return Err(match text.parse::<f64>() {
            Ok(_) => NoIdentifier::Number,
            Err(_) if is(&DATE, text) || text.contains(" GMT") => NoIdentifier::Time,
            Err(_) if is(&VERSION, text) => NoIdentifier::Version,
            Err(_) => NoIdentifier::Words,
        });
    }
    if shape::uuid(text) {
        return found(Strength::Certain, "uuid".to_owned());
    }
    if shape::ip(text).is_some() {
        return Err(NoIdentifier::Address);
    }
    if text.contains([':', '-']) && shape::mac(text).is_some() {
        return found(Strength::Certain, "mac".to_owned());
    }
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    if digits == length {
        return match () {
            () if is_time(text) || is(&DATE, text) => Err(NoIdentifier::Time),
            () if length >= CERTAIN_DIGITS => found(Strength::Certain, format!("{length} digits")),
            () if length >= 10 => found(Strength::Weak, format!("{length} digits")),
            () => Err(NoIdentifier::Number),
        };
    }
    if is(&DATE, text) {
        return Err(NoIdentifier::Time);
    }
    if text.parse::<f64>().is_ok() && digits <= DOUBLE_DIGITS && !text.contains(['e', 'E']) {
        return Err(NoIdentifier::Number);
    }
    if is(&VERSION, text) {
        return Err(NoIdentifier::Version);
    }
    let letters = text.bytes().filter(u8::is_ascii_alphabetic).count();
    if digits >= 1 && text.bytes().all(|b| b.is_ascii_hexdigit()) {
        // Digits and letters of a random text mix: `deadbeef00000000` is made by hand.
        let strength = if length >= CERTAIN_HEX && distinct(text) >= 6 { Strength::Certain } else { Strength::Weak };
        return found(strength, format!("{length} hex digits"));
    }
    let plain = digits + letters == length;
    let body = text.trim_end_matches('=');
    let encoded = !plain && body.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/_-".contains(&b));
    let lower = text.bytes().any(|b| b.is_ascii_lowercase());
    let upper = text.bytes().any(|b| b.is_ascii_uppercase());
    if length >= TOKEN && (digits >= 2 || lower && upper) && (plain || encoded && lower && upper) && looks_random(body)
    {
        return found(Strength::Token, format!("{length} letters and digits"));
    }
    if plain && digits >= 2 && letters >= 2 && distinct(text) >= 5 {
        return found(Strength::Weak, format!("{length} letters and digits"));
    }
    Err(NoIdentifier::Words)
}

/// Marks after a name.
pub const SIGNS: &[char] = &['=', ':'];
/// The same in a User-Agent.
pub const SIGNS_OF_PRODUCTS: &[char] = &['=', ':', '/'];

/// A part of a text that is no single value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece<'a> {
    /// Its number among the pieces.
    pub number: usize,
    /// The word before it, where `=` or `:` joins them.
    pub name: Option<&'a str>,
    /// The piece.
    pub text: &'a str,
}

/// What stands between marks in `text`. A dash parts them only where what it joins is no
/// value by itself. `joins` are the marks after a name: `=` and `:`, and in a list of products
/// with their versions (`app/1.2 id/9f3c…`, RFC 9110 §10.1.5) `/` as well.
pub fn pieces<'t>(text: &'t str, joins: &[char]) -> Vec<Piece<'t>> {
    /// Pieces of one text that are looked at.
    const MOST: usize = 64;
    let mark = |c: char| c.is_whitespace() || !c.is_ascii() || "|,;&=:/_()[]{}<>\"'#?@~.!*%$^\\`".contains(c);
    let (mut found, mut before, mut joined): (Vec<Piece<'_>>, Option<&str>, bool) = (Vec::new(), None, false);
    for with_mark in text.split_inclusive(mark).take(MOST) {
        let part = with_mark.strip_suffix(mark).unwrap_or(with_mark);
        let name = before.filter(|_| joined);
        let parts = if form(part).is_ok() { vec![part] } else { part.split('-').collect() };
        for text in parts.into_iter().filter(|part| !part.is_empty()) {
            found.push(Piece { number: found.len(), name, text });
        }
        if !part.is_empty() {
            before = Some(part);
            joined = false;
        }
        joined |= with_mark.ends_with(joins);
    }
    found.retain(|piece| piece.text.len() < text.len());
    found
}

/// Names and values of the fields of a text that is a list of such and that no decoder
/// opened: of `Pixel 7|os=14`, `Pixel 7` without a name, and `14`.
pub fn fields(text: &str) -> Vec<(&str, &str)> {
    /// Fields of one text that are looked at.
    const MOST: usize = 64;
    let split = text.split(['|', ',', ';', '&', '\n']).take(MOST);
    let parted = split.map(|field| field.split_once(['=', ':']).unwrap_or(("", field)));
    parted.map(|(name, value)| (name.trim(), value.trim())).filter(|(_, value)| value.len() < text.len()).collect()
}

/// The value without case and marks: `3A:5F` and `3a5f` are one.
pub fn identity(text: &str) -> String {
    let bare: String = text.chars().filter(|c| !matches!(c, '-' | ':')).collect();
    let hex = bare.bytes().all(|b| b.is_ascii_hexdigit());
    if hex { bare.to_ascii_lowercase() } else { text.to_owned() }
}

fn distinct(text: &str) -> usize {
    text.bytes().map(|b| b.to_ascii_lowercase()).collect::<std::collections::BTreeSet<u8>>().len()
}

/// Seconds, milliseconds, microseconds or nanoseconds since 1970.
fn is_time(text: &str) -> bool {
    let scale = match text.len() {
        10 => 1,
        13 => 1_000,
        16 => 1_000_000,
        19 => 1_000_000_000,
        _ => return false,
    };
    text.parse::<u128>().is_ok_and(|number| TIMES.contains(&(number / scale)))
}

/// Little of it can be read as words: `RedmiNote12ProPlus` is four words and a number. A
/// stretch of three letters or more with a vowel is taken for a word; random letters of one
/// case make up about a third of their text of such, words nearly all of it.
fn looks_random(text: &str) -> bool {
    let (mut word, mut vowel, mut readable) = (0, false, 0);
    let mut before = b'0';
    for byte in text.bytes().chain([b'0']) {
        let goes_on = byte.is_ascii_alphabetic() && !(byte.is_ascii_uppercase() && before.is_ascii_lowercase());
        if !goes_on {
            readable += if vowel && word >= 3 { word } else { 0 };
            (word, vowel) = (0, false);
        }
        if byte.is_ascii_alphabetic() {
            word += 1;
            vowel |= b"aeiouAEIOU".contains(&byte);
        }
        before = byte;
    }
    readable * 5 < text.len() * 3 && distinct(text) * 3 >= text.len().min(30)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Random ones from `python3 -c 'import secrets, uuid …'`, written down once.
    #[test]
    fn random_values_have_a_form() {
        for (text, strength) in [
            ("0b1d5c9e-6f3a-4b7d-9c21-7e8f9a0b1c2d", Strength::Certain),
            ("b7f3c2a19d8e4405", Strength::Certain),
            ("9c8d7e6f5a4b3c2d1e0f9a8b7c6d5e4f", Strength::Certain),
            ("a6:5e:01:7f:33:04", Strength::Certain),
            ("358240051111110", Strength::Certain),
            ("Yq3mT0xW9bLr5KcV2nZs7A", Strength::Token),
            ("k3J5h2Qx+9f/7wLmZ0aPdw==", Strength::Token),
            ("k7q2m9x4c1v8b3n6", Strength::Token),
            ("R58N30ABCDE", Strength::Weak),
            ("7f3a9c1d", Strength::Weak),
            ("4400218837", Strength::Weak),
        ] {
            assert_eq!(form(text).map(|f| f.strength), Ok(strength), "{text}");
        }
    }

    #[test]
    fn what_only_differs_has_none() {
        for (text, why) in [
            ("1767225600", NoIdentifier::Time),
            ("1767225600123", NoIdentifier::Time),
            ("20260301083000", NoIdentifier::Time),
            ("2026-03-01T08:00:00Z", NoIdentifier::Time),
            ("13.0.6099.230", NoIdentifier::Version),
            ("TQ3A.230805.001", NoIdentifier::Version),
            ("v8.13.2-release", NoIdentifier::Version),
            ("39.90420012345678", NoIdentifier::Number),
            ("10316531", NoIdentifier::Number),
            ("192.168.100.101", NoIdentifier::Address),
            ("Pixel 7 Pro", NoIdentifier::Words),
            ("zh-Hans-CN", NoIdentifier::Words),
            ("Asia/Shanghai", NoIdentifier::Words),
            ("com.example.tea", NoIdentifier::Words),
            ("RedmiNote12ProPlus", NoIdentifier::Words),
            ("application/json", NoIdentifier::Words),
        ] {
            let found = form(text);
            let weak = matches!(&found, Ok(f) if f.strength == Strength::Weak);
            // A name that is made like a model number needs a field that says it is more.
            assert!(found == Err(why) || why == NoIdentifier::Words && weak, "{text}: {found:?}");
        }
    }

    #[test]
    fn pieces_of_composed_values() {
        let all = |text| pieces(text, SIGNS).into_iter().map(|p| (p.name.unwrap_or("-"), p.text)).collect::<Vec<_>>();
        let appsflyer = [("-", "ms"), ("-", "1767225600123"), ("-", "4411223344556677889")];
        assert_eq!(all("ms-1767225600123-4411223344556677889"), appsflyer);
        let uuid = "0b1d5c9e-6f3a-4b7d-9c21-7e8f9a0b1c2d";
        let agent = format!("Tea/3.1 (did={uuid})");
        assert_eq!(all(&agent), [("-", "Tea"), ("-", "3"), ("-", "1"), ("-", "did"), ("did", uuid)]);
        let products = |text| -> Vec<_> { pieces(text, SIGNS_OF_PRODUCTS).iter().map(|p| (p.name, p.text)).collect() };
        assert_eq!(
            products("Tea/7 id/9f3c21ab47de"),
            [(None, "Tea"), (Some("Tea"), "7"), (None, "id"), (Some("id"), "9f3c21ab47de")]
        );
        assert_eq!(all("m=Pixel 7|tok: x9"), [("-", "m"), ("m", "Pixel"), ("-", "7"), ("-", "tok"), ("tok", "x9")]);
        assert_eq!(identity("A6:5E:01:7F:33:04"), "a65e017f3304");
    }
}
