//! `session.toml` as it is handed to a person: what is known, and every other key as a comment that
//! says what it settles.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use super::describe::Recorded;
use super::{SessionError, private_options, to_owner};

/// What is known of a session when its folder is made.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Package or bundle id of the app.
    pub app: Option<String>,
    /// Domains of its maker.
    pub first_party: Vec<String>,
    /// Company that makes it.
    pub owner: Option<String>,
    /// Policy file, relative to the folder.
    pub policy: Option<String>,
    /// Nothing but the app is recorded.
    pub isolation: bool,
    /// How it is being recorded.
    pub recorded: Option<Recorded>,
}

/// The text of `session.toml`.
pub fn template(known: &Known) -> String {
    let line = |key: &str, value: Option<String>, example: &str, about: &str| match value {
        Some(value) => format!("{key} = {value}\n"),
        None => format!("# {about}\n# {key} = {example}\n"),
    };
    let text = |value: &Option<String>| value.as_deref().map(quoted);
    let domains = (!known.first_party.is_empty()).then(|| list(&known.first_party));
    let mut whole = [
        line("app", text(&known.app), "\"com.example.shop\"", "package or bundle id: whose traffic counts"),
        line("version", None, "\"3.2.0\"", "its version"),
        line("first_party", domains, "[\"example.com\"]", "domains of the app's maker: what is no third party"),
        line("owner", text(&known.owner), "\"Example Co., Ltd.\"", "company, as the policy writes it"),
        line("policy", text(&known.policy), "\"policy.html\"", "what to hold it against"),
        line("isolation", known.isolation.then(|| "true".to_owned()), "true", "nothing but this app was recorded"),
        line("country", None, "\"CN\"", "where data is to stay, if the policy does not say; for --geo-db"),
        line("clock_skew_ms", None, "500", "how far the clocks of device and recorder may lie apart"),
        line(
            "time_shift",
            None,
            "{ \"phone.pcap\" = -1.5 }",
            "seconds to add to the times of a capture whose clock is off; \"device\": it is the phone's, as in marks",
        ),
        line("device", None, "\"Pixel 7, Android 14\"", "the test device in words"),
        line("notes", None, "\"what was changed on the device\"", "free notes, quoted in the report"),
    ]
    .concat();
    if let Some(recorded) = &known.recorded {
        whole.push_str("\n# How it was recorded; nothing is judged by it.\n");
        // Texts and lists of texts: there is nothing in it that TOML has not.
        whole.push_str(&toml::to_string(&BTreeMap::from([("recorded", recorded)])).unwrap_or_default());
    }
    whole
}

/// Writes `session.toml` into `folder`, for its owner alone, unless there is one: what a person wrote
/// is never touched. Says whether it was written.
///
/// # Errors
/// Where it cannot be written.
pub fn begin(folder: &Path, known: &Known) -> Result<bool, SessionError> {
    let path = folder.join("session.toml");
    let failed = |error: std::io::Error| SessionError::new(&path, format!("cannot be written: {error}"));
    match private_options().create_new(true).open(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(failed(error)),
        Ok(mut file) => {
            if let Err(error) = file.write_all(template(known).as_bytes()) {
                // An empty one would be taken for a person's, and never written.
                let _ = std::fs::remove_file(&path);
                return Err(failed(error));
            }
            to_owner(&path);
            Ok(true)
        }
    }
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn list(texts: &[String]) -> String {
    format!("[{}]", texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Description;

    fn recorded() -> Recorded {
        Recorded {
            by: "wirewitness record 0.1.0".to_owned(),
            started: "2026-03-01T08:00:01.250000Z".to_owned(),
            clock: "this machine's".to_owned(),
            interface: Some("wlan0".to_owned()),
            filter: None,
            command: ["wirewitness", "record", "a \"b\"\n"].map(str::to_owned).to_vec(),
        }
    }

    #[test]
    fn what_is_written_is_read_again_and_what_a_person_wrote_stays() {
        let folder = tempfile::tempdir().unwrap();
        let known = Known { owner: Some("A \"B\" Co".to_owned()), recorded: Some(recorded()), ..Known::default() };
        assert!(begin(folder.path(), &known).unwrap());
        let path = folder.path().join("session.toml");
        let read = Description::read(&path).unwrap();
        assert_eq!((read.owner.as_deref(), read.recorded), (Some("A \"B\" Co"), Some(recorded())));
        std::fs::write(&path, "# mine\n").unwrap();
        assert!(!begin(folder.path(), &known).unwrap());
        assert_eq!(std::fs::read_to_string(path).unwrap(), "# mine\n");
    }

    #[test]
    fn every_comment_is_right_when_uncommented() {
        let text = template(&Known { recorded: Some(recorded()), ..Known::default() });
        let all = text.lines().map(|l| l.strip_prefix("# ").filter(|l| l.contains(" = ")).unwrap_or(l));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("session.toml");
        std::fs::write(&path, all.collect::<Vec<_>>().join("\n")).unwrap();
        let read = Description::read(&path).unwrap();
        assert_eq!((read.app.as_deref(), read.isolation), (Some("com.example.shop"), true));
    }
}
