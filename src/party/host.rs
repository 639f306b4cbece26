//! Host names and addresses in the one form they are compared in.

use std::net::{IpAddr, Ipv4Addr};

/// Length of a host name, in characters (RFC 1035 §2.3.4).
const NAME_LENGTH: usize = 253;

/// A name or an address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Host {
    /// Lower case, IDN in its ASCII form, no last dot: `xn--fiq228c.example`.
    Name(String),
    /// An address; one that only wraps an IPv4 address is that address.
    Address(IpAddr),
}

impl Host {
    /// Reads a `Host` header, `:authority`, SNI or DNS name, without port, brackets and one last
    /// dot. `None` where the text can be neither a name nor an address: it comes from the traffic, and
    /// what cannot be looked up must not match anything.
    ///
    /// A name in Unicode becomes ASCII as browsers do it (UTS #46): full-width letters
    /// become the plain ones, letters of other scripts that look alike do not.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let bracketed = text.strip_prefix('[').and_then(|rest| rest.split_once(']'));
        if let Some((inside, _port)) = bracketed {
            return address(inside).map(Self::Address);
        }
        if let Some(address) = address(text) {
            return Some(Self::Address(address));
        }
        let name = match text.split_once(':') {
            Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
            Some(_) => return None,
            None => text,
        };
        if let Some(address) = address(name) {
            return Some(Self::Address(address));
        }
        // Longer in Unicode than any name in ASCII: not worth the conversion.
        if name.len() > 4 * NAME_LENGTH {
            return None;
        }
        let ascii = if name.is_ascii() { name.to_ascii_lowercase() } else { idna::domain_to_ascii(name).ok()? };
        let ascii = ascii.strip_suffix('.').unwrap_or(&ascii);
        let well_formed = !ascii.is_empty()
            && ascii.len() <= NAME_LENGTH
            && ascii.split('.').all(|label| {
                !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            });
        well_formed.then(|| Self::Name(ascii.to_owned()))
    }

    /// As text: what is looked up.
    pub fn text(&self) -> String {
        match self {
            Self::Name(name) => name.clone(),
            Self::Address(address) => address.to_string(),
        }
    }

    /// The registrable domain (eTLD+1) by the public suffix list, its private part
    /// included: `tenant.github.io` is one. The host itself where it is a suffix or an address.
    pub fn registrable(&self) -> String {
        match self {
            Self::Name(name) => psl::domain_str(name).unwrap_or(name).to_owned(),
            Self::Address(address) => address.to_string(),
        }
    }

    /// It lies in the local network, or cannot be reached from outside: an address that is
    /// not routed, a name without a dot, `.local` (RFC 6762), `.home.arpa` (RFC 8375), `localhost`.
    pub fn is_local(&self) -> bool {
        match self {
            Self::Name(name) => {
                let is_under = |zone: &str| name == zone || name.strip_suffix(zone).is_some_and(|n| n.ends_with('.'));
                !name.contains('.') || ["local", "home.arpa", "localhost"].into_iter().any(is_under)
            }
            Self::Address(address) => is_local(*address),
        }
    }

    /// It is `domain` or lies under it, by whole labels.
    pub fn lies_under(&self, domain: &Host) -> bool {
        match (self, domain) {
            (Self::Name(name), Self::Name(domain)) => {
                name == domain || name.strip_suffix(domain.as_str()).is_some_and(|rest| rest.ends_with('.'))
            }
            _ => self == domain,
        }
    }
}

impl std::fmt::Display for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(address) => address.fmt(f),
        }
    }
}

/// An address without its zone (`fe80::1%wlan0`), normalised.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.split_once('%').map_or(text, |(address, _zone)| address);
    bare.parse().ok().map(normalise)
}

/// An address that only wraps an IPv4 address is looked up as that one: IPv4-mapped
/// (RFC 4291 §2.5.5.2) and the well-known NAT64 prefix `64:ff9b::/96` (RFC 6052 §2.1).
pub fn normalise(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => match v6.segments() {
            [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
                let [a, b] = high.to_be_bytes();
                let [c, d] = low.to_be_bytes();
                IpAddr::V4(Ipv4Addr::new(a, b, c, d))
            }
            _ => v6.to_canonical(),
        },
        v4 @ IpAddr::V4(_) => v4,
    }
}

