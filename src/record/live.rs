//! Live packets of an interface, with libpcap.

use std::path::Path;
use std::time::Duration;

use super::dumper::{Dumper, Settings};
use super::error::RecordError;
use super::{Progress, Recording};
use crate::capture::LinkType;
use crate::evidence::Time;

/// How long libpcap may hold packets back before it hands them over: with the
/// dumper's flush, `kill -9` loses less than a second.
const READ_TIMEOUT_MS: i32 = 200;
/// Pause when there is nothing. Reading must not block: on Linux libpcap waits for a
/// packet however long that takes, and does not look up for Ctrl-C.
const PAUSE: Duration = Duration::from_millis(25);
/// Kernel buffer: a burst of 100,000 small packets fits.
const KERNEL_BUFFER: i32 = 32 << 20;
/// Packets handled between two looks at the clock.
const BATCH: usize = 4096;

/// What to do where libpcap says that the right to capture is missing.
fn without_right() -> String {
    let program = std::env::current_exe()
        .map_or_else(|_| "$(command -v wirewitness)".to_owned(), |path| path.display().to_string());
    format!("; run as root, or give the program the right once: sudo setcap cap_net_raw,cap_net_admin=eip {program}")
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
    interface: String,
    dumper: Dumper,
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
        let link = LinkType(u32::try_from(live.get_datalink().0).unwrap_or(u32::MAX));
        let interface = settings.interface.clone();
        let dumper = Dumper::open(settings, link, folder, Time::now())?;
        Ok(Self { live, interface, dumper })
    }
}

impl Recording for Recorder {
    fn path(&self) -> &Path {
        self.dumper.path()
    }

    fn progress(&self) -> Progress {
        self.dumper.progress()
    }

    fn step(&mut self) -> Result<bool, RecordError> {
        for _ in 0..BATCH {
            match self.live.next_packet() {
                Ok(packet) => {
                    let time = packet.header.ts;
                    #[allow(clippy::useless_conversion)] // time_t and suseconds_t differ between systems
                    let time = Time(i64::from(time.tv_sec) * 1_000_000_000 + i64::from(time.tv_usec) * 1_000);
                    self.dumper.packet(time, packet.header.len, packet.data)?;
                    if self.dumper.is_due() {
                        break;
                    }
                }
                Err(pcap::Error::TimeoutExpired | pcap::Error::NoMorePackets) => {
                    std::thread::sleep(PAUSE);
                    break;
                }
                Err(error) => {
                    // The interface went away, and with it what the kernel held of it.
                    self.dumper.lose(dropped(&mut self.live))?;
                    let capture = self.dumper.path().display().to_string();
                    let why = Box::new(pcap_error(&self.interface, error));
                    return Err(RecordError::Gone { why, capture });
                }
            }
        }
        let live = &mut self.live;
        self.dumper.keep(&mut || dropped(live))?;
        Ok(true)
    }

    fn finish(&mut self) -> Result<Progress, RecordError> {
        self.dumper.finish(dropped(&mut self.live))
    }
}

/// Packets that the kernel or the interface dropped.
fn dropped(live: &mut pcap::Capture<pcap::Active>) -> Option<u64> {
    live.stats().ok().map(|stats| u64::from(stats.dropped) + u64::from(stats.if_dropped))
}

fn pcap_error(interface: &str, error: pcap::Error) -> RecordError {
    let words = error.to_string().to_lowercase();
    let hint = if words.contains("permi") {
        without_right()
    } else if words.contains("no such device") {
        "; `wirewitness record` without --interface lists them".to_owned()
    } else {
        String::new()
    };
    RecordError::Pcap { interface: interface.to_owned(), error, hint }
}
