//! One sighting, or the place of a contact, as a reader can look it up.

use super::word;
use crate::audit::Report;
use crate::evidence::{Locator, Place};
use crate::observations::Sighting;
use crate::report::excerpt;
use crate::report::language::{Language, fill};

/// Ranges of frame numbers that a filter names; a reader copies one line, and the
/// whole list stands in report.json.
const FRAME_RANGES: usize = 12;

/// What was seen at one place.
pub struct Evidence {
    /// `POST /v2/bind · host api.example.com`; empty for a contact.
    pub request: String,
    /// `POST /v2/bind`; empty for a contact.
    pub line: String,
    /// The host as it stood in the message.
    pub host: String,
    /// What stands before the value, the value, and what stands after it; see `excerpt`.
    pub excerpt: (String, String, String),
    /// `imei = 86····…··17 (imei#1)`; empty for a contact.
    pub value: String,
    /// `MD5 (upper)`; how it crossed the wire.
    pub form: String,
    /// `json $.device.id → base64`.
    pub steps: String,
    /// File, stream, frames, or entry.
    pub place: String,
    /// Display filter that shows the frames.
    pub filter: Option<String>,
    /// How often, and when first.
    pub times: String,
    /// Phase group in words.
    pub phase: String,
    /// Why it is this type, in the words of the identification.
    pub reason: String,
}

/// Of a sighting.
pub fn of_sighting(sighting: &Sighting, report: &Report, language: Language) -> Evidence {
    let words = language.words();
    let (place, filter) = place(&sighting.locator, report, language);
    let key = sighting.key.as_deref().map(|key| format!("{key} = ")).unwrap_or_default();
    let mut form = form(sighting, language);
    if word(&sighting.wire) == "clear" {
        form.push_str(&format!("{}{}", language.comma(), words.term("clear-wire")));
    }
    Evidence {
        request: format!("{} · {}", sighting.path_template, fill(words.host, &[&sighting.host])),
        line: sighting.path_template.clone(),
        host: sighting.host.clone(),
        excerpt: excerpt::parts(sighting),
        value: format!("{key}{} ({})", sighting.masked, sighting.label),
        form,
        steps: steps(sighting, language),
        place,
        filter,
        times: fill(words.times, &[&sighting.count, &sighting.first]),
        phase: words.term(sighting.phase.group()).to_owned(),
        reason: language.because(&sighting.reason),
    }
}

/// `MD5 (upper)`: how the value was written.
pub fn form(sighting: &Sighting, language: Language) -> String {
    let mut form = match sighting.form.digest.as_str() {
        "plain" => language.words().term("plain").to_owned(),
        digest => digest.to_uppercase(),
    };
    if sighting.form.variant != "as-is" {
        form.push_str(&language.aside(&language.of_form(&sighting.form.variant)));
    }
    form
}

/// `body → json $.device.id, bytes 0–15`: the way to the value.
pub fn steps(sighting: &Sighting, language: Language) -> String {
    let locator = &sighting.locator;
    let steps: Vec<String> = locator.steps.iter().map(ToString::to_string).collect();
    fill(language.words().bytes_of, &[&steps.join(" → "), &locator.start, &locator.end])
}

/// Of a contact's place.
pub fn of_place(locator: &Locator, report: &Report, language: Language) -> Evidence {
    let (place, filter) = place(locator, report, language);
    Evidence {
        request: String::new(),
        line: String::new(),
        host: String::new(),
        excerpt: Default::default(),
        value: String::new(),
        form: String::new(),
        steps: String::new(),
        place,
        filter,
        times: String::new(),
        phase: String::new(),
        reason: String::new(),
    }
}

fn place(locator: &Locator, report: &Report, language: Language) -> (String, Option<String>) {
    let words = language.words();
    let name = |input: &u32| {
        report.inputs.get(*input as usize).map_or_else(|| format!("input {input}"), |input| input.name.clone())
    };
    match &locator.place {
        Place::Frames { input, transport, stream, frames, offset, continued, .. } => {
            let part = |input: &u32, stream: &u32, frames: &[u64]| {
                let (ranges, more) = ranges(frames);
                let more = if more > 0 { format!(" +{more}") } else { String::new() };
                let frames = fill(words.place_frames, &[&format!("{}{more}", ranges.join(", "))]);
                format!("{} · {}.stream {stream} · {frames}", name(input), word(transport))
            };
            let offset = fill(words.place_offset, &[offset]);
            let mut place = format!("{} · {offset}", part(input, stream, frames));
            for rest in continued {
                place.push_str(&format!("; {}", part(&rest.input, &rest.stream, &rest.frames)));
            }
            let (ranges, _) = ranges(frames);
            let filter =
                (!ranges.is_empty()).then(|| format!("frame.number in {{{}}}", ranges.join(", ").replace('–', "..")));
            (place, filter)
        }
        Place::Entry { input, entry, pointer } => {
            (format!("{} · {} · {pointer}", name(input), fill(words.place_entry, &[entry])), None)
        }
    }
}

/// `4–6`, `9`: runs of frame numbers, and how many runs were left off.
fn ranges(frames: &[u64]) -> (Vec<String>, usize) {
    let mut runs: Vec<(u64, u64)> = Vec::new();
    for frame in frames {
        match runs.last_mut() {
            Some((_, end)) if end.checked_add(1) == Some(*frame) => *end = *frame,
            _ => runs.push((*frame, *frame)),
        }
    }
    let more = runs.len().saturating_sub(FRAME_RANGES);
    let text = |(from, to): &(u64, u64)| if from == to { from.to_string() } else { format!("{from}–{to}") };
    (runs.iter().take(FRAME_RANGES).map(text).collect(), more)
}

#[cfg(test)]
mod tests {
    use super::ranges;

    #[test]
    fn runs_of_frames_are_put_together() {
        assert_eq!(ranges(&[4, 5, 6, 9]), (vec!["4–6".to_owned(), "9".to_owned()], 0));
        assert_eq!(ranges(&[]), (vec![], 0));
        let every_other: Vec<u64> = (0..30).map(|n| n * 2).collect();
        assert_eq!(ranges(&every_other).1, 18);
        assert_eq!(ranges(&[u64::MAX, u64::MAX]).0.len(), 2);
    }
}
