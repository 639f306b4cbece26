//! What other tools wrote beside the traffic, as lines.

use std::collections::BTreeSet;

use super::{name, type_name, word};
use crate::observations::{CallEvidence, Observations};
use crate::report::escape::visible;
use crate::report::language::{Language, fill};
use crate::signatures::Signatures;

/// One line for a file, a host, a call, a caller.
pub fn lines(seen: &Observations, signatures: &Signatures, language: Language) -> Vec<String> {
    let words = language.words();
    let recipient = |id: &str| seen.recipients.get(id).map_or_else(|| id.to_owned(), |r| name(r, language).to_owned());
    let app = |app: &Option<String>| visible(app.as_deref().unwrap_or(words.app_unknown));
    let mut lines = Vec::new();
    for file in &seen.beside.files {
        lines.push(fill(words.beside_file, &[&visible(&file.name), &file.format, &file.rows, &file.other_apps]));
    }
    for call in &seen.beside.calls {
        lines.push(of_call(call, seen, signatures, language));
    }
    for caller in &seen.beside.callers {
        let product = signatures.products.get(&caller.product).map_or(caller.product.as_str(), |p| match language {
            Language::En => &p.en,
            Language::Zh => &p.zh,
        });
        let (app, to) = (visible(&caller.app), visible(&recipient(&caller.recipient)));
        lines.push(fill(words.beside_caller, &[&product, &app, &to, &caller.count, &visible(&caller.file)]));
    }
    for reached in &seen.beside.reached {
        let state = words.term(&format!("in-traffic:{}", word(&reached.in_traffic))).to_owned();
        let (host, to) = (visible(&reached.host), visible(&recipient(&reached.recipient)));
        let (app, file) = (app(&reached.app), visible(&reached.file));
        lines.push(fill(words.beside_reached, &[&host, &to, &app, &reached.count, &file, &state]));
    }
    lines
}

fn of_call(call: &CallEvidence, seen: &Observations, signatures: &Signatures, language: Language) -> String {
    let words = language.words();
    let data =
        call.data_type.as_deref().map_or(words.beside_no_type.to_owned(), |id| type_name(signatures, id, language));
    let ids: BTreeSet<&str> = call.beside.iter().map(String::as_str).collect();
    let to: BTreeSet<String> = seen
        .sightings
        .iter()
        .filter(|sighting| ids.contains(sighting.id.as_str()))
        .filter_map(|sighting| seen.recipients.get(&sighting.recipient))
        .map(|recipient| visible(name(recipient, language)))
        .collect();
    let to = if to.is_empty() {
        words.beside_no_flow.to_owned()
    } else {
        let to: Vec<String> = to.into_iter().collect();
        fill(words.beside_flows, &[&to.join(", "), &call.beside.join(", ")])
    };
    let by = if call.products.is_empty() { String::new() } else { format!(" [{}]", call.products.join(", ")) };
    let when = call.first.map(|time| format!(" {time}")).unwrap_or_default();
    fill(words.beside_call, &[&data, &visible(&call.what), &by, &call.count, &when, &visible(&call.file), &to])
}
