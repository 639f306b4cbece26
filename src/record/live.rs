//! One interface, one libpcap handle, one pcapng.

use std::fs::{File, OpenOptions};
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::capture::{LinkType, PcapngWriter};
use crate::evidence::Time;

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
    /// The folder or file cannot be written.
    #[error("cannot write {path}: {error}")]
    Write {
        /// Which.
        path: String,
        /// Why.
        error: std::io::Error,
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
    writer: PcapngWriter<BufWriter<File>>,
    interface: u32,
    path: PathBuf,
    progress: Progress,
    flushed: Instant,
    name: String,
    last: Time,
}

impl Recorder {
    /// Opens `interface` and a new capture file in the session folder `folder`.
    /// Files that are there are never written over.
    pub fn open(interface: &str, filter: &str, snaplen: u32, folder: &Path) -> Result<Self, RecordError> {
        let refused = |error| pcap_error(interface, error);
        let mut live = pcap::Capture::from_device(interface)
            .map_err(refused)?
            .snaplen(i32::try_from(snaplen).unwrap_or(i32::MAX))
            .timeout(READ_TIMEOUT_MS)
            .buffer_size(KERNEL_BUFFER)
            .promisc(false)
            .precision(pcap::Precision::Micro)
            .open()
            .and_then(pcap::Capture::setnonblock)
            .map_err(refused)?;
        live.filter(filter, true).map_err(|error| RecordError::Filter { filter: filter.to_owned(), error })?;
        std::fs::create_dir_all(folder).map_err(|error| write_error(folder, error))?;
        let path = free_name(folder);
        let file =
            OpenOptions::new().create_new(true).write(true).open(&path).map_err(|error| write_error(&path, error))?;
        let failed = |error| write_error(&path, error);
        let mut writer =
            PcapngWriter::new(BufWriter::new(file), concat!("wirewitness ", env!("CARGO_PKG_VERSION")), "")
                .map_err(failed)?;
        let link = LinkType(u32::try_from(live.get_datalink().0).unwrap_or(u32::MAX));
        let id = writer.interface(link, snaplen, interface, filter).map_err(failed)?;
        writer.flush().map_err(failed)?;
        let (progress, flushed) = (Progress::default(), Instant::now());
        Ok(Self { live, writer, interface: id, path, progress, flushed, name: interface.to_owned(), last: Time(0) })
    }

    /// The capture file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What was recorded so far.
    pub fn progress(&self) -> Progress {
        self.progress
    }

    /// Takes the packets that are there, and pauses a moment where there are none.
    pub fn step(&mut self) -> Result<(), RecordError> {
        for _ in 0..BATCH {
            match self.live.next_packet() {
                Ok(packet) => {
                    let time = packet.header.ts;
                    #[allow(clippy::useless_conversion)] // time_t and suseconds_t differ between systems
                    let time = Time(i64::from(time.tv_sec) * 1_000_000_000 + i64::from(time.tv_usec) * 1_000);
                    self.writer
                        .packet(self.interface, time, packet.header.len, packet.data, &[])
                        .map_err(|error| write_error(&self.path, error))?;
                    self.last = time;
                    self.progress.packets += 1;
                    self.progress.bytes += u64::from(packet.header.len);
                    if self.flushed.elapsed() >= FLUSH_EVERY {
                        break;
                    }
                }
                Err(pcap::Error::TimeoutExpired | pcap::Error::NoMorePackets) => {
                    std::thread::sleep(PAUSE);
                    break;
                }
                Err(error) => {
                    // The interface went away: what was recorded stays whole.
                    self.writer.flush().map_err(|error| write_error(&self.path, error))?;
                    return Err(pcap_error(&self.name, error));
                }
            }
        }
        if self.flushed.elapsed() >= FLUSH_EVERY {
            self.flushed = Instant::now();
            self.writer.flush().map_err(|error| write_error(&self.path, error))?;
            self.count_drops();
        }
        Ok(())
    }

    /// Ends the recording; the file says how many packets were dropped.
    pub fn finish(mut self) -> Result<Progress, RecordError> {
        self.count_drops();
        let Progress { packets, dropped, .. } = self.progress;
        self.writer
            .statistics(self.interface, self.last, packets, dropped)
            .map_err(|error| write_error(&self.path, error))?;
        self.writer.flush().map_err(|error| write_error(&self.path, error))?;
        Ok(self.progress)
    }

    fn count_drops(&mut self) {
        if let Ok(stats) = self.live.stats() {
            self.progress.dropped = u64::from(stats.dropped) + u64::from(stats.if_dropped);
        }
    }
}

/// `capture.pcapng`, or the first `capture-N.pcapng` that is not there.
fn free_name(folder: &Path) -> PathBuf {
    (1u32..)
        .map(|n| if n == 1 { folder.join("capture.pcapng") } else { folder.join(format!("capture-{n}.pcapng")) })
        .find(|path| !path.exists())
        .unwrap_or_else(|| folder.join("capture.pcapng"))
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
    RecordError::Write { path: path.display().to_string(), error }
}
