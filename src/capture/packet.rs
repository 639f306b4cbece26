//! What a capture file is made of, seen from the outside.

use std::fmt;
use std::net::IpAddr;

use crate::evidence::{Gap, Time};

/// A link-layer header type, numbered as in the tcpdump.org registry (`LINKTYPE_…`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkType(pub u32);

impl LinkType {
    /// BSD loopback: four bytes of address family in the byte order of the host that wrote it.
    pub const NULL: Self = Self(0);
    /// IEEE 802.3 Ethernet.
    pub const ETHERNET: Self = Self(1);
    /// Point-to-point protocol.
    pub const PPP: Self = Self(9);
    /// Bare IPv4 or IPv6.
    pub const RAW: Self = Self(101);
    /// OpenBSD loopback: four bytes of address family in network byte order.
    pub const LOOP: Self = Self(108);
    /// IEEE 802.11 after a Prism header (or AVS: some writers mixed them up).
    pub const PRISM: Self = Self(119);
    /// IEEE 802.11 after a radiotap header.
    pub const RADIOTAP: Self = Self(127);
    /// IEEE 802.11 after an AVS header.
    pub const AVS: Self = Self(163);
    /// Per-packet information: a header that names another link type.
    pub const PPI: Self = Self(192);
    /// IEEE 802.11, from its MAC header on.
    pub const IEEE802_11: Self = Self(105);
    /// Linux "cooked" capture, version 1.
    pub const LINUX_SLL: Self = Self(113);
    /// Bare IPv4.
    pub const IPV4: Self = Self(228);
    /// Bare IPv6.
    pub const IPV6: Self = Self(229);
    /// Linux netfilter log.
    pub const NFLOG: Self = Self(239);
    /// Apple's PKTAP: a header with interface and process, then another link type.
    pub const PKTAP: Self = Self(258);
    /// Linux "cooked" capture, version 2.
    pub const LINUX_SLL2: Self = Self(276);

    /// The registry's name without `LINKTYPE_`, where this table has it.
    pub fn name(self) -> Option<&'static str> {
        Some(match self.0 {
            0 => "NULL",
            1 => "ETHERNET",
            6 => "IEEE802_5",
            9 => "PPP",
            12 | 14 | 101 => "RAW",
            50 => "PPP_HDLC",
            51 => "PPP_ETHER",
            104 => "C_HDLC",
            105 => "IEEE802_11",
            107 => "FRELAY",
            108 => "LOOP",
            113 => "LINUX_SLL",
            119 => "IEEE802_11_PRISM",
            127 => "IEEE802_11_RADIOTAP",
            147..=162 => "USER",
            163 => "IEEE802_11_AVS",
            187 => "BLUETOOTH_HCI_H4",
            189 => "USB_LINUX",
            192 => "PPI",
            195 => "IEEE802_15_4",
            201 => "BLUETOOTH_HCI_H4_WITH_PHDR",
            220 => "USB_LINUX_MMAPPED",
            227 => "CAN_SOCKETCAN",
            228 => "IPV4",
            229 => "IPV6",
            239 => "NFLOG",
            249 => "USBPCAP",
            251 => "BLUETOOTH_LE_LL",
            252 => "WIRESHARK_UPPER_PDU",
            253 => "NETLINK",
            258 => "PKTAP",
            266 => "USB_DARWIN",
            272 => "BLUETOOTH_LE_LL_WITH_PHDR",
            276 => "LINUX_SLL2",
            _ => return None,
        })
    }
}

impl fmt::Display for LinkType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "LINKTYPE_{}", self.0),
        }
    }
}

/// Options of a pcapng block, still as they lie in the file: nothing is parsed, and
/// nothing allocated, until someone asks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options<'a> {
    bytes: &'a [u8],
    big_endian: bool,
}

impl<'a> Options<'a> {
    /// `bytes` are the options of one block, up to its trailing length.
    pub(super) fn new(bytes: &'a [u8], big_endian: bool) -> Self {
        Self { bytes, big_endian }
    }

    /// There are none.
    pub fn is_empty(self) -> bool {
        self.bytes.is_empty()
    }

