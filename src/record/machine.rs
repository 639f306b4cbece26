//! Whether this machine, and the phone on it, can make a session: what `doctor` looks at.
//!
//! Everything is looked at, nothing is changed, and no packet is sent but what adb needs.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::adb::{Adb, Offset};
use super::android;
use super::completeness;
use crate::report::checks::{Check, State};
use crate::session::Session;
use crate::signatures::Signatures;

/// Below this a recording of an hour may not fit.
#[cfg(unix)]
const LITTLE_DISK: u64 = 1 << 30;

/// How long a key log is watched.
const WATCH: Duration = Duration::from_secs(1);

/// How often it is looked at meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// A larger difference between the phone's clock and this machine's must be noted in `session.toml`. It is
/// the default skew.
const SKEW_SECONDS: f64 = crate::session::DEFAULT_SKEW_MS as f64 / 1_000.0;

/// What to look at beside the machine.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The session folder, if there is one already.
    pub session: Option<PathBuf>,
    /// The adb program.
    pub adb: OsString,
    /// A key log that should be growing, beside those of the session.
    pub key_log: Option<PathBuf>,
    /// The folder of the proxy's authority; `None`: nobody knows where it would be.
    pub authority: Option<PathBuf>,
}

/// All of it, in the order in which a recording needs it.
pub fn examine(subject: &Subject, signatures: &Signatures) -> Vec<Check> {
    let mut checks = live();
    let ready = phones(&subject.adb, &mut checks);
    checks.extend(proxy(subject.authority.as_deref(), &ready));
    checks.extend(quic());
    let folder = subject.session.clone().unwrap_or_else(|| PathBuf::from("."));
    checks.extend(disk(&folder));
    let mut logs: Vec<PathBuf> = subject.key_log.iter().cloned().collect();
    if let Some(folder) = &subject.session {
        match Session::look(folder, signatures) {
            Ok((session, _)) => {
                logs.extend(session.keys.iter().filter(|path| path.extension().is_none_or(|e| e != "pem")).cloned());
                completeness::privacy(folder, &session, &mut checks);
            }
            Err(error) => checks.push(Check::found(State::Wrong, &error.path, &error.what, &error.what)),
        }
    }
    checks.extend(growing(&logs, WATCH));
    checks
}

#[cfg(not(feature = "live"))]
fn live() -> Vec<Check> {
    vec![Check::found(State::Lacking, "libpcap", "这个版本不带实时抓包", "this build has no live capture").then(
        "用 live 特性构建（需要 libpcap 的开发文件），或用别的工具抓包。",
        "Build with the feature `live` (needs libpcap's development files), or capture with another tool.",
    )]
}

#[cfg(feature = "live")]
fn live() -> Vec<Check> {
    let mut checks = Vec::new();
    let interfaces = match super::interfaces() {
        Ok(interfaces) => interfaces,
        Err(error) => {
            return vec![Check::found(State::Wrong, "libpcap", error.to_string(), error.to_string())];
        }
    };
    let names: Vec<&str> = interfaces.iter().map(|(name, _)| name.as_str()).collect();
    let count = names.len();
    checks.push(Check::found(
        if count == 0 { State::Lacking } else { State::Good },
        "libpcap",
        format!("{count} 个接口：{}", names.join(" ")),
        format!("{count} interfaces: {}", names.join(" ")),
    ));
    if let Some(name) = names.first() {
        checks.push(match super::may_record(name) {
            Ok(()) => {
                Check::found(State::Good, "privileges", format!("可以录制 {name}"), format!("{name} can be recorded"))
            }
            Err(error) => Check::found(State::Wrong, "privileges", error.to_string(), error.to_string()),
        });
    }
    checks
}

#[cfg(not(feature = "proxy"))]
fn proxy(_: Option<&Path>, _: &[Adb]) -> Vec<Check> {
    vec![
        Check::found(State::Note, "proxy ca", "这个版本不带代理", "this build has no proxy")
            .then("用 proxy 特性构建。", "Build with the feature `proxy`."),
    ]
}

#[cfg(feature = "proxy")]
fn proxy(folder: Option<&Path>, phones: &[Adb]) -> Vec<Check> {
    folder.map(|folder| super::proxy::checks(folder, phones)).unwrap_or_default()
}

