//! What other tools wrote beside the traffic: files that hold no message of it.
//!
//! Takes the bytes of a file, hands on what it says as one of three kinds of statement: whose
//! socket one was, which host an app reached, which data an app's code asked the system for.
//! None of them is a flow: they name, corroborate, and stand beside it. It knows formats and
//! nothing of traffic; what the file's times mean where they have no zone is settled by
//! who has the capture.

mod aes_info;
mod camille;
mod pcapdroid_csv;
mod privacy_report;
mod privacy_sentry;
mod proc_net;
mod socket_trace;
mod table;
mod tracker_control;
mod xls;

use std::net::SocketAddr;
use std::path::Path;

use crate::evidence::{Gap, GapReason, Time, Transport, sha256_hex};

/// Bytes of a file that are read. A day of calls or sockets is some megabytes.
const FILE_LIMIT: u64 = 64 << 20;

/// Rows of a file that are read.
const ROWS: usize = 200_000;

/// Characters of a text that are kept: of a class, a host, what a call did.
const TEXT: usize = 255;

/// Classes of one stack that are kept.
const STACK: usize = 128;

/// A statement that a socket was an app's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Socket {
    /// Which transport.
    pub transport: Transport,
    /// Its own end; IPv4 in IPv6 is IPv4.
    pub local: SocketAddr,
    /// The other end, where it was connected.
    pub remote: Option<SocketAddr>,
    /// Package, process, or `uid 10123`.
    pub app: String,
    /// `app` is an id.
    pub is_id: bool,
    /// From when it is known to have been open.
    pub first: Option<Time>,
    /// Until when.
    pub last: Option<Time>,
    /// Classes on the stack of who wrote to it, the deepest first.
    pub stack: Vec<String>,
}

/// A statement that an app reached a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    /// Package or bundle id.
    pub app: Option<String>,
    /// Name or address.
    pub host: String,
    /// How often.
    pub count: u64,
    /// When first.
    pub first: Option<Time>,
    /// When last.
    pub last: Option<Time>,
}

/// When, as a table writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stamp {
    /// Known.
    At(Time),
    /// On the clock of a device or a computer, in a zone that the table does not say: days and
    /// time of the day, as nanoseconds, in the year given or some year.
    Local {
        /// Where the table has it.
        year: Option<i16>,
        /// From 1; or from 0, where the writer counts so.
        month: i8,
        /// From 1.
        day: i8,
        /// Nanoseconds since midnight.
        of_day: i64,
    },
    /// It does not say.
    Never,
}

/// A statement that an app's code asked the system for something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Package or bundle id.
    pub app: Option<String>,
    /// What was called and how the table describes it, for finding out what it is about.
    pub what: String,
    /// How often.
    pub count: u64,
    /// When.
    pub at: Stamp,
    /// Classes on the stack, the deepest first.
    pub stack: Vec<String>,
}

/// Which app a user id stands for.
pub type Package = (u32, String);

/// What one file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Witness {
    /// File name without folders.
    pub name: String,
    /// SHA-256 of the file.
    pub sha256: String,
    /// Its size.
    pub bytes: u64,
    /// Who wrote it and what it is: `PCAPdroid (CSV)`.
    pub format: &'static str,
    /// Rows that were read.
    pub rows: u64,
    /// See [`Socket`].
    pub sockets: Vec<Socket>,
    /// See [`Reached`].
    pub reached: Vec<Reached>,
    /// See [`Call`].
    pub calls: Vec<Call>,
    /// See [`Package`].
    pub packages: Vec<Package>,
    /// What of it could not be read.
    pub gaps: Vec<Gap>,
}

impl Witness {
    fn of(format: &'static str) -> Self {
        Self { format, ..Self::default() }
    }

    /// A list that is cut, or whose writer was killed while it wrote.
    fn cut(format: &'static str) -> Self {
        let mut witness = Self::of(format);
        witness.gap(GapReason::DamagedInput, "", "a list that is cut or no JSON; nothing of it was read");
        witness
    }

