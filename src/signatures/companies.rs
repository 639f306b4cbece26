//! `companies/*.toml`: one file a company, with its products, hosts, packages and names.
//!
//! ```toml
//! [company]
//! id = "merit-interactive"
//! zh = "每日互动股份有限公司"
//! en = "Merit Interactive Co., Ltd."
//! names = ["每日互动"]          # further names that policies use for the company
//! country = "CN"
//! confidence = "high"
//! source = "vd:docs.getui.com/compliance"
//!
//! [[product]]
//! id = "getui"
//! zh = "个推"
//! en = "Getui"
//! categories = ["push"]
//! names = ["个推", "个推推送", "Getui"]
//! packages = ["com.igexin", "com.getui"]
//! domains = ["getui.com"]       # every host under these is this product's
//! traffic = "network"
//! privacy_url = "https://docs.getui.com/privacy/"
//! confidence = "high"
//! source = "…"
//!
//! [[product.hosts]]
//! match = ["sdk-open-phone.getui.com", "*-gtc.getui.net"]
//! confidence = "high"
//! source = "…"
//! ```

use serde::{Deserialize, Serialize};

use super::{Confidence, Origin};

/// A legal person.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Company {
    /// Stable id.
    pub id: String,
    /// Legal name, Chinese (or the original one where there is no Chinese).
    pub zh: String,
    /// Legal name, English.
    pub en: String,
    /// Further names policies use: brands, former names, short forms.
    #[serde(default)]
    pub names: Vec<String>,
    /// ISO 3166-1 alpha-2 of its seat, where known.
    #[serde(default)]
    pub country: Option<String>,
    /// How well this is known.
    #[serde(default)]
    pub confidence: Confidence,
    /// Where from.
    pub source: String,
    /// File and line.
    #[serde(skip)]
    pub origin: Origin,
}

/// Where the data of a product goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Traffic {
    /// Over the network from the device.
    #[default]
    Network,
    /// Over the cellular interface only; a Wi-Fi capture misses it.
    Cellular,
    /// To another app or the system on the device.
    Ipc,
    /// From server to server.
    Server,
    /// Nowhere.
    None,
}

/// A product of a company: the unit of attribution and of verdict.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Product {
    /// Stable id.
    pub id: String,
    /// Name to print, Chinese.
    pub zh: String,
    /// Name to print, English.
    pub en: String,
    /// Id of its company. Filled from the file.
    #[serde(skip)]
    pub company: String,
    /// Functional categories of `vocabulary/categories.toml`: `push`, `payment` …
    #[serde(default)]
    pub categories: Vec<String>,
    /// Names that policies use for it (matched without case, spaces and width).
    #[serde(default)]
    pub names: Vec<String>,
    /// Package prefixes of its code, `com.igexin`.
    #[serde(default)]
    pub packages: Vec<String>,
    /// Domains that are the product's own: every host under them is it.
    /// Never a domain that a group or several products share.
    #[serde(default)]
    pub domains: Vec<String>,
    /// See [`Traffic`].
    #[serde(default)]
    pub traffic: Traffic,
    /// The operating system's own services: judged only where the app is proven.
    #[serde(default)]
    pub platform: bool,
    /// Products whose hosts it calls by itself (a login wrapper the carriers').
    #[serde(default)]
    pub calls: Vec<String>,
    /// Keys under which ids issued by this product travel (`cid`, `gtcid`): their values are of
    /// the type `sdk_id`, listed when they go back to it and a flow when they go to anyone else.
    #[serde(default)]
    pub issues: Vec<String>,
    /// Its privacy policy or SDK rules.
    #[serde(default)]
    pub privacy_url: Option<String>,
    /// Hosts.
    #[serde(default)]
    pub hosts: Vec<HostRule>,
    /// Paths that show it on any host (private deployments).
    #[serde(default)]
    pub paths: Vec<PathRule>,
    /// How well this is known.
    #[serde(default)]
    pub confidence: Confidence,
    /// Where from.
    pub source: String,
    /// What else a reader should know.
    #[serde(default)]
    pub note: Option<String>,
    /// File and line.
    #[serde(skip)]
    pub origin: Origin,
}

