//! Server-sent events (`text/event-stream`, WHATWG HTML §9.2): the data of each.

use super::budget::{self, Budget};
use super::clue::Clue;
use super::walk::{Input, Inside, Opener, Opening};

pub(super) const EVENTS: Opener = Opener { name: "event", clue: Clue::Told, open };

fn open(input: &Input<'_>, budget: &mut Budget) -> Option<Opening> {
    if !input.is_declared("text/event-stream") {
        return None;
    }
    let mut parts: Vec<Inside> = Vec::new();
    let (mut data, mut any): (Vec<u8>, bool) = (Vec::new(), false);
    // An empty line ends an event; a stream that was cut ends with one that counts as well.
    for line in lines(input.bytes).chain([&b""[..]]) {
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

/// The lines of a stream, which end with CR LF, LF or CR.
fn lines(mut rest: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
        let (line, behind) = rest.split_at_checked(end)?;
        rest = behind.strip_prefix(b"\r\n").or_else(|| behind.get(1..)).unwrap_or_default();
        Some(line)
    })
}

#[cfg(test)]
mod tests {
    use super::lines;

    /// WHATWG HTML §9.2.5: any of the three ends a line.
    #[test]
    fn lines_end_in_three_ways() {
        let found: Vec<&[u8]> = lines(b"a\r\nb\rc\n\r\n\n\rcut").collect();
        assert_eq!(found, [&b"a"[..], b"b", b"c", b"", b"", b"", b"cut"]);
    }
}
