//! `session.toml`: which app, whose, and how it was recorded.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{SessionError, place, read_text};
use crate::evidence::Time;

/// `session.toml` is written by hand: far below this.
const LIMIT: u64 = 1 << 20;

/// Clock skew between device and recorder that is allowed for when none is given.
/// A phone that keeps network time is within a second; one that does not should say so.
pub const DEFAULT_SKEW_MS: u64 = 1_000;

/// What a session says of itself. Every key may be left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Description {
    /// Package or bundle id of the audited app.
    #[serde(default)]
    pub app: Option<String>,
    /// Its version.
    #[serde(default)]
    pub version: Option<String>,
    /// Domains of the app's maker.
    #[serde(default)]
    pub first_party: Vec<String>,
    /// Company that makes the app, as the policy writes it.
    #[serde(default)]
    pub owner: Option<String>,
    /// Country that the data is to stay in, ISO 3166-1 alpha-2; the policy's own word goes first.
    #[serde(default)]
    pub country: Option<String>,
    /// Policy file, relative to the folder.
    #[serde(default)]
    pub policy: Option<String>,
    /// Only this app's traffic was recorded.
    #[serde(default)]
    pub isolation: bool,
    /// How far the clocks of device and recorder may lie apart, in milliseconds.
    #[serde(default)]
    pub clock_skew_ms: Option<u64>,
    /// Time zone of tables that name none, as an offset from UTC: `+08:00`.
    #[serde(default)]
    pub utc_offset: Option<String>,
    /// Free notes, quoted in the report.
    #[serde(default)]
    pub notes: Option<String>,
    /// The test device in words: model, system, how it was prepared.
    #[serde(default)]
    pub device: Option<String>,
    /// What was changed on it for the test: a certificate installed, pinning switched off …
    #[serde(default)]
    pub changes: Vec<String>,
    /// The case that it belongs to.
    #[serde(default)]
    pub case: Option<Case>,
    /// How it was recorded.
    #[serde(default)]
    pub recorded: Option<Recorded>,
    /// What exactly was installed on the device.
    #[serde(default)]
    pub build: Option<Build>,
    /// By capture: what is to be added to its times.
    #[serde(default)]
    pub time_shift: BTreeMap<String, Shift>,
}

/// `[recorded]`: what `record` and `proxy` note where they make the file. Nothing is judged by it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Recorded {
    /// The program and its version.
    pub by: String,
    /// When, in UTC.
    pub started: String,
    /// Whose clock packets and marks have.
    pub clock: String,
    /// The interface, or where the proxy listened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interface: Option<String>,
    /// The filter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// The program's arguments.
    pub command: Vec<String>,
}

impl Recorded {
    /// By this program, now, on this machine; `command` is one of its commands.
    pub fn now(command: &str) -> Self {
        Self {
            by: format!("wirewitness {command} {}", env!("CARGO_PKG_VERSION")),
            started: Time::now().to_string(),
            clock: "of the machine that recorded, for packets and for marks that are made on it".to_owned(),
            interface: None,
            filter: None,
            command: without_keys(std::env::args_os().map(|argument| argument.to_string_lossy().into_owned())),
        }
    }
}

/// Arguments without passwords and keys: the file is handed on with the session.
fn without_keys(arguments: impl Iterator<Item = String>) -> Vec<String> {
    let (option, withheld) = ("--api-key", "…");
    let mut behind = false;
    arguments
        .map(|argument| {
            let is_key = std::mem::replace(&mut behind, argument == option);
            let joined = argument.strip_prefix(option).is_some_and(|rest| rest.starts_with('='));
            match (is_key, joined) {
                (true, _) => withheld.to_owned(),
                (_, true) => format!("{option}={withheld}"),
                _ => argument,
            }
        })
        .collect()
}

/// `[build]`: what exactly was tested, and on what; `record --android` notes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Build {
    /// Number of the app's version, which goes up with each one that is published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_code: Option<String>,
    /// SHA-256 of the certificate that signed the app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer_sha256: Option<String>,
    /// Package that installed it: a store, or none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub installer: Option<String>,
    /// The system's build (`ro.build.fingerprint`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// Its security patch level, a day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patch: Option<String>,
}

/// What to add to the times of a capture to get those of the marks' clock.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "a time shift is a number of seconds, \"device\", or { seconds = NUMBER, uncertainty = NUMBER, how = TEXT }"
)]
pub enum Shift {
    /// Seconds, as a person writes them.
    Seconds(f64),
    /// `"device"`: its times are those of the phone's clock, which marks carry as well.
    Clock(OnClock),
    /// Measured.
    Measured(Measured),
}

