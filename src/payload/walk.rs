//! The walk down: each value is offered to the decoders until none opens it.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::{Arc, LazyLock};

use bytes::Bytes;

use super::budget::{self, Budget};
use super::clue::{Clue, Clues, Look};
use super::leaf::{Leaf, Link, Part};
use super::{Decoded, image, pairs, recipe, refused, sense};
use crate::evidence::{Direction, Gap, GapReason, Place};
use crate::message::{Kind, Message};
use crate::shape;

/// A value on its way down.
#[derive(Clone, Debug)]
pub(super) struct Value {
    pub(super) link: Arc<Link>,
    pub(super) key: Option<String>,
    pub(super) part: Part,
    pub(super) group: u32,
    pub(super) element: bool,
    /// A number or truth value: nothing to open.
    pub(super) scalar: bool,
    /// The media type that its container declares for it.
    pub(super) declared: Option<String>,
    /// It is the whole body, content codings undone.
    pub(super) body: bool,
    pub(super) recipe: Option<Arc<str>>,
    pub(super) depth: u8,
}

/// What a decoder is shown.
pub(super) struct Input<'a> {
    pub(super) bytes: &'a Bytes,
    /// Media type with parameters, as declared.
    pub(super) declared: Option<&'a str>,
    /// It is a whole body and not a value in something.
    pub(super) body: bool,
    text: OnceCell<bool>,
}

impl<'a> Input<'a> {
    pub(super) fn new(bytes: &'a Bytes, declared: Option<&'a str>, body: bool) -> Self {
        Self { bytes, declared, body, text: OnceCell::new() }
    }

    fn of(value: &'a Value) -> Self {
        Self::new(&value.link.bytes, value.declared.as_deref(), value.body)
    }

    /// It is text as programs write it; found out once for all decoders.
    pub(super) fn is_text(&self) -> bool {
        *self.text.get_or_init(|| sense::is_text(self.bytes))
    }

    /// Whether a compression without a head may have made these bytes: no text, long enough for a
    /// meaningful result, and a try is left in the budget.
    pub(super) fn is_worth_a_try(&self, budget: &mut Budget) -> bool {
        /// Below this nothing gets shorter by compression.
        const SHORTEST: usize = 12;
        self.bytes.len() >= SHORTEST && !self.is_text() && budget.attempt()
    }

    /// The declared media type is `media_type`, parameters apart.
    pub(super) fn is_declared(&self, media_type: &str) -> bool {
        self.declared.and_then(|d| d.split(';').next()).is_some_and(|d| d.trim().eq_ignore_ascii_case(media_type))
    }

    /// The declared media type has one of `words` in it, as `application/x-msgpack` and
    /// `application/vnd.msgpack` have.
    pub(super) fn declares(&self, words: &[&str]) -> bool {
        let essence = self.declared.and_then(|d| d.split(';').next()).unwrap_or_default().to_ascii_lowercase();
        words.iter().any(|word| essence.contains(word))
    }
}

/// What a decoder found inside.
pub(super) struct Opening {
    pub(super) parts: Vec<Inside>,
    /// The evidence is weak: search the value itself as well.
    pub(super) keep: bool,
}

/// One value in a container.
#[derive(Default)]
pub(super) struct Inside {
    /// What the step picks: a path, a field's name.
    pub(super) argument: Option<String>,
    /// Its name; `None` leaves it the container's.
    pub(super) key: Option<String>,
    pub(super) bytes: Bytes,
    /// Side by side with the others of this number, counted from 0 in each opening.
    pub(super) group: u32,
    pub(super) element: bool,
    pub(super) scalar: bool,
    pub(super) declared: Option<String>,
    /// The stretch of the container that it was decoded from; `None`: all of it.
    pub(super) of: Option<Range<usize>>,
    /// It is not a value but the name (`key`) of an object or a list inside.
    pub(super) heading: bool,
}

impl Inside {
    /// The name of something that holds further values. It is part of their paths, and may be
    /// a value itself: `{"devices": {"3c:5a:…": {"rssi": -50}}}`. `None` where it cannot be one.
    pub(super) fn heading(name: &str) -> Option<Self> {
        may_be_value(name).then(|| Self { key: Some(name.to_owned()), heading: true, ..Self::default() })
    }
}

