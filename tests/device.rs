//! `device read` against a stand-in for adb (tests/device/adb), which answers as phones of
//! several versions of Android do.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

struct Read {
    output: Output,
    profile: String,
    asked: Vec<String>,
    folder: tempfile::TempDir,
}

fn read(phone: &str, options: &[&str]) -> Read {
    let folder = tempfile::tempdir().expect("a folder");
    let (file, log) = (folder.path().join("device.toml"), folder.path().join("log"));
    let output = Command::new(env!("CARGO_BIN_EXE_wirewitness"))
        .args(["device", "read", "--adb"])
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/device/adb"))
        .args(options)
        .arg(&file)
        .env("PHONE", phone)
        .env("ADB_LOG", &log)
        .output()
        .expect("runs");
    let profile = std::fs::read_to_string(&file).unwrap_or_default();
    let asked = std::fs::read_to_string(&log).unwrap_or_default().lines().map(str::to_owned).collect();
    Read { output, profile, asked, folder }
}

fn ids(profile: &str) -> BTreeMap<String, Vec<String>> {
    let table: toml::Table = profile.parse().expect("TOML");
    let ids = table["ids"].as_table().expect("[ids]").iter();
    ids.map(|(id, values)| {
        let values = values.as_array().expect("a list").iter();
        (id.clone(), values.map(|v| v.as_str().expect("text").to_owned()).collect())
    })
    .collect()
}

fn assert_ids(read: &Read, wanted: &[(&str, &str)]) {
    assert!(read.output.status.success(), "{}", String::from_utf8_lossy(&read.output.stderr));
    let wanted: BTreeMap<String, Vec<String>> =
        wanted.iter().map(|(id, value)| ((*id).to_owned(), vec![(*value).to_owned()])).collect();
    assert_eq!(ids(&read.profile), wanted, "{}", read.profile);
    let check = Command::new(env!("CARGO_BIN_EXE_wirewitness"))
        .args(["device", "check"])
        .arg(read.folder.path().join("device.toml"))
        .output()
        .expect("runs");
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stdout));
}

const BOOT: (&str, &str) = ("boot_id", "0b1d5c9e-6f3a-4b7d-9c21-7e8f9a0b1c2d");
const SERIAL: (&str, &str) = ("serial", "WW4400218837");
const MAC: (&str, &str) = ("mac", "a6:5e:01:7f:33:04");
const WIFI: [(&str, &str); 2] = [("bssid", "a2:11:22:33:44:55"), ("ssid", "ww-lab")];
const IMEI: (&str, &str) = ("imei", "490154203237518");

#[test]
fn each_version_gives_what_it_gives() {
    let old = read("old", &[]);
    let more = [("android_id", "9f3c21ab47de5608"), ("bluetooth", "A6:5E:01:7F:33:05"), IMEI];
    assert_ids(&old, &[&[BOOT, SERIAL, MAC][..], &WIFI, &more].concat());

    let huawei = read("huawei", &[]);
    let oaid = ("oaid", "1f2e3d4c-5b6a-4798-8a9b-0c1d2e3f4a5b");
    assert_ids(&huawei, &[&[BOOT, SERIAL, MAC][..], &WIFI, &[IMEI, oaid]].concat());
    assert!(huawei.profile.contains("since Android 8 each app has its own"), "{}", huawei.profile);
    assert!(!huawei.asked.iter().any(|command| command.contains("android_id")), "an id that no app sees");

    let new = read("new", &[]);
    assert_ids(&new, &[&[BOOT, SERIAL, MAC][..], &WIFI].concat());
    let said = String::from_utf8_lossy(&new.output.stderr);
    for words in [
        "imei: 0 values (this version keeps it from adb",
        "gaid: 0 values (no command",
        "since Android 10 a random one",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(!new.asked.iter().any(|command| command.contains("su ")), "root is used only where it is allowed");

    let rooted = read("rooted", &["--root", "--app", "com.example.tea"]);
    let more = [("android_id", "b7f3c2a19d8e4405"), ("gaid", "38400000-8cf0-41bd-b23e-10b96e40000d")];
    assert_ids(&rooted, &[&[BOOT, SERIAL, MAC][..], &WIFI, &more].concat());
}

/// The getters are numbered differently in each version: the answer's structure decides.
#[test]
fn a_persons_identifiers_are_read_when_named() {
    let read = read("huawei", &["--type", "imsi,iccid", "--type", "phone"]);
    assert_ids(&read, &[("imsi", "460001234567890"), ("iccid", "89860012345678901233"), ("phone", "+8619900001234")]);
}

#[test]
fn only_what_is_wanted_is_asked() {
    let read = read("new", &["--type", "serial"]);
    assert_ids(&read, &[SERIAL]);
    let known = [
        "ro.product.manufacturer",
        "ro.product.model",
        "ro.build.version.release",
        "ro.build.version.sdk",
        "ro.serialno",
    ];
    let wanted: Vec<String> = known.iter().map(|name| format!("shell getprop {name}")).collect();
    assert_eq!(read.asked, wanted);
}

#[test]
fn the_profile_is_its_owners_and_is_not_overwritten() {
    let read = read("new", &["--type", "serial", "--serial", "emulator-5554"]);
    let file = read.folder.path().join("device.toml");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&file).expect("is there").permissions().mode() & 0o777, 0o600);
    }
    let again = Command::new(env!("CARGO_BIN_EXE_wirewitness"))
        .args(["device", "read", "--type", "serial", "--adb"])
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/device/adb"))
        .arg(&file)
        .env("PHONE", "new")
        .env("ADB_LOG", read.folder.path().join("log"))
        .output()
        .expect("runs");
    assert_eq!(again.status.code(), Some(2));
    assert_eq!(std::fs::read_to_string(&file).expect("is there"), read.profile);
}

#[test]
fn without_a_phone_adb_is_heard() {
    let read = read("none", &[]);
    assert_eq!(read.output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&read.output.stderr);
    assert!(said.contains("no devices/emulators found"), "{said}");
    assert_eq!(read.profile, "");
}
