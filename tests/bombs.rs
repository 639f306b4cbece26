//! Messages made to cost much: the program ends, within its memory, says what it did not
//! read, and finds what stands beside them.
//!
//! Each body goes through the built program in a capture of its own, under a limit on its
//! address space. The limit is for all of the program: 64 shards, the signatures and the
//! automaton of a profile take some 60 MiB of it before the first packet.
#![cfg(target_os = "linux")]

use std::io::Write;
use std::process::Command;
use std::time::Duration;

use data_encoding::BASE64;
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};
use serde_json::Value;
use wirewitness::capture::{LinkType, PcapngWriter};
use wirewitness::evidence::Time;

/// The example of 3GPP TS 23.003 annex B: of no device.
const IMEI: &str = "490154203237518";
/// Address space of the whole program, in KiB. A message may keep 8 MiB of body and decode
/// 32 MiB; the leaves of one and the copies that matching makes come to some 300 MiB.
const MEMORY_KIB: u64 = 1 << 20;
/// Seconds of processor time, which unlike those of the clock are the same on a busy machine.
/// The tests run a debug build, which takes ten to twenty times as long as a release.
const CPU_SECONDS: u64 = 60;
/// What a message keeps of its body (DESIGN, bounded memory).
const BODY: usize = 8 << 20;

