//! Numbers and addresses of people.

use super::{digits, luhn};

/// A mainland mobile number; yields its eleven digits. `+86`, `86`, `0086` may stand before it,
/// with a space or `-` between, and spaces or `-` after the third and seventh digit.
pub fn phone_cn(value: &str) -> Option<String> {
    let compact: String = value.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    let national = ["+86", "0086", "86"].iter().find_map(|p| compact.strip_prefix(p)).unwrap_or(&compact);
    let mobile = digits(national, 11..=11) && national.starts_with('1') && national.as_bytes().get(1) > Some(&b'2');
    (mobile && value.len() <= 18).then(|| national.to_owned())
}

/// A number with its country in front, as ITU-T E.164 writes it: `+`, and eight to fifteen digits after
/// it, grouped in any way. Yields the country code and the rest.
pub fn phone_abroad(value: &str) -> Option<(String, String)> {
    /// Country codes of one and two digits by their first ones (ITU-T E.164 annex D); all others have three.
    const ONE: &[u8] = b"17";
    const TWO: &[&str] = &["20", "27", "28", "30", "31", "32", "33", "34", "36", "39"];
    const ALL_BUT: &[(u8, &[u8])] = &[(b'4', b"2"), (b'5', b"09"), (b'6', b"789"), (b'8', b"0358"), (b'9', b"679")];
    let marks = |c: &char| !matches!(c, ' ' | '-' | '.' | '(' | ')' | '\u{a0}');
    let digits_of: String = value.strip_prefix('+')?.chars().filter(marks).collect();
    if !digits(&digits_of, 8..=15) || value.len() > 24 {
        return None;
    }
    let [first, second, ..] = digits_of.as_bytes() else { return None };
    let length = match first {
        b'0' => return None,
        first if ONE.contains(first) => 1,
        _ if digits_of.get(..2).is_some_and(|two| TWO.contains(&two)) => 2,
        first if ALL_BUT.iter().any(|(lead, three)| lead == first && !three.contains(second)) => 2,
        _ => 3,
    };
    let (country, rest) = digits_of.split_at_checked(length)?;
    Some((country.to_owned(), rest.to_owned()))
}

/// First two digits of the region codes (GB/T 2260).
const REGIONS: &[u8] = &[
    11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 46, 50, 51, 52, 53, 54, 61, 62, 63,
    64, 65, 71, 81, 82, 83, 91,
];

/// A resident identity number: region, date of birth, order, check character
/// (GB 11643-1999, ISO 7064 MOD 11-2).
pub fn id_card(value: &str) -> bool {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let Some((body, check)) = value.split_at_checked(17).filter(|(body, check)| check.len() == 1 && digits(body, ..))
    else {
        return false;
    };
    let number = |range: std::ops::Range<usize>| body.get(range).and_then(|d| d.parse::<u32>().ok()).unwrap_or(0);
    let region = u8::try_from(number(0..2)).is_ok_and(|r| REGIONS.contains(&r));
    let born = (1900..2100).contains(&number(6..10))
        && (1..=12).contains(&number(10..12))
        && (1..=31).contains(&number(12..14));
    let sum: u32 = body.bytes().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    let expected = b"10X98765432".get(sum as usize % 11).copied();
    region && born && check.bytes().next().map(|c| c.to_ascii_uppercase()) == expected
}

/// 16 to 19 digits of a payment card: a leading 3 to 6 and a Luhn digit (ISO/IEC 7812-1).
pub fn bank_card(value: &str) -> bool {
    let compact: String = value.chars().filter(|c| *c != ' ').collect();
    digits(&compact, 16..=19) && matches!(compact.as_bytes().first(), Some(b'3'..=b'6')) && luhn(&compact)
}

/// A mailbox of a role and not of a person (RFC 2142, and what senders call those that nobody reads).
pub fn is_role(value: &str) -> bool {
    const ROLES: &[&str] = &[
        "abuse",
        "admin",
        "contact",
        "feedback",
        "help",
        "hostmaster",
        "info",
        "kefu",
        "marketing",
        "no-reply",
        "noreply",
        "postmaster",
        "privacy",
        "sales",
        "security",
        "service",
        "support",
        "webmaster",
    ];
    value.split_once('@').is_some_and(|(local, _)| ROLES.iter().any(|role| role.eq_ignore_ascii_case(local)))
}

/// One `@` with something usual before it and a name of two labels or more after it.
pub fn email(value: &str) -> bool {
    let Some((local, domain)) = value.split_once('@') else { return false };
    let local_fits = (1..=64).contains(&local.len())
        && local.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_`{|}~.-".contains(&b));
    let labels: Vec<&str> = domain.split('.').collect();
    let label_fits = |l: &&str| !l.is_empty() && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    local_fits
        && domain.len() <= 253
        && labels.len() >= 2
        && labels.iter().all(label_fits)
        && labels.last().is_some_and(|l| is_top_level(l))
}

/// A top-level domain of the public suffix list, or one that RFC 2606 §2 keeps for tests:
/// `logo@2x.png` is a picture.
fn is_top_level(label: &str) -> bool {
    let label = label.to_ascii_lowercase();
    matches!(label.as_str(), "test" | "example" | "invalid" | "localhost")
        || psl::suffix(label.as_bytes()).is_some_and(|suffix| suffix.is_known())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identity_numbers() {
        // 11010519491231002X is the example of GB 11643-1999.
        assert!(id_card("11010519491231002X") && id_card("11010519491231002x"));
        assert!(!id_card("110105194912310021") && !id_card("11010519491331002X") && !id_card("99010519491231002X"));
        assert!(!id_card("1101051949123100汉"));
    }

    #[test]
    fn phone_numbers() {
        for text in ["13800138000", "+8613800138000", "86 138-0013-8000", "008613800138000", "+86-13800138000"] {
            assert_eq!(phone_cn(text).as_deref(), Some("13800138000"), "{text}");
        }
        for text in ["12800138000", "1380013800", "138001380001", "1380013800a"] {
            assert_eq!(phone_cn(text), None, "{text}");
        }
    }

    #[test]
    fn phone_numbers_of_other_countries() {
        // Numbers that are kept for fiction: of the North American plan, of Ofcom; a made-up one of Hong Kong.
        for (text, country, rest) in [
            ("+1 (202) 555-0143", "1", "2025550143"),
            ("+44 7700 900123", "44", "7700900123"),
            ("+85290001234", "852", "90001234"),
            ("+49.30.23125000", "49", "3023125000"),
        ] {
            assert_eq!(phone_abroad(text), Some((country.to_owned(), rest.to_owned())), "{text}");
        }
        for text in ["12025550143", "+1234567", "+0123456789", "+1 202 555 0143 ext 2", "+1234567890123456"] {
            assert_eq!(phone_abroad(text), None, "{text}");
        }
    }

    #[test]
    fn mail_and_cards() {
        assert!(
            email("a.b+c@mail.example.com")
                && !email("a@b")
                && !email("@x.cn")
                && !email("logo@2x.png.1")
                && !email("logo@2x.png")
        );
        assert!(email("a@mail.test") && email("a@b.COM"));
        // 4111 1111 1111 1111 is the well-known test number.
        assert!(bank_card("4111 1111 1111 1111") && !bank_card("4111111111111112"));
    }
}
