//! Handshake messages out of records: one record may hold several messages, one
//! message may span several records (RFC 8446 §5.1).

use crate::secure::codec::Reader;

/// Longest handshake message that is kept. A chain of certificates is limited to
/// 100 KiB by the largest of the common libraries' defaults; a hello with its two
/// length bytes for each part stays under it.
pub const MESSAGE_LIMIT: usize = 256 * 1024;

/// Types of handshake messages that are read here (IANA registry).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageType {
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
    fn of(number: u8) -> Self {
        match number {
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
}

/// A whole handshake message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handshake {
    /// Its type.
    pub kind: MessageType,
    /// Its body, without the header.
    pub body: Vec<u8>,
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
