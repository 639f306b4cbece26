//! What the bytes around a value look like, without telling them: names and structure
//! from the steps that lead there, the value masked, and an ellipsis for all else.

use crate::evidence::Step;
use crate::observations::Sighting;

/// `{…"device":{…"imei":"86····…··17"…}…}`, `…&imei=86····…··17&…`.
pub fn of(sighting: &Sighting) -> String {
    around(sighting, sighting.masked.as_str())
}

/// The same in three: what stands before the value, the value, and what stands after it.
/// The sighting's texts are visible: none holds the character that marks the place.
pub fn parts(sighting: &Sighting) -> (String, String, String) {
    let excerpt = around(sighting, "\0");
    let (before, behind) = excerpt.split_once('\0').unwrap_or((excerpt.as_str(), ""));
    (before.to_owned(), sighting.masked.to_string(), behind.to_owned())
}

fn around(sighting: &Sighting, masked: &str) -> String {
    let locator = &sighting.locator;
    let Some(last) = locator.steps.last() else { return masked.to_owned() };
    let whole = locator.start == 0 && locator.end == last.length;
    let value = match whole {
        true => masked.to_owned(),
        false => {
            let before = if locator.start > 0 { "…" } else { "" };
            let behind = if locator.end < last.length { "…" } else { "" };
            format!("{before}{masked}{behind}")
        }
    };
    within(last, sighting.key.as_deref(), &value)
}

fn within(step: &Step, key: Option<&str>, value: &str) -> String {
    let Some(argument) = step.argument.as_deref() else { return value.to_owned() };
    match step.name.as_str() {
        "json" => nested(argument, value),
        "query" | "form" => format!("…&{argument}={value}&…"),
        "header" => format!("{argument}: {value}"),
        "cookie" => format!("Cookie: …; {argument}={value}; …"),
        "path" => format!("…/{value}/…"),
        _ => match key {
            Some(key) => format!("…{key}: {value}…"),
            None => value.to_owned(),
        },
    }
}

/// The value at a JSON path, in its objects and lists.
fn nested(path: &str, value: &str) -> String {
    /// Levels that are written out; deeper ones are one ellipsis.
    const LEVELS: usize = 4;
    let names = path.trim_start_matches('$').replace('[', ".[");
    let names: Vec<&str> = names.split('.').filter(|name| !name.is_empty()).collect();
    let mut text = format!("\"{value}\"");
    for name in names.iter().rev().take(LEVELS) {
        text = match name.starts_with('[') {
            true => format!("[…{text}…]"),
            false => format!("{{…\"{name}\":{text}…}}"),
        };
    }
    if names.len() > LEVELS { format!("…{text}…") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn structure_is_shown_and_nothing_beside_the_value() {
        let step = |name: &str, argument: &str| Step {
            name: name.to_owned(),
            argument: Some(argument.to_owned()),
            length: 15,
            sha256: String::new(),
            published_key: false,
        };
        let shown = |name, argument| within(&step(name, argument), Some("imei"), "86····…··17");
        assert_eq!(shown("json", "$.ids[0].imei"), "{…\"ids\":[…{…\"imei\":\"86····…··17\"…}…]…}");
        assert_eq!(shown("form", "imei"), "…&imei=86····…··17&…");
        assert_eq!(shown("header", "x-imei"), "x-imei: 86····…··17");
        assert_eq!(shown("protobuf", "3.1"), "…imei: 86····…··17…");
    }
}
