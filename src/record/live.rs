//! One interface, one libpcap handle, one pcapng after the other.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::follow::Follow;
use super::glance::Glance;
use super::series::{Series, Spread};
use crate::capture::{LinkType, Options, Packet, PcapngWriter, SecretsKind};
use crate::evidence::Time;
use crate::session::private_folder;

/// How long libpcap may hold packets back before it hands them over: with the
/// flush below, `kill -9` loses less than a second.
const READ_TIMEOUT_MS: i32 = 200;
/// Pause when there is nothing. Reading must not block: on Linux libpcap waits for a
/// packet however long that takes, and does not look up for Ctrl-C.
const PAUSE: Duration = Duration::from_millis(25);
/// The file is whole at least this often.
const FLUSH_EVERY: Duration = Duration::from_millis(500);
/// Kernel buffer: a burst of 100,000 small packets fits.
const KERNEL_BUFFER: i32 = 32 << 20;
/// Packets handled between two looks at the clock.
const BATCH: usize = 4096;

/// Recording cannot start or go on.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// libpcap refuses.
    #[error("cannot record {interface}: {error}{hint}")]
    Pcap {
        /// The interface.
        interface: String,
        /// libpcap's words.
        error: pcap::Error,
        /// What to do.
        hint: &'static str,
    },
    /// The filter does not compile.
    #[error(
        "the filter {filter:?} is not understood: {error}; it is written as for tcpdump, such as \"host 192.0.2.7 and tcp port 443\""
    )]
    Filter {
        /// As given.
        filter: String,
        /// libpcap's words.
        error: pcap::Error,
    },
    /// The key log cannot be read.
    #[error("cannot read the key log {path}: {error}")]
    Keys {
        /// Which.
        path: String,
        /// Why.
        error: std::io::Error,
    },
    /// The folder or file cannot be written.
    #[error("cannot write {path}: {error}{hint}")]
    Write {
        /// Which.
        path: String,
        /// Why.
        error: std::io::Error,
        /// What to do.
        hint: &'static str,
    },
}

/// Shown when libpcap says that the right to capture is missing.
const NO_RIGHT: &str = "; run as root, or give the program the right once: sudo setcap cap_net_raw,cap_net_admin=eip $(command -v wirewitness)";

/// What was recorded so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Progress {
    /// Packets written.
    pub packets: u64,
    /// Their bytes on the wire.
    pub bytes: u64,
    /// Packets that the kernel or the interface dropped.
    pub dropped: u64,
    /// TCP and UDP streams seen.
    pub streams: u64,
    /// Different names in DNS questions and TLS server names.
    pub names: u64,
    /// Secrets taken over from the key log.
    pub keys: u64,
    /// Bytes written to all files.
    pub written: u64,
    /// Files that went to make room for newer ones.
    pub removed: u64,
}

/// How to record.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Name of the interface.
    pub interface: String,
    /// BPF, as tcpdump takes it; empty for all.
    pub filter: String,
    /// Bytes kept of each packet.
    pub snaplen: u32,
    /// Over which files.
    pub spread: Spread,
    /// A key log that is being written, whose lines go into the captures.
    pub keys: Option<PathBuf>,
}

/// Whether this program may record `interface`; nothing is recorded.
///
/// # Errors
/// As [`Recorder::open`], with what to do about it.
pub fn may_record(interface: &str) -> Result<(), RecordError> {
    let inactive = pcap::Capture::from_device(interface).map_err(|error| pcap_error(interface, error))?;
    inactive.open().map(drop).map_err(|error| pcap_error(interface, error))
}

/// Names of the interfaces and what is known of them.
pub fn interfaces() -> Result<Vec<(String, String)>, RecordError> {
    let devices = pcap::Device::list().map_err(|error| pcap_error("the list of interfaces", error))?;
    Ok(devices
        .into_iter()
        .map(|device| {
            let addresses: Vec<String> = device.addresses.iter().map(|a| a.addr.to_string()).collect();
            let about = [device.desc.unwrap_or_default(), addresses.join(" ")];
            (device.name, about.into_iter().filter(|t| !t.is_empty()).collect::<Vec<_>>().join(", "))
        })
        .collect())
}

/// A recording in progress.
pub struct Recorder {
    live: pcap::Capture<pcap::Active>,
    settings: Settings,
    link: LinkType,
    series: Series,
    output: Output,
    follow: Option<Follow>,
    glance: Glance,
    progress: Progress,
    flushed: Instant,
    last: Time,
}

