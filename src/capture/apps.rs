//! Whose packet it is, where the recorder wrote it down.
//!
//! Recorders on the device know the app of each packet and note it in ways of their
//! own: PCAPdroid in a comment with the user id, beside blocks that map user ids to
//! packages, or in a trailer after the packet; pymobiledevice3 in a comment; Apple's
//! tcpdump in process blocks that packets refer to; eCapture in a trailer as well; PKTAP and
//! NFLOG in the header.
//! All of them are read here, into one table for each input.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use super::packet::{LinkType, Options, Packet, Record};

/// Different apps of one input. A device has some hundred; processes of a computer, some thousand.
const APPS: usize = 16_384;

/// Process blocks of one section that packets can refer to.
const PROCESSES: usize = 65_536;

/// Longest name that is kept; Android allows 255 bytes for a package.
const NAME: usize = 255;

/// Custom Blocks, to be copied or not (draft-ietf-opsawg-pcapng §4.8).
const CUSTOM: [u32; 2] = [0xbad, 0x4000_0bad];

/// PCAPdroid's private enterprise number.
const PCAPDROID: u32 = 62_652;

/// First word of the trailer that PCAPdroid puts after each packet of a pcap: then the user
/// id, 20 bytes of name, and a checksum of the frame.
const TRAILER_MAGIC: [u8; 4] = [0x01, 0x07, 0x20, 0x21];
const TRAILER: usize = 32;

/// First word of the trailer that eCapture put after some packets: then the process id, the
/// length of the process' name, and that name, which the kernel cuts to 15 bytes.
const ECAPTURE_MAGIC: [u8; 4] = [0xcc, 0x0c, 0x4c, 0xfc];
const COMM: usize = 16;

/// Apple's process block: a process id, and options of which 2 is the name.
pub(crate) const PROCESS: u32 = 0x8000_0001;
/// Options of a packet: number, within its section, of the block of the process that sent
/// it, and of the one that it was sent for.
pub(crate) const SENDER: u16 = 32_769;
pub(crate) const ON_BEHALF: u16 = 32_771;

/// PKTAP's header: little-endian in every capture known; names are of 20 bytes.
const PKTAP_NAMES: [usize; 2] = [88, 56];
const PKTAP_NAME: usize = 20;

/// NFLOG's attribute with the user id of the socket.
const NFULA_UID: u16 = 11;

/// How an app is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct App {
    /// Package or bundle id; else a label or the name of a process; else `uid 10123`.
    pub name: String,
    /// `name` is an id. A label or a process name cannot be held against an id.
    pub is_id: bool,
}

/// What is known of an app before its name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    /// Android's user id: one for each app.
    Uid(i32),
    /// A process.
    Process(String),
}

/// The apps of one input.
///
/// It is shown every record twice: once to learn (a user id may be mapped after its first
/// packet), once to tell whose packets they are.
#[derive(Clone, Debug, Default)]
pub struct Apps {
    numbers: HashMap<Key, u32>,
    keys: Vec<Key>,
    /// Package and label of a user id.
    packages: BTreeMap<i32, (String, String)>,
    /// Of the section: what its process blocks are named.
    processes: Vec<Option<u32>>,
    producer: Option<&'static str>,
    crowded: bool,
}

impl Apps {
    /// Takes a record, and says which app it is from, if it is a packet and its app is known.
    pub fn see(&mut self, record: &Record<'_>) -> Option<u32> {
        match record {
            Record::Packet(packet) => self.packet(packet),
            Record::Section { .. } => {
                self.processes.clear();
                None
            }
            Record::Block { kind, body, big_endian } => {
                self.block(*kind, body, *big_endian);
                None
            }
            _ => None,
        }
    }

    /// Learns the packages of user ids from another capture of the device. What was noted here
    /// counts more: a user id may have been given anew.
    pub fn learn_packages(&mut self, other: &Self) {
        for (uid, names) in &other.packages {
            if self.packages.len() >= APPS {
                self.crowded = true;
                return;
            }
            let known = self.packages.entry(*uid).or_insert_with(|| names.clone());
            if known.0.is_empty() && !names.0.is_empty() {
                known.clone_from(names);
            }
        }
    }

    /// The records will be shown again from the first.
    pub fn rewind(&mut self) {
        self.processes.clear();
    }