/// Hosts with one source and confidence.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostRule {
    /// Exact names, or patterns with `*` (see [`HostPattern`]).
    #[serde(rename = "match")]
    pub hosts: Vec<HostPattern>,
    /// Only with these path prefixes, where the host is shared.
    #[serde(default)]
    pub paths: Vec<String>,
    /// Only on this port.
    #[serde(default)]
    pub port: Option<u16>,
    /// How well this is known.
    #[serde(default)]
    pub confidence: Confidence,
    /// Where from.
    pub source: String,
    /// File and line.
    #[serde(skip)]
    pub origin: Origin,
}

/// A path that shows the product on a host that is not its own.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PathRule {
    /// The path, without query, matches this regular expression.
    pub path: String,
    /// Query or form keys that must all be there as well.
    #[serde(default)]
    pub keys: Vec<String>,
    /// How well this is known.
    #[serde(default)]
    pub confidence: Confidence,
    /// Where from.
    pub source: String,
    /// File and line.
    #[serde(skip)]
    pub origin: Origin,
}

/// A host name, or a pattern: `*` stands for one or more characters inside one
/// label, so `mst*.is.autonavi.com` matches `mst01.is.autonavi.com` and
/// `*.jpush.cn` matches `stats.jpush.cn` but not `a.b.jpush.cn`; a leading `**.`
/// stands for one or more labels.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HostPattern(pub String);

impl HostPattern {
    /// Without `*`.
    pub fn is_exact(&self) -> bool {
        !self.0.contains('*')
    }

    /// `host` (lower case, no last dot) matches.
    pub fn matches(&self, host: &str) -> bool {
        let Some((head, rest)) = self.0.split_once('*') else { return self.0 == host };
        // What stands before the first star and after the last one tells nearly all hosts apart.
        let tail = rest.rsplit('*').next().unwrap_or_default();
        if !host.starts_with(head) || !host.ends_with(tail) {
            return false;
        }
        match self.0.strip_prefix("**.") {
            Some(rest) => host.match_indices('.').any(|(at, _)| at > 0 && labels_match(rest, &host[at + 1..])),
            None => labels_match(&self.0, host),
        }
    }
}

fn labels_match(pattern: &str, host: &str) -> bool {
    let (mut patterns, mut labels) = (pattern.split('.'), host.split('.'));
    loop {
        match (patterns.next(), labels.next()) {
            (None, None) => return true,
            (Some(pattern), Some(label)) if label_matches(pattern.as_bytes(), label.as_bytes()) => {}
            _ => return false,
        }
    }
}

/// `*` is one or more bytes.
fn label_matches(pattern: &[u8], label: &[u8]) -> bool {
    match pattern.split_first() {
        None => label.is_empty(),
        Some((b'*', rest)) => (1..=label.len()).any(|n| label_matches(rest, &label[n..])),
        Some((c, rest)) => label.split_first().is_some_and(|(l, tail)| l == c && label_matches(rest, tail)),
    }
}

/// `groups.toml`: a corporation whose domains many products share. A host under
/// them that no product names is "this group, product unknown".
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Stable id, `tencent`.
    pub id: String,
    /// Name to print, Chinese.
    pub zh: String,
    /// Name to print, English.
    pub en: String,
    /// Shared registrable domains.
    pub domains: Vec<String>,
    /// Ids of its companies: a row that names one of them covers the unknown host by company.
    #[serde(default)]
    pub companies: Vec<String>,
    /// Where from.
    pub source: String,
    /// File and line.
    #[serde(skip)]
    pub origin: Origin,
}

#[cfg(test)]
mod tests {
    use super::HostPattern;

    fn matches(pattern: &str, host: &str) -> bool {
        HostPattern(pattern.to_owned()).matches(host)
    }

    #[test]
    fn a_star_stays_inside_its_label() {
        assert!(matches("mst*.is.autonavi.com", "mst01.is.autonavi.com"));
        assert!(!matches("mst*.is.autonavi.com", "mst.is.autonavi.com"));
        assert!(matches("*.jpush.cn", "stats.jpush.cn"));
        assert!(!matches("*.jpush.cn", "a.b.jpush.cn"));
        assert!(!matches("*.jpush.cn", "jpush.cn"));
        assert!(matches("**.jpush.cn", "a.b.jpush.cn"));
        assert!(!matches("**.jpush.cn", "jpush.cn.evil.example"));
    }
}
