//! A capture split into several files, also through its connections, shows what the whole
//! one shows, and each frame is named by its own file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use wirewitness::capture::{LinkType, PcapngWriter, Record, SecretsKind, Source};
use wirewitness::evidence::{Gaps, Time};
use wirewitness::net::{Numbering, Slicer};

use super::{Packet, committed, messages, packets, pcap};

/// Number of a stream, by its transport and a frame of it.
type Streams = BTreeMap<(bool, u64), u64>;

/// As a file alone numbers them, which `tests/streams.rs` holds against tshark.
fn streams(capture: &Path) -> Streams {
    let source = Source::open(capture).expect("a capture");
    let mut reader = source.packets(0).expect("readable");
    let (mut slicer, mut numbering, mut gaps) = (Slicer::new(), Numbering::new(), Gaps::default());
    let mut streams = Streams::new();
    while let Some(record) = reader.next() {
        let Record::Packet(packet) = record else { continue };
        let mut found = slicer.slice(&packet, &mut gaps);
        while let Some(segment) = found {
            let id = numbering.assign(&segment).id;
            let tcp = matches!(segment.kind, wirewitness::net::Kind::Tcp { .. });
            streams.insert((tcp, packet.frame), u64::from(id.number));
            found = slicer.more(&packet, &mut gaps);
        }
    }
    streams
}

/// A file of a split.
struct Part {
    path: PathBuf,
    /// Packets of the whole capture before it.
    before: u64,
    streams: Streams,
}

/// The packets after each of `cuts` in a file of their own, named against their order.
fn split(folder: &Path, recorded: &[Packet], cuts: &[usize]) -> Vec<Part> {
    let ends = cuts.iter().copied().chain([recorded.len()]);
    let mut start = 0;
    let mut parts = Vec::new();
    for (number, end) in ends.enumerate() {
        let path = folder.join(format!("part-{}.pcap", 90 - number));
        std::fs::write(&path, pcap(&recorded[start..end])).expect("written");
        parts.push(Part { streams: streams(&path), before: start as u64, path });
        start = end;
    }
    parts
}

/// The lines of `messages` with all frames numbered as in the whole capture; what names
/// files and streams is looked at and taken out.
fn joined(lines: Vec<Value>, parts: &[Part]) -> Vec<Value> {
    let part_of = |name: &Value| {
        let part = parts.iter().find(|part| part.path.file_name().unwrap().to_str() == name.as_str());
        part.unwrap_or_else(|| panic!("no file {name}"))
    };
    let whole = |mut line: Value| {
        let udp = ["udp", "quic", "http/3", "dns"].contains(&line["protocol"].as_str().expect("a protocol"));
        let rest = line["continued"].as_array().cloned().unwrap_or_default();
        let mut frames = Vec::new();
        let mut last = None;
        for piece in [&line].into_iter().chain(&rest) {
            let part = part_of(&piece["capture"]);
            assert!(last.is_none_or(|before| part.before > before), "files in their order: {line}");
            last = Some(part.before);
            for frame in piece["frames"].as_array().expect("frames") {
                let frame = frame.as_u64().expect("a number");
                let stream = [!udp, udp].map(|tcp| part.streams.get(&(tcp, frame)));
                assert!(stream.contains(&piece["stream"].as_u64().as_ref()), "{frame} {stream:?}: {line}");
                frames.push(part.before + frame);
            }
        }
        if let Some(began) = line.get("began") {
            assert!(part_of(&began["capture"]).before < part_of(&line["capture"]).before, "{line}");
        }
        let fields = line.as_object_mut().expect("an object");
        for name in ["capture", "stream", "continued", "began"] {
            fields.remove(name);
        }
        fields.insert("frames".to_owned(), json!(frames));
        line
    };
    lines.into_iter().map(whole).collect()
}

fn plain(lines: Vec<Value>) -> Vec<Value> {
    let strip = |mut line: Value| {
        let fields = line.as_object_mut().expect("an object");
        fields.remove("capture");
        fields.remove("stream");
        line
    };
    lines.into_iter().map(strip).collect()
}

fn paths(parts: &[Part]) -> Vec<&Path> {
    parts.iter().map(|part| part.path.as_path()).collect()
}

