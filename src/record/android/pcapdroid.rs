//! PCAPdroid, told by intents what to do (its `docs/app_api.md`), and the file that it wrote, fetched at the end.
//!
//! An intent that adb sends has no answer: whether PCAPdroid records is told by its service, and that the
//! person at the phone (or the API key) did not allow it, by its question being gone without one.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::{Wanted, about};
use crate::capture::{Format, Source};
use crate::record::adb::{Adb, AdbError};
use crate::record::dumper::{SNAPLEN, Settings};
use crate::record::error::RecordError;
use crate::record::series;
use crate::record::{Progress, Recording};
use crate::session::private_folder;

/// The app.
pub const PACKAGE: &str = "com.emanuelef.remote_capture";
/// What takes the intents, and what records.
const CONTROL: &str = "com.emanuelef.remote_capture/.activities.CaptureCtrl";
const SERVICE: &str = "CaptureService";
/// Where it writes since version 1.6.0.
const FOLDER: &str = "/sdcard/Download/PCAPdroid";
/// How long a person may take to allow it on the phone: two questions, PCAPdroid's and Android's VPN.
const ALLOW: Duration = Duration::from_secs(90);
/// How long PCAPdroid may take to ask, or to start where it need not.
const ASK: Duration = Duration::from_secs(8);
/// How long it may take to end, and to write what it holds.
const END: Duration = Duration::from_secs(15);
/// How often the phone is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Pause between two looks at Ctrl-C.
const PAUSE: Duration = Duration::from_millis(100);
/// Below this the phone has no room for a recording.
const LITTLE: u64 = 32 << 20;

/// A recording by PCAPdroid.
pub struct Pcapdroid {
    adb: Adb,
    api_key: Option<String>,
    /// On the phone.
    file: String,
    key_log: Option<String>,
    folder: PathBuf,
    /// Where it will be, or is.
    path: PathBuf,
    written: u64,
    looked: Instant,
    runs: bool,
    remarks: Vec<String>,
}

impl Pcapdroid {
    /// Starts it, and waits until it records.
    ///
    /// # Errors
    /// Where it is not installed, the phone has no room, or it was not allowed.
    pub fn open(
        wanted: &Wanted,
        app: Option<&str>,
        folder: &Path,
        say: &mut dyn FnMut(String),
    ) -> Result<Self, RecordError> {
        refuse(&wanted.settings)?;
        let adb = wanted.adb.clone();
        if !about::is_installed(&adb, PACKAGE)? {
            let what = format!("PCAPdroid ({PACKAGE}) is not installed on the phone: install it, and open it once");
            return Err(AdbError::new(what).into());
        }
        let free = free(&adb)?;
        if free.is_some_and(|free| free < LITTLE) {
            let mib = free.unwrap_or_default() >> 20;
            return Err(AdbError::new(format!("the phone has {mib} MiB left for a recording: make room on it")).into());
        }
        if runs(&adb)? {
            let what = "PCAPdroid is recording already: end that first (it would be ended by this one)";
            return Err(AdbError::new(what).into());
        }
        private_folder(folder).map_err(|error| RecordError::write(folder, error))?;
        let name = format!("wirewitness-{}", jiff::Timestamp::now().as_second());
        let file = format!("{FOLDER}/{name}.pcap");
        let key_log = wanted.decrypt.then(|| format!("{FOLDER}/{name}.keys.txt"));
        let mut extras = vec![
            ("pcap_dump_mode", "pcap_file".to_owned()),
            ("pcap_name", format!("{name}.pcap")),
            // Where it was paid for: keys and apps inside the file. Else a trailer names the app.
            ("pcapng_format", "true".to_owned()),
            ("dump_extensions", "true".to_owned()),
            ("pcapdroid_trailer", "true".to_owned()),
        ];
        extras.extend(app.map(|app| ("app_filter", app.to_owned())));
        if wanted.decrypt {
            extras.push(("tls_decryption", "true".to_owned()));
            extras.push(("sslkeylog_name", format!("{name}.keys.txt")));
        }
        let api_key = wanted.api_key.clone();
        intent(&adb, "start", api_key.as_deref(), &extras)?;
        say("on the phone: allow PCAPdroid to record, if it asks".to_owned());
        wait_until_it_records(&adb, api_key.is_some())?;
        let began = series::begun(folder, &format!("{file} on the phone"));
        let (folder, path) = (folder.to_owned(), folder.to_owned());
        let (written, looked, runs, remarks) = (0, Instant::now(), true, Vec::new());
        // Made before anything else may fail: dropped, it ends what was begun on the phone.
        let recording = Self { adb, api_key, file, key_log, folder, path, written, looked, runs, remarks };
        began.map_err(|(path, e)| RecordError::write(&path, e))?;
        Ok(recording)
    }

