//! JSON texts one to a line (`application/x-ndjson`), as batches of events are sent.

use super::budget::{self, Budget};
use super::clue::{Ascii, Clue};
use super::walk::{Input, Inside, Opener, Opening};

pub(super) const LINES: Opener = Opener { name: "line", clue: Clue::Has(Ascii::of(b"\n")), open };

fn open(input: &Input<'_>, budget: &mut Budget) -> Option<Opening> {
    let lines = || input.bytes.split(|b| *b == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
    let object = |line: &[u8]| matches!(line, [b'{', .., b'}'] | [b'[', .., b']']);
    if lines().nth(1).is_none() || !lines().all(object) {
        return None;
    }
    if lines().count() > budget::FIELDS {
        budget.reach("lines of one text", budget::FIELDS);
        return None;
    }
    let line = |(number, line): (usize, &[u8])| Inside {
        argument: Some(number.to_string()),
        bytes: input.bytes.slice_ref(line),
        group: u32::try_from(number).unwrap_or(u32::MAX),
        declared: Some("application/json".to_owned()),
        ..Inside::default()
    };
    Some(Opening { parts: lines().enumerate().map(line).collect(), keep: false })
}
