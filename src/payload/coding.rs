//! Content codings (RFC 9110 §8.4.1), undone by the message stage, as steps of evidence.

use std::sync::Arc;

use super::leaf::Link;
use super::sense;
use super::walk::Walk;
use crate::message::{Message, content};

/// The body after all its codings. Where a coding does not decode, what is left stays:
/// exporters of other tools keep the header and store the decoded body, which is no gap
/// when it can be read.
pub(super) fn undo(message: &Message, body: Arc<Link>, walk: &mut Walk<'_>) -> Arc<Link> {
    let decoded = content::decode(message);
    let readable = || decoded.steps.is_empty() && sense::is_text(&decoded.bytes);
    if let Some(gap) = decoded.gap.as_ref().filter(|_| !readable()) {
        walk.gap(gap.reason, &gap.detail, gap.bytes);
    }
    let made = decoded.layers.iter().fold(0, |sum: usize, layer| sum.saturating_add(layer.len()));
    // Its own limits hold it below the message's; what it made counts against those.
    walk.budget.bytes(made.min(super::budget::DECODED_BYTES));
    decoded.steps.iter().zip(decoded.layers).fold(body, |link, (name, bytes)| Link::new(Some(link), name, None, bytes))
}
