//! Every finding code: its base severity, and the kinds of clauses it touches.
//!
//! `docs/codes.md` says what each means, with an example and how to mend it.

use super::{Disclosure, Severity};

/// What a code is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// A flow against the declarations, with the verdict it stands for.
    Disclosure(Disclosure),
    /// A recipient none of whose messages could be read.
    Contact,
    /// What a flow or contact did, whatever was declared.
    Conduct,
}

/// A finding code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// Stable word, such as `omitted-data`; it stands in reports, options and `ignore.toml`.
    pub id: &'static str,
    /// See [`Family`].
    pub family: Family,
    /// Where the severity starts.
    pub base: Severity,
    /// Words of `applies_to` in `clauses.toml` that it stands for.
    pub kinds: &'static [&'static str],
}

const fn disclosure(id: &'static str, verdict: Disclosure, base: Severity, kinds: &'static [&'static str]) -> Code {
    Code { id, family: Family::Disclosure(verdict), base, kinds }
}

const fn conduct(id: &'static str, base: Severity, kinds: &'static [&'static str]) -> Code {
    Code { id, family: Family::Conduct, base, kinds }
}

/// All codes. One base is not in this table: where the policy says that the app itself collects
/// the type, `unsettled` for an infrastructure host is a note.
pub const CODES: &[Code] = &[
    disclosure("vague-data", Disclosure::Vague, Severity::Low, &["vague-data"]),
    disclosure("vague-recipient", Disclosure::Vague, Severity::Low, &["vague-recipient"]),
    disclosure("vague-both", Disclosure::Vague, Severity::Low, &["vague-data", "vague-recipient"]),
    disclosure("vague-catch-all", Disclosure::Vague, Severity::Medium, &["omitted-recipient"]),
    disclosure("omitted-data", Disclosure::Omitted, Severity::Medium, &["omitted-data"]),
    disclosure("omitted-first-party", Disclosure::Omitted, Severity::Medium, &["omitted-data"]),
    disclosure("omitted-product", Disclosure::Omitted, Severity::Medium, &["omitted-recipient"]),
    disclosure("omitted-recipient", Disclosure::Omitted, Severity::High, &["omitted-recipient"]),
    disclosure("denied", Disclosure::Incorrect, Severity::High, &["contradiction"]),
    disclosure("denied-narrower", Disclosure::Incorrect, Severity::High, &["contradiction"]),
    disclosure("contradiction", Disclosure::Ambiguous, Severity::Medium, &["contradiction"]),
    disclosure("unsettled", Disclosure::Unsettled, Severity::Low, &[]),
    Code { id: "undeclared-contact", family: Family::Contact, base: Severity::Medium, kinds: &["omitted-recipient"] },
    conduct("before-consent", Severity::High, &["before-consent"]),
    conduct("after-refusal", Severity::High, &["after-refusal"]),
    conduct("contact-before-consent", Severity::Low, &["before-consent"]),
    conduct("cleartext", Severity::Medium, &["cleartext"]),
    conduct("in-background", Severity::Low, &["in-background"]),
    conduct("contact-abroad", Severity::Note, &["contact-abroad"]),
];

/// The code with this word.
pub fn get(id: &str) -> Option<&'static Code> {
    CODES.iter().find(|code| code.id == id)
}

#[cfg(test)]
mod tests {
    use super::CODES;

    #[test]
    fn codes_are_unique_and_never_severities() {
        let mut ids: Vec<&str> = CODES.iter().map(|c| c.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), CODES.len());
        // `--fail-on` takes both in one list.
        assert!(ids.iter().all(|id| super::Severity::parse(id).is_none()));
    }
}
