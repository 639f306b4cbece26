//! What each code means, read from the page that documents them: `docs/codes.md` is the
//! one source of `explain`, of the rules in SARIF and of the page itself.

use super::Text;

const PAGE: &str = include_str!("../../docs/codes.md");

/// A code's entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// What a finding of it says.
    pub meaning: Text,
    /// A case of it.
    pub example: Text,
    /// What to do about it.
    pub mend: Text,
}

/// The entry of a code. A test holds that every code has one with all its parts.
pub fn of(code: &str) -> Option<Explanation> {
    let entry = PAGE.split("\n## ").skip(1).find(|entry| entry.lines().next() == Some(code))?;
    let part = |label: &str| entry.lines().find_map(|line| line.strip_prefix(label)).map(|text| text.trim().to_owned());
    let both = |zh: &str, en: &str| Some(Text { zh: part(zh)?, en: part(en)? });
    Some(Explanation {
        meaning: both("**含义。**", "**Meaning.**")?,
        example: both("**例子。**", "**Example.**")?,
        mend: both("**如何改正。**", "**How to mend.**")?,
    })
}

#[cfg(test)]
mod tests {
    use super::of;
    use crate::audit::codes::CODES;

    #[test]
    fn every_code_is_explained() {
        for code in CODES {
            let entry = of(code.id).unwrap_or_else(|| panic!("docs/codes.md lacks a part of {}", code.id));
            for text in [entry.meaning, entry.example, entry.mend] {
                assert!(!text.zh.is_empty() && !text.en.is_empty() && text.zh != text.en, "{}", code.id);
            }
        }
        assert_eq!(of("no-such-code"), None);
    }
}
