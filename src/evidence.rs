//! The words every stage shares: time, where evidence lies, how it was decoded,
//! what could not be seen, and how a value is shown without being told.
//!
//! Nothing here knows a protocol. Offsets and lengths are bytes, times are
//! nanoseconds since the Unix epoch, frames and streams are numbered as
//! Wireshark numbers them in the same file (frames from 1, streams from 0).

mod reason;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use reason::{Ground, GroundCode, Reason};

/// How sure a statement is. Ordered: `Possible < Probable < Confirmed`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Certainty {
    /// One hint only. At most a note in a report; never fails a build.
    Possible,
    /// Two independent hints: key name, shape with checksum, a recipient that uses the key.
    Probable,
    /// A value of the device profile, or a digest of one, at a boundary.
    Confirmed,
}

/// Who sent the bytes, seen from the audited device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// From the client (the app) to the server.
    Sent,
    /// From the server to the client.
    Received,
}

impl Direction {
    /// The other one.
    pub fn reverse(self) -> Self {
        match self {
            Self::Sent => Self::Received,
            Self::Received => Self::Sent,
        }
    }
}

/// Nanoseconds since 1970-01-01T00:00:00Z (years 1677 to 2262).
///
/// Written as RFC 3339 in UTC with microseconds: `2026-03-01T08:00:01.250000Z`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub i64);

impl Time {
    /// Parses an RFC 3339 time stamp with any offset.
    pub fn parse(text: &str) -> Option<Self> {
        let stamp: jiff::Timestamp = text.trim().parse().ok()?;
        i64::try_from(stamp.as_nanosecond()).ok().map(Self)
    }

    /// This machine's clock: for who makes a session, never for who reads one.
    pub fn now() -> Self {
        Self(i64::try_from(jiff::Timestamp::now().as_nanosecond()).unwrap_or_default())
    }

    /// Nanoseconds from `earlier` to `self`, negative when `earlier` is later.
    pub fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_nanosecond(i128::from(self.0)) {
            Ok(stamp) => write!(f, "{stamp:.6}"),
            Err(_) => write!(f, "{}ns", self.0),
        }
    }
}

impl Serialize for Time {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom(format!("not an RFC 3339 time: {text}")))
    }
}

/// Where a message lies in an input.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Place {
    /// In packets of a capture.
    Frames {
        /// Position of the input in `inputs` of the report.
        input: u32,
        /// `tcp` or `udp`: which of Wireshark's two stream counters `stream` is.
        transport: Transport,
        /// `tcp.stream` or `udp.stream`.
        stream: u32,
        /// Frame numbers that carried it, ascending.
        frames: Vec<u64>,
        /// Offset of the first byte in its direction of the stream, after
        /// reassembly and, for an opened stream, after decryption. Counted from where the
        /// stream began, also where that was in an earlier capture.
        offset: u64,
        /// Where the stream began, if that was in an earlier capture, which this one follows, or,
        /// of a QUIC connection, between other ends: the handshake that it was opened with lies
        /// there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        began: Option<Began>,
        /// The rest of the frames, where the message goes on in later captures.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        continued: Vec<Continued>,
    },
    /// In an entry of an imported file (HAR, flow file).
    Entry {
        /// Position of the input in `inputs` of the report.
        input: u32,
        /// Entry number, from 0.
        entry: u64,
        /// JSON pointer (RFC 6901) to the part that holds it, `/log/entries/3/request`.
        pointer: String,
    },
}

impl Place {
    /// The input that holds it.
    pub fn input(&self) -> u32 {
        match self {
            Self::Frames { input, .. } | Self::Entry { input, .. } => *input,
        }
    }

    /// The stream that it lies in, by the capture and the number that it began with; `None`
    /// in an imported file.
    pub fn stream(&self) -> Option<(u32, Transport, u32)> {
        match self {
            Self::Frames { input, transport, stream, began, .. } => {
                let began = began.unwrap_or(Began { input: *input, stream: *stream });
                Some((began.input, *transport, began.stream))
            }
            Self::Entry { .. } => None,
        }
    }

    /// What evidence is sorted by inside one input: first frame, or entry number.
    pub fn ordinal(&self) -> u64 {
        match self {
            Self::Frames { frames, .. } => frames.first().copied().unwrap_or(0),
            Self::Entry { entry, .. } => *entry,
        }
    }
}

