//! The program `adb`, and a phone that it reaches: commands, bytes, files, its clock.

use std::ffi::{OsStr, OsString};
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::session::{private_options, to_owner};

/// More than any command prints that is read whole (`dumpsys activity activities`: some hundred KiB).
const ANSWER_LIMIT: u64 = 4 << 20;
/// What is kept of what adb says on standard error: it is a line or two.
const WORDS_LIMIT: u64 = 64 << 10;
/// How often the phone's clock is asked in one measurement. The quickest answer counts, as in
/// NTP (RFC 5905 §10), because half the time that it took is its uncertainty.
const CLOCK_ASKED: usize = 5;

/// adb cannot be run, or the phone cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct AdbError(String);

impl AdbError {
    /// What is wrong and what to do about it.
    pub fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}

/// A phone as adb reaches it.
#[derive(Clone, Debug)]
pub struct Adb {
    /// The program, `adb`.
    pub program: OsString,
    /// Which phone, where several are connected (`adb -s`).
    pub serial: Option<String>,
}

/// How far the phone's clock is ahead of this machine's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Offset {
    /// Seconds; negative where it is behind.
    pub seconds: f64,
    /// How wrong that can be, in seconds: half of what asking took, and how coarse the answer was.
    pub uncertainty: f64,
}

/// How a command of adb's came to its end.
struct Ended {
    /// Bytes of standard output that were handed on.
    length: u64,
    success: bool,
    /// Standard error.
    said: String,
}

impl Adb {
    /// The phones that adb knows, and how each stands: `device` is one that can be used.
    ///
    /// # Errors
    /// Where the program cannot be run, or says that it cannot look.
    pub fn list(program: &OsStr) -> Result<Vec<(String, String)>, AdbError> {
        let adb = Self { program: program.to_owned(), serial: None };
        let mut text = Vec::new();
        let ended = adb.run(&["devices"], ANSWER_LIMIT, &mut text).map_err(|error| missing(program, &error))?;
        if !ended.success {
            let program = program.to_string_lossy();
            let why = if ended.said.is_empty() { "it does not say why" } else { &ended.said };
            return Err(AdbError(format!("`{program} devices` failed: {why}")));
        }
        let text = String::from_utf8_lossy(&text);
        // `List of devices attached`, then a line for each: serial, tab, state.
        let lines = text.lines().filter_map(|line| line.split_once('\t'));
        Ok(lines.map(|(serial, state)| (serial.trim().to_owned(), state.trim().to_owned())).collect())
    }

    /// The phone named `serial`, or the only one.
    ///
    /// # Errors
    /// Where there is none, several and none is named, or it does not let this machine in: with what to do.
    pub fn choose(program: &OsStr, serial: Option<&str>) -> Result<Self, AdbError> {
        let phones = Self::list(program)?;
        let names = || phones.iter().map(|(serial, _)| serial.as_str()).collect::<Vec<_>>().join(", ");
        let (serial, state) = match (serial, phones.as_slice()) {
            (_, []) => {
                return Err(AdbError::new(
                    "no phone is connected: plug it in, and switch on USB debugging in its developer options \
                     (`wirewitness doctor` looks at it)",
                ));
            }
            (Some(wanted), _) => phones
                .iter()
                .find(|(serial, _)| serial == wanted)
                .ok_or_else(|| AdbError::new(format!("no phone {wanted:?} is connected; adb knows {}", names())))?,
            (None, [one]) => one,
            (None, _) => {
                return Err(AdbError::new(format!("several phones are connected; name one of {}", names())));
            }
        };
        match state.as_str() {
            "device" => Ok(Self { program: program.to_owned(), serial: Some(serial.clone()) }),
            "unauthorized" => Err(AdbError::new(format!(
                "the phone {serial} does not trust this machine yet: unlock it and allow debugging on its screen"
            ))),
            "offline" => Err(AdbError::new(format!(
                "the phone {serial} is offline: plug it in again, or run `adb kill-server` and try again"
            ))),
            _ => Err(AdbError::new(format!("the phone {serial} cannot be used: adb says {state:?}"))),
        }
    }

    /// Whether the phone can still be reached.
    pub fn is_there(&self) -> bool {
        let mut state = Vec::new();
        let ended = self.run(&["get-state"], WORDS_LIMIT, &mut state);
        ended.is_ok_and(|ended| ended.success && state.starts_with(b"device"))
    }

    /// Runs a command on the phone and returns what it prints. A command that the phone refuses
    /// is an empty answer.
    ///
    /// # Errors
    /// Where adb cannot be run, or the phone cannot be reached.
    pub fn shell(&self, command: &str) -> Result<String, AdbError> {
        self.answer(&["shell", command])
    }

    /// As [`shell`](Self::shell), for any command of adb's own.
    ///
    /// # Errors
    /// As [`shell`](Self::shell).
    pub fn answer(&self, arguments: &[&str]) -> Result<String, AdbError> {
        Ok(String::from_utf8_lossy(&self.ask(arguments, ANSWER_LIMIT)?).into_owned())
    }

