//! The parts of a message, as the first values of the walk.

use std::collections::{BTreeMap, HashSet};

use bytes::Bytes;
use foldhash::fast::RandomState;

use super::budget;
use super::form::{self, numbered};
use super::leaf::{Link, Part};
use super::walk::{Inside, Value, Walk};
use super::{coding, percent};
use crate::message::{Dns, Kind, Message, Protocol};

/// The request target, where the message has one.
pub(super) fn target(message: &Message) -> Option<&str> {
    match &message.kind {
        Kind::Request { target, .. } => Some(target),
        // A WebSocket message names the target of its handshake, which is not among its bytes.
        Kind::Response { .. } | Kind::Dns(_) | Kind::WebSocket { .. } | Kind::Closed { .. } | Kind::Raw => None,
    }
}

/// Path and query of a target in origin or absolute form; the fragment, which should not be there, is query.
pub(super) fn split_target(target: &str) -> (&str, &str) {
    let origin = match target.split_once("://") {
        Some((scheme, rest)) if scheme.bytes().all(|b| b.is_ascii_alphanumeric()) => {
            rest.find(['/', '?']).and_then(|at| rest.get(at..)).unwrap_or("/")
        }
        _ => target,
    };
    origin.split_once('?').unwrap_or((origin, ""))
}

/// Path, query, headers with cookies, body, in this order.
pub(super) fn read(message: &Message, walk: &mut Walk<'_>) {
    if let Some(target) = target(message) {
        let (path, query) = split_target(target);
        read_path(path, walk);
        read_query(query, walk);
    }
    read_headers(message, walk);
    read_names(message, walk);
    // What a device answers on the local link is of itself: its name, its services and their texts.
    let announces = |dns: &Dns| dns.response && message.protocol == Protocol::Udp;
    if matches!(&message.kind, Kind::Dns(dns) if !announces(dns)) {
        return;
    }
    if !message.body.is_empty() {
        let body = Link::new(None, "body", None, message.body.clone());
        let link = coding::undo(message, body, walk);
        let declared = message
            .headers
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("content-type"))
            .map(|(_, value)| String::from_utf8_lossy(value).into_owned());
        walk.take(Value { declared, body: true, ..value(link, None, Part::Body, 0) });
    }
}

/// Names that the message says by other means than a header: those that it asks for, and the
/// server's, which a hello or a pseudo-header gave.
fn read_names(message: &Message, walk: &mut Walk<'_>) {
    let said = |name: &str| {
        let is_host = |(header, value): &(String, Bytes)| {
            header.eq_ignore_ascii_case("host") && value.starts_with(name.as_bytes())
        };
        message.headers.iter().any(is_host)
    };
    let asked: &[String] = if let Kind::Dns(dns) = &message.kind { &dns.names } else { &[] };
    for name in asked.iter().take(budget::FIELDS) {
        read_name("dns", name, walk);
    }
    if asked.is_empty() {
        let mut names: Vec<&String> = [&message.host, &message.sni].into_iter().flatten().collect();
        names.dedup();
        names.into_iter().filter(|name| !said(name)).for_each(|name| read_name("host", name, walk));
    }
}

/// A name as a whole, and each of its labels that is an encoding of something: names are
/// a way to send, `3836….tracker.example`.
fn read_name(step: &'static str, name: &str, walk: &mut Walk<'_>) {
    let whole = value(Link::new(None, step, None, Bytes::copy_from_slice(name.as_bytes())), None, Part::Name, 0);
    read_labels(whole, walk);
}

fn read_labels(name: Value, walk: &mut Walk<'_>) {
    /// A name has 127 labels at most (RFC 1035 §2.3.4).
    const LABELS: usize = 127;
    let bytes = name.link.bytes.clone();
    let (mut decoded, mut start) = (Vec::new(), 0);
    for (index, label) in bytes.split(|b| *b == b'.').enumerate().take(LABELS) {
        let link = Link::new(Some(name.link.clone()), "label", Some(index.to_string()), bytes.slice_ref(label));
        if walk.piece(&Value { link, ..name.clone() }) {
            decoded.push(start..start + label.len());
        }
        start += label.len() + 1;
    }
    walk.searched(name, decoded);
}

