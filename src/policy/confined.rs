//! A PDF, read in a child process.
//!
//! The parser is large and other people's, and the documents come from strangers: one of a
//! few kilobytes may unpack to gigabytes or have no end. So the program runs itself again
//! with limits on memory and processor time; what the child hands back is data.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::OnceLock;

use super::MOST_BYTES;
use super::readers::{Document, pdf};

/// The hidden command that the child is given.
pub const COMMAND: &str = "read-pdf";

/// Memory of the child, in bytes. Policies of 300 pages take 60 MiB; a document may be
/// 64 MiB itself.
const MOST_MEMORY: u64 = 512 << 20;
/// Processor time of the child, in seconds. Policies of 300 pages take one.
const MOST_SECONDS: u64 = 20;
/// What the child may hand back, in bytes: a document of the largest size and its places.
const MOST_ANSWER: u64 = 4 * MOST_BYTES;

static PROGRAM: OnceLock<PathBuf> = OnceLock::new();

/// Says which program reads PDFs: one that answers to [`COMMAND`] with [`serve`]. Only the
/// first call in a process counts.
pub fn confine(program: PathBuf) {
    let _ = PROGRAM.set(program);
}

/// The document; the error is words for the user.
pub fn read_pdf(bytes: &[u8]) -> Result<Document, String> {
    let failed = |error: std::io::Error| format!("a PDF, and no process can be started to read it ({error})");
    let program = PROGRAM.get().ok_or("a PDF, and no program is named that reads it")?;
    let mut child = Command::new(program)
        .arg(COMMAND)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(failed)?;
    // The child takes all of it before it answers. One that ended early says so by its status.
    if let Some(mut input) = child.stdin.take() {
        let _ = input.write_all(bytes);
    }
    let mut answer = Vec::new();
    if let Some(output) = child.stdout.take() {
        let _ = output.take(MOST_ANSWER + 1).read_to_end(&mut answer);
    }
    if answer.len() as u64 > MOST_ANSWER {
        let _ = child.kill();
        let _ = child.wait();
        return Err(format!("a PDF with more than {} MiB of text", MOST_ANSWER >> 20));
    }
    let status = child.wait().map_err(failed)?;
    if !status.success() {
        return Err(format!("a PDF that cannot be read: reading it {}", why(status)));
    }
    serde_json::from_slice::<Result<Document, String>>(&answer)
        .map_err(|error| format!("a PDF that cannot be read ({error})"))?
}

#[cfg(unix)]
fn why(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match status.signal() {
        // SIGXCPU, and SIGKILL where that was not enough.
        Some(24 | 9) => format!("takes more than {MOST_SECONDS} s of processor time"),
        // A Rust program ends so where memory runs out, or where its stack does.
        Some(6 | 11) => format!("needs more than {} MiB of memory, or it nests too deep", MOST_MEMORY >> 20),
        Some(signal) => format!("was ended by signal {signal}"),
        None => "failed".to_owned(),
    }
}

#[cfg(not(unix))]
fn why(_: ExitStatus) -> String {
    "failed".to_owned()
}

/// The child: limits itself, reads a PDF from standard input, answers on standard output.
pub fn serve() -> std::io::Result<()> {
    limit()?;
    let mut bytes = Vec::new();
    std::io::stdin().take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    let answer = pdf::read(bytes);
    serde_json::to_writer(std::io::stdout().lock(), &answer)?;
    std::io::stdout().flush()
}

#[cfg(unix)]
fn limit() -> std::io::Result<()> {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let to = |soft: u64, hard: u64| Rlimit { current: Some(soft), maximum: Some(hard) };
    setrlimit(Resource::Cpu, to(MOST_SECONDS, MOST_SECONDS + 1))?;
    setrlimit(Resource::Core, to(0, 0))?;
    let memory = setrlimit(Resource::As, to(MOST_MEMORY, MOST_MEMORY));
    // Not every system limits address space (macOS does not); there it is the time alone.
    if cfg!(target_os = "linux") {
        memory?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn limit() -> std::io::Result<()> {
    Ok(())
}
