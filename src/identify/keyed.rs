//! Values that are in no profile: recognised by key name, shape, and the names that the recipient uses.

use std::collections::HashSet;

use foldhash::fast::RandomState;

use super::keys::{ANY_DIGEST, Hint};
use super::{Found, Hit, Identifier, Seen, Withheld, digest, in_text};
use crate::evidence::{Certainty, Ground, GroundCode, Reason};
use crate::observations::Form;
use crate::payload::Part;
use crate::shape::{self, Fit};
use crate::signatures::Confidence;

/// Longer texts are no identifiers, names or addresses.
const LONGEST: usize = 512;
/// Values of one list that are looked at (`imei1,imei2`).
const LISTED: usize = 16;
/// Types that are searched elsewhere: places as points, apps as lists.
const ELSEWHERE: &[&str] = &["location", "installed_apps"];
/// Types whose shape alone makes a possible hit: few other things look like them.
const SHAPE_ALONE: &[&str] = &["id_card", "iccid", "email", "mac"];

/// Types by which someone is reached: a shop has them as well, and a network of its own.
const CONTACTS: &[&str] = &["address", "bssid", "email", "name", "phone"];
/// Those, and the names of what holds them: `{"shop": {"contact": {"tel": …}}}`.
const AROUND_CONTACTS: &[&str] = &["address", "bssid", "contacts", "email", "name", "phone"];

/// One reading of a value.
pub(super) struct Reading<'a> {
    data_type: &'a str,
    key: bool,
    pub(super) shape: bool,
    recipient: bool,
    form: Form,
}

impl Reading<'_> {
    fn hints(&self) -> u8 {
        u8::from(self.key) + u8::from(self.shape) + u8::from(self.recipient)
    }
}

pub(super) fn search(identifier: &Identifier, leaves: &[Seen<'_>], found: &mut Found) {
    // A leaf that is nothing but a value of the profile has no other reading that could hold beside it.
    let whole = |hit: &&Hit| {
        let length = leaves.get(hit.leaf).map(|seen| seen.leaf.bytes.len());
        hit.certainty == Certainty::Confirmed && hit.start == 0 && Some(hit.end) == length
    };
    let settled: HashSet<usize, RandomState> = found.hits.iter().filter(whole).map(|hit| hit.leaf).collect();
    for seen in leaves.iter().filter(|seen| !settled.contains(&seen.index)) {
        let Some(text) = seen.text else { continue };
        let before = found.hits.len();
        let named = text.len() <= LONGEST && one_leaf(identifier, *seen, text, found);
        if found.hits.len() == before {
            in_text::search(identifier, *seen, text, found);
        }
        if !named && text.len() <= LONGEST && found.hits.len() == before {
            shape_alone(*seen, text, found);
        }
    }
}

/// Adds the hits of a leaf whose key says what it is; `false` when the key says nothing.
fn one_leaf(identifier: &Identifier, seen: Seen<'_>, text: &str, found: &mut Found) -> bool {
    let by_recipe = identifier.recipe_type(seen.leaf);
    let hints = identifier.keys.hints_of(seen.named, seen.product);
    let mut types: Vec<Said<'_>> = by_recipe
        .into_iter()
        .map(|data_type| Said {
            data_type,
            clear: true,
            known: true,
            digest: None,
            sure: true,
            part: false,
            number: false,
        })
        .collect();
    types.extend(hints.map(|hint| Said::of(&hint)));
    if types.is_empty() {
        return false;
    }
    // All of a list, where it is one: `0,0`.
    let none = |said: &Said<'_>| {
        let kind = |text| identifier.placeholders.kind(said.data_type, text);
        kind(text).or_else(|| {
            let mut kinds = tokens(text).filter(|(_, token)| token.len() < text.len()).map(|(_, token)| kind(token));
            let first = kinds.next()??;
            kinds.all(|kind| kind.is_some()).then_some(first)
        })
    };
    let empty = |said: &Said<'_>| {
        let placeholder = none(said).filter(|_| said.clear && !said.part)?;
        let key = seen.name.unwrap_or_default().to_owned();
        Some(Withheld { data_type: said.data_type.to_owned(), key, placeholder, leaf: seen.index })
    };
    // Words follow each other in a path that are no names and values: `/name/all`, `/apps/0`.
    let in_path = seen.leaf.part == Part::Path && seen.leaf.key.is_none();
    if let Some(withheld) = types.iter().filter(|_| !in_path).find_map(empty) {
        found.withheld.push(withheld);
        return true;
    }
    types.retain(|said| !ELSEWHERE.contains(&said.data_type));
    if types.is_empty() {
        return false;
    }
    for (start, token) in tokens(text) {
        let held = |said: &&Said<'_>| !identifier.placeholders.is(said.data_type, token);
        let readings = types.iter().filter(held).filter_map(|said| read(said, token));
        // The first of those with the most hints: the order of keys.toml decides ties.
        let best = readings.fold(None::<Reading<'_>>, |best, reading| match best {
            Some(best) if best.hints() >= reading.hints() => Some(best),
            _ => Some(reading),
        });
        if let Some(reading) = best.filter(|r| r.hints() > 0 && (r.shape || !in_path)) {
            found.hits.push(hit(identifier, seen, &reading, start, token));
        }
    }
    // A name of many meanings (`contact`, `id`) does not say that the value is nothing else.
    types.iter().any(|said| said.clear)
}

