//! Runs held against each other.

use std::collections::{BTreeMap, BTreeSet};

use super::judge::Judge;
use super::place::{Run, Spot, Value, Values, templated};
use super::sift::{Candidate, Sifted, digests_of};
use super::{Discoveries, Fate, Found, Identifier, Known, Names, RecipientName, Relation, RunRead, SCHEMA};
use crate::evidence::{Gap, GapReason, Masked};
use crate::signatures::Signatures;

/// Compares the runs. `show_values` prints values as they are.
pub fn compare(runs: &[(RunRead, Run)], signatures: &Signatures, show_values: bool, mut gaps: Vec<Gap>) -> Discoveries {
    let same: Vec<&Run> = of_relation(runs, Relation::Same).collect();
    let elsewhere = |identity: &str| of_relation(runs, Relation::OtherDevice).any(|run| run.has(identity));
    let sifted = Sifted::of(&same, &Judge::new(signatures, &same), elsewhere);
    let show = Show { runs, same: &same, show_values };
    let (undecided, identifiers): (Vec<_>, Vec<_>) =
        show.identifiers(sifted.candidates).into_iter().partition(|found| found.names == Names::DeviceOrApp);
    let known = sifted.known.into_iter().map(|((data_type, identity), (value, at))| Known {
        data_type,
        masked: show.masked(value),
        places: places(&at, &identity, runs),
    });
    let known: Vec<Known> = known.collect();
    for (read, run) in runs {
        gaps.extend(run.limits.iter().map(|limit| Gap::new(GapReason::Limit, &read.name, limit)));
    }
    let printed =
        identifiers.iter().chain(&undecided).flat_map(|i| &i.places).chain(known.iter().flat_map(|k| &k.places));
    let recipients = printed.filter_map(|place| named(&place.recipient, runs)).collect();
    Discoveries {
        schema: SCHEMA.to_owned(),
        runs: runs.iter().map(|(read, _)| read.clone()).collect(),
        recipients,
        identifiers,
        undecided,
        known,
        set_aside: sifted.set_aside.into_iter().collect(),
        varying: sifted.varying,
        gaps,
    }
}

fn of_relation(runs: &[(RunRead, Run)], relation: Relation) -> impl Iterator<Item = &Run> {
    runs.iter().filter(move |(read, _)| read.relation == relation).map(|(_, run)| run)
}

/// A recipient's names, by its id.
fn named(recipient: &str, runs: &[(RunRead, Run)]) -> Option<(String, RecipientName)> {
    let found = runs.iter().find_map(|(_, run)| run.recipients.get(recipient))?;
    // A host may have the identifier in its name.
    let [zh, en] = [&found.zh, &found.en].map(|name| templated(name, '.'));
    Some((recipient.to_owned(), RecipientName { zh, en, product: found.product.clone() }))
}

/// How values are shown.
#[derive(Clone, Copy)]
struct Show<'r> {
    runs: &'r [(RunRead, Run)],
    /// Those of the first device.
    same: &'r [&'r Run],
    show_values: bool,
}

impl Show<'_> {
    fn masked(self, value: &Value) -> Masked {
        if self.show_values { Masked::shown(&value.written) } else { Masked::of(&value.written) }
    }

    /// The candidates as they are printed, by where they were met first.
    fn identifiers(self, candidates: BTreeMap<String, Candidate<'_>>) -> Vec<Identifier> {
        let mut found: Vec<(String, Candidate<'_>)> = candidates.into_iter().collect();
        found.sort_by(|(_, a), (_, b)| {
            a.places.keys().next().cmp(&b.places.keys().next()).then(a.form.words.cmp(&b.form.words))
        });
        let label = |at: usize| format!("unknown#{}", at + 1);
        let numbers: BTreeMap<&str, usize> =
            found.iter().enumerate().map(|(at, (identity, _))| (identity.as_str(), at)).collect();
        let mut digested = BTreeMap::new();
        for (at, (identity, candidate)) in found.iter().enumerate() {
            for (name, digest) in digests_of(&candidate.value.written) {
                if let Some(of) = numbers.get(digest.as_str()).filter(|_| digest != *identity) {
                    digested.insert(*of, (name.to_owned(), label(at)));
                }
            }
        }
        let shown = found.iter().enumerate().map(|(at, (identity, candidate))| {
            self.identifier(identity, candidate, label(at), digested.get(&at).cloned())
        });
        shown.collect()
    }

    fn identifier(
        self,
        identity: &str,
        candidate: &Candidate<'_>,
        label: String,
        digest_of: Option<(String, String)>,
    ) -> Identifier {
        let spots = || candidate.places.keys().copied();
        let fate = |relation| fate(of_relation(self.runs, relation), identity, spots());
        let [reinstall, reset, other_device] =
            [Relation::Reinstalled, Relation::Reset, Relation::OtherDevice].map(fate);
        let masked = self.masked(candidate.value);
        let looks_like = candidate.looks_like.as_ref().map(|(data_type, _)| data_type.clone());
        let written = toml::Value::String(masked.as_str().to_owned());
        Identifier {
            names: named_by(reinstall, reset, other_device),
            form: candidate.form.words.clone(),
            restart: Fate::Survives,
            reinstall,
            reset,
            other_device,
            digest_of,
            places: places(&candidate.places, identity, self.runs),
            device_line: format!("{} = [{written}]", looks_like.as_deref().unwrap_or("sdk_id")),
            signature: signature(candidate, looks_like.as_deref(), self.same),
            looks_like,
            masked,
            label,
        }
    }
}

