//! Server-sent events (`text/event-stream`, WHATWG HTML §9.2): the data of each.

use super::budget::{self, Budget};
use super::walk::{Input, Inside, Opener, Opening};

pub(super) const EVENTS: Opener = Opener { name: "event", open };

fn open(input: &Input<'_>, budget: &mut Budget) -> Option<Opening> {
    if !input.is_declared("text/event-stream") {
        return None;
    }
    let mut parts: Vec<Inside> = Vec::new();
    let (mut data, mut any): (Vec<u8>, bool) = (Vec::new(), false);
    // An empty line ends an event; a stream that was cut ends with one that counts as well.
    for line in input.bytes.split(|byte| *byte == b'\n').chain([&b""[..]]) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if let Some(value) = line.strip_prefix(b"data:") {
            if any {
                data.push(b'\n');
            }
            data.extend_from_slice(value.strip_prefix(b" ").unwrap_or(value));
            any = true;
        } else if line.is_empty() && std::mem::take(&mut any) {
            if parts.len() >= budget::FIELDS {
                budget.reach("events of one stream", budget::FIELDS);
                return None;
            }
            parts.push(Inside {
                argument: Some(parts.len().to_string()),
                group: u32::try_from(parts.len()).unwrap_or(u32::MAX),
                bytes: std::mem::take(&mut data).into(),
                ..Inside::default()
            });
        }
    }
    (!parts.is_empty()).then_some(Opening { parts, keep: false })
}