fn is_local(address: IpAddr) -> bool {
    match normalise(address) {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            let shared = a == 100 && (64..128).contains(&b); // RFC 6598
            v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_multicast()
                || v4.is_broadcast()
                || v4.is_unspecified()
                || shared
        }
        IpAddr::V6(v6) => {
            v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_multicast()
                || v6.is_unicast_link_local()
                || v6.is_unique_local()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(host: &str) -> Option<String> {
        Host::parse(host).map(|h| h.text())
    }

    #[test]
    fn case_port_last_dot_and_brackets_do_not_matter() {
        for same in ["API.Getui.com", "api.getui.com.", "api.getui.com:443", "api.getui.com.:8443", " api.getui.com "] {
            assert_eq!(text(same).as_deref(), Some("api.getui.com"), "{same}");
        }
        assert_eq!(text("[2001:DB8::1]:443").as_deref(), Some("2001:db8::1"));
        assert_eq!(text("2001:db8::1").as_deref(), Some("2001:db8::1"));
        assert_eq!(text("203.0.113.7:80").as_deref(), Some("203.0.113.7"));
        assert_eq!(text("fe80::1%wlan0").as_deref(), Some("fe80::1"));
    }

    #[test]
    fn wrapped_addresses_are_the_addresses_they_wrap() {
        // RFC 6052 §2.4: 192.0.2.33 under the well-known prefix is 64:ff9b::192.0.2.33.
        assert_eq!(text("64:ff9b::192.0.2.33").as_deref(), Some("192.0.2.33"));
        assert_eq!(text("::ffff:192.0.2.33").as_deref(), Some("192.0.2.33"));
    }

    #[test]
    fn look_alike_letters_stay_other_letters() {
        assert_eq!(text("ｇｅｔｕｉ.com").as_deref(), Some("getui.com"));
        // Cyrillic е in place of e.
        let confusable = text("g\u{435}tui.com").unwrap();
        assert!(confusable.starts_with("xn--") && confusable != "getui.com");
        assert_eq!(text("bücher.example").as_deref(), Some("xn--bcher-kva.example"));
    }

    #[test]
    fn what_is_no_name_is_none() {
        for bad in
            ["", ".", "a..b", "a b.example", "a/b", "a:b:c", "exa\u{0}mple.com", "*.example.com", "a.example:http"]
        {
            assert_eq!(text(bad), None, "{bad:?}");
        }
        assert_eq!(text(&"a.".repeat(200)), None);
    }

    #[test]
    fn registrable_domains_follow_the_public_suffix_list() {
        let registrable = |host: &str| Host::parse(host).unwrap().registrable();
        assert_eq!(registrable("a.b.example.co.uk"), "example.co.uk");
        assert_eq!(registrable("x.y.com.cn"), "y.com.cn");
        assert_eq!(registrable("app.tenant.github.io"), "tenant.github.io");
        assert_eq!(registrable("com.cn"), "com.cn");
        assert_eq!(registrable("203.0.113.7"), "203.0.113.7");
    }

    #[test]
    fn local_names_and_addresses() {
        for local in ["192.168.1.1", "127.0.0.1", "169.254.1.1", "fe80::1", "fd00::1", "::1", "100.64.0.1", "router"] {
            assert!(Host::parse(local).unwrap().is_local(), "{local}");
        }
        for local in ["printer.local", "x.home.arpa", "224.0.0.251", "255.255.255.255", "::ffff:10.0.0.1"] {
            assert!(Host::parse(local).unwrap().is_local(), "{local}");
        }
        for public in ["203.0.113.7", "8.8.8.8", "2001:db8::1", "notlocal.example", "xlocal", "100.128.0.1"] {
            assert_eq!(Host::parse(public).unwrap().is_local(), public == "xlocal", "{public}");
        }
    }

    #[test]
    fn domains_match_by_whole_labels() {
        let under = |host: &str, domain: &str| Host::parse(host).unwrap().lies_under(&Host::parse(domain).unwrap());
        assert!(under("a.example.com", "example.com") && under("example.com", "example.com"));
        assert!(!under("notexample.com", "example.com") && !under("example.com.evil.example", "example.com"));
        assert!(!under("1.8.8.8.8", "8.8.8.8"));
    }
}
