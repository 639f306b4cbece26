//! Captures made byte by byte, in every form that the formats allow.

use std::io::Write;
use std::net::IpAddr;

use sha2::{Digest, Sha256};

use super::*;
use crate::evidence::{Gap, GapReason, Time};

/// What a test wants to see of a record.
#[derive(Clone, Debug, PartialEq)]
enum Seen {
    Section(Option<String>),
    Interface(u32, LinkType, u32),
    Packet {
        frame: u64,
        time: i64,
        timed: bool,
        interface: u32,
        link: u32,
        wire_len: u32,
        data: Vec<u8>,
        comments: Vec<String>,
    },
    Secrets(Vec<u8>),
    Name(IpAddr, String),
    Block(u32, Vec<u8>),
    Statistics(u32, Option<i64>, u64),
    Gap(GapReason, String),
}

fn file(bytes: &[u8]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    file
}

fn read(bytes: &[u8]) -> Vec<Seen> {
    let file = file(bytes);
    records(&Source::open(file.path()).unwrap())
}

fn records(source: &Source) -> Vec<Seen> {
    let mut reader = source.packets(7).unwrap();
    let mut seen = Vec::new();
    while let Some(record) = reader.next() {
        seen.push(match record {
            Record::Section { options } => {
                Seen::Section(options.get(4).map(|v| String::from_utf8_lossy(v).into_owned()))
            }
            Record::Interface { interface, link, snaplen, .. } => Seen::Interface(interface, link, snaplen),
            Record::Packet(p) => {
                assert_eq!(p.input, 7);
                Seen::Packet {
                    frame: p.frame,
                    time: p.time.0,
                    timed: p.timed,
                    interface: p.interface,
                    link: p.link.0,
                    wire_len: p.wire_len,
                    data: p.data.to_vec(),
                    comments: p.comments().map(str::to_owned).collect(),
                }
            }
            Record::Secrets(text) => Seen::Secrets(text.to_vec()),
            Record::Name { address, name } => Seen::Name(address, name.to_owned()),
            Record::Block { kind, body, .. } => Seen::Block(kind, body.to_vec()),
            Record::Statistics { interface, started, dropped, .. } => {
                Seen::Statistics(interface, started.map(|t| t.0), dropped)
            }
            Record::Gap(Gap { reason, at, .. }) => Seen::Gap(reason, at),
        });
    }
    seen
}

fn packets(seen: &[Seen]) -> Vec<&Seen> {
    seen.iter().filter(|s| matches!(s, Seen::Packet { .. })).collect()
}

fn packet(frame: u64, time: i64, link: u32, data: &[u8]) -> Seen {
    Seen::Packet {
        frame,
        time,
        timed: true,
        interface: 0,
        link,
        wire_len: data.len() as u32,
        data: data.to_vec(),
        comments: Vec::new(),
    }
}

fn gaps(seen: &[Seen]) -> Vec<(GapReason, &str)> {
    seen.iter()
        .filter_map(|s| if let Seen::Gap(reason, at) = s { Some((*reason, at.as_str())) } else { None })
        .collect()
}

/// Integers in one of the two byte orders.
#[derive(Clone, Copy)]
struct Order(bool);

impl Order {
    fn u16(self, v: u16) -> Vec<u8> {
        if self.0 { v.to_be_bytes().to_vec() } else { v.to_le_bytes().to_vec() }
    }
    fn u32(self, v: u32) -> Vec<u8> {
        if self.0 { v.to_be_bytes().to_vec() } else { v.to_le_bytes().to_vec() }
    }
    fn i64(self, v: i64) -> Vec<u8> {
        if self.0 { v.to_be_bytes().to_vec() } else { v.to_le_bytes().to_vec() }
    }
}

const LE: Order = Order(false);
const BE: Order = Order(true);

fn pcap_header(o: Order, magic: u32, link: u32) -> Vec<u8> {
    [o.u32(magic), o.u16(2), o.u16(4), o.u32(0), o.u32(0), o.u32(65535), o.u32(link)].concat()
}

fn pcap_record(o: Order, seconds: u32, fraction: u32, wire_len: u32, data: &[u8]) -> Vec<u8> {
    [o.u32(seconds), o.u32(fraction), o.u32(data.len() as u32), o.u32(wire_len), data.to_vec()].concat()
}