/// The file that is written at the moment.
struct Output {
    writer: PcapngWriter<Counted>,
    interface: u32,
    path: PathBuf,
    packets: u64,
    /// Drops that stand in it.
    told: u64,
    /// Drops of the files before it.
    before: u64,
}

/// Counts what is written.
struct Counted {
    file: BufWriter<File>,
    bytes: u64,
}

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

impl Recorder {
    /// Opens the interface and a new capture file in the session folder `folder`.
    /// Files that are there are never written over.
    ///
    /// # Errors
    /// Where libpcap refuses, with what to do, the filter is none, or the folder cannot be written.
    pub fn open(settings: Settings, folder: &Path) -> Result<Self, RecordError> {
        let refused = |error| pcap_error(&settings.interface, error);
        let mut live = pcap::Capture::from_device(settings.interface.as_str())
            .map_err(refused)?
            .snaplen(i32::try_from(settings.snaplen).unwrap_or(i32::MAX))
            .timeout(READ_TIMEOUT_MS)
            .buffer_size(KERNEL_BUFFER)
            .promisc(false)
            .precision(pcap::Precision::Micro)
            .open()
            .and_then(pcap::Capture::setnonblock)
            .map_err(refused)?;
        let filter = &settings.filter;
        live.filter(filter, true).map_err(|error| RecordError::Filter { filter: filter.clone(), error })?;
        private_folder(folder).map_err(|error| write_error(folder, error))?;
        let link = LinkType(u32::try_from(live.get_datalink().0).unwrap_or(u32::MAX));
        let mut series = Series::new(folder, settings.spread);
        let output = Output::begin(&mut series, link, &settings, 0)?;
        let follow = settings.keys.as_deref().map(Follow::new);
        let (glance, progress, flushed) = (Glance::default(), Progress::default(), Instant::now());
        Ok(Self { live, settings, link, series, output, follow, glance, progress, flushed, last: Time(0) })
    }

    /// The capture file that is written at the moment.
    pub fn path(&self) -> &Path {
        &self.output.path
    }

    /// What was recorded so far.
    pub fn progress(&self) -> Progress {
        Progress {
            streams: self.glance.streams(),
            names: self.glance.names(),
            keys: self.follow.as_ref().map_or(0, Follow::keys),
            written: self.progress.written + self.output.bytes(),
            removed: self.series.removed(),
            ..self.progress
        }
    }

    /// Takes the packets that are there, and pauses a moment where there are none.
    ///
    /// # Errors
    /// Where the interface goes away or the file cannot be written: what was written stays whole.
    pub fn step(&mut self) -> Result<(), RecordError> {
        for _ in 0..BATCH {
            match self.live.next_packet() {
                Ok(packet) => {
                    let time = packet.header.ts;
                    #[allow(clippy::useless_conversion)] // time_t and suseconds_t differ between systems
                    let time = Time(i64::from(time.tv_sec) * 1_000_000_000 + i64::from(time.tv_usec) * 1_000);
                    self.output.packet(time, packet.header.len, packet.data)?;
                    self.last = time;
                    self.progress.packets += 1;
                    self.progress.bytes += u64::from(packet.header.len);
                    self.glance.see(&Packet {
                        input: 0,
                        frame: self.progress.packets,
                        time,
                        timed: true,
                        interface: 0,
                        link: self.link,
                        wire_len: packet.header.len,
                        data: packet.data,
                        options: Options::default(),
                    });
                    if self.flushed.elapsed() >= FLUSH_EVERY || self.series.is_full(self.output.bytes()) {
                        break;
                    }
                }
                Err(pcap::Error::TimeoutExpired | pcap::Error::NoMorePackets) => {
                    std::thread::sleep(PAUSE);
                    break;
                }
                Err(error) => {
                    // The interface went away: what was recorded is ended as it should.
                    self.end_file()?;
                    self.series.ended();
                    return Err(pcap_error(&self.settings.interface, error));
                }
            }
        }
        if self.flushed.elapsed() >= FLUSH_EVERY {
            self.flushed = Instant::now();
            self.take_keys()?;
            self.output.flush()?;
            self.count_drops()?;
        }
        if self.series.is_full(self.output.bytes()) {
            self.end_file()?;
            self.progress.written += self.output.bytes();
            self.output = Output::begin(&mut self.series, self.link, &self.settings, self.progress.dropped)?;
            // Each file opens by itself, also where those before it are gone.
            self.follow.iter_mut().for_each(Follow::rewind);
            self.take_keys()?;
        }
        Ok(())
    }

