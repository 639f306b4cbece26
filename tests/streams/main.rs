//! Stream numbers and stream contents, held against tshark's on the same captures.
//!
//! The captures are made here, packet by packet. Those of a folder are compared too
//! where `WIREWITNESS_CAPTURES` names one. Without tshark the comparison is skipped,
//! and says so.

mod random;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use wirewitness::capture::{LinkType, PcapngWriter, Record, Source};
use wirewitness::evidence::{Direction, Gaps, Time, Transport};
use wirewitness::net::{Chunk, Numbering, Slicer, TcpStream};

/// Streams of one capture whose content is compared.
const STREAMS: usize = 40;

type Sides = BTreeMap<(u32, SocketAddr), Vec<u8>>;

/// What one of the two programs made of a capture.
#[derive(Default)]
struct Seen {
    /// Stream of each frame that has one.
    streams: BTreeMap<(Transport, u64), u32>,
    /// Bytes of each side of each TCP stream, holes as tshark prints them.
    sides: Sides,
    frames: u64,
}

/// tshark prints holes so, with the end of the C string, and those that follow each other as one.
fn hole(bytes: &mut Vec<u8>, length: u64) {
    const END: &str = " bytes missing in capture file]\0";
    let before = bytes.strip_suffix(END.as_bytes()).and_then(|rest| {
        let at = rest.iter().rposition(|byte| *byte == b'[')?;
        Some((at, std::str::from_utf8(&rest[at + 1..]).ok()?.parse::<u64>().ok()?))
    });
    let (at, before) = before.unwrap_or((bytes.len(), 0));
    bytes.truncate(at);
    bytes.extend(format!("[{}{END}", before + length).bytes());
}

fn ours(path: &Path) -> Seen {
    let source = Source::open(path).expect("a capture");
    let mut reader = source.packets(0).expect("readable");
    let (mut slicer, mut numbering, mut gaps) = (Slicer::new(), Numbering::new(), Gaps::default());
    let mut streams: BTreeMap<u32, (TcpStream, [SocketAddr; 2])> = BTreeMap::new();
    let mut seen = Seen::default();
    while let Some(record) = reader.next() {
        let Record::Packet(packet) = record else { continue };
        seen.frames = packet.frame;
        let mut found = slicer.slice(&packet, &mut gaps);
        while let Some(segment) = found {
            let assigned = numbering.assign(&segment);
            let transport = assigned.id.transport;
            seen.streams.insert((transport, packet.frame), assigned.id.number);
            if transport == Transport::Tcp {
                let number = assigned.id.number;
                let ends = [assigned.endpoints.client, assigned.endpoints.server];
                let (stream, _) = streams.entry(number).or_insert_with(|| (TcpStream::new(), ends));
                let sides = &mut seen.sides;
                stream.push(assigned.direction, &segment, &mut |d, chunk| take(sides, number, ends, d, chunk));
            }
            found = slicer.more(&packet, &mut gaps);
        }
    }
    for (number, (mut stream, ends)) in streams {
        stream.finish(&mut |d, chunk| take(&mut seen.sides, number, ends, d, chunk));
    }
    seen
}

fn take(sides: &mut Sides, number: u32, ends: [SocketAddr; 2], direction: Direction, chunk: Chunk<'_>) {
    let end = if direction == Direction::Sent { ends[0] } else { ends[1] };
    let bytes = sides.entry((number, end)).or_default();
    match chunk {
        Chunk::Data { bytes: data, .. } => bytes.extend(data),
        Chunk::Gap { length, .. } => hole(bytes, length),
        Chunk::End { .. } => {}
    }
}

