//! Messages to leaves: what the parts of a message say once every encoding is undone.
//!
//! Takes a [`Message`], hands on [`Leaf`]s: the smallest
//! values it could get to, each with the name it stood under and the steps that lead
//! there. Payloads of SDKs are opened by recipes (data in `signatures/recipes/`);
//! what their SDK sealed is named as such. It deliberately does not know what an
//! identifier is, and judges no value.
//!
//! A layer is tried on evidence: a declared type, the bytes at its head, an alphabet
//! and a result that makes sense. What does not parse stays a leaf and is searched as
//! it is. Each decoder is one file and one line in `walk::OPENERS`;
//! its clue keeps it from being asked where it could find nothing.

mod aes;
mod authorization;
mod base32;
mod base58;
mod base64;
mod base85;
mod bplist;
mod bson;
mod budget;
mod cbor;
mod charset;
mod clue;
mod coding;
mod csv;
#[doc(hidden)]
pub mod doors;
mod engineio;
mod escapes;
mod events;
mod fields;
mod form;
mod grpc;
mod headless;
mod hex;
mod html;
mod image;
mod inflate;
mod inner;
mod jce;
mod json;
mod jsonp;
mod jwt;
mod leaf;
mod leb128;
mod lines;
mod lz4;
mod msgpack;
mod multipart;
mod packed;
mod pairs;
mod parts;
mod percent;
mod plist;
mod prefixed;
mod protobuf;
mod quoted_printable;
mod recipe;
mod recipe_step;
mod refused;
mod rfc2047;
mod sense;
mod snappy;
mod tar;
mod thrift;
mod unread;
mod url;
mod walk;
mod xml;
mod xz;
mod yaml;
mod zip;
mod zstandard;

#[cfg(test)]
mod made;
#[cfg(test)]
mod tests;

pub(crate) use base64::decode as decode_base64;
pub use leaf::{Leaf, Part};
pub use recipe::check as check_recipe;
pub(crate) use sense::word_before;

use crate::evidence::{Gap, Step};
use crate::message::Message;
use crate::signatures::Signatures;

/// What a message holds.
#[derive(Debug, Default)]
pub struct Decoded {
    /// In the order of the message: path, query, headers, body.
    pub leaves: Vec<Leaf>,
    /// Payloads that stayed closed and that a recipe knows to be sealed: its id, and
    /// the steps to the sealed bytes.
    pub sealed: Vec<(String, Vec<Step>)>,
    /// Limits reached, codings that did not decode, bodies that nothing here reads.
    pub gaps: Vec<Gap>,
}

/// Decodes messages with one set of recipes. Cheap to share between threads.
#[derive(Debug)]
pub struct Decoder {
    recipes: recipe::Recipes,
}

impl Decoder {
    /// With the recipes of `signatures`. A recipe that [`check_recipe`] refuses is not used.
    pub fn new(signatures: &Signatures) -> Self {
        Self { recipes: recipe::Recipes::new(signatures.recipes.values()) }
    }

    /// The leaves of `message`, which went to `product` as far as that is known.
    pub fn leaves(&self, message: &Message, product: Option<&str>) -> Decoded {
        let query = parts::target(message).map_or("", |target| parts::split_target(target).1);
        let mut walk = walk::Walk::new(self.recipes.of(message, product), query);
        parts::read(message, &mut walk);
        walk.finish(message)
    }
}
