//! Runs held against each other.

use std::collections::{BTreeMap, BTreeSet};

use super::place::{PIECE, Run, Spot, Value, Values, templated};
use super::value::{self, Form, NoIdentifier, Strength};
use super::{
    Aside, Discoveries, Fate, Found, Identifier, Known, Names, RecipientName, Relation, RunRead, SCHEMA, SetAside,
};
use crate::evidence::{Certainty, Gap, GapReason, Masked};
use crate::identify::{Placeholders, digests, key_words};
use crate::signatures::{FieldKind, Signatures};

/// Umbrellas whose types describe where a device is, not which one it is.
const PLACES: &[&str] = &["network_info", "location_info"];
/// The umbrella of identifiers, and the types beside it that a value may name a device by.
const IDENTIFIERS: &[&str] = &["device_id", "account"];

/// Random-looking letters and digits of this length are no model or build number.
const LONG_TOKEN: usize = 24;

/// A value that stays, before it is printed.
struct Candidate<'r> {
    form: Form,
    value: &'r Value,
    places: BTreeMap<&'r Spot, &'r Values>,
    looks_like: Option<(String, Certainty)>,
    keys: BTreeSet<&'r str>,
}

/// Compares the runs. `show_values` prints values as they are.
pub fn compare(runs: &[(RunRead, Run)], signatures: &Signatures, show_values: bool, mut gaps: Vec<Gap>) -> Discoveries {
    let of = |relation| runs.iter().filter(move |(read, _)| read.relation == relation).map(|(_, run)| run);
    let same: Vec<&Run> = of(Relation::Same).collect();
    let judge = Judge::new(signatures, &same);
    let (mut candidates, mut known) = (BTreeMap::<String, Candidate<'_>>::new(), BTreeMap::new());
    let (mut set_aside, mut varying) = (BTreeSet::new(), 0);
    for (spot, identity, value, values) in first_values(&same) {
        if !stays(&same, spot, identity) {
            varying += 1;
            continue;
        }
        if let Some((data_type, Certainty::Confirmed)) = &value.known {
            let entry = known.entry((data_type.clone(), identity.to_owned()));
            entry.or_insert_with(|| (value, BTreeMap::new())).1.insert(spot, values);
            continue;
        }
        let aside = |why| SetAside {
            why,
            recipient: spot.recipient.clone(),
            message: spot.message.clone(),
            way: spot.way.clone(),
        };
        match judge.value(value, values.key.as_deref(), spot) {
            // Of a text that is set aside, its pieces need not be listed.
            Err(Some(Aside::Number | Aside::Words | Aside::Time | Aside::Version | Aside::Placeholder))
                if is_piece(spot) => {}
            Err(Some(why)) => drop(set_aside.insert(aside(why))),
            Err(None) => {}
            Ok(_) if of(Relation::OtherDevice).any(|run| run.has(identity)) => {
                set_aside.insert(aside(Aside::SameElsewhere));
            }
            Ok(form) => {
                let candidate = candidates.entry(identity.to_owned()).or_insert_with(|| Candidate {
                    form,
                    value,
                    places: BTreeMap::new(),
                    looks_like: None,
                    keys: BTreeSet::new(),
                });
                candidate.places.insert(spot, values);
                candidate.keys.extend(values.key.as_deref());
                let better = value.known.as_ref().map(|k| k.1) > candidate.looks_like.as_ref().map(|k| k.1);
                if better {
                    candidate.looks_like.clone_from(&value.known);
                }
            }
        }
    }
    let mask = |written: &str| if show_values { Masked::shown(written) } else { Masked::of(written) };
    let mut found: Vec<(String, Candidate<'_>)> = candidates.into_iter().collect();
    found.sort_by(|(_, a), (_, b)| {
        a.places.keys().next().cmp(&b.places.keys().next()).then(a.form.words.cmp(&b.form.words))
    });
    let labels: BTreeMap<String, String> =
        found.iter().enumerate().map(|(n, (identity, _))| (identity.clone(), format!("unknown#{}", n + 1))).collect();
    let mut digested = BTreeMap::new();
    for (identity, candidate) in &found {
        for (name, digest) in digests_of(&candidate.value.written) {
            if let Some(label) = labels.get(&digest).filter(|_| digest != *identity) {
                digested.insert(label.clone(), (name.to_owned(), labels.get(identity).cloned().unwrap_or_default()));
            }
        }
    }
    let (mut identifiers, mut undecided) = (Vec::new(), Vec::new());
    for (identity, candidate) in &found {
        let fate = |relation| fate(of(relation), identity, candidate.places.keys().copied());
        let [reinstall, reset, other_device] =
            [Relation::Reinstalled, Relation::Reset, Relation::OtherDevice].map(fate);
        let names = named_by(reinstall, reset, other_device);
        let label = labels.get(identity).cloned().unwrap_or_default();
        let masked = mask(&candidate.value.written);
        let looks_like = candidate.looks_like.as_ref().map(|(data_type, _)| data_type.clone());
        let identifier = Identifier {
            names,
            form: candidate.form.words.clone(),
            restart: Fate::Survives,
            reinstall,
            reset,
            other_device,
            digest_of: digested.get(&label).cloned(),
            places: places(&candidate.places, identity, runs),
            device_line: format!(
                "{} = [{}]",
                looks_like.as_deref().unwrap_or("sdk_id"),
                toml::Value::String(masked.as_str().to_owned())
            ),
            signature: signature(candidate, looks_like.as_deref(), &same),
            looks_like,
            masked,
            label,
        };
        if names == Names::DeviceOrApp { undecided.push(identifier) } else { identifiers.push(identifier) }
    }
    for (read, run) in runs {
        gaps.extend(run.limits.iter().map(|limit| Gap::new(GapReason::Limit, &read.name, limit)));
    }
    let known = known.into_iter().map(|((data_type, identity), (value, at))| Known {
        data_type,
        masked: mask(&value.written),
        places: places(&at, &identity, runs),
    });
    let known: Vec<Known> = known.collect();
    let named = |recipient: &String| {
        let found = runs.iter().find_map(|(_, run)| run.recipients.get(recipient))?;
        // A host may have the identifier in its name.
        let [zh, en] = [&found.zh, &found.en].map(|name| templated(name, '.'));
        let name = RecipientName { zh, en, product: found.product.clone() };
        Some((recipient.clone(), name))
    };
    let printed =
        identifiers.iter().chain(&undecided).flat_map(|i| &i.places).chain(known.iter().flat_map(|k| &k.places));
    let recipients = printed.filter_map(|place| named(&place.recipient)).collect();
    Discoveries {
        schema: SCHEMA.to_owned(),
        runs: runs.iter().map(|(read, _)| read.clone()).collect(),
        recipients,
        identifiers,
        undecided,
        known,
        set_aside: set_aside.into_iter().collect(),
        varying,
        gaps,
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

/// The values of the first run that has a place.
fn first_values<'r>(same: &[&'r Run]) -> impl Iterator<Item = (&'r Spot, &'r str, &'r Value, &'r Values)> {
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
fn stays(same: &[&Run], spot: &Spot, identity: &str) -> bool {
    let there: Vec<&Values> = same.iter().filter_map(|run| run.spots.get(spot)).collect();
    let holds = |values: &Values| {
        let often = values.values.get(identity).is_some_and(|value| value.messages * 2 >= values.messages);
        often && !values.many
    };
    there.len() >= 2 && there.iter().copied().all(holds)
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

fn is_piece(spot: &Spot) -> bool {
    spot.way.last().is_some_and(|step| step.starts_with(PIECE))
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

/// What can be said of a value without another run.
struct Judge<'s> {
    signatures: &'s Signatures,
    placeholders: Placeholders,
    words: BTreeMap<&'s str, FieldKind>,
    /// Digests of the stable values that name nothing.
    of_properties: BTreeSet<String>,
    /// Stable texts that describe something, for values that are a part of one.
    properties: Vec<String>,
}

impl<'s> Judge<'s> {
    fn new(signatures: &'s Signatures, same: &[&Run]) -> Self {
        let words = signatures.fields.iter().flat_map(|f| f.words.iter().map(|word| (word.as_str(), f.kind))).collect();
        let mut judge = Self {
            signatures,
            placeholders: Placeholders::new(signatures),
            words,
            of_properties: BTreeSet::new(),
            properties: Vec::new(),
        };
        let (mut digests, mut texts) = (BTreeSet::new(), BTreeSet::new());
        for (spot, identity, value, values) in first_values(same) {
            if stays(same, spot, identity) && judge.value(value, values.key.as_deref(), spot).is_err() {
                digests.extend(digests_of(&value.written).into_iter().map(|(_, digest)| digest));
                texts.insert(value.written.clone());
            }
        }
        judge.of_properties = digests;
        judge.properties = texts.into_iter().collect();
        judge
    }

    /// `Err(None)`: its pieces are looked at instead.
    fn value(&self, value: &Value, key: Option<&str>, spot: &Spot) -> Result<Form, Option<Aside>> {
        let text = value.written.as_str();
        let guess = value.known.as_ref().map_or("sdk_id", |(data_type, _)| data_type);
        if self.placeholders.is(guess, text) || self.placeholders.is("sdk_id", text) {
            return Err(Some(Aside::Placeholder));
        }
        let form = value::form(text).map_err(|why| match why {
            NoIdentifier::Time => Some(Aside::Time),
            NoIdentifier::Version => Some(Aside::Version),
            NoIdentifier::Number => Some(Aside::Number),
            NoIdentifier::Address => Some(Aside::Address),
            NoIdentifier::Words
                if value::pieces(text, value::SIGNS).iter().any(|piece| value::form(piece.text).is_ok()) =>
            {
                None
            }
            NoIdentifier::Words => Some(Aside::Words),
        })?;
        if self.of_properties.contains(&value::identity(text)) {
            return Err(Some(Aside::DigestOfProperty));
        }
        let kinds = self.kinds(key, spot);
        // The last word says what the field is: a `boot_id` is an id, an `id_type` a type.
        let last = kinds.last().copied().flatten();
        let named = last == Some(FieldKind::Identifier);
        let described = kinds.contains(&Some(FieldKind::Property)) && !named;
        let is_moment = last == Some(FieldKind::Moment);
        let data_type = value.known.as_ref().map(|(data_type, _)| data_type.as_str());
        let within = |umbrellas: &[&str]| {
            data_type.is_some_and(|t| umbrellas.iter().any(|u| *u == t || self.signatures.types.contains(u, t)))
        };
        // A MAC lies in both umbrellas.
        if within(PLACES) && !within(IDENTIFIERS) {
            return Err(Some(Aside::Property));
        }
        let of_property = data_type.is_some() && !within(IDENTIFIERS);
        match form.strength {
            Strength::Certain => Ok(form),
            _ if of_property => Err(Some(Aside::Property)),
            Strength::Token if text.len() >= LONG_TOKEN => Ok(form),
            _ if described => Err(Some(Aside::Property)),
            _ if is_moment => Err(Some(Aside::Time)),
            // After a name of its own in the user agent (`id/9f3c…`) it is no part of a model.
            _ if !(named && spot.is_in_user_agent()) && self.is_part_of_a_property(text) => Err(Some(Aside::Property)),
            Strength::Token => Ok(form),
            Strength::Weak if named => Ok(form),
            Strength::Weak => Err(Some(Aside::TooShort)),
        }
    }

    /// What each word of the field's name says, in order; of a field without a name, the
    /// words of the header or the object it stands in.
    fn kinds(&self, key: Option<&str>, spot: &Spot) -> Vec<Option<FieldKind>> {
        let parent =
            spot.way.iter().rev().find_map(|step| step.strip_prefix("json $.").or(step.strip_prefix("header ")));
        let name = key.or(parent.filter(|_| !is_piece(spot))).unwrap_or_default();
        key_words(name).iter().map(|word| self.words.get(word.as_str()).copied()).collect()
    }

    /// A build number that stands in the user agent as well.
    fn is_part_of_a_property(&self, text: &str) -> bool {
        self.properties.iter().any(|property| property.len() > text.len() && property.contains(text))
    }
}

/// Digests of a value in the ways it may be written before, in the form of [`value::identity`].
fn digests_of(text: &str) -> Vec<(&'static str, String)> {
    let bare: String = text.chars().filter(|c| !matches!(c, '-' | ':')).collect();
    let written: BTreeSet<String> =
        [text, bare.as_str()].into_iter().flat_map(|t| [t.to_owned(), t.to_lowercase(), t.to_uppercase()]).collect();
    let all = written.iter().flat_map(|text| digests(text.as_bytes()));
    all.map(|digest| (digest.name, data_encoding::HEXLOWER.encode(&digest.bytes))).collect()
}
