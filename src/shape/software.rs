//! Identifiers that an operating system or an advertising service issues.

/// `n` hex digits.
pub fn hex(value: &str, n: usize) -> bool {
    value.len() == n && value.bytes().all(|b| b.is_ascii_hexdigit())
}

/// 8-4-4-4-12 hex digits (RFC 9562 §4), any version.
pub fn uuid(value: &str) -> bool {
    let lengths = [8, 4, 4, 4, 12];
    let groups: Vec<&str> = value.split('-').collect();
    groups.len() == lengths.len() && groups.iter().zip(lengths).all(|(group, n)| hex(group, n))
}

/// Sixteen hex digits; as a number in hex, leading zeros are sometimes dropped, down to
/// thirteen. Digits alone are taken only at the full length.
pub fn android_id(value: &str) -> bool {
    let letters = value.bytes().any(|b| b.is_ascii_alphabetic());
    hex(value, 16) || letters && (13..16).contains(&value.len()) && hex(value, value.len())
}

/// The forms that vendors give an OAID: UUID, or 16, 32 or 64 hex digits.
pub fn oaid(value: &str) -> bool {
    uuid(value) || hex(value, 16) || hex(value, 32) || hex(value, 64)
}

/// The forms of an iOS UDID and of OpenUDID: 40 hex digits, or 8 and 16 with a dash.
pub fn udid(value: &str) -> bool {
    hex(value, 40) || value.split_once('-').is_some_and(|(chip, ecid)| hex(chip, 8) && hex(ecid, 16))
}

/// First labels of package and bundle names: reversed domains begin with these.
const ROOTS: &[&str] = &[
    "com", "cn", "net", "org", "io", "tv", "me", "co", "app", "android", "air", "hk", "tw", "jp", "kr", "de", "fr",
    "uk", "us", "eu", "ru", "in", "im", "cc", "top", "vip", "edu", "gov", "info", "biz", "tech", "dev", "fm", "ai",
];

/// A package or bundle name: three labels or more (two after `com`, `cn` or another
/// root), and not a host name, which ends where these begin.
pub fn package_name(value: &str) -> bool {
    let labels: Vec<&str> = value.split('.').collect();
    let label_fits = |label: &&str| {
        label.bytes().next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
    };
    (3..=12).contains(&labels.len())
        && value.len() <= 255
        && labels.iter().all(label_fits)
        && labels.first().is_some_and(|root| ROOTS.contains(root))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        assert!(uuid("3a5f2c1e-7b48-4d09-9e6a-1c2d3e4f5a6b") && !uuid("3a5f2c1e7b484d099e6a1c2d3e4f5a6b"));
        assert!(android_id("9f3c21ab47de5608") && android_id("f3c21ab47de56") && !android_id("1772352001250"));
        assert!(udid("00008030-001A2B3C4D5E6F70"));
    }

    #[test]
    fn packages_are_not_hosts() {
        assert!(package_name("com.tencent.mm") && package_name("cn.example.app_2"));
        assert!(!package_name("www.example.com") && !package_name("com.example") && !package_name("com..x"));
    }
}
