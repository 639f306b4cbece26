//! Whose traffic it is, in all inputs.

use std::collections::BTreeSet;
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
    /// Those that packets name, in each table; what sockets are told to be of comes behind.
    own: Vec<u32>,
    sockets: Sockets,
    names: AppNames,
    ids: BTreeSet<String>,
    labels: BTreeSet<String>,
}

impl AppMap {
    /// From the table of each input, and from what was told of sockets.
    pub fn new(mut tables: Vec<Apps>, witnesses: &[Witness]) -> Self {
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

    /// The app of a packet that does not name it, by what was told of its socket.
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

    /// Whether traffic of `app` is that of the audited one; `None` where that cannot be
    /// told, because the capture has a label or the name of a process and the audited app
    /// is given by its id.
    pub fn is_audited(&self, app: &str, audited: &str) -> Option<bool> {
        let is_label = |name: &str| self.labels.contains(name) && !self.ids.contains(name);
        let same = same_app(app, audited);
        (same || !is_label(app) || is_label(audited)).then_some(same)
    }

    /// What to say where `audited` cannot be told from the others.
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

#[cfg(test)]
mod tests {
    use super::*;

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
