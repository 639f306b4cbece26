//! Key names: what a field's name says about its value.

use std::collections::{BTreeSet, HashMap};

use foldhash::fast::RandomState;

use crate::signatures::{Confidence, FieldKind, KeyName, Product, Signatures};

/// What one name says.
#[derive(Clone, Debug)]
pub(super) struct Hint<'a> {
    pub(super) row: &'a KeyName,
    /// The name means this type and nothing else, or the product is known to use it for this type.
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
    by_name: HashMap<String, Vec<usize>, RandomState>,
    /// Names of one identifier and nothing else, in whatever name they stand at the end, by their last letters.
    tails: HashMap<[u8; TAIL], Vec<String>, RandomState>,
    /// Products that issue ids.
    issuers: BTreeSet<String>,
    /// Words for things that stand somewhere.
    sites: BTreeSet<String>,
    /// Words for points on a map.
    spots: BTreeSet<String>,
    /// Words for the network interfaces of one device.
    interfaces: BTreeSet<String>,
}

/// Letters of the shortest name that is looked for at the end of others: `imei`.
const TAIL: usize = 4;
/// Types of identifiers whose names mean nothing else, whatever stands before them: `settings_android_id`. Contacts
/// are not among them (`shop_phone`), nor what other things have as well (`printer_mac`).
const UNMISTAKABLE: &[&str] = &["android_id", "gaid", "iccid", "idfa", "idfv", "imei", "imsi", "meid", "oaid"];
/// Those, and types that are numbers with a structure of their own: `id_card_num`.
const NUMBERED: &[&str] = &["bank_card", "id_card", "phone"];
/// What a name may end with and that says nothing of the type.
const SUFFIXES: &[&str] = &["number", "value", "code", "num", "str", "no"];

/// Words that a name may begin with and that say nothing of the type.
const PREFIXES: &[&str] = &["d", "device", "dev", "x", "client", "user", "phone"];
/// Words that a name may end or begin with when the value is a digest.
const DIGESTS: &[(&str, &str)] = &[
    ("md5", "md5"),
    ("sha1", "sha1"),
    ("sha256", "sha256"),
    ("sha512", "sha512"),
    ("sm3", "sm3"),
    ("hashed", ANY_DIGEST),
    ("hash", ANY_DIGEST),
];
/// The name says that the value is a digest (`phone_hash`), but not which one.
pub(super) const ANY_DIGEST: &str = "hash";

impl Keys {
    pub(super) fn new(signatures: &Signatures) -> Self {
        let mut rows = signatures.keys.clone();
        rows.extend(signatures.products.values().filter(|p| !p.issues.is_empty()).map(issued));
        let mut by_name: HashMap<String, Vec<usize>, RandomState> = HashMap::default();
        for (index, row) in rows.iter().enumerate() {
            for name in &row.names {
                let at = by_name.entry(fold(name)).or_default();
                if !at.contains(&index) {
                    at.push(index);
                }
            }
        }
        let issuers = signatures.products.values().filter(|p| !p.issues.is_empty()).map(|p| p.id.clone()).collect();
        let words =
            |kind| signatures.fields.iter().filter(move |f| f.kind == kind).flat_map(|f| f.words.clone()).collect();
        let mut tails: HashMap<[u8; TAIL], Vec<String>, RandomState> = HashMap::default();
        for name in by_name.keys().filter(|name| is_all(&rows, by_name.get(*name), is_unmistakable)) {
            if let Some(tail) = name.as_bytes().last_chunk::<TAIL>() {
                tails.entry(*tail).or_default().push(name.clone());
            }
        }
        // The longest first, and names of one length in one order.
        tails.values_mut().for_each(|names| names.sort_by(|a, b| (b.len(), a).cmp(&(a.len(), b))));
        Self {
            rows,
            by_name,
            tails,
            issuers,
            sites: words(FieldKind::Site),
            spots: words(FieldKind::Spot),
            interfaces: words(FieldKind::Interface),
        }
    }

    /// `name` is that of something that stands somewhere: `shop`, `nearestStation`, `hotel_list`.
    pub(super) fn is_site(&self, name: &str) -> bool {
        main_word(name).is_some_and(|word| self.sites.contains(&word))
    }

    /// `name` is that of a point on a map: `center`, `destination`.
    pub(super) fn is_spot(&self, name: &str) -> bool {
        main_word(name).is_some_and(|word| self.spots.contains(&word))
    }

    /// `name` is that of a list of network interfaces.
    pub(super) fn is_interface(&self, name: &str) -> bool {
        words(name).iter().any(|word| self.interfaces.contains(word))
    }

    /// Products that issue ids.
    pub(super) fn issuers(&self) -> &BTreeSet<String> {
        &self.issuers
    }