/// Names are searched as values where they may be one.
pub(super) fn may_be_value(name: &str) -> bool {
    /// Shorter names, and names with fewer digits, are names.
    const SHORTEST: usize = 8;
    const DIGITS: usize = 4;
    /// So are names of fewer letters beyond ASCII.
    const LETTERS: usize = 3;
    /// A name of capitals, small letters and digits that is so long is an encoding of something.
    const ENCODED: usize = 20;
    let count = |of: fn(&u8) -> bool| name.bytes().filter(of).count();
    let encoded = || {
        let mixed = count(u8::is_ascii_uppercase) >= 2 && count(u8::is_ascii_lowercase) >= 2;
        name.len() >= ENCODED && mixed && count(u8::is_ascii_digit) > 0 && !name.contains('_')
    };
    // `{"contacts": {"欧阳金丝雀": …}}`: names of fields are ASCII, but for Chinese ones.
    let letters = || name.chars().filter(|c| !c.is_ascii() && c.is_alphabetic()).count() >= LETTERS;
    let said = || name.contains('@') || shape::package_name(name);
    name.len() >= SHORTEST && (count(u8::is_ascii_digit) >= DIGITS || encoded() || letters() || said())
}

impl Opening {
    /// A container that is nothing but an encoding of one value.
    pub(super) fn one(bytes: impl Into<Bytes>) -> Self {
        Self { parts: vec![Inside { bytes: bytes.into(), ..Inside::default() }], keep: false }
    }

    /// A compression: the media type declared for the whole is that of its content.
    pub(super) fn compressed(input: &Input<'_>, bytes: impl Into<Bytes>) -> Self {
        let declared = input.declared.map(str::to_owned);
        Self { parts: vec![Inside { bytes: bytes.into(), declared, ..Inside::default() }], keep: false }
    }
}

/// One way to look into a value.
pub(super) struct Opener {
    /// The step's name in evidence.
    pub(super) name: &'static str,
    /// What it must see before it is asked.
    pub(super) clue: Clue,
    /// `None`: it is not this, or not whole.
    pub(super) open: fn(&Input<'_>, &mut Budget) -> Option<Opening>,
}

/// All decoders, the surest evidence first.
pub(super) const OPENERS: &[Opener] = &[
    super::inflate::GZIP,
    super::inflate::ZLIB,
    super::zstandard::ZSTD,
    super::lz4::LZ4,
    super::snappy::SNAPPY,
    super::xz::XZ,
    super::grpc::GRPC_WEB_TEXT,
    super::grpc::GRPC,
    super::zip::ZIP,
    super::tar::TAR,
    super::image::IMAGE,
    super::bplist::BPLIST,
    super::charset::CHARSET,
    super::bson::BSON,
    super::thrift::THRIFT,
    super::jce::JCE,
    super::msgpack::MSGPACK,
    super::cbor::CBOR,
    super::protobuf::PROTOBUF,
    super::jce::JCE_STRUCT,
    super::thrift::THRIFT_STRUCT,
    super::multipart::MULTIPART,
    super::json::JSON,
    super::engineio::ENGINEIO,
    super::events::EVENTS,
    super::lines::LINES,
    super::jsonp::JSONP,
    super::base85::FRAMED,
    super::plist::PLIST,
    super::xml::XML,
    super::url::URL,
    super::authorization::AUTHORIZATION,
    super::jwt::JWT,
    super::rfc2047::ENCODED_WORDS,
    super::quoted_printable::QUOTED_PRINTABLE,
    super::html::HTML,
    super::csv::CSV,
    super::form::FORM,
    super::yaml::YAML,
    super::packed::PACKED,
    super::percent::PERCENT,
    super::escapes::ESCAPES,
    super::hex::HEX,
    super::base32::BASE32,
    super::base64::BASE64,
    super::base58::BASE58,
    super::base85::BASE85,
    super::inner::INNER,
    super::unread::UNREAD,
    super::prefixed::PREFIXED,
    super::xz::LZMA,
    super::lz4::LZ4_BLOCK,
    super::snappy::SNAPPY_BLOCK,
    super::headless::DEFLATE,
    super::headless::BROTLI,
];

/// [`Clues`] has a bit for each.
const _: () = assert!(OPENERS.len() <= 64);

/// Their clues.
pub(super) static CLUES: LazyLock<Clues> = LazyLock::new(|| Clues::new(OPENERS.iter().map(|opener| opener.clue)));

/// The walk through one message.
pub(super) struct Walk<'d> {
    recipes: Vec<&'d recipe::Compiled>,
    /// The message's query, for recipes that take a key from it.
    query: &'d str,
    pub(super) budget: Budget,
    leaves: Vec<Leaf>,
    sealed: Vec<(String, Arc<Link>)>,
    gaps: Vec<(GapReason, String, u64)>,
    groups: u32,
}

