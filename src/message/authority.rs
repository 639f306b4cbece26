//! Hosts out of `Host`, `:authority` and request targets.

/// The host of an authority (`user@Host:443`, `[2001:db8::1]:80`): lower case, without
/// user, port, brackets and last dot. `None` when nothing is left.
pub fn host(authority: &str) -> Option<String> {
    let authority = authority.trim();
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = match authority.strip_prefix('[') {
        Some(literal) => literal.split(']').next().unwrap_or_default(),
        // More than one colon without brackets is an IPv6 address written as no RFC allows.
        None => match authority.split_once(':') {
            Some((host, port)) if !port.contains(':') => host,
            Some(_) => authority,
            None => authority,
        },
    };
    let host = host.strip_suffix('.').unwrap_or(host).to_lowercase();
    (!host.is_empty()).then_some(host)
}

/// The port of an authority, where it has one.
pub fn port(authority: &str) -> Option<u16> {
    let behind = authority.rsplit_once(']').map_or(authority, |(_, behind)| behind);
    behind.rsplit_once(':').and_then(|(_, port)| port.trim().parse().ok())
}

/// Splits a target in absolute form (RFC 9112 §3.2.2) into its scheme, authority and origin form.
/// `None` for every other form.
pub fn split_absolute(target: &str) -> Option<(&str, &str, String)> {
    let (scheme, rest) = target.split_once("://")?;
    let scheme_fits = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    if !scheme_fits {
        return None;
    }
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end)?;
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    Some((scheme, authority, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_loses_its_port_and_case() {
        let cases = [
            ("API.Example.com:8443", "api.example.com"),
            ("[2001:DB8::1]:80", "2001:db8::1"),
            ("[::1]", "::1"),
            ("2001:db8::1", "2001:db8::1"),
            ("user:secret@a.example", "a.example"),
            ("a.example.", "a.example"),
            (" 192.0.2.7:80 ", "192.0.2.7"),
        ];
        for (authority, expected) in cases {
            assert_eq!(host(authority).as_deref(), Some(expected), "{authority}");
        }
        assert_eq!((port("a:8443"), port("[::1]:80"), port("[::1]"), port("a")), (Some(8443), Some(80), None, None));
        assert_eq!(host(":80"), None);
        assert_eq!(host(""), None);
    }

    #[test]
    fn absolute_targets_are_split() {
        // RFC 9112 §3.2.2 and §3.2.4.
        let split = |target| split_absolute(target).map(|(s, a, p)| (s.to_owned(), a.to_owned(), p));
        let expected = |s: &str, a: &str, p: &str| Some((s.to_owned(), a.to_owned(), p.to_owned()));
        assert_eq!(
            split("http://www.example.org/pub/WWW/TheProject.html"),
            expected("http", "www.example.org", "/pub/WWW/TheProject.html")
        );
        assert_eq!(split("http://www.example.org:8001"), expected("http", "www.example.org:8001", "/"));
        assert_eq!(split("http://a?x=1"), expected("http", "a", "/?x=1"));
        assert_eq!(split("/where?to=http://b/"), None);
        assert_eq!(split("*"), None);
    }
}
