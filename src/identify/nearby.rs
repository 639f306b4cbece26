//! Devices near by: whose the addresses in a scan are.
//!
//! A network address under `mac` is the sender's own, unless what it stands in says otherwise. In a
//! list of access points (`{"wifis": [{"mac": …}, …]}`) it is one of theirs, and the list as a whole
//! says where the device is. In a `gateway` it is the gateway's. Several different ones in one list
//! of anything else are those of several things.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::fast::RandomState;
use indexmap::IndexMap;

use super::{Found, Hit, Identifier, Seen};
use crate::evidence::{Certainty, Ground, GroundCode, Reason};
use crate::observations::Form;
use crate::shape;

const WIFI: &str = "wifi_list";
const BLUETOOTH: &str = "bluetooth";
/// What stands in an entry of a list of access points.
const PARTS: &[&str] = &["mac", "bssid", "ssid", WIFI, BLUETOOTH];
/// So many different addresses are a list, where its name may mean other things as well.
const SEVERAL: usize = 2;

/// What was found in one list.
#[derive(Default)]
struct List<'a> {
    /// What its name says that it is, and whether the name means nothing else.
    said: Option<(&'static str, bool)>,
    name: &'a str,
    /// By the names of the fields that they stand in.
    addresses: BTreeMap<&'a str, BTreeSet<String>>,
    /// Names of networks.
    networks: BTreeSet<&'a str>,
    /// Positions among the hits, and the names of their fields.
    hits: Vec<(usize, &'a str)>,
    confirmed: bool,
}

impl List<'_> {
    /// How many different things are in it, as far as one field tells them apart: the same `mac` in all entries is the
    /// sender's own.
    fn things(&self) -> usize {
        self.addresses.values().map(BTreeSet::len).max().unwrap_or(0)
    }

    /// A field whose values differ from entry to entry, or which is no address.
    fn differs(&self, field: &str) -> bool {
        self.addresses.get(field).is_none_or(|values| values.len() >= self.things().min(SEVERAL))
    }

    /// What it is a list of: where its name says so, and there is enough in it for what the name says.
    fn kind(&self) -> Option<&'static str> {
        let enough = |clear: bool| match clear {
            true => self.things() > 0 || self.networks.len() >= SEVERAL,
            false => self.things() >= SEVERAL,
        };
        self.said.filter(|(_, clear)| enough(*clear)).map(|(data_type, _)| data_type)
    }
}

