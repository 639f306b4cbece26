//! Capture files to packets: pcap and pcapng, read and written, compressed or not.
//!
//! Takes a path or standard input, hands on [`Packet`]s in the order of the file
//! with the frame numbers that tshark gives them, key material and names that the
//! file carries, whose packets they are, and a gap where it is damaged. Files of other kinds that are read
//! elsewhere (HAR, mitmproxy flows, sessions of proxies) are recognised here, by content and never by
//! name, and handed on as bytes.
//!
//! Inputs are opened read-only and read as a stream: a buffer, never a memory map
//! (a file that another program cuts while it is mapped kills the process). What a
//! link layer is, and what stands in a packet, this module does not know.

mod apps;
mod digests;
mod hashed;
mod inflate;
mod members;
mod packet;
mod pcap;
mod pcapng;
mod reader;
pub mod recorder;
mod sniff;
mod source;
mod survey;
mod window;
mod write;

#[cfg(test)]
mod tests;

pub use apps::{App, Apps};
pub(crate) use apps::{ON_BEHALF, PROCESS, SENDER, attribute, mapped_uid};
pub use digests::Digests;
pub use members::{Members, Unread};
pub use packet::{Ending, LinkType, Options, Packet, Record};
pub use reader::PacketReader;
pub use sniff::{Coding, Format};
pub use source::{OpenError, Source};
pub use survey::{Hash, Survey, is_secret, survey};
pub use write::{PcapngWriter, SecretsKind};
