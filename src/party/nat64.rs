//! Prefixes under which a network writes IPv4 addresses as IPv6 ones (NAT64): the
//! well-known one (RFC 6052 §2.1), and those that the network told its clients (RFC 7050).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::host::normalise;
use crate::message::Dns;

/// The name that clients ask for to learn the prefix, and its addresses (RFC 7050 §8).
const WELL_KNOWN_NAME: &str = "ipv4only.arpa";
const WELL_KNOWN: [Ipv4Addr; 2] = [Ipv4Addr::new(192, 0, 0, 170), Ipv4Addr::new(192, 0, 0, 171)];

/// Prefixes kept: a network has one or two, a capture comes from few networks.
const PREFIXES: usize = 64;

/// Where the four bytes stand after a prefix of each length (RFC 6052 §2.2): byte 8 is
/// zero and left out.
const PLACES: [(u8, [usize; 4]); 6] = [
    (96, [12, 13, 14, 15]),
    (64, [9, 10, 11, 12]),
    (56, [7, 9, 10, 11]),
    (48, [6, 7, 9, 10]),
    (40, [5, 6, 7, 9]),
    (32, [4, 5, 6, 7]),
];

/// The prefixes that DNS answers told.
#[derive(Clone, Debug, Default)]
pub(super) struct Prefixes(Vec<(u128, u8)>);

impl Prefixes {
    /// Learns from an answer for the well-known name, which is an IPv4 address only: an IPv6
    /// one was made of it.
    pub fn learn(&mut self, dns: &Dns) {
        for (owner, kind, value, _) in &dns.answers {
            let told = kind == "AAAA" && owner.trim_end_matches('.').eq_ignore_ascii_case(WELL_KNOWN_NAME);
            let Some(address) = told.then(|| value.parse::<Ipv6Addr>().ok()).flatten() else { continue };
            let place = PLACES.iter().find(|(_, at)| embedded(address, *at).is_some_and(|ip| WELL_KNOWN.contains(&ip)));
            if let Some((length, _)) = place {
                let prefix = (address.to_bits() & mask(*length), *length);
                if self.0.len() < PREFIXES && !self.0.contains(&prefix) {
                    self.0.push(prefix);
                }
            }
        }
    }

    /// The address that is meant.
    pub fn plain(&self, address: IpAddr) -> IpAddr {
        let IpAddr::V6(v6) = address else { return normalise(address) };
        let under = self.0.iter().find(|(prefix, length)| v6.to_bits() & mask(*length) == *prefix);
        let found = under.and_then(|(_, length)| {
            let (_, at) = PLACES.iter().find(|(known, _)| known == length)?;
            embedded(v6, *at)
        });
        found.map_or_else(|| normalise(address), IpAddr::V4)
    }
}

fn mask(length: u8) -> u128 {
    u128::MAX << (128 - u32::from(length))
}

fn embedded(address: Ipv6Addr, at: [usize; 4]) -> Option<Ipv4Addr> {
    let bytes = address.octets();
    let byte = |at: usize| bytes.get(at).copied();
    let [a, b, c, d] = at;
    Some(Ipv4Addr::new(byte(a)?, byte(b)?, byte(c)?, byte(d)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(address: &str) -> Prefixes {
        let answer = ("ipv4only.arpa".to_owned(), "AAAA".to_owned(), address.to_owned(), 60);
        let mut prefixes = Prefixes::default();
        prefixes.learn(&Dns { names: vec!["ipv4only.arpa".to_owned()], answers: vec![answer], response: true });
        prefixes
    }

    /// 192.0.2.33 under each prefix of RFC 6052 §2.4, and what 192.0.0.170 is under it.
    #[test]
    fn a_prefix_of_each_length_is_learned() {
        for (answer, address) in [
            ("2001:db8:c000:aa::", "2001:db8:c000:221::"),
            ("2001:db8:1c0:0:aa::", "2001:db8:1c0:2:21::"),
            ("2001:db8:122:c000:0:aa00::", "2001:db8:122:c000:2:2100::"),
            ("2001:db8:122:3c0:0:aa::", "2001:db8:122:3c0:0:221::"),
            ("2001:db8:122:344:c0:0:aa00:0", "2001:db8:122:344:c0:2:2100::"),
            ("2001:db8:122:344::192.0.0.170", "2001:db8:122:344::192.0.2.33"),
            ("2001:db8:122:344::192.0.0.171", "2001:db8:122:344::192.0.2.33"),
        ] {
            let plain = told(answer).plain(address.parse().unwrap());
            assert_eq!(plain.to_string(), "192.0.2.33", "{answer}");
        }
    }

    #[test]
    fn what_was_not_told_is_no_prefix() {
        let address: IpAddr = "2001:db8::192.0.2.33".parse().unwrap();
        assert_eq!(told("2001:db8::192.0.2.1").plain(address), address);
        assert_eq!(told("2001:db8:1::192.0.0.170").plain(address), address);
        assert_eq!(Prefixes::default().plain("64:ff9b::192.0.2.33".parse().unwrap()).to_string(), "192.0.2.33");
    }
}
