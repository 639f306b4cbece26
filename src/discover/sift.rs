//! Values that stay where they are from run to run, told apart from all others.

use std::collections::{BTreeMap, BTreeSet};

use super::judge::{Judge, is_piece};
use super::place::{Run, Spot, Value, Values};
use super::value::Form;
use super::{Aside, SetAside};
use crate::evidence::Certainty;
use crate::identify::digests;

/// A value that stays, before it is printed.
pub(super) struct Candidate<'r> {
    /// What it looks like.
    pub(super) form: Form,
    /// Where it was met first.
    pub(super) value: &'r Value,
    /// Where it stays.
    pub(super) places: BTreeMap<&'r Spot, &'r Values>,
    /// A type that its key or shape tells, and how surely.
    pub(super) looks_like: Option<(String, Certainty)>,
    /// The names of the fields that hold it.
    pub(super) keys: BTreeSet<&'r str>,
}

impl<'r> Candidate<'r> {
    fn new(form: Form, value: &'r Value) -> Self {
        Self { form, value, places: BTreeMap::new(), looks_like: None, keys: BTreeSet::new() }
    }

    fn add(&mut self, spot: &'r Spot, value: &'r Value, values: &'r Values) {
        self.places.insert(spot, values);
        self.keys.extend(values.key.as_deref());
        if value.known.as_ref().map(|known| known.1) > self.looks_like.as_ref().map(|known| known.1) {
            self.looks_like.clone_from(&value.known);
        }
    }
}

/// Where a value of the profile stays.
pub(super) type Kept<'r> = (&'r Value, BTreeMap<&'r Spot, &'r Values>);

/// The values of the runs of one device.
#[derive(Default)]
pub(super) struct Sifted<'r> {
    /// Those that may name something, by their identity.
    pub(super) candidates: BTreeMap<String, Candidate<'r>>,
    /// Those of the profile, by type and identity.
    pub(super) known: BTreeMap<(String, String), Kept<'r>>,
    /// Those that name nothing.
    pub(super) set_aside: BTreeSet<SetAside>,
    /// Places where another value stood.
    pub(super) varying: u64,
}

impl<'r> Sifted<'r> {
    /// Sifts the values of the runs `same`. What the runs of other devices have as well, `elsewhere`, is
    /// set aside.
    pub(super) fn of(same: &[&'r Run], judge: &Judge<'_>, elsewhere: impl Fn(&str) -> bool) -> Self {
        let mut sifted = Self::default();
        for (spot, identity, value, values) in first_values(same) {
            if !stays(same, spot, identity) {
                sifted.varying += 1;
            } else if let Some((data_type, Certainty::Confirmed)) = &value.known {
                let entry = sifted.known.entry((data_type.clone(), identity.to_owned()));
                entry.or_insert_with(|| (value, BTreeMap::new())).1.insert(spot, values);
            } else {
                match judge.value(value, values.key.as_deref(), spot) {
                    // Of a text that is set aside, its pieces need not be listed.
                    Err(Some(Aside::Number | Aside::Words | Aside::Time | Aside::Version | Aside::Placeholder))
                        if is_piece(spot) => {}
                    Err(None) => {}
                    Err(Some(why)) => sifted.set_aside(why, spot),
                    Ok(_) if elsewhere(identity) => sifted.set_aside(Aside::SameElsewhere, spot),
                    Ok(form) => {
                        let candidate = sifted.candidates.entry(identity.to_owned());
                        candidate.or_insert_with(|| Candidate::new(form, value)).add(spot, value, values);
                    }
                }
            }
        }
        sifted
    }

    fn set_aside(&mut self, why: Aside, spot: &Spot) {
        let (recipient, message, way) = (spot.recipient.clone(), spot.message.clone(), spot.way.clone());
        self.set_aside.insert(SetAside { why, recipient, message, way });
    }
}

/// The values of the first run that has a place.
pub(super) fn first_values<'r>(same: &[&'r Run]) -> impl Iterator<Item = (&'r Spot, &'r str, &'r Value, &'r Values)> {
    let mut spots: BTreeMap<&Spot, &Values> = BTreeMap::new();
    for run in same {
        for (spot, values) in &run.spots {
            spots.entry(spot).or_insert(values);
        }
    }
    spots.into_iter().flat_map(|(spot, values)| {
        values.values.iter().map(move |(identity, value)| (spot, identity.as_str(), value, values))
    })
}

/// The value is at its place in every run of the first device that has the place, in
/// most of the messages, and there are two such runs.
pub(super) fn stays(same: &[&Run], spot: &Spot, identity: &str) -> bool {
    let there: Vec<&Values> = same.iter().filter_map(|run| run.spots.get(spot)).collect();
    let holds = |values: &Values| {
        let often = values.values.get(identity).is_some_and(|value| value.messages * 2 >= values.messages);
        often && !values.many
    };
    there.len() >= 2 && there.iter().copied().all(holds)
}

/// Digests of a value in the ways it may be written before, in the form of [`value::identity`].
pub(super) fn digests_of(text: &str) -> Vec<(&'static str, String)> {
    let bare: String = text.chars().filter(|c| !matches!(c, '-' | ':')).collect();
    let written: BTreeSet<String> =
        [text, bare.as_str()].into_iter().flat_map(|t| [t.to_owned(), t.to_lowercase(), t.to_uppercase()]).collect();
    let all = written.iter().flat_map(|text| digests(text.as_bytes()));
    all.map(|digest| (digest.name, data_encoding::HEXLOWER.encode(&digest.bytes))).collect()
}
