//! Values that stand where a report prints names: in paths and host names.
//!
//! A report masks values, but an identifier in a path segment or a host label is part
//! of what it prints to say where something went. There `{}` is printed in its place.
//! The same is done with whatever does not have the form of a name: it may be the id of a
//! session or an account, which no profile lists and which is personal all the same.

use std::borrow::Cow;
use std::sync::Arc;

use memchr::memmem;
use percent_encoding::percent_decode_str;

use crate::memo::Memo;
use crate::party::Host;
use crate::shape::token;

/// Shorter values also occur in ordinary words, and hiding them there would garble names.
const LEAST: usize = 4;

/// Names of fields that are remembered for having no token in them: some 200 KB at most.
const REMEMBERED: usize = 1024;
const LONGEST_REMEMBERED: usize = 96;

/// Percent encodings are undone this often before a value is looked for.
const ENCODINGS: usize = 3;

/// The values of one message that must not be printed inside names.
#[derive(Clone, Debug)]
pub struct Hidden {
    /// In lower case, in the order in which they are taken out.
    values: Arc<[String]>,
    /// One more, after them.
    also: Option<String>,
    /// No text that is shorter holds one.
    shortest: usize,
}

impl Hidden {
    /// Takes `values`, the longer first: otherwise replacing one inside another would leave the rest.
    pub fn new<'v>(values: impl Iterator<Item = &'v str>) -> Self {
        let mut values: Vec<&str> = values.filter(|value| value.len() >= LEAST).collect();
        values.sort_unstable_by(|a, b| (b.len(), a).cmp(&(a.len(), b)));
        values.dedup();
        let mut values: Vec<String> = values.into_iter().map(str::to_ascii_lowercase).collect();
        values.dedup();
        Self { shortest: values.last().map_or(usize::MAX, String::len), values: values.into(), also: None }
    }

    /// The same and `value`.
    pub fn and(&self, value: &str) -> Self {
        let also = Some(value.to_ascii_lowercase()).filter(|value| value.len() >= LEAST);
        let shortest = also.as_ref().map_or(self.shortest, |value| value.len().min(self.shortest));
        Self { values: Arc::clone(&self.values), also, shortest }
    }

    fn values(&self) -> impl Iterator<Item = &String> {
        self.values.iter().chain(&self.also)
    }

    /// `text` with every one of the values in it replaced, whatever its case.
    pub fn out_of<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if !self.stands_in(text) {
            return Cow::Borrowed(text);
        }
        let mut hidden = text.to_owned();
        for value in self.values() {
            while let Some(at) = hidden.to_ascii_lowercase().find(value) {
                hidden.replace_range(at..at + value.len(), "{}");
            }
        }
        Cow::Owned(hidden)
    }

    /// The name of a field, header or part, or a path of such names (`$.users.imei`), without values
    /// and tokens.
    pub fn out_of_name<'t>(&self, name: &'t str) -> Cow<'t, str> {
        match self.out_of(name) {
            Cow::Borrowed(name) => without_tokens(name),
            Cow::Owned(name) => Cow::Owned(without_tokens(&name).into_owned()),
        }
    }

    /// A host name, or several with commas between, without values and, below the registrable domain,
    /// without tokens.
    pub fn out_of_hosts<'t>(&self, hosts: &'t str) -> Cow<'t, str> {
        const BETWEEN: &str = ", ";
        match self.out_of(hosts) {
            Cow::Borrowed(hosts) if hosts.split(BETWEEN).all(|host| tokens_below_domain(host) == 0) => {
                Cow::Borrowed(hosts)
            }
            hosts => Cow::Owned(hosts.split(BETWEEN).map(host_without_tokens).collect::<Vec<_>>().join(BETWEEN)),
        }
    }

    /// A path with every segment replaced that holds a value, however it is percent-encoded.
    pub fn out_of_path<'p>(&self, path: &'p str) -> Cow<'p, str> {
        let holds = |segment: &str| {
            let mut text = Cow::Borrowed(segment);
            for _ in 0..=ENCODINGS {
                if self.stands_in(&text) {
                    return true;
                }
                // Decoding makes nothing longer.
                if text.len() < self.shortest || !text.contains('%') {
                    return false;
                }
                text = Cow::Owned(percent_decode_str(&text).decode_utf8_lossy().into_owned());
            }
            false
        };
        if !path.split('/').any(holds) {
            return Cow::Borrowed(path);
        }
        let shown = path.split('/').map(|segment| if holds(segment) { "{}" } else { segment });
        Cow::Owned(shown.collect::<Vec<_>>().join("/"))
    }

    fn stands_in(&self, text: &str) -> bool {
        if text.len() < self.shortest {
            return false;
        }
        let text = text.to_ascii_lowercase();
        self.values().any(|value| memmem::find(text.as_bytes(), value.as_bytes()).is_some())
    }
}

