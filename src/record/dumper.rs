//! Packets, as they come, to the capture files of a session.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::Progress;
use super::error::RecordError;
use super::follow::Follow;
use super::glance::Glance;
use super::series::{Series, Spread};
use crate::capture::{Ending, LinkType, Options, Packet, PcapngWriter, SecretsKind, recorder};
use crate::evidence::Time;
use crate::session::private_folder;

/// The file is whole at least this often.
const FLUSH_EVERY: Duration = Duration::from_millis(500);

/// Bytes kept of each packet unless others are asked for: what tcpdump keeps, more than any interface hands over.
pub const SNAPLEN: u32 = 262_144;

/// What a recording says of itself in its files, and how it is spread over them.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Who records: one of [`recorder`]'s names.
    pub recorder: &'static str,
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

/// Writes a recording, whole after every flush.
pub struct Dumper {
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

impl Dumper {
    /// Opens a new capture file in the session folder `folder`, which is made where needed. Files
    /// that are there are never written over. `began` is when the recording began, by the clock
    /// that the packets' times are of.
    ///
    /// # Errors
    /// Where the folder cannot be written.
    pub fn open(settings: Settings, link: LinkType, folder: &Path, began: Time) -> Result<Self, RecordError> {
        private_folder(folder).map_err(|error| RecordError::write(folder, error))?;
        let mut series = Series::new(folder, settings.spread);
        let output = Output::begin(&mut series, link, &settings, 0, began)?;
        let follow = settings.keys.as_deref().map(Follow::new);
        let (glance, progress, flushed) = (Glance::default(), Progress::default(), Instant::now());
        Ok(Self { settings, link, series, output, follow, glance, progress, flushed, last: Time(0) })
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

    /// Takes a packet of `wire_len` bytes, of which `data` were captured.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn packet(&mut self, time: Time, wire_len: u32, data: &[u8]) -> Result<(), RecordError> {
        self.output.packet(time, wire_len, data)?;
        self.last = time;
        self.progress.packets += 1;
        self.progress.bytes += u64::from(wire_len);
        self.glance.see(&Packet {
            input: 0,
            frame: self.progress.packets,
            time,
            timed: true,
            interface: 0,
            link: self.link,
            wire_len,
            data,
            options: Options::default(),
        });
        Ok(())
    }

    /// It is time to [`keep`](Self::keep).
    pub fn is_due(&self) -> bool {
        self.flushed.elapsed() >= FLUSH_EVERY || self.series.is_full(self.output.bytes())
    }

    /// Where it is time to: takes over secrets that came, makes the file whole, and begins the next one
    /// where it is full. `dropped` says how many packets were lost so far, where that is known.
    ///
    /// # Errors
    /// Where a file cannot be written, or the key log cannot be read.
    pub fn keep(&mut self, dropped: &mut dyn FnMut() -> Option<u64>) -> Result<(), RecordError> {
        if self.flushed.elapsed() >= FLUSH_EVERY {
            self.flushed = Instant::now();
            self.take_keys()?;
            self.output.flush()?;
            self.count_drops(dropped())?;
        }
        if self.series.is_full(self.output.bytes()) {
            self.end_file(Ending::Whole, dropped())?;
            self.progress.written += self.output.bytes();
            self.output = Output::begin(&mut self.series, self.link, &self.settings, self.progress.dropped, self.last)?;
            // Each file opens by itself, also where those before it are gone.
            self.follow.iter_mut().for_each(Follow::rewind);
            self.take_keys()?;
        }
        Ok(())
    }

    /// Ends the recording: the file says how many packets were dropped.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn finish(&mut self, dropped: Option<u64>) -> Result<Progress, RecordError> {
        self.finish_as(Ending::Whole, dropped)
    }

    /// As [`finish`](Self::finish), where what was recorded went away: the file says that too.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn lose(&mut self, dropped: Option<u64>) -> Result<Progress, RecordError> {
        self.finish_as(Ending::Gone, dropped)
    }

    fn finish_as(&mut self, how: Ending, dropped: Option<u64>) -> Result<Progress, RecordError> {
        // The last secrets come with the last packets, or a moment later.
        self.take_keys()?;
        if let Some(line) = self.follow.as_mut().and_then(Follow::last) {
            self.output.secrets(&line)?;
        }
        self.end_file(how, dropped)?;
        self.series.ended();
        Ok(self.progress())
    }

    fn end_file(&mut self, how: Ending, dropped: Option<u64>) -> Result<(), RecordError> {
        self.take_keys()?;
        self.count_drops(dropped)?;
        self.output.end(self.last, self.progress.dropped, how)?;
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
    fn count_drops(&mut self, dropped: Option<u64>) -> Result<(), RecordError> {
        self.progress.dropped = dropped.unwrap_or(self.progress.dropped);
        if self.progress.dropped > self.output.told {
            self.output.statistics(self.last, self.progress.dropped)?;
        }
        Ok(())
    }
}

impl Output {
    /// `dropped` packets are those of the files before.
    fn begin(
        series: &mut Series,
        link: LinkType,
        settings: &Settings,
        dropped: u64,
        began: Time,
    ) -> Result<Self, RecordError> {
        let (path, file) = series.next().map_err(|(path, error)| RecordError::write(&path, error))?;
        // What has no beginning is no capture: left there, it would be in the way of an audit of the others.
        let failed = |error| {
            let _ = std::fs::remove_file(&path);
            RecordError::write(&path, error)
        };
        let counted = Counted { file: BufWriter::new(file), bytes: 0 };
        let mut writer = PcapngWriter::new(counted, &recorder::program(settings.recorder), "").map_err(failed)?;
        let interface =
            writer.interface(link, settings.snaplen, &settings.interface, &settings.filter).map_err(failed)?;
        writer.started(interface, began).map_err(failed)?;
        writer.flush().map_err(failed)?;
        Ok(Self { writer, interface, path, packets: 0, told: dropped, before: dropped })
    }

    fn bytes(&self) -> u64 {
        self.writer.output().bytes
    }

    fn packet(&mut self, time: Time, wire_len: u32, data: &[u8]) -> Result<(), RecordError> {
        self.packets += 1;
        let written = self.writer.packet(self.interface, time, wire_len, data, &[]);
        written.map_err(|error| RecordError::write(&self.path, error))
    }

    fn secrets(&mut self, lines: &[u8]) -> Result<(), RecordError> {
        self.writer.secrets(SecretsKind::TlsKeyLog, lines).map_err(|error| RecordError::write(&self.path, error))
    }

    fn statistics(&mut self, time: Time, dropped: u64) -> Result<(), RecordError> {
        self.told = dropped;
        let written = self.writer.statistics(self.interface, time, self.packets, dropped - self.before.min(dropped));
        written.map_err(|error| RecordError::write(&self.path, error))
    }

    /// The last block of the file.
    fn end(&mut self, time: Time, dropped: u64, how: Ending) -> Result<(), RecordError> {
        let written = self.writer.ended(self.interface, time, self.packets, dropped - self.before.min(dropped), how);
        written.map_err(|error| RecordError::write(&self.path, error))
    }

    fn flush(&mut self) -> Result<(), RecordError> {
        self.writer.flush().map_err(|error| RecordError::write(&self.path, error))
    }
}
