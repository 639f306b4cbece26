//! Control packets of MQTT 3.1, 3.1.1 and 5, read from whole packets.

use bytes::Bytes;

pub(super) const CONNECT: u8 = 1;
pub(super) const CONNACK: u8 = 2;
pub(super) const PUBLISH: u8 = 3;
pub(super) const PUBACK: u8 = 4;
pub(super) const PUBREC: u8 = 5;
pub(super) const PUBREL: u8 = 6;
pub(super) const PUBCOMP: u8 = 7;
pub(super) const SUBSCRIBE: u8 = 8;
pub(super) const SUBACK: u8 = 9;
pub(super) const UNSUBSCRIBE: u8 = 10;
pub(super) const UNSUBACK: u8 = 11;
pub(super) const PINGREQ: u8 = 12;
pub(super) const PINGRESP: u8 = 13;
pub(super) const DISCONNECT: u8 = 14;
pub(super) const AUTH: u8 = 15;

/// Name of a packet type (MQTT 5 §2.1.2), `None` for the one that is forbidden.
pub(super) fn name(kind: u8) -> Option<&'static str> {
    const NAMES: [&str; 15] = [
        "CONNECT",
        "CONNACK",
        "PUBLISH",
        "PUBACK",
        "PUBREC",
        "PUBREL",
        "PUBCOMP",
        "SUBSCRIBE",
        "SUBACK",
        "UNSUBSCRIBE",
        "UNSUBACK",
        "PINGREQ",
        "PINGRESP",
        "DISCONNECT",
        "AUTH",
    ];
    NAMES.get(usize::from(kind).checked_sub(1)?).copied()
}

/// What a packet says, as a message shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Packet {
    /// Topic, or the first filter.
    pub topic: String,
    /// Everything that has a name.
    pub headers: Vec<(String, Bytes)>,
    /// Application message.
    pub payload: Bytes,
    /// Packet identifier.
    pub id: Option<u16>,
    /// Topic alias (MQTT 5 §3.3.2.3.4).
    pub alias: Option<u16>,
    /// Of a CONNECT: the protocol's level (3, 4, 5).
    pub level: Option<u8>,
}

/// How a property is written (MQTT 5 §2.2.2).
enum Form {
    Byte,
    Two,
    Four,
    Variable,
    /// A string or binary data, kept under this name.
    Text(&'static str),
    Pair,
}

fn form(property: u64) -> Option<Form> {
    Some(match property {
        0x01 | 0x17 | 0x19 | 0x24 | 0x25 | 0x28 | 0x29 | 0x2a => Form::Byte,
        0x13 | 0x21 | 0x22 | 0x23 => Form::Two,
        0x02 | 0x11 | 0x18 | 0x27 => Form::Four,
        0x0b => Form::Variable,
        0x03 => Form::Text("content-type"),
        0x08 => Form::Text("response-topic"),
        0x09 => Form::Text("correlation-data"),
        0x12 => Form::Text("assigned-client-identifier"),
        0x15 => Form::Text("authentication-method"),
        0x16 => Form::Text("authentication-data"),
        0x1a => Form::Text("response-information"),
        0x1c => Form::Text("server-reference"),
        0x1f => Form::Text("reason-string"),
        0x26 => Form::Pair,
        _ => return None,
    })
}

const TOPIC_ALIAS: u64 = 0x23;

/// Reads a packet's fields.
#[derive(Clone, Debug)]
pub(super) struct Reader {
    rest: Bytes,
}

impl Reader {
    pub fn new(rest: Bytes) -> Self {
        Self { rest }
    }

    /// What is not read yet.
    pub fn left(&self) -> Bytes {
        self.rest.clone()
    }

    fn take(&mut self, count: usize) -> Option<Bytes> {
        (count <= self.rest.len()).then(|| self.rest.split_to(count))
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn two(&mut self) -> Option<u16> {
        self.take(2)?.first_chunk().map(|bytes| u16::from_be_bytes(*bytes))
    }

    /// Length and so many bytes: a string or binary data.
    fn text(&mut self) -> Option<Bytes> {
        let length = self.two()?;
        self.take(usize::from(length))
    }

    fn variable(&mut self) -> Option<u64> {
        let (value, size) = variable(&self.rest).flatten()?;
        self.take(size)?;
        Some(value)
    }

    fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }
}

/// A variable byte integer (MQTT 5 §1.5.5) and how many bytes it takes; the inner `None`
/// when more bytes must tell, the outer when it is longer than four.
pub(super) fn variable(bytes: &[u8]) -> Option<Option<(u64, usize)>> {
    let mut value = 0;
    for (at, byte) in bytes.iter().enumerate().take(4) {
        value |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Some(Some((value, at + 1)));
        }
    }
    if bytes.len() < 4 { Some(None) } else { None }
}

/// Text as it is shown where text is wanted.
fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

