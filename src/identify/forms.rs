//! The ways in which one value is written before anything is hashed or encoded.

use crate::shape;

/// Android gives the name of a Wi-Fi network in quotes. Sent like that, it contains the plain name;
/// hashed like that, it has a digest of its own.
pub(super) const QUOTED: &str = "quoted";

/// Every writing of a value as `(variant, text)`: the value as given first, each text once.
pub(super) fn of(data_type: &str, value: &str) -> Vec<(&'static str, String)> {
    let mut forms: Vec<(&'static str, String)> = Vec::new();
    let mut add = |variant, text: String| {
        if !text.is_empty() && !forms.iter().any(|(_, known)| *known == text) {
            forms.push((variant, text));
        }
    };
    let value = match data_type {
        "ssid" => unquoted(value.trim()),
        _ => value.trim(),
    };
    add("as-is", value.to_owned());
    match data_type {
        "imei" => imei(value, &mut add),
        // The address of a message or an entry of an address book is a number as well.
        "phone" | "contacts" | "sms" => phone(value, &mut add),
        "mac" | "bssid" | "bluetooth" if shape::mac(value).is_some() => mac(value, &mut add),
        "android_id" => android_id(value, &mut add),
        // Nineteen digits fill ten octets with a hex F after (3GPP TS 51.011 §10.1.1).
        "iccid" if value.len() == 19 => add("filled", format!("{value}F")),
        "ssid" => add(QUOTED, format!("\"{value}\"")),
        _ => {}
    }
    add("lower", value.to_lowercase());
    add("upper", value.to_uppercase());
    let bare: String = value.chars().filter(|c| !matches!(c, ':' | '-' | ' ')).collect();
    // Identifiers are sent with and without their spaces, names in words are not.
    if bare.chars().all(|c| c.is_ascii_alphanumeric()) && bare.bytes().any(|b| b.is_ascii_digit()) {
        add("no-separators", bare.clone());
        add("lower-no-separators", bare.to_ascii_lowercase());
        add("upper-no-separators", bare.to_ascii_uppercase());
        if shape::hex(&bare, 32) && matches!(data_type, "oaid" | "vaid" | "aaid" | "gaid" | "idfa" | "idfv" | "boot_id")
        {
            let groups = [0..8, 8..12, 12..16, 16..20, 20..32];
            let dashed = groups.into_iter().filter_map(|r| bare.get(r)).collect::<Vec<_>>().join("-");
            add("dashed", dashed.to_lowercase());
            add("upper-dashed", dashed.to_uppercase());
        }
    }
    forms
}

/// A profile that was filled in from Android has the quotes as well.
fn unquoted(ssid: &str) -> &str {
    ssid.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(ssid)
}

fn imei(value: &str, add: &mut impl FnMut(&'static str, String)) {
    let bare: String = value.chars().filter(char::is_ascii_digit).collect();
    if let (15 | 16, Some(body)) = (bare.len(), bare.get(..14)) {
        add("no-separators", bare.clone());
        add("14-digits", body.to_owned());
        if bare.len() == 16 {
            // A software version in place of the check digit (3GPP TS 23.003 §6.2.2).
            add("15-digits", with_check_digit(body));
        }
        // As dialling *#06# shows it (GSMA TS.06).
        let groups = [0..2, 2..8, 8..14, 14..bare.len()].into_iter().filter_map(|range| bare.get(range));
        let groups: Vec<&str> = groups.collect();
        add("dashed", groups.join("-"));
        add("spaced", groups.join(" "));
    } else if bare.len() == 14 {
        // With the check digit that belongs there.
        add("15-digits", with_check_digit(&bare));
    }
}

/// Fourteen digits and the Luhn check digit for them.
pub(super) fn with_check_digit(body: &str) -> String {
    (0..10).map(|digit| format!("{body}{digit}")).find(|full| shape::luhn(full)).unwrap_or_default()
}

fn phone(value: &str, add: &mut impl FnMut(&'static str, String)) {
    let Some(national) = shape::phone_cn(value) else { return phone_abroad(value, add) };
    for (variant, prefix) in [
        ("national", ""),
        ("+86", "+86"),
        ("86", "86"),
        ("0086", "0086"),
        ("+86-", "+86-"),
        ("+86 ", "+86 "),
        ("86-", "86-"),
    ] {
        add(variant, format!("{prefix}{national}"));
    }
    if let (Some(a), Some(b), Some(c)) = (national.get(..3), national.get(3..7), national.get(7..)) {
        add("spaced", format!("{a} {b} {c}"));
        add("dashed", format!("{a}-{b}-{c}"));
        add("+86-dashed", format!("+86-{a}-{b}-{c}"));
    }
}

/// With the country code or without; abroad many write a `0` before a number of their own country.
fn phone_abroad(value: &str, add: &mut impl FnMut(&'static str, String)) {
    let Some((country, national)) = shape::phone_abroad(value) else { return };
    add("e164", format!("+{country}{national}"));
    add("e164-digits", format!("{country}{national}"));
    add("e164-00", format!("00{country}{national}"));
    add("national", national.clone());
    add("national-0", format!("0{national}"));
}

fn mac(value: &str, add: &mut impl FnMut(&'static str, String)) {
    let Some(octets) = shape::mac(value) else { return };
    for (variant, separator) in [("colons", ":"), ("dashes", "-"), ("no-separators", "")] {
        let upper = octets.iter().map(|o| format!("{o:02X}")).collect::<Vec<_>>().join(separator);
        let (upper_name, lower_name) = match variant {
            "colons" => ("upper-colons", "lower-colons"),
            "dashes" => ("upper-dashes", "lower-dashes"),
            _ => ("upper-no-separators", "lower-no-separators"),
        };
        add(lower_name, upper.to_ascii_lowercase());
        add(upper_name, upper);
    }
    // As BSD and macOS print it: octets as numbers.
    add("short-octets", octets.iter().map(|o| format!("{o:x}")).collect::<Vec<_>>().join(":"));
    // As routers show it, and as a program that reads it into one integer.
    let groups: Vec<String> = octets.chunks(2).map(|two| two.iter().map(|o| format!("{o:02x}")).collect()).collect();
    add("dots", groups.join("."));
    add("decimal", octets.iter().fold(0_u64, |sum, octet| sum << 8 | u64::from(*octet)).to_string());
}

/// Hex digits of an Android ID that may be left of sixteen.
const SHORTEST_TRIMMED: usize = 10;

/// Programs that read it as `long` (`Long.parseUnsignedLong(id, 16)`) send it with a sign, or without.
fn android_id(value: &str, add: &mut impl FnMut(&'static str, String)) {
    let Some(number) = u64::from_str_radix(value, 16).ok().filter(|_| value.len() >= 13) else { return };
    add("decimal", number.to_string());
    add("signed-decimal", number.cast_signed().to_string());
    // `Long.toHexString` drops leading zeros.
    let trimmed = value.trim_start_matches('0');
    if trimmed.len() >= SHORTEST_TRIMMED && trimmed.bytes().any(|b| b.is_ascii_alphabetic()) {
        add("no-leading-zeros", trimmed.to_ascii_lowercase());
    }
}
