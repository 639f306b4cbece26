//! What identifiers look like: syntax and check digits, nothing else.
//!
//! Pure functions over text. They say whether a value *can* be an IMEI or a MAC,
//! never that it is one: that takes a device profile, a key name or a recipient.
//! Level 0, so that the device profile is checked with the same rules that read traffic.

mod network;
mod person;
mod place;
mod software;
mod telephony;
mod token;

pub use network::{ip, mac, mac_is_local};
pub use person::{bank_card, email, id_card, is_role, phone_abroad, phone_cn};
pub use place::{
    Axis, Degrees, Place, Sexagesimal, degrees, degrees_and_minutes, geohash, pair, sexagesimal, to_bd09, to_gcj02,
};
pub use software::{android_id, hex, oaid, package_name, udid, uuid};
pub use telephony::{iccid, imei, imei_digits, imsi, luhn, meid};
pub use token::token;

/// How well a value fits a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
    /// It cannot be one.
    No,
    /// Nothing speaks against it, and nothing but the key speaks for it.
    Plausible,
    /// Its structure (check digit, allocation, fixed form) speaks for it.
    Fits,
}

impl Fit {
    fn when(fits: bool) -> Self {
        if fits { Self::Fits } else { Self::No }
    }
}

/// How well `value` fits the data type `data_type` (ids of `types.toml`).
///
/// A type without a form of its own (a name, a model) is plausible whenever there
/// is something that could be a value: two characters, not a truth value, not a bare punctuation mark.
pub fn fit(data_type: &str, value: &str) -> Fit {
    let value = value.trim();
    match data_type {
        "imei" => match imei_digits(value) {
            true if imei(value) => Fit::Fits,
            // 14 digits without the check digit, 16 with a software version, or a check digit that is wrong.
            true => Fit::Plausible,
            false => Fit::No,
        },
        "meid" => Fit::when(meid(value)),
        "imsi" => Fit::when(imsi(value)),
        "iccid" => Fit::when(iccid(value)),
        // Hex without a letter is a number as well: one Android ID in two thousand, one MAC in three hundred.
        "android_id" if digits(value, ..) => Fit::when(android_id(value)).min(Fit::Plausible),
        "android_id" => Fit::when(android_id(value)),
        "oaid" | "vaid" | "aaid" | "caid" => Fit::when(oaid(value)),
        "gaid" | "idfa" | "idfv" | "boot_id" => Fit::when(uuid(value)),
        "openudid" => Fit::when(udid(value)),
        "mac" | "bssid" if digits(value, ..) => Fit::when(mac(value).is_some()).min(Fit::Plausible),
        "mac" | "bssid" => Fit::when(mac(value).is_some()),
        "ip" => Fit::when(ip(value).is_some()),
        "phone" => Fit::when(phone_cn(value).is_some() || phone_abroad(value).is_some()),
        "id_card" => Fit::when(id_card(value)),
        // Nobody's own: that of an office.
        "email" if is_role(value) => Fit::when(email(value)).min(Fit::Plausible),
        "email" => Fit::when(email(value)),
        "bluetooth" if mac(value).is_some() => Fit::Fits,
        "bank_card" => Fit::when(bank_card(value)),
        "serial" => match (4..=32).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_alphanumeric()) {
            true => Fit::Plausible,
            false => Fit::No,
        },
        _ => match plausible(value) {
            true => Fit::Plausible,
            false => Fit::No,
        },
    }
}

/// A value that proves nothing by itself: it counts only beside a key name of its type.
///
/// Measured in bytes of UTF-8: a Chinese character, three bytes, is as rare as that many letters.
pub fn is_short(value: &str) -> bool {
    /// Values shorter than this are met everywhere (eight letters, three Chinese characters).
    const SHORT: usize = 8;
    /// So are values of few different characters.
    const FEW: usize = 4;
    let different: std::collections::BTreeSet<char> = value.chars().collect();
    value.len() < SHORT || different.into_iter().map(char::len_utf8).sum::<usize>() < FEW
}

fn plausible(value: &str) -> bool {
    !matches!(value.to_ascii_lowercase().as_str(), "true" | "false" | "yes" | "no" | "none" | "null" | "undefined")
        && value.chars().filter(|c| c.is_alphanumeric()).count() >= 2
}

/// Only ASCII digits, and this many.
fn digits(value: &str, lengths: impl std::ops::RangeBounds<usize>) -> bool {
    lengths.contains(&value.len()) && value.bytes().all(|b| b.is_ascii_digit())
}
