//! The identifiers of a phone, read over adb.
//!
//! Each type has its commands, tried in order until one answers with a value of that
//! type's structure: what a version of Android refuses, answers differently or numbers
//! otherwise is told by the answer. Only commands for the wanted types are run, all of
//! them readers. What cannot be read is said, with where a person finds it.

use super::adb::{Adb, AdbError};
use super::system::System;
use crate::shape::{self, Fit};

/// First version of Android whose `ANDROID_ID` is another one for each app (8.0; Android
/// Developers, "Android 8.0 Behavior Changes: Privacy").
const ANDROID_ID_PER_APP: u32 = 26;
/// First version whose Wi-Fi address is a random one for each network (10; Android
/// Developers, "Implement MAC randomization").
const RANDOM_MAC: u32 = 29;

/// Types that can be read over adb; those after `true` are read unless others are named,
/// the rest are a person's and only on demand.
pub const TYPES: &[(&str, bool)] = &[
    ("android_id", true),
    ("bluetooth", true),
    ("boot_id", true),
    ("bssid", true),
    ("gaid", true),
    ("iccid", false),
    ("imei", true),
    ("imsi", false),
    ("mac", true),
    ("oaid", true),
    ("phone", false),
    ("serial", true),
    ("ssid", true),
];

/// A phone that adb reaches.
#[derive(Clone, Debug)]
pub struct Phone {
    /// How it is reached.
    pub adb: Adb,
    /// Package whose own `ANDROID_ID` is wanted.
    pub app: Option<String>,
    /// The phone is rooted and `su` may be used.
    pub root: bool,
}

/// A value, or why there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Data type id.
    pub data_type: &'static str,
    /// Values; empty: none could be read.
    pub values: Vec<String>,
    /// The command that answered.
    pub command: Option<String>,
    /// What a person should know: a limit of this version, or where to look by hand.
    pub note: Option<String>,
}

/// What was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// `Google Pixel 7, Android 14 (API 34)`.
    pub device: String,
    /// By type.
    pub answers: Vec<Answer>,
}