/// Where a stream began that goes on in a later capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Began {
    /// Position of the input in `inputs` of the report.
    pub input: u32,
    /// Its number there.
    pub stream: u32,
}

/// A part of a message in a later capture than the one it began in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Continued {
    /// Position of the input in `inputs` of the report.
    pub input: u32,
    /// Number of the stream there.
    pub stream: u32,
    /// Frame numbers there, ascending.
    pub frames: Vec<u64>,
}

/// A transport protocol with ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// RFC 9293.
    Tcp,
    /// RFC 768.
    Udp,
}

/// One step from a message to a decoded view of a part of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Step {
    /// What was done: `body`, `gzip`, `json`, `base64`, `form`, `header`, `aes-128-ecb` …
    pub name: String,
    /// What it picked: a JSON path, a field or header name, the id of the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub argument: Option<String>,
    /// How many bytes this step yields.
    #[serde(default)]
    pub length: u64,
    /// SHA-256 (lower-case hex) of the bytes this step yields. Empty where they are so
    /// few that it would tell the value ([`Step::TELLING`]).
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sha256: String,
    /// The bytes before this step were unreadable without a key, and the key is published.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub published_key: bool,
}

impl Step {
    /// Shorter results are little more than the value itself. An IMEI or a phone number
    /// has so few forms that all their digests can be tried: a digest of it is the value.
    pub const TELLING: u64 = 64;
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.argument {
            Some(argument) => write!(f, "{} {argument}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// Where evidence lies, so that anyone can repeat the way to it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Locator {
    /// The message.
    pub place: Place,
    /// From the message to the bytes, in order.
    pub steps: Vec<Step>,
    /// First byte of the value in the bytes of the last step.
    pub start: u64,
    /// First byte after it.
    pub end: u64,
}

/// Why something could not be seen. One reason for each closed stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GapReason {
    /// No secret with this connection's client random.
    NoKey,
    /// A secret is there, and no record opens with it.
    KeyDoesNotFit,
    /// The client ended the handshake after the server's flight.
    Pinned,
    /// The handshake was not recorded.
    StartedBeforeCapture,
    /// A resumed session whose secret is in no log.
    ResumedWithoutSecret,
    /// QUIC without secrets.
    QuicNoKey,
    /// The capture's snap length cut packets.
    Truncated,
    /// Packets are missing from the capture.
    LostPackets,
    /// A named limit was reached.
    Limit,
    /// The importer knows that its source drops or alters this.
    LossyImport,
    /// Nothing here reads this protocol.
    UnknownProtocol,
    /// A link type or packet form that is not read.
    UnsupportedLink,
    /// The file is damaged or cut; what precedes the damage was read.
    DamagedInput,
    /// A cipher suite, protocol version or compression that is not opened.
    UnsupportedCipher,
    /// A payload that its SDK sealed; the recipe names what it may contain.
    SealedPayload,
    /// A layer that claims an encoding and does not decode.
    Undecodable,
    /// Of a message: its sender cut it off, or its receiver refused the rest. All that was sent
    /// of it was seen, so it is no gap in what was seen and never counted as one.
    Cancelled,
}

impl GapReason {
    /// The word in reports and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoKey => "no-key",
            Self::KeyDoesNotFit => "key-does-not-fit",
            Self::Pinned => "pinned",
            Self::StartedBeforeCapture => "started-before-capture",
            Self::ResumedWithoutSecret => "resumed-without-secret",
            Self::QuicNoKey => "quic-no-key",
            Self::Truncated => "truncated",
            Self::LostPackets => "lost-packets",
            Self::Limit => "limit",
            Self::LossyImport => "lossy-import",
            Self::UnknownProtocol => "unknown-protocol",
            Self::UnsupportedLink => "unsupported-link",
            Self::DamagedInput => "damaged-input",
            Self::UnsupportedCipher => "unsupported-cipher",
            Self::SealedPayload => "sealed-payload",
            Self::Undecodable => "undecodable",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Something that could not be seen, with its one reason.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Gap {
    /// Why.
    pub reason: GapReason,
    /// Where, when it is one place: `frame 17`, `tcp stream 4`, `link type 147`.
    pub at: String,
    /// What exactly, in words for a person: the limit's name and size, the link type.
    pub detail: String,
    /// Bytes that were not seen, as far as they are known.
    #[serde(default)]
    pub bytes: u64,
    /// How often, where like ones were added up; `at` is the first.
    pub count: u64,
}

impl Gap {
    /// One gap of no known size.
    pub fn new(reason: GapReason, at: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { reason, at: at.into(), detail: detail.into(), bytes: 0, count: 1 }
    }

