//! mitmproxy's flow files: one tagged netstring after the other, each a dictionary with
//! all that the proxy knows of a flow.
//!
//! Versions 0.11 to 21 of the format are read, the same that mitmproxy's own converter
//! reads (`mitmproxy/io/compat.py`). Nothing is converted: a field is looked for under
//! all names that it has had. Flows are handed on one by one, in the order of the file.
//!
//! HTTP, WebSocket and DNS flows are messages as they stand. TCP and UDP flows are
//! streams whose encryption the proxy has taken off, so they go the way that streams
//! of packets go.

mod connection;
mod dns;
mod http;
mod stream;
mod websocket;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead, BufReader, Read, Write};

use self::connection::Connection;
use super::Imported;
use super::emit::{Shared, seconds};
use super::extract::Extract;
use super::tnetstring::{DIGITS, Value};
use crate::evidence::{Gap, GapReason, Time};
use crate::message::{Item, Options};

/// Bytes that one flow may take. A body of 8 MiB is kept, and the proxy writes the whole
/// one as it is; flows of a long download or WebSocket are the largest.
const FLOW_LIMIT: u64 = 256 << 20;

/// The newest version that is known. Newer ones are read as this one, with a gap.
const NEWEST: i64 = 21;

/// Client connections that are told apart at the same time.
const CONNECTIONS: usize = 65_536;

/// Handshakes that wait for the messages of their WebSocket (versions 4 to 11).
const HANDSHAKES: usize = 4096;

/// Hands on the flows of a file.
pub fn read(bytes: impl Read, input: u32, options: &Options, sink: &mut dyn FnMut(Item)) -> Imported {
    let mut file = BufReader::with_capacity(64 << 10, bytes);
    let mut importer = Importer {
        input,
        options,
        last: Time::default(),
        seen: BTreeSet::new(),
        handshakes: BTreeMap::new(),
        certificate: (Vec::new(), Vec::new()),
    };
    let (mut imported, mut buffer, mut number) = (Imported::default(), Vec::new(), 0);
    loop {
        let at = format!("/{number}");
        match next(&mut file, &mut buffer) {
            Ok(Some(tag)) => {
                let flow = Value::new(tag, &buffer);
                if imported.producer.is_none() {
                    imported.producer = version(flow).map(|version| version.producer());
                }
                if flow.is_map() && flow.is_whole() {
                    let time = importer.flow(number, flow, sink);
                    imported.count(time);
                } else {
                    sink(Item::Gap(Gap::new(GapReason::DamagedInput, at, "flows that cannot be read")));
                }
            }
            Ok(None) => return imported,
            Err(Stop::TooLarge(length)) => {
                let detail = format!("a flow is read up to {} MiB", FLOW_LIMIT >> 20);
                sink(Item::Gap(Gap::new(GapReason::Limit, at, detail).of_bytes(length)));
            }
            Err(Stop::Damage) => {
                let detail = "the flow file is cut or damaged; the flows before it were read";
                sink(Item::Gap(Gap::new(GapReason::DamagedInput, at, detail)));
                return imported;
            }
            Err(Stop::Quota(what)) => {
                sink(Item::Gap(Gap::new(GapReason::Limit, at, what)));
                return imported;
            }
        }
        number += 1;
    }
}

/// Copies some flows of a file as they stand. Returns how many were there.
pub fn extract(bytes: impl Read, extract: &Extract<'_>, output: &mut dyn Write) -> io::Result<u64> {
    let mut file = BufReader::with_capacity(64 << 10, bytes);
    let (mut buffer, mut number, mut copied) = (Vec::new(), 0, 0);
    while extract.entries.last().is_some_and(|last| number <= *last) {
        match next(&mut file, &mut buffer) {
            Ok(Some(tag)) if extract.entries.contains(&number) => {
                write!(output, "{}:", buffer.len())?;
                output.write_all(&buffer)?;
                output.write_all(&[tag])?;
                copied += 1;
            }
            Ok(Some(_)) | Err(Stop::TooLarge(_)) => {}
            Ok(None) => break,
            Err(Stop::Damage | Stop::Quota(_)) => return Err(io::ErrorKind::UnexpectedEof.into()),
        }
        number += 1;
    }
    Ok(copied)
}

/// Why the next flow is not there.
enum Stop {
    /// It was skipped.
    TooLarge(u64),
    /// There is no way to go on.
    Damage,
    /// Nor here: a limit of decompression.
    Quota(String),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::QuotaExceeded => Self::Quota(error.to_string()),
            _ => Self::Damage,
        }
    }
}

/// Reads the next flow to `buffer` and returns its tag; `None` at the end of the file.
fn next(file: &mut impl BufRead, buffer: &mut Vec<u8>) -> Result<Option<u8>, Stop> {
    buffer.clear();
    file.by_ref().take(DIGITS as u64 + 1).read_until(b':', buffer)?;
    if buffer.is_empty() {
        return Ok(None);
    }
    let digits = buffer.strip_suffix(b":").filter(|digits| digits.iter().all(u8::is_ascii_digit));
    let length = digits.and_then(|digits| std::str::from_utf8(digits).ok()?.parse::<u64>().ok()).ok_or(Stop::Damage)?;
    buffer.clear();
    let too_large = length > FLOW_LIMIT;
    let mut flow = file.by_ref().take(length);
    let read = if too_large { io::copy(&mut flow, &mut io::sink())? } else { flow.read_to_end(buffer)? as u64 };
    let mut tag = [0];
    if read < length || file.read(&mut tag)? == 0 {
        return Err(Stop::Damage);
    }
    if too_large { Err(Stop::TooLarge(length)) } else { Ok(Some(tag[0])) }
}

