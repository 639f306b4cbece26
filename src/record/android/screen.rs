//! Pictures of the phone's screen at marks: `marks/…png`, listed with their hash.

use std::io::{Read, Write};
use std::path::Path;
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

use serde::{Deserialize, Serialize};

use crate::evidence::{Time, sha256_hex};
use crate::record::adb::Adb;
use crate::session::{Mark, private_folder, private_options, to_owner};

/// Their folder in the session: a reader of captures passes it over.
const FOLDER: &str = "marks";
/// Lists them.
const LIST: &str = "screens.jsonl";
/// A screen of 8K as PNG without compression would be larger.
const LARGEST: u64 = 64 << 20;
/// Pictures of a session: a mark a second for a day.
const NUMBERS: u32 = 100_000;

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

/// Pictures that could not be taken.
#[derive(Debug, Default)]
struct Failed {
    count: u64,
    /// The mark of the first, and why.
    first: String,
}

/// Takes pictures, one after the other, while the recording goes on.
pub struct Screens {
    marks: Sender<Mark>,
    worker: JoinHandle<Failed>,
}

impl Screens {
    /// Into the session folder.
    pub fn new(adb: Adb, folder: &Path) -> Self {
        let (marks, taken) = channel::<Mark>();
        let folder = folder.join(FOLDER);
        let worker = std::thread::spawn(move || {
            let mut failed = Failed::default();
            for mark in taken {
                // A picture that fails costs no more than the picture.
                if let Err(error) = take(&adb, &folder, &mark) {
                    failed.count += 1;
                    if failed.first.is_empty() {
                        failed.first = format!("{}: {error}", mark.mark);
                    }
                }
            }
            failed
        });
        Self { marks, worker }
    }

    /// One more.
    pub fn take(&self, mark: &Mark) {
        // The worker ends with the channel: there is always one that takes it.
        let _ = self.marks.send(mark.clone());
    }

    /// Waits for those that were asked for, and says what of them is missing.
    pub fn finish(self) -> Option<String> {
        drop(self.marks);
        match self.worker.join() {
            Ok(Failed { count: 0, .. }) => None,
            Ok(Failed { count, first }) => {
                Some(format!("{count} pictures of the screen could not be taken, the first at {first}"))
            }
            Err(_) => Some("pictures of the screen are missing: what takes them ended early".to_owned()),
        }
    }
}

fn take(adb: &Adb, folder: &Path, mark: &Mark) -> std::io::Result<()> {
    let png = adb.bytes("screencap -p", LARGEST + 1).map_err(std::io::Error::other)?;
    let time = Time::now();
    // The signature of PNG; anything else is a message.
    if !png.starts_with(b"\x89PNG\r\n\x1a\n") || png.len() as u64 > LARGEST {
        return Err(std::io::Error::other("the phone gave no picture (a locked screen, or an app that forbids it)"));
    }
    private_folder(folder)?;
    let file = write(folder, &mark.mark, &png)?;
    let shot = Shot { time, mark: mark.mark.clone(), file, sha256: sha256_hex(&png) };
    let mut line = serde_json::to_string(&shot)?;
    line.push('\n');
    let list = folder.join(LIST);
    private_options().create(true).append(true).open(&list)?.write_all(line.as_bytes())?;
    to_owner(&list);
    Ok(())
}

/// Into `001-launched.png`, by the first number after those that are there; what is there is never written over.
fn write(folder: &Path, mark: &str, png: &[u8]) -> std::io::Result<String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let word: String = mark.chars().map(|c| if is_plain(c) { c } else { '-' }).take(40).collect();
    let there = std::fs::read_dir(folder)?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let numbers = there.filter_map(|name| name.split('-').next()?.parse::<u32>().ok());
    for number in numbers.max().unwrap_or(0).saturating_add(1)..NUMBERS {
        let name = format!("{number:03}-{word}.png");
        let path = folder.join(&name);
        match private_options().create_new(true).open(&path) {
            Ok(mut picture) => {
                if let Err(error) = picture.write_all(png) {
                    // Half a picture is none, and stands in no list.
                    let _ = std::fs::remove_file(&path);
                    return Err(error);
                }
                to_owner(&path);
                return Ok(name);
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(std::io::Error::other(format!("{} holds more pictures than are numbered", folder.display())))
}

/// The pictures of a session, each with whether its file is still what was listed, and how many lines of the list
/// cannot be read.
pub fn shots(folder: &Path) -> (Vec<(Shot, bool)>, usize) {
    let folder = folder.join(FOLDER);
    let read = |path: &Path| -> std::io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        std::fs::File::open(path)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let text = read(&folder.join(LIST)).unwrap_or_default();
    let (mut shots, mut unread) = (Vec::new(), 0);
    for line in String::from_utf8_lossy(&text).lines().filter(|line| !line.trim().is_empty()) {
        let Ok(shot) = serde_json::from_str::<Shot>(line) else {
            unread += 1;
            continue;
        };
        // A name from a file: it leads nowhere else.
        let name = Path::new(&shot.file).file_name().unwrap_or_default();
        let same = read(&folder.join(name)).is_ok_and(|bytes| sha256_hex(&bytes) == shot.sha256);
        shots.push((shot, same));
    }
    (shots, unread)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_taken_meanwhile_is_left_and_a_cut_line_is_counted() {
        let folder = tempfile::tempdir().unwrap();
        let marks = folder.path().join(FOLDER);
        std::fs::create_dir(&marks).unwrap();
        assert_eq!(write(&marks, "scenario:a/b", b"one").unwrap(), "001-scenario-a-b.png");
        assert_eq!(write(&marks, "launched", b"two").unwrap(), "002-launched.png");
        let list = concat!(
            r#"{"time":"2026-03-01T08:00:00.000000Z","mark":"launched","file":"002-launched.png","sha256":"#,
            // By `printf two | sha256sum`.
            r#""3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3"}"#,
            "\n{\"time\":\"2026-\n"
        );
        std::fs::write(marks.join(LIST), list).unwrap();
        let (shots, unread) = shots(folder.path());
        assert_eq!((shots.iter().map(|(_, same)| *same).collect::<Vec<bool>>(), unread), (vec![true], 1));
    }
}
