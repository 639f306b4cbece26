//! The walk down: each value is offered to the decoders until none opens it.

use std::cell::OnceCell;
use std::sync::Arc;

use bytes::Bytes;

use super::budget::{self, Budget};
use super::leaf::{Leaf, Link, Part};
use super::{Decoded, recipe, sense};
use crate::evidence::{Direction, Gap, GapReason, Place};
use crate::message::{Kind, Message};

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

    /// It is text as programs write it; found out once for all decoders.
    pub(super) fn is_text(&self) -> bool {
        *self.text.get_or_init(|| sense::is_text(self.bytes))
    }

    /// Bytes that a compression without a head may have made: no text, long enough for a
    /// result that means something, and within what a message may try.
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
}

impl Opening {
    /// A container that is nothing but an encoding of one value.
    pub(super) fn one(bytes: impl Into<Bytes>) -> Self {
        Self { parts: vec![Inside { bytes: bytes.into(), ..Inside::default() }], keep: false }
    }

    /// A compression: what was declared of the whole holds for what it holds.
    pub(super) fn compressed(input: &Input<'_>, bytes: impl Into<Bytes>) -> Self {
        let declared = input.declared.map(str::to_owned);
        Self { parts: vec![Inside { bytes: bytes.into(), declared, ..Inside::default() }], keep: false }
    }
}

/// One way to look into a value.
pub(super) struct Opener {
    /// The step's name in evidence.
    pub(super) name: &'static str,
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
    super::url::URL,
    super::form::FORM,
    super::packed::PACKED,
    super::percent::PERCENT,
    super::hex::HEX,
    super::base64::BASE64,
    super::unread::UNREAD,
    super::xz::LZMA,
    super::lz4::LZ4_BLOCK,
    super::snappy::SNAPPY_BLOCK,
    super::headless::DEFLATE,
    super::headless::BROTLI,
];

/// The walk through one message.
pub(super) struct Walk<'d> {
    recipes: Vec<&'d recipe::Compiled>,
    pub(super) budget: Budget,
    leaves: Vec<Leaf>,
    sealed: Vec<(String, Arc<Link>)>,
    gaps: Vec<(GapReason, String, u64)>,
    groups: u32,
}

impl<'d> Walk<'d> {
    pub(super) fn new(recipes: Vec<&'d recipe::Compiled>) -> Self {
        Self { recipes, budget: Budget::default(), leaves: Vec::new(), sealed: Vec::new(), gaps: Vec::new(), groups: 0 }
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
        let before = self.leaves.len();
        let sealing = self.recipes.iter().find(|r| r.sealed && r.starts_at(&value)).map(|r| r.id.clone());
        let opened = self.recipes.iter().filter(|r| !r.sealed && r.starts_at(&value)).find_map(|r| {
            let link = recipe::run(&r.steps, &value.link, &mut self.budget)?;
            Some(Value { link, recipe: Some(r.id.clone()), body: value.body && r.steps.is_empty(), ..value.clone() })
        });
        let value = opened.unwrap_or(value);
        let link = value.link.clone();
        self.down(value);
        let closed = self.leaves.get(before..).is_some_and(|new| new.iter().all(|leaf| Arc::ptr_eq(&leaf.link, &link)));
        if let Some(id) = sealing.filter(|_| closed && sense::is_opaque(&link.bytes)) {
            self.sealed.push((id.to_string(), link));
        }
    }

    fn down(&mut self, value: Value) {
        let openable = !value.scalar && !value.link.bytes.is_empty();
        match openable.then(|| self.open(&value)).flatten() {
            None => self.leaf(value, false),
            Some((name, opening)) if value.depth >= budget::DEPTH => {
                self.budget.reach("containers inside each other", usize::from(budget::DEPTH));
                drop((name, opening));
                self.leaf(value, false);
            }
            Some((name, opening)) => {
                if opening.keep {
                    self.leaf(value.clone(), true);
                }
                let groups = self.groups;
                let alone = opening.parts.len() == 1 && opening.parts.iter().all(|p| p.key.is_none());
                for part in opening.parts {
                    let group = match alone {
                        true => value.group,
                        false => groups.saturating_add(1).saturating_add(part.group),
                    };
                    self.groups = self.groups.max(group);
                    self.take(Value {
                        link: Link::new(Some(value.link.clone()), name, part.argument, part.bytes),
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
        }
    }

    fn open(&mut self, value: &Value) -> Option<(&'static str, Opening)> {
        let input = Input::new(&value.link.bytes, value.declared.as_deref(), value.body);
        OPENERS.iter().find_map(|opener| {
            let opening = (opener.open)(&input, &mut self.budget)?;
            self.budget.layer().then_some((opener.name, opening))
        })
    }

    fn leaf(&mut self, value: Value, decoded: bool) {
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
        if let Some(leaf) = body_leaf.filter(|l| !l.bytes.is_empty() && !sense::is_text(&l.bytes))
            && message.direction == Direction::Sent
            && !matches!(message.kind, Kind::Raw)
            && closed.is_empty()
            && !self.sealed.iter().any(|(_, link)| Arc::ptr_eq(link, &leaf.link))
        {
            let detail = "a body in a form that nothing here reads: searched as bytes";
            gaps.push(Gap::new(GapReason::Undecodable, &at, detail).of_bytes(leaf.bytes.len() as u64));
        }
        let sealed = self.sealed.into_iter().map(|(id, link)| (id, link.steps())).collect();
        Decoded { leaves: self.leaves, sealed, gaps }
    }
}

/// Nothing but the body and its content codings.
fn is_body(link: &Link) -> bool {
    link.chain().all(|l| {
        matches!(l.name, "body" | "gzip" | "deflate" | "br" | "zstd" | "lz4" | "snappy" | "xz" | "lzma" | "grpc")
    })
}