fn block(o: Order, kind: u32, body: &[&[u8]]) -> Vec<u8> {
    let mut body = body.concat();
    body.resize(body.len().next_multiple_of(4), 0);
    let length = body.len() as u32 + 12;
    [o.u32(kind), o.u32(length), body, o.u32(length)].concat()
}

fn option(o: Order, code: u16, value: &[u8]) -> Vec<u8> {
    let mut bytes = [o.u16(code), o.u16(value.len() as u16), value.to_vec()].concat();
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

fn section(o: Order, options: &[u8]) -> Vec<u8> {
    block(o, 0x0a0d_0d0a, &[&o.u32(0x1a2b_3c4d), &o.u16(1), &o.u16(0), &o.i64(-1), options])
}

fn interface(o: Order, link: u16, snaplen: u32, options: &[u8]) -> Vec<u8> {
    block(o, 1, &[&o.u16(link), &o.u16(0), &o.u32(snaplen), options])
}

fn enhanced(o: Order, interface: u32, ticks: u64, wire_len: u32, data: &[u8], options: &[u8]) -> Vec<u8> {
    let mut padded = data.to_vec();
    padded.resize(data.len().next_multiple_of(4), 0);
    let (high, low) = ((ticks >> 32) as u32, ticks as u32);
    let head = [o.u32(interface), o.u32(high), o.u32(low), o.u32(data.len() as u32), o.u32(wire_len)].concat();
    block(o, 6, &[&head, &padded, options])
}

fn secrets(o: Order, text: &[u8]) -> Vec<u8> {
    block(o, 10, &[&o.u32(0x544c_534b), &o.u32(text.len() as u32), text])
}

const SECOND: i64 = 1_000_000_000;

#[test]
fn pcap_in_both_orders_and_resolutions() {
    for o in [LE, BE] {
        for (magic, unit) in [(0xa1b2_c3d4, 1000), (0xa1b2_3c4d, 1)] {
            let bytes = [
                pcap_header(o, magic, 101),
                pcap_record(o, 1_700_000_000, 250, 3, b"abc"),
                pcap_record(o, 1_700_000_001, 0, 1500, b"defg"),
            ]
            .concat();
            let seen = read(&bytes);
            assert_eq!(seen[0], Seen::Section(None));
            assert_eq!(seen[1], Seen::Interface(0, LinkType::RAW, 65535));
            assert_eq!(seen[2], packet(1, 1_700_000_000 * SECOND + 250 * unit, 101, b"abc"));
            let Seen::Packet { frame: 2, wire_len: 1500, data, .. } = &seen[3] else { panic!("{:?}", seen[3]) };
            assert_eq!(data, b"defg");
            assert_eq!(seen.len(), 4);
        }
    }
}

#[test]
fn pcap_modified_and_old_versions() {
    let record = [pcap_record(LE, 1, 2, 3, b""), vec![0; 8], b"abc".to_vec()].concat();
    let mut record = record;
    record[8..12].copy_from_slice(&3u32.to_le_bytes());
    let seen = read(&[pcap_header(LE, 0xa1b2_cd34, 1), record].concat());
    assert_eq!(packets(&seen), [&packet(1, SECOND + 2000, 1, b"abc")]);
    // Version 2.2: length on the wire first, then captured length.
    let mut header = pcap_header(LE, 0xa1b2_c3d4, 1);
    header[6] = 2;
    let mut record = pcap_record(LE, 1, 2, 2, b"ab");
    record.extend(b"cd");
    record[8..12].copy_from_slice(&4u32.to_le_bytes());
    let seen = read(&[header, record].concat());
    let Some(Seen::Packet { wire_len: 4, data, .. }) = packets(&seen).first() else { panic!("{seen:?}") };
    assert_eq!(data, b"ab");
}

#[test]
fn pcap_cut_and_damaged() {
    let whole =
        [pcap_header(LE, 0xa1b2_c3d4, 1), pcap_record(LE, 1, 0, 3, b"abc"), pcap_record(LE, 2, 0, 3, b"def")].concat();
    // Inside the data, and inside the header, of the second packet, which begins at byte 43.
    for cut in [whole.len() - 1, whole.len() - 5] {
        let seen = read(&whole[..cut]);
        assert_eq!(packets(&seen).len(), 1);
        assert_eq!(gaps(&seen), [(GapReason::DamagedInput, "frame 2, byte 43")]);
    }
    let mut damaged = whole.clone();
    damaged[43 + 8..43 + 12].copy_from_slice(&u32::MAX.to_le_bytes());
    let seen = read(&damaged);
    assert_eq!(packets(&seen).len(), 1);
    assert_eq!(gaps(&seen), [(GapReason::DamagedInput, "frame 2, byte 43")]);
    assert_eq!(gaps(&read(&whole)), []);
    assert_eq!(packets(&read(&whole[..24])).len(), 0);
}

#[test]
fn pcapng_interfaces_differ_in_link_and_clock() {
    for o in [LE, BE] {
        let bytes = [
            section(o, &option(o, 4, b"maker 1.0")),
            interface(o, 1, 96, &[]),
            interface(o, 276, 0, &[option(o, 9, &[9]), option(o, 14, &o.i64(3600))].concat()),
            interface(o, 101, 0, &option(o, 9, &[0x80 | 10])),
            interface(o, 101, 0, &[option(o, 9, &[0]), option(o, 14, &o.i64(-10)), vec![0; 4]].concat()),
            enhanced(o, 0, 1_700_000_000_000_250, 200, b"abc", &[]),
            enhanced(o, 1, 1_700_000_000_000_000_007, 4, b"defg", &option(o, 1, "note é".as_bytes())),
            enhanced(o, 2, 5 * 1024 + 512, 1, b"h", &[]),
            enhanced(o, 3, 100, 1, b"i", &[]),
        ]
        .concat();
        let seen = read(&bytes);
        assert_eq!(seen[0], Seen::Section(Some("maker 1.0".to_owned())));
        assert_eq!(seen[2], Seen::Interface(1, LinkType::LINUX_SLL2, 0));
        let times: Vec<_> = packets(&seen)
            .into_iter()
            .map(|p| {
                if let Seen::Packet { time, interface, link, .. } = p { (*time, *interface, *link) } else { (0, 0, 0) }
            })
            .collect();
        assert_eq!(
            times,
            [
                (1_700_000_000 * SECOND + 250_000, 0, 1),
                (1_700_003_600 * SECOND + 7, 1, 276),
                (5 * SECOND + SECOND / 2, 2, 101),
                (90 * SECOND, 3, 101),
            ]
        );
        let Seen::Packet { comments, wire_len: 4, .. } = packets(&seen)[1] else { panic!() };
        assert_eq!(comments, &["note é"]);
        assert_eq!(gaps(&seen), []);
    }
}

/// The length of an option has 16 bits: a longer comment ends with a mark, and is text all the same.
#[test]
fn a_comment_without_room_says_so() {
    let long = "é".repeat(40_000);
    let file = PcapngWriter::new(Vec::new(), "tester", &long).unwrap().finish().unwrap();
    let mark = file.windows(3).position(|w| w == "…".as_bytes()).expect("a mark");
    assert!(String::from_utf8_lossy(&file[..mark]).ends_with("éé "));
    assert!(matches!(read(&file)[..], [Seen::Section(_)]), "{:?}", read(&file));
}

#[test]
fn pcapng_sections_begin_anew() {
    // The second section is of the other byte order and has one interface, of another link type.
    let bytes = [
        section(LE, &[]),
        interface(LE, 1, 0, &[]),
        interface(LE, 1, 0, &[]),
        enhanced(LE, 1, 1_000_000, 1, b"a", &[]),
        section(BE, &[]),
        interface(BE, 113, 0, &option(BE, 9, &[3])),
        enhanced(BE, 0, 2_000, 1, b"b", &[]),
        // An interface of the first section is none of the second.
        enhanced(BE, 1, 3_000, 1, b"c", &[]),
        enhanced(BE, 0, 4_000, 1, b"d", &[]),
    ]
    .concat();
    let seen = read(&bytes);
    let Seen::Packet { frame: 2, time, interface: 2, link: 113, .. } = packets(&seen)[1] else { panic!("{seen:?}") };
    assert_eq!(*time, 2 * SECOND);
    let Seen::Packet { frame: 4, .. } = packets(&seen)[2] else { panic!("{seen:?}") };
    assert_eq!(gaps(&seen).len(), 1);
}

#[test]
fn pcapng_secrets_names_statistics_and_the_rest() {
    for o in [LE, BE] {
        let names = [
            [o.u16(1), o.u16(4 + 10)].concat(),
            [&[192, 0, 2, 1][..], b"one\0other\0\0\0"].concat(),
            [o.u16(2), o.u16(16 + 4)].concat(),
            [&[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1][..], b"six\0"].concat(),
            vec![0; 4],
        ]
        .concat();
        let bytes = [
            section(o, &[]),
            interface(o, 1, 4, &[]),
            secrets(o, b"CLIENT_RANDOM 01 02\n"),
            block(o, 4, &[&names]),
            block(o, 3, &[&o.u32(9), b"abcd"]),
            block(o, 2, &[&o.u16(0), &o.u16(3), &o.u32(0), &o.u32(5), &o.u32(2), &o.u32(2), b"xy"]),
            block(o, 5, &[&o.u32(0), &o.u32(0), &o.u32(0)]),
            block(o, 0xbad, &[&o.u32(62652), b"app!"]),
            block(o, 0x8000_0001, &[&o.u32(1)]),
            // SSH's key log is not ours.
            block(o, 10, &[&o.u32(0x5353_484b), &o.u32(4), b"key\n"]),
            secrets(o, b"CLIENT_RANDOM 03 04"),
        ]
        .concat();
        let seen = read(&bytes);
        assert_eq!(
            seen[2..],
            [
                Seen::Secrets(b"CLIENT_RANDOM 01 02\n".to_vec()),
                Seen::Name("192.0.2.1".parse().unwrap(), "one".to_owned()),
                Seen::Name("192.0.2.1".parse().unwrap(), "other".to_owned()),
                Seen::Name("2001:db8::1".parse().unwrap(), "six".to_owned()),
                Seen::Packet {
                    frame: 1,
                    time: 0,
                    timed: false,
                    interface: 0,
                    link: 1,
                    wire_len: 9,
                    data: b"abcd".to_vec(),
                    comments: Vec::new(),
                },
                packet(2, 5000, 1, b"xy"),
                Seen::Block(0xbad, [o.u32(62652), b"app!".to_vec()].concat()),
                Seen::Block(0x8000_0001, o.u32(1)),
                Seen::Secrets(b"CLIENT_RANDOM 03 04".to_vec()),
            ]
        );
    }
}

#[test]
fn pcapng_cut_and_damaged() {
    let first = [section(LE, &[]), interface(LE, 1, 0, &[]), enhanced(LE, 0, 1, 3, b"abc", &[])].concat();
    let at = format!("frame 2, byte {}", first.len());
    let second = enhanced(LE, 0, 2, 3, b"def", &[]);
    let check = |tail: &[u8]| {
        let seen = read(&[&first[..], tail].concat());
        assert_eq!(packets(&seen), [&packet(1, 1000, 1, b"abc")]);
        assert_eq!(gaps(&seen), [(GapReason::DamagedInput, at.as_str())], "{tail:?}");
    };
    for cut in 1..second.len() {
        check(&second[..cut]);
    }
    // A length that is impossible, huge, or not repeated at the end.
    for length in [0u32, 8, 13, 0x7fff_fffc, u32::MAX, 32] {
        let mut damaged = second.clone();
        damaged[4..8].copy_from_slice(&length.to_le_bytes());
        check(&damaged);
    }
    // A packet that says to be longer than its block: the next block is found all the same.
    let mut longer = second.clone();
    longer[20..24].copy_from_slice(&4000u32.to_le_bytes());
    let seen = read(&[&first[..], &longer, &second].concat());
    assert_eq!(packets(&seen).len(), 2);
    assert_eq!(gaps(&seen).len(), 1);
}

#[test]
fn compressed_captures() {
    let bytes =
        [pcap_header(LE, 0xa1b2_c3d4, 1), pcap_record(LE, 1, 0, 3, b"abc"), pcap_record(LE, 2, 0, 3, b"def")].concat();
    let gzip = |part: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(part).unwrap();
        encoder.finish().unwrap()
    };
    let plain = read(&bytes);
    assert_eq!(read(&gzip(&bytes)), plain);
    // Two members, as `cat a.gz b.gz` makes them; two zstd frames.
    assert_eq!(read(&[gzip(&bytes[..40]), gzip(&bytes[40..])].concat()), plain);
    let zstd = |part: &[u8]| zstd::stream::encode_all(part, 3).unwrap();
    assert_eq!(read(&[zstd(&bytes[..40]), zstd(&bytes[40..])].concat()), plain);
    // Cut in the compressed data: what was inflated is read, and the file's hash is still that of the file.
    let noise: Vec<u8> = (0..60_000u32).flat_map(|n| Sha256::digest(n.to_le_bytes())).collect();
    let mut long = pcap_header(LE, 0xa1b2_c3d4, 1);
    for part in noise.chunks(1000) {
        long.extend(pcap_record(LE, 1, 0, 1000, part));
    }
    for compressed in [gzip(&long), zstd(&long)] {
        let cut = &compressed[..compressed.len() / 2];
        let file = file(cut);
        let source = Source::open(file.path()).unwrap();
        let found = survey(&source, 0, Hash::WhileReading, &mut |_| {}).unwrap();
        assert!((800..1000).contains(&found.input.records), "{}", found.input.records);
        assert_eq!(found.gaps.len(), 1);
        assert_eq!(found.gaps[0].reason, GapReason::DamagedInput);
        assert_eq!(found.input.sha256, data_encoding::HEXLOWER.encode(&Sha256::digest(cut)));
    }
}