fn tshark(path: &Path) -> Option<Seen> {
    let run = |arguments: &[String]| {
        let output = Command::new("tshark").arg("-r").arg(path).args(arguments).output().ok()?;
        Some(String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let fields = "-n -T fields -E occurrence=l -e frame.number -e tcp.stream -e udp.stream";
    let mut seen = Seen::default();
    for line in run(&words(fields))?.lines() {
        let columns: Vec<&str> = line.split('\t').collect();
        let Ok(frame) = columns[0].parse::<u64>() else { continue };
        seen.frames = frame;
        for (column, transport) in [(1, Transport::Tcp), (2, Transport::Udp)] {
            if let Some(number) = columns.get(column).and_then(|c| c.parse().ok()) {
                seen.streams.insert((transport, frame), number);
            }
        }
    }
    let numbers = seen.streams.iter().filter(|((t, _), _)| *t == Transport::Tcp).map(|(_, n)| *n);
    let count = numbers.max().map_or(0, |n| n as usize + 1).min(STREAMS);
    let mut arguments = words("-n -q");
    for number in 0..count {
        arguments.extend(["-z".to_owned(), format!("follow,tcp,raw,{number}")]);
    }
    if count > 0 {
        follow(&run(&arguments)?, &mut seen.sides);
    }
    Some(seen)
}

fn words(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

/// Reads what `-z follow,tcp,raw` prints: hexadecimal lines, those of the second node after a tab.
fn follow(text: &str, sides: &mut Sides) {
    let (mut number, mut nodes) = (0, [None, None]);
    for line in text.lines() {
        if let Some(filter) = line.strip_prefix("Filter: tcp.stream eq ") {
            number = filter.parse().expect("a number");
        } else if let Some(node) = line.strip_prefix("Node ") {
            let (index, end) = node.split_once(": ").expect("a node");
            let end = end.parse().ok().or_else(|| {
                let (address, port) = end.rsplit_once(':')?;
                format!("[{address}]:{port}").parse().ok()
            });
            nodes[index.parse::<usize>().expect("an index")] = end;
        } else if !line.starts_with('=') && !line.starts_with("Follow") {
            let (node, hex) = line.strip_prefix('\t').map_or((nodes[0], line), |hex| (nodes[1], hex));
            if let (Some(node), Ok(bytes)) = (node, data_encoding::HEXLOWER_PERMISSIVE.decode(hex.trim().as_bytes())) {
                sides.entry((number, node)).or_default().extend(bytes);
            }
        }
    }
}

/// The differences, as lines; `None` without tshark.
fn compare(path: &Path) -> Option<Vec<String>> {
    let theirs = tshark(path)?;
    let ours = ours(path);
    let mut lines = Vec::new();
    if theirs.frames != ours.frames {
        lines.push(format!("frames: tshark {}, here {}", theirs.frames, ours.frames));
    }
    let keys: std::collections::BTreeSet<_> = theirs.streams.keys().chain(ours.streams.keys()).collect();
    let different: Vec<_> = keys.into_iter().filter(|k| theirs.streams.get(k) != ours.streams.get(k)).collect();
    if let Some((transport, frame)) = different.first() {
        let key = &(*transport, *frame);
        let (t, o) = (theirs.streams.get(key), ours.streams.get(key));
        lines.push(format!(
            "{} frames in other streams, first {transport:?} frame {frame}: tshark {t:?}, here {o:?}",
            different.len()
        ));
    }
    for ((number, end), bytes) in &theirs.sides {
        let empty = Vec::new();
        let here = ours.sides.get(&(*number, *end)).unwrap_or(&empty);
        if here != bytes {
            let at = here.iter().zip(bytes).take_while(|(a, b)| a == b).count();
            let mut line = format!("tcp stream {number} from {end}: tshark {} bytes, here {}", bytes.len(), here.len());
            let show = |b: &[u8]| String::from_utf8_lossy(&b[at..b.len().min(at + 40)]).escape_debug().to_string();
            let _ = write!(line, "; at {at}: tshark '{}' here '{}'", show(bytes), show(here));
            lines.push(line);
        }
    }
    for ((number, end), bytes) in &ours.sides {
        if (*number as usize) < STREAMS && !bytes.is_empty() && !theirs.sides.contains_key(&(*number, *end)) {
            lines.push(format!("tcp stream {number} from {end}: tshark nothing, here {} bytes", bytes.len()));
        }
    }
    Some(lines)
}

#[test]
fn captures_of_a_folder() {
    let Some(folder) = std::env::var_os("WIREWITNESS_CAPTURES") else {
        eprintln!("SKIPPED: WIREWITNESS_CAPTURES names no folder of captures");
        return;
    };
    let mut paths: Vec<_> = std::fs::read_dir(folder).expect("a folder").map(|e| e.expect("an entry").path()).collect();
    paths.sort();
    let mut differing = 0;
    for path in paths {
        let shown = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match Source::open(&path) {
            Err(error) => eprintln!("{shown}: {error}"),
            Ok(source) if !source.format().is_capture() => {}
            Ok(_) => match compare(&path) {
                None => return eprintln!("SKIPPED: there is no tshark"),
                Some(lines) if lines.is_empty() => {}
                Some(lines) => {
                    differing += 1;
                    lines.iter().take(6).for_each(|line| eprintln!("{shown}: {line}"));
                }
            },
        }
    }
    eprintln!("{differing} captures differ");
}

/// Ones' complement sum of RFC 1071, so that tshark has nothing to complain about.
fn checksum(bytes: &[u8]) -> u16 {
    let sum: u32 = bytes.chunks(2).map(|p| u32::from(p[0]) << 8 | u32::from(*p.get(1).unwrap_or(&0))).sum();
    let sum = (sum & 0xffff) + (sum >> 16);
    !(((sum & 0xffff) + (sum >> 16)) as u16)
}

/// A packet of IPv4; `place` is the offset in bytes and whether more fragments follow.
fn v4(from: u8, to: u8, protocol: u8, id: u16, place: (usize, bool), payload: &[u8]) -> Vec<u8> {
    let total = (payload.len() + 20) as u16;
    let fragment = (place.0 / 8) as u16 | if place.1 { 0x2000 } else { 0 };
    let mut bytes = vec![0x45, 0];
    [total, id, fragment].iter().for_each(|word| bytes.extend(word.to_be_bytes()));
    bytes.extend([64, protocol, 0, 0, 10, 0, 0, from, 10, 0, 0, to]);
    let sum = checksum(&bytes).to_be_bytes();
    bytes[10..12].copy_from_slice(&sum);
    bytes.extend(payload);
    bytes
}

fn v6(from: u8, to: u8, next: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x60, 0, 0, 0];
    bytes.extend((payload.len() as u16).to_be_bytes());
    bytes.extend([next, 64]);
    for last in [from, to] {
        bytes.extend([0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last]);
    }
    bytes.extend(payload);
    bytes
}

fn udp(ports: (u16, u16), payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() + 8) as u16;
    [&ports.0.to_be_bytes()[..], &ports.1.to_be_bytes(), &length.to_be_bytes(), &[0, 0], payload].concat()
}

fn tcp(ports: (u16, u16), seq: u32, ack: u32, flags: &str, payload: &[u8]) -> Vec<u8> {
    let bit = |f| match f {
        'F' => 1u8,
        'S' => 2,
        'R' => 4,
        'A' => 16,
        _ => unreachable!(),
    };
    let mut bytes = [ports.0.to_be_bytes(), ports.1.to_be_bytes()].concat();
    bytes.extend(seq.to_be_bytes());
    bytes.extend(ack.to_be_bytes());
    bytes.extend([5 << 4, flags.chars().map(bit).sum(), 0x20, 0, 0, 0, 0, 0]);
    bytes.extend(payload);
    bytes
}

/// Ports that no dissector of tshark takes for its own.
const PORTS: (u16, u16) = (40_000, 9_999);

fn sent(seq: u32, ack: u32, flags: &str, payload: &str) -> Vec<u8> {
    v4(1, 2, 6, 0, (0, false), &tcp(PORTS, seq, ack, flags, payload.as_bytes()))
}

fn received(seq: u32, ack: u32, flags: &str, payload: &str) -> Vec<u8> {
    v4(2, 1, 6, 0, (0, false), &tcp((PORTS.1, PORTS.0), seq, ack, flags, payload.as_bytes()))
}

fn handshake(client: u32, server: u32) -> Vec<Vec<u8>> {
    let (next_client, next_server) = (client.wrapping_add(1), server.wrapping_add(1));
    vec![sent(client, 0, "S", ""), received(server, next_client, "SA", ""), sent(next_client, next_server, "A", "")]
}

/// Compares a capture of bare IP packets, a second apart.
fn agree(name: &str, packets: &[Vec<u8>]) {
    let framed: Vec<_> = packets.iter().map(|p| (LinkType::RAW, p.clone())).collect();
    agree_framed(name, &framed);
}

fn agree_framed(name: &str, packets: &[(LinkType, Vec<u8>)]) {
    let mut writer = PcapngWriter::new(Vec::new(), "test", "").expect("memory");
    let mut links: Vec<LinkType> = Vec::new();
    for (n, (link, bytes)) in packets.iter().enumerate() {
        let interface = links.iter().position(|l| l == link).unwrap_or_else(|| {
            writer.interface(*link, 0, "", "").expect("memory");
            links.push(*link);
            links.len() - 1
        });
        let time = Time((1_700_000_000 + n as i64) * 1_000_000_000);
        writer.packet(interface as u32, time, bytes.len() as u32, bytes, &[]).expect("memory");
    }
    agree_bytes(name, &writer.finish().expect("memory"));
}

fn agree_bytes(name: &str, bytes: &[u8]) {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), bytes).expect("written");
    match compare(file.path()) {
        None => eprintln!("SKIPPED: {name}: there is no tshark"),
        Some(lines) => assert!(lines.is_empty(), "{name}:\n{}", lines.join("\n")),
    }
}

