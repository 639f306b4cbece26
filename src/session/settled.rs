//! `settled.toml`: what the user decided about a host, and why.
//!
//! ```toml
//! [[settled]]
//! host = "*.static.example.com"
//! as = "first-party"            # or "infrastructure", "ignore", or a product id
//! reason = "our own edge servers"
//! ```

use serde::Deserialize;

use super::line_at;

/// What a host was settled as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettledAs {
    /// A product of the signatures, by id.
    Product(String),
    /// The maker of the app.
    FirstParty,
    /// A CDN or cloud host.
    Infrastructure,
    /// Not to be judged.
    Ignore,
}

impl From<String> for SettledAs {
    fn from(word: String) -> Self {
        match word.as_str() {
            "first-party" => Self::FirstParty,
            "infrastructure" => Self::Infrastructure,
            "ignore" => Self::Ignore,
            _ => Self::Product(word),
        }
    }
}

impl std::fmt::Display for SettledAs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Product(product) => product,
            Self::FirstParty => "first-party",
            Self::Infrastructure => "infrastructure",
            Self::Ignore => "ignore",
        })
    }
}

/// One decision of the user. It beats every rule, and the report quotes its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// A host name or address, or a pattern as in the signatures: `*` inside a label,
    /// a leading `**.` for one or more labels.
    pub host: String,
    /// See [`SettledAs`].
    pub as_: SettledAs,
    /// Why, in the user's words.
    pub reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    settled: Vec<toml::Spanned<Entry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    host: String,
    r#as: String,
    reason: String,
}

/// Reads the text of a `settled.toml`. An error is a line (from 1) and what is wrong there.
pub fn read_settled(text: &str) -> Result<Vec<Settlement>, (usize, String)> {
    let line_of = |at: usize| line_at(text, at);
    let file: File = toml::from_str(text)
        .map_err(|error| (error.span().map_or(1, |span| line_of(span.start)), error.message().to_owned()))?;
    let entries = file.settled.into_iter().map(|spanned| {
        let line = line_of(spanned.span().start);
        let Entry { host, r#as, reason } = spanned.into_inner();
        match [("host", &host), ("as", &r#as), ("reason", &reason)].iter().find(|(_, value)| value.trim().is_empty()) {
            Some((field, _)) => Err((line, format!("{field} is empty; each settlement says host, as and reason"))),
            None => Ok(Settlement { host: host.trim().to_ascii_lowercase(), as_: r#as.into(), reason }),
        }
    });
    entries.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settlements_are_read_in_order() {
        let text = "[[settled]]\nhost = \"*.Static.example\"\nas = \"first-party\"\nreason = \"ours\"\n\n\
                    [[settled]]\nhost = \"t.example\"\nas = \"getui\"\nreason = \"their mail\"\n";
        let settled = read_settled(text).unwrap();
        assert_eq!(settled[0].host, "*.static.example");
        assert_eq!(settled[0].as_, SettledAs::FirstParty);
        assert_eq!(settled[1].as_, SettledAs::Product("getui".to_owned()));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        let without_reason = "\n[[settled]]\nhost = \"a.example\"\nas = \"ignore\"\nreason = \"\"\n";
        assert_eq!(read_settled(without_reason).unwrap_err().0, 2);
        assert_eq!(read_settled("[[settled]]\nhost = 1\nas = \"x\"\nreason = \"y\"\n").unwrap_err().0, 2);
        assert!(read_settled("[[settled]]\nhsot = \"a\"\n").is_err());
    }
}
