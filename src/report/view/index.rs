//! A report's sightings and flows by what is asked for: a session has tens of thousands.

use std::collections::{BTreeMap, HashMap};

use crate::audit::{JudgedFlow, Report};
use crate::observations::Sighting;

/// Where to find things in one report.
pub struct Index<'a> {
    sightings: HashMap<&'a str, &'a Sighting>,
    flows: BTreeMap<&'a str, Vec<&'a JudgedFlow>>,
}

impl<'a> Index<'a> {
    /// Of a report.
    pub fn of(report: &'a Report) -> Self {
        let mut flows: BTreeMap<&str, Vec<&JudgedFlow>> = BTreeMap::new();
        for judged in &report.flows {
            flows.entry(&judged.flow.recipient).or_default().push(judged);
        }
        Self { sightings: report.sightings.iter().map(|s| (s.id.as_str(), s)).collect(), flows }
    }

    /// The sightings of these ids, in their order.
    pub fn sightings<'b>(&'b self, ids: &'b [String]) -> impl Iterator<Item = &'a Sighting> + 'b {
        ids.iter().filter_map(|id| self.sightings.get(id.as_str()).copied())
    }

    /// The flows to a recipient.
    pub fn flows<'b>(&'b self, recipient: &str) -> impl Iterator<Item = &'a JudgedFlow> + 'b {
        self.flows.get(recipient).into_iter().flatten().copied()
    }
}