impl Phone {
    /// Reads `types`, which must be among [`TYPES`].
    pub fn read(&self, types: &[&'static str]) -> Result<Reading, AdbError> {
        let system = System::read(&self.adb)?;
        let api: u32 = system.api.parse().map_err(|_| {
            AdbError::new(format!("`getprop ro.build.version.sdk` says {:?}, which is no API level", system.api))
        })?;
        let answers = types.iter().map(|data_type| self.one(data_type, api)).collect::<Result<_, _>>()?;
        Ok(Reading { device: system.words(), answers })
    }

    fn one(&self, data_type: &'static str, api: u32) -> Result<Answer, AdbError> {
        let mut answer = Answer { data_type, values: Vec::new(), command: None, note: None };
        for command in self.commands(data_type, api) {
            let text = self.adb.shell(&command)?;
            let values: Vec<String> = values(data_type, &command, &text, self.app.as_deref());
            if !values.is_empty() {
                answer.values = values;
                answer.command = Some(command);
                break;
            }
        }
        answer.note = note(data_type, api, !answer.values.is_empty(), self).map(str::to_owned);
        Ok(answer)
    }

    /// What to ask, the surest first.
    fn commands(&self, data_type: &str, api: u32) -> Vec<String> {
        let list = |commands: &[&str]| commands.iter().map(|c| (*c).to_owned()).collect::<Vec<String>>();
        // IPhoneSubInfo numbers its getters differently in each version, and takes the
        // caller's package from Android 8 on; the answer's structure tells which it was.
        let phone_info = |codes: &[u32]| {
            let caller = if api >= 26 { " s16 com.android.shell" } else { "" };
            codes.iter().map(|code| format!("service call iphonesubinfo {code}{caller}")).collect::<Vec<String>>()
        };
        match data_type {
            // Before Android 8 one for all apps; since then each app's own, in a file that only root reads.
            "android_id" if api < ANDROID_ID_PER_APP => list(&["settings get secure android_id"]),
            "android_id" if self.root && self.app.is_some() => list(&[
                "su -c 'abx2xml /data/system/users/0/settings_ssaid.xml - 2>/dev/null || cat /data/system/users/0/settings_ssaid.xml'",
            ]),
            "bluetooth" => list(&["settings get secure bluetooth_address"]),
            "boot_id" => list(&["cat /proc/sys/kernel/random/boot_id"]),
            "bssid" | "ssid" if api >= 30 => list(&["cmd wifi status", "dumpsys wifi"]),
            "bssid" | "ssid" => list(&["dumpsys wifi"]),
            "gaid" if self.root => {
                list(&["su -c 'cat /data/data/com.google.android.gms/shared_prefs/adid_settings.xml'"])
            }
            "imei" => [list(&["dumpsys iphonesubinfo"]), phone_info(&[1, 3, 4, 5])].concat(),
            "imsi" => phone_info(&[7, 8, 9, 10]),
            "iccid" => phone_info(&[11, 12, 13, 14]),
            "phone" => phone_info(&[15, 16, 17, 18, 19]),
            "mac" => list(&["ip link show wlan0", "cat /sys/class/net/wlan0/address"]),
            // Huawei and Honor; vivo. Others hand it out to apps only.
            "oaid" => list(&[
                "settings get global pps_oaid",
                "content query --uri content://com.vivo.vms.IdProvider/IdentifierId/OAID",
            ]),
            "serial" => list(&["getprop ro.serialno", "getprop ro.boot.serialno"]),
            _ => Vec::new(),
        }
    }
}

/// What this version does not give, or where a person finds it.
fn note(data_type: &str, api: u32, read: bool, phone: &Phone) -> Option<&'static str> {
    match (data_type, read) {
        ("android_id", false) if phone.root => {
            Some("give --app PACKAGE: since Android 8 each app has its own, made when it first asks for it")
        }
        ("android_id", false) => Some(
            "since Android 8 each app has its own, and `settings get secure android_id` is none of them: \
             --root --app PACKAGE on a rooted phone, or read it off the app's own log",
        ),
        ("gaid", false) => Some("no command reads it without root: Settings → Google → Ads shows it"),
        ("oaid", false) => Some(
            "this maker hands it to apps only: Settings → Privacy → Ads shows it on most, or an app that displays it",
        ),
        ("imei", false) => Some("this version keeps it from adb: dial *#06#, or see Settings → About phone"),
        ("imsi" | "iccid", false) => Some("this version keeps it from adb: see Settings → About phone → SIM status"),
        ("phone", false) => Some("it is not on the SIM, or kept from adb: write the number by hand"),
        ("serial", false) => Some("see Settings → About phone → Status"),
        ("mac", true) if api >= RANDOM_MAC => {
            Some("since Android 10 a random one for this network: read it in the network that is recorded")
        }
        ("bssid" | "ssid", false) => Some("not in a Wi-Fi network, or this version keeps it from adb"),
        _ => None,
    }
}