    /// The app with a number.
    pub fn get(&self, number: u32) -> Option<App> {
        let key = self.keys.get(usize::try_from(number).ok()?)?;
        Some(match key {
            Key::Process(name) => App { name: name.clone(), is_id: false },
            Key::Uid(uid) => match self.packages.get(uid) {
                Some((package, _)) if !package.is_empty() => App { name: package.clone(), is_id: true },
                Some((_, label)) if !label.is_empty() => App { name: label.clone(), is_id: false },
                _ => App { name: format!("uid {uid}"), is_id: false },
            },
        })
    }

    /// Android's user id of the app with a number, if it is known by one.
    pub fn uid_of(&self, number: u32) -> Option<i32> {
        match self.keys.get(usize::try_from(number).ok()?)? {
            Key::Uid(uid) => Some(*uid),
            Key::Process(_) => None,
        }
    }

    /// All apps, by their numbers.
    pub fn all(&self) -> Vec<App> {
        (0..self.keys.len()).filter_map(|n| self.get(u32::try_from(n).ok()?)).collect()
    }

    /// The recorder, as far as its notes give it away.
    pub fn producer(&self) -> Option<&'static str> {
        self.producer
    }

    /// There were more apps than are told apart.
    pub fn crowded(&self) -> bool {
        self.crowded
    }

    fn number(&mut self, key: Key) -> Option<u32> {
        if let Some(number) = self.numbers.get(&key) {
            return Some(*number);
        }
        if self.keys.len() >= APPS {
            self.crowded = true;
            return None;
        }
        let number = u32::try_from(self.keys.len()).ok()?;
        self.keys.push(key.clone());
        self.numbers.insert(key, number);
        Some(number)
    }

    fn process(&mut self, name: &str) -> Option<u32> {
        let name = name.trim();
        if name.is_empty() || name == "-" {
            return None;
        }
        self.number(Key::Process(name.chars().filter(|c| !c.is_control()).take(NAME).collect()))
    }

    /// Negative ids say that it is not known.
    fn uid(&mut self, uid: i32) -> Option<u32> {
        if uid < 0 { None } else { self.number(Key::Uid(uid)) }
    }

    fn packet(&mut self, packet: &Packet<'_>) -> Option<u32> {
        if !packet.options.is_empty() {
            if let Some(app) = self.referred(packet.options) {
                return Some(app);
            }
            for comment in packet.comments() {
                if let Some(app) = self.comment(comment) {
                    return Some(app);
                }
            }
        }
        match packet.link {
            LinkType::ETHERNET => self.trailer(packet.data).or_else(|| self.process_trailer(packet.data)),
            LinkType::PKTAP => self.pktap(packet.data),
            LinkType::NFLOG => attribute(packet.data, NFULA_UID)
                .and_then(|value| packet.data.get(value)?.first_chunk::<4>())
                .and_then(|uid| self.uid(i32::from_be_bytes(*uid))),
            _ => None,
        }
    }

    /// A packet that refers to process blocks.
    fn referred(&mut self, options: Options<'_>) -> Option<u32> {
        [ON_BEHALF, SENDER].into_iter().find_map(|code| {
            let index = word(options.get(code)?, options.big_endian())?;
            self.processes.get(usize::try_from(index).ok()?).copied().flatten()
        })
    }

    fn comment(&mut self, comment: &str) -> Option<u32> {
        if let Some(uid) = comment.strip_prefix("u-").and_then(|uid| uid.parse().ok()) {
            self.producer.get_or_insert("PCAPdroid");
            return self.uid(uid);
        }
        // `PID: n, ProcName: x, EPID: n, EProcName: y, SVC: n`; names may hold commas.
        let (own, behalf) = comment.strip_prefix("PID: ")?.split_once(", ProcName: ")?.1.split_once(", EPID: ")?;
        let behalf = behalf.split_once(", EProcName: ")?.1;
        let behalf = behalf.rsplit_once(", SVC: ").map_or(behalf, |(name, _)| name);
        self.producer.get_or_insert("pymobiledevice3");
        self.process(behalf).or_else(|| self.process(own))
    }

    /// PCAPdroid's trailer. The frame's checksum is not computed: the magic, and that nothing
    /// but padding lies between the IP packet and it, is what its own reader goes by.
    fn trailer(&mut self, frame: &[u8]) -> Option<u32> {
        let start = frame.len().checked_sub(TRAILER).filter(|start| *start > 14)?;
        let trailer = frame.get(start..)?.strip_prefix(&TRAILER_MAGIC)?;
        if frame.get(..12)?.iter().any(|byte| *byte != 0) {
            return None;
        }
        let (uid, rest) = trailer.split_first_chunk::<4>()?;
        let uid = i32::from_be_bytes(*uid);
        self.producer.get_or_insert("PCAPdroid");
        let app = self.uid(uid)?;
        let label = text(rest.get(..20)?);
        self.packages.entry(uid).or_insert_with(|| (String::new(), label));
        Some(app)
    }

    /// eCapture's trailer, whose length stands in it.
    fn process_trailer(&mut self, frame: &[u8]) -> Option<u32> {
        let name = (1..=COMM).find_map(|length| {
            let trailer = frame.get(frame.len().checked_sub(length + 9)?..)?.strip_prefix(&ECAPTURE_MAGIC)?;
            let (said, name) = trailer.get(4..)?.split_first()?;
            (usize::from(*said) == length).then_some(name)
        })?;
        self.producer.get_or_insert("eCapture");
        self.process(&text(name))
    }

    /// The process that a packet was sent for, else the one that sent it.
    fn pktap(&mut self, frame: &[u8]) -> Option<u32> {
        PKTAP_NAMES.into_iter().find_map(|at| self.process(&text(frame.get(at..at + PKTAP_NAME)?)))
    }

    fn block(&mut self, kind: u32, body: &[u8], big_endian: bool) {
        if CUSTOM.contains(&kind) {
            if word(body, big_endian) == Some(PCAPDROID) {
                self.producer.get_or_insert("PCAPdroid");
                self.mapping(body.get(4..).unwrap_or_default(), big_endian);
            }
        } else if kind == PROCESS && self.processes.len() < PROCESSES {
            let options = Options::new(body.get(4..).unwrap_or_default(), big_endian);
            let name = options.get(2).map(text).unwrap_or_default();
            let process = self.process(&name);
            self.processes.push(process);
        }
    }

    fn mapping(&mut self, body: &[u8], big_endian: bool) {
        if let Some((uid, package, label)) = mapping(body, big_endian)
            && self.packages.len() < APPS
        {
            self.packages.insert(uid, (text(package), text(label)));
        }
    }
}