/// Puts one hit in place of those that are parts of one list, and corrects whose address the others are.
pub(super) fn search(identifier: &Identifier, leaves: &[Seen<'_>], found: &mut Found) {
    let mut lists: IndexMap<(usize, &str), List<'_>, RandomState> = IndexMap::default();
    let own = |hit: &Hit| hit.data_type == "mac" && hit.certainty == Certainty::Confirmed;
    let parts = found.hits.iter().enumerate().filter(|(_, hit)| PARTS.contains(&hit.data_type.as_str()) && !own(hit));
    for (number, hit) in parts {
        let Some(seen) = leaves.get(hit.leaf) else { continue };
        let Some((document, path)) = seen.leaf.field() else { continue };
        let Some(Place { path, name, field, said }) = list_around(identifier, path) else { continue };
        let list = lists.entry((document, path)).or_default();
        (list.said, list.name) = (said, name);
        if let Some(octets) = shape::mac(&hit.written) {
            list.addresses.entry(field).or_default().insert(data_encoding::HEXLOWER.encode(&octets));
        } else if hit.data_type == "ssid" {
            list.networks.extend(seen.text);
        }
        list.confirmed |= hit.certainty == Certainty::Confirmed;
        list.hits.push((number, field));
    }
    let mut gone: BTreeSet<usize> = BTreeSet::new();
    let mut made = Vec::new();
    for list in lists.into_values() {
        let parts = || list.hits.iter().filter(|(_, field)| list.differs(field)).map(|(number, _)| *number);
        if let Some(data_type) = list.kind() {
            let address = |hit: &Hit| shape::mac(&hit.written).is_some() || list.addresses.is_empty();
            let hits = parts().filter_map(|number| found.hits.get(number)).filter(|hit| address(hit));
            if let Some(first) = hits.min_by_key(|hit| (hit.leaf, hit.start)) {
                made.push(whole(data_type, &list, first));
                gone.extend(parts());
            }
        } else if list.things() >= SEVERAL && !identifier.keys.is_interface(list.name) {
            for number in parts() {
                let Some(hit) = found.hits.get_mut(number).filter(|hit| hit.data_type == "mac") else { continue };
                hit.certainty = Certainty::Possible;
                hit.reason.0.push(Ground::new(GroundCode::SeveralThings));
            }
        }
    }
    let mut number = 0..;
    found.hits.retain(|_| number.next().is_none_or(|n| !gone.contains(&n)));
    for hit in found.hits.iter_mut().filter(|hit| hit.data_type == "mac" && hit.certainty != Certainty::Confirmed) {
        if let Some(data_type) = leaves.get(hit.leaf).and_then(|seen| container(identifier, seen)) {
            hit.data_type = data_type.to_owned();
        }
    }
    found.hits.extend(made);
}

/// The list as one hit, at its first address.
fn whole(data_type: &str, list: &List<'_>, first: &Hit) -> Hit {
    let differing = list.addresses.iter().filter(|(field, _)| list.differs(field));
    let mut values: BTreeSet<&str> = differing.flat_map(|(_, values)| values).map(String::as_str).collect();
    let certainty = match values.is_empty() {
        _ if list.confirmed => Certainty::Confirmed,
        false => Certainty::Probable,
        true => Certainty::Possible,
    };
    if values.is_empty() {
        values.clone_from(&list.networks);
    }
    let near = Ground::new(GroundCode::Nearby).with("count", values.len().to_string());
    Hit {
        data_type: data_type.to_owned(),
        form: Form::plain(),
        certainty,
        reason: Reason::of([near.with("name", list.name)]),
        value: values.into_iter().collect::<Vec<_>>().join(","),
        ..first.clone()
    }
}

/// The list that a value stands in.
struct Place<'a> {
    path: &'a str,
    name: &'a str,
    /// The name of the value's own field.
    field: &'a str,
    said: Option<(&'static str, bool)>,
}

/// The nearest thing around the value at `path` whose name means a list of devices near by and nothing else; else
/// the nearest list whose name may mean one; else the nearest list.
fn list_around<'a>(identifier: &Identifier, path: &'a str) -> Option<Place<'a>> {
    let mut nearest: Option<Place<'a>> = None;
    let segments = segments(path);
    let field = segments.last()?.name;
    for Segment { name, end, listed } in segments.into_iter().rev() {
        let said = identifier.keys.hints(name, None).find_map(|hint| {
            let data_type = [WIFI, BLUETOOTH].into_iter().find(|t| *t == hint.row.data_type)?;
            // The address of the adapter itself stands under no list.
            (listed || data_type == WIFI).then_some((data_type, hint.clear))
        });
        let place = Place { path: path.get(..end)?, name, field, said };
        match (said, &nearest) {
            (Some((_, true)), _) => return Some(place),
            (Some(_), None | Some(Place { said: None, .. })) | (None, None) if listed => nearest = Some(place),
            _ => {}
        }
    }
    nearest
}

/// What the container of an address says of it: `gateway` of `{"gateway": {"mac": …}}`.
fn container(identifier: &Identifier, seen: &Seen<'_>) -> Option<&'static str> {
    let segments = segments(seen.leaf.field()?.1);
    let [.., around, own] = segments.as_slice() else { return None };
    let joined = format!("{}_{}", around.name, own.name);
    let mut hints = identifier.keys.hints(&joined, seen.product).filter(|hint| hint.clear);
    hints.find_map(|hint| ["bssid", BLUETOOTH].into_iter().find(|t| *t == hint.row.data_type))
}

/// A name in a path.
struct Segment<'a> {
    name: &'a str,
    /// Where it ends in the path.
    end: usize,
    /// A number follows it: it is a list.
    listed: bool,
}

/// The names in `$.wifis[0].mac`, `wifis[0][mac]` or `/wifis/wifi[2]/@mac`.
fn segments(path: &str) -> Vec<Segment<'_>> {
    let mut segments: Vec<Segment<'_>> = Vec::new();
    let mut end = 0;
    for name in path.split(['.', '/', '[', ']', '\'', '@']) {
        let start = end;
        end = start + name.len();
        match segments.last_mut() {
            _ if name.is_empty() || name == "$" => {}
            Some(last) if name.bytes().all(|b| b.is_ascii_digit()) => last.listed = true,
            _ => segments.push(Segment { name, end, listed: false }),
        }
        end += 1;
    }
    segments
}