/// Splits in two at `places` places, and once in five; all must give the lines of the whole.
fn held(capture: &Path, keys: &Path, places: usize) {
    let recorded = packets(capture);
    let folder = tempfile::tempdir().expect("a folder");
    let whole = folder.path().join("whole.pcap");
    std::fs::write(&whole, pcap(&recorded)).expect("written");
    let expected = plain(messages(keys, &[&whole]));
    let mut cuts: Vec<Vec<usize>> = (1..=places).map(|n| vec![recorded.len() * n / (places + 1)]).collect();
    cuts.push(vec![1]);
    cuts.push((1..5).map(|n| recorded.len() * n / 5).collect());
    let mut through = 0;
    for cut in cuts {
        let parts = split(folder.path(), &recorded, &cut);
        let lines = messages(keys, &paths(&parts));
        through += lines.iter().filter(|line| line["continued"].is_array() || line["began"].is_object()).count();
        let lines = joined(lines, &parts);
        if let Some((ours, theirs)) = lines.iter().zip(&expected).find(|(ours, theirs)| ours != theirs) {
            panic!("{} split behind {cut:?}:\n{ours}\nand not\n{theirs}", capture.display());
        }
        assert_eq!(lines.len(), expected.len(), "split behind {cut:?}");
        if parts.len() > 2 {
            // The order in which they are given does not matter.
            let mut turned = paths(&parts);
            turned.reverse();
            assert_eq!(joined(messages(keys, &turned), &parts), expected);
        }
    }
    println!("{}: {} messages, {through} of them of streams that go on", capture.display(), expected.len());
    assert!(through > 0, "{}: no split went through a connection", capture.display());
}

#[test]
fn sessions() {
    for name in ["teashop", "aftersales"] {
        let folder = committed("captures").join(name);
        held(&folder.join("capture.pcapng"), &folder.join("keys.log"), 5);
    }
}

#[test]
fn http2_and_quic() {
    let folder = committed("tests/data/chromium");
    held(&folder.join("capture.pcap"), &folder.join("keys.log"), 3);
    for name in ["requests", "websocket", "doq"] {
        let at = |ending: &str| committed("tests/data/h3").join(format!("{name}.{ending}"));
        held(&at("pcap"), &at("keys"), 4);
    }
}

/// What does not name a file, a stream or a frame.
fn without_places(mut value: Value) -> Value {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                fields.remove("place");
                fields.values_mut().for_each(strip);
            }
            Value::Array(values) => values.iter_mut().for_each(strip),
            _ => {}
        }
    }
    for gap in value["gaps"].as_array_mut().into_iter().flatten() {
        gap["at"].take();
    }
    value["inputs"].take();
    strip(&mut value);
    value
}

fn run(arguments: &[&str], folder: &Path) -> Vec<u8> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wirewitness"));
    let run = command.args(arguments).args(["--format", "json", "--quiet"]).arg(folder).output().expect("runs");
    assert!(run.status.code().is_some_and(|code| code < 2), "{}", String::from_utf8_lossy(&run.stderr));
    run.stdout
}

#[test]
fn findings_and_observations() {
    for name in ["teashop", "aftersales"] {
        let session = committed("captures").join(name);
        let recorded = packets(&session.join("capture.pcapng"));
        let folder = tempfile::tempdir().expect("a folder");
        for entry in std::fs::read_dir(&session).expect("a folder") {
            let entry = entry.expect("an entry");
            if entry.file_name() != "capture.pcapng" {
                std::fs::copy(entry.path(), folder.path().join(entry.file_name())).expect("copied");
            }
        }
        std::fs::write(folder.path().join("whole.pcap"), pcap(&recorded)).expect("written");
        let whole = ["audit", "inspect"].map(|command| run(&[command], folder.path()));
        std::fs::remove_file(folder.path().join("whole.pcap")).expect("removed");
        split(folder.path(), &recorded, &[recorded.len() / 3, recorded.len() / 2, recorded.len() - 20]);
        for (command, whole) in ["audit", "inspect"].into_iter().zip(whole) {
            let parts = run(&[command, "--threads", "1"], folder.path());
            for threads in ["2", "5", "64"] {
                assert!(run(&[command, "--threads", threads], folder.path()) == parts, "{name}: {threads} threads");
            }
            let [whole, parts] =
                [whole, parts].map(|json| without_places(serde_json::from_slice(&json).expect("JSON")));
            let counted = if command == "audit" { &whole["findings"] } else { &whole["sightings"] };
            assert!(counted.as_array().is_some_and(|found| found.len() > 5), "{name}: {command}");
            for (key, value) in whole.as_object().expect("an object") {
                assert_eq!(&parts[key], value, "{name}: {command}: {key}");
            }
        }
    }
}