impl Packet {
    fn keep(&mut self, name: &str, value: Bytes) {
        self.headers.push((name.to_owned(), value));
    }

    fn properties(&mut self, reader: &mut Reader, prefix: &str) -> Option<()> {
        let length = usize::try_from(reader.variable()?).ok()?;
        let mut list = Reader::new(reader.take(length)?);
        while !list.is_empty() {
            let property = list.variable()?;
            match form(property)? {
                Form::Byte => drop(list.byte()?),
                Form::Two => {
                    let value = list.two()?;
                    if property == TOPIC_ALIAS {
                        self.alias = Some(value);
                    }
                }
                Form::Four => drop(list.take(4)?),
                Form::Variable => drop(list.variable()?),
                Form::Text(name) => {
                    let value = list.text()?;
                    self.keep(&format!("{prefix}{name}"), value);
                }
                Form::Pair => {
                    let (name, value) = (list.text()?, list.text()?);
                    self.keep(&shown(&name), value);
                }
            }
        }
        Some(())
    }

    fn reason(&mut self, reader: &mut Reader) -> Option<()> {
        let code = reader.byte()?;
        self.keep("reason-code", code.to_string().into());
        Some(())
    }

    /// What stands in front of a PUBLISH's payload (MQTT 5 §3.3.2).
    pub fn publish(flags: u8, level: u8, reader: &mut Reader) -> Option<Self> {
        let mut packet = Self { topic: shown(&reader.text()?), ..Self::default() };
        if flags & 0x06 != 0 {
            packet.id = Some(reader.two()?);
        }
        if level >= 5 {
            packet.properties(reader, "")?;
        }
        Some(packet)
    }

    /// Reads the body of a packet of `kind`, which is all there. `None`: it is not what it should be.
    pub fn read(kind: u8, flags: u8, level: u8, body: Bytes) -> Option<Self> {
        let mut reader = Reader::new(body);
        let v5 = level >= 5;
        let mut packet = Self::default();
        match kind {
            CONNECT => packet.connect(&mut reader)?,
            PUBLISH => {
                packet = Self::publish(flags, level, &mut reader)?;
                packet.payload = reader.rest;
            }
            CONNACK => {
                reader.byte()?;
                packet.reason(&mut reader)?;
                if v5 && !reader.is_empty() {
                    packet.properties(&mut reader, "")?;
                }
            }
            PUBACK | PUBREC | PUBREL | PUBCOMP => {
                packet.id = Some(reader.two()?);
                packet.reason_and_properties(&mut reader)?;
            }
            SUBSCRIBE | UNSUBSCRIBE => {
                packet.id = Some(reader.two()?);
                if v5 {
                    packet.properties(&mut reader, "")?;
                }
                packet.filters(kind == SUBSCRIBE, &mut reader)?;
            }
            SUBACK | UNSUBACK => {
                packet.id = Some(reader.two()?);
                if v5 {
                    packet.properties(&mut reader, "")?;
                }
                while !reader.is_empty() {
                    packet.reason(&mut reader)?;
                }
            }
            DISCONNECT | AUTH => packet.reason_and_properties(&mut reader)?,
            _ => {}
        }
        Some(packet)
    }

    fn reason_and_properties(&mut self, reader: &mut Reader) -> Option<()> {
        if !reader.is_empty() {
            self.reason(reader)?;
        }
        if !reader.is_empty() {
            self.properties(reader, "")?;
        }
        Some(())
    }

    fn filters(&mut self, with_options: bool, reader: &mut Reader) -> Option<()> {
        let mut filters = Vec::new();
        while !reader.is_empty() {
            filters.push(reader.text()?);
            if with_options {
                reader.byte()?;
            }
        }
        self.topic = shown(filters.first()?);
        if filters.len() > 1 {
            filters.into_iter().for_each(|filter| self.keep("topic-filter", filter));
        }
        Some(())
    }

    /// MQTT 5 §3.1, MQTT 3.1.1 §3.1; MQTT 3.1 differs in the protocol's name only.
    fn connect(&mut self, reader: &mut Reader) -> Option<()> {
        reader.text()?;
        // Brokers that connect to brokers set the highest bit.
        let level = reader.byte()? & 0x7f;
        let flags = reader.byte()?;
        reader.two()?;
        self.level = Some(level);
        if level >= 5 {
            self.properties(reader, "")?;
        }
        let client = reader.text()?;
        self.keep("client-id", client);
        if flags & 0x04 != 0 {
            if level >= 5 {
                self.properties(reader, "will-")?;
            }
            let topic = reader.text()?;
            self.keep("will-topic", topic);
            self.payload = reader.text()?;
        }
        for (flag, name) in [(0x80, "user-name"), (0x40, "password")] {
            if flags & flag != 0 {
                let value = reader.text()?;
                self.keep(name, value);
            }
        }
        Some(())
    }
}
