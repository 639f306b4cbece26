//! Apple's App Privacy Report (iOS 15.2 and later), an object on each line: `networkActivity`,
//! which app reached which domain, and `access`, which app used which sensor or data. Of the
//! last seven days, without any payload.

use serde_json::Value;

use super::{Call, Reached, Stamp, Witness, short};
use crate::evidence::Time;

/// What a text says, where it is one.
pub fn of_lines(text: &str) -> Option<Witness> {
    let known = |line: &str| line.contains("\"networkActivity\"") || line.contains("\"com.apple.privacy.accounting");
    let access = |line: &str| line.contains("\"accessor\"") && line.contains("\"access\"");
    if !text.lines().take(64).any(|line| known(line) || access(line)) {
        return None;
    }
    let rows = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    Some(Witness::of_rows("App Privacy Report", rows, |witness, _, line| {
        let value: Value = serde_json::from_str(line).ok()?;
        let text = |of: &Value, key: &str| of.get(key).and_then(Value::as_str).map(short).filter(|t| !t.is_empty());
        let time = |key: &str| text(&value, key).and_then(|stamp| Time::parse(&stamp));
        match (text(&value, "domain"), value.get("accessor")) {
            (Some(host), _) => {
                let count = value.get("hits").and_then(Value::as_u64).unwrap_or(1);
                let last = time("timeStamp");
                let first = time("firstTimeStamp").or(last);
                let app = text(&value, "bundleID");
                witness.reached.push(Reached { app, host: host.to_lowercase(), count, first, last });
            }
            (None, Some(accessor)) => {
                // An access has a beginning and an end.
                if text(&value, "kind").as_deref() == Some("intervalEnd") {
                    return Some(());
                }
                let what = text(&value, "category").or_else(|| text(&value, "tccService"))?;
                let at = time("timeStamp").or_else(|| time("timestamp")).map_or(Stamp::Never, Stamp::At);
                let app = text(accessor, "identifier");
                witness.calls.push(Call { app, what, count: 1, at, stack: Vec::new() });
            }
            (None, None) => return None,
        }
        Some(())
    }))
}
