//! tcpdump on a rooted phone, its packets as they come through `adb exec-out`.
//!
//! A recording that is cut loses what was under way: tcpdump hands over each packet at once (`-U`).

use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use super::Wanted;
use super::root::Root;
use crate::capture::{LinkType, PacketReader, Record};
use crate::evidence::Time;
use crate::record::adb::{Adb, AdbError, Offset};
use crate::record::dumper::{Dumper, Settings};
use crate::record::error::RecordError;
use crate::record::{Progress, Recording};

/// Where tcpdump is where a person pushed it.
const PUSHED: &str = "/data/local/tmp/tcpdump";
/// Its process id and its words, while it runs: what it says must not get among the packets.
const PID: &str = "/data/local/tmp/wirewitness.pid";
const WORDS: &str = "/data/local/tmp/wirewitness.err";
/// Packets that wait between the thread that reads and the one that writes.
const QUEUE: usize = 8_192;
/// Packets handled between two looks at the clock.
const BATCH: usize = 4_096;
/// How long is waited for a packet before looking up.
const PAUSE: Duration = Duration::from_millis(100);
/// How long tcpdump may take to begin: older ones say nothing before their first packet.
const BEGIN: Duration = Duration::from_secs(5);
/// How long it may take to end.
const END: Duration = Duration::from_secs(5);
/// The port that adb's service on a phone listens on, where adb goes over the network.
const ADB_PORT: u16 = 5555;

/// What the reading thread hands over.
enum Event {
    Begins(LinkType),
    Packet { time: Time, wire_len: u32, data: Vec<u8> },
    Ends,
}

/// A recording by tcpdump.
pub struct Tcpdump {
    adb: Adb,
    root: Root,
    child: Child,
    events: Receiver<Event>,
    settings: Settings,
    folder: PathBuf,
    began: Time,
    /// Once tcpdump said its link type.
    dumper: Option<Dumper>,
    ended: bool,
}

/// Where tcpdump is on the phone.
pub fn program(adb: &Adb, root: &Root) -> Result<Option<String>, AdbError> {
    let found = adb.shell(&root.wrap(&format!("command -v tcpdump || command -v {PUSHED}")))?;
    Ok(found.lines().map(str::trim).find(|line| line.starts_with('/')).map(str::to_owned))
}

impl Tcpdump {
    /// Starts it, and waits until it says that it records.
    ///
    /// # Errors
    /// What tcpdump says, or that the phone has no room for its words.
    pub fn open(
        wanted: &Wanted,
        root: &Root,
        program: &str,
        folder: &Path,
        offset: Offset,
    ) -> Result<Self, RecordError> {
        let (adb, root) = (wanted.adb.clone(), *root);
        let mut settings = wanted.settings.clone();
        settings.filter = filter(&settings.filter, &ports(&adb)?)?;
        if !settings.interface.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b)) {
            return Err(AdbError::new(format!("{:?} is no interface such as wlan0", settings.interface)).into());
        }
        let room = adb.shell(&root.wrap(&format!("echo 1 >{PID} && cat {PID}")))?;
        if room.trim() != "1" {
            let free = adb.shell("df /data/local/tmp")?;
            let what = format!("the phone cannot write to /data/local/tmp; make room on it: {}", one_line(&free));
            return Err(AdbError::new(what).into());
        }
        let began = Time::now().0.saturating_add((offset.seconds * 1e9) as i64);
        let command = format!(
            "echo $$ >{PID}; exec {program} -i {} -n -U -s {} -w - \"{}\" 2>{WORDS}",
            settings.interface, settings.snaplen, settings.filter
        );
        let mut child = adb.stream(&root.wrap(&command))?;
        let Some(output) = child.stdout.take() else {
            return Err(AdbError::new("adb hands nothing over").into());
        };
        let (sender, events) = sync_channel(QUEUE);
        std::thread::spawn(move || read(PacketReader::following(Box::new(output)), &sender));
        let (folder, dumper, ended) = (folder.to_owned(), None, false);
        let mut recording = Self { adb, root, child, events, settings, folder, began: Time(began), dumper, ended };
        let waits_until = Instant::now() + BEGIN;
        while recording.dumper.is_none() && Instant::now() < waits_until {
            match recording.events.recv_timeout(PAUSE) {
                Ok(event) => recording.take(event)?,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => recording.ended = true,
            }
            if recording.ended {
                let why = recording.why_it_ended();
                return Err(AdbError::new(format!("tcpdump on the phone does not record: {why}")).into());
            }
        }
        Ok(recording)
    }

    fn take(&mut self, event: Event) -> Result<(), RecordError> {
        match event {
            Event::Begins(link) => {
                self.dumper = Some(Dumper::open(self.settings.clone(), link, &self.folder, self.began)?);
            }
            Event::Packet { time, wire_len, data } => {
                if let Some(dumper) = &mut self.dumper {
                    dumper.packet(time, wire_len, &data)?;
                }
            }
            Event::Ends => self.ended = true,
        }
        Ok(())
    }

    /// tcpdump's own words.
    fn words(&self) -> String {
        self.adb.shell(&self.root.wrap(&format!("cat {WORDS}"))).unwrap_or_default()
    }

    fn why_it_ended(&mut self) -> String {
        let _ = self.child.wait();
        if !self.adb.is_there() {
            return "the phone cannot be reached any more (unplugged, switched off, or out of the network)".to_owned();
        }
        let words = self.words();
        let said = words.lines().map(str::trim).filter(|line| !line.is_empty() && !line.contains("listening on"));
        said.collect::<Vec<_>>().join("; ")
    }
}