/// What a key, or a recipe, says of a value.
pub(super) struct Said<'a> {
    pub(super) data_type: &'a str,
    /// The name means this type and nothing else.
    pub(super) clear: bool,
    /// The recipient is known to use the name so.
    known: bool,
    /// The name says that the value is this digest.
    digest: Option<&'static str>,
    /// The name is one of this type alone, and not of whatever its sender takes for the device.
    sure: bool,
    /// It is half of a place: a latitude.
    part: bool,
    /// It is a number: that of a cell, or of its area.
    number: bool,
}

impl<'a> Said<'a> {
    pub(super) fn of(hint: &Hint<'a>) -> Self {
        Self {
            data_type: &hint.row.data_type,
            clear: hint.clear,
            known: hint.known,
            digest: hint.digest,
            sure: hint.known || hint.row.confidence == Confidence::High,
            part: hint.row.part.is_some() && hint.row.data_type == "location",
            number: hint.row.part.is_some() && hint.row.data_type == "cell_id",
        }
    }
}

/// `None` when the value cannot be one of this type.
pub(super) fn read<'a>(said: &Said<'a>, token: &str) -> Option<Reading<'a>> {
    let Said { data_type, clear: key, known: recipient, digest: named, sure, number, .. } = *said;
    if number && !token.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let fit = shape::fit(data_type, token);
    let hash = digest::by_length(token);
    match (fit, named, hash) {
        (Fit::Fits, None, _) => Some(Reading { data_type, key, shape: true, recipient, form: Form::plain() }),
        // The key says it is a digest, and it is one by its length.
        (_, Some(named), Some(by_length)) if named == by_length || named == "sm3" && by_length == "sha256" => {
            Some(Reading { data_type, key, shape: true, recipient, form: hashed(named) })
        }
        (_, Some(ANY_DIGEST), Some(by_length)) => {
            Some(Reading { data_type, key, shape: true, recipient, form: hashed(by_length) })
        }
        // A hash where the plain value is expected. Only for types with a form of their own, so that
        // the hash cannot be a plain value.
        (Fit::No, None, Some(by_length)) if is_hashed_usually(data_type) => {
            Some(Reading { data_type, key, shape: key && sure, recipient, form: hashed(by_length) })
        }
        (Fit::Plausible, None, _) => Some(Reading { data_type, key, shape: false, recipient, form: Form::plain() }),
        _ => None,
    }
}

/// Types of which hashes are sent in place of the value (ad networks, facts: identifiers).
fn is_hashed_usually(data_type: &str) -> bool {
    matches!(data_type, "imei" | "android_id" | "mac" | "idfa" | "gaid" | "phone" | "email" | "imsi" | "iccid" | "meid")
}

fn hashed(name: &str) -> Form {
    Form { digest: name.to_owned(), variant: "unknown".to_owned() }
}

pub(super) fn hit(identifier: &Identifier, seen: Seen<'_>, reading: &Reading<'_>, start: usize, token: &str) -> Hit {
    let plain = reading.form.digest == "plain";
    let differs = identifier.profiled.contains(reading.data_type);
    let of_site = reading.hints() > 1
        && CONTACTS.contains(&reading.data_type)
        && !reading.recipient
        && is_of_a_site(identifier, seen);
    let certainty = match reading.hints() {
        0 | 1 => Certainty::Possible,
        // What reaches a shop is no one's.
        _ if of_site => Certainty::Possible,
        // The profile has values of this type, and this is neither one of them nor a digest of one:
        // it is another device's, or the profile is incomplete.
        _ if differs => Certainty::Possible,
        _ => Certainty::Probable,
    };
    let is_random =
        plain && shape::mac(token).is_some_and(|octets| shape::mac_is_local(&octets)) && reading.data_type == "mac";
    let why = [
        reading.key.then_some(GroundCode::KeyNames),
        reading.shape.then_some(if plain { GroundCode::ShapeFits } else { GroundCode::DigestLength }),
        reading.recipient.then_some(GroundCode::RecipientKey),
        differs.then_some(GroundCode::NotOfProfile),
        is_random.then_some(GroundCode::Randomised),
        of_site.then_some(GroundCode::ContactOfSite),
    ];
    Hit {
        data_type: reading.data_type.to_owned(),
        form: reading.form.clone(),
        certainty,
        reason: Reason::of(why.into_iter().flatten().map(Ground::new)),
        value: canonical(reading.data_type, token),
        written: token.to_owned(),
        key: seen.name.map(str::to_owned),
        leaf: seen.index,
        start,
        end: start + token.len(),
    }
}

