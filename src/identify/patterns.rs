//! Every form and digest of every profile value, searched in one pass.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use daachorse::DoubleArrayAhoCorasick;
use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER, HEXLOWER_PERMISSIVE};

use super::boundary::{self, Stuff};
use super::digest::Digested;
use super::embedded::{self, Embedding};
use super::grouped::Grouped;
use super::{Hit, Identifier, Placeholders, Seen, digest, forms};
use crate::evidence::{Certainty, Ground, GroundCode, Reason, Time};
use crate::observations::Form;
use crate::payload;
use crate::session::{Profile, ProfileValue};
use crate::shape;
use crate::signatures::{Recipe, RecipeDigest, Signatures};

/// Digests of at least this many bytes are also searched as raw bytes.
const RAW_FROM: usize = 16;
/// The same for identifiers in hex: the six bytes of a MAC address occur by chance once in 10¹⁴ bytes.
const RAW_ID_FROM: usize = 6;

/// Bytes of each pattern that the automaton searches for; the rest is compared where these are found.
/// Few texts share that much with an identifier, and an automaton of the heads alone is built four
/// times faster and stays in the processor's cache.
const HEAD: usize = 8;

/// Types that are not searched as text: places are compared as points, lists of apps as lists.
const NOT_TEXT: &[&str] = &["location", "location_coarse", "installed_apps"];
/// What every server learns from a User-Agent: no sighting there.
const IN_USER_AGENTS: &[&str] = &["device_model", "os_version", "carrier", "network_type", "screen"];

/// Types whose values are names that anyone chooses: a longer one is another one.
const FREE_NAMES: &[&str] = &["ssid"];