    /// What `key` says in a message to `product`, in the order of the file.
    pub(super) fn hints<'k>(&'k self, key: &str, product: Option<&'k str>) -> impl Iterator<Item = Hint<'k>> {
        self.hints_of(self.named(key), product)
    }

    /// The same of a name that was looked up.
    pub(super) fn hints_of<'k>(&'k self, named: Named<'k>, product: Option<&'k str>) -> impl Iterator<Item = Hint<'k>> {
        let hint = move |index: &usize| {
            let row = self.rows.get(*index)?;
            let is = |list: &[String]| product.is_some_and(|p| list.iter().any(|known| known == p));
            let known = is(&row.recipients);
            // A name that lists recipients means the same with others, unless it is marked ambiguous.
            let clear = known || !row.ambiguous;
            (!is(&row.except)).then_some(Hint { row, clear, known, digest: named.digest })
        };
        named.rows.iter().filter_map(hint)
    }

    /// What to look up for a name: the whole name first, then without a prefix, a trailing counter, or the
    /// name of a digest.
    ///
    /// `data[device][imei]` and `data.device.imei` are how forms write `{"data": {"device": {"imei": …}}}`:
    /// where the whole says nothing, the innermost name counts, as it does there. In brackets may also
    /// stand whose it is, `mac[wlan0]`: what the innermost does not say, the outermost may.
    pub(super) fn named(&self, key: &str) -> Named<'_> {
        let outermost = || key.strip_suffix(']')?.split_once('[').map(|(name, _)| name);
        let said = |name: Option<&str>| name.map(|name| self.named_whole(name)).filter(|named| !named.is_empty());
        said(Some(key)).or_else(|| said(innermost(key))).or_else(|| said(outermost())).unwrap_or_default()
    }

    fn named_whole(&self, key: &str) -> Named<'_> {
        let (folded, first) = folded(key);
        let (prefix, rest) = folded.split_at_checked(first).unwrap_or_default();
        let without_prefix = (!rest.is_empty() && PREFIXES.contains(&prefix)).then_some(rest);
        for stem in [folded.as_str()].into_iter().chain(without_prefix) {
            if let Some(rows) = self.by_name.get(stem) {
                return Named { rows, digest: named_digest(stem) };
            }
            for (mark, digest) in DIGESTS {
                let bare = stem.strip_suffix(mark).or_else(|| stem.strip_prefix(mark));
                if let Some(rows) = bare.and_then(|b| self.by_name.get(b)) {
                    return Named { rows, digest: Some(digest) };
                }
            }
            let counted = stem.trim_end_matches(|c: char| c.is_ascii_digit());
            if let Some(rows) = self.by_name.get(counted).filter(|_| counted.len() < stem.len()) {
                return Named { rows, digest: None };
            }
        }
        self.named_within(&folded)
    }

    /// A name of one identifier with something before it (`settings_android_id`) or behind it (`imei_no`).
    fn named_within(&self, folded: &str) -> Named<'_> {
        let rows = |name: &str| self.by_name.get(name).filter(|rows| !rows.is_empty());
        let fits = |data_type: &str| is_unmistakable(data_type) || NUMBERED.contains(&data_type);
        let numbered = SUFFIXES
            .iter()
            .find_map(|suffix| rows(folded.strip_suffix(suffix)?).filter(|rows| is_all(&self.rows, Some(rows), fits)));
        let ending = || {
            let names = self.tails.get(folded.as_bytes().last_chunk::<TAIL>()?)?;
            names.iter().find(|name| folded.ends_with(name.as_str())).and_then(|name| rows(name))
        };
        numbered.or_else(ending).map(|rows| Named { rows, digest: None }).unwrap_or_default()
    }

    /// `name` means one identifier and nothing else.
    pub(super) fn is_unmistakable(&self, named: Named<'_>) -> bool {
        named.digest.is_none() && is_all(&self.rows, Some(named.rows), is_unmistakable)
    }
}

fn is_unmistakable(data_type: &str) -> bool {
    UNMISTAKABLE.contains(&data_type)
}

/// All rows are of types that fit, and sure of it for every recipient.
fn is_all(rows: &[KeyName], of: Option<impl AsRef<[usize]>>, fits: impl Fn(&str) -> bool) -> bool {
    let sure = |row: &KeyName| !row.ambiguous && row.confidence == Confidence::High && fits(&row.data_type);
    of.is_some_and(|of| {
        let of = of.as_ref();
        !of.is_empty() && of.iter().all(|index| rows.get(*index).is_some_and(sure))
    })
}

/// The word of a name that says what it is a name of: the last one, but for what lists and descriptions add.
fn main_word(name: &str) -> Option<String> {
    const OF: &[&str] = &["arr", "array", "data", "detail", "details", "info", "infos", "item", "items", "list"];
    words(name).into_iter().rev().find(|word| !OF.contains(&word.as_str()))
}

