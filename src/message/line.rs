//! A message as one JSON object, as `messages` prints it: raw, nothing masked.

use serde_json::{Map, Value, json};

use super::{Kind, Message, Protocol, Wire, content};
use crate::evidence::{Continued, Place, sha256_hex};
use crate::observations::Input;

/// A line of `messages`.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    n: u64,
    message: &'a Message,
    inputs: &'a [Input],
    bodies: bool,
}

impl<'a> Line<'a> {
    /// Of message number `n` (from 1), whose place refers to `inputs`; with its body if `bodies`.
    pub fn new(n: u64, message: &'a Message, inputs: &'a [Input], bodies: bool) -> Self {
        Self { n, message, inputs, bodies }
    }

    /// The object, its keys in the order of the documentation; what is not known is
    /// left out, but a request says that it has no status.
    pub fn into_json(self) -> Map<String, Value> {
        let Self { n, message, inputs, bodies } = self;
        let capture = |input: u32| inputs.get(input as usize).map_or("-", |input| input.name.as_str());
        let mut line = Object::default();
        line.put("n", n);
        line.put("time", message.time.to_string());
        line.put("direction", json!(message.direction));
        line.put("protocol", message.protocol.as_str());
        line.some("host", host_as_sent(message).as_deref());
        if !message.first && message.host.is_none() {
            // No name of its own is known: that of the stream stands in for it.
            line.some("server_name", message.sni.as_deref());
        }
        if message.first {
            line.some("sni", message.sni.as_deref());
            line.some("alpn", message.alpn.as_deref());
            line.list("certificate_names", &message.certificate_names);
        }
        line.put("ip", message.server.to_string());
        line.put("port", message.port);
        line.some("service", message.service.as_deref());
        kind(&message.kind, &mut line);
        match message.wire {
            Wire::Clear => line.put("encrypted", false),
            Wire::Encrypted => line.put("encrypted", true),
            Wire::Unknown => {}
        }
        line.put("opened", message.opened);
        if let Kind::Closed { reason } = message.kind {
            line.put("reason", reason.as_str());
        }
        line.some("app", message.app.as_deref());
        line.put("capture", capture(message.place.input()));
        match &message.place {
            Place::Frames { stream, frames, began, continued, .. } => {
                line.put("stream", *stream);
                line.put("frames", frames.clone());
                let part = |part: &Continued| json!({ "capture": capture(part.input), "stream": part.stream, "frames": part.frames });
                if !continued.is_empty() {
                    line.put("continued", continued.iter().map(part).collect::<Vec<_>>());
                }
                line.some("began", began.map(|b| json!({ "capture": capture(b.input), "stream": b.stream })));
            }
            Place::Entry { entry, .. } => line.put("entry", *entry),
        }
        line.some("exchange", message.exchange);
        if matches!(message.kind, Kind::Request { .. } | Kind::Response { .. }) {
            let headers = message.headers.iter().map(|(name, value)| json!([name, text(value)]));
            line.put("headers", headers.collect::<Vec<_>>());
        }
        if message.opened {
            body(message, bodies, &mut line);
        } else {
            line.put("wire_bytes", message.wire_bytes);
        }
        if message.lost_bytes > 0 {
            line.put("lost_bytes", message.lost_bytes);
        }
        line.some("incomplete", message.incomplete.map(|reason| reason.as_str()));
        if message.doubtful {
            line.put("doubtful", true);
        }
        line.0
    }
}

/// The authority as the client wrote it, port and all, so that it can be held against
/// other tools; else the name as it was understood.
fn host_as_sent(message: &Message) -> Option<std::borrow::Cow<'_, str>> {
    let field = || message.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("host"));
    let field = || field().map(|(_, value)| String::from_utf8_lossy(value.trim_ascii()));
    let sent = message.authority.as_deref().map(Into::into).or_else(field);
    match (&message.host, sent) {
        // An absolute target or a tunnel names another authority than the header.
        (Some(host), Some(sent)) if super::authority::host(&sent).as_deref() == Some(host) => Some(sent),
        (host, _) => host.as_deref().map(Into::into),
    }
}

fn kind(kind: &Kind, line: &mut Object) {
    match kind {
        Kind::Request { method, target } => {
            line.put("method", method.as_str());
            line.put("path", target.as_str());
            line.put("status", Value::Null);
        }
        Kind::Response { status, .. } => line.put("status", *status),
        Kind::Dns(dns) => {
            line.put("names", dns.names.clone());
            if dns.response {
                let answers = dns
                    .answers
                    .iter()
                    .map(|(name, kind, value, ttl)| json!({ "name": name, "type": kind, "value": value, "ttl": ttl }));
                line.put("answers", answers.collect::<Vec<_>>());
            }
        }
        Kind::WebSocket { opcode, target } => {
            line.put("opcode", *opcode);
            line.some("path", target.as_deref());
        }
        Kind::Closed { .. } | Kind::Raw => {}
    }
}

fn body(message: &Message, bodies: bool, line: &mut Object) {
    line.put("body_len", message.body_len);
    line.some("body_sha256", Some(message.body_sha256.as_str()).filter(|hash| !hash.is_empty()));
    let decoded = content::decode(message);
    let whole = message.incomplete.is_none() && decoded.gap.is_none();
    if whole && message.body_len > 0 && !message.body_sha256.is_empty() {
        // Without a coding both are of the same bytes.
        let hash = if decoded.steps.is_empty() { message.body_sha256.clone() } else { sha256_hex(&decoded.bytes) };
        line.put("content_sha256", hash);
    }
    if bodies && !(decoded.bytes.is_empty() && message.protocol == Protocol::Tls) {
        match std::str::from_utf8(&decoded.bytes) {
            Ok(text) => line.put("body", text),
            Err(_) => line.put("body_base64", data_encoding::BASE64.encode(&decoded.bytes)),
        }
    }
}

