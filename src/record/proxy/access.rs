//! Who may use the proxy, and where it goes for them.
//!
//! By default it serves this machine only. For other clients their networks must be named, and very
//! large networks are refused: strangers find and use an open proxy within a day.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};

/// Widest network of public addresses that clients may be in: what a small site has.
const WIDEST_V4: u8 = 24;
/// The same of IPv6: one link (RFC 4291 §2.5.1).
const WIDEST_V6: u8 = 64;

/// A network, as `192.168.1.0/24`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    length: u8,
}

impl Network {
    /// Reads an address, alone or with a prefix length.
    ///
    /// # Errors
    /// In words for a person: it is none, or it would make an open proxy.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let no_network = || format!("{text:?} is no network such as 192.168.1.0/24");
        let address: IpAddr = address.trim().parse().map_err(|_| no_network())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let length: u8 = match length {
            Some(length) => length.trim().parse().ok().filter(|length| *length <= most).ok_or_else(no_network)?,
            None => most,
        };
        let network = Self { address, length };
        let widest = if address.is_ipv4() { WIDEST_V4 } else { WIDEST_V6 };
        if length < widest && !PRIVATE.iter().any(|private| private.covers(&network)) {
            return Err(format!(
                "{text} reaches into the public internet: this would be an open proxy; name the network of the device, at \
                 most /{widest}"
            ));
        }
        Ok(network)
    }

    /// The address lies in it; one of IPv4 in IPv6's form counts as what it stands for.
    pub fn contains(&self, address: IpAddr) -> bool {
        prefix(self.address, self.length) == prefix(address.to_canonical(), self.length)
    }

    fn covers(&self, other: &Self) -> bool {
        self.length <= other.length && self.contains(other.address)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.length)
    }
}

/// The first bits of an address, which of the two kinds it is among them.
fn prefix(address: IpAddr, length: u8) -> (bool, u128) {
    let (bits, width) = match address {
        IpAddr::V4(address) => (u128::from(u32::from(address)), 32_u8),
        IpAddr::V6(address) => (u128::from(address), 128),
    };
    (address.is_ipv4(), bits.checked_shr(u32::from(width.saturating_sub(length))).unwrap_or(0))
}

const fn v4(a: u8, b: u8, c: u8, d: u8, length: u8) -> Network {
    Network { address: IpAddr::V4(Ipv4Addr::new(a, b, c, d)), length }
}

/// Networks that no stranger's address is in: RFC 1918, RFC 6598, RFC 3927, loopback; RFC 4193, RFC 4291.
const PRIVATE: &[Network] = &[
    v4(10, 0, 0, 0, 8),
    v4(172, 16, 0, 0, 12),
    v4(192, 168, 0, 0, 16),
    v4(100, 64, 0, 0, 10),
    v4(169, 254, 0, 0, 16),
    v4(127, 0, 0, 0, 8),
    Network { address: IpAddr::V6(std::net::Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0)), length: 7 },
    Network { address: IpAddr::V6(std::net::Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0)), length: 10 },
    Network { address: IpAddr::V6(std::net::Ipv6Addr::LOCALHOST), length: 128 },
];

/// Whether `client` may use the proxy.
pub fn admits(allowed: &[Network], client: IpAddr) -> bool {
    client.to_canonical().is_loopback() || allowed.iter().any(|network| network.contains(client))
}

/// Why the proxy does not connect `client` to `target`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// It is the proxy itself.
    Itself,
    /// It is this machine's own loopback or nothing at all, and the client is another machine.
    Loopback,
}

impl Denied {
    /// In words for the client.
    pub fn words(self) -> &'static str {
        match self {
            Self::Itself => "that is this proxy itself",
            Self::Loopback => "that is an address of the proxy's own machine, which other machines are not let into",
        }
    }
}

/// `own` is where the proxy listens.
///
/// # Errors
/// Why it must not be connected to.
pub fn permits(own: SocketAddr, client: IpAddr, target: SocketAddr) -> Result<(), Denied> {
    let address = target.ip().to_canonical();
    if target.port() == own.port() && is_here(address) {
        return Err(Denied::Itself);
    }
    let inside = address.is_loopback() || address.is_unspecified() || is_link_local(address);
    if inside && !client.to_canonical().is_loopback() {
        return Err(Denied::Loopback);
    }
    Ok(())
}

/// Where clouds keep the credentials of a machine, among others.
fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    }
}

/// The address is one of this machine's: only those can be bound.
fn is_here(address: IpAddr) -> bool {
    address.is_loopback() || address.is_unspecified() || TcpListener::bind((address, 0)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn networks_contain_what_begins_like_them() {
        let network = Network::parse("192.168.4.0/22").unwrap();
        assert!(network.contains(ip("192.168.7.255")) && !network.contains(ip("192.168.8.0")));
        assert!(network.contains(ip("::ffff:192.168.4.9")));
        assert!(Network::parse("fd00::/8").unwrap().contains(ip("fd12::1")));
        assert!(Network::parse("10.1.2.3").unwrap().contains(ip("10.1.2.3")));
        assert!(!Network::parse("10.1.2.3").unwrap().contains(ip("10.1.2.4")));
        assert!(!Network::parse("0.0.0.0/32").unwrap().contains(ip("::")));
    }

    #[test]
    fn an_open_proxy_is_refused() {
        for wide in ["0.0.0.0/0", "::/0", "8.0.0.0/8", "192.0.0.0/8", "2001:db8::/32", "172.0.0.0/8"] {
            assert!(Network::parse(wide).unwrap_err().contains("open proxy"), "{wide}");
        }
        for none in ["", "phone", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0/8"] {
            assert!(Network::parse(none).unwrap_err().contains("192.168.1.0/24"), "{none}");
        }
        for narrow in ["10.0.0.0/8", "203.0.113.0/24", "fe80::/10", "2001:db8::/64"] {
            assert_eq!(Network::parse(narrow).unwrap().to_string(), narrow);
        }
    }

    #[test]
    fn only_named_clients_and_this_machine_are_admitted() {
        let allowed = [Network::parse("192.168.1.0/24").unwrap()];
        assert!(admits(&allowed, ip("192.168.1.7")) && admits(&[], ip("127.0.0.9")) && admits(&[], ip("::1")));
        assert!(!admits(&allowed, ip("192.168.2.7")) && !admits(&[], ip("192.168.1.7")));
    }

    #[test]
    fn neither_itself_nor_this_machines_inside_is_a_target_for_others() {
        let own: SocketAddr = "0.0.0.0:8080".parse().unwrap();
        let to = |client: &str, target: &str| permits(own, ip(client), target.parse().unwrap());
        assert_eq!(to("127.0.0.1", "127.0.0.1:8080"), Err(Denied::Itself));
        assert_eq!(to("127.0.0.1", "0.0.0.0:8080"), Err(Denied::Itself));
        assert_eq!(to("127.0.0.1", "[::ffff:127.0.0.1]:8080"), Err(Denied::Itself));
        assert_eq!(to("192.168.1.7", "127.0.0.1:22"), Err(Denied::Loopback));
        assert_eq!(to("192.168.1.7", "169.254.169.254:80"), Err(Denied::Loopback));
        assert_eq!(to("127.0.0.1", "127.0.0.1:443"), Ok(()));
        assert_eq!(to("192.168.1.7", "192.0.2.1:8080"), Ok(()));
    }
}
