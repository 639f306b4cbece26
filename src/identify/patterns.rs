//! Every form and digest of every profile value, searched in one pass.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use daachorse::DoubleArrayAhoCorasick;
use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};

use super::boundary::{self, Stuff};
use super::digest::Digested;
use super::embedded::{self, Embedding};
use super::{Hit, Identifier, Placeholders, Seen, digest, forms};
use crate::evidence::{Certainty, Ground, GroundCode, Reason, Time};
use crate::observations::Form;
use crate::payload;
use crate::session::{Profile, ProfileValue};
use crate::shape;
use crate::signatures::{Recipe, RecipeDigest, Signatures};

/// Values shorter than this prove nothing by themselves (DESIGN.md, short values).
const SHORT: usize = 8;
/// Nor do values of fewer different characters than this.
const FEW_CHARACTERS: usize = 4;

/// Digests of this many bytes are looked for as bytes.
const RAW_FROM: usize = 16;
/// And identifiers in hex of this many: a MAC address is met by chance once in 10¹⁴ bytes.
const RAW_ID_FROM: usize = 6;

/// Types that are not searched as text: places are compared as points, lists of apps as lists.
const NOT_TEXT: &[&str] = &["location", "location_coarse", "installed_apps"];
/// What every server learns from a User-Agent: no sighting there.
const IN_USER_AGENTS: &[&str] = &["device_model", "os_version", "carrier", "network_type", "screen"];

/// A value of the profile.
#[derive(Debug)]
struct Known {
    data_type: String,
    value: ProfileValue,
    /// It counts only beside a key name of its type.
    short: bool,
}

/// One way to write one value.
#[derive(Debug)]
struct Written {
    /// Position in `known`.
    known: usize,
    form: Form,
    text: String,
    /// Base64: another case is another value.
    exact: bool,
    /// The bytes searched for, where they are an encoding of `text`.
    embedding: Option<(Embedding, Vec<u8>)>,
    /// Looked for only in what a recipe opened, or in what goes to its product.
    of: Option<Arc<Maker>>,
}

/// Who makes a digest in a way of its own.
#[derive(Debug)]
struct Maker {
    recipe: String,
    product: String,
}

/// How it makes it.
struct Making<'a> {
    maker: Arc<Maker>,
    digest: &'a RecipeDigest,
    /// With the package put in.
    text: String,
}

/// The digests that recipes tell of. One that takes the package is left out where the
/// audited app is not known.
fn makings<'a>(signatures: &'a Signatures, app: Option<&str>) -> Vec<Making<'a>> {
    let of_recipe = |recipe: &'a Recipe| {
        let maker = Arc::new(Maker { recipe: recipe.id.clone(), product: recipe.product.clone() });
        recipe.digests.iter().filter_map(move |digest| {
            let text = match app {
                Some(app) => digest.text.replace("{package}", app),
                None => Some(digest.text.clone()).filter(|t| !t.contains("{package}"))?,
            };
            Some(Making { maker: maker.clone(), digest, text })
        })
    };
    signatures.recipes.values().flat_map(of_recipe).collect()
}

/// The set.
pub(super) struct Patterns {
    known: Vec<Known>,
    /// By pattern number.
    written: Vec<Vec<Written>>,
    /// `None` when there is nothing to search.
    automaton: Option<DoubleArrayAhoCorasick<u32>>,
}

impl std::fmt::Debug for Patterns {
    /// Counts only: the values are personal.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Patterns").field("values", &self.known.len()).field("forms", &self.written.len()).finish()
    }
}

impl Patterns {
    /// `app` is the audited app's id, where it is known.
    pub(super) fn new(
        signatures: &Signatures,
        profile: &Profile,
        app: Option<&str>,
        placeholders: &Placeholders,
    ) -> Self {
        let makings = makings(signatures, app);
        let known: Vec<Known> = profile
            .ids
            .iter()
            .filter(|(data_type, _)| !NOT_TEXT.contains(&data_type.as_str()))
            .flat_map(|(data_type, values)| values.iter().map(move |value| (data_type, value)))
            .filter(|(data_type, value)| !value.value.is_empty() && !placeholders.is(data_type, &value.value))
            .map(|(data_type, value)| Known {
                data_type: data_type.clone(),
                value: value.clone(),
                short: is_short(&value.value),
            })
            .collect();
        let mut by_text: BTreeMap<Vec<u8>, Vec<Written>> = BTreeMap::new();
        for (index, known) in known.iter().enumerate() {
            for written in all_written(index, known, &makings) {
                let pattern = written.embedding.as_ref().map_or(written.text.as_bytes(), |(_, pattern)| pattern);
                by_text.entry(pattern.to_ascii_lowercase()).or_default().push(written);
            }
        }
        let automaton = DoubleArrayAhoCorasick::new(by_text.keys()).ok();
        Self { known, written: by_text.into_values().collect(), automaton }
    }

