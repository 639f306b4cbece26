//! Writes pcapng: one section, little-endian, times in nanoseconds.

use std::io::{self, Write};

use crate::evidence::Time;

use super::packet::{Ending, LinkType};
use super::recorder::GONE;

/// What a Decryption Secrets Block holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretsKind {
    /// NSS key log text.
    TlsKeyLog,
}

/// Writes a pcapng file, block by block. Each block is whole once its call returns
/// and [`flush`](Self::flush) ran, so that a recording that is killed stays readable.
pub struct PcapngWriter<W: Write> {
    output: W,
    block: Vec<u8>,
    interfaces: u32,
}

impl<W: Write> PcapngWriter<W> {
    /// Starts a section. `application` (`shb_userappl`) and `comment` may be empty.
    ///
    /// # Errors
    /// As `output` fails.
    pub fn new(output: W, application: &str, comment: &str) -> io::Result<Self> {
        let mut writer = Self { output, block: Vec::new(), interfaces: 0 };
        writer.begin(0x0a0d_0d0a);
        writer.put(&0x1a2b_3c4d_u32.to_le_bytes());
        writer.put(&1u16.to_le_bytes());
        writer.put(&0u16.to_le_bytes());
        writer.put(&(-1i64).to_le_bytes());
        let options = [(1, comment.as_bytes()), (4, application.as_bytes())];
        writer.options(&options);
        writer.end()?;
        Ok(writer)
    }

    /// Describes an interface and returns its number.
    ///
    /// # Errors
    /// As `output` fails, and where the link type does not fit 16 bits.
    pub fn interface(&mut self, link: LinkType, snaplen: u32, name: &str, filter: &str) -> io::Result<u32> {
        let link = u16::try_from(link.0).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
        self.begin(1);
        self.put(&link.to_le_bytes());
        self.put(&0u16.to_le_bytes());
        self.put(&snaplen.to_le_bytes());
        // if_filter begins with a byte that says what kind it is: 0, a libpcap expression.
        let filter = if filter.is_empty() { String::new() } else { format!("\0{filter}") };
        self.options(&[(2, name.as_bytes()), (9, &[9]), (11, filter.as_bytes())]);
        self.end()?;
        self.interfaces += 1;
        Ok(self.interfaces - 1)
    }

    /// Writes a packet; `wire_len` is its length on the wire.
    ///
    /// # Errors
    /// As `output` fails, where the interface was not described, or the packet exceeds 32 bits.
    pub fn packet(
        &mut self,
        interface: u32,
        time: Time,
        wire_len: u32,
        data: &[u8],
        comments: &[&str],
    ) -> io::Result<()> {
        let options: Vec<(u16, &[u8])> = comments.iter().map(|c| (1, c.as_bytes())).collect();
        self.packet_with(interface, time, wire_len, data, &options)
    }

    /// The same with any options, which are written as they are: integers in them are little-endian.
    ///
    /// # Errors
    /// As those of [`Self::packet`].
    pub fn packet_with(
        &mut self,
        interface: u32,
        time: Time,
        wire_len: u32,
        data: &[u8],
        options: &[(u16, &[u8])],
    ) -> io::Result<()> {
        let invalid = || io::Error::from(io::ErrorKind::InvalidInput);
        if interface >= self.interfaces {
            return Err(invalid());
        }
        // Times before 1970 cannot be written.
        let ticks = u64::try_from(time.0).unwrap_or(0);
        self.begin(6);
        self.put(&interface.to_le_bytes());
        self.put(&((ticks >> 32) as u32).to_le_bytes());
        self.put(&(ticks as u32).to_le_bytes());
        self.put(&u32::try_from(data.len()).map_err(|_| invalid())?.to_le_bytes());
        self.put(&wire_len.to_le_bytes());
        self.put(data);
        self.pad();
        self.options(options);
        self.end()
    }

    /// Writes secrets (a Decryption Secrets Block). Readers that read once need them
    /// before the packets that they open.
    ///
    /// # Errors
    /// As `output` fails, or where `secrets` exceed 32 bits.
    pub fn secrets(&mut self, kind: SecretsKind, secrets: &[u8]) -> io::Result<()> {
        let SecretsKind::TlsKeyLog = kind;
        let length = u32::try_from(secrets.len()).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
        self.begin(10);
        self.put(b"KSLT");
        self.put(&length.to_le_bytes());
        self.put(secrets);
        self.pad();
        self.end()
    }

    /// Writes an Interface Statistics Block: packets received and dropped so far.
    ///
    /// # Errors
    /// As `output` fails, and where the interface was not described.
    pub fn statistics(&mut self, interface: u32, time: Time, received: u64, dropped: u64) -> io::Result<()> {
        self.counted(interface, time, received, dropped, None)
    }

    /// The same as the last word on the interface: how its recording ended (`isb_endtime`, and a comment where what
    /// was recorded went away).
    ///
    /// # Errors
    /// As those of [`Self::statistics`].
    pub fn ended(&mut self, interface: u32, time: Time, received: u64, dropped: u64, how: Ending) -> io::Result<()> {
        self.counted(interface, time, received, dropped, Some(how))
    }