/// Whose clock a capture is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnClock {
    /// The phone's.
    Device,
}

impl Shift {
    /// Reads `-1.5`, in seconds, or `device`.
    ///
    /// # Errors
    /// What it could be.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.trim().parse::<f64>() {
            Ok(seconds) if seconds.is_finite() => Ok(Self::Seconds(seconds)),
            _ if text.trim() == "device" => Ok(Self::Clock(OnClock::Device)),
            _ => Err(format!("{text:?} is neither seconds such as -1.5 nor the word device")),
        }
    }
}

/// A shift with what is known of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// Seconds to add.
    pub seconds: f64,
    /// How wrong that can be, in seconds.
    #[serde(default)]
    pub uncertainty: f64,
    /// How it is known.
    #[serde(default)]
    pub how: String,
}

/// `[case]`: what an office files a report under. Nothing is required, nothing is judged by it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Its number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// Who examined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub examiner: Option<String>,
    /// On whose behalf and on what ground.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mandate: Option<String>,
    /// Who had the evidence when and how it was kept, one note a line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub custody: Vec<String>,
    /// The last day on which it is to be kept.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "day")]
    pub retain_until: Option<Date>,
}

/// A TOML date, or a text that is one.
fn day<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "this is to be a day such as 2027-01-31")]
    enum Day {
        Toml(toml::value::Datetime),
        Text(String),
    }
    let text = match Day::deserialize(deserializer)? {
        Day::Toml(date) => date.to_string(),
        Day::Text(text) => text,
    };
    super::parse_day(&text).map(Some).map_err(serde::de::Error::custom)
}

impl Description {
    /// Reads `session.toml`.
    pub fn read(path: &Path) -> Result<Self, SessionError> {
        let text = read_text(path, LIMIT)?;
        let mut description: Self =
            toml::from_str(&text).map_err(|error| SessionError::new(path, place::problem(&text, &error)))?;
        if description.utc_offset.is_some() && description.utc_offset_ns().is_none() {
            return Err(SessionError::new(path, "utc_offset is an offset from UTC, such as \"+08:00\""));
        }
        if let Some(country) = &mut description.country {
            // As policies and files of addresses write it, so that one country is not two.
            *country = country.trim().to_ascii_uppercase();
            if country.len() != 2 || !country.bytes().all(|letter| letter.is_ascii_uppercase()) {
                return Err(SessionError::new(path, "country is the two letters of ISO 3166-1, such as \"CN\""));
            }
        }
        Ok(description)
    }

    /// `utc_offset` in nanoseconds; `None` also where it is no offset.
    pub fn utc_offset_ns(&self) -> Option<i64> {
        let text = self.utc_offset.as_deref()?.trim();
        let (sign, rest) = match text.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, text.strip_prefix('+').unwrap_or(text)),
        };
        let (hours, minutes) = rest.split_once(':').unwrap_or((rest, "0"));
        let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
        ((0..=14).contains(&hours) && (0..60).contains(&minutes))
            .then(|| sign * (hours * 60 + minutes) * 60_000_000_000)
    }

    /// The allowed skew in milliseconds.
    pub fn skew_ms(&self) -> u64 {
        self.clock_skew_ms.unwrap_or(DEFAULT_SKEW_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Description, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("session.toml");
        std::fs::write(&path, text).unwrap();
        Description::read(&path).map_err(|error| error.what)
    }

    #[test]
    fn a_country_is_its_code() {
        assert_eq!(read("country = \"cn\"\n").unwrap().country.as_deref(), Some("CN"));
        for wrong in ["china", "中国", "", "C1"] {
            let what = read(&format!("country = \"{wrong}\"\n")).unwrap_err();
            assert!(what.contains("ISO 3166-1"), "{wrong}: {what}");
        }
    }

    #[test]
    fn what_is_of_the_wrong_kind_is_told_what_it_is_to_be() {
        let what = read("app = \"a\"\ntime_shift = { \"a.pcap\" = \"x\" }\n").unwrap_err();
        assert!(what.starts_with("line 2: a time shift is a number of seconds"), "{what}");
        let what = read("[case]\nretain_until = 5\n").unwrap_err();
        assert!(what.starts_with("line 2: this is to be a day such as"), "{what}");
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_text() {
        assert_eq!(read("\u{feff}app = \"a\"\r\n").unwrap().app.as_deref(), Some("a"));
    }
}