/// The phones that can be used.
fn phones(adb: &OsString, checks: &mut Vec<Check>) -> Vec<Adb> {
    let phones = match Adb::list(adb) {
        Ok(phones) => phones,
        Err(error) => {
            checks.push(
                Check::found(State::Note, "adb", error.to_string(), error.to_string())
                    .then("只有用到手机时才需要。", "Only needed where a phone is read or driven."),
            );
            return Vec::new();
        }
    };
    if phones.is_empty() {
        checks.push(Check::found(State::Note, "adb", "没有连接手机", "no phone is connected").then(
            "插上数据线，在手机的开发者选项里打开 USB 调试。",
            "Plug it in, and switch on USB debugging in the phone's developer options.",
        ));
    }
    let mut ready = Vec::new();
    for (serial, state) in phones {
        let subject = format!("phone {serial}");
        if state != "device" {
            let (zh, en) = match state.as_str() {
                "unauthorized" => ("在手机上允许这台电脑调试。", "Allow this computer on the phone's screen."),
                "offline" => ("重新插拔数据线，或重启 adb。", "Plug it in again, or restart adb."),
                _ => ("见 adb 的文档。", "See adb's documentation."),
            };
            checks.push(Check::found(State::Wrong, subject, state.as_str(), state.as_str()).then(zh, en));
            continue;
        }
        let phone = Adb { program: adb.clone(), serial: Some(serial) };
        checks.push(clock(&phone, subject));
        checks.extend(android::readiness(&phone));
        ready.push(phone);
    }
    ready
}

fn clock(phone: &Adb, subject: String) -> Check {
    match phone.clock_offset() {
        Err(error) => Check::found(State::Lacking, subject, error.to_string(), error.to_string()),
        Ok(Offset { seconds, uncertainty }) if seconds.abs() - uncertainty <= SKEW_SECONDS => Check::found(
            State::Good,
            subject,
            format!("可以使用，时钟相差 {seconds:+.1} 秒（±{uncertainty:.1}）"),
            format!("can be used; its clock differs by {seconds:+.1} s (±{uncertainty:.1})"),
        ),
        Ok(Offset { seconds, uncertainty }) => {
            let skew = ((seconds.abs() + uncertainty) * 1_000.0).ceil();
            Check::found(
                State::Lacking,
                subject,
                format!("时钟相差 {seconds:+.1} 秒（±{uncertainty:.1}）"),
                format!("its clock differs by {seconds:+.1} s (±{uncertainty:.1})"),
            )
            .then(
                format!("让手机自动对时；若标记来自手机的时钟，在 session.toml 里写 clock_skew_ms = {skew}。"),
                format!(
                    "Let the phone set its clock by the network; where marks carry the phone's time, write \
                     clock_skew_ms = {skew} into session.toml."
                ),
            )
        }
    }
}

/// Whether a rule of this machine keeps QUIC out, so that apps fall back to TCP.
fn quic() -> Option<Check> {
    let rules = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).to_lowercase())
    };
    let texts: Vec<String> =
        [rules("nft", &["list", "ruleset"]), rules("iptables", &["-S"])].into_iter().flatten().collect();
    if texts.is_empty() {
        return None;
    }
    Some(match texts.iter().any(|text| text.lines().any(blocks_quic)) {
        true => Check::found(
            State::Note,
            "quic",
            "这台机器的规则拦下 UDP 443：应用会改用 TCP",
            "a rule of this machine keeps UDP 443 out: apps fall back to TCP",
        ),
        false => Check::found(State::Note, "quic", "没有被拦下", "not kept out").then(
            "没有 QUIC 密钥时，拦下 UDP 443 可让应用改用能打开的 TCP（请在报告里注明）。",
            "Where no key for it can be had, dropping UDP 443 makes apps fall back to TCP, which can be opened \
             (say so in the notes of the session).",
        ),
    })
}

/// A line of `nft list ruleset` or `iptables -S`, in lower case, that drops UDP to port 443.
fn blocks_quic(line: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().collect();
    let has = |word: &str| words.contains(&word);
    has("udp") && has("443") && (has("drop") || has("reject"))
}

