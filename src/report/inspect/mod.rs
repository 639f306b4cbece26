//! The observations for reading: whom the app talked to, and what of the device and the
//! person went there, each sighting with its message, the way to its bytes, an excerpt and
//! the reason; what could not be seen comes last. Arranged once, by recipient or by type,
//! and written as text or as a page.

pub mod html;
pub mod text;

use crate::evidence::Place;
use crate::observations::{Contact, Observations, Recipient, Sighting, Withheld};
use crate::signatures::Signatures;

use super::beside::{self, Sides};
use super::escape::visible;
use super::excerpt;
use super::language::{Language, fill};
use super::view;

/// What the sections are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// One recipient each, in it what it got.
    #[default]
    Recipient,
    /// One data type each, in it who got it.
    Type,
}

/// Observations arranged; every text is visible.
struct View {
    inputs: Vec<String>,
    sections: Vec<Section>,
    /// What other tools wrote beside the traffic.
    beside: Vec<String>,
    coverage: Vec<String>,
}

/// A recipient or a data type.
struct Section {
    title: String,
    /// What is said of it: role and hosts, reason, traffic.
    facts: Vec<String>,
    rows: Vec<Row>,
    /// Payloads that stayed closed.
    sealed: Vec<String>,
    /// Slots for identifiers that hold none.
    withheld: Vec<String>,
}

/// A sighting.
struct Row {
    /// The data type, or in a section of one the recipient.
    subject: String,
    /// `confirmed`, for the page's colours.
    certainty_id: String,
    certainty: String,
    /// Value, label, form, wire, how often.
    value: String,
    excerpt: String,
    request: String,
    /// The steps and the bytes.
    way: String,
    place: String,
    reason: String,
}

fn arrange(seen: &Observations, signatures: &Signatures, language: Language, sort: Sort) -> View {
    let words = language.words();
    let mut inputs = Vec::new();
    for input in &seen.inputs {
        let line = fill(words.input_line, &[&visible(&input.name), &input.format, &input.records]);
        inputs.push(format!("{line}{}SHA-256 {}", language.comma(), input.sha256));
        inputs.extend(input.producer.as_deref().map(|producer| format!("  {}", visible(producer))));
    }
    let sections = match sort {
        Sort::Recipient => by_recipient(seen, signatures, language),
        Sort::Type => by_type(seen, signatures, language),
    };
    let product = |id: &str| signatures.products.get(id).map_or(id, |p| language.pick(&p.zh, &p.en)).to_owned();
    let sides = Sides {
        beside: &seen.beside,
        recipients: &seen.recipients,
        sightings: &seen.sightings,
        data_type: &|id| type_name(signatures, id, language),
        product: &product,
    };
    let beside = beside::lines(&sides, language);
    View { inputs, sections, beside, coverage: coverage(seen, language) }
}

fn by_recipient(seen: &Observations, signatures: &Signatures, language: Language) -> Vec<Section> {
    let of = |contact: &Contact| {
        let recipient = seen.recipients.get(&contact.recipient)?;
        let mine = seen.sightings.iter().filter(|s| s.recipient == contact.recipient && s.app == contact.app);
        let rows = mine.map(|s| row(s, type_name(signatures, &s.data_type, language), seen, language)).collect();
        Some(Section {
            title: visible(name(recipient, language)),
            facts: facts(contact, recipient, language),
            rows,
            sealed: sealed(seen, recipient, signatures, language),
            withheld: seen
                .withheld
                .iter()
                .filter(|slot| slot.recipient == contact.recipient && slot.app == contact.app)
                .map(|slot| withheld(slot, seen, signatures, language))
                .collect(),
        })
    };
    seen.contacts.iter().filter_map(of).collect()
}

/// By type; recipients that got nothing readable stand below, as they are no less contacted.
fn by_type(seen: &Observations, signatures: &Signatures, language: Language) -> Vec<Section> {
    let found = seen.sightings.iter().map(|s| s.data_type.as_str());
    let mut types: Vec<&str> = found.chain(seen.withheld.iter().map(|slot| slot.data_type.as_str())).collect();
    types.sort_unstable();
    types.dedup();
    let mut sections: Vec<Section> = types
        .into_iter()
        .map(|data_type| {
            let mut mine: Vec<&Sighting> = seen.sightings.iter().filter(|s| s.data_type == data_type).collect();
            mine.sort_by(|a, b| a.recipient.cmp(&b.recipient));
            let to = |s: &Sighting| {
                seen.recipients.get(&s.recipient).map_or(s.recipient.as_str(), |r| name(r, language)).to_owned()
            };
            Section {
                title: type_name(signatures, data_type, language),
                facts: Vec::new(),
                rows: mine.into_iter().map(|s| row(s, visible(&to(s)), seen, language)).collect(),
                sealed: Vec::new(),
                withheld: seen
                    .withheld
                    .iter()
                    .filter(|slot| slot.data_type == data_type)
                    .map(|slot| withheld(slot, seen, signatures, language))
                    .collect(),
            }
        })
        .collect();
    for contact in &seen.contacts {
        let silent = !seen.sightings.iter().any(|s| s.recipient == contact.recipient && s.app == contact.app);
        if let Some(recipient) = seen.recipients.get(&contact.recipient).filter(|_| silent) {
            sections.push(Section {
                title: visible(name(recipient, language)),
                facts: facts(contact, recipient, language),
                rows: Vec::new(),
                sealed: sealed(seen, recipient, signatures, language),
                withheld: Vec::new(),
            });
        }
    }
    sections
}