/// Field values are UTF-8 nowadays, and were ISO 8859-1 (RFC 9110 §5.5), which loses nothing.
fn text(value: &[u8]) -> String {
    std::str::from_utf8(value).map_or_else(|_| value.iter().map(|&byte| char::from(byte)).collect(), str::to_owned)
}

/// A JSON object that keeps the order of its keys.
#[derive(Default)]
struct Object(Map<String, Value>);

impl Object {
    fn put(&mut self, key: &str, value: impl Into<Value>) {
        self.0.insert(key.to_owned(), value.into());
    }

    fn some(&mut self, key: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.put(key, value);
        }
    }

    fn list(&mut self, key: &str, values: &[String]) {
        if !values.is_empty() {
            self.put(key, values.to_vec());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{Began, Direction, GapReason, Time, Transport};
    use crate::message::Dns;

    fn message() -> Message {
        Message {
            time: Time::parse("2026-03-01T08:00:01.25Z").unwrap(),
            direction: Direction::Sent,
            protocol: Protocol::Http2,
            kind: Kind::Request { method: "POST".into(), target: "/v2/bind?x=1".into() },
            host: Some("api.example.com".into()),
            sni: Some("api.example.com".into()),
            alpn: None,
            first: false,
            certificate_names: Vec::new(),
            client: [192, 0, 2, 1].into(),
            server: [198, 51, 100, 7].into(),
            port: 443,
            headers: vec![("content-type".into(), "application/json".into()), ("x".into(), b"\xe9"[..].into())],
            body: b"{}"[..].into(),
            body_len: 2,
            body_sha256: sha256_hex(b"{}"),
            incomplete: None,
            wire: Wire::Encrypted,
            opened: true,
            doubtful: false,
            app: Some("com.example".into()),
            exchange: None,
            authority: None,
            service: None,
            wire_bytes: 100,
            lost_bytes: 0,
            place: Place::Frames {
                input: 0,
                transport: Transport::Tcp,
                stream: 4,
                frames: vec![40, 41, 44],
                offset: 0,
                began: None,
                continued: Vec::new(),
            },
        }
    }

    fn line(message: &Message, bodies: bool) -> String {
        let inputs = ["demo.pcapng", "demo_2.pcapng"].map(|name| Input { name: name.into(), ..Input::default() });
        serde_json::to_string(&Line::new(17, message, &inputs, bodies).into_json()).unwrap()
    }

    #[test]
    fn a_message_in_two_captures_names_both() {
        let mut sent = message();
        sent.place = Place::Frames {
            input: 1,
            transport: Transport::Tcp,
            stream: 0,
            frames: vec![9],
            offset: 700,
            began: Some(Began { input: 0, stream: 4 }),
            continued: vec![Continued { input: 2, stream: 3, frames: vec![1, 2] }],
        };
        assert!(line(&sent, false).contains(
            r#""capture":"demo_2.pcapng","stream":0,"frames":[9],"continued":[{"capture":"-","stream":3,"frames":[1,2]}],"began":{"capture":"demo.pcapng","stream":4}"#
        ));
    }

    #[test]
    fn a_request_is_written_as_documented() {
        // The example of the documentation, with the keys that it leaves to the text.
        let hash = sha256_hex(b"{}");
        let expected = [
            r#"{"n":17,"time":"2026-03-01T08:00:01.250000Z","direction":"sent","protocol":"http/2","#,
            r#""host":"api.example.com","ip":"198.51.100.7","port":443,"method":"POST","path":"/v2/bind?x=1","#,
            r#""status":null,"encrypted":true,"opened":true,"app":"com.example","capture":"demo.pcapng","#,
            r#""stream":4,"frames":[40,41,44],"headers":[["content-type","application/json"],["x","é"]],"#,
            &format!(r#""body_len":2,"body_sha256":"{hash}","content_sha256":"{hash}","body":"{{}}"}}"#),
        ];
        assert_eq!(line(&message(), true), expected.concat());
    }

    #[test]
    fn a_closed_stream_says_why_and_who() {
        let closed = Message {
            protocol: Protocol::Tls,
            kind: Kind::Closed { reason: GapReason::NoKey },
            host: None,
            alpn: Some("h2".into()),
            first: true,
            headers: Vec::new(),
            body: Default::default(),
            opened: false,
            app: None,
            ..message()
        };
        let line = line(&closed, true);
        assert!(line.contains(r#""protocol":"tls","sni":"api.example.com","alpn":"h2","ip""#), "{line}");
        assert!(line.ends_with(r#""opened":false,"reason":"no-key","capture":"demo.pcapng","stream":4,"frames":[40,41,44],"wire_bytes":100}"#), "{line}");
    }

    #[test]
    fn a_dns_answer_carries_names_and_answers() {
        let dns = Dns {
            names: vec!["a.example".into()],
            answers: vec![("a.example".into(), "CNAME".into(), "b.example".into(), 60)],
            response: true,
        };
        let answer = Message { protocol: Protocol::Dns, kind: Kind::Dns(dns), host: None, ..message() };
        let line = line(&answer, false);
        let expected =
            r#""names":["a.example"],"answers":[{"name":"a.example","type":"CNAME","value":"b.example","ttl":60}]"#;
        assert!(line.contains(expected), "{line}");
        assert!(!line.contains("headers") && !line.contains("method"), "{line}");
    }

    #[test]
    fn bodies_that_are_no_text_are_written_in_base64() {
        let binary = Message { body: b"\xff\x00"[..].into(), ..message() };
        assert!(line(&binary, true).ends_with(r#""body_base64":"/wA="}"#));
    }
}
