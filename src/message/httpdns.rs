//! Resolvers that are asked over HTTP in a form of their own (HTTPDNS), as
//! `signatures/protocols.toml` lists them: the names asked for and the answers, as DNS.
//!
//! An answer in text does not say what was asked: it is the answer to its exchange's request.

use std::collections::BTreeMap;
use std::net::IpAddr;

use bytes::Bytes;
use serde_json::Value;

use super::dns_over_http::{ANSWERS_KEPT, NAME_LIMIT, body, carried, is_host, plain, variable};
use super::{Dns, Kind, Message};
use crate::evidence::Direction;
use crate::signatures::{Answer, Protocols};

/// Questions of one connection that wait for their answers. An app asks for a few names at
/// its start; HTTP/2 allows some hundred exchanges at a time.
const WAITING_LIMIT: usize = 128;

/// Names of one question. The interfaces for several take five (Alibaba) to some tens.
const NAMES_LIMIT: usize = 64;

/// What was asked for on a connection and not answered yet, by exchange.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked(BTreeMap<u32, (Vec<String>, Answer)>);

/// The DNS message that `message` carries.
pub(super) fn inside(message: &Message, asked: &mut Asked, protocols: &Protocols) -> Option<Message> {
    match &message.kind {
        Kind::Request { target, .. } if message.direction == Direction::Sent => {
            let (path, query) = target.split_once('?').unwrap_or((target, ""));
            let resolver = protocols.resolver(message.host.as_deref(), message.server, path)?;
            let form = || std::str::from_utf8(&message.body).ok().and_then(|form| variable(form, &resolver.query));
            let value = variable(query, &resolver.query).or_else(form)?;
            let names = value.split(',').filter(|name| is_host(name) && name.contains('.') && name.len() <= NAME_LIMIT);
            let names: Vec<String> = names.take(NAMES_LIMIT).map(plain).collect();
            // Sealed: what is asked for cannot be read, nor the answer.
            if names.is_empty() {
                return None;
            }
            if let Some(exchange) = message.exchange {
                if asked.0.len() >= WAITING_LIMIT {
                    asked.0.pop_first();
                }
                asked.0.insert(exchange, (names.clone(), resolver.answer));
            }
            Some(carried(message, Dns { names, answers: Vec::new(), response: false }, Bytes::new()))
        }
        Kind::Response { status: 200, .. } if message.incomplete.is_none() => {
            let (names, answer) = asked.0.remove(&message.exchange?)?;
            let body = body(message)?;
            let answers = match answer {
                Answer::Text => text(&names, &body)?,
                Answer::Json => json(&body)?,
                Answer::None => return None,
            };
            Some(carried(message, Dns { names, answers, response: true }, body))
        }
        _ => None,
    }
}

type Answers = Vec<(String, String, String, u32)>;

fn answer(name: &str, address: &str, ttl: u32) -> Option<(String, String, String, u32)> {
    let address: IpAddr = address.trim().parse().ok()?;
    let kind = if address.is_ipv4() { "A" } else { "AAAA" };
    Some((name.to_owned(), kind.to_owned(), address.to_string(), ttl))
}

/// `1.2.3.4;5.6.7.8,600`, for one name.
fn text(names: &[String], body: &[u8]) -> Option<Answers> {
    let [name] = names else { return None };
    let text = std::str::from_utf8(body).ok()?.trim();
    let (addresses, ttl) = text.split_once(',').unwrap_or((text, "0"));
    let ttl = ttl.trim().parse().unwrap_or_default();
    let answers: Answers = addresses.split(';').filter_map(|ip| answer(name, ip, ttl)).take(ANSWERS_KEPT).collect();
    (!answers.is_empty()).then_some(answers)
}

/// Objects with `host`, `ips`, `ipsv6` and `ttl`.
fn json(body: &[u8]) -> Option<Answers> {
    let value: Value = serde_json::from_slice(body).ok()?;
    let objects = value.get("dns").and_then(Value::as_array).map_or(std::slice::from_ref(&value), Vec::as_slice);
    let mut answers = Vec::new();
    for object in objects {
        let Some(host) = object.get("host").and_then(Value::as_str).filter(|host| is_host(host)) else { continue };
        let ttl = object.get("ttl").and_then(Value::as_u64).and_then(|ttl| u32::try_from(ttl).ok());
        for list in ["ips", "ipsv6"].into_iter().filter_map(|key| object.get(key)?.as_array()) {
            let addresses = list.iter().filter_map(Value::as_str);
            answers.extend(addresses.filter_map(|ip| answer(&plain(host), ip, ttl.unwrap_or_default())));
        }
    }
    answers.truncate(ANSWERS_KEPT);
    (!answers.is_empty()).then_some(answers)
}

#[cfg(test)]
mod tests;
