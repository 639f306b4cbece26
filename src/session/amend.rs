//! `session.toml` with what a recorder knows: what a person wrote stays as it is.

use std::path::Path;

use toml_edit::{DocumentMut, Item, Table, TableLike, Value, value};

#[cfg(unix)]
use super::privacy::PRIVATE;
use super::{SessionError, place, read_text, to_owner};

/// `session.toml` is written by hand: far below this.
const LIMIT: u64 = 1 << 20;

/// What is to be noted in `session.toml`.
#[derive(Clone, Debug, Default)]
pub struct Amendment {
    /// Keys of its head: name and value. One that is there, even with another value, stays.
    pub keys: Vec<(&'static str, String)>,
    /// `[build]`, likewise key by key.
    pub build: Vec<(&'static str, String)>,
    /// `[time_shift."capture.pcapng"]`: capture, seconds to add, how sure (±), and how it is known. These are
    /// the recorder's own, and are written over.
    pub shifts: Vec<(String, f64, f64, String)>,
    /// Captures that went to make room: their shifts, which the recorder wrote, go with them.
    pub gone: Vec<String>,
}

/// Notes it in the session folder `folder`, and returns what stands there otherwise: key, what
/// stands there, what was to be noted.
///
/// # Errors
/// Where the file is no TOML, or cannot be read or written.
pub fn amend(folder: &Path, noted: &Amendment) -> Result<Vec<(String, String, String)>, SessionError> {
    let path = folder.join("session.toml");
    let text = if path.exists() { read_text(&path, LIMIT)? } else { String::new() };
    let broken = |error| SessionError::new(&path, place::problem_of_document(&text, &error));
    let mut document: DocumentMut = text.parse().map_err(broken)?;
    let mut otherwise = Vec::new();
    let mut keys = |table: &mut dyn TableLike, keys: &[(&str, String)]| {
        for (key, text) in keys.iter().filter(|(_, text)| !text.is_empty()) {
            match table.get(key).and_then(Item::as_value) {
                None => _ = table.insert(key, value(text)),
                Some(there) => {
                    let there = there.as_str().map_or_else(|| there.to_string().trim().to_owned(), str::to_owned);
                    if there != *text {
                        otherwise.push(((*key).to_owned(), there, text.clone()));
                    }
                }
            }
        }
    };
    keys(document.as_table_mut(), &noted.keys);
    if !noted.build.is_empty() {
        keys(table(&path, &mut document, "build", false)?, &noted.build);
    }
    for (capture, seconds, uncertainty, how) in &noted.shifts {
        let mut shift = Table::new();
        shift.insert("seconds", value(thousandths(*seconds)));
        shift.insert("uncertainty", value(thousandths(*uncertainty)));
        shift.insert("how", value(how));
        table(&path, &mut document, "time_shift", true)?.insert(capture, Item::Table(shift));
    }
    let shifts = document.get_mut("time_shift").and_then(Item::as_table_like_mut);
    if let Some(shifts) = shifts.filter(|_| !noted.gone.is_empty()) {
        noted.gone.iter().for_each(|capture| _ = shifts.remove(capture));
        if shifts.is_empty() {
            document.remove("time_shift");
        }
    }
    let changed = document.to_string();
    if changed != text {
        write(&path, &changed)?;
    }
    Ok(otherwise)
}

/// Clocks are not known to more than a millisecond over adb, and seldom to that.
fn thousandths(seconds: f64) -> Value {
    ((seconds * 1_000.0).round() / 1_000.0).into()
}

/// The table `name`, also where it is written in one line, made where needed; `implicit`: it holds nothing but tables.
fn table<'d>(
    path: &Path,
    document: &'d mut DocumentMut,
    name: &str,
    implicit: bool,
) -> Result<&'d mut dyn TableLike, SessionError> {
    let item = document.entry(name).or_insert_with(|| {
        let mut table = Table::new();
        table.set_implicit(implicit);
        Item::Table(table)
    });
    item.as_table_like_mut().ok_or_else(|| SessionError::new(path, format!("{name} is to be a table, [{name}]")))
}