impl<'d> Walk<'d> {
    pub(super) fn new(recipes: Vec<&'d recipe::Compiled>, query: &'d str) -> Self {
        Self {
            recipes,
            query,
            budget: Budget::default(),
            leaves: Vec::new(),
            sealed: Vec::new(),
            gaps: Vec::new(),
            groups: 0,
        }
    }

    /// A number for values side by side.
    pub(super) fn group(&mut self) -> u32 {
        self.groups = self.groups.saturating_add(1);
        self.groups
    }

    /// Something could not be read.
    pub(super) fn gap(&mut self, reason: GapReason, detail: &str, bytes: u64) {
        self.gaps.push((reason, detail.to_owned(), bytes));
    }

    /// Takes a value, by its recipe where there is one, and all the way down.
    pub(super) fn take(&mut self, value: Value) {
        let (before, sealed) = (self.leaves.len(), self.sealed.len());
        let sealing = self.recipes.iter().find(|r| r.sealed && r.starts_at(&value)).map(|r| r.id.clone());
        let opened = self.recipes.iter().filter(|r| !r.sealed && r.starts_at(&value)).find_map(|r| {
            let led = recipe::run(&r.steps, &value.link, self.query, &mut self.budget)?;
            Some((led, r.id.clone(), value.body && r.steps.is_empty()))
        });
        let (link, is_body) = (value.link.clone(), value.body);
        match opened {
            None => self.down(value),
            Some((led, id, body)) => {
                // Several values of one text stand side by side.
                let group = if led.len() > 1 { self.group() } else { value.group };
                for recipe::Led { link, key, declared } in led {
                    self.down(Value {
                        link,
                        key: key.or_else(|| value.key.clone()),
                        declared: declared.map(str::to_owned).or_else(|| value.declared.clone().filter(|_| body)),
                        recipe: Some(id.clone()),
                        body,
                        group,
                        ..value.clone()
                    });
                }
            }
        }
        // Some random bytes begin as a format does. What came of an encoding of the whole and was opened
        // no further is as closed as what it was written as.
        let unread = |leaf: &Leaf| {
            let encoded = leaf.bytes.len().saturating_mul(2) >= link.bytes.len() && !sense::is_text(&leaf.bytes);
            Arc::ptr_eq(&leaf.link, &link) || encoded
        };
        let new = || self.leaves.get(before..).unwrap_or_default();
        let closed = || new().iter().all(unread) && sense::is_opaque(&link.bytes, !is_body);
        // A value inside of it may have been told already.
        let told = self.sealed.len() > sealed;
        if let Some(id) = sealing.filter(|_| closed() || !told && is_mostly_opaque(new(), link.bytes.len())) {
            self.sealed.push((id.to_string(), link));
        }
    }

    fn down(&mut self, value: Value) {
        let openable = !value.scalar && !value.link.bytes.is_empty();
        match openable.then(|| self.open(&value)).flatten() {
            None => self.leaf(value, Vec::new()),
            Some((name, opening)) if value.depth >= budget::DEPTH => {
                self.budget.reach("containers inside each other", usize::from(budget::DEPTH));
                drop((name, opening));
                self.leaf(value, Vec::new());
            }
            // `"[]"`: a text that says that nothing is there.
            Some((_, opening)) if opening.parts.is_empty() && !opening.keep && sense::is_text(&value.link.bytes) => {
                self.leaf(value, Vec::new());
            }
            Some((name, opening)) => {
                if opening.keep {
                    let whole = 0..value.link.bytes.len();
                    let decoded = opening.parts.iter().map(|part| part.of.clone().unwrap_or_else(|| whole.clone()));
                    self.leaf(value.clone(), decoded.collect());
                }
                self.take_parts(&value, name, opening.parts);
            }
        }
    }

