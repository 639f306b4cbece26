//! Hardware and network addresses.

use std::net::IpAddr;

/// Six octets in hex: `:`, `-` or `.` between all of them (or between groups of
/// four digits), or nothing between any.
pub fn mac(value: &str) -> Option<[u8; 6]> {
    let octets: Vec<u8> = match value.len() {
        12 => data_encoding::HEXLOWER_PERMISSIVE.decode(value.as_bytes()).ok()?,
        17 => {
            let separator = value.get(2..3).filter(|s| matches!(*s, ":" | "-" | "."))?;
            let octet = |o: &str| super::hex(o, 2).then(|| u8::from_str_radix(o, 16).ok()).flatten();
            value.split(separator).map(octet).collect::<Option<_>>()?
        }
        14 => {
            let groups: Vec<&str> = value.split('.').collect();
            match groups.iter().all(|g| g.len() == 4) {
                true => data_encoding::HEXLOWER_PERMISSIVE.decode(groups.concat().as_bytes()).ok()?,
                false => return None,
            }
        }
        _ => return None,
    };
    octets.try_into().ok()
}

/// The locally administered bit is set (IEEE 802 §8.2): a randomised address, not the hardware's.
pub fn mac_is_local(octets: &[u8; 6]) -> bool {
    octets[0] & 2 != 0
}

/// An address of either family in its usual text form.
pub fn ip(value: &str) -> Option<IpAddr> {
    value.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_in_four_ways() {
        let octets = [0x3c, 0x5a, 0xb4, 0x01, 0x02, 0x0f];
        for text in ["3C:5A:B4:01:02:0F", "3c-5a-b4-01-02-0f", "3c5ab401020f", "3c5a.b401.020f"] {
            assert_eq!(mac(text), Some(octets), "{text}");
        }
        for text in ["3C:5A:B4:01:02", "3C:5A:B4:01:02:0F:11", "3C:5A-B4:01:02:0F", "3g5ab401020f", "+C:5A:B4:01:02:0F"]
        {
            assert_eq!(mac(text), None, "{text}");
        }
        assert!(mac_is_local(&[2, 0, 0, 0, 0, 0]) && !mac_is_local(&octets));
    }
}
