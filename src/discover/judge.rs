//! What can be said of a value without another run.

use std::collections::{BTreeMap, BTreeSet};

use super::Aside;
use super::place::{PIECE, Run, Spot, Value};
use super::sift::{digests_of, first_values, stays};
use super::value::{self, Form, NoIdentifier, Strength};
use crate::identify::{Placeholders, key_words};
use crate::signatures::{FieldKind, Signatures};

/// Umbrellas whose types describe where a device is, not which one it is.
const PLACES: &[&str] = &["network_info", "location_info"];
/// The umbrella of identifiers, and the types beside it that a value may name a device by.
const IDENTIFIERS: &[&str] = &["device_id", "account"];

/// Random-looking letters and digits of this length are no model or build number.
const LONG_TOKEN: usize = 24;

/// Judges values by what they look like, and by what else stays on the device.
pub(super) struct Judge<'s> {
    signatures: &'s Signatures,
    placeholders: Placeholders,
    words: BTreeMap<&'s str, FieldKind>,
    /// Digests of the stable values that name nothing.
    of_properties: BTreeSet<String>,
    /// Stable texts that describe something, for values that are a part of one.
    properties: Vec<String>,
}

impl<'s> Judge<'s> {
    pub(super) fn new(signatures: &'s Signatures, same: &[&Run]) -> Self {
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

    /// The form of a value that may name something, or why it is none. `Err(None)`: its pieces are looked at instead.
    pub(super) fn value(&self, value: &Value, key: Option<&str>, spot: &Spot) -> Result<Form, Option<Aside>> {
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

/// It is one of the pieces of a text.
pub(super) fn is_piece(spot: &Spot) -> bool {
    spot.way.last().is_some_and(|step| step.starts_with(PIECE))
}
