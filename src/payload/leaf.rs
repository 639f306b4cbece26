//! A value and the way to it.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use crate::evidence::{Step, sha256_hex};

/// The part of a message a value stood in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// A segment of the request target's path.
    Path,
    /// The request target's query.
    Query,
    /// A header field.
    Header,
    /// A cookie of a `Cookie` header.
    Cookie,
    /// The body, or a datagram.
    Body,
    /// A name asked of DNS.
    Name,
}

/// One step of the way, with the bytes it yields. The way to a leaf is a chain of
/// these, shared by all leaves below; a digest is made when a hit asks for it.
#[derive(Debug)]
pub(crate) struct Link {
    pub(super) parent: Option<Arc<Link>>,
    pub(super) name: &'static str,
    pub(super) argument: Option<String>,
    pub(super) bytes: Bytes,
    pub(super) published_key: bool,
    sha256: OnceLock<String>,
}

impl Link {
    pub(super) fn new(
        parent: Option<Arc<Self>>,
        name: &'static str,
        argument: Option<String>,
        bytes: Bytes,
    ) -> Arc<Self> {
        Arc::new(Self { parent, name, argument, bytes, published_key: false, sha256: OnceLock::new() })
    }

    /// The same for a cipher whose key anyone can read.
    pub(super) fn with_published_key(
        parent: Option<Arc<Self>>,
        name: &'static str,
        argument: Option<String>,
        bytes: Bytes,
    ) -> Arc<Self> {
        Arc::new(Self { parent, name, argument, bytes, published_key: true, sha256: OnceLock::new() })
    }

    pub(super) fn steps(&self) -> Vec<Step> {
        self.steps_with(|_| true)
    }

    /// The steps, with digests of those results that `digested` names.
    fn steps_with(&self, digested: impl Fn(&Self) -> bool) -> Vec<Step> {
        let mut steps = Vec::with_capacity(self.chain().count());
        steps.extend(self.chain().map(|link| Step {
            name: link.name.to_owned(),
            argument: link.argument.clone(),
            length: link.bytes.len() as u64,
            sha256: match digested(link) {
                true => link.sha256.get_or_init(|| sha256_hex(&link.bytes)).clone(),
                false => String::new(),
            },
            published_key: link.published_key,
        }));
        steps.reverse();
        steps
    }

    /// From this one back to the message.
    pub(super) fn chain(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |link| link.parent.as_deref())
    }
}

/// The smallest value that decoding got to.
#[derive(Clone, Debug)]
pub struct Leaf {
    /// Its bytes.
    pub bytes: Bytes,
    /// The nearest name it stood under: a field, a header, a JSON name (for the elements
    /// of an array, the array's).
    pub key: Option<String>,
    /// Where in the message.
    pub part: Part,
    /// Number of the object, array, form, query or header block that it stood in: the same for leaves
    /// side by side.
    pub group: u32,
    /// It is an element of an array.
    pub element: bool,
    /// Stretches of it that were also decoded, on evidence that is no proof; what they decode to has
    /// leaves of its own.
    pub decoded: Vec<Range<usize>>,
    /// Id of the recipe that led here.
    pub recipe: Option<Arc<str>>,
    pub(super) link: Arc<Link>,
}

impl Leaf {
    /// The way from the message to these bytes, with the digest of each step's result.
    /// Costs a hash of every layer: ask for hits only.
    pub fn steps(&self) -> Vec<Step> {
        self.link.steps()
    }

    /// The steps as a masked report may show them, for a value of `length` bytes in this leaf. The
    /// digest of the last result is left out where the result holds little besides the value, because
    /// the value could then be found by trying.
    pub fn masked_steps(&self, length: usize) -> Vec<Step> {
        let beside = self.bytes.len().saturating_sub(length) as u64;
        self.link.steps_with(|link| {
            let whole = !std::ptr::eq(link, &*self.link) || beside >= Step::TELLING;
            whole && link.bytes.len() as u64 >= Step::TELLING
        })
    }

    /// Names and arguments of the steps, without their digests: cheap, for telling places apart.
    pub fn way(&self) -> Vec<(&'static str, Option<&str>)> {
        let mut way: Vec<_> = self.link.chain().map(|link| (link.name, link.argument.as_deref())).collect();
        way.reverse();
        way
    }

    /// On the way here a cipher was opened, and its key is published.
    pub fn published_key(&self) -> bool {
        self.link.chain().any(|link| link.published_key)
    }

    /// The path in the innermost structure: `$.device.ids[0]`, or `3.1.2` where fields have numbers.
    pub fn path(&self) -> Option<&str> {
        /// Steps whose argument is a path.
        const STRUCTURES: &[&str] =
            &["json", "msgpack", "cbor", "bson", "bplist", "plist", "yaml", "protobuf", "thrift", "jce", "split"];
        self.link.chain().find(|link| STRUCTURES.contains(&link.name)).and_then(|link| link.argument.as_deref())
    }

    /// The field it was read from: a number that tells the documents of one message apart, and the path in it,
    /// `$.wifis[0].mac`, `/wifis/wifi/@mac`, or the name of a form's field.
    pub fn field(&self) -> Option<(usize, &str)> {
        const FIELDS: &[&str] = &["json", "msgpack", "cbor", "bson", "bplist", "plist", "yaml", "xml", "form", "query"];
        let link = self.link.chain().find(|link| FIELDS.contains(&link.name))?;
        let document = link.parent.as_ref().map_or(0, |parent| Arc::as_ptr(parent).addr());
        Some((document, link.argument.as_deref()?))
    }

    /// `range` lies in a stretch that was decoded as well.
    pub fn is_decoded(&self, range: &Range<usize>) -> bool {
        self.decoded.iter().any(|decoded| decoded.start <= range.start && range.end <= decoded.end)
    }

    /// Names on the way here that a report prints and that this leaf was read from: the
    /// segment of a path (percent encoding undone), the label of a host name, the name of a field.
    pub fn printed(&self) -> impl Iterator<Item = &str> {
        let printed = self.link.chain().filter(|link| matches!(link.name, "path" | "label" | "name"));
        printed.filter_map(|link| std::str::from_utf8(&link.bytes).ok())
    }

    /// It is a segment of a path as a whole: its number, from 0.
    pub fn segment(&self) -> Option<usize> {
        self.link.argument.as_deref().filter(|_| self.link.name == "path")?.parse().ok()
    }

    /// Name of the header field it came from.
    pub fn header(&self) -> Option<&str> {
        self.link.chain().find(|link| link.name == "header").and_then(|link| link.argument.as_deref())
    }
}
