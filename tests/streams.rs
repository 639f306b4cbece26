//! Stream numbers and stream contents, held against tshark's on the same captures.
//!
//! The captures are made here, packet by packet. Those of a folder are compared too
//! where `WIREWITNESS_CAPTURES` names one. Without tshark the comparison is skipped,
//! and says so.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use wirewitness::capture::{Record, Source};
use wirewitness::evidence::{Direction, Gaps, Transport};
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

/// tshark prints holes so, with the end of the C string.
fn hole(bytes: &mut Vec<u8>, length: u64) {
    bytes.extend(format!("[{length} bytes missing in capture file]\0").bytes());
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
        let Some(segment) = slicer.slice(&packet, &mut gaps) else { continue };
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

/// Reads what `-z follow,tcp,raw` prints: hexadecimal lines, those of the second node behind a tab.
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
