//! The observations for a terminal: whom the app talked to, and what of the device
//! and the person went there; what could not be seen comes last.

use crate::evidence::Place;
use crate::observations::{Contact, Observations, Recipient, Sighting};
use crate::signatures::Signatures;

use super::escape::visible;
use super::language::{Language, fill};

/// The text, with a last line feed. `color` marks recipients and types.
pub fn render(seen: &Observations, signatures: &Signatures, language: Language, color: bool) -> String {
    let words = language.words();
    let bold = |text: &str| if color { format!("\x1b[1m{text}\x1b[0m") } else { text.to_owned() };
    let mut page = String::new();
    for input in &seen.inputs {
        let line = fill(words.input_line, &[&visible(&input.name), &input.format, &input.records]);
        page.push_str(&format!("{line}, SHA-256 {}\n", input.sha256));
        if let Some(producer) = &input.producer {
            page.push_str(&format!("  {}\n", visible(producer)));
        }
    }
    for contact in &seen.contacts {
        let Some(recipient) = seen.recipients.get(&contact.recipient) else { continue };
        page.push('\n');
        page.push_str(&bold(&visible(name(recipient, language))));
        page.push_str(&format!("  {} · {}\n", words.term(&word(&recipient.role)), visible(&contact.hosts.join(", "))));
        page.push_str(&format!("  {}: {}\n", words.reason, visible(&language.because(&recipient.reason))));
        page.push_str(&format!("  {}\n", traffic(contact, language)));
        let mine = seen.sightings.iter().filter(|s| s.recipient == contact.recipient && s.app == contact.app);
        for sighting in mine {
            page.push_str(&of_sighting(sighting, seen, signatures, language, &bold));
        }
        for sealed in seen.sealed.iter().filter(|s| s.recipient == contact.recipient) {
            let recipe = format!("{} ×{}", sealed.recipe, sealed.count);
            let may = sealed.may_contain.join(", ");
            let line = fill(words.sealed_line, &[&visible(name(recipient, language)), &recipe, &may]);
            page.push_str(&format!("  {line} — {}\n", sealed.reason));
        }
    }
    page.push_str(&format!("\n{}\n", bold(words.coverage)));
    let coverage = &seen.coverage;
    match coverage.percent() {
        Some(percent) => {
            let bytes = fill(words.coverage_bytes, &[&coverage.opened_bytes, &coverage.total_bytes, &percent]);
            let messages = fill(words.coverage_messages, &[&coverage.opened_messages, &coverage.total_messages]);
            page.push_str(&format!("{bytes}\n{messages}\n"));
        }
        None => page.push_str(&format!("{}\n", words.coverage_nothing)),
    }
    for (reason, count) in &coverage.closed {
        page.push_str(&format!("{}: {} {count}\n", words.coverage_closed, words.term(reason.as_str())));
    }
    for gap in &seen.gaps {
        let times = if gap.count > 1 { fill(words.gap_count, &[&gap.count]) } else { String::new() };
        let reason = words.term(gap.reason.as_str());
        page.push_str(&format!("{}: {reason} ({}): {} {times}\n", words.gaps, visible(&gap.at), visible(&gap.detail)));
    }
    page.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}

fn name(recipient: &Recipient, language: Language) -> &str {
    match language {
        Language::En => &recipient.en,
        Language::Zh => &recipient.zh,
    }
}

fn traffic(contact: &Contact, language: Language) -> String {
    let words = language.words();
    let mut parts = vec![format!("{} {}", words.messages_read, contact.messages)];
    parts.extend(
        contact.closed.iter().map(|(reason, n)| format!("{} {} {n}", words.closed, words.term(reason.as_str()))),
    );
    parts.push(format!("{} – {}", contact.first, contact.last));
    parts.join(" · ")
}

/// What was seen, how it was written, and why it is taken for that.
fn of_sighting(
    sighting: &Sighting,
    seen: &Observations,
    signatures: &Signatures,
    language: Language,
    bold: &dyn Fn(&str) -> String,
) -> String {
    let words = language.words();
    let data_type = signatures.types.get(&sighting.data_type).map_or(sighting.data_type.as_str(), |t| match language {
        Language::En => &t.en,
        Language::Zh => &t.zh,
    });
    let key = sighting.key.as_deref().map(|key| format!("{} = ", visible(key))).unwrap_or_default();
    let steps: Vec<String> = sighting.locator.steps.iter().map(ToString::to_string).collect();
    let (input, place) = match &sighting.locator.place {
        Place::Frames { input, frames, transport, stream, .. } => {
            let transport = word(transport);
            let frames: Vec<String> = frames.iter().take(8).map(ToString::to_string).collect();
            (*input, format!("{transport}.stream {stream}, frames {}", frames.join(" ")))
        }
        Place::Entry { input, entry, pointer } => (*input, format!("entry {entry}, {pointer}")),
    };
    let input = seen.inputs.get(input as usize).map_or("-", |i| i.name.as_str());
    format!(
        "  {} {}  {key}{} ({}) · {} {} · {} ×{}\n      {}\n      {} → [{}–{}] · {} {place}\n      {}\n",
        bold(data_type),
        words.term(&word(&sighting.certainty)),
        visible(sighting.masked.as_str()),
        sighting.label,
        words.term(&sighting.form.digest),
        if sighting.form.variant == "as-is" { "" } else { &sighting.form.variant },
        words.term(&word(&sighting.wire)),
        sighting.count,
        visible(&format!("{} · {}", sighting.path_template, sighting.host)),
        visible(&steps.join(" → ")),
        sighting.locator.start,
        sighting.locator.end,
        visible(input),
        visible(&language.because(&sighting.reason)),
    )
}

/// The word of an enum as JSON writes it.
fn word<T: serde::Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}
