//! `.saz`: a session of Fiddler as a ZIP. For each exchange `raw/N_c.txt` and `raw/N_s.txt`,
//! request and response as HTTP/1 writes them, and `raw/N_m.xml`, times and flags.
//!
//! The process that Fiddler notes is one of the computer that it runs on, so it is nobody's
//! app where the traffic is a phone's.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use bytes::Bytes;
use quick_xml::Reader;
use quick_xml::events::Event;

use super::emit::{Body, UNKNOWN};
use super::exchange::{Exchange, Half, Tunnel, address, exchange, tunnel};
use super::har::body::{LEFT_OUT, TOO_LARGE};
use super::har::entry;
use super::{Imported, unread};
use crate::capture::{Members, OpenError, Source, Unread};
use crate::evidence::{Gap, GapReason, Time};
use crate::message::http1::{Head, Start, head_end, list, parse_head};
use crate::message::{Item, Options, Protocol, Wire, authority};

/// Events of one description that are read: it has some twenty.
const EVENTS: usize = 4096;

/// Flags that Fiddler writes in `BitFlags` (its `SessionFlags`).
const IS_HTTPS: u64 = 0x1;
const MADE_BY_USER: u64 = 0x80;
const DECRYPTED_TUNNEL: u64 = 0x2000;

/// Hands the exchanges of `source`, which is input number `input`, to `sink`.
///
/// # Errors
/// When it cannot be opened.
pub fn read(source: &Source, input: u32, options: &Options, sink: &mut dyn FnMut(Item)) -> Result<Imported, OpenError> {
    let mut imported = Imported { producer: Some("Fiddler (SAZ)".to_owned()), ..Imported::default() };
    let mut members = source.members()?;
    if members.crowded() {
        sink(Item::Gap(Gap::new(GapReason::Limit, source.name(), "more files in an archive than are looked at")));
    }
    // By number, and by name where two folders have the same.
    let mut all: BTreeSet<(u64, String)> = BTreeSet::new();
    for name in members.names() {
        let stem = name.strip_suffix("_c.txt").filter(|stem| stem.contains("raw/"));
        let number = stem.and_then(|stem| stem.rsplit('/').next()?.parse().ok());
        if let (Some(stem), Some(number)) = (stem, number) {
            all.insert((number, stem.to_owned()));
        }
    }
    for name in members.names().iter().filter(|name| name.contains("raw/")) {
        let stem = name.strip_suffix("_s.txt").or_else(|| name.strip_suffix("_m.xml"));
        let request = stem.map(|stem| format!("{stem}_c.txt")).unwrap_or_default();
        if stem.is_none_or(|_| members.names().binary_search(&request).is_err()) && !name.ends_with("_c.txt") {
            let (reason, detail) = match name.ends_with("_w.txt") {
                true => (GapReason::LossyImport, "messages of WebSockets, which are not read from a Fiddler session"),
                false => (GapReason::DamagedInput, "files of exchanges whose request is missing"),
            };
            sink(Item::Gap(Gap::new(reason, name.clone(), detail)));
        }
    }
    let mut last = Time::default();
    for (index, (_, stem)) in all.into_iter().enumerate() {
        let time = one(&stem, index as u64, input, last, &mut members, options, sink);
        last = time.unwrap_or(last);
        imported.count(time);
    }
    Ok(imported)
}

