//! Content codings (RFC 9110 §8.4.1): what a message says was done to its body, undone.

use std::sync::Arc;

use super::inflate::{Inflated, gzip, raw, zlib};
use super::leaf::Link;
use super::walk::Walk;
use super::{brotli, sense, zstandard};
use crate::evidence::GapReason;
use crate::message::Message;

/// More codings on one body than this are not undone; two are already rare.
const CODINGS: usize = 4;

/// The body behind all its codings. Where a coding does not decode, what is left stays:
/// exporters of other tools keep the header and store the decoded body.
pub(super) fn undo(message: &Message, mut link: Arc<Link>, walk: &mut Walk<'_>) -> Arc<Link> {
    let codings: Vec<String> = message
        .headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("content-encoding"))
        .flat_map(|(_, value)| {
            String::from_utf8_lossy(value).split(',').map(|c| c.trim().to_ascii_lowercase()).collect::<Vec<_>>()
        })
        .filter(|coding| !coding.is_empty() && coding != "identity")
        .collect();
    for coding in codings.iter().rev().take(CODINGS) {
        if link.bytes.is_empty() {
            break;
        }
        let bytes = link.bytes.clone();
        let (name, inflated) = match coding.as_str() {
            "gzip" | "x-gzip" => ("gzip", gzip(&bytes, &mut walk.budget)),
            "deflate" => ("deflate", deflate(&bytes, walk)),
            "br" => ("br", brotli::brotli(&bytes, &mut walk.budget)),
            "zstd" => ("zstd", zstandard::zstd(&bytes, &mut walk.budget)),
            _ => {
                walk.gap(GapReason::Undecodable, "a content coding that is not known here", bytes.len() as u64);
                break;
            }
        };
        if matches!(inflated, Inflated::Cut(_))
            && message.incomplete.is_none()
            && walk.budget.reached().next().is_none()
        {
            walk.gap(GapReason::Undecodable, "a compressed body that ends early: its beginning was read", 0);
        }
        match inflated.usable() {
            Some(out) => link = Link::new(Some(link), name, None, out.into()),
            None => {
                if !sense::is_text(&bytes) && message.incomplete.is_none() {
                    let detail = format!("a body that is not the {name} it claims to be");
                    walk.gap(GapReason::Undecodable, &detail, bytes.len() as u64);
                }
                break;
            }
        }
    }
    link
}

/// `deflate` means zlib by RFC 9110 §8.4.1.2, and raw deflate by what some send.
fn deflate(bytes: &[u8], walk: &mut Walk<'_>) -> Inflated {
    match sense::is_zlib(bytes) {
        true => match zlib(bytes, &mut walk.budget) {
            Inflated::Not => raw(bytes, &mut walk.budget),
            inflated => inflated,
        },
        false => raw(bytes, &mut walk.budget),
    }
}