/// Version of the flow format: that of mitmproxy itself up to 3, then a number of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Version {
    Release(i64, i64),
    Number(i64),
}

impl Version {
    fn producer(self) -> String {
        match self {
            Self::Release(major, minor) => format!("mitmproxy {major}.{minor}"),
            Self::Number(number) => format!("mitmproxy (flow format {number})"),
        }
    }
}

fn version(flow: Value<'_>) -> Option<Version> {
    let version = flow.get("version")?;
    if let Some(number) = version.integer() {
        return Some(Version::Number(number));
    }
    let mut parts = version.items().filter_map(Value::integer);
    Some(Version::Release(parts.next()?, parts.next().unwrap_or(0)))
}

/// Turns flows into messages.
struct Importer<'a> {
    input: u32,
    options: &'a Options,
    /// Time of the last flow that had one.
    last: Time,
    /// Encrypted client connections that a message was seen of.
    seen: BTreeSet<Vec<u8>>,
    /// What the messages of a WebSocket share, by the id of the flow with its handshake.
    handshakes: BTreeMap<Vec<u8>, (Shared, String)>,
    /// The certificate that was read last, and its names: flows of a connection repeat it.
    certificate: (Vec<u8>, Vec<String>),
}

impl Importer<'_> {
    /// Hands on the messages of flow `number` and returns its time.
    fn flow(&mut self, number: u64, flow: Value<'_>, sink: &mut dyn FnMut(Item)) -> Option<Time> {
        let mut gap = |reason, detail: String| sink(Item::Gap(Gap::new(reason, format!("/{number}"), detail)));
        match version(flow) {
            Some(Version::Number(number)) if number > NEWEST => {
                let detail = format!("flows of format version {number}, read as the newest that is known, {NEWEST}");
                gap(GapReason::LossyImport, detail);
            }
            Some(Version::Release(0, minor)) if minor < 11 => {
                gap(GapReason::UnknownProtocol, format!("flows of mitmproxy 0.{minor}; 0.11 and later are read"));
                return None;
            }
            Some(_) => {}
            None => {
                gap(GapReason::DamagedInput, "flows that cannot be read".to_owned());
                return None;
            }
        }
        // Before 9, the request said it.
        let old_replay = flow.get("request").and_then(|r| r.get("is_replay")).and_then(Value::boolean) == Some(true);
        if old_replay || flow.get("is_replay").and_then(Value::text) == Some("request") {
            gap(GapReason::LossyImport, "requests that mitmproxy's user sent again; no app did".to_owned());
            return None;
        }
        // What it was before it was edited by hand is what the app sent.
        let edited = flow.get("backup").filter(|backup| backup.is_map() && backup.is_whole());
        if edited.is_some() {
            gap(GapReason::LossyImport, "flows that were edited in mitmproxy; read as they were before".to_owned());
        }
        let flow = edited.unwrap_or(flow);
        let connection = Connection::new(flow, &mut self.certificate);
        let kind = flow.get("type").and_then(Value::text).unwrap_or("http");
        let time = self.time(flow, kind, &connection);
        if let Some(time) = time {
            self.last = time;
        } else {
            gap(GapReason::LossyImport, "flows without a time; that of the flow before is taken".to_owned());
        }
        match kind {
            "http" => self.http(number, flow, connection, sink),
            "websocket" => self.old_websocket(number, flow, connection, sink),
            "dns" => self.dns(number, flow, connection, sink),
            "tcp" => self.tcp(number, flow, connection, sink),
            "udp" => self.udp(number, flow, connection, sink),
            _ => gap(GapReason::UnknownProtocol, "flows of an unknown type".to_owned()),
        }
        time
    }

    fn time(&self, flow: Value<'_>, kind: &str, connection: &Connection) -> Option<Time> {
        let start = match kind {
            "http" => flow.get("request").and_then(|request| request.get("timestamp_start")),
            "dns" => flow.get("request").and_then(|request| request.get("timestamp")),
            _ => flow.get("messages").and_then(|messages| stream::timed(messages.items().next()?)),
        };
        start.and_then(Value::number).and_then(seconds).or(connection.started)
    }

    /// What the messages of a flow share.
    fn shared(&self, number: u64, host: Option<String>, connection: &Connection) -> Shared {
        Shared {
            input: self.input,
            number,
            host,
            sni: connection.sni.clone(),
            certificate_names: connection.certificate_names.clone(),
            client: connection.client.ip(),
            server: connection.server.ip(),
            port: connection.server.port(),
            wire: connection.wire(),
            app: None,
        }
    }

    /// Whether this is the first time that an encrypted connection is seen.
    fn first_of(&mut self, connection: &Connection) -> bool {
        if !connection.encrypted || self.seen.contains(&connection.id) {
            return false;
        }
        if self.seen.len() >= CONNECTIONS {
            self.seen.pop_first();
        }
        self.seen.insert(connection.id.clone())
    }
}

#[cfg(test)]
mod tests;
