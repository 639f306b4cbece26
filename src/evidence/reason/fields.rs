//! What a ground's sentence names.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Values by the names of their fields, in the order of the names; a map in JSON.
///
/// A ground has at most a handful and a report tens of thousands of grounds, so it is a list: a node of a tree
/// has room for eleven.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fields(Vec<(Cow<'static, str>, String)>);

impl Fields {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Sets the field `name`.
    pub fn insert(&mut self, name: &'static str, value: String) {
        match self.at(name) {
            Ok(at) => self.0[at].1 = value,
            Err(at) => {
                self.0.reserve_exact(1);
                self.0.insert(at, (Cow::Borrowed(name), value));
            }
        }
    }

    /// The value of the field `name`.
    pub fn get(&self, name: &str) -> Option<&str> {
        Some(&self.0[self.at(name).ok()?].1)
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut String> {
        let at = self.at(name).ok()?;
        Some(&mut self.0[at].1)
    }

    /// Names and values.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&str, &mut String)> {
        self.0.iter_mut().map(|(name, value)| (&**name, value))
    }

    /// Where `name` is, or belongs.
    fn at(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| (**known).cmp(name))
    }
}

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let sorted = BTreeMap::<String, String>::deserialize(deserializer)?;
        Ok(Self(sorted.into_iter().map(|(name, value)| (name.into(), value)).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_in_the_order_of_their_names_each_once() {
        let mut fields = Fields::default();
        for (name, value) in [("zh", "一"), ("en", "one"), ("matched", "a.example"), ("zh", "壹")] {
            fields.insert(name, value.to_owned());
        }
        let json = serde_json::to_string(&fields).unwrap();
        assert_eq!(json, r#"{"en":"one","matched":"a.example","zh":"壹"}"#);
        assert_eq!(serde_json::from_str::<Fields>(&json).unwrap(), fields);
        assert_eq!(serde_json::from_str::<Fields>(r#"{"zh":"壹","en":"one","matched":"a.example"}"#).unwrap(), fields);
        assert_eq!([fields.get("zh"), fields.get("at")], [Some("壹"), None]);
    }
}