    pub(super) fn search(&self, identifier: &Identifier, leaves: &[Seen<'_>], time: Time, hits: &mut Vec<Hit>) {
        let Some(automaton) = &self.automaton else { return };
        let mut lower = Vec::new();
        // The patterns that were found in the leaf at hand: one hit for each value and leaf is
        // enough, and bounds what a body of nothing but repeats can cost.
        let mut there: BTreeSet<usize> = BTreeSet::new();
        for seen in leaves {
            there.clear();
            lower.clear();
            lower.extend(seen.leaf.bytes.iter().map(u8::to_ascii_lowercase));
            for found in automaton.find_overlapping_iter(&lower) {
                let number = found.value() as usize;
                if !there.contains(&number)
                    && let Some(written) = self.written.get(number)
                    && let Some(hit) = self.judge(identifier, *seen, written, found.start()..found.end(), time)
                {
                    there.insert(number);
                    hits.push(hit);
                }
            }
        }
    }

    /// Which of the values that are written like this it is, if it is one.
    fn judge(
        &self,
        identifier: &Identifier,
        seen: Seen<'_>,
        written: &[Written],
        range: std::ops::Range<usize>,
        time: Time,
    ) -> Option<Hit> {
        let bytes = &seen.leaf.bytes;
        let found = bytes.get(range.clone())?;
        let text = std::str::from_utf8(found).unwrap_or_default();
        let direct = || written.iter().filter(|w| w.embedding.is_none());
        let exact: Vec<&Written> = direct().filter(|w| w.text == text).collect();
        let mut candidates = if exact.is_empty() { direct().filter(|w| !w.exact).collect() } else { exact };
        candidates.retain(|w| w.of.as_ref().is_none_or(|maker| maker.made(seen)));
        let versioned = software_version(bytes, &range);
        candidates.retain(|w| {
            boundary::holds(bytes, range.start, range.end, Stuff::of(text, w.exact))
                || versioned.is_some() && self.known.get(w.known).is_some_and(|k| w.is_body_of(k))
        });
        // What was decoded is searched where it was decoded to.
        candidates.extend(written.iter().filter(|w| !seen.leaf.is_decoded(&range) && w.is_embedded(bytes, &range)));
        // Behind a value in undecoded text stands its name; a whole value has the leaf's.
        let whole = range.start == 0;
        let near = (!whole).then(|| payload::word_before(bytes, range.start)).flatten();
        let key = near.or(seen.leaf.key.as_deref());
        let typed = |data_type: &str| {
            identifier.recipe_type(seen.leaf) == Some(data_type)
                || key.is_some_and(|k| identifier.keys.names(k, data_type, seen.product))
        };
        let of = |w: &Written| self.known.get(w.known);
        let named = candidates.iter().find(|w| of(w).is_some_and(|k| typed(&k.data_type)));
        let chosen = named.or(candidates.first())?;
        let known = of(chosen)?;
        let plain_word = chosen.form.digest == "plain";
        if known.short && named.is_none() || IN_USER_AGENTS.contains(&known.data_type.as_str()) && seen.is_user_agent()
        {
            return None;
        }
        let mut form = chosen.form.clone();
        let mut range = range;
        if let Some(version) = versioned.filter(|_| chosen.is_body_of(known)) {
            // With the check digit in front the two digits are as likely the head of a longer number.
            if version.doubtful && named.is_none() {
                return None;
            }
            range.end = version.end;
            "16-digits".clone_into(&mut form.variant);
        }
        let text = bytes.get(range.clone()).and_then(|b| std::str::from_utf8(b).ok()).unwrap_or(text);
        if let Some((embedding, _)) = &chosen.embedding {
            form.variant = format!("{} in {}", form.variant, embedding.name());
        } else if plain_word && chosen.text != text && form.variant != "16-digits" {
            "any-case".clone_into(&mut form.variant);
        }
        let what = match plain_word {
            true => Ground::new(GroundCode::ProfileValue),
            false => Ground::new(GroundCode::ProfileDigest).with("digest", &form.digest),
        };
        let under = key.map(|key| Ground::new(GroundCode::UnderKey).with("key", key));
        let (certainty, when) = match known.value.holds_at(time) {
            true => (digest::certainty(&form.digest), None),
            false => {
                let outside = Some(Ground::new(GroundCode::OutsideValidity));
                (digest::certainty(&form.digest).min(Certainty::Probable), outside)
            }
        };
        let reason = Reason::of([Some(what.with("variant", &form.variant)), under, when].into_iter().flatten());
        Some(Hit {
            data_type: known.data_type.clone(),
            form,
            certainty,
            reason,
            value: known.value.value.clone(),
            written: if chosen.embedding.is_some() { chosen.text.clone() } else { text.to_owned() },
            key: key.map(str::to_owned),
            leaf: seen.index,
            start: range.start,
            end: range.end,
        })
    }
}

/// Two digits behind fourteen: an IMEISV (3GPP TS 23.003 §6.2.2) where nothing longer stands there.
struct SoftwareVersion {
    end: usize,
    /// The first is the check digit as well.
    doubtful: bool,
}

fn software_version(bytes: &[u8], range: &std::ops::Range<usize>) -> Option<SoftwareVersion> {
    let end = range.end + 2;
    let number = std::str::from_utf8(bytes.get(range.start..end)?).ok()?;
    let fits = number.len() == 16 && number.bytes().all(|b| b.is_ascii_digit());
    (fits && boundary::holds(bytes, range.start, end, Stuff::Word))
        .then(|| SoftwareVersion { end, doubtful: number.get(..15).is_some_and(shape::luhn) })
}

impl Maker {
    fn made(&self, seen: Seen<'_>) -> bool {
        seen.product == Some(self.product.as_str()) || seen.leaf.recipe.as_deref() == Some(self.recipe.as_str())
    }
}

impl Written {
    /// An IMEI without its check digit, as it is.
    fn is_body_of(&self, known: &Known) -> bool {
        known.data_type == "imei" && self.form.digest == "plain" && self.text.len() == 14 && self.embedding.is_none()
    }

