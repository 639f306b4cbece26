//! The value of an `Authorization` header (RFC 9110 §11.6.2): `Basic` (RFC 7617) and
//! `Bearer` (RFC 6750). What they hold has no name of its own: applications put keys of
//! their own there as often as a user's name and password.

use bytes::Bytes;

use super::base64;
use super::budget::Budget;
use super::clue::{Ascii, Clue};
use super::walk::{Input, Inside, Opener, Opening};

pub(super) const AUTHORIZATION: Opener = Opener { name: "authorization", clue: Clue::Has(Ascii::of(b" ")), open };

fn open(input: &Input<'_>, budget: &mut Budget) -> Option<Opening> {
    let at = input.bytes.iter().position(|b| *b == b' ')?;
    let (scheme, rest) = input.bytes.split_at_checked(at)?;
    let credentials = rest.trim_ascii();
    if scheme.eq_ignore_ascii_case(b"bearer") {
        // One word: "bearer of good news" is no token.
        let token = credentials.len() >= 8 && !credentials.iter().any(u8::is_ascii_whitespace);
        let part = Inside {
            argument: Some("Bearer".to_owned()),
            bytes: input.bytes.slice_ref(credentials),
            ..Inside::default()
        };
        return token.then(|| Opening { parts: vec![part], keep: false });
    }
    if !scheme.eq_ignore_ascii_case(b"basic") {
        return None;
    }
    let decoded = Bytes::from(base64::decode(credentials)?);
    let colon = decoded.iter().position(|b| *b == b':')?;
    if !budget.bytes(decoded.len()) {
        return None;
    }
    let part = |name: &str, bytes| Inside { argument: Some(name.to_owned()), bytes, ..Inside::default() };
    let parts = vec![part("user-id", decoded.slice(..colon)), part("password", decoded.slice(colon + 1..))];
    Some(Opening { parts, keep: false })
}