/// Characters between the names and indices of a path through a structure.
const BETWEEN_NAMES: [char; 8] = ['.', '[', ']', '/', ',', ';', ' ', '$'];

/// Quotes around a name that contains such characters: `$.users['a.b'].imei`.
const QUOTE: &str = "['";
const UNQUOTE: &str = "']";

/// Owned where anything was replaced.
fn without_tokens(way: &str) -> Cow<'_, str> {
    thread_local! {
        /// Names in which nothing is a token.
        static PLAIN: Memo<()> = Memo::new(REMEMBERED);
    }
    if PLAIN.with(|plain| plain.recall(way.as_bytes())).is_some() {
        return Cow::Borrowed(way);
    }
    let shown = tokens_replaced(way);
    if matches!(shown, Cow::Borrowed(_)) && way.len() <= LONGEST_REMEMBERED {
        PLAIN.with(|plain| plain.keep(way.as_bytes(), ()));
    }
    shown
}

fn tokens_replaced(way: &str) -> Cow<'_, str> {
    // An email address contains these characters too, so a name is also looked at as a whole.
    let holds_token = |name: &str| token(name) || name.split(BETWEEN_NAMES).any(token);
    if !way.starts_with('$') && token(way) {
        return Cow::Owned("{}".to_owned());
    }
    let mut quoted = way.split(QUOTE);
    let plain = quoted.next().unwrap_or_default();
    let hidden = |part: &str| {
        let name = part.strip_suffix(BETWEEN_NAMES).unwrap_or(part);
        format!("{}{}", if token(name) { "{}" } else { name }, part.get(name.len()..).unwrap_or_default())
    };
    let names = |text: &str| text.split_inclusive(BETWEEN_NAMES).map(hidden).collect::<String>();
    let mut shown = names(plain);
    for part in quoted {
        let (name, rest) = part.split_once(UNQUOTE).unwrap_or((part, ""));
        let closed = if name.len() < part.len() { UNQUOTE } else { "" };
        shown += &format!("{QUOTE}{}{closed}{}", if holds_token(name) { "{}" } else { name }, names(rest));
    }
    if shown == way { Cow::Borrowed(way) } else { Cow::Owned(shown) }
}

/// How many leading labels of a host to replace: up to the last one below its registrable domain
/// that is a token.
fn tokens_below_domain(host: &str) -> usize {
    let last = |labels: &[&str]| labels.iter().rposition(|label| token(label)).map_or(0, |at| at + 1);
    let labels: Vec<&str> = host.split('.').collect();
    if last(&labels) == 0 {
        return 0;
    }
    // After `host:`, which is how a recipient is called that nothing else names.
    let Some(host @ Host::Name(_)) = Host::parse(host.strip_prefix("host:").unwrap_or(host)) else { return 0 };
    let below = labels.len().saturating_sub(host.registrable().split('.').count());
    last(labels.get(..below).unwrap_or_default())
}