fn one(
    stem: &str,
    number: u64,
    input: u32,
    last: Time,
    members: &mut Members,
    options: &Options,
    sink: &mut dyn FnMut(Item),
) -> Option<Time> {
    let sent = format!("{stem}_c.txt");
    let noted = format!("{stem}_m.xml");
    let notes = match members.read(&noted) {
        Ok(xml) => Notes::read(&xml),
        Err(why) => {
            if why != Unread::Missing {
                sink(Item::Gap(unread(&why, &noted)));
            }
            Notes::default()
        }
    };
    let started = notes.time(&["ClientBeginRequest", "ClientConnected"]);
    if started.is_none() {
        let detail = "exchanges without a time; that of the one before is taken";
        sink(Item::Gap(Gap::new(GapReason::LossyImport, sent.clone(), detail)));
    }
    let begun = started.unwrap_or(last);
    let (head, body, spoken) = message(&sent, true, members, sink)?;
    let Start::Request { method, target } = head.start else { return None };
    if notes.flags & MADE_BY_USER != 0 {
        let detail = "requests that Fiddler's user made; no app did";
        sink(Item::Gap(Gap::new(GapReason::LossyImport, sent, detail)));
        return None;
    }
    let flag = |name: &str| notes.named.get(name).map(String::as_str);
    let client: IpAddr = flag("x-clientip").and_then(address).unwrap_or(UNKNOWN);
    let server = flag("x-hostip").and_then(address);
    if method == "CONNECT" {
        if notes.flags & DECRYPTED_TUNNEL == 0 {
            let (protocol, reason) = (Protocol::Tls, GapReason::NoKey);
            let closed = Tunnel {
                number,
                pointer: sent,
                time: begun,
                authority: target,
                client,
                server,
                app: None,
                sent: 0,
                protocol,
                reason,
            };
            tunnel(input, closed, options, sink);
        }
        return started;
    }
    let (url, wire) = match authority::split_absolute(&target) {
        Some(_) => (target, None),
        // An exporter that is not Fiddler: the scheme stands in the flags, or nowhere.
        None => {
            let host = list(&head.fields, "host").into_iter().next().unwrap_or_default();
            let https = notes.flags & IS_HTTPS != 0 || flag("x-https").is_some_and(|v| v.eq_ignore_ascii_case("true"));
            let scheme = if https || authority::port(&host) == Some(443) { "https" } else { "http" };
            let wire = (!https).then_some(Wire::Unknown);
            (format!("{scheme}://{host}{target}"), wire)
        }
    };
    let received = format!("{stem}_s.txt");
    let response = message(&received, false, members, sink).and_then(|(head, body, version)| {
        let Start::Status(status) = head.start else { return None };
        let time = notes.time(&["ServerBeginResponse", "ClientDoneResponse"]).unwrap_or(begun);
        Some((status, Half { pointer: received, time, version, headers: head.fields, body }))
    });
    let request = Half { pointer: sent, time: begun, version: spoken, headers: head.fields, body };
    let sockets = Vec::new();
    let both = Exchange { number, method, url, wire, client, server, app: None, request, response, sockets };
    exchange(input, both, options, sink);
    started
}

/// The version that a start line names, and the head as HTTP/1 has it: Fiddler Everywhere writes HTTP/2 in the
/// same form, which has no start line of its own (RFC 9113 §8.1).
fn version(head: &[u8], request: bool) -> (String, Vec<u8>) {
    let line = head.iter().position(|byte| *byte == b'\n').unwrap_or(head.len());
    let (start, rest) = head.split_at_checked(line).unwrap_or_default();
    let words = || start.split(|byte| byte.is_ascii_whitespace()).filter(|word| !word.is_empty());
    let word = if request { words().next_back() } else { words().next() };
    let version = word.and_then(|word| std::str::from_utf8(word.strip_prefix(b"HTTP/")?).ok()).unwrap_or_default();
    if !matches!(version, "2" | "2.0" | "3" | "3.0") {
        return (version.to_owned(), head.to_vec());
    }
    let spoken = format!("HTTP/{version}").into_bytes();
    let at = if request { memchr::memmem::rfind(start, &spoken) } else { Some(0) }.unwrap_or(0);
    let (before, behind) = start.split_at_checked(at).unwrap_or_default();
    let behind = behind.get(spoken.len()..).unwrap_or_default();
    (version.to_owned(), [before, b"HTTP/1.1", behind, rest].concat())
}