/// A value of the profile.
#[derive(Debug)]
struct Known {
    data_type: String,
    value: ProfileValue,
    /// It counts only under a key name of its type, because it is short or common.
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

/// A digest that only one product makes, as its recipe describes it.
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
    /// In lower case, by pattern number.
    texts: Vec<Vec<u8>>,
    /// By pattern number.
    written: Vec<Vec<Written>>,
    /// The numbers of those that begin alike, by what the automaton calls their head.
    by_head: Vec<Vec<usize>>,
    /// Finds heads. `None` when there is nothing to search.
    automaton: Option<DoubleArrayAhoCorasick<u32>>,
    /// The same by their text, for values that are written in groups.
    grouped: Grouped,
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
                short: shape::is_short(&value.value),
            })
            .collect();
        let mut by_text: BTreeMap<Vec<u8>, Vec<Written>> = BTreeMap::new();
        for (index, known) in known.iter().enumerate() {
            for written in all_written(index, known, &makings) {
                let pattern = written.embedding.as_ref().map_or(written.text.as_bytes(), |(_, pattern)| pattern);
                by_text.entry(pattern.to_ascii_lowercase()).or_default().push(written);
            }
        }
        let mut by_head: BTreeMap<&[u8], Vec<usize>> = BTreeMap::new();
        for (number, text) in by_text.keys().enumerate() {
            by_head.entry(text.get(..HEAD).unwrap_or(text)).or_default().push(number);
        }
        let automaton = DoubleArrayAhoCorasick::new(by_head.keys()).ok();
        let by_head = by_head.into_values().collect();
        let direct = by_text.iter().enumerate().filter(|(_, (_, all))| all.iter().any(Written::is_any_case));
        let grouped = Grouped::new(direct.map(|(number, (text, _))| (text.as_slice(), number)));
        let (texts, written) = by_text.into_iter().unzip();
        Self { known, texts, written, by_head, automaton, grouped }
    }

    pub(super) fn search(&self, identifier: &Identifier, leaves: &[Seen<'_>], time: Time, hits: &mut Vec<Hit>) {
        let Some(automaton) = &self.automaton else { return };
        let mut lower = Vec::new();
        // The patterns that were found in this leaf already: one hit for each value and leaf is
        // enough, and bounds what a body of nothing but repetitions can cost.
        let mut there: BTreeSet<usize> = BTreeSet::new();
        for seen in leaves {
            there.clear();
            lower.clear();
            lower.extend(seen.leaf.bytes.iter().map(u8::to_ascii_lowercase));
            let before = hits.len();
            for (start, number) in automaton.find_overlapping_iter(&lower).flat_map(|head| self.at_head(&lower, head)) {
                if !there.contains(&number)
                    && let Some((text, written)) = self.texts.get(number).zip(self.written.get(number))
                    && let Some(hit) = self.judge(identifier, *seen, written, start..start + text.len(), time)
                {
                    there.insert(number);
                    hits.push(hit);
                }
            }
            if hits.len() == before {
                hits.extend(self.in_groups(identifier, *seen, time));
            }
        }
    }

    /// The patterns that stand where a head was found: where, and their numbers.
    fn at_head<'s>(
        &'s self,
        lower: &'s [u8],
        head: daachorse::Match<u32>,
    ) -> impl Iterator<Item = (usize, usize)> + 's {
        let rest = lower.get(head.start()..).unwrap_or_default();
        let alike = self.by_head.get(head.value() as usize).into_iter().flatten().copied();
        let stands = move |number: &usize| self.texts.get(*number).is_some_and(|text| rest.starts_with(text));
        alike.filter(stands).map(move |number| (head.start(), number))
    }

    /// The whole text is one value, in groups that are not its own (`3520 9900 1761 481`).
    fn in_groups(&self, identifier: &Identifier, seen: Seen<'_>, time: Time) -> Option<Hit> {
        let text = seen.text?;
        let written = self.written.get(self.grouped.find(text)?)?;
        let fits = |w: &&Written| w.is_any_case() && w.of.as_ref().is_none_or(|maker| maker.made(seen));
        let (chosen, named) = self.choose(identifier, seen, seen.name, written.iter().filter(fits))?;
        let known = self.known.get(chosen.known)?;
        if known.short && !named {
            return None;
        }
        let form = Form { digest: chosen.form.digest.clone(), variant: format!("{} in groups", chosen.form.variant) };
        let key = seen.name;
        Some(known.hit(seen, form, key, 0..text.len(), text.to_owned(), time))
    }

    /// The one whose type the place names, else the first; and whether it is named.
    fn choose<'w>(
        &self,
        identifier: &Identifier,
        seen: Seen<'_>,
        key: Option<&str>,
        candidates: impl Iterator<Item = &'w Written>,
    ) -> Option<(&'w Written, bool)> {
        let named = match key {
            Some(key) if seen.name == Some(key) => seen.named,
            key => key.map(|key| identifier.keys.named(key)).unwrap_or_default(),
        };
        let by_recipe = identifier.recipe_type(seen.leaf);
        let typed = |data_type: &str| {
            let mut hints = identifier.keys.hints_of(named, seen.product);
            by_recipe == Some(data_type) || hints.any(|hint| hint.row.data_type == data_type)
        };
        let mut first = None;
        for written in candidates {
            if self.known.get(written.known).is_some_and(|k| typed(&k.data_type)) {
                return Some((written, true));
            }
            first = first.or(Some(written));
        }
        first.map(|written| (written, false))
    }

    /// Which of the values that are written like this it is, if any.
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
        let among_bytes = seen.text.is_none()
            && !boundary::holds(bytes, range.start, range.end, Stuff::Word)
            && boundary::stands_among_bytes(bytes, range.start, range.end);
        candidates.retain(|w| {
            boundary::holds(bytes, range.start, range.end, Stuff::of(text, w.exact))
                || among_bytes
                || versioned.is_some() && self.known.get(w.known).is_some_and(|k| w.is_body_of(k))
        });
        // What was decoded is searched where it was decoded to.
        candidates.extend(written.iter().filter(|w| !seen.leaf.is_decoded(&range) && w.is_embedded(bytes, &range)));
        // After a value in undecoded text stands its name; a whole value has the leaf's.
        let whole = range.start == 0;
        let near = (!whole).then(|| payload::word_before(bytes, range.start)).flatten();
        let key = near.or(seen.name);
        let (chosen, named) = self.choose(identifier, seen, key, candidates.into_iter())?;
        let known = self.known.get(chosen.known)?;
        let plain_word = chosen.form.digest == "plain";
        if known.short && !named || IN_USER_AGENTS.contains(&known.data_type.as_str()) && seen.is_user_agent() {
            return None;
        }
        let mut form = chosen.form.clone();
        let mut range = range;
        if let Some(version) = versioned.filter(|_| chosen.is_body_of(known)) {
            // With the check digit in front the two digits are as likely the head of a longer number.
            if version.doubtful && !named {
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
        let written = if chosen.embedding.is_some() { chosen.text.clone() } else { text.to_owned() };
        let named_freely = plain_word && chosen.embedding.is_none() && FREE_NAMES.contains(&known.data_type.as_str());
        let longer = named_freely && boundary::may_be_longer_name(bytes, range.start, range.end, named);
        let by_bytes = among_bytes && chosen.embedding.is_none();
        let mut hit = known.hit(seen, form, key, range, written, time);
        let doubts = [
            longer.then_some((Certainty::Possible, GroundCode::LongerName)),
            by_bytes.then_some((Certainty::Probable, GroundCode::AmongBytes)),
        ];
        for (most, ground) in doubts.into_iter().flatten() {
            hit.certainty = hit.certainty.min(most);
            hit.reason.0.push(Ground::new(ground));
        }
        Some(hit)
    }
}