/// The values of a type in an answer.
fn values(data_type: &str, command: &str, text: &str, app: Option<&str>) -> Vec<String> {
    let parcel;
    let text = match command.starts_with("service call") {
        true => {
            parcel = parcel_text(text).unwrap_or_default();
            parcel.as_str()
        }
        false => text.trim(),
    };
    let found: Vec<String> = match data_type {
        _ if text.is_empty() || text == "null" => Vec::new(),
        "android_id" if command.starts_with("su ") => {
            let setting = |line: &&str| app.is_some_and(|app| attribute(line, "package") == Some(app));
            let lines = text.split('<').filter(setting);
            lines.filter_map(|line| attribute(line, "value")).map(str::to_owned).collect()
        }
        "gaid" => {
            let behind = text.split_once("name=\"adid_key\">").map(|(_, rest)| rest);
            behind.and_then(|rest| rest.split('<').next()).map(str::to_owned).into_iter().collect()
        }
        "imei" if command.starts_with("dumpsys") => {
            let named = text.lines().filter_map(|line| line.trim().strip_prefix("Device ID = "));
            named.map(|value| value.trim().to_owned()).collect()
        }
        "mac" if command.starts_with("ip ") => word_behind(text, "link/ether ").into_iter().collect(),
        "bssid" => word_behind(text, "BSSID: ").into_iter().collect(),
        "ssid" => {
            let behind = text.split_once("SSID: \"").map(|(_, rest)| rest);
            behind.and_then(|rest| rest.split('"').next()).map(str::to_owned).into_iter().collect()
        }
        "oaid" if command.starts_with("content ") => {
            word_behind(text, "value=").into_iter().map(|v| v.trim_end_matches(',').to_owned()).collect()
        }
        _ => vec![text.to_owned()],
    };
    let fits = |value: &String| match data_type {
        "ssid" | "serial" => !value.is_empty() && value != "unknown" && !value.contains('\n'),
        "bluetooth" => shape::mac(value).is_some(),
        "phone" => {
            (7..=15).contains(&value.trim_start_matches('+').len())
                && value.trim_start_matches('+').bytes().all(|b| b.is_ascii_digit())
        }
        "android_id" => shape::android_id(value),
        _ => shape::fit(data_type, value) == Fit::Fits,
    };
    found.into_iter().filter(fits).collect()
}

/// `a="x"` in a tag.
fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let behind = tag.split_once(&format!(" {name}=\"")).map(|(_, rest)| rest)?;
    behind.split('"').next()
}

fn word_behind(text: &str, mark: &str) -> Option<String> {
    let behind = text.split_once(mark).map(|(_, rest)| rest)?;
    behind.split_whitespace().next().map(|word| word.trim_end_matches(',').to_owned())
}

/// The string in the answer of `service call`: words in hex, of which the first is the
/// exception code (0: none), the second the length, and the rest UTF-16.
fn parcel_text(text: &str) -> Option<String> {
    let mut words = Vec::new();
    for line in text.lines() {
        // `  0x00000000: 00000000 0000000f 00350033 …  '........3.5.'`, or all on one line.
        let line = line.split('\'').next().unwrap_or_default();
        let line = line.rsplit_once("Parcel(").map_or(line, |(_, rest)| rest);
        let line = line.split_once(": ").map_or(line, |(_, rest)| rest);
        let hex = line.split_whitespace().filter(|word| word.len() == 8);
        words.extend(hex.filter_map(|word| u32::from_str_radix(word, 16).ok()));
    }
    let (exception, rest) = words.split_first()?;
    let (length, rest) = rest.split_first()?;
    let length = usize::try_from(*length).ok().filter(|length| *exception == 0 && *length <= 64)?;
    let units = rest.iter().flat_map(|word| [(word & 0xffff) as u16, (word >> 16) as u16]);
    String::from_utf16(&units.take(length).collect::<Vec<u16>>()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `service call` prints a parcel (frameworks/native, Parcel::print): an example IMEI
    /// of 3GPP TS 23.003, written out by hand.
    #[test]
    fn a_parcel_is_its_string() {
        let printed = "Result: Parcel(\n\
            \x20 0x00000000: 00000000 0000000f 00390034 00310030 '........4.9.0.1.'\n\
            \x20 0x00000010: 00340035 00300032 00320033 00370033 '5.4.2.0.3.2.3.7.'\n\
            \x20 0x00000020: 00310035 00000038                   '5.1.8...        ')\n";
        assert_eq!(parcel_text(printed).as_deref(), Some("490154203237518"));
        assert_eq!(values("imei", "service call iphonesubinfo 1", printed, None), ["490154203237518"]);
        assert_eq!(values("imsi", "service call iphonesubinfo 7", printed, None), Vec::<String>::new());
        let refused = "Result: Parcel(\n  0x00000000: ffffffff 00000020 00610063 '.... ...c.a.')\n";
        assert_eq!(parcel_text(refused), None);
        assert_eq!(parcel_text("Result: Parcel(00000000 ffffffff '........')\n"), None);
    }
}
