//! The folder of a PiRogue experiment is a session that knows its device: `device.json` has the phone's
//! properties, `ad_ids.txt` the advertising ids that an app was given, one a line
//! (`pirogue_cli/frida/capture_manager.py`, `pirogue_cli/android/device.py`). Its captures, keys and traces
//! are read like those of any folder.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::{Profile, read_text};
use crate::signatures::Signatures;

/// Each of these files is some kilobytes.
const LIMIT: u64 = 1 << 20;
/// Advertising ids that are taken: an app asks often, and a person resets it seldom.
const IDS: usize = 16;
/// Characters of a property that are taken.
const TEXT: usize = 128;

/// What PiRogue noted of the device.
pub struct Device {
    /// Its identifiers that can be ones.
    pub profile: Profile,
    /// Maker, model and system in words.
    pub words: String,
}

/// `None`: the folder is not of PiRogue, or says nothing of a device.
pub fn device(folder: &Path, signatures: &Signatures) -> Option<Device> {
    let json = |name: &str| serde_json::from_str::<Value>(&read_text(&folder.join(name), LIMIT).ok()?).ok();
    json("experiment.json")?.get("network")?.get("file")?.as_str()?;
    let properties = json("device.json").unwrap_or_default();
    let property = |name: &str| {
        let text = properties.get(name).and_then(Value::as_str).unwrap_or_default().trim();
        text.chars().filter(|c| !c.is_control()).take(TEXT).collect::<String>()
    };
    let ads = read_text(&folder.join("ad_ids.txt"), LIMIT).unwrap_or_default();
    let mut given: Vec<(&str, String)> = vec![("imei", property("imei")), ("serial", property("serialno"))];
    given.extend(ads.lines().map(|id| ("gaid", id.trim().to_owned())).take(IDS));
    let mut profile = Profile::default();
    for (data_type, value) in given.into_iter().filter(|(_, value)| !value.is_empty()) {
        // What newer systems answer instead of an identifier is none.
        let table = BTreeMap::from([("ids", BTreeMap::from([(data_type, value)]))]);
        let Ok(text) = toml::to_string(&table) else { continue };
        if let Ok((one, problems)) = Profile::parse(&text, signatures)
            && problems.is_empty()
        {
            for (data_type, values) in one.ids {
                let known = profile.ids.entry(data_type).or_default();
                known.extend(values.into_iter().filter(|value| !known.contains(value)).collect::<Vec<_>>());
            }
        }
    }
    let system = Some(property("android_version")).filter(|v| !v.is_empty()).map(|v| format!("Android {v}"));
    let words = [Some(property("manufacturer")), Some(property("model")), system];
    let words: Vec<String> = words.into_iter().flatten().filter(|word| !word.is_empty()).collect();
    (!profile.is_empty() || !words.is_empty()).then(|| Device { profile, words: words.join(" ") })
}
