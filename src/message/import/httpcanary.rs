//! What HttpCanary saves: a folder for each record, named by its number, or a ZIP of them.
//! `request.json` and `response.json` describe an exchange, `request_body.*` and
//! `response_body.*` are its bodies; `tcp.json`, `udp.json` and `websocket.json` describe
//! other records, whose payloads lie in `1.bin`, `2.bin` …, each of which may have been sent or
//! received: no file says which, so that none is read. `*.hcy` are the raw messages.
//!
//! The JSON has one value for a header field, however often it was sent. Where the raw message
//! is there, its head has them all, and is taken instead.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::Value;

use super::emit::{Body, UNKNOWN, seconds};
use super::exchange::{Exchange, Half, Tunnel, address, app_id, exchange, tunnel};
use super::har::body::{LEFT_OUT, TOO_LARGE, text};
use super::har::entry;
use super::{Imported, unread};
use crate::capture::{Members, OpenError, Source, Unread};
use crate::evidence::{Gap, GapReason, Time};
use crate::message::http1::{field, head_end, parse_head};
use crate::message::{Item, Options, Protocol};

const ONE_VALUE: &str =
    "heads of which HttpCanary's JSON keeps one field of a name; there is no raw message beside them";

/// Hands the records of `source`, which is input number `input`, to `sink`.
///
/// # Errors
/// When it cannot be opened.
pub fn read(source: &Source, input: u32, options: &Options, sink: &mut dyn FnMut(Item)) -> Result<Imported, OpenError> {
    let mut imported = Imported { producer: Some("HttpCanary".to_owned()), ..Imported::default() };
    let members = source.members()?;
    if members.crowded() {
        sink(Item::Gap(Gap::new(GapReason::Limit, source.name(), "more files than are looked at")));
    }
    // The files of each record, by its number: the name of its folder, after which a
    // person may have written what it was.
    let mut records: BTreeMap<(u64, String), Vec<String>> = BTreeMap::new();
    for name in members.names() {
        let (folder, file) = name.rsplit_once('/').unwrap_or(("", name));
        let label = folder.rsplit('/').next().unwrap_or_default();
        let digits: String = label.chars().take_while(char::is_ascii_digit).collect();
        if let Ok(number) = digits.parse() {
            records.entry((number, folder.to_owned())).or_default().push(file.to_owned());
        } else {
            sink(Item::Gap(Gap::new(GapReason::UnknownProtocol, name.clone(), "files that belong to no record")));
        }
    }
    let mut reader = Records { input, options, members, last: Time::default() };
    for (index, ((_, folder), files)) in records.into_iter().enumerate() {
        let time = reader.record(index as u64, &folder, &files, sink);
        reader.last = time.unwrap_or(reader.last);
        imported.count(time);
    }
    Ok(imported)
}

struct Records<'o> {
    input: u32,
    options: &'o Options,
    members: Members,
    last: Time,
}

