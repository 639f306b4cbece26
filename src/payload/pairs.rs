//! What the parts of one structure say of each other.
//!
//! `{"key": "imei", "value": "86…"}` names a value in a member of its own: the value gets that
//! name. `[82, 73, -12, …]` writes bytes as numbers, as Java's `Arrays.toString(byte[])` does:
//! they are put together.

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;

use super::budget::Budget;
use super::sense;
use super::walk::Inside;

/// Members that name a value, those first that name it where several of them stand there, each with the
/// members that hold it: `{"type": "string", "name": "imei", "value": "86…"}`.
const PAIRS: &[(&[&str], &[&str])] = &[
    (&["key", "name", "field", "code", "attr", "k", "n", "label", "type"], &["value", "val", "v", "content", "data"]),
    (&["idtype", "id_type"], &["id", "idvalue", "id_value", "value", "val"]),
];
/// Lists of numbers that are put together in one structure.
const LISTS: usize = 16;
/// Numbers of a list: the octets of a MAC address.
const FEWEST: usize = 6;
/// Lengths of identifiers and digests in bytes.
const IDS: &[usize] = &[6, 8, 16, 20, 32];

/// Gives values the names that stand beside them.
pub(super) fn name_values(parts: &mut [Inside]) {
    for (names, values) in PAIRS {
        name_members(parts, names, values);
    }
    name_seconds(parts);
}

/// Members of `values` get what the first of `names` holds beside them.
fn name_members(parts: &mut [Inside], names: &[&str], values: &[&str]) {
    let rank = |part: &Inside, names: &[&str]| {
        let key = part.key.as_ref().filter(|_| !part.element && !part.heading)?;
        names.iter().position(|name| name.eq_ignore_ascii_case(key))
    };
    if !parts.iter().any(|part| rank(part, values).is_some()) {
        return;
    }
    let mut said: BTreeMap<u32, (usize, String)> = BTreeMap::new();
    for part in parts.iter().filter(|part| sense::is_name(&part.bytes)) {
        let Some(rank) = rank(part, names) else { continue };
        if said.get(&part.group).is_none_or(|(before, _)| rank < *before) {
            said.insert(part.group, (rank, String::from_utf8_lossy(&part.bytes).into_owned()));
        }
    }
    for part in parts.iter_mut().filter(|part| rank(part, values).is_some()) {
        if let Some((_, name)) = said.get(&part.group) {
            part.key = Some(name.clone());
        }
    }
}

/// `[["os", "android"], ["imei", "86…"]]`: of two in a list of lists the first names the second. In
/// `{"mac": [["wlan0", "3c:…"]]}` it says which one: `mac[wlan0]`.
fn name_seconds(parts: &mut [Inside]) {
    let is_at = |part: &Inside, place: &str| {
        let path = part.argument.as_deref().filter(|_| part.element && !part.heading);
        path.is_some_and(|path| path.ends_with(place))
    };
    let mut rest = parts;
    while let Some(length) = rest.first().map(|first| rest.iter().take_while(|p| p.group == first.group).count()) {
        let (group, tail) = rest.split_at_mut(length);
        rest = tail;
        if let [first, second] = group
            && is_at(first, "][0]")
            && is_at(second, "][1]")
            && sense::is_name(&first.bytes)
        {
            let name = String::from_utf8_lossy(&first.bytes);
            second.key = Some(second.key.as_ref().map_or_else(|| name.to_string(), |of| format!("{of}[{name}]")));
        }
    }
}

/// Adds what lists of numbers are as bytes, where that is text, something compressed, or as
/// long as an identifier.
pub(super) fn join_octets(parts: &mut Vec<Inside>, budget: &mut Budget) {
    let mut made: Vec<Inside> = Vec::new();
    let mut rest = &parts[..];
    while let [first, ..] = rest {
        let length = rest.iter().take_while(|p| p.group == first.group && octet(p).is_some()).count();
        let (list, tail) = rest.split_at_checked(length.max(1)).unwrap_or((rest, &[]));
        // All of the list: what stands after it is no element of it.
        let whole = tail.first().is_none_or(|next| next.group != first.group);
        rest = tail;
        if length < FEWEST || !whole || made.len() >= LISTS || !budget.bytes(length) {
            continue;
        }
        let bytes: Vec<u8> = list.iter().filter_map(octet).collect();
        let path = first.argument.as_deref().and_then(|path| path.rsplit_once('[')).map(|(path, _)| path.to_owned());
        let part = |bytes: Vec<u8>, scalar| Inside {
            argument: path.clone(),
            key: first.key.clone(),
            bytes: bytes.into(),
            group: first.group,
            scalar,
            ..Inside::default()
        };
        // Seven bits are enough for sizes, rates and percentages; random octets have all eight.
        if IDS.contains(&bytes.len()) && bytes.iter().any(|b| *b > 0x7f) {
            made.push(part(HEXLOWER.encode(&bytes).into_bytes(), true));
        }
        if sense::is_decoded(&bytes) {
            made.push(part(bytes, false));
        }
    }
    parts.extend(made);
}