fn host_without_tokens(host: &str) -> String {
    let tokens = tokens_below_domain(host);
    let hidden = |(at, label)| if at < tokens && token(label) { "{}" } else { label };
    let (called, host) = host.split_at(host.strip_prefix("host:").map_or(0, |bare| host.len() - bare.len()));
    called.to_owned() + &host.split('.').enumerate().map(hidden).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::super::template::path_template;
    use super::*;

    #[test]
    fn values_in_names_and_paths_are_places() {
        let hidden = Hidden::new(["xy", "490154203237518", "A6:5e:01:02:03:04"].into_iter());
        assert_eq!(hidden.out_of("490154203237518.t3.example"), "{}.t3.example");
        assert_eq!(hidden.out_of("at a6:5E:01:02:03:04, not xy"), "at {}, not xy", "too short to be looked for");
        assert_eq!(hidden.out_of_path("/u/a6%3A5E%3a01:02:03:04/p"), "/u/{}/p");
        assert_eq!(hidden.out_of_path("/u/a6%253A5E%253A01%253A02%253A03%253A04/p"), "/u/{}/p");
        assert_eq!(hidden.out_of_path("/xyz/galaxy-of-shops/"), "/xyz/galaxy-of-shops/");
        assert_eq!(hidden.and("Galaxy-of").out_of_path("/xyz/galaxy-of-shops/"), "/xyz/{}/");
        assert_eq!(Hidden::new([].into_iter()).out_of_path("/u/%41"), "/u/%41");
    }

    #[test]
    fn tokens_in_names_are_places() {
        let hidden = Hidden::new(["490154203237518"].into_iter());
        for (name, shown) in [
            ("$.users.8fK3a9Qz21.imei", "$.users.{}.imei"),
            ("$.users[0].imei", "$.users[0].imei"),
            ("$.812345678.imei", "$.{}.imei"),
            ("8fK3a9Qz21", "{}"),
            ("x-8fk3a9qz21", "{}"),
            ("someone@mail.example", "{}"),
            ("3.1.2", "3.1.2"),
            ("id490154203237518", "id{}"),
            ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0", "{}"),
            ("x-umeng-device", "x-umeng-device"),
            ("data.zip", "data.zip"),
            ("$.users['someone@mail.example'].imei", "$.users['{}'].imei"),
            ("$['a.8fK3a9Qz21']['b.c'].imei", "$['{}']['b.c'].imei"),
            ("$['a.b'].8fK3a9Qz21", "$['a.b'].{}"),
            ("$['8fK3a9Qz21", "$['{}"),
            ("$['a b'].imei", "$['a b'].imei"),
        ] {
            assert_eq!(hidden.out_of_name(name), shown);
        }
    }

    #[test]
    fn tokens_in_hosts_are_places_below_the_domain() {
        let hidden = Hidden::new([].into_iter());
        for (host, shown) in [
            ("8fk3a9qz21.t3.example.com", "{}.t3.example.com"),
            ("a.8fk3a9qz21.example.com, log3-misc.example.com", "a.{}.example.com, log3-misc.example.com"),
            // The tenant of a public suffix is whose it is.
            ("d1a2b3c4d5e6f8.cloudfront.net", "d1a2b3c4d5e6f8.cloudfront.net"),
            ("x.3f2a1b9c.example.co.uk", "x.{}.example.co.uk"),
            ("203.0.113.107", "203.0.113.107"),
            ("3f2a1b9c0d.com", "3f2a1b9c0d.com"),
            ("2001:db8::7", "2001:db8::7"),
            ("host:x.8fk3a9qz21.example.com", "host:x.{}.example.com"),
            ("host:8fk3a9qz21.example.com", "host:{}.example.com"),
        ] {
            assert_eq!(hidden.out_of_hosts(host), shown);
        }
    }

    /// What companies call their hosts, paths and fields is no token.
    #[test]
    fn what_signatures_name_stays() {
        let signatures = crate::signatures::Signatures::embedded().expect("loads");
        let hidden = Hidden::new([].into_iter());
        let keys = signatures.keys.iter().flat_map(|key| &key.names).cloned();
        let recipes = signatures.recipes.keys().cloned();
        let garbled: Vec<String> = keys.chain(recipes).filter(|name| hidden.out_of_name(name) != *name).collect();
        assert!(garbled.is_empty(), "{garbled:?}");
        let urls: Vec<&str> =
            signatures.endpoints.iter().filter_map(|endpoint| endpoint.url.split("//").nth(1)).collect();
        assert!(urls.len() > 100, "{}", urls.len());
        // Two hosts look like tokens: the lens leaves those alone that a signature lists.
        let listed: Vec<&str> = signatures
            .products
            .values()
            .flat_map(|product| &product.hosts)
            .flat_map(|rule| &rule.hosts)
            .map(|pattern| pattern.0.as_str())
            .collect();
        let is_garbled = |url: &&str| {
            let (host, path) = url.split_once('/').unwrap_or((*url, ""));
            let path = path.split('?').next().unwrap_or_default();
            !listed.contains(&host) && hidden.out_of_hosts(host) != host || path_template(path) != path
        };
        let garbled: Vec<&str> = urls.into_iter().filter(is_garbled).collect();
        assert!(garbled.is_empty(), "{garbled:?}");
    }

    #[test]
    fn the_longer_value_is_taken_out_first() {
        let hidden = Hidden::new(["2032", "490154203237518"].into_iter());
        assert_eq!(hidden.out_of("id490154203237518-2032"), "id{}-{}");
    }
}
