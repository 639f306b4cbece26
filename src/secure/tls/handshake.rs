//! Handshake messages out of records: one record may hold several messages, one
//! message may span several records (RFC 8446 §5.1).

use crate::secure::codec::Reader;

/// Longest handshake message that is kept. A chain of certificates is limited to
/// 100 KiB by the largest of the common libraries' defaults; a hello with its two
/// length bytes for each part stays under it.
pub const MESSAGE_LIMIT: usize = 256 * 1024;

/// Bytes of a handshake's messages that are kept; two chains of certificates fit, where
/// each is what [`MESSAGE_LIMIT`] allows.
const TRANSCRIPT_LIMIT: usize = 2 * MESSAGE_LIMIT;

/// Types of handshake messages that are read here (IANA registry).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageType {
    /// 0: the server asks to renegotiate (RFC 5246 §7.4.1.1).
    HelloRequest,
    /// 1.
    ClientHello,
    /// 2.
    ServerHello,
    /// 4.
    NewSessionTicket,
    /// 5, TLS 1.3.
    EndOfEarlyData,
    /// 8, TLS 1.3.
    EncryptedExtensions,
    /// 11.
    Certificate,
    /// 14, TLS 1.2.
    ServerHelloDone,
    /// 16, TLS 1.2.
    ClientKeyExchange,
    /// 20.
    Finished,
    /// 24, TLS 1.3.
    KeyUpdate,
    /// 25, RFC 8879.
    CompressedCertificate,
    /// Anything else.
    Other(u8),
}

impl MessageType {
    /// By its number.
    pub fn of(number: u8) -> Self {
        match number {
            0 => Self::HelloRequest,
            1 => Self::ClientHello,
            2 => Self::ServerHello,
            4 => Self::NewSessionTicket,
            5 => Self::EndOfEarlyData,
            8 => Self::EncryptedExtensions,
            11 => Self::Certificate,
            14 => Self::ServerHelloDone,
            16 => Self::ClientKeyExchange,
            20 => Self::Finished,
            24 => Self::KeyUpdate,
            25 => Self::CompressedCertificate,
            other => Self::Other(other),
        }
    }

    fn number(self) -> u8 {
        match self {
            Self::HelloRequest => 0,
            Self::ClientHello => 1,
            Self::ServerHello => 2,
            Self::NewSessionTicket => 4,
            Self::EndOfEarlyData => 5,
            Self::EncryptedExtensions => 8,
            Self::Certificate => 11,
            Self::ServerHelloDone => 14,
            Self::ClientKeyExchange => 16,
            Self::Finished => 20,
            Self::KeyUpdate => 24,
            Self::CompressedCertificate => 25,
            Self::Other(other) => other,
        }
    }
}

/// A whole handshake message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handshake {
    /// Its type.
    pub kind: MessageType,
    /// Its body, without the header.
    pub body: Vec<u8>,
}

impl Handshake {
    /// Its header, as it was sent.
    pub fn header(&self) -> [u8; 4] {
        // A body is never longer than MESSAGE_LIMIT, so that its length has three bytes.
        let [.., high, middle, low] = self.body.len().to_be_bytes();
        [self.kind.number(), high, middle, low]
    }
}

/// The messages of a handshake up to ClientKeyExchange, as RFC 7627 §3 hashes them.
///
/// The two directions are kept apart: the server's come all before the client's
/// second ones, whatever the order in which they were captured.
#[derive(Debug, Default)]
pub struct Transcript {
    hello: Vec<u8>,
    server: Vec<u8>,
    client: Vec<u8>,
}

impl Transcript {
    /// A new handshake starts with this ClientHello.
    pub fn start(hello: &Handshake) -> Self {
        let hello = [&hello.header()[..], &hello.body].concat();
        Self { hello, ..Self::default() }
    }

    /// Adds a message of the server, or (`client`) of the client.
    pub fn add(&mut self, client: bool, message: &Handshake) {
        if message.kind == MessageType::HelloRequest || self.server.len() + self.client.len() > TRANSCRIPT_LIMIT {
            return;
        }
        let messages = if client { &mut self.client } else { &mut self.server };
        messages.extend(message.header());
        messages.extend(&message.body);
    }

    /// In their order.
    pub fn messages(&self) -> [&[u8]; 3] {
        [&self.hello, &self.server, &self.client]
    }
}

/// Joins the handshake records of one direction.
#[derive(Debug, Default)]
pub struct Joiner {
    bytes: Vec<u8>,
    /// Bytes at the start of `bytes` that are done with.
    done: usize,
    /// Bytes of a message over the limit that are still to come.
    skip: usize,
}

impl Joiner {
    /// Adds the content of a handshake record.
    pub fn push(&mut self, content: &[u8]) {
        let skipped = self.skip.min(content.len());
        self.skip -= skipped;
        self.bytes.drain(..self.done);
        self.done = 0;
        self.bytes.extend(content.iter().skip(skipped));
    }

    /// The next whole message.
    pub fn next(&mut self) -> Option<Handshake> {
        let mut reader = Reader::new(self.bytes.get(self.done..)?);
        let kind = MessageType::of(reader.u8()?);
        let length = usize::try_from(reader.u24()?).ok()?;
        if length > MESSAGE_LIMIT {
            // Let go of: it is none of those that lead on.
            self.skip = length.saturating_sub(reader.left());
            self.done = self.bytes.len() - reader.left().saturating_sub(length);
            return None;
        }
        let body = reader.take(length)?.to_vec();
        self.done = self.bytes.len() - reader.left();
        Some(Handshake { kind, body })
    }

    /// Memory of what waits, about.
    pub fn cost(&self) -> usize {
        self.bytes.capacity()
    }

    /// A message has started and is not whole.
    pub fn is_amid(&self) -> bool {
        self.skip > 0 || self.done < self.bytes.len()
    }

    /// Records are missing: what had started is lost.
    pub fn reset(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_messages_in_one_record_and_one_in_three() {
        let mut joiner = Joiner::default();
        joiner.push(&[14, 0, 0, 0, 20, 0, 0, 3, 1]);
        assert_eq!(joiner.next().map(|message| message.kind), Some(MessageType::ServerHelloDone));
        assert_eq!(joiner.next(), None);
        joiner.push(&[2]);
        assert!(joiner.next().is_none() && joiner.is_amid());
        joiner.push(&[3, 24]);
        assert_eq!(joiner.next(), Some(Handshake { kind: MessageType::Finished, body: vec![1, 2, 3] }));
        assert!(joiner.is_amid());
        joiner.reset();
        assert!(!joiner.is_amid());
    }

    #[test]
    fn a_message_over_the_limit_is_passed_over() {
        let mut joiner = Joiner::default();
        joiner.push(&[11, 0x7f, 0xff, 0xff]);
        assert_eq!(joiner.next(), None);
        for _ in 0..0x7fff {
            joiner.push(&[0; 256]);
            assert_eq!(joiner.next(), None);
        }
        joiner.push(&[0; 255]);
        joiner.push(&[14, 0, 0, 0]);
        assert_eq!(joiner.next().map(|message| message.kind), Some(MessageType::ServerHelloDone));
    }
}