    /// The same with a size.
    pub fn of_bytes(self, bytes: u64) -> Self {
        Self { bytes, ..self }
    }
}

/// Adds up gaps of the same reason and detail, so that a capture with a million
/// holes stays one line with a count. Details must therefore come from a small set;
/// what differs from hole to hole belongs in `at`.
#[derive(Clone, Debug, Default)]
pub struct Gaps {
    by_kind: std::collections::BTreeMap<(GapReason, String), Gap>,
}

impl Gaps {
    /// Different details kept for each run; more than that are added to the last one.
    const LIMIT: usize = 1024;

    /// Counts `gap`. Of like ones the smallest `at` is kept (shorter text first, so that
    /// `frame 9` is before `frame 10`): the order of calls does not matter.
    pub fn add(&mut self, gap: Gap) {
        let key = (gap.reason, gap.detail.clone());
        if let Some(known) = self.by_kind.get_mut(&key) {
            known.bytes = known.bytes.saturating_add(gap.bytes);
            known.count = known.count.saturating_add(gap.count);
            if (gap.at.len(), &gap.at) < (known.at.len(), &known.at) {
                known.at = gap.at;
            }
        } else if self.by_kind.len() < Self::LIMIT {
            self.by_kind.insert(key, gap);
        } else if let Some(mut last) = self.by_kind.last_entry() {
            last.get_mut().count = last.get().count.saturating_add(gap.count);
        }
    }

    /// Counts all of `other`.
    pub fn merge(&mut self, other: Self) {
        for gap in other.by_kind.into_values() {
            self.add(gap);
        }
    }

    /// By reason, then detail.
    pub fn into_vec(self) -> Vec<Gap> {
        self.by_kind.into_values().collect()
    }
}

/// A place in a policy document.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Span {
    /// Position in the policy's list of sources.
    pub source: u32,
    /// First line, from 1, in the source as it was given.
    pub line: u32,
    /// Last line.
    pub end_line: u32,
    /// The words, white space folded.
    pub quote: String,
}

/// A value as a report may show it: enough to recognise, not enough to use.
///
/// `867530900000017` becomes `86····…··17`: at most two characters at each end,
/// and none at all of values under eight characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Masked(String);

impl Masked {
    /// Masks `value`.
    pub fn of(value: &str) -> Self {
        let chars: Vec<char> = value.chars().map(|c| if c.is_control() { '·' } else { c }).collect();
        if chars.len() < 8 {
            return Self("····".to_owned());
        }
        let (head, tail) = (&chars[..2], &chars[chars.len() - 2..]);
        Self(head.iter().collect::<String>() + "····…··" + &tail.iter().collect::<String>())
    }

    /// The value as it is: for `--show-values` only.
    pub fn shown(value: &str) -> Self {
        Self(value.chars().map(|c| if c.is_control() { '·' } else { c }).collect())
    }

    /// The masked text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Masked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// SHA-256 in lower-case hex.
pub fn sha256_hex(bytes: &[u8]) -> String {
    use sha2::Digest;
    data_encoding::HEXLOWER.encode(&sha2::Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_utc_with_microseconds() {
        let time = Time::parse("2026-03-01T16:00:01.25+08:00").unwrap();
        assert_eq!(time.to_string(), "2026-03-01T08:00:01.250000Z");
        assert_eq!(serde_json::to_string(&time).unwrap(), "\"2026-03-01T08:00:01.250000Z\"");
    }

    #[test]
    fn a_mask_keeps_two_characters_at_each_end_and_none_of_short_values() {
        assert_eq!(Masked::of("867530900000017").as_str(), "86····…··17");
        assert_eq!(Masked::of("1234567").as_str(), "····");
        assert_eq!(Masked::of("标识符标识符标识").as_str(), "标识····…··标识");
    }

    #[test]
    fn certainties_are_ordered() {
        assert!(Certainty::Possible < Certainty::Probable && Certainty::Probable < Certainty::Confirmed);
    }
}