/// The last of several names that is no index: `imei` of `data[device][imei]`, `data[imei][0]` and
/// `event.device.imei`.
fn innermost(key: &str) -> Option<&str> {
    let names = key.rsplit(|c| "[]./:>".contains(c));
    let last = names.into_iter().find(|name| !name.bytes().all(|b| b.is_ascii_digit()))?;
    // The first one is what the whole was.
    (!key.starts_with(last)).then_some(last)
}

/// What stands in `keys.toml` of one name.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Named<'k> {
    rows: &'k [usize],
    digest: Option<&'static str>,
}

impl Named<'_> {
    /// It says nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
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
    folded(key).0
}

/// The same, and how long the first of its words is. Asked for the name of every value.
fn folded(key: &str) -> (String, usize) {
    let mut folded = String::with_capacity(key.len());
    let mut first = None;
    each_word_part(key, |part| match part {
        WordPart::Cut if folded.is_empty() => {}
        WordPart::Cut => _ = first.get_or_insert(folded.len()),
        WordPart::Letter(c) if c.is_ascii() => folded.push(c.to_ascii_lowercase()),
        WordPart::Letter(c) => folded.extend(c.to_lowercase()),
    });
    let first = first.unwrap_or(folded.len());
    (folded, first)
}

/// The words of a name, in lower case: cut at marks and where a capital follows a small letter.
pub(crate) fn words(key: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    each_word_part(key, |part| match (part, words.last_mut()) {
        (WordPart::Letter(c), Some(word)) => word.extend(c.to_lowercase()),
        _ => words.push(String::new()),
    });
    words.retain(|w| !w.is_empty());
    words
}

/// What words are read as.
enum WordPart {
    /// One ends here, if one began.
    Cut,
    /// A letter or digit, as it stands there.
    Letter(char),
}

/// Longer names are no names.
const NAME_LIMIT: usize = 128;

fn each_word_part(key: &str, mut take: impl FnMut(WordPart)) {
    let mut small = false;
    for c in key.chars().take(NAME_LIMIT) {
        if !c.is_alphanumeric() || c.is_uppercase() && small {
            take(WordPart::Cut);
        }
        if c.is_alphanumeric() {
            take(WordPart::Letter(c));
        }
        small = c.is_lowercase() || c.is_numeric();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_brackets() {
        assert_eq!(innermost("data[device][imei]"), Some("imei"));
        assert_eq!(innermost("items[0][imei][1]"), Some("imei"));
        assert_eq!(innermost("event.device.imei"), Some("imei"));
        assert_eq!(innermost("ids/imei.0"), Some("imei"));
        assert_eq!(["imei", "imei[]", "imei[0]", "a]", "[", "", "mac.0"].map(innermost), [None; 7]);
        let keys = Keys::new(&Signatures::embedded().unwrap());
        for key in
            ["data[device][imei]", "info[imei]", "items[0][imei]", "imei[]", "data[imei][]", "a.b.imei", "imei[sim0]"]
        {
            let said: Vec<_> = keys.hints(key, None).map(|hint| hint.row.data_type.clone()).collect();
            assert_eq!(said, ["imei"], "{key}");
        }
    }

    #[test]
    fn names_with_more_before_or_behind() {
        let keys = Keys::new(&Signatures::embedded().unwrap());
        let said = |key| keys.hints(key, None).map(|hint| hint.row.data_type.clone()).collect::<Vec<_>>();
        for (key, data_type) in [
            ("imei_no", "imei"),
            ("IMEINumber", "imei"),
            ("settings_android_id", "android_id"),
            ("simIccid", "iccid"),
            ("iosIdfa", "idfa"),
            ("oaid_value", "oaid"),
            ("idCardNum", "id_card"),
            ("bankCardNum", "bank_card"),
            ("mobilePhoneNumber", "phone"),
            ("tel_no", "phone"),
        ] {
            assert_eq!(said(key), [data_type], "{key}");
        }
        // Another's, a thing's, a code of something else.
        for key in ["shop_phone", "support_email", "printer_mac", "zipcode", "order_no", "house_number", "no", "code"] {
            assert_eq!(said(key), [""; 0], "{key}");
        }
    }

    #[test]
    fn names_are_compared_without_case_marks_and_prefix() {
        assert_eq!(fold("Android_ID"), "androidid");
        assert_eq!(fold("$identity_android-id"), "identityandroidid");
        assert_eq!(words("deviceImei"), ["device", "imei"]);
        assert_eq!(words("IMEI"), ["imei"]);
        assert_eq!(words("x-imei[0]"), ["x", "imei", "0"]);
        for key in ["deviceImei", "__x-imei[0]", "IMEI", "", "_", "小米Id", "ÄÖ-ß"] {
            let words = words(key);
            assert_eq!(folded(key), (words.concat(), words.first().map_or(0, String::len)), "{key}");
        }
    }
}
