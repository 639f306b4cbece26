//! Traffic that the idle device sends as well, and that nothing shows to be the app's.
//!
//! A capture of the device at rest, without the app, is examined like any other, and
//! what is in both is marked in the session's observations. Nothing is dropped: a
//! marked contact or flow is listed apart and not judged.

use std::collections::BTreeSet;

use crate::observations::Observations;

/// Marks contacts all of whose hosts the idle device reached as well, and sightings that it
/// also sent: the same type to the same host by the same kind of request.
///
/// Where the capture names the app, or holds no other app's traffic, a contact is the app's whatever
/// the device does at rest, and nothing is marked.
pub fn mark(seen: &mut Observations, idle: Observations) {
    seen.noise = idle.inputs;
    if seen.app_proven {
        return;
    }
    let hosts: BTreeSet<&String> = idle.contacts.iter().flat_map(|contact| &contact.hosts).collect();
    for contact in seen.contacts.iter_mut().filter(|contact| contact.app.is_none()) {
        contact.noise = contact.hosts.iter().all(|host| hosts.contains(host));
    }
    let sent: BTreeSet<_> = idle.sightings.iter().map(|s| (&s.data_type, &s.host, &s.path_template)).collect();
    for sighting in seen.sightings.iter_mut().filter(|sighting| sighting.app.is_none()) {
        sighting.noise = sent.contains(&(&sighting.data_type, &sighting.host, &sighting.path_template));
    }
    let noise: BTreeSet<&String> = seen.sightings.iter().filter(|s| s.noise).map(|s| &s.id).collect();
    for flow in &mut seen.flows {
        flow.noise = flow.sightings.iter().all(|id| noise.contains(id));
    }
}