#[test]
fn keys_in_the_first_file_only() {
    let session = committed("captures/teashop");
    let keys = std::fs::read(session.join("keys.log")).expect("read");
    let recorded = packets(&session.join("capture.pcapng"));
    let (before, behind) = recorded.split_at(recorded.len() / 2);
    let folder = tempfile::tempdir().expect("a folder");
    let nothing = folder.path().join("nothing.log");
    std::fs::write(&nothing, "# none\n").expect("written");

    let mut bytes = Vec::new();
    let mut writer = PcapngWriter::new(&mut bytes, "test", "test").expect("written");
    let interface = writer.interface(LinkType(before[0].link), 262_144, "", "").expect("written");
    writer.secrets(SecretsKind::TlsKeyLog, &keys).expect("written");
    for packet in before {
        writer.packet(interface, Time(packet.nanoseconds), packet.wire_len, &packet.data, &[]).expect("written");
    }
    drop(writer);
    let (first, second) = (folder.path().join("b.pcapng"), folder.path().join("a.pcap"));
    std::fs::write(&first, bytes).expect("written");
    std::fs::write(&second, pcap(behind)).expect("written");
    let half = before.len() as u64;
    let parts = [(first, 0), (second, half)].map(|(path, before)| Part { streams: streams(&path), before, path });
    let expected = plain(messages(&session.join("keys.log"), &[&session.join("capture.pcapng")]));
    assert_eq!(joined(messages(&nothing, &paths(&parts)), &parts), expected);
}

/// Packets that were lost between two files are lost as they would be inside one.
#[test]
fn packets_lost_between_two_files() {
    let session = committed("captures/teashop");
    let keys = session.join("keys.log");
    let recorded = packets(&session.join("capture.pcapng"));
    let folder = tempfile::tempdir().expect("a folder");
    for cut in [recorded.len() / 3, recorded.len() / 2, recorded.len() * 2 / 3] {
        let left: Vec<Packet> = (0..recorded.len())
            .filter(|at| !(cut..cut + 12).contains(at))
            .map(|at| {
                let Packet { link, nanoseconds, wire_len, data } = &recorded[at];
                Packet { link: *link, nanoseconds: *nanoseconds, wire_len: *wire_len, data: data.clone() }
            })
            .collect();
        let whole = folder.path().join("whole.pcap");
        std::fs::write(&whole, pcap(&left)).expect("written");
        let expected = plain(messages(&keys, &[&whole]));
        let parts = split(folder.path(), &left, &[cut]);
        assert_eq!(joined(messages(&keys, &paths(&parts)), &parts), expected);
    }
}

/// Two interfaces that were recorded at once, each in two files: the recordings are read as two.
#[test]
fn two_recordings_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let [ours, theirs] = ["teashop", "aftersales"].map(|name| committed("captures").join(name));
    let keys = folder.path().join("keys.log");
    let logs = [&ours, &theirs].map(|session| std::fs::read(session.join("keys.log")).expect("read"));
    std::fs::write(&keys, logs.concat()).expect("written");
    let [first, mut second] = [&ours, &theirs].map(|session| packets(&session.join("capture.pcapng")));
    let shift = first[0].nanoseconds - second[0].nanoseconds + 1_000_000;
    second.iter_mut().for_each(|packet| packet.nanoseconds += shift);
    let mut expected = Vec::new();
    let mut all = Vec::new();
    for (name, recorded) in [("one", &first), ("two", &second)] {
        let into = folder.path().join(name);
        std::fs::create_dir(&into).expect("a folder");
        let whole = into.join("whole.pcap");
        std::fs::write(&whole, pcap(recorded)).expect("written");
        expected.extend(plain(messages(&keys, &[&whole])));
        let parts = split(&into, recorded, &[recorded.len() / 2]);
        all.push(parts);
    }
    // One from each in turn; a file name stands in both folders, so only what needs no name is held.
    let given = [&all[0][0], &all[1][0], &all[0][1], &all[1][1]].map(|part| part.path.as_path());
    let strip = |lines: Vec<Value>| -> Vec<Value> {
        plain(lines)
            .into_iter()
            .map(|mut line| {
                for name in ["frames", "continued", "began", "n"] {
                    line.as_object_mut().expect("an object").remove(name);
                }
                line
            })
            .collect()
    };
    assert_eq!(strip(messages(&keys, &given)), strip(expected));
}
