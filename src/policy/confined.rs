//! A PDF, read in a child process.
//!
//! The parser is large and other people's, and the documents come from strangers: one of a
//! few kilobytes may unpack to gigabytes or have no end. So the program runs itself again
//! with limits on memory and processor time; what the child hands back is data. Where a system
//! does not limit the memory of a process, a remark says so; where it does not limit its
//! processor time either, the child is ended by the clock.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{OnceLock, mpsc};
use std::time::Duration;

use super::MOST_BYTES;
use super::model::Remark;
use super::readers::{Document, pdf};

/// The hidden command that the child is given.
pub const COMMAND: &str = "read-pdf";

/// Memory of the child, in bytes. Policies of 300 pages take 60 MiB; a document may be
/// 64 MiB itself.
const MOST_MEMORY: u64 = 512 << 20;
/// Processor time of the child, in seconds. Policies of 300 pages take one.
const MOST_SECONDS: u64 = 20;
/// How long the child may take where nothing counts its processor time: other programs run too.
const PATIENCE: Option<Duration> = if cfg!(unix) { None } else { Some(Duration::from_secs(3 * MOST_SECONDS)) };
/// Whether this system holds the child to [`MOST_MEMORY`]: macOS does not limit the address space of
/// a process, and elsewhere there is no such call.
const BOUNDS_MEMORY: bool = cfg!(target_os = "linux");
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
    let Some(answer) = ask(&mut child, bytes, PATIENCE) else {
        return Err(format!("a PDF that cannot be read: reading it takes more than {} s", 3 * MOST_SECONDS));
    };
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

/// What the child answers to `bytes`, or the beginning of it where that is too long. `None`: it took longer than
/// may be waited, and was ended.
fn ask(child: &mut Child, bytes: &[u8], patience: Option<Duration>) -> Option<Vec<u8>> {
    let (input, output) = (child.stdin.take(), child.stdout.take());
    std::thread::scope(|scope| {
        let (sender, answers) = mpsc::channel();
        scope.spawn(move || {
            // The child takes all of it before it answers. One that ended early says so by its status.
            if let Some(mut input) = input {
                let _ = input.write_all(bytes);
            }
            let mut answer = Vec::new();
            if let Some(output) = output {
                let _ = output.take(MOST_ANSWER + 1).read_to_end(&mut answer);
            }
            let _ = sender.send(answer);
        });
        let Some(patience) = patience else { return answers.recv().ok() };
        let answer = answers.recv_timeout(patience).ok();
        if answer.is_none() {
            // That ends both pipes, and with them the thread.
            let _ = child.kill();
            let _ = child.wait();
        }
        answer
    })
}

/// That the memory that reading `name` takes was not bounded, where it was not.
pub fn unbounded(name: &str) -> Option<Remark> {
    (!BOUNDS_MEMORY).then(|| Remark {
        code: "memory-not-bounded".to_owned(),
        message: format!(
            "{name}: this system does not limit the memory of the process that read this PDF: read PDFs of strangers on Linux"
        ),
        message_zh: format!("{name}：本系统无法限制读取该 PDF 的进程所用内存；来源不明的 PDF 请在 Linux 上读取"),
        spans: Vec::new(),
    })
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
    if BOUNDS_MEMORY {
        memory?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn limit() -> std::io::Result<()> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn started(program: &str, argument: &str) -> Child {
        let mut command = Command::new(program);
        command.arg(argument).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it is everywhere")
    }

    #[test]
    fn a_child_that_takes_too_long_is_ended() {
        let mut child = started("sleep", "60");
        let begun = std::time::Instant::now();
        assert_eq!(ask(&mut child, &[0; 1 << 20], Some(Duration::from_millis(50))), None);
        assert!(begun.elapsed() < Duration::from_secs(30), "it was not waited for");
        assert!(!child.wait().expect("it ended").success());
    }

    #[test]
    fn an_answer_in_time_is_whole() {
        let sent = vec![b'a'; 1000];
        for patience in [None, Some(Duration::from_secs(60))] {
            assert_eq!(ask(&mut started("cat", "-"), &sent, patience).as_deref(), Some(&sent[..]));
        }
    }
}