fn facts(contact: &Contact, recipient: &Recipient, language: Language) -> Vec<String> {
    let words = language.words();
    vec![
        format!("{} · {}", words.term(&word(&recipient.role)), visible(&contact.hosts.join(", "))),
        format!("{}{}{}", words.reason, language.colon(), visible(&language.because(&recipient.reason))),
        traffic(contact, language),
    ]
}

fn sealed(seen: &Observations, recipient: &Recipient, signatures: &Signatures, language: Language) -> Vec<String> {
    let of = seen.sealed.iter().filter(|sealed| sealed.recipient == recipient.id);
    of.map(|sealed| {
        let recipe = format!("{} ×{}", sealed.recipe, sealed.count);
        let may: Vec<String> = sealed.may_contain.iter().map(|id| type_name(signatures, id, language)).collect();
        let may = may.join(language.words().and);
        let line = fill(language.words().sealed_line, &[&visible(name(recipient, language)), &recipe, &may]);
        format!("{line} — {}", language.told(&sealed.reason, &sealed.reason_zh))
    })
    .collect()
}

/// Whom a slot went to, what it is for, what stands in it instead, and where the first one is.
fn withheld(slot: &Withheld, seen: &Observations, signatures: &Signatures, language: Language) -> String {
    let words = language.words();
    let whom = seen.recipients.get(&slot.recipient).map_or(slot.recipient.as_str(), |r| name(r, language));
    let instead = format!("placeholder:{}", slot.placeholder.as_str());
    let what = type_name(signatures, &slot.data_type, language);
    let line = fill(words.withheld_line, &[&visible(whom), &what, &words.term(&instead), &slot.count]);
    let steps: Vec<String> = slot.locator.steps.iter().map(ToString::to_string).collect();
    format!("{line} · {} · {}", visible(&steps.join(" → ")), visible(&place(&slot.locator.place, seen, language)))
}

fn coverage(seen: &Observations, language: Language) -> Vec<String> {
    let words = language.words();
    let coverage = &seen.coverage;
    let mut lines = Vec::new();
    match coverage.percent() {
        Some(percent) => {
            lines.push(fill(words.coverage_bytes, &[&coverage.opened_bytes, &coverage.total_bytes, &percent]));
            lines.push(fill(words.coverage_messages, &[&coverage.opened_messages, &coverage.total_messages]));
        }
        None => lines.push(words.coverage_nothing.to_owned()),
    }
    for (reason, count) in &coverage.closed {
        lines.push(format!("{}{}{} {count}", words.coverage_closed, language.colon(), words.term(reason.as_str())));
    }
    for gap in &seen.gaps {
        let times = if gap.count > 1 { format!(" {}", fill(words.gap_count, &[&gap.count])) } else { String::new() };
        let reason = words.term(gap.reason.as_str());
        let at = match seen.recipients.get(&gap.at) {
            Some(recipient) => name(recipient, language).into(),
            None => language.of_gap(&gap.at),
        };
        let (colon, at) = (language.colon(), language.aside(&visible(&at)));
        lines.push(format!(
            "{}{colon}{reason}{at}{colon}{}{times}",
            words.gaps,
            visible(&language.of_gap(&gap.detail))
        ));
    }
    lines
}

fn name(recipient: &Recipient, language: Language) -> &str {
    match language {
        Language::En => &recipient.en,
        Language::Zh => &recipient.zh,
    }
}

fn type_name(signatures: &Signatures, id: &str, language: Language) -> String {
    signatures
        .types
        .get(id)
        .map_or(id, |data_type| match language {
            Language::En => &data_type.en,
            Language::Zh => &data_type.zh,
        })
        .to_owned()
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
fn row(sighting: &Sighting, subject: String, seen: &Observations, language: Language) -> Row {
    let words = language.words();
    let key = sighting.key.as_deref().map(|key| format!("{} = ", visible(key))).unwrap_or_default();
    let steps: Vec<String> = sighting.locator.steps.iter().map(ToString::to_string).collect();
    let form = view::form(sighting, language);
    Row {
        subject,
        certainty_id: word(&sighting.certainty),
        certainty: words.term(&word(&sighting.certainty)).to_owned(),
        value: format!(
            "{key}{} ({}) · {} · {} ×{}",
            visible(sighting.masked.as_str()),
            sighting.label,
            form,
            words.term(&format!("wire:{}", word(&sighting.wire))),
            sighting.count,
        ),
        excerpt: visible(&excerpt::of(sighting)),
        request: visible(&format!("{} · {}", sighting.path_template, sighting.host)),
        way: format!("{} → [{}–{}]", visible(&steps.join(" → ")), sighting.locator.start, sighting.locator.end),
        place: visible(&place(&sighting.locator.place, seen, language)),
        reason: visible(&language.because(&sighting.reason)),
    }
}

/// `demo.pcapng tcp.stream 4, frames 40 41`.
fn place(place: &Place, seen: &Observations, language: Language) -> String {
    let words = language.words();
    let (input, at) = match place {
        Place::Frames { input, frames, transport, stream, .. } => {
            let transport = word(transport);
            let frames: Vec<String> = frames.iter().take(8).map(ToString::to_string).collect();
            (
                *input,
                format!(
                    "{transport}.stream {stream}{}{}",
                    language.comma(),
                    fill(words.place_frames, &[&frames.join(" ")])
                ),
            )
        }
        Place::Entry { input, entry, pointer } => {
            (*input, format!("{}{}{pointer}", fill(words.place_entry, &[entry]), language.comma()))
        }
    };
    let input = seen.inputs.get(input as usize).map_or("-", |i| i.name.as_str());
    format!("{input} {at}")
}

/// The word of an enum as JSON writes it.
fn word<T: serde::Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}