    /// Integers in the values are big-endian.
    pub fn big_endian(self) -> bool {
        self.big_endian
    }

    /// Code and value of each option. Ends at `opt_endofopt`, or where an option is
    /// longer than what is left.
    pub fn iter(self) -> impl Iterator<Item = (u16, &'a [u8])> {
        let Self { mut bytes, big_endian } = self;
        let u16_at = move |pair: [u8; 2]| if big_endian { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) };
        std::iter::from_fn(move || {
            let (head, rest) = bytes.split_first_chunk::<4>()?;
            let (code, length) = (u16_at([head[0], head[1]]), usize::from(u16_at([head[2], head[3]])));
            if code == 0 {
                return None;
            }
            let (value, _) = rest.split_at_checked(length)?;
            // Values are padded to 32 bits; the last one's padding may be missing.
            bytes = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
            Some((code, value))
        })
    }

    /// Value of the first option with this code.
    pub fn get(self, code: u16) -> Option<&'a [u8]> {
        self.iter().find(|(c, _)| *c == code).map(|(_, value)| value)
    }

    /// The comments (`opt_comment`) that are UTF-8.
    pub fn comments(self) -> impl Iterator<Item = &'a str> {
        self.iter().filter(|(code, _)| *code == 1).filter_map(|(_, value)| std::str::from_utf8(value).ok())
    }
}

/// One captured packet.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    /// Position of the input.
    pub input: u32,
    /// tshark's `frame.number` in this file, from 1.
    pub frame: u64,
    /// When it was captured. A Simple Packet Block has no time: it has that of the
    /// packet before it, and `timed` is false.
    pub time: Time,
    /// `time` stands in the file.
    pub timed: bool,
    /// Interface number in the file, counted through its sections; 0 in a pcap.
    pub interface: u32,
    /// Link type of that interface.
    pub link: LinkType,
    /// Length on the wire. Larger than `data.len()` where the snap length cut it.
    pub wire_len: u32,
    /// The bytes that were captured.
    pub data: &'a [u8],
    /// Comments, flags and producers' own options; none in a pcap.
    pub options: Options<'a>,
}

impl<'a> Packet<'a> {
    /// Comments on the packet.
    pub fn comments(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.options.comments()
    }
}

/// How the recording of an interface ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// As it should, as far as the file says.
    Whole,
    /// What was recorded went away, as the recorder notes: what it held back went with it.
    Gone,
}

/// One thing that a capture file says.
#[derive(Clone, Debug)]
pub enum Record<'a> {
    /// A packet.
    Packet(Packet<'a>),
    /// Key log text of TLS or WireGuard (a Decryption Secrets Block), as it stands there.
    Secrets(&'a [u8]),
    /// An interface was described.
    Interface {
        /// Its number, counted through the sections of the file.
        interface: u32,
        /// Its link type.
        link: LinkType,
        /// Most bytes kept of a packet; 0 without limit.
        snaplen: u32,
        /// Name, description, filter, …; none in a pcap.
        options: Options<'a>,
    },
    /// A section began (also the first). `options` name hardware, system and program.
    Section {
        /// See above; none in a pcap.
        options: Options<'a>,
    },
    /// An Interface Statistics Block: what the recorder counted of an interface so far.
    Statistics {
        /// The interface, counted through the sections of the file.
        interface: u32,
        /// It was recorded since then, whenever its first packet came (`isb_starttime`).
        started: Option<Time>,
        /// Packets that the interface or the system dropped (`isb_ifdrop`, `isb_osdrop`).
        dropped: u64,
        /// How its recording ended (`isb_endtime`), where it did.
        ended: Option<Ending>,
    },
    /// A Name Resolution Block's entry.
    Name {
        /// The address.
        address: IpAddr,
        /// One of its names.
        name: &'a str,
    },
    /// A block that is handed on unread: Custom Blocks (type 0xBAD, body from the
    /// enterprise number) and producers' own ones.
    Block {
        /// Block type.
        kind: u32,
        /// The block without its type and lengths.
        body: &'a [u8],
        /// Byte order of its section.
        big_endian: bool,
    },
    /// The file is damaged, cut, or beyond a limit here.
    Gap(Gap),
}