#[test]
fn a_bomb_stops_at_the_limit() {
    // 64 MiB of empty packets; zstd makes 1 of some thousands.
    let packets = pcap_record(LE, 0, 0, 0, b"").repeat(4 << 20);
    let bomb = zstd::stream::encode_all(&[pcap_header(LE, 0xa1b2_c3d4, 1), packets].concat()[..], 1).unwrap();
    let allowed = 200 * bomb.len() as u64;
    assert!(allowed < 32 << 20, "{allowed}");
    let free = 1 << 20;
    let content = super::inflate::bounded(Coding::Zstd, Box::new(std::io::Cursor::new(bomb)), free).unwrap();
    let mut reader = super::reader::PacketReader::new(content, Format::Pcap, 0);
    let (mut count, mut limits) = (0u64, 0);
    while let Some(record) = reader.next() {
        match record {
            Record::Packet(_) => count += 1,
            Record::Gap(gap) => limits += u64::from(gap.reason == GapReason::Limit),
            _ => {}
        }
    }
    assert_eq!(limits, 1);
    // All that is free, and no more than 200 times the file (and one buffer).
    assert!((free - 64..=allowed.max(free) + (1 << 20)).contains(&(count * 16)), "{count}");
}

#[test]
fn what_cannot_be_opened_says_so() {
    let message = |bytes: &[u8]| Source::open(file(bytes).path()).unwrap_err().to_string();
    assert!(message(b"").contains("it is empty"));
    assert!(message(b"<!DOCTYPE html><html>").contains("looks like HTML"));
    assert!(message(b"PK\x03\x04....").contains("ZIP"));
    assert!(message(b"CLIENT_RANDOM 00 00\n").contains("--keys"));
    let secret = format!("# by a tool\nEXPORTER_SECRET {0} {0}\n", "0a".repeat(32));
    assert!(message(secret.as_bytes()).contains("--keys"));
    for text in ["[package]\nname = \"x\"\n", "[[bin]]\n", "[mysqld]\n"] {
        assert!(message(text.as_bytes()).contains("looks like text"), "{text}");
    }
    assert!(message(b"[ {\"a\": 1} ]").contains("JSON"));
    assert!(message(b"{\"a\": 1}").contains("JSON"));
    assert!(message(b"\x00\x01\x02\x03").contains("00 01 02 03"));
    assert!(message(&pcap_header(LE, 0xa1b2_c3d4, 1)[..23]).contains("header is cut"));
    assert!(message(&section(LE, &[])[..20]).contains("header is cut"));
    assert!(message(b"\x1f\x8b\x08garbage").contains("gzip"));
    let gzip = {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(b"just some words").unwrap();
        encoder.finish().unwrap()
    };
    assert!(message(&gzip).contains("looks like text (inside gzip)"));
    let missing = Source::open(std::path::Path::new("/nowhere/at/all.pcap")).unwrap_err();
    assert_eq!(missing.to_string(), "/nowhere/at/all.pcap: there is no such file; check the path");
    let folder = tempfile::tempdir().unwrap();
    assert!(Source::open(folder.path()).unwrap_err().to_string().contains("it is a folder"));
}