    /// Fetches a file, whole: its size is that on the phone.
    fn fetch(&self, from: &str, to: &Path) -> Result<u64, RecordError> {
        let there = size(&self.adb, from)?;
        let Some(there) = there else {
            return Err(AdbError::new(format!("{from} is not on the phone")).into());
        };
        let length = self.adb.fetch(from, to).map_err(|error| RecordError::write(to, error))?;
        if length != there {
            // Half a recording in the session would be audited as a whole one.
            let kept = match std::fs::remove_file(to) {
                Ok(()) => String::new(),
                Err(error) => format!("; {} holds what came, and cannot be removed ({error})", to.display()),
            };
            let what = format!(
                "{from} has {there} bytes on the phone and {length} came over: it is still there, \
                 `adb pull {from}` fetches it{kept}"
            );
            return Err(AdbError::new(what).into());
        }
        Ok(length)
    }

    fn fetch_key_log(&mut self) -> Result<(), RecordError> {
        let Some(from) = self.key_log.clone() else { return Ok(()) };
        if size(&self.adb, &from)?.is_none() {
            self.remarks.push(
                "PCAPdroid wrote no key log: is its mitm addon installed, and its certificate on the phone?".to_owned(),
            );
            return Ok(());
        }
        let to = free_name(&self.folder, "keys", "log", "keylog");
        self.fetch(&from, &to)?;
        self.remarks.push(format!("keys: {}", to.display()));
        if !self.runs {
            self.remove(&from);
        }
        Ok(())
    }

    /// Nobody else on the phone is to read what was fetched: what is in the shared folder, other apps may.
    fn remove(&mut self, file: &str) {
        let removed = self.adb.shell(&format!("rm -f {file}")).and_then(|_| size(&self.adb, file));
        let why = match removed {
            Ok(None) => return,
            Ok(Some(_)) => String::new(),
            Err(error) => format!(" ({error})"),
        };
        self.remarks.push(format!("{file} may still be on the phone{why}: remove it there"));
    }

    /// The phone went away: nothing can be told to it any more.
    fn lost(&mut self, error: &AdbError) -> RecordError {
        self.runs = false;
        let what = format!(
            "the phone cannot be reached any more ({error}); PCAPdroid goes on or has ended there: plug it in, \
             end it there, and fetch what it wrote: adb pull {} {}",
            self.file,
            self.folder.display()
        );
        RecordError::Phone(AdbError::new(what))
    }
}

/// An error in between must not leave it recording on the phone.
impl Drop for Pcapdroid {
    fn drop(&mut self) {
        if self.runs {
            // The error that led here is told; to this one nobody listens.
            let _ = intent(&self.adb, "stop", self.api_key.as_deref(), &[]);
        }
    }
}

/// Options that PCAPdroid has nothing like.
fn refuse(settings: &Settings) -> Result<(), AdbError> {
    let what = if settings.interface != "any" {
        "PCAPdroid records what apps send, not an interface: leave --interface out"
    } else if !settings.filter.is_empty() {
        "PCAPdroid takes no BPF filter: leave --filter out, --app keeps to one app"
    } else if settings.snaplen != SNAPLEN {
        "PCAPdroid would cut off which app each packet is of: leave --snaplen out"
    } else if settings.spread.file_bytes.is_some() {
        "PCAPdroid writes one file: leave --file-size and --files out, --size ends the recording in time"
    } else if settings.keys.is_some() {
        "PCAPdroid hands over a key log of its own with --decrypt: put another one into the folder, and leave --keys out"
    } else {
        return Ok(());
    };
    Err(AdbError::new(what))
}

impl Recording for Pcapdroid {
    fn path(&self) -> &Path {
        &self.path
    }

    fn progress(&self) -> Progress {
        Progress { written: self.written, elsewhere: true, ..Progress::default() }
    }

    fn step(&mut self) -> Result<bool, RecordError> {
        std::thread::sleep(PAUSE);
        if self.looked.elapsed() < LOOK_EVERY {
            return Ok(true);
        }
        self.looked = Instant::now();
        let (written, runs) = size(&self.adb, &self.file)
            .and_then(|written| Ok((written, runs(&self.adb)?)))
            .map_err(|error| self.lost(&error))?;
        self.written = written.unwrap_or(self.written);
        self.runs = runs;
        if !self.runs {
            let little = free(&self.adb)?.is_some_and(|free| free < LITTLE);
            let why = if little { "the phone has no room left" } else { "it was ended on the phone" };
            self.remarks.push(format!("PCAPdroid does not record any more: {why}"));
        }
        Ok(self.runs)
    }

    fn finish(&mut self) -> Result<Progress, RecordError> {
        if self.runs {
            intent(&self.adb, "stop", self.api_key.as_deref(), &[])?;
            let until = Instant::now() + END;
            while Instant::now() < until && runs(&self.adb)? {
                std::thread::sleep(PAUSE);
            }
            self.runs = runs(&self.adb)?;
            if self.runs {
                let what =
                    "PCAPdroid did not end: what it wrote so far was fetched, and is still on the phone; end it there";
                self.remarks.push(what.to_owned());
            }
        }
        let to = free_name(&self.folder, "capture", "pcap", "pcap");
        self.written = self.fetch(&self.file, &to)?;
        self.path = named_by_content(&self.folder, to)?;
        self.fetch_key_log()?;
        if !self.runs {
            self.remove(&self.file.clone());
        }
        series::ended(&self.folder);
        Ok(self.progress())
    }