/// Whole or not at all: a recording may be killed at any moment.
fn write(path: &Path, text: &str) -> Result<(), SessionError> {
    let failed = |error: std::io::Error| SessionError::new(path, format!("cannot be written: {error}"));
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".session").tempfile_in(folder).map_err(failed)?;
    std::io::Write::write_all(&mut file, text.as_bytes()).map_err(failed)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(path).map_or(PRIVATE, |there| there.permissions().mode() & 0o777);
        file.as_file().set_permissions(std::fs::Permissions::from_mode(mode)).map_err(failed)?;
    }
    file.persist(path).map_err(|error| failed(error.error))?;
    to_owner(path);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amended(before: &str, noted: &Amendment) -> (String, Vec<(String, String, String)>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("session.toml");
        if !before.is_empty() {
            std::fs::write(&path, before).unwrap();
        }
        let otherwise = amend(folder.path(), noted).unwrap();
        (std::fs::read_to_string(path).unwrap_or_default(), otherwise)
    }

    #[test]
    fn a_broken_file_is_told_by_its_line_and_not_by_what_stands_there() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("session.toml"), "app = \"a\"\nowner = 490154203237518x\n").unwrap();
        let error = amend(folder.path(), &Amendment::default()).unwrap_err().to_string();
        assert!(error.contains("session.toml") && error.contains("line 2"), "{error}");
        assert!(!error.contains("490154203237518"), "{error}");
    }

    /// As the template suggests them: `time_shift = { … }`.
    #[test]
    fn tables_in_one_line_are_added_to() {
        let before = "time_shift = { \"phone.pcap\" = -1.5 }\nbuild = { patch = \"2026-01-01\" }\n";
        let noted = Amendment {
            keys: Vec::new(),
            build: vec![("patch", "2026-02-05".to_owned()), ("os", "15".to_owned())],
            shifts: vec![("capture.pcapng".to_owned(), -1.25, 0.02, "asked".to_owned())],
            gone: Vec::new(),
        };
        let (after, otherwise) = amended(before, &noted);
        let table: toml::Table = after.parse().unwrap();
        assert_eq!(table["time_shift"]["phone.pcap"].as_float(), Some(-1.5));
        assert_eq!(table["time_shift"]["capture.pcapng"]["seconds"].as_float(), Some(-1.25));
        assert_eq!(table["build"]["os"].as_str(), Some("15"));
        assert_eq!(otherwise, [("patch".to_owned(), "2026-01-01".to_owned(), "2026-02-05".to_owned())]);
    }

    #[test]
    fn what_a_person_wrote_stays_and_the_rest_is_added_before_the_tables() {
        let before = "# ours\nversion = \"3.1\" # as the shop says\n\n[case]\nnumber = \"7\"\n";
        let noted = Amendment {
            keys: vec![("app", "com.example.tea".to_owned()), ("version", "3.2.0".to_owned())],
            build: vec![("patch", "2026-02-05".to_owned())],
            shifts: vec![("capture.pcapng".to_owned(), -1.2345, 0.02, "asked".to_owned())],
            gone: Vec::new(),
        };
        let (after, otherwise) = amended(before, &noted);
        let table: toml::Table = after.parse().unwrap();
        assert_eq!(table["app"].as_str(), Some("com.example.tea"), "{after}");
        assert_eq!(table["case"]["number"].as_str(), Some("7"));
        assert_eq!(table["build"]["patch"].as_str(), Some("2026-02-05"));
        assert_eq!(table["time_shift"]["capture.pcapng"]["seconds"].as_float(), Some(-1.235));
        assert!(after.starts_with("# ours\nversion = \"3.1\" # as the shop says\n"), "{after}");
        assert_eq!(otherwise, [("version".to_owned(), "3.1".to_owned(), "3.2.0".to_owned())]);
        // Once more: nothing but the recorder's own is written over.
        let again = Amendment { shifts: vec![("capture.pcapng".to_owned(), 2.0, 0.5, "again".to_owned())], ..noted };
        let (after, _) = amended(&after, &again);
        let table: toml::Table = after.parse().unwrap();
        assert_eq!(table["time_shift"]["capture.pcapng"]["seconds"].as_float(), Some(2.0), "{after}");
        assert_eq!(after.matches("com.example.tea").count(), 1);
    }

    #[test]
    fn the_shift_of_a_capture_that_went_goes_with_it() {
        let shift = |name: &str| (name.to_owned(), -1.0, 0.02, "asked".to_owned());
        let noted = Amendment { shifts: vec![shift("1.pcapng"), shift("2.pcapng")], ..Amendment::default() };
        let (before, _) = amended("app = \"com.example.tea\"\n", &noted);
        let gone = |names: &[&str]| Amendment {
            gone: names.iter().map(|name| (*name).to_owned()).collect(),
            ..Amendment::default()
        };
        let (after, _) = amended(&before, &gone(&["1.pcapng"]));
        let table: toml::Table = after.parse().unwrap();
        let left: Vec<&String> = table["time_shift"].as_table().unwrap().keys().collect();
        assert_eq!(left, ["2.pcapng"]);
        assert_eq!(amended(&after, &gone(&["2.pcapng", "3.pcapng"])).0, "app = \"com.example.tea\"\n");
    }

    #[test]
    fn a_file_that_is_no_toml_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("session.toml");
        std::fs::write(&path, "app = \n").unwrap();
        assert!(amend(folder.path(), &Amendment::default()).is_err());
        assert_eq!(std::fs::read_to_string(path).unwrap(), "app = \n");
    }
}