/// The user id that a block of PCAPdroid names.
pub(crate) fn mapped_uid(kind: u32, body: &[u8], big_endian: bool) -> Option<i32> {
    let is_mapping = CUSTOM.contains(&kind) && word(body, big_endian) == Some(PCAPDROID);
    is_mapping.then(|| mapping(body.get(4..).unwrap_or_default(), big_endian))?.map(|(uid, ..)| uid)
}

/// A user id with package and label: version and type of the block, the id, both lengths,
/// both names. Written without padding between fields; a block that fits only with it is
/// read as well.
fn mapping(body: &[u8], big_endian: bool) -> Option<(i32, &[u8], &[u8])> {
    for at in [2, 4] {
        let (uid, rest) = body.get(at..).and_then(<[u8]>::split_first_chunk::<4>)?;
        let (&[package, label], rest) = rest.split_first_chunk::<2>()?;
        let (package, label) = (usize::from(package), usize::from(label));
        let Some(padding) = rest.len().checked_sub(package + label).filter(|padding| *padding < 4) else {
            continue;
        };
        if !rest.iter().rev().take(padding).all(|byte| *byte == 0) {
            continue;
        }
        let (package, rest) = rest.split_at_checked(package).unwrap_or_default();
        let label = rest.get(..label).unwrap_or_default();
        return Some((word(uid, big_endian).map_or(-1, u32::cast_signed), package, label));
    }
    None
}

/// Where the value of an attribute of an NFLOG header lies (type-length-value, padded to
/// 32 bits, in the byte order of the host, which is little-endian wherever apps run).
pub(crate) fn attribute(frame: &[u8], wanted: u16) -> Option<Range<usize>> {
    // Family, version, resource id.
    let mut at = 4;
    loop {
        let &[low, high, kind_low, kind_high] = frame.get(at..)?.first_chunk::<4>()?;
        // A length shorter than its own header would not get on.
        let length = usize::from(u16::from_le_bytes([low, high])).max(4);
        if u16::from_le_bytes([kind_low, kind_high]) & 0x7fff == wanted {
            return Some(at + 4..(at + length).min(frame.len()));
        }
        at += length.next_multiple_of(4);
    }
}

fn word(bytes: &[u8], big_endian: bool) -> Option<u32> {
    let bytes = *bytes.first_chunk::<4>()?;
    Some(if big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
}

/// Up to the first zero byte. A name that was cut inside a character loses the rest of it.
fn text(bytes: &[u8]) -> String {
    let bytes = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    let whole = bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    whole.chars().filter(|c| !c.is_control()).take(NAME).collect()
}