#[test]
fn streams_in_order_and_out_of_it() {
    let mut plain = handshake(999, 4999);
    plain.extend([
        sent(1000, 5000, "A", "question"),
        received(5000, 1008, "A", "answer"),
        sent(1008, 5006, "FA", ""),
        received(5006, 1009, "FA", ""),
        sent(1009, 5007, "A", ""),
    ]);
    agree("plain", &plain);
    let wrap = u32::MAX - 2;
    let mut order = handshake(wrap - 1, 4999);
    order.extend([
        sent(wrap.wrapping_add(6), 5000, "A", "ghi"),
        sent(wrap.wrapping_add(3), 5000, "A", "def"),
        sent(wrap, 5000, "A", "abc"),
        sent(wrap, 5000, "A", "abcdef"),
        sent(wrap.wrapping_add(7), 5000, "A", "hijk"),
        received(5000, wrap.wrapping_add(11), "A", "ok"),
    ]);
    agree("wrap, reordering, retransmission", &order);
    let mut conflict = handshake(999, 4999);
    conflict.extend([
        sent(1000, 5000, "A", "first"),
        sent(1000, 5000, "A", "FIRST"),
        sent(1003, 5000, "A", "STand more"),
    ]);
    conflict.push(received(5000, 1013, "A", "ok"));
    agree("overlap with other content", &conflict);
}