    /// Goes on with what was found inside of `value`.
    fn take_parts(&mut self, value: &Value, step: &'static str, mut parts: Vec<Inside>) {
        pairs::name_values(&mut parts);
        pairs::join_octets(&mut parts, &mut self.budget);
        let groups = self.groups;
        let mut values = parts.iter().filter(|p| !p.heading);
        let alone = values.next().is_some_and(|p| p.key.is_none()) && values.next().is_none();
        let mut names = BTreeSet::new();
        self.leaves.reserve(parts.len());
        for part in parts {
            if let Some(name) = part.key.as_ref().filter(|name| !part.element && may_be_value(name))
                && names.insert(name.clone())
            {
                self.name(name, value);
            }
            if part.heading {
                continue;
            }
            let group = match alone {
                true => value.group,
                false => groups.saturating_add(1).saturating_add(part.group),
            };
            self.groups = self.groups.max(group);
            self.take(Value {
                link: Link::new(Some(value.link.clone()), step, part.argument, part.bytes),
                key: part.key.or_else(|| value.key.clone()),
                part: value.part,
                group,
                element: part.element || alone && value.element,
                scalar: part.scalar,
                declared: part.declared,
                body: false,
                recipe: value.recipe.clone(),
                depth: value.depth + 1,
            });
        }
    }

    /// A name that may itself be a value (`{"devices": {"3c:5a:…": …}}`), or hold one, is
    /// taken as one.
    pub(super) fn name(&mut self, name: &str, container: &Value) {
        if may_be_value(name) && container.depth < budget::DEPTH {
            let link = Link::new(Some(container.link.clone()), "name", None, Bytes::copy_from_slice(name.as_bytes()));
            let depth = container.depth + 1;
            self.down(Value { link, key: None, declared: None, body: false, depth, ..container.clone() });
        }
    }

    /// Takes what is encoded in a piece of a value that is searched as a whole. `false`: the piece is
    /// not encoded, so there is nothing new in it.
    pub(super) fn piece(&mut self, value: &Value) -> bool {
        let opened = if value.depth < budget::DEPTH { self.open(value) } else { None };
        let Some((step, opening)) = opened else { return false };
        self.take_parts(value, step, opening.parts);
        true
    }

    /// Takes a value as it is; its stretches `decoded` have been taken as pieces.
    pub(super) fn searched(&mut self, value: Value, decoded: Vec<Range<usize>>) {
        self.leaf(value, decoded);
    }

    fn open(&mut self, value: &Value) -> Option<(&'static str, Opening)> {
        let bytes = &value.link.bytes;
        let told = value.body || value.declared.is_some();
        if !told && refused::before(bytes, &mut self.budget) {
            return None;
        }
        let look = Look::at(bytes);
        let input = Input { text: look.is_text().map(OnceCell::from).unwrap_or_default(), ..Input::of(value) };
        let mark = self.budget.mark();
        let asked = if told { CLUES.all() } else { CLUES.fitting(look) };
        let opened = asked.filter_map(|number| OPENERS.get(number)).find_map(|opener| {
            let opening = (opener.open)(&input, &mut self.budget)?;
            self.budget.layer().then_some((opener.name, opening))
        });
        if opened.is_none() && !told {
            refused::remember(bytes, mark, &self.budget);
        }
        opened
    }

    fn leaf(&mut self, value: Value, decoded: Vec<Range<usize>>) {
        if self.leaves.len() >= budget::LEAVES {
            self.budget.reach("values in one message", budget::LEAVES);
            return;
        }
        self.leaves.push(Leaf {
            bytes: value.link.bytes.clone(),
            key: value.key,
            part: value.part,
            group: value.group,
            element: value.element,
            decoded,
            recipe: value.recipe,
            link: value.link,
        });
    }