fn read_path(path: &str, walk: &mut Walk<'_>) {
    let group = walk.group();
    let segments = || path.split('/').filter(|s| !s.is_empty());
    if segments().nth(budget::FIELDS).is_some() {
        walk.budget.reach("segments of one path", budget::FIELDS);
    }
    for (index, segment) in segments().enumerate().take(budget::FIELDS) {
        let bytes = percent::decode(segment.as_bytes()).unwrap_or_else(|| Bytes::copy_from_slice(segment.as_bytes()));
        let link = Link::new(None, "path", Some(index.to_string()), bytes);
        walk.take(value(link, None, Part::Path, group));
    }
}

fn read_query(query: &str, walk: &mut Walk<'_>) {
    let group = walk.group();
    let source = Bytes::copy_from_slice(query.as_bytes());
    for pair in form::pairs(&source, &mut walk.budget) {
        let Inside { argument, key, bytes, .. } = pair;
        // `?opaque` without `=`: the name is all there is.
        if bytes.is_empty() && !query.contains('=') {
            let whole = key.map(|k| Bytes::from(k.into_bytes())).unwrap_or_default();
            walk.take(value(Link::new(None, "query", None, whole), None, Part::Query, group));
            continue;
        }
        let value = value(Link::new(None, "query", argument, bytes), key.clone(), Part::Query, group);
        if let Some(name) = &key {
            walk.name(name, &value);
        }
        walk.take(value);
    }
}

fn read_headers(message: &Message, walk: &mut Walk<'_>) {
    let group = walk.group();
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    // The same field again says nothing new, and costs its sender one byte where fields are compressed.
    let mut read: HashSet<_, RandomState> = HashSet::default();
    if message.headers.len() > budget::FIELDS {
        walk.budget.reach("headers of one message", budget::FIELDS);
    }
    for (name, bytes) in message.headers.iter().take(budget::FIELDS) {
        let lower = name.to_ascii_lowercase();
        let count = seen.entry(lower.clone()).or_default();
        let link = Link::new(None, "header", Some(numbered(&lower, *count)), bytes.clone());
        *count += 1;
        if !read.insert((name, bytes)) {
            continue;
        }
        walk.name(&lower, &value(link.clone(), None, Part::Header, group));
        if lower == "cookie" {
            read_cookies(&link, walk);
        } else if lower == "host" {
            let host = value(link, Some(name.clone()), Part::Header, group);
            read_labels(host, walk);
        } else {
            walk.take(value(link, Some(name.clone()), Part::Header, group));
        }
    }
}

/// `Cookie: a=b; c=d` (RFC 6265 §4.2.1); quotes around a value are taken off.
fn read_cookies(header: &std::sync::Arc<Link>, walk: &mut Walk<'_>) {
    let group = walk.group();
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    let pairs = || header.bytes.split(|b| *b == b';').map(<[u8]>::trim_ascii).filter(|p| !p.is_empty());
    if pairs().nth(budget::FIELDS).is_some() {
        walk.budget.reach("cookies of one header", budget::FIELDS);
    }
    for pair in pairs().take(budget::FIELDS) {
        let at = pair.iter().position(|b| *b == b'=');
        let name = String::from_utf8_lossy(pair.get(..at.unwrap_or(0)).unwrap_or_default()).into_owned();
        let content = pair.get(at.map_or(0, |a| a + 1)..).unwrap_or_default();
        let content = content.strip_prefix(b"\"").and_then(|c| c.strip_suffix(b"\"")).unwrap_or(content);
        let count = seen.entry(name.clone()).or_default();
        let argument = numbered(&name, *count);
        *count += 1;
        let link = Link::new(Some(header.clone()), "cookie", Some(argument), header.bytes.slice_ref(content));
        let value = value(link, Some(name.clone()), Part::Cookie, group);
        walk.name(&name, &value);
        walk.take(value);
    }
}

fn value(link: std::sync::Arc<Link>, key: Option<String>, part: Part, group: u32) -> Value {
    Value { link, key, part, group, element: false, scalar: false, declared: None, body: false, recipe: None, depth: 0 }
}
