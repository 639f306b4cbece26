//! The folder of a PiRogue experiment is a session that knows its device: `device.json` has the phone's
//! properties, `ad_ids.txt` the advertising ids that an app was given, one a line
//! (`pirogue_cli/frida/capture_manager.py`, `pirogue_cli/android/device.py`). Its captures, keys and traces
//! are read like those of any folder.

use std::path::Path;

use serde_json::Value;

use super::profile::{self, ProfileValue};
use super::{Profile, read_text};
use crate::shape;
use crate::signatures::Signatures;

/// Each of these files is some kilobytes.
const LIMIT: u64 = 1 << 20;
/// Advertising ids that are taken: an app asks often, and a person resets it seldom.
const IDS: usize = 16;
/// Characters of a property that are taken.
const TEXT: usize = 128;

/// What PiRogue noted of the device.
#[derive(Debug, Default)]
pub struct Device {
    /// Its identifiers that can be ones.
    pub profile: Profile,
    /// Maker, model and system in words, where it says any.
    pub words: Option<String>,
    /// Files that are there and were not read, or not whole.
    pub remarks: Vec<String>,
}

/// `None`: the folder is not of PiRogue.
pub fn device(folder: &Path, signatures: &Signatures) -> Option<Device> {
    let mut device = Device::default();
    let experiment = json(folder, "experiment.json", &mut device.remarks)?;
    let of_pirogue = experiment.get("network").and_then(|network| network.get("file")).is_some_and(Value::is_string);
    // A file of that name that is none at all may have been one of its.
    if !of_pirogue && !experiment.is_null() {
        return None;
    }
    let properties = json(folder, "device.json", &mut device.remarks).unwrap_or_default();
    let property = |name: &str| {
        let text = properties.get(name).and_then(Value::as_str).unwrap_or_default().trim();
        Some(text.chars().filter(|c| !c.is_control()).take(TEXT).collect::<String>()).filter(|text| !text.is_empty())
    };
    let ads = match folder.join("ad_ids.txt") {
        path if path.exists() => read_text(&path, LIMIT).unwrap_or_else(|error| {
            device.remarks.push(error.to_string());
            String::new()
        }),
        _ => String::new(),
    };
    let ads: Vec<&str> = ads.lines().map(str::trim).filter(|id| !id.is_empty()).collect();
    let broken = ads.iter().filter(|id| !shape::uuid(id)).count();
    if broken > 0 {
        device.remarks.push(format!("ad_ids.txt: {broken} lines are no advertising ids; it was cut, or changed"));
    }
    let mut given: Vec<(&str, Option<String>)> = vec![("imei", property("imei")), ("serial", property("serialno"))];
    given.extend(ads.iter().map(|id| ("gaid", Some((*id).to_owned()))).take(IDS));
    for (data_type, value) in given.into_iter().filter_map(|(data_type, value)| Some((data_type, value?))) {
        // What newer systems answer instead of an identifier is none.
        if profile::check(data_type, &value, signatures).is_some() {
            continue;
        }
        let known = device.profile.ids.entry(data_type.to_owned()).or_default();
        if known.iter().all(|known| known.value != value) {
            known.push(ProfileValue { value, from: None, until: None });
        }
    }
    let system = property("android_version").map(|version| format!("Android {version}"));
    let words: Vec<String> = [property("manufacturer"), property("model"), system].into_iter().flatten().collect();
    device.words = (!words.is_empty()).then(|| words.join(" "));
    Some(device)
}

/// `None`: there is no such file. One that cannot be used is `null`, with a remark.
fn json(folder: &Path, name: &str, remarks: &mut Vec<String>) -> Option<Value> {
    let path = folder.join(name);
    if !path.exists() {
        return None;
    }
    let read = read_text(&path, LIMIT).map_err(|error| error.to_string());
    let read = read.and_then(|text| {
        serde_json::from_str(&text).map_err(|error| format!("{name} is cut or no JSON, and was not read: {error}"))
    });
    Some(read.unwrap_or_else(|remark| {
        remarks.push(remark);
        Value::Null
    }))
}