impl Records<'_> {
    fn record(&mut self, number: u64, folder: &str, files: &[String], sink: &mut dyn FnMut(Item)) -> Option<Time> {
        let has = |name: &str| files.iter().any(|file| file == name);
        if has("request.json") {
            return self.http(number, folder, files, sink);
        }
        let (file, protocol) = match () {
            () if has("tcp.json") => ("tcp.json", Protocol::Tcp),
            () if has("udp.json") => ("udp.json", Protocol::Udp),
            () if has("websocket.json") => ("websocket.json", Protocol::WebSocket),
            () => {
                let detail = "folders of records without a description";
                sink(Item::Gap(Gap::new(GapReason::DamagedInput, folder, detail)));
                return None;
            }
        };
        let description = self.json(&format!("{folder}/{file}"), sink)?;
        let time = self.time(&description, &format!("{folder}/{file}"), sink);
        let ip = text(&description, "remoteIp").or_else(|| text(&description, "remoteAddress"));
        let url = text(&description, "url").and_then(crate::message::authority::split_absolute);
        let to = match (url, description.get("remotePort").and_then(Value::as_u64), ip) {
            (Some((_, authority, _)), _, _) => authority.to_owned(),
            (None, Some(port), Some(ip)) => format!("{ip}:{port}"),
            _ => ip.unwrap_or_default().to_owned(),
        };
        let detail =
            "payloads of TCP, UDP and WebSockets that HttpCanary saved without the way that each went: not read";
        let payloads = files.iter().filter(|name| *name != file).count().max(1) as u64;
        let gap = Gap::new(GapReason::LossyImport, format!("{folder}/{file}"), detail);
        sink(Item::Gap(Gap { count: payloads, ..gap }));
        let closed = Tunnel {
            number,
            pointer: format!("{folder}/{file}"),
            time: time.unwrap_or(self.last),
            authority: to,
            client: UNKNOWN,
            server: ip.and_then(address),
            app: text(&description, "app").and_then(app_id),
            sent: 0,
            // The host of a WebSocket is known, what it carried is not.
            protocol: if protocol == Protocol::WebSocket { Protocol::Tls } else { protocol },
            reason: GapReason::LossyImport,
        };
        tunnel(self.input, closed, self.options, sink);
        time
    }

    fn http(&mut self, number: u64, folder: &str, files: &[String], sink: &mut dyn FnMut(Item)) -> Option<Time> {
        let sent = format!("{folder}/request.json");
        let request = self.json(&sent, sink)?;
        let Some(url) = text(&request, "url").map(str::to_owned) else {
            sink(Item::Gap(Gap::new(GapReason::DamagedInput, sent, "records without a url")));
            return None;
        };
        let started = self.time(&request, &sent, sink);
        let begun = started.unwrap_or(self.last);
        let received = format!("{folder}/response.json");
        let answer = if files.iter().any(|file| file == "response.json") { self.json(&received, sink) } else { None };
        let status = answer.as_ref().and_then(|answer| {
            let status = ["code", "statusCode", "status"].iter().find_map(|key| number_of(answer.get(key)?))?;
            u16::try_from(status).ok().filter(|status| *status > 0)
        });
        let response = status.zip(answer).map(|(status, answer)| {
            let time = moment(&answer).unwrap_or(begun);
            (status, self.half(&answer, received, time, "response", (folder, files), sink))
        });
        let both = Exchange {
            number,
            method: text(&request, "method").unwrap_or("GET").to_owned(),
            url,
            wire: None,
            client: UNKNOWN,
            server: text(&request, "remoteIp").and_then(address),
            // HttpCanary writes null for some.
            app: text(&request, "app").and_then(app_id),
            request: self.half(&request, sent, begun, "request", (folder, files), sink),
            response,
            sockets: Vec::new(),
        };
        exchange(self.input, both, self.options, sink);
        started
    }

    fn half(
        &mut self,
        description: &Value,
        pointer: String,
        time: Time,
        name: &str,
        (folder, files): (&str, &[String]),
        sink: &mut dyn FnMut(Item),
    ) -> Half {
        let mut headers = fields(description);
        let raw = files.iter().find(|file| **file == format!("{name}.hcy"));
        let raw = raw.and_then(|file| self.members.read(&format!("{folder}/{file}")).ok());
        match raw.and_then(|raw| parse_head(raw.get(..head_end(&raw, 0)?)?, name == "request")) {
            Some(head) => headers = head.fields,
            None if !headers.is_empty() => {
                sink(Item::Gap(Gap::new(GapReason::LossyImport, pointer.clone(), ONE_VALUE)));
            }
            None => {}
        }
        let announced = field(&headers, "content-length").and_then(|length| length.trim().parse().ok()).unwrap_or(0);
        let prefix = format!("{name}_body.");
        let body = match files.iter().find(|file| file.starts_with(&prefix)) {
            Some(file) => match self.members.read(&format!("{folder}/{file}")) {
                Ok(bytes) => Body::whole(bytes),
                Err(Unread::TooLarge(length)) => Body::missing(length, TOO_LARGE),
                Err(why) => {
                    sink(Item::Gap(unread(&why, &format!("{folder}/{file}"))));
                    Body::missing(announced, LEFT_OUT)
                }
            },
            None => Body::missing(announced, LEFT_OUT),
        };
        let version = ["protocol", "httpVersion", "version"].iter().find_map(|key| text(description, key));
        Half { pointer, time, version: version.unwrap_or_default().to_owned(), headers, body }
    }

    fn json(&mut self, name: &str, sink: &mut dyn FnMut(Item)) -> Option<Value> {
        let bytes = match self.members.read(name) {
            Ok(bytes) => bytes,
            Err(why) => {
                sink(Item::Gap(unread(&why, name)));
                return None;
            }
        };
        let value = serde_json::from_slice(&bytes).ok();
        if value.is_none() {
            let detail = "records whose description is cut or no JSON";
            sink(Item::Gap(Gap::new(GapReason::DamagedInput, name, detail)));
        }
        value
    }

    fn time(&self, description: &Value, at: &str, sink: &mut dyn FnMut(Item)) -> Option<Time> {
        let time = moment(description);
        if time.is_none() {
            let detail = "records without a time; that of the record before is taken";
            sink(Item::Gap(Gap::new(GapReason::LossyImport, at, detail)));
        }
        time
    }
}

/// A number, also where it is written as text.
fn number_of(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// When: milliseconds since the epoch, or RFC 3339.
fn moment(description: &Value) -> Option<Time> {
    ["startTime", "time", "timestamp"].iter().find_map(|key| {
        let value = description.get(key)?;
        match value.as_f64() {
            Some(milliseconds) => seconds(milliseconds / 1000.0),
            None => entry::time(value.as_str()?),
        }
    })
}

/// An object, or a list of names and values.
fn fields(description: &Value) -> Vec<(String, Bytes)> {
    let fields: Vec<(String, Bytes)> = match description.get("headers") {
        Some(Value::Object(fields)) => fields
            .iter()
            .filter_map(|(name, value)| Some((name.clone(), Bytes::from(value.as_str()?.to_owned()))))
            .collect(),
        Some(Value::Array(fields)) => fields
            .iter()
            .filter_map(|field| Some((text(field, "name")?.to_owned(), text(field, "value")?.to_owned().into())))
            .collect(),
        _ => Vec::new(),
    };
    fields.into_iter().filter(|(name, _)| !name.starts_with(':')).collect()
}