/// What the value stands in is named as what stands somewhere itself: `{"shop": {"contact": {"tel": …}}}`, `shop[tel]`.
fn is_of_a_site(identifier: &Identifier, seen: Seen<'_>) -> bool {
    around(identifier, seen, AROUND_CONTACTS).is_some_and(|name| identifier.keys.is_site(name))
}

/// The name of what the value stands in. Names of the `types` themselves are passed over on the way out.
pub(super) fn around<'a>(identifier: &Identifier, seen: Seen<'a>, types: &[&str]) -> Option<&'a str> {
    let path = seen.leaf.path().filter(|path| path.starts_with('$')).or(seen.name).unwrap_or_default();
    let mut names = path.rsplit(['.', '[', ']', '\'']).filter(|n| !n.bytes().all(|b| b.is_ascii_digit() || b == b'$'));
    let is_own = |name: &str| identifier.keys.hints(name, seen.product).any(|h| types.contains(&&*h.row.data_type));
    names.find(|name| !is_own(name))
}

/// Different writings of one value become one text, so that they get the same label.
fn canonical(data_type: &str, token: &str) -> String {
    match data_type {
        "phone" => shape::phone_cn(token).unwrap_or_else(|| token.to_owned()),
        "mac" | "bssid" | "bluetooth" => token.to_ascii_lowercase().replace([':', '-', '.'], ""),
        "name" | "address" | "account" | "password" | "ssid" | "sdk_id" => token.to_owned(),
        _ => token.to_ascii_lowercase(),
    }
}

/// The value, or the values of a list, each with its offset. What a value is may stand before it: `ifa:7c1d90ae-…`.
fn tokens(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mark = |c: char| matches!(c, ',' | '|' | ';');
    let is_list = text.contains(mark) && !text.contains(char::is_whitespace);
    let pieces = text.split(move |c| is_list && mark(c)).take(if is_list { LISTED } else { 1 });
    let offset = move |piece: &str| piece.as_ptr() as usize - text.as_ptr() as usize;
    pieces.map(|piece| without_scheme(piece.trim())).filter(|p| !p.is_empty()).map(move |p| (offset(p), p))
}

/// `ifa:7c1d90ae-…` without the word that says what the id behind it is.
fn without_scheme(piece: &str) -> &str {
    /// Letters of such a word.
    const WORD: std::ops::RangeInclusive<usize> = 2..=8;
    /// An id of sixteen digits is the shortest that is written so.
    const SHORTEST: usize = 16;
    let is_id = |rest: &str| rest.len() >= SHORTEST && rest.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    match piece.split_once(':') {
        Some((word, rest))
            if WORD.contains(&word.len()) && word.bytes().all(|b| b.is_ascii_alphabetic()) && is_id(rest) =>
        {
            rest
        }
        _ => piece,
    }
}

/// A hit for a value that has the shape of one type, under a name that does not say so.
fn shape_alone(seen: Seen<'_>, text: &str, found: &mut Found) {
    let value = text.trim();
    let has = |marks: &[u8]| value.bytes().any(|b| marks.contains(&b));
    // What is cheap to see comes first: nearly all values are none of these.
    let strict = |data_type: &&&str| match **data_type {
        "id_card" => value.len() == 18,
        "iccid" => value.starts_with("8986"),
        "email" => has(b"@"),
        // Twelve hex digits alone are a build hash as well.
        "mac" => has(b":-") && !shape::mac(value).is_some_and(|octets| shape::mac_is_local(&octets)),
        _ => true,
    };
    let fits = SHAPE_ALONE.iter().filter(strict).find(|t| shape::fit(t, value) == Fit::Fits);
    if let Some(data_type) = fits {
        let start = text.len() - text.trim_start().len();
        found.hits.push(Hit {
            data_type: (*data_type).to_owned(),
            form: Form::plain(),
            certainty: Certainty::Possible,
            reason: GroundCode::ShapeAlone.into(),
            value: value.to_owned(),
            written: value.to_owned(),
            key: seen.name.map(str::to_owned),
            leaf: seen.index,
            start,
            end: start + value.len(),
        });
    }
}