    fn remarks(&self) -> Vec<String> {
        self.remarks.clone()
    }
}

fn intent(adb: &Adb, action: &str, key: Option<&str>, extras: &[(&str, String)]) -> Result<(), AdbError> {
    let mut command = format!("am start -e action {action}");
    for (name, text) in key.map(|key| ("api_key", key.to_owned())).iter().chain(extras) {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
        if !text.bytes().all(plain) {
            return Err(AdbError::new(format!("{name} may hold letters, digits, '.', '_' and '-' only")));
        }
        command.push_str(&format!(" -e {name} {text}"));
    }
    command.push_str(&format!(" -n {CONTROL} 2>&1"));
    let said = adb.shell(&command)?;
    match said.lines().find(|line| line.contains("Error")) {
        Some(error) => Err(AdbError::new(format!("PCAPdroid does not take the intent ({}): update it", error.trim()))),
        None => Ok(()),
    }
}

fn wait_until_it_records(adb: &Adb, with_key: bool) -> Result<(), AdbError> {
    let begun = Instant::now();
    let mut asked = false;
    loop {
        if runs(adb)? {
            return Ok(());
        }
        let asks = asks(adb)?;
        asked |= asks;
        let refused = asked && !asks || !asked && begun.elapsed() > ASK;
        // Between the answer and the service lies Android's own question.
        if refused && begun.elapsed() > LOOK_EVERY && !runs(adb)? {
            std::thread::sleep(LOOK_EVERY);
            if runs(adb)? {
                return Ok(());
            }
            let key = if with_key { "the API key is wrong, or " } else { "" };
            return Err(AdbError::new(format!(
                "PCAPdroid did not start: {key}it was not allowed on the phone. Allow it when it asks, or give its API \
                 key (PCAPdroid → Settings → Control permissions) with --api-key"
            )));
        }
        if begun.elapsed() > ALLOW {
            return Err(AdbError::new(format!(
                "nobody allowed PCAPdroid to record within {} s: allow it on the phone's screen, or give its API key \
                 with --api-key",
                ALLOW.as_secs()
            )));
        }
        std::thread::sleep(PAUSE);
    }
}

/// Its service is there.
fn runs(adb: &Adb) -> Result<bool, AdbError> {
    let services = adb.shell(&format!("dumpsys activity services {PACKAGE}"))?;
    Ok(services.lines().any(|line| line.contains("ServiceRecord{") && line.contains(SERVICE)))
}

/// Its question, or Android's whether it may be the VPN, is on the screen.
fn asks(adb: &Adb) -> Result<bool, AdbError> {
    let activities = adb.shell("dumpsys activity activities")?;
    let on_top = ["ResumedActivity", "mFocusedApp"];
    let mut lines = activities.lines().filter(|line| on_top.iter().any(|word| line.contains(word)));
    Ok(lines.any(|line| line.contains("CaptureCtrl") || line.contains("com.android.vpndialogs")))
}

/// Bytes of a file on the phone; `None`: it is not there.
fn size(adb: &Adb, path: &str) -> Result<Option<u64>, AdbError> {
    Ok(adb.shell(&format!("stat -c %s {path} 2>/dev/null"))?.trim().parse().ok())
}

/// Room on the phone's shared storage, in bytes, where `df` says it in a way that is known.
fn free(adb: &Adb) -> Result<Option<u64>, AdbError> {
    // `Filesystem 1K-blocks Used Available Use% Mounted on`, and a line.
    let said = adb.shell("df -k /sdcard/Download")?;
    let column = |line: &str| line.split_whitespace().nth(3)?.parse::<u64>().ok();
    Ok(said.lines().last().and_then(column).map(|kib| kib.saturating_mul(1024)))
}

/// `stem.first`, or the first of `stem-2.others` … that is free.
fn free_name(folder: &Path, stem: &str, first: &str, others: &str) -> PathBuf {
    let plain = folder.join(format!("{stem}.{first}"));
    if !plain.exists() {
        return plain;
    }
    let numbered = (2u32..).map(|number| folder.join(format!("{stem}-{number}.{others}")));
    numbered.take(u16::MAX.into()).find(|path| !path.exists()).unwrap_or(plain)
}

/// PCAPdroid writes pcapng under any name: a reader of folders goes by it.
fn named_by_content(folder: &Path, path: PathBuf) -> Result<PathBuf, RecordError> {
    if Source::open(&path).map(|source| source.format()).ok() != Some(Format::Pcapng) {
        return Ok(path);
    }
    let to = free_name(folder, "capture", "pcapng", "pcapng");
    std::fs::rename(&path, &to).map_err(|error| RecordError::write(&to, error))?;
    Ok(to)
}
