//! PiRogue's `aes_info.json`: what a hooked process gave to Java's ciphers and got from them
//! (`pirogue_cli/frida-scripts/log_aes_info.js`). Only which cipher was used and when is taken:
//! keys and contents are as private as the payloads, and open none here.

use serde_json::Value;

use super::{Call, Stamp, Witness, epoch, is_id, short};
use crate::evidence::GapReason;

const FORMAT: &str = "PiRogue (cipher operations)";

/// A list that does not parse, where its beginning shows whose it is.
pub fn damaged(text: &str) -> Option<Witness> {
    text.contains("\"aes_info.json\"").then(|| Witness::cut(FORMAT))
}

/// What a list says, where it is one.
pub fn of_list(list: &[Value]) -> Option<Witness> {
    let is_one = |value: &Value| value.get("dump").and_then(Value::as_str) == Some("aes_info.json");
    if !list.iter().take(8).any(is_one) {
        return None;
    }
    let mut witness = Witness::of_rows(FORMAT, list.iter().enumerate(), |witness, _, value| {
        let cipher = value.get("data")?.get("alg")?.as_str()?;
        let app = value.get("process").and_then(Value::as_str).map(short);
        let app = app.filter(|app| is_id(app.split(':').next().unwrap_or_default()));
        let at = value.get("timestamp").and_then(Value::as_f64).and_then(epoch).map_or(Stamp::Never, Stamp::At);
        let what = short(&format!("Cipher {cipher}"));
        witness.calls.push(Call { app, what, count: 1, at, stack: Vec::new() });
        Some(())
    });
    let detail = "cipher operations of the app: listed, but no payload is opened with them";
    witness.gap(GapReason::LossyImport, "", detail);
    Some(witness)
}
