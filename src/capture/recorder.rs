//! Who recorded a capture, by what it says of itself and by what its packets look like, and
//! what that program is known to do to what it recorded.
//!
//! A fault that shows in a packet is counted where it shows; what shows nowhere is told
//! once for a file. Sources: the recorders' own writers (eCapture `user/module/probe_tc.go`,
//! asslcapture `internal/capture/pcapng.go` and `keylog.go`, r0capture `r0capture.py`,
//! friTap `friTap/sinks/tcp_state.py`) and their issue lists.

use super::packet::{Ending, LinkType, Packet, Record};
use crate::evidence::{Gap, GapReason};

/// Options of a Section Header Block and an Interface Description Block
/// (draft-ietf-opsawg-pcapng §4.1, §4.2).
const SHB_USERAPPL: u16 = 4;
const IF_NAME: u16 = 2;

/// What hooks write that dump plaintext: an IP header of their own with TTL 255, "don't
/// fragment" and no checksum, and a TCP header of 20 bytes, PSH and ACK, the largest window, no
/// checksum.
const HOP_LIMIT: u8 = 0xff;
const PSH_ACK: [u8; 4] = [0x50, 0x18, 0xff, 0xff];
const TCP: u8 = 6;
const UDP: u8 = 17;

/// Where friTap puts the sockets whose ends it cannot find out: loopback, and these ports.
const NAMELESS: [u16; 2] = [1234, 2345];

const R0CAPTURE: &str = "r0capture";
const FRITAP: &str = "friTap";
const ECAPTURE: &str = "eCapture";
const ASSLCAPTURE: &str = "asslcapture";
/// What wirewitness's own recordings begin to say of themselves: of its proxy, of an interface of the machine on which
/// marks are made, and of a phone, whose clock is another one.
pub const PROXY: &str = "wirewitness proxy";
/// See [`PROXY`].
pub const RECORD: &str = "wirewitness record";
/// See [`PROXY`].
pub const PHONE: &str = "wirewitness phone";

/// What such a recording notes on the last word of an interface that went away while it was recorded.
pub const GONE: &str = "what was recorded went away";

/// The whole of what such a recording says of its program.
pub fn program(recorder: &str) -> String {
    format!("{recorder} {}", env!("CARGO_PKG_VERSION"))
}

/// A recorder and what it leaves out or makes up without a trace.
const FAULTS: &[(&str, &str)] = &[
    (
        ASSLCAPTURE,
        "asslcapture says Ethernet of every interface; packets of a mobile one are bare IP, and are read as that",
    ),
    (
        ECAPTURE,
        "eCapture says Ethernet of every interface, and its filters hold for keys, not for packets: it has no key \
         for what other apps sent, nor for connections that were open before",
    ),
    (
        FRITAP,
        "friTap dumped plaintext at the TLS library, under headers that it made up: addresses and ports are the \
         sockets', how it travelled is not recorded, nor what did not pass through that library",
    ),
    (
        "PCAPdroid",
        "PCAPdroid without root writes IP and TCP headers of its own; with root and TLS decryption, its keys are \
         of the connections to its own proxy and do not fit the packets",
    ),
    ("pymobiledevice3", "pymobiledevice3 writes the time of the computer where the phone gives none"),
    (
        R0CAPTURE,
        "r0capture dumped plaintext at the TLS library, under headers that it made up: how it travelled is not \
         recorded, nor are IPv6, HTTP/2, WebViews and child processes; the time is the computer's",
    ),
    (
        PROXY,
        "wirewitness's own proxy: what is UDP (QUIC, DNS) or went around the device's proxy is not in it; the \
         bytes are those between device and proxy, under headers that are made",
    ),
];

/// What shows who recorded a file.
#[derive(Clone, Debug, Default)]
pub(super) struct Recorder {
    program: Option<String>,
    packets: u64,
    /// Packets that look like those of a hook's dump.
    dumped: u64,
    /// Of these, the ones whose socket has no name.
    nameless: u64,
    link: Option<LinkType>,
    interfaces: Vec<String>,
    secrets: bool,
    /// Events that a recorder says it dropped in its key log.
    dropped: u64,
    errors: u64,
    /// How the recording of some interface ended.
    ended: Option<Ending>,
}

/// Interfaces whose names are kept; a phone has some dozen.
const INTERFACES: usize = 64;

impl Recorder {
    /// Takes a record.
    pub fn see(&mut self, record: &Record<'_>) {
        match record {
            Record::Packet(packet) => self.packet(packet),
            Record::Section { options } if self.program.is_none() => {
                self.program = options.get(SHB_USERAPPL).map(|v| String::from_utf8_lossy(v).into_owned());
            }
            Record::Interface { link, options, .. } => {
                self.link.get_or_insert(*link);
                if self.interfaces.len() < INTERFACES {
                    self.interfaces
                        .push(String::from_utf8_lossy(options.get(IF_NAME).unwrap_or_default()).into_owned());
                }
            }
            Record::Secrets(text) => self.secrets(text),
            Record::Statistics { ended, .. } => self.ended = self.ended.or(*ended),
            _ => {}
        }
    }

