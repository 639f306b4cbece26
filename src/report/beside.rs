//! What other tools wrote beside the traffic, as lines.

use std::collections::{BTreeMap, BTreeSet};

use super::escape::visible;
use super::language::{Language, fill};
use super::view::word;
use crate::observations::{Beside, CallEvidence, Recipient, Sighting};

/// What the lines are made of.
pub(super) struct Sides<'a> {
    /// What other tools wrote.
    pub beside: &'a Beside,
    /// The traffic's recipients.
    pub recipients: &'a BTreeMap<String, Recipient>,
    /// And its sightings.
    pub sightings: &'a [Sighting],
    /// Name of a data type.
    pub data_type: &'a dyn Fn(&str) -> String,
    /// Name of a product.
    pub product: &'a dyn Fn(&str) -> String,
}

/// One line for a file, a call, a caller, a host.
pub(super) fn lines(sides: &Sides<'_>, language: Language) -> Vec<String> {
    let words = language.words();
    let recipient = |id: &str| sides.recipients.get(id).map_or(id, |r| language.pick(&r.zh, &r.en)).to_owned();
    let app = |app: &Option<String>| visible(app.as_deref().unwrap_or(words.app_unknown));
    let mut lines = Vec::new();
    for file in &sides.beside.files {
        lines.push(fill(words.beside_file, &[&visible(&file.name), &file.format, &file.rows, &file.other_apps]));
    }
    for call in &sides.beside.calls {
        lines.push(of_call(call, sides, language));
    }
    for caller in &sides.beside.callers {
        let product = (sides.product)(&caller.product);
        let (app, to) = (visible(&caller.app), visible(&recipient(&caller.recipient)));
        lines.push(fill(words.beside_caller, &[&product, &app, &to, &caller.count, &visible(&caller.file)]));
    }
    for reached in &sides.beside.reached {
        let state = words.term(&format!("in-traffic:{}", word(&reached.in_traffic))).to_owned();
        let (host, to) = (visible(&reached.host), visible(&recipient(&reached.recipient)));
        let (app, file) = (app(&reached.app), visible(&reached.file));
        lines.push(fill(words.beside_reached, &[&host, &to, &app, &reached.count, &file, &state]));
    }
    lines
}

fn of_call(call: &CallEvidence, sides: &Sides<'_>, language: Language) -> String {
    let words = language.words();
    let data = call.data_type.as_deref().map_or(words.beside_no_type.to_owned(), sides.data_type);
    let ids: BTreeSet<&str> = call.beside.iter().map(String::as_str).collect();
    let to: BTreeSet<String> = sides
        .sightings
        .iter()
        .filter(|sighting| ids.contains(sighting.id.as_str()))
        .filter_map(|sighting| sides.recipients.get(&sighting.recipient))
        .map(|recipient| visible(language.pick(&recipient.zh, &recipient.en)))
        .collect();
    let to = if to.is_empty() {
        words.beside_no_flow.to_owned()
    } else {
        let to: Vec<String> = to.into_iter().collect();
        fill(words.beside_flows, &[&to.join(", "), &call.beside.join(", ")])
    };
    let by: Vec<String> = call.products.iter().map(|id| (sides.product)(id)).collect();
    let by = if by.is_empty() { String::new() } else { format!(" [{}]", by.join(", ")) };
    let when = call.first.map(|time| format!(" {time}")).unwrap_or_default();
    fill(words.beside_call, &[&data, &visible(&call.what), &by, &call.count, &when, &visible(&call.file), &to])
}
