//! Lists of installed apps, recognised by the package names in them.

use std::collections::{BTreeMap, BTreeSet};

use super::{Hit, Identifier, Seen};
use crate::evidence::{Certainty, Ground, GroundCode, Reason};
use crate::observations::Form;
use crate::payload::Part;
use crate::shape;

/// So many different packages in one message are a list of apps; fewer are dependencies or partners.
const PACKAGES: usize = 5;
/// Apps of the profile that make it the device's list.
const OF_THE_PROFILE: usize = 3;
/// Packages looked at in one message.
const LIMIT: usize = 4_096;

/// A package as a leaf, or as an entry of a list in one.
struct Entry<'a> {
    seen: Seen<'a>,
    start: usize,
    name: &'a str,
}

pub(super) fn search(identifier: &Identifier, leaves: &[Seen<'_>], hits: &mut Vec<Hit>) {
    let entries: Vec<Entry<'_>> =
        leaves.iter().filter(|s| !s.is_user_agent()).flat_map(|s| entries(*s)).take(LIMIT).collect();
    // One app has many components: the first three labels tell apps apart.
    let apps: BTreeSet<String> = entries.iter().map(|e| app(e.name)).collect();
    let known: BTreeMap<&str, &Entry<'_>> =
        entries.iter().rev().filter(|e| identifier.installed(e.name)).map(|e| (e.name, e)).collect();
    let keyed = || {
        entries.iter().any(|e| identifier.names_apps(e.seen))
            || leaves.iter().any(|s| s.leaf.part == Part::Body && identifier.says_apps(*s))
    };
    let (first, certainty, reason) = if known.len() >= OF_THE_PROFILE {
        let first = known.values().min_by_key(|e| (e.seen.index, e.start));
        (first.copied(), Certainty::Confirmed, counted(GroundCode::ProfileApps, known.len()).into())
    } else if apps.len() >= PACKAGES {
        let (certainty, named) = match keyed() {
            true => (Certainty::Probable, GroundCode::Keyed),
            false => (Certainty::Possible, GroundCode::Unkeyed),
        };
        (entries.first(), certainty, Reason::of([counted(GroundCode::Packages, apps.len()), Ground::new(named)]))
    } else {
        return;
    };
    if let Some(entry) = first {
        let joined = apps.into_iter().collect::<Vec<_>>().join(",");
        hits.push(Hit {
            data_type: "installed_apps".to_owned(),
            form: Form::plain(),
            certainty,
            reason,
            value: joined,
            written: entry.name.to_owned(),
            key: entry.seen.name.map(str::to_owned),
            leaf: entry.seen.index,
            start: entry.start,
            end: entry.start + entry.name.len(),
        });
    }
}

fn counted(code: GroundCode, count: usize) -> Ground {
    Ground::new(code).with("count", count.to_string())
}

/// The packages of a leaf that is one package name, or a list of nothing but package names, each
/// alone or followed by its version (`com.a.b|8.0,com.c.d|1.2`) or another short value.
fn entries(seen: Seen<'_>) -> Vec<Entry<'_>> {
    // A package name has letters and a dot in it: most texts have not both.
    let may_name = |text: &&str| text.contains('.') && text.bytes().any(|b| b.is_ascii_alphabetic());
    let Some(text) = seen.text.filter(may_name) else { return Vec::new() };
    let pieces: Vec<&str> = text
        .split([',', ';', '|', '\n', ' ', '#', '\t', ':', '=', '@'])
        .map(str::trim)
        .filter(|p| !p.is_empty())
        .take(LIMIT)
        .collect();
    let (packages, others): (Vec<&str>, Vec<&str>) = pieces.into_iter().partition(|p| shape::package_name(p));
    if packages.len() < others.len() || !others.iter().all(|p| is_version(p)) {
        return Vec::new();
    }
    let offset = |piece: &str| piece.as_ptr() as usize - text.as_ptr() as usize;
    packages.into_iter().map(|name| Entry { seen, start: offset(name), name }).collect()
}

/// `8.0.53`, `2480`, `1.2-beta`.
fn is_version(text: &str) -> bool {
    /// Longer ones are something else.
    const LONGEST: usize = 24;
    text.len() <= LONGEST
        && text.bytes().next().is_some_and(|b| b.is_ascii_digit())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-+".contains(&b))
}

fn app(package: &str) -> String {
    package.split('.').take(3).collect::<Vec<_>>().join(".")
}

impl Identifier {
    /// Whether the profile lists `package` as installed.
    fn installed(&self, package: &str) -> bool {
        self.apps.contains(package)
    }

    /// The value announces such a list: `{"type": "APPS_ALL", "list": …}`.
    fn says_apps(&self, seen: Seen<'_>) -> bool {
        /// Longer texts are no kinds of events.
        const LONGEST: usize = 32;
        let Some(text) = seen.text.filter(|t| (4..=LONGEST).contains(&t.len())) else { return false };
        self.keys.hints(text, seen.product).any(|h| h.clear && h.row.data_type == "installed_apps")
    }

    /// Whether a name on the path to the leaf means a list of apps and nothing else.
    fn names_apps(&self, seen: Seen<'_>) -> bool {
        let path = seen.leaf.path().unwrap_or_default();
        let names = path.split(['.', '[', ']', '\'']).filter(|n| !n.is_empty() && *n != "$");
        let is = |name| {
            let mut hints = self.keys.hints(name, seen.product);
            hints.any(|h| h.clear && h.row.data_type == "installed_apps")
        };
        self.recipe_type(seen.leaf) == Some("installed_apps") || names.chain(seen.name).any(is)
    }
}
