//! Key names: what a field's name says about its value.

use std::collections::{BTreeMap, BTreeSet};

use crate::signatures::{KeyName, Product, Signatures};

/// What one name says.
#[derive(Clone, Debug)]
pub(super) struct Hint<'a> {
    pub(super) row: &'a KeyName,
    /// The name means this type and nothing else, or the product is known to mean it.
    pub(super) clear: bool,
    /// The product is known to use the name so.
    pub(super) known: bool,
    /// The name says that the value is a digest (`imei_md5`): its name as in a form.
    pub(super) digest: Option<&'static str>,
}

#[derive(Debug)]
pub(super) struct Keys {
    rows: Vec<KeyName>,
    /// Folded name to rows, in the order of the file.
    by_name: BTreeMap<String, Vec<usize>>,
    /// Products that issue ids.
    issuers: BTreeSet<String>,
}

/// What a name may begin with that says nothing of the type, as words.
const PREFIXES: &[&str] = &["d", "device", "dev", "x", "client", "user", "phone"];
/// What it may end or begin with when the value is a digest.
const DIGESTS: &[(&str, &str)] = &[
    ("md5", "md5"),
    ("sha1", "sha1"),
    ("sha256", "sha256"),
    ("sha512", "sha512"),
    ("sm3", "sm3"),
    ("hashed", ANY_DIGEST),
    ("hash", ANY_DIGEST),
];
/// The name says that the value is a digest (`phone_hash`), and not which.
pub(super) const ANY_DIGEST: &str = "hash";

impl Keys {
    pub(super) fn new(signatures: &Signatures) -> Self {
        let mut rows = signatures.keys.clone();
        rows.extend(signatures.products.values().filter(|p| !p.issues.is_empty()).map(issued));
        let mut by_name: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (index, row) in rows.iter().enumerate() {
            for name in &row.names {
                let at = by_name.entry(fold(name)).or_default();
                if !at.contains(&index) {
                    at.push(index);
                }
            }
        }
        let issuers = signatures.products.values().filter(|p| !p.issues.is_empty()).map(|p| p.id.clone()).collect();
        Self { rows, by_name, issuers }
    }

    /// Products that issue ids.
    pub(super) fn issuers(&self) -> &BTreeSet<String> {
        &self.issuers
    }

    /// What `key` says in a message to `product`, in the order of the file.
    pub(super) fn hints(&self, key: &str, product: Option<&str>) -> Vec<Hint<'_>> {
        let (rows, digest) = self.rows_of(key);
        let hint = |index: &usize| {
            let row = self.rows.get(*index)?;
            let is = |list: &[String]| product.is_some_and(|p| list.iter().any(|known| known == p));
            let known = is(&row.recipients);
            // Names with listed recipients that are not marked ambiguous still mean the same elsewhere.
            (!is(&row.except)).then_some(Hint { row, clear: known || !row.ambiguous, known, digest })
        };
        rows.iter().filter_map(hint).collect()
    }

    /// `key` is a name of `data_type`, clear or not: enough beside a profile value.
    pub(super) fn names(&self, key: &str, data_type: &str, product: Option<&str>) -> bool {
        self.hints(key, product).iter().any(|hint| hint.row.data_type == data_type)
    }

    /// The whole name first; then without a prefix, a counter behind, or the name of a digest.
    fn rows_of(&self, key: &str) -> (&[usize], Option<&'static str>) {
        let words = words(key);
        let mut stems: Vec<&[String]> = vec![&words];
        if let Some((first, rest)) = words.split_first().filter(|(_, rest)| !rest.is_empty())
            && PREFIXES.contains(&first.as_str())
        {
            stems.push(rest);
        }
        for stem in stems {
            let folded = stem.concat();
            if let Some(rows) = self.by_name.get(&folded) {
                return (rows, named_digest(&folded));
            }
            let counted = folded.trim_end_matches(|c: char| c.is_ascii_digit());
            for (mark, digest) in DIGESTS {
                let bare = folded.strip_suffix(mark).or_else(|| folded.strip_prefix(mark));
                if let Some(rows) = bare.and_then(|b| self.by_name.get(b)) {
                    return (rows, Some(digest));
                }
            }
            if let Some(rows) = self.by_name.get(counted) {
                return (rows, None);
            }
        }
        (&[], None)
    }
}

fn named_digest(folded: &str) -> Option<&'static str> {
    DIGESTS.iter().find(|(mark, _)| folded.ends_with(mark) || folded.starts_with(mark)).map(|(_, digest)| *digest)
}

/// The names under which a product sends back the ids that it issues.
fn issued(product: &Product) -> KeyName {
    KeyName {
        data_type: "sdk_id".to_owned(),
        names: product.issues.clone(),
        ambiguous: true,
        recipients: vec![product.id.clone()],
        except: Vec::new(),
        part: None,
        confidence: product.confidence,
        source: product.source.clone(),
        origin: product.origin.clone(),
    }
}

/// Lower case, without `_`, `-`, `.`, `$`, `#`, brackets and spaces.
fn fold(key: &str) -> String {
    words(key).concat()
}

/// The words of a name, in lower case: cut at marks and where a capital follows a small letter.
pub(crate) fn words(key: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut small = false;
    for c in key.chars().take(128) {
        let cut = !c.is_alphanumeric() || c.is_uppercase() && small;
        if cut && words.last().is_some_and(|w| !w.is_empty()) {
            words.push(String::new());
        }
        if c.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(c.to_lowercase());
        }
        small = c.is_lowercase() || c.is_numeric();
    }
    words.retain(|w| !w.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_without_case_marks_and_prefix() {
        assert_eq!(fold("Android_ID"), "androidid");
        assert_eq!(fold("$identity_android-id"), "identityandroidid");
        assert_eq!(words("deviceImei"), ["device", "imei"]);
        assert_eq!(words("IMEI"), ["imei"]);
        assert_eq!(words("x-imei[0]"), ["x", "imei", "0"]);
    }
}