    /// What came of it.
    pub(super) fn finish(self, message: &Message) -> Decoded {
        let at = match &message.place {
            Place::Frames { stream, frames, transport, .. } => {
                let transport = if *transport == crate::evidence::Transport::Tcp { "tcp" } else { "udp" };
                format!("{transport} stream {stream}, frame {}", frames.first().copied().unwrap_or(0))
            }
            Place::Entry { entry, .. } => format!("entry {entry}"),
        };
        let mut gaps: Vec<Gap> = self
            .gaps
            .into_iter()
            .map(|(reason, detail, bytes)| Gap::new(reason, &at, detail).of_bytes(bytes))
            .collect();
        let closed: Vec<_> = self.budget.closed().collect();
        gaps.extend(closed.iter().map(|(reason, what)| Gap::new(*reason, &at, *what)));
        gaps.extend(self.budget.reached().map(|limit| Gap::new(GapReason::Limit, &at, limit)));
        let body_leaf = self.leaves.iter().find(|l| l.part == Part::Body && is_body(&l.link));
        let is_read = message.direction == Direction::Sent
            && !matches!(message.kind, Kind::Raw | Kind::Dns(_))
            && closed.is_empty();
        if let Some(leaf) = body_leaf.filter(|l| is_read && !l.bytes.is_empty() && !sense::is_text(&l.bytes)) {
            if !self.sealed.iter().any(|(_, link)| Arc::ptr_eq(link, &leaf.link)) {
                let detail = "a body in a form that nothing here reads: searched as bytes";
                gaps.push(Gap::new(GapReason::Undecodable, &at, detail).of_bytes(leaf.bytes.len() as u64));
            }
        } else if is_read && self.sealed.is_empty() {
            let closed = [Part::Body, Part::Query].into_iter().filter_map(|part| mostly_closed(&self.leaves, part));
            gaps.extend(closed.map(|bytes| {
                let detail = "values in an encoding or encryption that nothing here opens: searched as they are";
                Gap::new(GapReason::Undecodable, &at, detail).of_bytes(bytes as u64)
            }));
        }
        let sealed = self.sealed.into_iter().map(|(id, link)| (id, link.steps())).collect();
        Decoded { leaves: self.leaves, sealed, gaps }
    }
}

/// Values that nothing opened make up most of `length` bytes, whatever readable envelope they stand in.
fn is_mostly_opaque(leaves: &[Leaf], length: usize) -> bool {
    opaque(leaves).map(|leaf| leaf.bytes.len()).sum::<usize>().saturating_mul(2) >= length.max(1)
}

/// Bytes of the values of this part of a message that nothing opened, where they are most of it.
fn mostly_closed(leaves: &[Leaf], part: Part) -> Option<usize> {
    let (mut closed, mut all) = (0_usize, 0_usize);
    for leaf in leaves.iter().filter(|leaf| leaf.part == part) {
        all = all.saturating_add(leaf.bytes.len());
        closed = closed.saturating_add(opaque(std::slice::from_ref(leaf)).map(|leaf| leaf.bytes.len()).sum());
    }
    (closed > 0 && closed.saturating_mul(2) >= all).then_some(closed)
}

/// Values that look encrypted, and of which nothing was decoded. Pictures are none: what they say is told by their
/// metadata.
fn opaque(leaves: &[Leaf]) -> impl Iterator<Item = &Leaf> {
    /// Longer than digests, tokens of 64 characters and most keys.
    const SHORTEST: usize = 96;
    let long = leaves.iter().filter(|leaf| leaf.bytes.len() >= SHORTEST && leaf.decoded.is_empty());
    // What begins as running text is none, and need not be read to its end.
    let begins = |leaf: &&Leaf| leaf.bytes.get(..SHORTEST).is_some_and(sense::begins_opaque);
    long.filter(begins).filter(|leaf| {
        sense::is_varied(&leaf.bytes) && sense::is_opaque(&leaf.bytes, false) && !image::is_image(&leaf.bytes)
    })
}

/// Nothing but the body and its content codings.
fn is_body(link: &Link) -> bool {
    link.chain().all(|l| {
        matches!(l.name, "body" | "gzip" | "deflate" | "br" | "zstd" | "lz4" | "snappy" | "xz" | "lzma" | "grpc")
    })
}
