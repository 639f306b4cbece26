//! `log._tweasel`: what cyanoacrylate notes about a recording (its `TweaselHarMetaV1`,
//! likewise 2.0): device, tool versions, apps.

use std::collections::BTreeMap;
use std::io::Read;

use serde::Deserialize;

use super::producer::NAME_LIMIT;

/// The key that says it.
const KEY: &[u8] = b"\"_tweasel\"";

/// Bytes of the file that are looked at together.
const CHUNK: u64 = 256 << 10;

/// Bytes that the note may take: it is some hundred, and some dozen for each app.
const LIMIT: u64 = 1 << 20;

/// The note.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Tweasel {
    options: Options,
    versions: BTreeMap<String, String>,
    apps: Vec<App>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Options {
    mode: String,
    apps: Vec<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct App {
    id: String,
    version: Option<String>,
}

impl Tweasel {
    /// The app that all traffic in the file is of: the only one that the device's tunnel
    /// was open to. That an app was started says less: on iOS, and in the mode `all-apps`,
    /// the traffic of the whole device is recorded.
    pub fn only_app(&self) -> Option<&str> {
        match (self.options.mode.as_str(), self.options.apps.as_slice()) {
            ("allowlist", [app]) if !app.is_empty() => Some(app),
            _ => None,
        }
    }

    /// What to call the producer of a file that `written` (mitmproxy) wrote for it.
    pub fn producer(&self, written: Option<String>) -> String {
        let version = self.versions.get("cyanoacrylate").map(|v| format!(" {v}")).unwrap_or_default();
        let by = written.map(|written| format!(", {written}")).unwrap_or_default();
        let apps: Vec<String> = self
            .apps
            .iter()
            .map(|app| {
                let version = app.version.as_ref().map(|version| format!(" {version}")).unwrap_or_default();
                format!("{}{version}", app.id)
            })
            .collect();
        let of = if apps.is_empty() { String::new() } else { format!(", started {}", apps.join(", ")) };
        format!("cyanoacrylate{version}{by}{of}").chars().filter(|c| !c.is_control()).take(NAME_LIMIT).collect()
    }
}

/// The note in `file`, where it has one. Looked for as bytes: most files have none, and
/// finding that out this way is far cheaper than reading the file as JSON. What an app
/// sent cannot be taken for it, because a quotation mark in a text is escaped; the whole of a text can
/// be the same, but no colon follows that.
pub fn find(mut file: impl Read) -> Option<Tweasel> {
    let mut buffer: Vec<u8> = Vec::with_capacity(CHUNK as usize + KEY.len());
    loop {
        // Damage is told when the file is read.
        let read = file.by_ref().take(CHUNK).read_to_end(&mut buffer).unwrap_or(0);
        let mut looked = 0;
        while let Some(at) = memchr::memmem::find(buffer.get(looked..)?, KEY) {
            looked += at + KEY.len();
            if looked as u64 > LIMIT {
                buffer.drain(..looked);
                looked = 0;
            }
            // Of what follows as much as a note may take.
            let more = LIMIT.saturating_sub((buffer.len() - looked) as u64);
            let _ = file.by_ref().take(more).read_to_end(&mut buffer);
            if let Some(value) = buffer.get(looked..)?.trim_ascii_start().strip_prefix(b":") {
                return Tweasel::deserialize(&mut serde_json::Deserializer::from_slice(value)).ok();
            }
        }
        if read == 0 {
            return None;
        }
        buffer.drain(..buffer.len().saturating_sub(KEY.len()).max(looked));
    }
}