#[cfg(unix)]
fn disk(folder: &Path) -> Option<Check> {
    let free = rustix::fs::statvfs(folder).ok().map(|disk| disk.f_bavail.saturating_mul(disk.f_frsize))?;
    let mib = free >> 20;
    let subject = format!("disk {}", folder.display());
    Some(match free < LITTLE_DISK {
        false => Check::found(State::Good, subject, format!("剩余 {mib} MiB"), format!("{mib} MiB free")),
        true => Check::found(State::Lacking, subject, format!("只剩 {mib} MiB"), format!("only {mib} MiB free")).then(
            "一小时的录制可能写满磁盘：腾出空间，或录到别处。",
            "An hour may fill it: make room, or record to another disk.",
        ),
    })
}

#[cfg(not(unix))]
fn disk(_: &Path) -> Option<Check> {
    None
}

/// Whether the key logs grow; they are watched until all of them did, for a limited time.
fn growing(logs: &[PathBuf], watch: Duration) -> Vec<Check> {
    let size = |path: &PathBuf| std::fs::metadata(path).ok().map(|metadata| metadata.len());
    let before: Vec<Option<u64>> = logs.iter().map(size).collect();
    let begun = Instant::now();
    let waits = || logs.iter().zip(&before).any(|(path, before)| before.is_some() && size(path) <= *before);
    while begun.elapsed() < watch && waits() {
        std::thread::sleep(LOOK_EVERY);
    }
    let check = |(path, before): (&PathBuf, Option<u64>)| {
        let subject = format!("key log {}", path.display());
        match (before, size(path)) {
            (Some(before), Some(now)) if now > before => Check::found(
                State::Good,
                subject,
                format!("正在增长（一秒 {} 字节）", now - before),
                format!("grows ({} bytes within a second)", now - before),
            ),
            (Some(_), Some(now)) => Check::found(
                State::Note,
                subject,
                format!("{now} 字节，一秒内没有增长"),
                format!("{now} bytes, not growing within a second"),
            )
            .then(
                "录制时它应当随每个新连接增长：应用是否用了这个文件？",
                "While recording it should grow with each new connection: does the app write to this file?",
            ),
            _ => Check::found(State::Wrong, subject, "不存在或不可读", "is not there, or cannot be read"),
        }
    };
    logs.iter().zip(before).map(check).collect()
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[test]
    fn rules_that_drop_quic_are_known_in_both_tools_words() {
        assert!(blocks_quic("-a forward -p udp -m udp --dport 443 -j drop"));
        assert!(blocks_quic("udp dport 443 counter packets 0 bytes 0 drop"));
        assert!(blocks_quic("-a output -p udp -m udp --dport 443 -j reject --reject-with icmp-port-unreachable"));
        assert!(!blocks_quic("-a forward -p tcp -m tcp --dport 443 -j drop"));
        assert!(!blocks_quic("udp dport 443 accept"));
    }

    #[test]
    fn a_key_log_that_grows_is_told_from_one_that_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let (still, grows, none) = (folder.path().join("a"), folder.path().join("b"), folder.path().join("c"));
        std::fs::write(&still, "x").unwrap();
        std::fs::write(&grows, "x").unwrap();
        let states = |logs: &[&Path], watch| {
            let logs: Vec<PathBuf> = logs.iter().map(|path| path.to_path_buf()).collect();
            growing(&logs, watch).iter().map(|check| check.state).collect::<Vec<State>>()
        };
        assert_eq!(states(&[&still, &none], LOOK_EVERY), [State::Note, State::Wrong]);
        // Appended to until it was seen: a writer that cuts the file first, or is not let run for a
        // second, would be taken for one that does not grow.
        let seen = Arc::new(AtomicBool::new(false));
        let writer = {
            let (grows, seen) = (grows.clone(), Arc::clone(&seen));
            std::thread::spawn(move || {
                let mut log = std::fs::File::options().append(true).open(&grows).unwrap();
                while !seen.load(Ordering::Relaxed) {
                    log.write_all(b"more").unwrap();
                    std::thread::sleep(LOOK_EVERY);
                }
            })
        };
        let found = states(&[&grows], 60 * WATCH);
        seen.store(true, Ordering::Relaxed);
        writer.join().unwrap();
        assert_eq!(found, [State::Good]);
    }
}