    /// What a command on the phone prints, byte for byte, at most `limit` of it.
    ///
    /// # Errors
    /// As [`shell`](Self::shell).
    pub fn bytes(&self, command: &str, limit: u64) -> Result<Vec<u8>, AdbError> {
        self.ask(&["exec-out", command], limit)
    }

    /// A file of the phone into one that only its owner may read; what is there is replaced. Returns how many
    /// bytes came.
    ///
    /// # Errors
    /// Where adb cannot be run, or the file not be written.
    pub fn fetch(&self, from: &str, to: &Path) -> std::io::Result<u64> {
        let mut file = private_options().create(true).truncate(true).open(to)?;
        to_owner(to);
        let ended = self.run(&["exec-out", &format!("cat {from}")], u64::MAX, &mut file)?;
        file.sync_all()?;
        Ok(ended.length)
    }

    /// Starts a command on the phone whose output comes as it is, byte for byte.
    ///
    /// # Errors
    /// Where adb cannot be run.
    pub fn stream(&self, command: &str) -> Result<Child, AdbError> {
        let mut adb = self.command(&["exec-out", command]);
        adb.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().map_err(|error| missing(&self.program, &error))
    }

    fn ask(&self, arguments: &[&str], limit: u64) -> Result<Vec<u8>, AdbError> {
        let mut answer = Vec::new();
        let ended = self.run(arguments, limit, &mut answer).map_err(|error| missing(&self.program, &error))?;
        // adb's own words, not the phone's: no phone, several, or one that trusts nobody yet.
        if !ended.success && (ended.said.starts_with("error:") || ended.said.starts_with("adb:")) {
            let said = ended.said.trim_start_matches("adb:").trim();
            return Err(AdbError(format!("adb: {said}")));
        }
        Ok(answer)
    }

    /// Runs a command of adb's, at most `limit` bytes of whose output go `into` it.
    fn run(&self, arguments: &[&str], limit: u64, into: &mut dyn Write) -> std::io::Result<Ended> {
        let mut child = self.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        // Read at the same time: a command that writes much to standard error would otherwise block.
        let words = child.stderr.take().map(|errors| {
            std::thread::spawn(move || {
                let (mut errors, mut said) = (errors, Vec::new());
                // What was read before an error counts; the rest is let go.
                let _ = errors.by_ref().take(WORDS_LIMIT).read_to_end(&mut said);
                let _ = std::io::copy(&mut errors, &mut std::io::sink());
                said
            })
        });
        let copied = match child.stdout.take() {
            Some(output) => std::io::copy(&mut output.take(limit), into),
            None => Ok(0),
        };
        if copied.as_ref().map_or(true, |length| *length >= limit) {
            // A command with more output than is wanted is ended.
            let _ = child.kill();
        }
        let success = child.wait()?.success();
        let said = words.and_then(|words| words.join().ok()).unwrap_or_default();
        Ok(Ended { length: copied?, success, said: String::from_utf8_lossy(&said).trim().to_owned() })
    }

    /// How many seconds the phone's clock is ahead of this machine's.
    ///
    /// # Errors
    /// Where the phone cannot be reached, or does not say its time.
    pub fn clock_offset(&self) -> Result<Offset, AdbError> {
        let mut best = self.clock_offset_once()?;
        for _ in 1..CLOCK_ASKED {
            let next = self.clock_offset_once()?;
            if next.uncertainty < best.uncertainty {
                best = next;
            }
        }
        Ok(best)
    }

    fn clock_offset_once(&self) -> Result<Offset, AdbError> {
        let before = SystemTime::now();
        let text = self.shell("date +%s.%N")?;
        let after = SystemTime::now();
        let unix = |time: SystemTime| time.duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64());
        let said = text.trim();
        // A `date` that knows no nanoseconds leaves the letter: the second then is half over on average.
        let (seconds, fraction) = said.split_once('.').unwrap_or((said, "N"));
        let whole: i64 =
            seconds.parse().map_err(|_| AdbError(format!("`date` on the phone says {said:?}, which is no time")))?;
        let (fraction, coarse) = match fraction.parse::<u32>() {
            Ok(nanoseconds) => (f64::from(nanoseconds) / 1e9, 0.0),
            Err(_) => (0.5, 0.5),
        };
        let (before, after) = (unix(before), unix(after));
        let seconds = whole as f64 + fraction - f64::midpoint(before, after);
        Ok(Offset { seconds, uncertainty: (after - before).abs() / 2.0 + coarse })
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut adb = Command::new(&self.program);
        if let Some(serial) = &self.serial {
            adb.args(["-s", serial]);
        }
        adb.args(arguments).stdin(Stdio::null());
        // Ctrl-C in the terminal is for the recording: an answer that it cuts would be taken for the phone's.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut adb, 0);
        adb
    }
}

fn missing(program: &OsStr, error: &std::io::Error) -> AdbError {
    let program = program.to_string_lossy();
    AdbError(format!("{program} cannot be run ({error}); install Android's platform tools or give --adb"))
}