#[test]
fn holes() {
    let mut loss = handshake(999, 4999);
    loss.extend([
        sent(1000, 5000, "A", "abc"),
        sent(1013, 5000, "A", "xyz"),
        received(5000, 1016, "A", "ok"),
        sent(1016, 5002, "A", "on"),
        received(5102, 1018, "A", "late"),
        sent(1018, 5106, "A", "sure"),
    ]);
    agree("loss in both directions", &loss);
    let mut alive = handshake(999, 4999);
    alive.extend([
        sent(1000, 5000, "A", "abc"),
        received(5000, 1003, "A", ""),
        sent(1002, 5000, "A", ""),
        sent(1002, 5000, "A", "\0"),
        sent(1003, 5000, "A", "def"),
        received(5000, 1006, "A", "ok"),
    ]);
    agree("keep-alive", &alive);
    agree(
        "midway",
        &[received(7000, 300, "A", "tail"), sent(300, 7004, "A", "next"), received(7004, 304, "A", "more")],
    );
    agree(
        "data with the SYN",
        &[
            sent(999, 0, "S", "early"),
            received(4999, 1005, "SA", ""),
            sent(1005, 5000, "A", "more"),
            received(5000, 1009, "A", "ok"),
        ],
    );
}

#[test]
fn ports_used_again() {
    let talk = |client: u32, server: u32, end: &str| {
        let mut packets = handshake(client, server);
        packets.push(sent(client + 1, server + 1, "A", "hello"));
        packets.push(sent(client + 6, server + 1, end, ""));
        packets
    };
    for end in ["FA", "RA", "R", "A"] {
        let anew = [talk(999, 4999, end), talk(88_888, 9_999, end), talk(777, 1, "A")].concat();
        agree(&format!("another number after {end}"), &anew);
        let same = [talk(999, 4999, end), talk(999, 4999, end)].concat();
        agree(&format!("the same number after {end}"), &same);
    }
    let midway = [vec![received(7000, 300, "A", "tail")], talk(999, 4999, "A")].concat();
    agree("a start after a midway start", &midway);
    agree("another answer", &[sent(999, 0, "S", ""), received(4999, 1000, "SA", ""), received(6999, 1000, "SA", "")]);
    agree("the answer first", &[received(4999, 1000, "SA", ""), sent(999, 0, "S", ""), sent(1000, 5000, "A", "x")]);
    agree("a SYN from each end", &[sent(999, 0, "S", ""), received(4999, 0, "S", ""), sent(1000, 5000, "A", "x")]);
}

