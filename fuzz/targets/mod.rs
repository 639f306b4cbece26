//! The parsers of foreign bytes, each as a function of bytes that must come back: without a
//! panic, in bounded time and memory. `fuzz/src/main.rs` runs them on what libFuzzer makes up,
//! `tests/corpora.rs` on the corpora and on every input that once broke one.

use std::path::PathBuf;
use std::sync::LazyLock;

use wirewitness::signatures::Signatures;

/// Targets that differ in the name alone under which the module's `read` takes the bytes.
macro_rules! read_as {
    ($($(#[$doc:meta])* $target:ident $name:literal;)*) => {
        $($(#[$doc])* pub fn $target(bytes: &[u8]) {
            read($name, bytes);
        })*
    };
}

mod beside;
mod capture;
mod import;
mod message;
mod net;
mod payload;
mod policy;
mod record;
mod report;
mod secure;
mod session;

/// One parser.
pub struct Target {
    /// As `FUZZ_TARGET` and its folder of the corpus have it.
    pub name: &'static str,
    /// The stage that it belongs to, as modules are named.
    #[allow(dead_code, reason = "the list of the script is by stage")]
    pub stage: &'static str,
    /// Takes any bytes.
    pub run: fn(&[u8]),
}

macro_rules! targets {
    ($($stage:ident: $($name:ident)*;)*) => {
        /// All of them, by stage.
        pub const TARGETS: &[Target] = &[$($(
            Target { name: stringify!($name), stage: stringify!($stage), run: $stage::$name },
        )*)*];
    };
}

targets! {
    capture: capture_file;
    net: link_layers tcp_segments;
    secure: tls_stream tls_records quic_datagrams quic_payloads dtls_datagrams wireguard key_log pem certificate;
    message: stream http1 http2 http3 hpack qpack websocket mqtt dns datagrams;
    payload: decoder body;
    policy: policy_html policy_markdown policy_text policy_docx policy_sheet policy_csv policy_pdf policy_page
            policy_mhtml policy_script policy_literals policy_component policy_json policy_archive;
    import: har har_extract flows flows_extract charles_json charles_zip fiddler http_canary proxy_pin;
    beside: witness;
    session: description device_profile experiment marks settled ignored geography;
    report: report_json bundle signature timestamp;
    record: apk;
}

static SIGNATURES: LazyLock<Signatures> = LazyLock::new(|| Signatures::embedded().expect("the built-in signatures"));

/// Writes `bytes` where a parser that takes a path finds them, under a name that says what they
/// are, and hands on the path.
fn as_file(name: &str, bytes: &[u8], run: impl FnOnce(PathBuf)) {
    // In memory where there is such a place, a folder for each process and thread.
    let memory = PathBuf::from("/dev/shm");
    let root = if memory.is_dir() { memory } else { std::env::temp_dir() };
    let thread = format!("{:?}", std::thread::current().id()).replace(|c: char| !c.is_ascii_alphanumeric(), "");
    let folder = root.join(format!("wirewitness-fuzz-{}-{thread}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join(name);
    std::fs::write(&path, bytes).expect("a file");
    run(path);
    let _ = std::fs::remove_dir_all(&folder);
}

/// Parts of an input: one byte that says what kind a part is, two of its length, the part. What
/// is cut is as long as it is. So a mutation changes one step and leaves the others.
fn parts(mut bytes: &[u8]) -> Vec<(u8, &[u8])> {
    let mut parts = Vec::new();
    while let [kind, high, low, rest @ ..] = bytes {
        let length = usize::from(u16::from_be_bytes([*high, *low])).min(rest.len());
        let (part, after) = rest.split_at(length);
        parts.push((*kind, part));
        bytes = after;
    }
    parts
}