/// What a value that stays on the first device names, by what became of it elsewhere. Where no run
/// has another value, it may be a constant of the app.
fn named_by(reinstall: Fate, reset: Fate, other_device: Fate) -> Names {
    match reinstall {
        _ if ![reinstall, reset, other_device].contains(&Fate::Renewed) => Names::DeviceOrApp,
        Fate::Survives => Names::Device,
        Fate::Renewed => Names::Installation,
        Fate::NotSeen | Fate::NotTested => Names::DeviceOrInstallation,
    }
}

/// What became of a value in the runs of one relation.
fn fate<'r>(
    runs: impl Iterator<Item = &'r Run>,
    identity: &str,
    spots: impl Iterator<Item = &'r Spot> + Clone,
) -> Fate {
    let mut fate = Fate::NotTested;
    for run in runs {
        if run.has(identity) {
            return Fate::Survives;
        }
        let has_place = spots.clone().any(|spot| run.spots.contains_key(spot));
        fate = match fate {
            Fate::Renewed => Fate::Renewed,
            _ if has_place => Fate::Renewed,
            _ => Fate::NotSeen,
        };
    }
    fate
}

fn places(spots: &BTreeMap<&Spot, &Values>, identity: &str, runs: &[(RunRead, Run)]) -> Vec<Found> {
    let found = |(spot, values): (&&Spot, &&Values)| {
        let (mut messages, mut seen) = (0, Vec::new());
        let of_same = runs.iter().enumerate().filter(|(_, (read, _))| read.relation == Relation::Same);
        for (number, (_, run)) in of_same {
            if let Some(value) = run.spots.get(*spot).and_then(|values| values.values.get(identity)) {
                messages += value.messages;
                seen.push((u32::try_from(number).unwrap_or(u32::MAX), value.first.clone()));
            }
        }
        let hosts: BTreeSet<String> = values.hosts.iter().map(|host| templated(host, '.')).collect();
        Found {
            recipient: spot.recipient.clone(),
            hosts: hosts.into_iter().collect(),
            message: spot.message.clone(),
            way: spot.way.clone(),
            key: values.key.clone(),
            messages,
            seen,
        }
    };
    spots.iter().map(found).collect()
}

/// Letters of a name that means the same wherever it stands.
const SHORTEST_NAME: usize = 3;

/// A `[[key]]` table for the names of the fields that hold it.
fn signature(candidate: &Candidate<'_>, data_type: Option<&str>, same: &[&Run]) -> Option<String> {
    let list = |items: BTreeSet<&str>| {
        let quoted: Vec<String> =
            items.into_iter().map(|item| toml::Value::String(item.to_owned()).to_string()).collect();
        quoted.join(", ")
    };
    let of = |spot: &Spot| same.iter().find_map(|run| run.recipients.get(&spot.recipient)?.product.as_deref());
    let products: BTreeSet<&str> = candidate.places.keys().filter_map(|spot| of(spot)).collect();
    // Where nothing is known of the recipient the name must speak for itself: `q` is a search.
    let names: BTreeSet<&str> =
        candidate.keys.iter().copied().filter(|name| !products.is_empty() || name.len() >= SHORTEST_NAME).collect();
    if names.is_empty() {
        return None;
    }
    let recipients = match products.is_empty() {
        true => String::new(),
        // The name means this for the products that were seen to use it so, and nothing elsewhere.
        false => format!("ambiguous = true\nrecipients = [{}]\n", list(products)),
    };
    Some(format!(
        "[[key]]\ntype = \"{}\"\nnames = [{}]\n{recipients}confidence = \"medium\"\nsource = \"wirewitness discover\"\n",
        data_type.unwrap_or("sdk_id"),
        list(names),
    ))
}