    /// What `read` makes of the rows of a table, each with the number that a person would give it, up to
    /// [`ROWS`] of them. A row that it makes nothing of (`None`) is counted as unread.
    fn of_rows<T>(
        format: &'static str,
        rows: impl IntoIterator<Item = (usize, T)>,
        mut read: impl FnMut(&mut Self, usize, T) -> Option<()>,
    ) -> Self {
        let mut witness = Self::of(format);
        for (number, row) in rows {
            if !witness.row() {
                break;
            }
            if read(&mut witness, number, row).is_none() {
                witness.unread_row(number);
            }
        }
        witness
    }

    /// Counts a row that was read, and says whether more may be.
    fn row(&mut self) -> bool {
        self.rows += 1;
        if self.rows as usize > ROWS {
            self.rows = ROWS as u64;
            let detail = format!("of a table, {ROWS} rows are read");
            self.gap(GapReason::Limit, "", &detail);
            return false;
        }
        true
    }

    fn gap(&mut self, reason: GapReason, at: &str, detail: &str) {
        match self.gaps.iter_mut().find(|gap| gap.reason == reason && gap.detail == detail) {
            Some(gap) => gap.count += 1,
            None => self.gaps.push(Gap::new(reason, at, detail)),
        }
    }

    fn unread_row(&mut self, number: usize) {
        self.gap(GapReason::DamagedInput, &format!("row {number}"), "rows that are cut or not of the table's form");
    }
}

/// What `path` says, where it is a file of a known kind; `None` for any other.
pub fn read(path: &Path) -> Option<Witness> {
    let size = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?.len();
    if size > FILE_LIMIT {
        return None;
    }
    let bytes = std::fs::read(path).ok()?;
    let mut witness = parse(&bytes)?;
    witness.name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    witness.sha256 = sha256_hex(&bytes);
    witness.bytes = size;
    for gap in &mut witness.gaps {
        gap.at = format!("{} {}", witness.name, gap.at).trim_end().to_owned();
    }
    Some(witness)
}

/// What `bytes` say, told apart by content.
fn parse(bytes: &[u8]) -> Option<Witness> {
    if table::is_workbook(bytes) {
        return match table::sheets(bytes) {
            Ok(sheets) => camille::of_table(&sheets).or_else(|| privacy_sentry::of_table(&sheets)),
            // Whose it would have been is not known.
            Err(_) => None,
        };
    }
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_start_matches('\u{feff}');
    if text.trim_start().starts_with('[') {
        let list: Vec<serde_json::Value> = match serde_json::from_str(text) {
            Ok(list) => list,
            Err(_) => return socket_trace::damaged(text).or_else(|| aes_info::damaged(text)),
        };
        return aes_info::of_list(&list)
            .or_else(|| socket_trace::of_list(&list))
            .or_else(|| camille::of_list(&list))
            .or_else(|| privacy_sentry::of_list(&list));
    }
    if text.trim_start().starts_with('{') {
        return privacy_report::of_lines(text);
    }
    pcapdroid_csv::of_text(text).or_else(|| tracker_control::of_text(text)).or_else(|| proc_net::of_text(text))
}

/// A text without control characters and with an end.
fn short(text: &str) -> String {
    text.trim().chars().filter(|c| !c.is_control()).take(TEXT).collect()
}

/// Milliseconds or seconds since the epoch: in this century, one is a thousand times the other.
fn epoch(number: f64) -> Option<Time> {
    let seconds = if number > 1e11 { number / 1000.0 } else { number };
    // 2262, where `Time` ends.
    (seconds > 0.0 && seconds < 9.2e9).then(|| Time((seconds * 1e6).round() as i64 * 1000))
}

/// The classes of a stack as Java prints it: `at com.example.Thing.method(Thing.java:12)`.
fn classes(stack: &str) -> Vec<String> {
    let lines = stack.split(['\n', '\r']).map(str::trim).filter(|line| !line.is_empty());
    lines
        .map(|line| line.strip_prefix("at ").unwrap_or(line))
        .filter_map(|line| line.split('(').next()?.trim().rsplit_once('.').map(|(class, _)| short(class)))
        .take(STACK)
        .collect()
}

/// A package or bundle id.
fn is_id(text: &str) -> bool {
    text.len() <= TEXT
        && text.contains('.')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests;