    /// Ends the recording; the file says how many packets were dropped.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn finish(mut self) -> Result<Progress, RecordError> {
        // The last secrets come with the last packets, or a moment later.
        self.take_keys()?;
        self.end_file()?;
        self.series.ended();
        Ok(self.progress())
    }

    fn end_file(&mut self) -> Result<(), RecordError> {
        self.take_keys()?;
        self.count_drops()?;
        self.output.end(self.last, self.progress.dropped)?;
        self.output.flush()
    }

    fn take_keys(&mut self) -> Result<(), RecordError> {
        let Some(follow) = &mut self.follow else { return Ok(()) };
        loop {
            let unreadable = |error| {
                let path = self.settings.keys.as_deref().unwrap_or(Path::new("")).display().to_string();
                RecordError::Keys { path, error }
            };
            let lines = follow.fresh().map_err(unreadable)?;
            if lines.is_empty() {
                return Ok(());
            }
            self.output.secrets(&lines)?;
        }
    }

    /// A recording that is killed has told its drops up to the last second.
    fn count_drops(&mut self) -> Result<(), RecordError> {
        if let Ok(stats) = self.live.stats() {
            self.progress.dropped = u64::from(stats.dropped) + u64::from(stats.if_dropped);
        }
        if self.progress.dropped > self.output.told {
            self.output.statistics(self.last, self.progress.dropped)?;
        }
        Ok(())
    }
}

impl Output {
    /// `dropped` packets are those of the files before.
    fn begin(series: &mut Series, link: LinkType, settings: &Settings, dropped: u64) -> Result<Self, RecordError> {
        let (path, file) = series.next().map_err(|(path, error)| write_error(&path, error))?;
        let failed = |error| write_error(&path, error);
        let counted = Counted { file: BufWriter::new(file), bytes: 0 };
        let mut writer = PcapngWriter::new(counted, concat!("wirewitness record ", env!("CARGO_PKG_VERSION")), "")
            .map_err(failed)?;
        let interface =
            writer.interface(link, settings.snaplen, &settings.interface, &settings.filter).map_err(failed)?;
        writer.started(interface, Time::now()).map_err(failed)?;
        writer.flush().map_err(failed)?;
        Ok(Self { writer, interface, path, packets: 0, told: dropped, before: dropped })
    }

    fn bytes(&self) -> u64 {
        self.writer.output().bytes
    }

    fn packet(&mut self, time: Time, wire_len: u32, data: &[u8]) -> Result<(), RecordError> {
        self.packets += 1;
        let written = self.writer.packet(self.interface, time, wire_len, data, &[]);
        written.map_err(|error| write_error(&self.path, error))
    }

    fn secrets(&mut self, lines: &[u8]) -> Result<(), RecordError> {
        self.writer.secrets(SecretsKind::TlsKeyLog, lines).map_err(|error| write_error(&self.path, error))
    }

    fn statistics(&mut self, time: Time, dropped: u64) -> Result<(), RecordError> {
        self.told = dropped;
        let written = self.writer.statistics(self.interface, time, self.packets, dropped - self.before.min(dropped));
        written.map_err(|error| write_error(&self.path, error))
    }

    /// The last block of the file.
    fn end(&mut self, time: Time, dropped: u64) -> Result<(), RecordError> {
        let written = self.writer.ended(self.interface, time, self.packets, dropped - self.before.min(dropped));
        written.map_err(|error| write_error(&self.path, error))
    }

    fn flush(&mut self) -> Result<(), RecordError> {
        self.writer.flush().map_err(|error| write_error(&self.path, error))
    }
}

fn pcap_error(interface: &str, error: pcap::Error) -> RecordError {
    let words = error.to_string().to_lowercase();
    let hint = if words.contains("permi") {
        NO_RIGHT
    } else if words.contains("no such device") {
        "; `wirewitness record` without --interface lists them"
    } else {
        ""
    };
    RecordError::Pcap { interface: interface.to_owned(), error, hint }
}

fn write_error(path: &Path, error: std::io::Error) -> RecordError {
    let hint = match error.kind() {
        std::io::ErrorKind::StorageFull => {
            "; what was written before is whole, make room or keep the newest only (--file-size, --files)"
        }
        _ => "",
    };
    RecordError::Write { path: path.display().to_string(), error, hint }
}