#[test]
fn datagrams_fragments_and_quotes() {
    let there = udp((5_000, 6_000), &[b'd'; 40]);
    let back = udp((6_000, 5_000), b"back");
    agree(
        "datagrams",
        &[
            v4(1, 2, 17, 1, (0, false), &there),
            v4(2, 1, 17, 2, (0, false), &back),
            v4(1, 3, 17, 3, (0, false), &there),
            v6(1, 2, 17, &there),
            v4(1, 2, 17, 4, (0, false), &there),
        ],
    );
    agree(
        "fragments",
        &[
            v4(1, 2, 17, 1, (24, false), &there[24..]),
            v4(1, 3, 17, 9, (0, false), &there),
            v4(1, 2, 17, 1, (0, true), &there[..24]),
            v4(1, 4, 17, 1, (0, true), &there[..24]),
            v4(1, 5, 17, 1, (0, false), &there),
        ],
    );
    let long = "0123456789abcdefghijklmnopqrstuvwxyz";
    let segment = tcp(PORTS, 1000, 5000, "A", long.as_bytes());
    let mut cut = handshake(999, 4999);
    cut.extend([
        v4(1, 2, 6, 7, (32, false), &segment[32..]),
        v4(1, 2, 6, 7, (0, true), &segment[..32]),
        received(5000, 1036, "A", "ok"),
    ]);
    agree("a segment in fragments", &cut);
    let quote = |protocol, bytes: &[u8]| {
        let inner = v4(1, 9, protocol, 5, (0, false), bytes);
        v4(9, 1, 1, 0, (0, false), &[&[3, 1, 0, 0, 0, 0, 0, 0][..], &inner].concat())
    };
    agree(
        "quotes",
        &[
            quote(17, &there),
            quote(6, &segment[..8]),
            quote(6, &segment[..20]),
            v4(1, 3, 17, 3, (0, false), &there),
            v4(1, 9, 6, 3, (0, false), &tcp(PORTS, 1, 0, "S", b"")),
        ],
    );
}

