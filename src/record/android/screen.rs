//! Pictures of the phone's screen at marks: `marks/…png`, listed with their hash.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

use serde::{Deserialize, Serialize};

use crate::evidence::{Time, sha256_hex};
use crate::record::adb::Adb;
use crate::session::{Mark, PRIVATE, private_folder, to_invoker};

/// Their folder in the session: a reader of captures passes it over.
const FOLDER: &str = "marks";
/// Lists them.
const LIST: &str = "screens.jsonl";
/// A screen of 8K as PNG without compression would be larger.
const LARGEST: usize = 64 << 20;

/// A picture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shot {
    /// When it was there: somewhat after the mark.
    pub time: Time,
    /// The mark.
    pub mark: String,
    /// File in the folder `marks`.
    pub file: String,
    /// Of its bytes.
    pub sha256: String,
}

/// Takes pictures, one after the other, while the recording goes on.
pub struct Screens {
    marks: Sender<Mark>,
    worker: JoinHandle<()>,
}

impl Screens {
    /// Into the session folder.
    pub fn new(adb: Adb, folder: &Path) -> Self {
        let (marks, taken) = channel::<Mark>();
        let folder = folder.join(FOLDER);
        let worker = std::thread::spawn(move || {
            for mark in taken {
                // A picture that fails costs no more than the picture.
                let _ = take(&adb, &folder, &mark);
            }
        });
        Self { marks, worker }
    }

    /// One more.
    pub fn take(&self, mark: &Mark) {
        let _ = self.marks.send(mark.clone());
    }

    /// Waits for those that were asked for.
    pub fn finish(self) {
        drop(self.marks);
        let _ = self.worker.join();
    }
}

fn take(adb: &Adb, folder: &Path, mark: &Mark) -> std::io::Result<Shot> {
    let output = adb.command(&["exec-out", "screencap -p"]).output()?;
    let (png, time) = (output.stdout, Time::now());
    // The signature of PNG; anything else is a message.
    if !png.starts_with(b"\x89PNG\r\n\x1a\n") || png.len() > LARGEST {
        return Err(std::io::Error::from(std::io::ErrorKind::InvalidData));
    }
    private_folder(folder)?;
    let file = fresh(folder, &mark.mark)?;
    let mut picture = private(&folder.join(&file))?;
    picture.write_all(&png)?;
    let shot = Shot { time, mark: mark.mark.clone(), file, sha256: sha256_hex(&png) };
    let mut line = serde_json::to_string(&shot)?;
    line.push('\n');
    private(&folder.join(LIST))?.write_all(line.as_bytes())?;
    Ok(shot)
}

/// `001-launched.png`: the first number that is free.
fn fresh(folder: &Path, mark: &str) -> std::io::Result<String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let word: String = mark.chars().map(|c| if is_plain(c) { c } else { '-' }).take(40).collect();
    let taken: Vec<String> = std::fs::read_dir(folder)?
        .filter_map(|entry| entry.ok().map(|entry| entry.file_name().to_string_lossy().into_owned()))
        .collect();
    let numbers = taken.iter().filter_map(|name| name.split('-').next()?.parse::<u32>().ok());
    Ok(format!("{:03}-{word}.png", numbers.max().unwrap_or(0).saturating_add(1)))
}

/// Opened for its owner alone; what is there is added to.
fn private(path: &Path) -> std::io::Result<std::fs::File> {
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, PRIVATE);
    let file = options.open(path)?;
    to_invoker(path);
    Ok(file)
}

/// The pictures of a session, each with whether its file is still what was listed.
pub fn shots(folder: &Path) -> Vec<(Shot, bool)> {
    let folder: PathBuf = folder.join(FOLDER);
    let read = |path: &Path| -> std::io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        std::fs::File::open(path)?.take(LARGEST as u64 + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let text = read(&folder.join(LIST)).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let listed = text.lines().filter_map(|line| serde_json::from_str::<Shot>(line).ok());
    listed
        .map(|shot| {
            // A name from a file: it leads nowhere else.
            let name = Path::new(&shot.file).file_name().unwrap_or_default();
            let same = read(&folder.join(name)).is_ok_and(|bytes| sha256_hex(&bytes) == shot.sha256);
            (shot, same)
        })
        .collect()
}
