//! `device.toml`: the real values of the test device.
//!
//! ```toml
//! [ids]
//! imei = ["867530900000017"]
//! oaid = ["1f2e…", { value = "9c8b…", from = "2026-03-01T08:00:00Z" }]
//! location = ["39.904200,116.407400"]   # latitude,longitude, WGS-84
//! ```
//!
//! A value that can never match (a placeholder, an IMEI with a wrong check digit)
//! is an error, not a warning: it would look like "not found".

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::{SessionError, read_text};
use crate::evidence::Time;
use crate::shape;
use crate::signatures::Signatures;

/// A profile is some kilobytes; one with an app list, some hundred.
const LIMIT: u64 = 16 << 20;

/// One value, and when it held (an OAID that was reset has two).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileValue {
    /// As given, trimmed.
    pub value: String,
    /// Not before.
    pub from: Option<Time>,
    /// Not after.
    pub until: Option<Time>,
}

/// Values by data type id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// Data type id to values.
    pub ids: BTreeMap<String, Vec<ProfileValue>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    ids: BTreeMap<String, OneOrMany>,
    /// Free text about the device: read and not used.
    #[serde(default, rename = "device")]
    _device: toml::Table,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(Value),
    Many(Vec<Value>),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Value {
    Bare(String),
    Dated { value: String, from: Option<String>, until: Option<String> },
}

impl Profile {
    /// Reads and checks `device.toml`.
    pub fn read(path: &Path, signatures: &Signatures) -> Result<Self, SessionError> {
        let text = read_text(path, LIMIT)?;
        let (profile, problems) = Self::parse(&text, signatures).map_err(|what| SessionError::new(path, what))?;
        match problems.is_empty() {
            true => Ok(profile),
            false => Err(SessionError::new(path, problems.join("; "))),
        }
    }

    /// The profile, and what is wrong with its values. `Err`: it is no profile.
    pub fn parse(text: &str, signatures: &Signatures) -> Result<(Self, Vec<String>), String> {
        let file: File = toml::from_str(text).map_err(|error| error.to_string().trim().replace('\n', " "))?;
        let (mut profile, mut problems) = (Self::default(), Vec::new());
        for (data_type, values) in file.ids {
            let values = match values {
                OneOrMany::One(value) => vec![value],
                OneOrMany::Many(values) => values,
            };
            match signatures.types.get(&data_type) {
                None => problems.push(format!("[ids] {data_type}: no such data type; `wirewitness signatures list types` names them")),
                Some(known) if known.umbrella => {
                    problems.push(format!("[ids] {data_type} is an umbrella; give the types inside it"));
                }
                Some(_) => {}
            }
            for (index, value) in values.into_iter().enumerate() {
                match ProfileValue::of(value) {
                    Ok(value) if value.value.is_empty() => {}
                    Ok(value) => {
                        if let Some(problem) = check(&data_type, &value.value, signatures) {
                            problems.push(format!("[ids] {data_type}[{index}]: {problem}"));
                        }
                        profile.ids.entry(data_type.clone()).or_default().push(value);
                    }
                    Err(problem) => problems.push(format!("[ids] {data_type}[{index}]: {problem}")),
                }
            }
        }
        Ok((profile, problems))
    }

    /// There is no value in it.
    pub fn is_empty(&self) -> bool {
        self.ids.values().all(Vec::is_empty)
    }
}

impl ProfileValue {
    fn of(value: Value) -> Result<Self, String> {
        let time = |text: Option<String>| match text {
            None => Ok(None),
            Some(text) => Time::parse(&text).map(Some).ok_or(format!("{text:?} is not an RFC 3339 time")),
        };
        match value {
            Value::Bare(value) => Ok(Self { value: value.trim().to_owned(), from: None, until: None }),
            Value::Dated { value, from, until } => {
                Ok(Self { value: value.trim().to_owned(), from: time(from)?, until: time(until)? })
            }
        }
    }

    /// It held at `time`.
    pub fn holds_at(&self, time: Time) -> bool {
        self.from.is_none_or(|from| from <= time) && self.until.is_none_or(|until| time <= until)
    }
}

/// Why `value` can never be found as this type.
fn check(data_type: &str, value: &str, signatures: &Signatures) -> Option<String> {
    if signatures.is_placeholder(data_type, value) {
        return Some("is a placeholder that devices send when they withhold the value; leave it out".to_owned());
    }
    shape::problem(data_type, value)
}
