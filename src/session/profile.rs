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

use super::{SessionError, place, read_text};
use crate::evidence::Time;
use crate::shape::{self, Fit};
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
    /// Free text about the device; it is accepted and not used.
    #[serde(default, rename = "device")]
    _device: toml::Table,
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "a value is a text in quotes, { value = \"…\", from = TIME, until = TIME }, or a list of these"
)]
enum OneOrMany {
    One(Value),
    Many(Vec<Value>),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Value {
    Bare(String),
    Dated(Dated),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Dated {
    value: String,
    from: Option<When>,
    until: Option<When>,
}

/// A text, or a time as TOML has it.
#[derive(Deserialize)]
#[serde(untagged)]
enum When {
    Text(String),
    Toml(toml::value::Datetime),
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
        let next = "a profile is TOML, and `wirewitness device new` writes one";
        let file: File = toml::from_str(text).map_err(|error| format!("{}; {next}", place::problem(text, &error)))?;
        let (mut profile, mut problems) = (Self::default(), Vec::new());
        for (data_type, values) in file.ids {
            let values = match values {
                OneOrMany::One(value) => vec![value],
                OneOrMany::Many(values) => values,
            };
            match signatures.types.get(&data_type) {
                None => problems.push(format!(
                    "[ids] {data_type}: no such data type; `wirewitness signatures list types` names them"
                )),
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

    /// What a person should know of its values although they are not wrong: those that are too short to
    /// prove anything by themselves, and numbers that may have been mistyped.
    pub fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        for (data_type, values) in self.ids.iter().filter(|(data_type, _)| !COMPARED.contains(&data_type.as_str())) {
            for (index, value) in values.iter().enumerate() {
                if shape::is_short(&value.value) {
                    remarks.push(format!(
                        "[ids] {data_type}[{index}] is short: it is found only under a name of its type, such as {data_type:?}"
                    ));
                }
                if data_type == "iccid" && !is_iccid_by_its_check_digit(&value.value) {
                    remarks.push(format!(
                        "[ids] {data_type}[{index}]: its last digit is not the check digit (Luhn, ITU-T E.118), as on some cards; is it as printed?"
                    ));
                }
            }
        }
        remarks
    }

    /// There is no value in it.
    pub fn is_empty(&self) -> bool {
        self.ids.values().all(Vec::is_empty)
    }
}

impl ProfileValue {
    fn of(value: Value) -> Result<Self, String> {
        let time = |when: Option<When>| {
            let text = when.map(|when| match when {
                When::Text(text) => text,
                When::Toml(time) => time.to_string(),
            });
            let wrong = |text: &str| format!("{text:?} is not an RFC 3339 time such as 2026-03-01T08:00:00Z");
            text.map(|text| Time::parse(&text).ok_or_else(|| wrong(&text))).transpose()
        };
        match value {
            Value::Bare(value) => Ok(Self { value: value.trim().to_owned(), from: None, until: None }),
            Value::Dated(Dated { value, from, until }) => {
                Ok(Self { value: value.trim().to_owned(), from: time(from)?, until: time(until)? })
            }
        }
    }

    /// It held at `time`.
    pub fn holds_at(&self, time: Time) -> bool {
        self.from.is_none_or(|from| from <= time) && self.until.is_none_or(|until| time <= until)
    }
}

/// Types whose values are compared otherwise than as text: places, lists.
const COMPARED: &[&str] = &["location", "location_coarse", "installed_apps"];

/// The check digit is the last one, or the last but one before a filler of Chinese cards.
fn is_iccid_by_its_check_digit(value: &str) -> bool {
    shape::luhn(value) || value.len() == 20 && value.get(..19).is_some_and(shape::luhn)
}

/// Why `value` can never be found as this type.
pub(super) fn check(data_type: &str, value: &str, signatures: &Signatures) -> Option<String> {
    if signatures.placeholders.iter().any(|placeholder| placeholder.stands_for(data_type, value)) {
        return Some("is a placeholder that devices send when they withhold the value; leave it out".to_owned());
    }
    if data_type == "location" || data_type == "location_coarse" {
        return location(value)
            .is_none()
            .then(|| "is not \"latitude,longitude\" in decimal degrees, such as \"39.904200,116.407400\"".to_owned());
    }
    let digits = |lengths: std::ops::RangeInclusive<usize>| {
        lengths.contains(&value.len()) && value.bytes().all(|b| b.is_ascii_digit())
    };
    // A profile may be of any device, from any country and maker: only what no standard allows is
    // refused. Values in traffic that no profile confirms must have narrower shapes.
    let fits = match data_type {
        "imei" if value.len() == 15 && digits(15..=15) && !shape::luhn(value) => {
            return Some("the check digit (Luhn) is wrong; correct the number or remove it".to_owned());
        }
        "id_card" if value.len() == 18 && !shape::id_card(value) => {
            return Some(
                "the check digit (GB 11643), the date or the region is wrong; correct the number or remove it"
                    .to_owned(),
            );
        }
        "bank_card" if digits(12..=19) && !shape::luhn(value) => {
            return Some("the check digit (Luhn) is wrong; correct the number or remove it".to_owned());
        }
        // Makers write sixteen to sixty-four letters and digits, most of them hex.
        "oaid" | "vaid" | "aaid" => {
            (16..=64).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
        }
        "android_id" => (1..=16).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_hexdigit()),
        "boot_id" => shape::uuid(value),
        "imei" => digits(14..=16),
        "imsi" => digits(14..=15),
        "iccid" => value.starts_with("89") && (18..=20).contains(&value.len()),
        "phone" => value.bytes().filter(u8::is_ascii_digit).count() >= 7,
        "mac" | "bssid" | "ip" | "email" | "gaid" | "idfa" | "idfv" => shape::fit(data_type, value) != Fit::No,
        _ => true,
    };
    (!fits).then(|| format!("does not have the form of {data_type}; correct it or remove it"))
}

fn location(value: &str) -> Option<shape::Place> {
    let (latitude, longitude) = value.split_once(',')?;
    shape::pair(shape::degrees(latitude.trim())?, shape::degrees(longitude.trim())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(ids: &str) -> Vec<String> {
        let signatures = Signatures::embedded().unwrap();
        Profile::parse(&format!("[ids]\n{ids}"), &signatures).unwrap().1
    }

    #[test]
    fn a_broken_profile_says_where_and_not_what() {
        let signatures = Signatures::embedded().unwrap();
        for (broken, line) in [("[ids]\nimei = 490154203237518x\n", 2), ("[ids]\n\nimei = \"490154203237518\n", 3)] {
            let what = Profile::parse(broken, &signatures).unwrap_err();
            assert!(what.starts_with(&format!("line {line}: ")) && what.contains("device new"), "{what}");
            assert!(!what.contains("4901542"), "{what}");
        }
    }

    #[test]
    fn a_value_of_the_wrong_kind_is_told_what_a_value_is() {
        let signatures = Signatures::embedded().unwrap();
        let wrong = [
            "imei = 490154203237518",
            "oaid = { value = \"0123456789abcdef\", form = \"2026-03-01T08:00:00Z\" }",
            "oaid = [{ from = \"2026-03-01T08:00:00Z\" }]",
        ];
        for ids in wrong {
            let what = Profile::parse(&format!("[ids]\n{ids}\n"), &signatures).unwrap_err();
            assert!(what.starts_with("line 2: a value is a text in quotes, { value = "), "{what}");
        }
        let place = problems("location = \"39.9042;116.4074\"");
        assert!(place[0].contains("latitude,longitude") && !place[0].contains("39.9042;"), "{place:?}");
    }

    #[test]
    fn what_can_never_be_found_is_a_problem() {
        // 490154203237518 is the example of 3GPP TS 23.003 annex B for the check digit.
        assert_eq!(problems("imei = [\"490154203237518\"]"), Vec::<String>::new());
        assert!(problems("imei = [\"490154203237517\"]")[0].contains("imei[0]: the check digit"));
        assert!(problems("mac = \"02:00:00:00:00:00\"")[0].contains("placeholder"));
        assert!(problems("imie = \"490154203237518\"")[0].contains("no such data type"));
        assert!(problems("device_info = \"x\"")[0].contains("umbrella"));
        assert!(problems("location = \"39.9\"")[0].contains("latitude,longitude"));
        // 11010519491231002X is the example of GB 11643-1999.
        assert_eq!(problems("id_card = \"11010519491231002X\""), Vec::<String>::new());
        assert!(problems("id_card = \"110105194912310021\"")[0].contains("GB 11643"));
        assert!(problems("bank_card = \"6222021234567891234\"")[0].contains("check digit"));
        assert!(problems("oaid = \"short\"")[0].contains("form of oaid"));
        assert!(problems("android_id = \"0123456789abcdefg\"")[0].contains("form of android_id"));
    }

    #[test]
    fn what_is_hard_to_find_is_remarked() {
        let signatures = Signatures::embedded().unwrap();
        let remarks = |ids: &str| Profile::parse(&format!("[ids]\n{ids}"), &signatures).unwrap().0.remarks();
        assert!(remarks("contacts = [\"李小明\", \"小明\"]")[0].contains("contacts[1] is short"));
        assert!(remarks("sms = \"1234\"")[0].contains("sms[0] is short"));
        assert!(remarks("iccid = \"8986001234567890123\"")[0].contains("check digit"));
        // The check digit by tests/identify/make.py.
        assert_eq!(remarks("iccid = \"8986001234567890997\"\nlocation = \"39.9,116.4\""), Vec::<String>::new());
    }

    #[test]
    fn values_may_have_a_time() {
        let signatures = Signatures::embedded().unwrap();
        let text =
            "[ids]\noaid = [{ value = \"0123456789abcdef\", until = \"2026-03-01T08:00:00Z\" }, \"fedcba9876543210\"]";
        let (profile, problems) = Profile::parse(text, &signatures).unwrap();
        assert_eq!(problems, Vec::<String>::new());
        let held: Vec<bool> =
            profile.ids["oaid"].iter().map(|v| v.holds_at(Time::parse("2026-03-02T00:00:00Z").unwrap())).collect();
        assert_eq!(held, [false, true]);
        // A time of TOML, which stands without quotes.
        let text = "[ids]\noaid = { value = \"0123456789abcdef\", until = 2026-03-01T08:00:00+08:00 }";
        let until = Profile::parse(text, &signatures).unwrap().0.ids["oaid"][0].until;
        assert_eq!(until, Time::parse("2026-03-01T00:00:00Z"));
    }
}