/// A number of one byte, with a sign or without.
fn octet(part: &Inside) -> Option<u8> {
    /// `-128`.
    const LONGEST: usize = 4;
    if !part.element || !part.scalar || part.bytes.len() > LONGEST {
        return None;
    }
    let number: i16 = std::str::from_utf8(&part.bytes).ok()?.parse().ok()?;
    u8::try_from(number).ok().or_else(|| i8::try_from(number).ok().map(i8::cast_unsigned))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn part(key: &str, text: &str, group: u32, element: bool) -> Inside {
        let bytes = Bytes::copy_from_slice(text.as_bytes());
        Inside { key: Some(key.to_owned()), bytes, group, element, scalar: element, ..Inside::default() }
    }

    #[test]
    fn values_get_the_names_beside_them() {
        let mut parts = vec![
            part("key", "imei", 1, false),
            part("value", "86", 1, false),
            part("value", "7", 2, false),
            part("name", "two words", 3, false),
            part("value", "8", 3, false),
            part("type", "string", 4, false),
            part("name", "oaid", 4, false),
            part("val", "9", 4, false),
            part("type", "imei", 5, false),
            part("data", "86", 5, false),
        ];
        name_values(&mut parts);
        let keys: Vec<&str> = parts.iter().filter_map(|p| p.key.as_deref()).collect();
        let named = ["key", "imei", "value", "name", "value", "type", "name", "oaid", "type", "imei"];
        assert_eq!(keys, named);
    }

    #[test]
    fn the_first_of_two_names_the_second() {
        let at = |path: &str, text: &str, group, key: Option<&str>| Inside {
            argument: Some(path.to_owned()),
            bytes: Bytes::copy_from_slice(text.as_bytes()),
            key: key.map(str::to_owned),
            group,
            element: true,
            ..Inside::default()
        };
        let mut parts = vec![
            at("$[0][0]", "imei", 1, None),
            at("$[0][1]", "86", 1, None),
            at("$.mac[0][0]", "wlan0", 2, Some("mac")),
            at("$.mac[0][1]", "3c", 2, Some("mac")),
            at("$.imei[0]", "a86", 3, Some("imei")),
            at("$.imei[1]", "b86", 3, Some("imei")),
            at("$.x[0][0]", "a", 4, Some("x")),
            at("$.x[0][1]", "b", 4, Some("x")),
            at("$.x[0][2]", "c", 4, Some("x")),
        ];
        name_values(&mut parts);
        let keys: Vec<&str> = parts.iter().map(|p| p.key.as_deref().unwrap_or_default()).collect();
        assert_eq!(keys, ["", "imei", "mac", "mac[wlan0]", "imei", "imei", "x", "x", "x"]);
    }

    #[test]
    fn bytes_that_are_written_as_numbers() {
        let list = |numbers: &[i16]| numbers.iter().map(|n| part("b", &n.to_string(), 1, true)).collect::<Vec<_>>();
        let joined = |numbers: &[i16]| {
            let mut parts = list(numbers);
            join_octets(&mut parts, &mut Budget::default());
            parts.split_off(numbers.len()).into_iter().map(|p| p.bytes).collect::<Vec<_>>()
        };
        assert_eq!(joined(&[105, 109, 101, 105, 61, 56, 54]), [&b"imei=86"[..]]);
        // 3c:5a:b4:d1:e2:0f with the signs of Java's bytes.
        assert_eq!(joined(&[60, 90, -76, -47, -30, 15]), [&b"3c5ab4d1e20f"[..]]);
        assert!(
            joined(&[0, 1, 2, 3, 4, 5]).is_empty()
                && joined(&[1, 2, 3]).is_empty()
                && joined(&[1, 2, 3, 4, 5, 600]).is_empty()
        );
    }
}