impl Known {
    /// It stands in `range` of the leaf, under `key`.
    fn hit(
        &self,
        seen: Seen<'_>,
        form: Form,
        key: Option<&str>,
        range: std::ops::Range<usize>,
        written: String,
        time: Time,
    ) -> Hit {
        let what = match form.digest == "plain" {
            true => Ground::new(GroundCode::ProfileValue),
            false => Ground::new(GroundCode::ProfileDigest).with("digest", &form.digest),
        };
        let under = key.map(|key| Ground::new(GroundCode::UnderKey).with("key", key));
        let (certainty, when) = match self.value.holds_at(time) {
            true => (digest::certainty(&form.digest), None),
            false => {
                let outside = Some(Ground::new(GroundCode::OutsideValidity));
                (digest::certainty(&form.digest).min(Certainty::Probable), outside)
            }
        };
        let reason = Reason::of([Some(what.with("variant", &form.variant)), under, when].into_iter().flatten());
        Hit {
            data_type: self.data_type.clone(),
            form,
            certainty,
            reason,
            value: self.value.value.clone(),
            written,
            key: key.map(str::to_owned),
            leaf: seen.index,
            start: range.start,
            end: range.end,
        }
    }
}

/// Two digits after fourteen: an IMEISV (3GPP TS 23.003 §6.2.2) where nothing longer stands there.
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
    /// Text in which case does not count.
    fn is_any_case(&self) -> bool {
        self.embedding.is_none() && !self.exact
    }

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
        // What only a digest is made of.
        if variant == forms::QUOTED {
            continue;
        }
        let mut embedded = if known.short { Vec::new() } else { embedded::patterns(&text) };
        let octets = HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok().filter(|o| o.len() >= RAW_ID_FROM);
        let written = |embedding| Written {
            known: index,
            form: form("plain"),
            text: text.clone(),
            exact: false,
            embedding,
            of: None,
        };
        // The bytes that it is a text of, alone in a value of their own.
        let encoded = |octets: &Vec<u8>| [BASE64_NOPAD.encode(octets), BASE64URL_NOPAD.encode(octets)];
        for text in octets.iter().flat_map(encoded) {
            let form = Form { digest: "plain".to_owned(), variant: format!("{variant} as bytes in base64") };
            all.push(Written { form, text, exact: true, ..written(None) });
        }
        embedded.extend(octets.map(|o| (Embedding::Raw, o)));
        all.extend(embedded.into_iter().map(|e| written(Some(e))));
        all.push(written(None));
    }
    all
}