    fn packet(&mut self, packet: &Packet<'_>) {
        self.packets += 1;
        if matches!(packet.link, LinkType::IPV4 | LinkType::IPV6 | LinkType::RAW)
            && let Some(transport) = made_up(packet.data)
        {
            self.dumped += 1;
            let ports = [port(transport, 0), port(transport, 2)];
            let loopback = packet.data.get(12..20) == Some(&[127, 0, 0, 1, 127, 0, 0, 1]);
            if loopback && ports.iter().all(|port| port.is_some_and(|port| NAMELESS.contains(&port))) {
                self.nameless += 1;
            }
        }
    }

    /// asslcapture notes what it lost among the keys.
    fn secrets(&mut self, text: &[u8]) {
        self.secrets = true;
        for line in text.split(|b| *b == b'\n') {
            let number = line.strip_prefix(b"# dropped ").and_then(|rest| rest.split(|b| *b == b' ').next());
            let number = number.and_then(|digits| std::str::from_utf8(digits).ok()?.parse::<u64>().ok());
            self.dropped = self.dropped.saturating_add(number.unwrap_or(0));
            self.errors += u64::from(line.starts_with(b"# error: "));
        }
    }

    /// The packets are plaintext that a hook dumped: they do not show how it travelled.
    pub fn is_dump(&self) -> bool {
        self.packets > 0 && self.packets == self.dumped
    }

    /// The program, where it is known, and how to call it: `noted` is what the notes on
    /// single packets gave away.
    fn known(&self, noted: Option<&'static str>) -> Option<&'static str> {
        let program = self.program.as_deref().unwrap_or_default();
        match () {
            () if noted.is_some() => noted,
            () if self.is_dump() => Some(if self.link == Some(LinkType::IPV4) { R0CAPTURE } else { FRITAP }),
            () if program.starts_with(PROXY) => Some(PROXY),
            () if program == "ecapture.lua" => Some(ECAPTURE),
            () if program == "gopacket" && self.secrets && self.interfaces == ["any"] => Some(ASSLCAPTURE),
            () => None,
        }
    }

    /// What to call the program in a report, and what is known to be missing.
    pub fn finish(self, noted: Option<&'static str>) -> (Option<String>, Vec<Gap>) {
        let known = self.known(noted);
        let mut gaps: Vec<Gap> = FAULTS
            .iter()
            .filter(|(program, _)| known == Some(program))
            .map(|(_, fault)| Gap::new(GapReason::LossyImport, "recorder", *fault))
            .collect();
        if self.nameless > 0 {
            let detail = "packets of sockets whose ends friTap could not find: several connections may be one stream";
            gaps.push(Gap { count: self.nameless, ..Gap::new(GapReason::LossyImport, "recorder", detail) });
        }
        if self.dropped > 0 {
            let detail = "keys that the recorder says it lost";
            gaps.push(Gap { count: self.dropped, ..Gap::new(GapReason::LossyImport, "decryption secrets", detail) });
        }
        if self.errors > 0 {
            let detail = "connections whose keys the recorder could not read";
            gaps.push(Gap { count: self.errors, ..Gap::new(GapReason::LossyImport, "decryption secrets", detail) });
        }
        let own =
            self.program.as_deref().is_some_and(|by| [PROXY, RECORD, PHONE].iter().any(|one| by.starts_with(one)));
        let early = match self.ended {
            None => Some("the recording was not ended (killed, or no room was left): its last second may be missing"),
            Some(Ending::Gone) => Some(
                "the interface or the phone went away while it was recorded: packets of its last second may be missing",
            ),
            Some(Ending::Whole) => None,
        };
        gaps.extend(early.filter(|_| own).map(|detail| Gap::new(GapReason::DamagedInput, "recorder", detail)));
        let name = match (self.program, known) {
            // What the file says of itself, and what gives its recorder away.
            (Some(said), Some(known)) if !said.contains(known) => Some(format!("{known} ({said})")),
            (said, known) => said.or_else(|| known.map(str::to_owned)),
        };
        (name, gaps)
    }
}

/// The transport header of a packet under the headers of a hook.
fn made_up(packet: &[u8]) -> Option<&[u8]> {
    let (protocol, transport) = match packet.first()? >> 4 {
        4 => {
            // Version and length, type, length; identification, flags; TTL, protocol, checksum.
            let fits = packet.get(..2)? == [0x45, 0] && packet.get(4..8)? == [0, 0, 0x40, 0];
            let fits = fits && packet.get(8)? == &HOP_LIMIT && packet.get(10..12)? == [0, 0];
            (*packet.get(9)?, packet.get(20..).filter(|_| fits)?)
        }
        6 => {
            let fits = packet.get(..4)? == [0x60, 0, 0, 0] && packet.get(7)? == &HOP_LIMIT;
            (*packet.get(6)?, packet.get(40..).filter(|_| fits)?)
        }
        _ => return None,
    };
    let fits = match protocol {
        TCP => transport.get(12..16)? == PSH_ACK && transport.get(16..20)? == [0; 4],
        UDP => transport.get(6..8)? == [0; 2],
        _ => false,
    };
    fits.then_some(transport)
}

fn port(transport: &[u8], at: usize) -> Option<u16> {
    transport.get(at..)?.first_chunk().map(|pair| u16::from_be_bytes(*pair))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_sorted() {
        assert!(FAULTS.is_sorted_by_key(|(program, _)| program.to_lowercase()));
    }
}