    fn counted(
        &mut self,
        interface: u32,
        time: Time,
        received: u64,
        dropped: u64,
        ended: Option<Ending>,
    ) -> io::Result<()> {
        if interface >= self.interfaces {
            return Err(io::Error::from(io::ErrorKind::InvalidInput));
        }
        let ticks = u64::try_from(time.0).unwrap_or(0);
        let [high, low] = [(ticks >> 32) as u32, ticks as u32].map(u32::to_le_bytes);
        self.begin(5);
        self.put(&interface.to_le_bytes());
        self.put(&high);
        self.put(&low);
        // An option without a value is left out.
        let time = if ended.is_some() { [high, low].concat() } else { Vec::new() };
        let comment = if ended == Some(Ending::Gone) { GONE } else { "" };
        let (received, dropped) = (received.to_le_bytes(), dropped.to_le_bytes());
        self.options(&[(1, comment.as_bytes()), (3, &time), (4, &received), (5, &dropped)]);
        self.end()
    }

    /// Writes an Interface Statistics Block that says since when the interface was recorded
    /// (`isb_starttime`): nothing was lost between then and its first packet.
    ///
    /// # Errors
    /// As `output` fails, and where the interface was not described.
    pub fn started(&mut self, interface: u32, time: Time) -> io::Result<()> {
        if interface >= self.interfaces {
            return Err(io::Error::from(io::ErrorKind::InvalidInput));
        }
        let ticks = u64::try_from(time.0).unwrap_or(0);
        let [high, low] = [(ticks >> 32) as u32, ticks as u32].map(u32::to_le_bytes);
        self.begin(5);
        self.put(&interface.to_le_bytes());
        self.put(&high);
        self.put(&low);
        self.options(&[(2, &[high, low].concat())]);
        self.end()
    }

    /// Writes a Name Resolution Block: what `address` is called.
    ///
    /// # Errors
    /// As `output` fails, and where `name` is longer than a record holds.
    #[cfg(feature = "proxy")]
    pub fn name(&mut self, address: std::net::IpAddr, name: &str) -> io::Result<()> {
        let (kind, octets) = match address {
            std::net::IpAddr::V4(address) => (1u16, address.octets().to_vec()),
            std::net::IpAddr::V6(address) => (2u16, address.octets().to_vec()),
        };
        let record = [&octets, name.as_bytes(), &[0]].concat();
        let length = u16::try_from(record.len()).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
        self.begin(4);
        self.put(&kind.to_le_bytes());
        self.put(&length.to_le_bytes());
        self.put(&record);
        self.pad();
        self.put(&[0; 4]);
        self.end()
    }

    /// Writes a block of a kind that has no call of its own; `body` is copied between its two lengths.
    ///
    /// # Errors
    /// As `output` fails.
    pub fn block(&mut self, kind: u32, body: &[u8]) -> io::Result<()> {
        self.begin(kind);
        self.put(body);
        self.pad();
        self.end()
    }

    /// Where it goes.
    pub fn output(&self) -> &W {
        &self.output
    }

    /// Hands everything on to where it is kept.
    ///
    /// # Errors
    /// As `output` fails.
    pub fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }

    /// Ends the file and gives `output` back.
    ///
    /// # Errors
    /// As `output` fails.
    pub fn finish(mut self) -> io::Result<W> {
        self.flush()?;
        Ok(self.output)
    }

    fn begin(&mut self, kind: u32) {
        self.block.clear();
        self.put(&kind.to_le_bytes());
        self.put(&[0; 4]);
    }

    fn put(&mut self, bytes: &[u8]) {
        self.block.extend_from_slice(bytes);
    }

    fn pad(&mut self) {
        self.block.resize(self.block.len().next_multiple_of(4), 0);
    }

    /// Options that are not empty, each cut to what its length can say, and the end of options.
    fn options(&mut self, options: &[(u16, &[u8])]) {
        let mut any = false;
        for (code, value) in options {
            let cut = (value.len() > usize::from(u16::MAX)).then(|| cut(*code, value));
            let value = cut.as_deref().unwrap_or(value);
            if value.is_empty() {
                continue;
            }
            any = true;
            self.put(&code.to_le_bytes());
            self.put(&(value.len() as u16).to_le_bytes());
            self.put(value);
            self.pad();
        }
        if any {
            self.put(&[0; 4]);
        }
    }

    fn end(&mut self) -> io::Result<()> {
        let length = u32::try_from(self.block.len() + 4).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
        self.put(&length.to_le_bytes());
        if let Some(field) = self.block.get_mut(4..8) {
            field.copy_from_slice(&length.to_le_bytes());
        }
        self.output.write_all(&self.block)
    }
}

/// `opt_comment`.
const COMMENT: u16 = 1;

/// What of an option has room in it. Of a comment that is text, with a mark that something is missing.
fn cut(code: u16, value: &[u8]) -> Vec<u8> {
    const ROOM: usize = u16::MAX as usize;
    const MISSING: &str = " …";
    match std::str::from_utf8(value).ok().filter(|_| code == COMMENT) {
        Some(text) => {
            let head = (0..=ROOM - MISSING.len()).rev().find_map(|end| text.get(..end));
            [head.unwrap_or_default(), MISSING].concat().into_bytes()
        }
        None => value.get(..ROOM).unwrap_or(value).to_vec(),
    }
}
