//! Numbers of phones and SIM cards.

use super::digits;

/// The last digit is right by the Luhn algorithm (ISO/IEC 7812-1 annex B). `false` for anything but digits.
pub fn luhn(value: &str) -> bool {
    if value.is_empty() || !digits(value, ..) {
        return false;
    }
    let sum: u32 = value
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let digit = u32::from(digit - b'0');
            match place % 2 {
                0 => digit,
                _ if digit > 4 => digit * 2 - 9,
                _ => digit * 2,
            }
        })
        .sum();
    sum.is_multiple_of(10)
}

/// Reporting body identifiers that lead a type allocation code (GSMA TS.06), as far as phones carry them.
const REPORTING_BODIES: &[&str] =
    &["01", "30", "33", "35", "44", "45", "49", "50", "51", "52", "53", "54", "86", "91", "97", "98", "99"];

/// Fifteen digits with a reporting body in front and a right check digit (3GPP TS 23.003 §6.2.1).
pub fn imei(value: &str) -> bool {
    digits(value, 15..=15) && luhn(value) && value.get(..2).is_some_and(|body| REPORTING_BODIES.contains(&body))
}

/// The digits of an IMEI, whatever the check digit: 14 (without it), 15, or 16 (IMEISV).
pub fn imei_digits(value: &str) -> bool {
    digits(value, 14..=16) && value.get(..2).is_some_and(|body| REPORTING_BODIES.contains(&body))
}

/// Fourteen hex digits from the range of regional codes A0 to FF, or 99 for both
/// worlds (3GPP2 S.R0048); an optional check digit after.
pub fn meid(value: &str) -> bool {
    (14..=15).contains(&value.len())
        && value.bytes().all(|b| b.is_ascii_hexdigit())
        && value.get(..2).is_some_and(|code| code == "99" || code.to_ascii_uppercase().as_str() >= "A0")
}

/// Mobile network codes of mainland China (MCC 460).
const CHINA_NETWORKS: &[&str] =
    &["00", "01", "02", "03", "04", "05", "06", "07", "08", "09", "11", "12", "13", "15", "20"];

/// Fifteen digits of a mainland subscription: MCC 460 and an assigned MNC.
pub fn imsi(value: &str) -> bool {
    digits(value, 15..=15) && value.starts_with("460") && value.get(3..5).is_some_and(|n| CHINA_NETWORKS.contains(&n))
}

/// 19 or 20 digits that begin with 89 (ITU-T E.118). Nineteen and twenty may both
/// end in a Luhn digit; Chinese cards of twenty also end in a filler or a hex digit,
/// so these are held to the issuer `8986` and their first nineteen digits.
pub fn iccid(value: &str) -> bool {
    let head = value.get(..19).unwrap_or_default();
    match value.len() {
        19 => value.starts_with("89") && (luhn(value) || value.starts_with("8986") && digits(value, ..)),
        20 => {
            value.starts_with("89") && luhn(value)
                || value.starts_with("8986")
                    && digits(head, 19..=19)
                    && value.bytes().next_back().is_some_and(|b| b.is_ascii_hexdigit())
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits() {
        // 79927398713 is the example of ISO/IEC 7812-1; 490154203237518 that of 3GPP TS 23.003 annex B.
        assert!(luhn("79927398713") && !luhn("79927398710"));
        assert!(imei("490154203237518") && !imei("490154203237510"));
        assert!(!imei("790154203237518"), "no reporting body 79");
        assert!(!luhn("") && !luhn("12a"));
    }

    #[test]
    fn networks_and_cards() {
        assert!(imsi("460001234567890") && imsi("460111234567890"));
        assert!(!imsi("460991234567890") && !imsi("310260000000000") && !imsi("46000123456789"));
        assert!(iccid("89860012345678901239") || iccid("8986001234567890123"));
        assert!(!iccid("12345678901234567890"));
        assert!(meid("A0000000002329") && meid("99000000002329") && !meid("12345678901234"));
    }
}