/// A head, its body, the chunks of which are taken apart, and the version of HTTP.
fn message(
    name: &str,
    request: bool,
    members: &mut Members,
    sink: &mut dyn FnMut(Item),
) -> Option<(Head, Body, String)> {
    let bytes = match members.read(name) {
        Ok(bytes) => bytes,
        // No answer came.
        Err(Unread::Missing) if !request => return None,
        Err(why) => {
            sink(Item::Gap(unread(&why, name)));
            return None;
        }
    };
    if bytes.is_empty() && !request {
        return None;
    }
    let end = head_end(&bytes, 0).unwrap_or(bytes.len());
    let (head, rest) = bytes.split_at_checked(end).unwrap_or_default();
    let (version, head) = version(head, request);
    let Some(head) = parse_head(&head, request) else {
        let detail = "exchanges whose head is cut or no HTTP";
        sink(Item::Gap(Gap::new(GapReason::DamagedInput, name, detail)));
        return None;
    };
    let chunked = list(&head.fields, "transfer-encoding").iter().any(|coding| coding == "chunked");
    let body = match chunked.then(|| dechunk(rest)).flatten() {
        Some(whole) => Body::whole(whole),
        None => Body::whole(Bytes::copy_from_slice(rest)),
    };
    let announced = list(&head.fields, "content-length").first().and_then(|l| l.parse::<u64>().ok()).unwrap_or(0);
    let dropped = body.length == 0 && announced > 0 && (request || matches!(head.start, Start::Status(200..=203)));
    Some(if dropped {
        (head, Body::missing(announced, if announced > 1 << 20 { TOO_LARGE } else { LEFT_OUT }), version)
    } else {
        (head, body, version)
    })
}

/// The content of chunks (RFC 9112 §7.1). `None` where it is none: Fiddler takes them apart
/// itself where it was told to decode.
fn dechunk(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut content = Vec::with_capacity(rest.len());
    loop {
        let line = rest.iter().position(|b| *b == b'\n')?;
        let size = rest.get(..line)?.split(|b| *b == b';').next()?.trim_ascii();
        let size = usize::from_str_radix(std::str::from_utf8(size).ok()?, 16).ok()?;
        rest = rest.get(line + 1..)?;
        if size == 0 {
            return Some(content);
        }
        content.extend_from_slice(rest.get(..size)?);
        let behind = rest.get(size..)?;
        rest = behind.strip_prefix(b"\r\n").or_else(|| behind.strip_prefix(b"\n"))?;
    }
}

/// What `N_m.xml` says.
#[derive(Default)]
struct Notes {
    flags: u64,
    times: BTreeMap<String, String>,
    /// Flags by name, in lower case.
    named: BTreeMap<String, String>,
}

impl Notes {
    /// Damage ends it: what came before is kept.
    fn read(xml: &[u8]) -> Self {
        let mut notes = Self::default();
        let mut reader = Reader::from_reader(xml.strip_prefix(b"\xef\xbb\xbf").unwrap_or(xml));
        for _ in 0..EVENTS {
            let element = match reader.read_event() {
                Ok(Event::Start(element) | Event::Empty(element)) => element,
                Ok(Event::Eof) | Err(_) => break,
                Ok(_) => continue,
            };
            let attributes: BTreeMap<String, String> = element
                .attributes()
                .filter_map(|attribute| {
                    let attribute = attribute.ok()?;
                    let key = attribute.key.as_ref().to_owned();
                    Some((key, attribute.value.into_owned()))
                })
                .collect();
            match element.name().as_ref() {
                "Session" => {
                    notes.flags =
                        attributes.get("BitFlags").and_then(|hex| u64::from_str_radix(hex, 16).ok()).unwrap_or(0);
                }
                "SessionTimers" => notes.times = attributes,
                "SessionFlag" => {
                    if let (Some(name), Some(value)) = (attributes.get("N"), attributes.get("V")) {
                        notes.named.insert(name.to_ascii_lowercase(), value.clone());
                    }
                }
                _ => {}
            }
        }
        notes
    }

    fn time(&self, names: &[&str]) -> Option<Time> {
        // Times that were not taken are those of the year 1, which no `Time` is.
        names.iter().find_map(|name| entry::time(self.times.get(*name)?).filter(|time| time.0 > 0))
    }
}