    /// `bytes[range]` is this value in its encoding, at a boundary.
    fn is_embedded(&self, bytes: &[u8], range: &std::ops::Range<usize>) -> bool {
        let Some((embedding, pattern)) = &self.embedding else { return false };
        let found = bytes.get(range.clone()).unwrap_or_default();
        let same = if *embedding == Embedding::Hex { found.eq_ignore_ascii_case(pattern) } else { found == pattern };
        same && embedding.holds(bytes, range.start, range.end, &self.text)
    }
}

/// Measured in bytes of UTF-8: a Chinese character, three bytes, is as rare as that many letters.
fn is_short(value: &str) -> bool {
    let different: std::collections::BTreeSet<char> = value.chars().collect();
    value.len() < SHORT || different.len() < FEW_CHARACTERS
}

fn all_written(index: usize, known: &Known, makings: &[Making<'_>]) -> Vec<Written> {
    let mut all = Vec::new();
    for (variant, text) in forms::of(&known.data_type, &known.value.value) {
        let form = |digest: &str| Form { digest: digest.to_owned(), variant: variant.to_owned() };
        let digested = |digest: &Digested, form: &dyn Fn(&str) -> Form, of: Option<&Arc<Maker>>| -> Vec<Written> {
            let written = digest::written(digest).into_iter();
            written
                .map(|(name, text, exact)| Written {
                    known: index,
                    form: form(name),
                    text,
                    exact,
                    embedding: None,
                    of: of.cloned(),
                })
                .collect()
        };
        for digest in digest::all(text.as_bytes()) {
            all.extend(digested(&digest, &form, None));
            if digest.bytes.len() >= RAW_FROM {
                all.push(Written {
                    known: index,
                    form: form(digest.name),
                    text: HEXLOWER.encode(&digest.bytes),
                    exact: false,
                    embedding: Some((Embedding::Raw, digest.bytes)),
                    of: None,
                });
            }
        }
        for making in makings.iter().filter(|making| making.digest.data_type == known.data_type) {
            let whole = making.text.replace("{value}", &text);
            let digest = match &making.digest.key {
                Some(key) => digest::keyed(&making.digest.digest, key.as_bytes(), whole.as_bytes()),
                None => digest::named(&making.digest.digest, whole.as_bytes()),
            };
            let form = |name: &str| match making.digest.text == "{value}" {
                true => form(name),
                false => Form { digest: name.to_owned(), variant: format!("{variant} in {}", making.digest.text) },
            };
            all.extend(digest.iter().flat_map(|digest| digested(digest, &form, Some(&making.maker))));
        }
        let mut embedded = if known.short { Vec::new() } else { embedded::patterns(&text) };
        let octets = HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok();
        embedded.extend(octets.filter(|o| o.len() >= RAW_ID_FROM).map(|o| (Embedding::Raw, o)));
        let written = |embedding| Written {
            known: index,
            form: form("plain"),
            text: text.clone(),
            exact: false,
            embedding,
            of: None,
        };
        all.extend(embedded.into_iter().map(|e| written(Some(e))));
        all.push(written(None));
    }
    all
}
