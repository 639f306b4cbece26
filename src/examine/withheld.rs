//! Slots for identifiers that hold none, added up.

use std::collections::BTreeMap;

use super::SHARDS;
use super::hide::Hidden;
use super::sighting::{At, locator, order};
use crate::evidence::{Gap, GapReason, Gaps};
use crate::identify;
use crate::message::Message;
use crate::observations::{PlaceholderKind, Withheld};
use crate::payload::Leaf;

/// Different ones of a whole run, by recipient, app, type and placeholder; a shard keeps 1/64.
const MAX_WITHHELD: usize = 64 * 1024;

type Key = (String, Option<String>, String, PlaceholderKind);

/// Like ones are one, with a count and the place of the first.
#[derive(Default)]
pub(super) struct WithheldSlots(BTreeMap<Key, (At, Withheld)>);

impl WithheldSlots {
    pub(super) fn add(
        &mut self,
        message: &Message,
        recipient: &str,
        slot: &identify::Withheld,
        leaf: &Leaf,
        hidden: Option<&Hidden>,
        gaps: &mut Gaps,
    ) {
        let key = (recipient.to_owned(), message.app.clone(), slot.data_type.clone(), slot.placeholder);
        let at = (order(&message.place), slot.leaf, 0);
        let count = self.0.get(&key).map_or(0, |(_, known)| known.count) + 1;
        if let Some((first, known)) = self.0.get_mut(&key)
            && *first <= at
        {
            known.count = count;
            return;
        }
        if count == 1 && self.0.len() >= MAX_WITHHELD / SHARDS {
            let detail =
                format!("more than {MAX_WITHHELD} kinds of slots without a value; further ones are not listed");
            gaps.add(Gap::new(GapReason::Limit, recipient, detail));
            return;
        }
        let withheld = Withheld {
            recipient: recipient.to_owned(),
            app: message.app.clone(),
            data_type: slot.data_type.clone(),
            placeholder: slot.placeholder,
            key: hidden.map_or_else(|| slot.key.clone(), |hidden| hidden.out_of_name(&slot.key).into_owned()),
            count,
            locator: locator(message, leaf, 0..leaf.bytes.len(), hidden),
        };
        self.0.insert(key, (at, withheld));
    }

    pub(super) fn merge(&mut self, other: Self) {
        for (key, (at, slot)) in other.0 {
            match self.0.get_mut(&key) {
                None => drop(self.0.insert(key, (at, slot))),
                Some((first, known)) => {
                    let count = known.count + slot.count;
                    if at < *first {
                        (*first, *known) = (at, slot);
                    }
                    known.count = count;
                }
            }
        }
    }

    /// By recipient, app, type and placeholder.
    pub(super) fn into_vec(self) -> Vec<Withheld> {
        self.0.into_values().map(|(_, slot)| slot).collect()
    }
}