#[test]
fn link_layers() {
    let datagram = |n: u8| v4(1, n, 17, 1, (0, false), &udp((5_000, 6_000), b"x"));
    let ether = |rest: &[u8], ip: &[u8]| [&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2][..], rest, ip, &[0; 6]].concat();
    let sll = |ip: &[u8]| [&[0, 4, 0, 1, 0, 6, 2, 0, 0, 0, 0, 2, 0, 0, 8, 0][..], ip].concat();
    let sll2 = |ip: &[u8]| [&[8, 0, 0, 0, 0, 0, 0, 2, 0, 1, 4, 6, 2, 0, 0, 0, 0, 2, 0, 0][..], ip].concat();
    agree_framed(
        "link layers",
        &[
            (LinkType::ETHERNET, ether(&[8, 0], &datagram(2))),
            (LinkType::ETHERNET, ether(&[0x81, 0, 0, 7, 8, 0], &datagram(3))),
            (LinkType::ETHERNET, ether(&[0x88, 0xa8, 0, 7, 0x81, 0, 0, 8, 8, 0], &datagram(4))),
            (LinkType::ETHERNET, ether(&[0x88, 0x64, 0x11, 0, 0, 1, 0, 32, 0, 0x21], &datagram(5))),
            (LinkType::ETHERNET, ether(&[0x88, 0x47, 0, 1, 0x11, 64], &datagram(6))),
            (LinkType::ETHERNET, ether(&[0, 37, 0xaa, 0xaa, 3, 0, 0, 0, 8, 0], &datagram(7))),
            (LinkType::LINUX_SLL, sll(&datagram(8))),
            (LinkType::LINUX_SLL2, sll2(&datagram(9))),
            (LinkType::NULL, [&[2, 0, 0, 0][..], &datagram(10)].concat()),
            (LinkType::NULL, [&[30, 0, 0, 0][..], &v6(1, 2, 17, &udp((5_000, 6_000), b"x"))].concat()),
            (LinkType::LOOP, [&[0, 0, 0, 2][..], &datagram(11)].concat()),
            (LinkType::PPP, [&[0xff, 3, 0, 0x21][..], &datagram(12)].concat()),
            (LinkType::IPV4, datagram(13)),
            (LinkType::IPV6, v6(1, 3, 17, &udp((5_000, 6_000), b"x"))),
            (LinkType::RAW, v4(1, 2, 41, 1, (0, false), &v6(1, 4, 17, &udp((5_000, 6_000), b"x")))),
            (LinkType::RAW, v4(1, 2, 47, 1, (0, false), &[&[0, 0, 8, 0][..], &datagram(14)].concat())),
            (LinkType::ETHERNET, ether(&[8, 0], &datagram(2))),
        ],
    );
}

#[test]
fn blocks_that_are_no_packets() {
    let block = |kind: u32, body: &[u8]| {
        let length = (body.len() + 12) as u32;
        [&kind.to_le_bytes()[..], &length.to_le_bytes(), body, &length.to_le_bytes()].concat()
    };
    let mut writer = PcapngWriter::new(Vec::new(), "test", "").expect("memory");
    writer.interface(LinkType::RAW, 0, "", "").expect("memory");
    let mut head = writer.finish().expect("memory");
    let packet = |n: u8| {
        let bytes = v4(1, n, 17, 1, (0, false), &udp((5_000, 6_000), b"xyz "));
        let mut body = [[0u8; 12].to_vec(), (bytes.len() as u32).to_le_bytes().repeat(2)].concat();
        body.extend(&bytes);
        block(6, &body)
    };
    head.extend(packet(2));
    // Custom (of an unknown enterprise, and PCAPdroid's), journal entry, statistics, Darwin's process, unknown.
    for (kind, body) in [
        (0xbad, &[1, 0, 0, 0, 9, 9, 9, 9][..]),
        (0xbad, &[0xbc, 0xf4, 0, 0, 9, 9, 9, 9]),
        (0x4000_0bad, &[1, 0, 0, 0, 9, 9, 9, 9]),
        (9, b"__REALTIME_TIMESTAMP=1700000000000000\nMESSAGE=hi\n\0\0"),
        (5, &[0; 12]),
        (0x8000_0001, &[1, 0, 0, 0]),
        (0x7777, &[1, 2, 3, 4]),
        (10, b"KSLT\x04\0\0\0abc\n"),
    ] {
        head.extend(block(kind, body));
        head.extend(packet(3));
        agree_bytes(&format!("up to a block of type {kind:#x}"), &head);
    }
}
