//! Sightings as a report lists them: numbered, labelled, and summed up into flows.

use std::collections::BTreeMap;

use super::rhythm::FlowKey;
use super::sighting::AddedUp;
use crate::observations::{Flow, Sighting};

/// Numbers `entries`, which are in the order of the report, and gives equal values of a type the same
/// label; with the flows that they make up.
pub(super) fn listed(entries: Vec<AddedUp>) -> (Vec<Sighting>, BTreeMap<FlowKey, Flow>) {
    let mut labels: BTreeMap<(String, String), String> = BTreeMap::new();
    let mut counters: BTreeMap<String, u32> = BTreeMap::new();
    let mut sightings = Vec::with_capacity(entries.len());
    let mut flows: BTreeMap<FlowKey, Flow> = BTreeMap::new();
    for (number, entry) in entries.into_iter().enumerate() {
        // Each makes room for what becomes of it.
        let (key, entry) = *entry;
        let label = labels.entry((key.data_type.clone(), key.identity)).or_insert_with(|| {
            let counter = counters.entry(key.data_type.clone()).or_default();
            *counter += 1;
            format!("{}#{counter}", key.data_type)
        });
        let id = format!("s{}", number + 1);
        let flow =
            flows.entry((key.recipient.clone(), key.data_type.clone(), key.app.clone())).or_insert_with(|| Flow {
                recipient: key.recipient.clone(),
                data_type: key.data_type.clone(),
                app: key.app.clone(),
                certainty: key.certainty,
                count: 0,
                phases: Vec::new(),
                noise: false,
                sightings: Vec::new(),
            });
        flow.certainty = flow.certainty.max(key.certainty);
        flow.sightings.push(id.clone());
        sightings.push(Sighting {
            id,
            data_type: key.data_type,
            recipient: key.recipient,
            host: key.host,
            via: key.via,
            app: key.app,
            form: key.form,
            certainty: key.certainty,
            reason: entry.reason,
            label: label.clone(),
            masked: entry.masked,
            key: key.key,
            path_template: key.path_template,
            wire: key.wire,
            published_key: key.published_key,
            phase: key.phase,
            count: entry.count,
            first: entry.first,
            last: entry.last,
            noise: false,
            locator: entry.locator,
        });
    }
    (sightings, flows)
}
