//! An input: a file, or standard input kept in a file so that it can be read twice.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::members::{self, Members};
use super::reader::PacketReader;
use super::sniff::{self, Coding, Format, LOOK, ZIP};
use super::{inflate, pcap, pcapng};
use crate::progress::Progress;

/// An input that cannot be used, why, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[error("{name}: {what}; {next}")]
pub struct OpenError {
    /// The input as it was given.
    pub name: String,
    /// What is wrong with it.
    pub what: String,
    /// What the user can do.
    pub next: String,
}

impl OpenError {
    fn new(name: &str, what: impl Into<String>, next: impl Into<String>) -> Self {
        Self { name: name.to_owned(), what: what.into(), next: next.into() }
    }

    /// From what the system said about `name`.
    pub(super) fn io(name: &str, error: &io::Error) -> Self {
        let (what, next) = match error.kind() {
            io::ErrorKind::NotFound => ("there is no such file".to_owned(), "check the path"),
            io::ErrorKind::PermissionDenied => {
                ("it may not be read".to_owned(), "check its permissions (captures are often written by root)")
            }
            _ => (format!("it cannot be read: {error}"), "check the disk, or copy the file and try again"),
        };
        Self::new(name, what, next)
    }
}

/// An input that was opened and recognised. Opened read-only; never changed.
#[derive(Debug)]
pub struct Source {
    name: String,
    path: PathBuf,
    /// Standard input, kept until the source is dropped.
    _spool: Option<tempfile::NamedTempFile>,
    bytes: u64,
    format: Format,
    coding: Coding,
    /// Nanoseconds to add to its times.
    shift: i64,
    progress: Progress,
}