impl Recording for Tcpdump {
    fn path(&self) -> &Path {
        self.dumper.as_ref().map_or(&self.folder, Dumper::path)
    }

    fn progress(&self) -> Progress {
        self.dumper.as_ref().map(Dumper::progress).unwrap_or_default()
    }

    fn step(&mut self) -> Result<bool, RecordError> {
        for _ in 0..BATCH {
            match self.events.recv_timeout(PAUSE) {
                Ok(event) => self.take(event)?,
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => self.ended = true,
            }
            if self.ended || self.dumper.as_ref().is_some_and(Dumper::is_due) {
                break;
            }
        }
        if let Some(dumper) = &mut self.dumper {
            // tcpdump says what was dropped when it ends.
            dumper.keep(&mut || None)?;
        }
        if self.ended {
            let why = self.why_it_ended();
            if let Some(dumper) = &mut self.dumper {
                dumper.lose(None)?;
            }
            let at = self.path().display();
            return Err(AdbError::new(format!("the recording ended: {why}; what came before is whole in {at}")).into());
        }
        Ok(true)
    }

    fn finish(&mut self) -> Result<Progress, RecordError> {
        let mut dropped = None;
        if !self.ended {
            // As Ctrl-C would: it hands over what it has, and counts.
            let _ = self.adb.shell(&self.root.wrap(&format!("kill -INT $(cat {PID})")));
            let until = Instant::now() + END;
            while !self.ended && Instant::now() < until {
                match self.events.recv_timeout(PAUSE) {
                    Ok(event) => self.take(event)?,
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => self.ended = true,
                }
            }
            dropped = counted(&self.words());
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        while let Ok(event) = self.events.try_recv() {
            self.take(event)?;
        }
        let _ = self.adb.shell(&self.root.wrap(&format!("rm -f {PID} {WORDS}")));
        match &mut self.dumper {
            Some(dumper) => dumper.finish(dropped),
            None => Ok(Progress::default()),
        }
    }
}

impl Drop for Tcpdump {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read(mut packets: PacketReader, events: &SyncSender<Event>) {
    while let Some(record) = packets.next() {
        let event = match record {
            Record::Interface { link, .. } => Event::Begins(link),
            Record::Packet(packet) => {
                Event::Packet { time: packet.time, wire_len: packet.wire_len, data: packet.data.to_vec() }
            }
            _ => continue,
        };
        if events.send(event).is_err() {
            return;
        }
    }
    let _ = events.send(Event::Ends);
}

/// Ports on the phone that carry adb itself: recording them would record the recording.
fn ports(adb: &Adb) -> Result<Vec<u16>, AdbError> {
    let serial = adb.serial.as_deref().unwrap_or_default();
    // `192.0.2.7:5555`, `emulator-5554`, `adb-…._adb-tls-connect._tcp`; what goes by a cable has none of these.
    if !(serial.contains(':') || serial.starts_with("emulator-") || serial.contains("_adb")) {
        return Ok(Vec::new());
    }
    let mut ports = vec![ADB_PORT];
    ports.extend(serial.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok()));
    for name in ["service.adb.tcp.port", "service.adb.tls.port"] {
        ports.extend(adb.shell(&format!("getprop {name}"))?.trim().parse::<u16>().ok().filter(|port| *port > 0));
    }
    ports.sort_unstable();
    ports.dedup();
    Ok(ports)
}

/// The filter that is asked for, without adb's own connections. It goes through the phone's shell in
/// double quotes, inside single ones.
fn filter(asked: &str, ports: &[u16]) -> Result<String, AdbError> {
    if asked.contains(['\'', '"', '$', '`', '\\', '\n']) {
        return Err(AdbError::new(format!("the filter {asked:?} holds a character that no filter needs")));
    }
    let others: Vec<String> = ports.iter().map(|port| format!("tcp port {port}")).collect();
    let others = others.join(" or ");
    Ok(match (asked.is_empty(), others.is_empty()) {
        (_, true) => asked.to_owned(),
        (true, false) => format!("not ({others})"),
        (false, false) => format!("({asked}) and not ({others})"),
    })
}

/// `3 packets dropped by kernel`, and by the interface, in what tcpdump says when it ends.
fn counted(words: &str) -> Option<u64> {
    let dropped = words.lines().filter(|line| line.contains("dropped by"));
    let mut counts = dropped.filter_map(|line| line.split_whitespace().next()?.parse::<u64>().ok()).peekable();
    counts.peek().is_some().then(|| counts.sum())
}

fn one_line(text: &str) -> String {
    text.lines().map(str::trim).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adb_itself_is_left_out() {
        assert_eq!(filter("", &[]).unwrap(), "");
        assert_eq!(filter("", &[5555, 37001]).unwrap(), "not (tcp port 5555 or tcp port 37001)");
        assert_eq!(filter("udp or icmp", &[5555]).unwrap(), "(udp or icmp) and not (tcp port 5555)");
        assert!(filter("host x\" ; reboot \"", &[]).is_err());
    }

    #[test]
    fn drops_are_counted_where_tcpdump_says_them() {
        let words = "tcpdump: listening on any\n7 packets captured\n9 packets received by filter\n2 packets dropped by kernel\n";
        assert_eq!(counted(words), Some(2));
        assert_eq!(counted("1 packet dropped by kernel\n3 packets dropped by interface\n"), Some(4));
        assert_eq!(counted("tcpdump: eth9: No such device exists\n"), None);
    }
}