#[test]
fn other_formats_are_recognised() {
    let format = |bytes: &[u8]| Source::open(file(bytes).path()).map(|s| s.format());
    assert_eq!(format(b"\xef\xbb\xbf {\"log\": {\"version\": \"1.2\"}}").unwrap(), Format::Har);
    assert_eq!(format(b"1187:9:websocket;0:~").unwrap(), Format::Mitmproxy);
    assert_eq!(format(b"1801:6:server,0:~").unwrap(), Format::Mitmproxy);
    // A time is no flow.
    assert!(format(b"10:20:30 a request was sent, and then;").unwrap_err().to_string().contains("text"));
    let zlib = {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(b"{\"log\": {}}").unwrap();
        encoder.finish().unwrap()
    };
    let file = file(&zlib);
    let source = Source::open(file.path()).unwrap();
    assert_eq!((source.format(), source.coding()), (Format::Har, Coding::Zlib));
    let mut text = String::new();
    std::io::Read::read_to_string(&mut source.bytes().unwrap(), &mut text).unwrap();
    assert_eq!(text, "{\"log\": {}}");
    let found = survey(&source, 0, Hash::WhileReading, &mut |_| panic!("no packets")).unwrap();
    assert_eq!((found.input.format.as_str(), found.input.records), ("har (zlib)", 0));
    assert_eq!(found.input.sha256, data_encoding::HEXLOWER.encode(&Sha256::digest(&zlib)));
}

