//! permessage-deflate (RFC 7692): what was agreed, and the messages unpacked.

use flate2::{Decompress, FlushDecompress, Status};

use crate::evidence::GapReason;

/// What an encoder leaves out at the end of each message (RFC 7692 §7.2.1).
pub(super) const TAIL: &[u8] = &[0, 0, 0xff, 0xff];

/// Unpacked bytes of one message, DESIGN.md's limit for what is decoded of a message.
const INFLATED_LIMIT: u64 = 32 << 20;

/// Times that a message may grow when it is unpacked, DESIGN.md's ratio. A message like
/// the one before it packs to almost nothing, hence the floor.
const RATIO_LIMIT: u64 = 200;

/// Unpacked bytes to which the ratio is not applied.
const RATIO_FLOOR: u64 = 1 << 20;

/// Memory of an inflater: its window, and the tables of a block.
pub(super) const COST: usize = 48 << 10;

/// What the handshake agreed on. The sizes of the windows do not matter here: the
/// largest, 32 KiB, unpacks what was packed with any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Deflate {
    /// Messages of the client refer to earlier ones.
    pub client_takeover: bool,
    /// Messages of the server do.
    pub server_takeover: bool,
}

impl Deflate {
    /// Reads the response's `Sec-WebSocket-Extensions`.
    pub fn agreed(extensions: &str) -> Option<Self> {
        let mut parameters = extensions
            .split(',')
            .map(|extension| extension.split(';').map(|parameter| parameter.trim().to_ascii_lowercase()))
            .find_map(|mut parts| (parts.next()? == "permessage-deflate").then_some(parts))?;
        let mut agreed = Self { client_takeover: true, server_takeover: true };
        parameters.by_ref().for_each(|parameter| match parameter.split('=').next().unwrap_or_default().trim() {
            "client_no_context_takeover" => agreed.client_takeover = false,
            "server_no_context_takeover" => agreed.server_takeover = false,
            _ => {}
        });
        Some(agreed)
    }
}

/// Unpacks the messages of one direction.
#[derive(Debug)]
pub(super) struct Inflater {
    state: Decompress,
    takeover: bool,
    /// What later messages refer to is lost.
    broken: bool,
    taken: u64,
    given: u64,
}

impl Inflater {
    pub fn new(takeover: bool) -> Self {
        Self { state: Decompress::new(false), takeover, broken: false, taken: 0, given: 0 }
    }

    /// It can unpack what comes.
    pub fn works(&self) -> bool {
        !self.broken
    }

    /// Bytes are missing.
    pub fn lose(&mut self) {
        self.broken = true;
    }

    /// Unpacks `bytes` into `give`, in pieces.
    ///
    /// # Errors
    /// They are not what they should be, or a limit is reached: nothing works from then on,
    /// until a message begins that refers to none before it.
    pub fn inflate(&mut self, mut bytes: &[u8], give: &mut dyn FnMut(&[u8])) -> Result<(), GapReason> {
        let mut room = [0; 16 << 10];
        self.taken = self.taken.saturating_add(bytes.len() as u64);
        loop {
            let (before_in, before_out) = (self.state.total_in(), self.state.total_out());
            let status = self.state.decompress(bytes, &mut room, FlushDecompress::Sync);
            let used = usize::try_from(self.state.total_in() - before_in).unwrap_or(usize::MAX);
            let made = usize::try_from(self.state.total_out() - before_out).unwrap_or(usize::MAX);
            give(room.get(..made).unwrap_or_default());
            bytes = bytes.get(used..).unwrap_or_default();
            self.given = self.given.saturating_add(made as u64);
            if self.given > INFLATED_LIMIT || self.given > RATIO_FLOOR.max(self.taken.saturating_mul(RATIO_LIMIT)) {
                self.broken = true;
                return Err(GapReason::Limit);
            }
            match status {
                // A final block ends the packed data, not the message (RFC 7692 §7.2.3.4).
                Ok(Status::StreamEnd) => self.state.reset(false),
                Ok(_) if used == 0 && made == 0 => break,
                Ok(_) => {}
                Err(_) => {
                    self.broken = true;
                    return Err(GapReason::Undecodable);
                }
            }
            if bytes.is_empty() && made < room.len() {
                break;
            }
        }
        if bytes.is_empty() { Ok(()) } else { Err(GapReason::Undecodable) }
    }

    /// A message ended.
    pub fn next_message(&mut self) {
        (self.taken, self.given) = (0, 0);
        if !self.takeover {
            self.state.reset(false);
            self.broken = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read() {
        let agreed = |text| Deflate::agreed(text).map(|d| (d.client_takeover, d.server_takeover));
        assert_eq!(agreed("permessage-deflate"), Some((true, true)));
        assert_eq!(
            agreed("foo, permessage-deflate; client_no_context_takeover; server_max_window_bits=10"),
            Some((false, true))
        );
        assert_eq!(agreed("Permessage-Deflate;server_no_context_takeover"), Some((true, false)));
        assert_eq!(agreed("x-webkit-deflate-frame"), None);
    }

    fn message(inflater: &mut Inflater, packed: &[u8]) -> Vec<u8> {
        let mut plain = Vec::new();
        inflater.inflate(packed, &mut |bytes| plain.extend_from_slice(bytes)).unwrap();
        inflater.inflate(TAIL, &mut |bytes| plain.extend_from_slice(bytes)).unwrap();
        inflater.next_message();
        plain
    }

    #[test]
    fn examples_of_rfc_7692_section_7_2_3() {
        let hello = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
        let mut inflater = Inflater::new(true);
        assert_eq!(message(&mut inflater, &hello), b"Hello");
        // §7.2.3.2: the second message refers to the first.
        assert_eq!(message(&mut inflater, &[0xf2, 0x00, 0x11, 0x00, 0x00]), b"Hello");
        // §7.2.3.3: a block without compression.
        assert_eq!(
            message(&mut inflater, &[0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00]),
            b"Hello"
        );
        // §7.2.3.4: a final block, then an empty one.
        let mut inflater = Inflater::new(false);
        assert_eq!(message(&mut inflater, &[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00]), b"Hello");
        // §7.2.3.5: two blocks.
        let two = [0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00];
        assert_eq!(message(&mut inflater, &two), b"Hello");
    }

    #[test]
    fn a_bomb_stops_at_the_limit() {
        let mut packer = flate2::Compress::new(flate2::Compression::best(), false);
        let mut packed = Vec::with_capacity(1 << 20);
        packer.compress_vec(&vec![0; 64 << 20], &mut packed, flate2::FlushCompress::Sync).unwrap();
        let (mut inflater, mut length) = (Inflater::new(true), 0u64);
        let stopped = inflater.inflate(&packed, &mut |bytes| length += bytes.len() as u64);
        assert_eq!(stopped, Err(GapReason::Limit));
        assert!(length <= packed.len() as u64 * RATIO_LIMIT + (16 << 10));
        assert!(!inflater.works());
    }
}
