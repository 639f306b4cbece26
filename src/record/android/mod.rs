//! A phone records, over adb: by tcpdump where it is rooted, else by the app PCAPdroid.
//!
//! The phone's times are of its own clock. How far that is ahead is measured before and after, and
//! goes into `session.toml` as the shift of each capture; marks stay on the clock of this machine.

mod about;
mod apk;
mod pcapdroid;
mod root;
mod screen;
mod tcpdump;

use std::path::{Path, PathBuf};

use super::adb::{Adb, AdbError, Offset};
use super::dumper::Settings;
use super::error::RecordError;
use super::{Progress, Recording};
use crate::report::checks::{Check, State};
use crate::session::{self, Amendment, Description, Known, Mark, Recorded, amend};

pub use about::About;
pub use apk::certificate_of;
pub use screen::{Screens, Shot, shots};

/// What records on the phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// tcpdump, as root.
    Tcpdump,
    /// The app PCAPdroid, told by intents.
    Pcapdroid,
}

/// What to record, and how.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The phone.
    pub adb: Adb,
    /// Package whose traffic counts; else that of `session.toml`.
    pub app: Option<String>,
    /// What records; else what is there.
    pub by: Option<By>,
    /// Interface (of the phone), filter, files.
    pub settings: Settings,
    /// PCAPdroid's API key, where it asks for one.
    pub api_key: Option<String>,
    /// PCAPdroid is to open TLS, and to hand over its key log.
    pub decrypt: bool,
    /// A picture of the screen at each mark.
    pub screens: bool,
}

/// A recording on a phone.
pub struct Android {
    adb: Adb,
    folder: PathBuf,
    inner: Box<dyn Recording>,
    before: Offset,
    /// Captures whose shift is noted, and that are still there.
    noted: Vec<PathBuf>,
    screens: Option<Screens>,
    remarks: Vec<String>,
}

impl Android {
    /// Looks at phone and app, starts recording into `folder`, and notes both in its `session.toml`.
    /// `say` hears what a person should know.
    ///
    /// # Errors
    /// Where the phone cannot be used, with what to do.
    pub fn open(wanted: Wanted, folder: &Path, say: &mut dyn FnMut(String)) -> Result<Self, RecordError> {
        let adb = wanted.adb.clone();
        let written = folder.join("session.toml");
        let described = if written.exists() { Description::read(&written)? } else { Description::default() };
        let app = wanted.app.clone().or(described.app);
        let about = About::read(&adb, app.as_deref())?;
        say(format!("phone: {}", about.device()));
        let before = adb.clock_offset()?;
        say(format!("its clock is {:+.3} s ahead of this machine's (±{:.3})", before.seconds, before.uncertainty));
        let inner: Box<dyn Recording> = match chosen(&wanted, app.as_deref(), say)? {
            Way::Tcpdump(root, program) => Box::new(tcpdump::Tcpdump::open(&wanted, &root, &program, folder, before)?),
            Way::Pcapdroid => Box::new(pcapdroid::Pcapdroid::open(&wanted, app.as_deref(), folder, say)?),
        };
        let settings = &wanted.settings;
        let recorded = Recorded {
            interface: Some(settings.interface.clone()),
            filter: Some(settings.filter.clone()).filter(|filter| !filter.is_empty()),
            clock: "of the phone for packets, whose shift is below; of the machine that recorded for marks".to_owned(),
            ..Recorded::now("record")
        };
        session::begin(folder, &Known { app, recorded: Some(recorded), ..Known::default() })?;
        let noted = Amendment { keys: about.keys(), build: about.build(), ..Amendment::default() };
        for (key, there, found) in amend(folder, &noted)? {
            say(format!("session.toml says {key} = {there:?}, the phone {found:?}; what stands there was left"));
        }
        let screens = wanted.screens.then(|| Screens::new(adb.clone(), folder));
        let mut recording =
            Self { adb, folder: folder.to_owned(), inner, before, noted: Vec::new(), screens, remarks: Vec::new() };
        recording.note(None);
        Ok(recording)
    }

    /// Notes the shift of the capture that is being written, once it is there; with a second measurement,
    /// of all of them. What is recorded is worth more than the note: where that fails, it is remarked.
    fn note(&mut self, after: Option<Offset>) {
        let path = self.inner.path();
        let fresh = path.is_file() && self.noted.last().is_none_or(|last| last != path);
        if fresh {
            self.noted.push(path.to_owned());
        } else if after.is_none() {
            return;
        }
        let (seconds, uncertainty, how) = shift(self.before, after);
        let name = |path: &PathBuf| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let gone = self.noted.extract_if(.., |path| !path.is_file()).map(|path| name(&path)).collect();
        let shifts = self.noted.iter().map(|path| (name(path), seconds, uncertainty, how.clone())).collect();
        if let Err(error) = amend(&self.folder, &Amendment { shifts, gone, ..Amendment::default() }) {
            let what = format!("the shift of the phone's clock ({seconds:+.3} s) could not be noted: {error}");
            self.remarks.push(what);
        }
    }
}

impl Recording for Android {
    fn path(&self) -> &Path {
        self.inner.path()
    }

    fn progress(&self) -> Progress {
        self.inner.progress()
    }

    fn step(&mut self) -> Result<bool, RecordError> {
        let goes_on = self.inner.step()?;
        self.note(None);
        Ok(goes_on)
    }

    fn marked(&mut self, mark: &Mark) {
        self.screens.iter().for_each(|screens| screens.take(mark));
    }

    fn finish(&mut self) -> Result<Progress, RecordError> {
        // While the phone is still there.
        let after = self.adb.clock_offset().ok();
        let progress = self.inner.finish();
        self.remarks.extend(self.screens.take().and_then(Screens::finish));
        self.note(after);
        progress
    }

