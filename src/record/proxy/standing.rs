//! How the proxy's authority stands, on this machine and on the phones: what `doctor` tells.

use std::path::Path;

use super::authority::{self, Standing};
use crate::record::adb::Adb;
use crate::report::checks::{Check, State};

/// Where Android keeps the authorities that all apps trust, and those that a user added; the last can be
/// listed by root alone.
const SYSTEM: [&str; 2] = ["/apex/com.android.conscrypt/cacerts", "/system/etc/security/cacerts"];
const USER: &str = "/data/misc/user/0/cacerts-added";

/// A certificate that ends within this many seconds is to be replaced before a session: a week.
const SOON: i64 = 7 * 24 * 60 * 60;

/// Looks at the authority in `folder`, and at what the phones know of it.
pub fn checks(folder: &Path, phones: &[Adb]) -> Vec<Check> {
    let standing = match authority::look(folder) {
        Ok(None) => {
            return vec![Check::found(State::Note, "proxy ca", "还没有生成", "not made yet").then(
                "只有用 `wirewitness proxy` 录制时才需要；`wirewitness proxy ca` 会生成并导出证书。",
                "Only needed to record with `wirewitness proxy`; `wirewitness proxy ca` makes and exports it.",
            )];
        }
        Ok(Some(standing)) => standing,
        Err(error) => {
            return vec![
                Check::found(State::Wrong, "proxy ca", error.to_string(), error.to_string())
                    .then("删除证书与密钥，会重新生成。", "Delete certificate and key to have new ones made."),
            ];
        }
    };
    let mut checks = vec![made(&standing)];
    let name = authority::android_name(&standing.certificate);
    checks.extend(phones.iter().filter_map(|phone| installed(phone, name.as_deref()?)));
    checks
}

fn made(standing: &Standing) -> Check {
    let left = standing.until - jiff::Timestamp::now().as_second();
    let day = jiff::Timestamp::from_second(standing.until)
        .map_or_else(|_| String::new(), |day| day.strftime("%F").to_string());
    let key = standing.key.display();
    let found = |state| Check::found(state, "proxy ca", format!("有效期至 {day}"), format!("made, holds until {day}"));
    if standing.private == Some(false) {
        return Check::found(State::Wrong, "proxy ca", "别的用户能读密钥", "other users can read its key").then(
            format!("谁拿到密钥，谁就能读这些设备的 TLS：chmod 600 {key}"),
            format!("Whoever has it can read the TLS of devices that trust it: chmod 600 {key}"),
        );
    }
    if left <= SOON {
        let state = if left <= 0 { State::Wrong } else { State::Lacking };
        return found(state).then(
            "删除证书与密钥，重新导出并安装到设备上。",
            "Delete certificate and key, then export and install the new ones.",
        );
    }
    found(State::Good)
}

/// Whether a phone's folders list the certificate; what cannot be listed is not known.
fn installed(phone: &Adb, name: &str) -> Option<Check> {
    let subject = format!("proxy ca on {}", phone.serial.as_deref().unwrap_or("phone"));
    let paths: Vec<String> = SYSTEM.iter().chain([&USER]).map(|folder| format!("{folder}/{name}")).collect();
    let listed = phone.shell(&format!("ls {} 2>/dev/null", paths.join(" "))).ok()?;
    let has = |folder: &str| listed.lines().any(|line| line.trim() == format!("{folder}/{name}"));
    Some(if SYSTEM.iter().any(|folder| has(folder)) {
        Check::found(
            State::Good,
            subject,
            "在系统证书里：所有应用都信任",
            "among the system's: every app trusts it that pins nothing",
        )
    } else if has(USER) {
        Check::found(State::Note, subject, "用户已安装", "installed by the user").then(
            "面向 Android 7 及以上的应用默认只信任系统证书，见 docs/proxy.md。",
            "Apps for Android 7 and later trust the system's only, unless they say otherwise: see docs/proxy.md.",
        )
    } else {
        Check::found(State::Note, subject, "不在系统证书里", "not among the system's").then(
            "用户安装的证书没有 root 看不到：设置 → 安全 → 信任的凭据 → 用户。",
            "What the user installed only root can list: Settings → Security → Trusted credentials → User shows it.",
        )
    })
}
