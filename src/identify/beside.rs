//! Digests of a value that is sent beside them: what the value is, they are.
//!
//! `{"device_id": "3ec5…", "idmd5": "…"}`: a name that usually holds the digest of an IMEI holds that of whatever
//! the sender took for the device, and here anyone can see of what. Only for digests of values that are in no
//! profile; those of the profile are found by themselves.

use data_encoding::HEXLOWER;

use super::{Hit, Seen, digest};
use crate::evidence::{Certainty, Ground, GroundCode};

/// Values side by side with a digest that are digested themselves.
const MOST: usize = 64;
/// Lengths of identifiers.
const LENGTHS: std::ops::RangeInclusive<usize> = 4..=64;

/// Digests of one message that are looked for.
const DIGESTS: usize = 16;

pub(super) fn settle(leaves: &[Seen<'_>], hits: &mut [Hit]) {
    let is_unknown = |(at, hit): (usize, &Hit)| (hit.form.variant == "unknown").then_some(at);
    let unknown: Vec<usize> = hits.iter().enumerate().filter_map(is_unknown).take(DIGESTS).collect();
    for at in unknown {
        let Some(hit) = hits.get(at) else { continue };
        let Some(origin) = origin(leaves, hit) else { continue };
        let whole = |other: &&Hit| other.leaf == origin && other.form.digest == "plain" && other.start == 0;
        let plain =
            hits.iter().find(whole).map(|other| (other.data_type.clone(), other.value.clone(), other.certainty));
        let Some(hit) = hits.get_mut(at) else { continue };
        let ground = Ground::new(GroundCode::DigestOfNeighbour).with("digest", hit.form.digest.clone());
        match plain {
            Some((data_type, value, certainty)) => {
                (hit.data_type, hit.value, hit.certainty) = (data_type, value, certainty);
            }
            // Of something that is no identifier as far as can be seen.
            None => hit.certainty = Certainty::Possible,
        }
        hit.reason.0.push(ground);
    }
}

/// The leaf beside that of `hit` whose digest it is.
fn origin(leaves: &[Seen<'_>], hit: &Hit) -> Option<usize> {
    let group = leaves.iter().find(|seen| seen.index == hit.leaf)?.leaf.group;
    let written = hit.written.to_ascii_lowercase();
    let is_origin = |text: &str| {
        let writings = [text.to_owned(), text.to_ascii_lowercase(), text.to_ascii_uppercase()];
        writings.into_iter().any(|text| {
            digest::named(&hit.form.digest, text.as_bytes()).is_some_and(|of| HEXLOWER.encode(&of.bytes) == written)
        })
    };
    let beside = leaves.iter().filter(|seen| seen.leaf.group == group && seen.index != hit.leaf);
    let texts = beside.filter_map(|seen| Some((seen.index, seen.text.filter(|text| LENGTHS.contains(&text.len()))?)));
    texts.take(MOST).find(|(_, text)| is_origin(text)).map(|(index, _)| index)
}