#[test]
fn standard_input_is_read_twice() {
    let bytes = [pcap_header(LE, 0xa1b2_c3d4, 1), pcap_record(LE, 1, 0, 3, b"abc")].concat();
    let source = Source::spool(&mut &bytes[..]).unwrap();
    assert_eq!(source.name(), "-");
    let path = source.path().to_owned();
    let found = survey(&source, 0, Hash::WhileReading, &mut |_| {}).unwrap();
    assert_eq!((found.input.records, found.input.bytes), (1, bytes.len() as u64));
    assert_eq!(packets(&records(&source)).len(), 1);
    drop(source);
    assert!(!path.exists());
}

#[test]
fn the_survey_finds_what_stands_anywhere() {
    let bytes = [
        section(LE, &option(LE, 4, b"recorder")),
        interface(LE, 1, 0, &[]),
        interface(LE, 101, 0, &[]),
        enhanced(LE, 0, 5_000_000, 3, b"abc", &[]),
        enhanced(LE, 1, 2_000_000, 3, b"def", &[]),
        secrets(LE, b"# a comment\nCLIENT_RANDOM 01 02"),
        section(BE, &[]),
        interface(BE, 1, 0, &[]),
        secrets(BE, b"CLIENT_RANDOM 03 04\n"),
        enhanced(BE, 0, 9_000_000, 3, b"ghi", &[]),
    ]
    .concat();
    let file = file(&bytes);
    let source = Source::open(file.path()).unwrap();
    let mut seen = Vec::new();
    let found = survey(&source, 0, Hash::WhileReading, &mut |p| seen.push((p.frame, p.data.to_vec()))).unwrap();
    assert_eq!(seen, [(1, b"abc".to_vec()), (2, b"def".to_vec()), (3, b"ghi".to_vec())]);
    assert_eq!(found.secrets, b"# a comment\nCLIENT_RANDOM 01 02\nCLIENT_RANDOM 03 04\n");
    let input = found.input;
    assert_eq!(input.sha256, data_encoding::HEXLOWER.encode(&Sha256::digest(&bytes)));
    assert_eq!((input.bytes, input.records, input.secrets), (bytes.len() as u64, 3, 2));
    assert_eq!((input.first, input.last), (Some(Time(2 * SECOND)), Some(Time(9 * SECOND))));
    assert_eq!(input.links, ["ETHERNET", "RAW"]);
    assert_eq!((input.format.as_str(), input.producer.as_deref()), ("pcapng", Some("recorder")));
    assert_eq!(found.gaps, []);
}