/// IPv4 and TCP without checksums, from the client (or the server).
fn tcp(client: bool, flags: u8, seq: u32, ack: u32, payload: &[u8]) -> Vec<u8> {
    let (phone, server): ([u8; 4], [u8; 4]) = ([192, 0, 2, 10], [203, 0, 113, 9]);
    let (from, to, ports) = if client { (phone, server, [40_000_u16, 80]) } else { (server, phone, [80, 40_000]) };
    let length = u16::try_from(40 + payload.len()).expect("fits");
    let mut packet = vec![0x45, 0];
    packet.extend(length.to_be_bytes());
    packet.extend([0, 0, 0x40, 0, 64, 6, 0, 0]);
    packet.extend(from);
    packet.extend(to);
    packet.extend(ports.iter().flat_map(|p| p.to_be_bytes()));
    packet.extend(seq.to_be_bytes());
    packet.extend(ack.to_be_bytes());
    packet.extend([0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
    packet.extend(payload);
    packet
}

/// A connection that carries the body, and after it a request like any other.
fn capture(headers: &str, body: &[u8]) -> Vec<u8> {
    const SYN: u8 = 2;
    const ACK: u8 = 16;
    let head = format!("POST /up HTTP/1.1\r\nHost: up.example.com\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
    let after = format!("GET /after?imei={IMEI} HTTP/1.1\r\nHost: up.example.com\r\n\r\n");
    let sent = [head.as_bytes(), body, after.as_bytes()].concat();
    let mut packets = vec![tcp(true, SYN, 0, 0, b""), tcp(false, SYN | ACK, 0, 1, b""), tcp(true, ACK, 1, 1, b"")];
    let mut seq = 1_u32;
    for segment in sent.chunks(60_000) {
        packets.push(tcp(true, ACK, seq, 1, segment));
        seq += u32::try_from(segment.len()).expect("fits");
        packets.push(tcp(false, ACK, 1, seq, b""));
    }
    let mut writer = PcapngWriter::new(Vec::new(), "test", "").expect("writes");
    let interface = writer.interface(LinkType(101), 0, "", "").expect("writes");
    for (number, packet) in packets.iter().enumerate() {
        let time = Time(1_772_352_000_000_000_000 + number as i64 * 1_000_000);
        writer.packet(interface, time, packet.len() as u32, packet, &[]).expect("writes");
    }
    writer.finish().expect("writes")
}

/// Largest resident size so far in KiB, and processor time in hundredths of a second.
fn used(process: u32) -> (u64, u64) {
    let read = |name: &str| std::fs::read_to_string(format!("/proc/{process}/{name}")).unwrap_or_default();
    let status = read("status");
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap_or_default();
    let resident = line.trim().trim_end_matches(" kB").parse().unwrap_or(0);
    // Behind the name, which stands in brackets, utime and stime are the 12th and 13th field (proc(5)).
    let stat = read("stat");
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
    (resident, fields.filter_map(|f| f.parse::<u64>().ok()).sum())
}

/// Runs `inspect` over the body under the limits; the details of the gaps.
fn inspect(name: &str, headers: &str, body: &[u8]) -> Vec<String> {
    assert!(body.len() <= BODY, "{name} would be cut before it is looked at");
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).expect("written");
    write("a.pcapng", &capture(headers, body));
    write("device.toml", format!("[ids]\nimei = [\"{IMEI}\"]\n").as_bytes());
    let out = std::fs::File::create(folder.path().join("out.json")).expect("created");
    let mut child = Command::new("sh")
        .arg("-c")
        .arg(format!("ulimit -v {MEMORY_KIB} && ulimit -t {CPU_SECONDS} && exec \"$0\" inspect \"$1\" --format json --quiet --threads 2"))
        .arg(env!("CARGO_BIN_EXE_wirewitness"))
        .arg(folder.path())
        .stdout(out)
        .spawn()
        .expect("runs");
    let mut peak = (0, 0);
    let status = loop {
        let (resident, time) = used(child.id());
        peak = (peak.0.max(resident), peak.1.max(time));
        if let Some(status) = child.try_wait().expect("is there") {
            break status;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let seconds = peak.1 as f32 / 100.0;
    println!("{name}: {} KiB sent, {} MiB resident, {seconds:.1} s of processor", body.len() >> 10, peak.0 >> 10);
    assert!(status.success(), "{name}: ended with {status}");
    let text = std::fs::read(folder.path().join("out.json")).expect("is readable");
    let seen: Value = serde_json::from_slice(&text).expect("JSON");
    let after = |s: &Value| s["data_type"] == "imei" && s["path_template"] == "GET /after";
    assert!(seen["sightings"].as_array().expect("a list").iter().any(after), "{name}: what follows it is not found");
    let gaps = seen["gaps"].as_array().expect("a list");
    gaps.iter()
        .map(|gap| format!("{}: {}", gap["reason"].as_str().unwrap_or(""), gap["detail"].as_str().unwrap_or("")))
        .collect()
}

/// The run says that it reached this limit.
fn stopped(name: &str, headers: &str, body: &[u8], limit: &str) {
    let gaps = inspect(name, headers, body);
    assert!(gaps.iter().any(|gap| gap.starts_with("limit: ") && gap.contains(limit)), "{name}: {gaps:?}");
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("writes");
    encoder.finish().expect("writes")
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("writes");
    encoder.finish().expect("writes")
}

/// A protobuf field of number 1 that holds `bytes`.
fn field(bytes: &[u8]) -> Vec<u8> {
    let mut made = vec![0x0a];
    let mut length = bytes.len();
    while length >= 0x80 {
        made.push(0x80 | (length & 0x7f) as u8);
        length >>= 7;
    }
    made.push(length as u8);
    made.extend(bytes);
    made
}

#[test]
fn encodings_inside_each_other() {
    let mut body = format!("{{\"imei\":\"{IMEI}\",\"filler\":\"{}\"}}", "no identifier ".repeat(5_000)).into_bytes();
    while body.len() * 4 / 3 + 32 < BODY {
        body = format!("{{\"data\":\"{}\"}}", BASE64.encode(&body)).into_bytes();
    }
    stopped("8 MiB of base64 in JSON in base64", "", &body, "containers inside each other");

    // Not deep, but wide: each opens one more container.
    let inner = BASE64.encode(format!("{{\"imei\":\"{IMEI}\"}}").as_bytes());
    let wide = format!("[{}]", vec![format!("\"{inner}\""); BODY / (inner.len() + 3) - 1].join(","));
    stopped("8 MiB of small encodings side by side", "", wide.as_bytes(), "in one message");

    // Bytes that might be a compression without a head, many times.
    let noise: Vec<u8> = (0..64_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8 | 0x80).collect();
    let field = field(&noise);
    let many: Vec<u8> = field.iter().copied().cycle().take(field.len() * 20_000).collect();
    stopped("fields that may be compressed", "Content-Type: application/x-protobuf\r\n", &many, "tried as compressed");
}

#[test]
fn bombs_of_gzip() {
    let zeros = vec![0; 64 << 20];
    let bomb = gzip(&zeros);
    stopped("gzip, declared", "Content-Encoding: gzip\r\n", &bomb, "compressed body");
    stopped("gzip, undeclared", "", &bomb, "decompressed bytes");
    stopped("gzip in gzip", "", &gzip(&bomb), "decompressed bytes");
    let in_json = format!("{{\"a\":\"{}\"}}", BASE64.encode(&bomb));
    stopped("gzip in base64 in JSON", "", in_json.as_bytes(), "decompressed bytes");
    // A big body that is no bomb is read to its end.
    let text: Vec<u8> = (0..1_u32 << 18).flat_map(|i| i.wrapping_mul(2_654_435_761).to_string().into_bytes()).collect();
    assert_eq!(inspect("gzip of digits", "", &gzip(&text)), Vec::<String>::new());
}

/// A ZIP whose directory names one member many times over.
fn zip(kernel: &[u8], size: u32, members: u16) -> Vec<u8> {
    let length = u32::try_from(kernel.len()).expect("fits");
    let common = |made: &mut Vec<u8>| {
        made.extend([20, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        made.extend(length.to_le_bytes());
        made.extend(size.to_le_bytes());
        made.extend([1, 0, 0, 0]);
    };
    let mut made = b"PK\x03\x04".to_vec();
    common(&mut made);
    made.push(b'a');
    made.extend(kernel);
    let directory = u32::try_from(made.len()).expect("fits");
    for _ in 0..members {
        made.extend(b"PK\x01\x02\x14\0");
        common(&mut made);
        made.extend([0; 14]);
        made.push(b'a');
    }
    let end = u32::try_from(made.len()).expect("fits");
    made.extend(b"PK\x05\x06\0\0\0\0");
    made.extend([members.to_le_bytes(), members.to_le_bytes()].concat());
    made.extend((end - directory).to_le_bytes());
    made.extend(directory.to_le_bytes());
    made.extend([0, 0]);
    made
}

#[test]
fn bombs_of_zip() {
    let kernel = deflate(&vec![0; 16 << 20]);
    stopped("ZIP of zeros", "", &zip(&kernel, 16 << 20, 1), "decompressed bytes");
    stopped("ZIP of 60,000 times one member", "", &zip(&kernel, 16 << 20, 60_000), "decoded in one message");
    let small = deflate(&[b'x'; 40]);
    stopped("ZIP of 60,000 small members", "", &zip(&small, 40, 60_000), "members of one archive");
    let nested = (0..10).fold(zip(&deflate(b"{\"a\":1}"), 7, 1), |inner, _| {
        zip(&deflate(&inner), u32::try_from(inner.len()).expect("fits"), 1)
    });
    stopped("ZIP in ZIP in ZIP", "", &nested, "containers inside each other");
}

#[test]
fn structures_without_end() {
    stopped("JSON of depth 100,000", "", "[".repeat(100_000).as_bytes(), "inside each other");
    let closed = ["[".repeat(100_000), "]".repeat(100_000)].concat();
    stopped("JSON of depth 100,000, closed", "", closed.as_bytes(), "inside each other");
    let object = ["{\"a\":".repeat(100_000), "1".to_owned(), "}".repeat(100_000)].concat();
    stopped("objects of depth 100,000", "", object.as_bytes(), "inside each other");
    let msgpack = [&[0x91; 100_000][..], &[0xc0]].concat();
    stopped("MessagePack of depth 100,000", "Content-Type: application/msgpack\r\n", &msgpack, "inside each other");
    stopped("CBOR of depth 100,000", "Content-Type: application/cbor\r\n", &[0x81; 100_000], "inside each other");
    // Each of thirty lists holds the next one twice: a billion values at the end.
    let mut list = b"bplist00".to_vec();
    list.extend((1..=30_u8).flat_map(|next| [0xa2, next, next]));
    list.push(0x09);
    let table = u8::try_from(list.len()).expect("fits");
    list.extend((0..=30_u8).map(|i| 8 + i * 3));
    list.extend([0, 0, 0, 0, 0, 0, 1, 1]);
    list.extend([[0, 0, 0, 0, 0, 0, 0, 31], [0; 8], [0, 0, 0, 0, 0, 0, 0, table]].concat());
    stopped("a property list of a billion values", "", &list, "values in one message");
}

#[test]
fn protobuf_that_matches_everything() {
    let declared = "Content-Type: application/x-protobuf\r\n";
    let numbers: Vec<u8> = [0x08, 0x01].iter().copied().cycle().take(BODY).collect();
    stopped("8 MiB of numbers", declared, &numbers, "values in one message");
    let empty: Vec<u8> = [0x0a, 0x00].iter().copied().cycle().take(BODY).collect();
    stopped("8 MiB of empty messages", declared, &empty, "values in one message");
    let deep = (0..20_000).fold(vec![0x08, 0x01], |inner, _| field(&inner));
    stopped("messages 20,000 deep", declared, &deep, "structures inside each other");
    // Each level is nearly text, up to a last field that is none: every check reads it all.
    let text: Vec<u8> = b"\x0a\x7e".iter().copied().chain([b'\n'; 126]).collect();
    let mut wide: Vec<u8> = text.iter().copied().cycle().take(6 << 20).collect();
    wide.extend([0x10, 0x01]);
    let layered = (0..40).fold(wide, |inner, _| [field(&inner), vec![0x10, 0x01]].concat());
    stopped("6 MiB that may be a message at every level", "", &layered, "in");
    // Nobody declared it, and it parses: numbers alone are no evidence.
    let gaps = inspect("8 MiB of numbers, undeclared", "", &numbers);
    assert_eq!(gaps, ["undecodable: a body in a form that nothing here reads: searched as bytes"]);
}
