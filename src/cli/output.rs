//! Where results go: standard output, or files in a folder; and what is said beside them.

use std::io::{BufWriter, IsTerminal, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use anyhow::Context;

use crate::session::private_options;

/// Writes all of `bytes` to standard output.
pub fn stdout(bytes: &[u8]) -> anyhow::Result<()> {
    stdout_with(|out| Ok(out.write_all(bytes)?))
}

/// Writes to standard output what `write` makes. A reader that has seen enough (`| head`) is no error:
/// the command ends as it would have, with the same exit code.
pub fn stdout_with(write: impl FnOnce(&mut dyn Write) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    match write(&mut out).and_then(|()| Ok(out.flush()?)) {
        Err(error) if is_broken_pipe(&error) => Ok(()),
        written => written,
    }
}

/// Nobody reads what is written.
pub fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let broken = |cause: &(dyn std::error::Error + 'static)| {
        cause.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
    };
    error.chain().any(broken)
}

/// Writes `folder/name`, making the folder where needed.
pub fn file(folder: &Path, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
    file_with(folder, name, |out| Ok(out.write_all(bytes)?))
}

/// Writes to `folder/name` what `write` makes.
pub fn file_with(
    folder: &Path,
    name: &str,
    write: impl FnOnce(&mut dyn Write) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let path = folder.join(name);
    let cannot = || format!("cannot write {}", path.display());
    let mut out = BufWriter::new(std::fs::File::create(&path).with_context(cannot)?);
    write(&mut out).and_then(|()| Ok(out.flush()?)).with_context(cannot)
}

/// Writes a new file that only its owner may read; one that is there is not overwritten.
pub fn private(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let mut file =
        private_options().create_new(true).open(path).with_context(|| format!("cannot write {}", path.display()))?;
    file.write_all(bytes).with_context(|| format!("cannot write {}", path.display()))
}

/// Makes a file that only its owner may read, or empties one that is there.
pub fn private_file(path: &Path) -> std::io::Result<std::fs::File> {
    private_options().create(true).truncate(true).open(path)
}

/// Reads a whole file of at most `limit` bytes.
pub fn read(path: &Path, limit: u64) -> anyhow::Result<Vec<u8>> {
    let cannot = || format!("{} cannot be read", path.display());
    let size = std::fs::metadata(path).with_context(cannot)?.len();
    anyhow::ensure!(size <= limit, "{} is {size} bytes; at most {limit} are read", path.display());
    std::fs::read(path).with_context(cannot)
}

/// Columns of standard output: those of the shell's COLUMNS, else of the terminal that it is; `None`: it is none.
pub fn columns() -> Option<u16> {
    if let Some(columns) = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()) {
        return Some(columns);
    }
    #[cfg(unix)]
    if std::io::stdout().is_terminal() {
        return rustix::termios::tcgetwinsize(std::io::stdout())
            .ok()
            .map(|size| size.ws_col)
            .filter(|width| *width > 0);
    }
    None
}

/// Says something that is no result, unless told to be quiet. A line that shows progress makes room.
pub fn say(quiet: bool, text: &str) {
    if !quiet {
        let mut shown = LIVE.lock().unwrap_or_else(PoisonError::into_inner);
        let clear = if std::mem::take(&mut *shown) { CLEAR } else { "" };
        // A closed standard error leaves nobody to tell.
        let _ = writeln!(std::io::stderr(), "{clear}{text}");
    }
}

/// Whether the last line of the terminal shows progress.
static LIVE: Mutex<bool> = Mutex::new(false);

/// Begins the terminal's line anew.
const CLEAR: &str = "\r\x1b[K";

/// A line on standard error that shows progress, written over itself. It goes when it is dropped.
pub struct LiveLine(());

impl LiveLine {
    /// One, where standard error is a terminal and nobody asked for quiet.
    pub fn begin(quiet: bool) -> Option<Self> {
        (!quiet && std::io::stderr().is_terminal()).then_some(Self(()))
    }

    /// Shows `text` instead of what it showed.
    pub fn show(&self, text: &str) {
        let mut shown = LIVE.lock().unwrap_or_else(PoisonError::into_inner);
        *shown = write!(std::io::stderr(), "{CLEAR}{text}").is_ok();
    }
}

impl Drop for LiveLine {
    fn drop(&mut self) {
        let mut shown = LIVE.lock().unwrap_or_else(PoisonError::into_inner);
        if std::mem::take(&mut *shown) {
            let _ = write!(std::io::stderr(), "{CLEAR}");
        }
    }
}