#[test]
fn what_is_written_is_read() {
    let mut writer = PcapngWriter::new(Vec::new(), "tester", "a test").unwrap();
    assert_eq!(writer.interface(LinkType::ETHERNET, 0, "eth0", "tcp port 80").unwrap(), 0);
    assert_eq!(writer.interface(LinkType::LINUX_SLL2, 128, "any", "").unwrap(), 1);
    let time = Time(1_700_000_000 * SECOND + 123_456_789);
    writer.packet(0, time, 3, b"abc", &[]).unwrap();
    writer.secrets(SecretsKind::TlsKeyLog, b"CLIENT_RANDOM 01 02\n").unwrap();
    writer.packet(1, time, 999, b"de", &["first", "second"]).unwrap();
    assert!(writer.packet(2, time, 1, b"x", &[]).is_err());
    let bytes = writer.finish().unwrap();
    let seen = read(&bytes);
    assert_eq!(seen[0], Seen::Section(Some("tester".to_owned())));
    assert_eq!(seen[1..3], [Seen::Interface(0, LinkType::ETHERNET, 0), Seen::Interface(1, LinkType::LINUX_SLL2, 128)]);
    assert_eq!(seen[3], packet(1, time.0, 1, b"abc"));
    assert_eq!(seen[4], Seen::Secrets(b"CLIENT_RANDOM 01 02\n".to_vec()));
    let Seen::Packet { frame: 2, interface: 1, link: 276, wire_len: 999, data, comments, .. } = &seen[5] else {
        panic!("{:?}", seen[5])
    };
    assert_eq!((data.as_slice(), comments.as_slice()), (&b"de"[..], &["first".to_owned(), "second".to_owned()][..]));
    assert_eq!(seen.len(), 6);
}

