//! Whose traffic it is, in all inputs.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use super::sockets::Sockets;
use crate::capture::Apps;
use crate::net::Segment;
use crate::observations::same_app;
use crate::witness::Witness;

/// Names of the apps, by input and number.
pub type AppNames = Arc<[Vec<Arc<str>>]>;

/// Names that a remark lists.
const LISTED: usize = 8;

/// The apps of all inputs, as pass 1 found them.
#[derive(Clone, Debug)]
pub struct AppMap {
    tables: Vec<Apps>,
    /// Those that packets name, in each table; what sockets are told to be of comes after.
    own: Vec<u32>,
    sockets: Sockets,
    names: AppNames,
    ids: BTreeSet<String>,
    labels: BTreeSet<String>,
}

impl AppMap {
    /// Made of the table of each input and of what other tools say of sockets. A recorder that begins a
    /// new file does not repeat what its user ids mean, so captures of one series learn
    /// from each other: from the nearest one before, then from the nearest one after.
    pub fn new(mut tables: Vec<Apps>, series: &[Range<usize>], witnesses: &[Witness]) -> Self {
        for range in series {
            let Some(tables) = tables.get_mut(range.clone()) else { continue };
            for at in 1..tables.len() {
                learn(tables, at - 1, at);
            }
            for at in (1..tables.len()).rev() {
                learn(tables, at, at - 1);
            }
        }
        let sockets = Sockets::new(witnesses);
        let mut own = Vec::with_capacity(tables.len());
        let (mut ids, mut labels) = (BTreeSet::new(), BTreeSet::new());
        let mut names: Vec<Vec<Arc<str>>> = Vec::with_capacity(tables.len());
        for table in &mut tables {
            table.rewind();
            let mut apps = table.all();
            own.push(apps.len() as u32);
            apps.extend(sockets.apps().iter().cloned());
            names.push(apps.iter().map(|app| Arc::from(app.name.as_str())).collect());
            for app in apps {
                if app.is_id {
                    ids.insert(app.name)
                } else {
                    labels.insert(app.name)
                };
            }
        }
        Self { tables, own, sockets, names: names.into(), ids, labels }
    }

    /// The app of a packet that does not name it, by what another tool says of its socket.
    pub fn told(&self, segment: &Segment<'_>) -> Option<u32> {
        Some(self.own.get(segment.input as usize)? + self.sockets.app_of(segment)?)
    }

    /// The table of an input, to be shown its records again.
    pub fn table(&self, input: u32) -> Apps {
        self.tables.get(input as usize).cloned().unwrap_or_default()
    }

    /// Names by number.
    pub fn names(&self) -> &AppNames {
        &self.names
    }

    /// Whether traffic of `app` is that of the audited one. `None`: that cannot be decided, because
    /// the capture has a label or the name of a process, and the audited app is given by its id.
    pub fn is_audited(&self, app: &str, audited: &str) -> Option<bool> {
        let is_label = |name: &str| self.labels.contains(name) && !self.ids.contains(name);
        let same = same_app(app, audited);
        (same || !is_label(app) || is_label(audited)).then_some(same)
    }

    /// What to say where the audited app cannot be told from the others.
    pub fn remark(&self, audited: &str) -> Option<String> {
        let known = self.ids.contains(audited) || self.labels.contains(audited);
        if known || self.labels.is_empty() {
            return None;
        }
        let mut listed: Vec<&str> = self.labels.iter().map(String::as_str).take(LISTED).collect();
        if self.labels.len() > LISTED {
            listed.push("…");
        }
        let listed = listed.join(", ");
        Some(format!(
            "the capture names apps by label or process ({listed}), which cannot be held against {audited}; \
             give one of these as --app to leave out the others"
        ))
    }
}

fn learn(tables: &mut [Apps], from: usize, to: usize) {
    if let Ok([from, to]) = tables.get_disjoint_mut([from, to]) {
        to.learn_packages(from);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::Source;

    /// A capture with a packet of user 10123 (`u-10123`), which a block may map to `package`.
    fn noted(package: Option<&str>) -> Apps {
        let mut bytes = Vec::new();
        let block = |bytes: &mut Vec<u8>, kind: u32, mut body: Vec<u8>| {
            body.resize(body.len().next_multiple_of(4), 0);
            let length = body.len() as u32 + 12;
            for word in [&kind.to_le_bytes()[..], &length.to_le_bytes(), &body, &length.to_le_bytes()] {
                bytes.extend_from_slice(word);
            }
        };
        block(&mut bytes, 0x0a0d_0d0a, [&0x1a2b_3c4d_u32.to_le_bytes()[..], &[1, 0, 0, 0], &[0xff; 8]].concat());
        block(&mut bytes, 1, vec![1, 0, 0, 0, 0, 0, 0, 0]);
        if let Some(package) = package {
            // Version 1, type 1, user id, both lengths, both names.
            let head = [&62_652_u32.to_le_bytes()[..], &[1, 1], &10_123_i32.to_le_bytes()].concat();
            let names = [&[package.len() as u8, 1][..], package.as_bytes(), b"x"].concat();
            block(&mut bytes, 0xbad, [head, names].concat());
        }
        let comment = [&[1, 0, 7, 0][..], b"u-10123\0", &[0; 4]].concat();
        block(&mut bytes, 6, [&[0; 12][..], &[4, 0, 0, 0, 4, 0, 0, 0], b"data", &comment].concat());
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        let source = Source::open(file.path()).unwrap();
        let mut apps = Apps::default();
        let mut packets = source.packets(0).unwrap();
        while let Some(record) = packets.next() {
            apps.see(&record);
        }
        apps
    }

    #[test]
    fn captures_of_a_series_learn_packages_from_each_other() {
        let all = [Some("com.example.a"), None, None, Some("com.example.b"), None];
        let names = |series: Vec<Range<usize>>| -> Vec<String> {
            let map = AppMap::new(all.iter().map(|package| noted(*package)).collect(), &series, &[]);
            map.names().iter().map(|names| names[0].to_string()).collect()
        };
        let (a, b, none) = ("com.example.a", "com.example.b", "uid 10123");
        let whole: Range<usize> = 0..5;
        assert_eq!(names(Vec::from([whole])), [a, a, a, b, b]);
        assert_eq!(names(vec![0..2, 2..4, 4..5]), [a, a, b, b, none]);
        assert_eq!(names(vec![0..1, 1..2, 2..3, 3..4, 4..5]), [a, none, none, b, none]);
    }

    #[test]
    fn labels_are_not_held_against_ids() {
        let set = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect();
        let map = AppMap {
            tables: Vec::new(),
            own: Vec::new(),
            sockets: Sockets::default(),
            names: AppNames::from([]),
            ids: set(&["com.example.a"]),
            labels: set(&["Example", "Other"]),
        };
        assert_eq!(map.is_audited("com.example.a:push", "com.example.a"), Some(true));
        assert_eq!(map.is_audited("com.example.a", "com.example.b"), Some(false));
        assert_eq!(map.is_audited("Example", "com.example.b"), None);
        assert_eq!(map.is_audited("Example", "Other"), Some(false));
        assert_eq!(map.is_audited("Example", "Example"), Some(true));
        // The name of an app that only an import gives.
        assert_eq!(map.is_audited("com.example.c", "com.example.b"), Some(false));
        assert_eq!(map.remark("com.example.a"), None);
        assert!(map.remark("com.example.b").is_some_and(|r| r.contains("(Example, Other)")));
    }
}