impl Source {
    /// Opens `path`, or standard input for `-`, and looks at what it is.
    ///
    /// # Errors
    /// Where there is nothing to read, or it is nothing that is read here.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        if path.as_os_str() == "-" { Self::spool(&mut io::stdin().lock()) } else { Self::open_file(path) }
    }

    fn open_file(path: &Path) -> Result<Self, OpenError> {
        let shown = path.display().to_string();
        let metadata = std::fs::metadata(path).map_err(|e| OpenError::io(&shown, &e))?;
        if metadata.is_dir() {
            let found = Members::folder(path).map_err(|e| OpenError::io(&shown, &e))?;
            if let Some(format) = members::format(found.names()).filter(|format| *format == Format::HttpCanary) {
                let (name, path, bytes) = (file_name(path), path.to_owned(), found.size());
                let (coding, progress) = (Coding::None, Progress::default());
                return Ok(Self { name, path, _spool: None, bytes, format, coding, shift: 0, progress });
            }
            return Err(OpenError::new(&shown, "it is a folder", "give the capture file in it"));
        }
        if !metadata.is_file() {
            // A pipe or a device gives its bytes once.
            let mut file = File::open(path).map_err(|e| OpenError::io(&shown, &e))?;
            let mut source = Self::spool(&mut file)?;
            source.name = file_name(path);
            return Ok(source);
        }
        Self::look(file_name(path), &shown, path.to_owned(), None)
    }

    /// Keeps `reader` in a temporary file, as standard input is kept.
    pub(super) fn spool(reader: &mut dyn Read) -> Result<Self, OpenError> {
        let name = "-";
        let mut spool = tempfile::NamedTempFile::new().map_err(|e| OpenError::io(name, &e))?;
        io::copy(reader, spool.as_file_mut()).map_err(|e| OpenError::io(name, &e))?;
        let path = spool.path().to_owned();
        Self::look(name.to_owned(), "standard input", path, Some(spool))
    }

    fn look(
        name: String,
        shown: &str,
        path: PathBuf,
        spool: Option<tempfile::NamedTempFile>,
    ) -> Result<Self, OpenError> {
        let mut file = File::open(&path).map_err(|e| OpenError::io(shown, &e))?;
        let bytes = file.metadata().map_err(|e| OpenError::io(shown, &e))?.len();
        let head = read_head(&mut file).map_err(|e| OpenError::io(shown, &e))?;
        if head.is_empty() {
            return Err(OpenError::new(shown, "it is empty", "check that the recording was stopped and written"));
        }
        let coding = Coding::sniff(&head);
        let head = if coding == Coding::None {
            head
        } else {
            file.seek(SeekFrom::Start(0)).map_err(|e| OpenError::io(shown, &e))?;
            let what = coding.name().unwrap_or_default();
            inflate::open(coding, Box::new(file)).and_then(|mut inner| read_head(&mut inner)).map_err(|_| {
                OpenError::new(shown, format!("its {what} data is damaged from the start"), "get the file again")
            })?
        };
        let format = if coding == Coding::None && head.starts_with(ZIP) { zipped(&path) } else { sniff::format(&head) };
        let format = format.map_err(|(looks, next)| {
            let inside = coding.name().map(|c| format!(" (inside {c})")).unwrap_or_default();
            OpenError::new(shown, format!("it is not a capture: it looks like {looks}{inside}"), next)
        })?;
        let whole = match format {
            Format::Pcap => head.len() >= pcap::HEADER,
            Format::Pcapng => head.len() >= pcapng::HEADER && pcapng::byte_order(&head).is_some(),
            _ => true,
        };
        if !whole {
            return Err(OpenError::new(
                shown,
                format!("its {format} file header is cut or damaged"),
                "check that the recording was stopped and copied whole",
            ));
        }
        Ok(Self { name, path, _spool: spool, bytes, format, coding, shift: 0, progress: Progress::default() })
    }

    /// File name without folders, or `-`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it is read from (the temporary file for standard input).
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Size as given, before any decompression.
    pub fn size(&self) -> u64 {
        self.bytes
    }

    /// What it holds.
    pub fn format(&self) -> Format {
        self.format
    }

    /// How it is compressed.
    pub fn coding(&self) -> Coding {
        self.coding
    }

    /// Nanoseconds that are added to the times of its packets, because its clock is known to be off.
    pub fn shift(&self) -> i64 {
        self.shift
    }

    /// Adds `shift` nanoseconds to the times of its packets, or of its entries, from here on.
    pub fn set_shift(&mut self, shift: i64) {
        self.shift = shift;
    }

    /// Where what is read of it is counted.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Counts what is read of it from here on in `progress`.
    pub fn set_progress(&mut self, progress: &Progress) {
        self.progress = progress.clone();
    }

    /// The file as given.
    pub(super) fn raw(&self) -> Result<File, OpenError> {
        File::open(&self.path).map_err(|e| OpenError::io(&self.name, &e))
    }

    /// Its content, decompressed while it is read. Reading past a limit of
    /// decompression ends in an error of kind `QuotaExceeded`.
    ///
    /// # Errors
    /// Where the file cannot be opened any more.
    pub fn bytes(&self) -> Result<Box<dyn Read + Send>, OpenError> {
        inflate::open(self.coding, self.watched()?).map_err(|e| OpenError::io(&self.name, &e))
    }

    /// The file as given, which counts what is read of it.
    pub(super) fn watched(&self) -> Result<Box<dyn Read + Send>, OpenError> {
        Ok(Box::new(Watched { file: self.raw()?, progress: self.progress.clone() }))
    }

    /// The files in it, where it is an archive or a folder.
    ///
    /// # Errors
    /// Where it cannot be opened any more.
    pub fn members(&self) -> Result<Members, OpenError> {
        let members = if self.path.is_dir() { Members::folder(&self.path) } else { Members::zip(&self.path) };
        members.map_err(|e| OpenError::io(&self.name, &e))
    }

    /// Its packets, from the first. `input` is what they carry as their input.
    /// A source that is no capture has none.
    ///
    /// # Errors
    /// Where the file cannot be opened any more.
    pub fn packets(&self, input: u32) -> Result<PacketReader, OpenError> {
        Ok(PacketReader::new(self.bytes()?, self.format, input).shifted(self.shift))
    }
}

/// Counts what is read of a file.
struct Watched {
    file: File,
    progress: Progress,
}

impl Read for Watched {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.file.read(buffer)?;
        self.progress.read(n);
        Ok(n)
    }
}

/// What a ZIP archive holds.
fn zipped(path: &Path) -> Result<Format, (String, &'static str)> {
    let next = "unpack it and give the capture inside";
    let members = Members::zip(path).map_err(|error| {
        (format!("a ZIP archive that cannot be opened ({error})"), "get the file again; it may be cut")
    })?;
    members::format(members.names()).ok_or_else(|| {
        let listed: Vec<&str> = members.names().iter().map(String::as_str).take(LISTED).collect();
        (format!("a ZIP archive of no known kind ({})", listed.join(", ")), next)
    })
}

/// Members that an error lists.
const LISTED: usize = 5;

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// The first [`LOOK`] bytes. Damage after the first byte is left to who reads on.
fn read_head(reader: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut head = vec![0; LOOK];
    let mut length = 0;
    while let Some(space) = head.get_mut(length..).filter(|s| !s.is_empty()) {
        match reader.read(space) {
            Ok(0) => break,
            Ok(n) => length += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(_) if length > 0 => break,
            Err(e) => return Err(e),
        }
    }
    head.truncate(length);
    Ok(head)
}