    fn remarks(&self) -> Vec<String> {
        [self.inner.remarks(), self.remarks.clone()].concat()
    }
}

/// The shift of a capture on the phone's clock, how sure it is, and how it is known. Between two
/// measurements the clock may have run off or been set: its way counts to how wrong it can be.
fn shift(before: Offset, after: Option<Offset>) -> (f64, f64, String) {
    let said = |offset: Offset| format!("{:+.3} s ±{:.3}", offset.seconds, offset.uncertainty);
    match after {
        None => {
            (-before.seconds, before.uncertainty, format!("the phone's clock, asked before: ahead {}", said(before)))
        }
        Some(after) => {
            let middle = f64::midpoint(before.seconds, after.seconds);
            let uncertainty = (before.seconds - after.seconds).abs() / 2.0 + before.uncertainty.max(after.uncertainty);
            let how = format!("the phone's clock, asked before and after: ahead {}, {}", said(before), said(after));
            (-middle, uncertainty, how)
        }
    }
}

/// Whether `phone` can record as it stands, for `doctor`: nothing is changed on it.
pub fn readiness(phone: &Adb) -> Option<Check> {
    let subject = format!("record --android on {}", phone.serial.as_deref().unwrap_or("phone"));
    let root = root::Root::there(phone).ok()?;
    let tcpdump = match &root {
        Some(root) => tcpdump::program(phone, root).ok()?,
        None => None,
    };
    let pcapdroid = about::is_installed(phone, pcapdroid::PACKAGE).ok()?;
    // Builds for development, and emulators among them, become root when they are told.
    let may_be_root = phone.shell("getprop ro.debuggable").ok()?.trim() == "1";
    Some(match (tcpdump, root, pcapdroid) {
        (Some(program), ..) => Check::found(
            State::Good,
            subject,
            format!("可以：已 root，tcpdump 在 {program}"),
            format!("can: it is rooted, with {program}"),
        ),
        (None, _, true) => Check::found(State::Good, subject, "可以：用 PCAPdroid", "can, by PCAPdroid"),
        (None, None, false) if may_be_root => Check::found(
            State::Good,
            subject,
            "可以在录制时成为 root（adb root）",
            "can become root when it records (adb root)",
        ),
        (None, Some(_), false) => {
            Check::found(State::Lacking, subject, "已 root，但没有 tcpdump", "it is rooted, but has no tcpdump").then(
                "adb push tcpdump /data/local/tmp/，再 adb shell chmod 755 /data/local/tmp/tcpdump。",
                "adb push tcpdump /data/local/tmp/, and adb shell chmod 755 /data/local/tmp/tcpdump.",
            )
        }
        (None, None, false) => {
            Check::found(State::Note, subject, "没有 root，也没有 PCAPdroid", "neither rooted nor with PCAPdroid").then(
                "只有用 `record --android` 时才需要：安装 PCAPdroid，或用不带 Google Play 的模拟器，见 docs/phone.md。",
                "Only needed for `record --android`: install PCAPdroid, or use an emulator without Google Play; see docs/phone.md.",
            )
        }
    })
}

enum Way {
    Tcpdump(root::Root, String),
    Pcapdroid,
}

/// What can record on this phone, of what is wanted.
fn chosen(wanted: &Wanted, app: Option<&str>, say: &mut dyn FnMut(String)) -> Result<Way, RecordError> {
    let adb = &wanted.adb;
    let tcpdump = |say: &mut dyn FnMut(String)| -> Result<Result<Way, String>, AdbError> {
        let Some(root) = root::Root::find(adb, say)? else {
            return Ok(Err("the phone is not rooted (neither `su` nor `adb root` gives root)".to_owned()));
        };
        Ok(match tcpdump::program(adb, &root)? {
            Some(program) => Ok(Way::Tcpdump(root, program)),
            None => Err("the phone has no tcpdump: push one that is built for it, `adb push tcpdump \
                         /data/local/tmp/` and `adb shell chmod 755 /data/local/tmp/tcpdump`"
                .to_owned()),
        })
    };
    match wanted.by {
        Some(By::Tcpdump) if wanted.decrypt => {
            Err(AdbError::new("tcpdump opens no TLS: leave --decrypt out, or --by pcapdroid").into())
        }
        Some(By::Tcpdump) => Ok(tcpdump(say)?.map_err(|why| AdbError::new(format!("{why}; or --by pcapdroid")))?),
        Some(By::Pcapdroid) => Ok(Way::Pcapdroid),
        // tcpdump opens nothing.
        None if wanted.decrypt => Ok(Way::Pcapdroid),
        None => match tcpdump(say)? {
            Ok(way) => Ok(way),
            Err(_) if about::is_installed(adb, pcapdroid::PACKAGE)? => {
                let whose = if app.is_some() { "" } else { ", of all apps (--app PACKAGE keeps to one)" };
                say(format!("recording by PCAPdroid{whose}"));
                Ok(Way::Pcapdroid)
            }
            Err(why) => Err(AdbError::new(format!(
                "{why}, and PCAPdroid ({}) is not installed: root it, use an emulator without Google Play, or \
                 install PCAPdroid",
                pcapdroid::PACKAGE
            ))
            .into()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_ran_off_is_known_less_well() {
        let at = |seconds, uncertainty| Offset { seconds, uncertainty };
        let (seconds, uncertainty, _) = shift(at(1.0, 0.02), None);
        assert!((seconds + 1.0).abs() < 1e-9 && (uncertainty - 0.02).abs() < 1e-9);
        let (seconds, uncertainty, how) = shift(at(1.0, 0.02), Some(at(1.5, 0.01)));
        assert!((seconds + 1.25).abs() < 1e-9 && (uncertainty - 0.27).abs() < 1e-9, "{how}");
    }
}