#[test]
fn since_when_it_was_recorded_is_read_where_it_can_be_true() {
    let since = |started: i64| {
        let mut writer = PcapngWriter::new(Vec::new(), "tester", "").unwrap();
        writer.interface(LinkType::ETHERNET, 0, "", "").unwrap();
        writer.started(0, Time(started)).unwrap();
        writer.packet(0, Time(1_700_000_000 * SECOND), 1, b"a", &[]).unwrap();
        let file = file(&writer.finish().unwrap());
        survey(&Source::open(file.path()).unwrap(), 0, Hash::WhileReading, &mut |_| ()).unwrap().started
    };
    let quiet = 1_699_999_990 * SECOND + 5;
    assert_eq!(since(quiet), Some(Time(quiet)));
    // After its first packet; ages before it; not known.
    assert_eq!([since(1_700_000_001 * SECOND), since(SECOND), since(0)], [None; 3]);
}

/// What a recorder dropped is a gap with the number that it counted last; one that does not know says all ones.
#[test]
fn what_the_recorder_dropped_is_a_gap() {
    let counted = |e, interface: u32, ifdrop: u64, osdrop: u64| {
        let options = [option(e, 5, &e.i64(ifdrop as i64)), option(e, 7, &e.i64(osdrop as i64))].concat();
        block(e, 5, &[&e.u32(interface), &[0; 8], &options])
    };
    for e in [LE, BE] {
        let capture = [
            section(e, &[]),
            interface(e, 1, 0, &[]),
            interface(e, 1, 0, &[]),
            counted(e, 0, 3, 0),
            counted(e, 1, u64::MAX, 0),
            counted(e, 0, 5, 1 << 32),
        ]
        .concat();
        assert_eq!(read(&capture)[3..], [Seen::Statistics(0, None, 3), Seen::Statistics(0, None, 5 + (1 << 32))]);
        let file = file(&capture);
        let gaps = survey(&Source::open(file.path()).unwrap(), 0, Hash::WhileReading, &mut |_| ()).unwrap().gaps;
        let [gap] = &gaps[..] else { panic!("{gaps:?}") };
        let expected = (GapReason::LostPackets, "interface 0", 5 + (1 << 32));
        assert_eq!((gap.reason, gap.at.as_str(), gap.count), expected);
    }
}

#[test]
fn no_byte_string_is_fatal() {
    let whole = [
        section(LE, &option(LE, 4, b"maker")),
        interface(LE, 1, 0, &option(LE, 9, &[9])),
        enhanced(LE, 0, 1, 3, b"abc", &option(LE, 1, b"c")),
        secrets(LE, b"x"),
        block(LE, 4, &[&[1, 0, 8, 0, 192, 0, 2, 1, b'a', 0, 0, 0, 0, 0, 0, 0]]),
    ]
    .concat();
    // Each byte set to each of a few values.
    for at in 12..whole.len() {
        for value in [0, 1, 4, 0x7f, 0x80, 0xff] {
            let mut changed = whole.clone();
            changed[at] = value;
            let window = super::window::Window::new(Box::new(std::io::Cursor::new(changed)));
            let mut reader = super::pcapng::Reader::new(window, 0);
            let mut count = 0;
            while let Some(record) = reader.next() {
                if let Record::Packet(packet) = record {
                    packet.comments().for_each(drop);
                }
                count += 1;
                assert!(count < 100);
            }
        }
    }
}
