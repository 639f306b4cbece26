//! How bad a finding is, step by step, so that a reader can add it up.

use super::Severity;
use crate::evidence::Certainty;
use crate::signatures::Class;

impl Severity {
    /// All, mildest first.
    pub const ALL: [Self; 5] = [Self::Note, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The word in reports and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// The one with this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == word)
    }
}

/// What moves a finding's severity.
pub struct Circumstances {
    /// Class of the data type; none for contacts.
    pub class: Option<Class>,
    /// The recipient is a domain that no signature knows.
    pub unnamed: bool,
    /// The traffic is known to be the app's.
    pub app_proven: bool,
    /// Of the finding.
    pub certainty: Certainty,
}

/// The severity, and the steps to it in words.
///
/// The steps add up freely and the sum is clamped to note … critical once, before
/// the certainty caps it: so a class H type of an unnamed recipient stands where it
/// stood, whatever the base.
pub fn weigh(base: Severity, circumstances: &Circumstances) -> (Severity, Vec<String>) {
    let mut steps = vec![format!("base {}", base.as_str())];
    let mut sum = base as i32;
    let mut step = |by: i32, words: &str| {
        sum += by;
        steps.push(words.to_owned());
    };
    match circumstances.class {
        Some(Class::H) => step(1, "data class H: +1"),
        Some(Class::M) => step(0, "data class M: 0"),
        Some(Class::L) => step(-1, "data class L: -1"),
        None => {}
    }
    if circumstances.unnamed {
        step(-1, "unnamed recipient: -1");
    }
    if !circumstances.app_proven {
        step(-1, "app not proven: -1");
    }
    let top = Severity::ALL.len() as i32 - 1;
    let mut severity = Severity::ALL[sum.clamp(0, top) as usize];
    match circumstances.certainty {
        Certainty::Confirmed => {}
        Certainty::Probable => {
            if severity > Severity::Medium {
                severity = Severity::Medium;
                steps.push("probable: at most medium".to_owned());
            }
        }
        Certainty::Possible => {
            severity = Severity::Note;
            steps.push("possible: a note".to_owned());
        }
    }
    steps.push(format!("= {}", severity.as_str()));
    (severity, steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn severity(base: Severity, class: Option<Class>, unnamed: bool, app_proven: bool, certainty: Certainty) -> String {
        weigh(base, &Circumstances { class, unnamed, app_proven, certainty }).0.as_str().to_owned()
    }

    #[test]
    fn the_steps_of_the_design() {
        use Certainty::*;
        assert_eq!(severity(Severity::High, Some(Class::H), false, true, Confirmed), "critical");
        assert_eq!(severity(Severity::High, Some(Class::H), true, true, Confirmed), "high");
        assert_eq!(severity(Severity::High, Some(Class::L), true, false, Confirmed), "note");
        assert_eq!(severity(Severity::Low, Some(Class::L), true, false, Confirmed), "note");
        assert_eq!(severity(Severity::High, Some(Class::H), false, true, Probable), "medium");
        assert_eq!(severity(Severity::High, Some(Class::H), false, true, Possible), "note");
        assert_eq!(severity(Severity::Medium, None, false, true, Confirmed), "medium");
    }

    #[test]
    fn the_steps_are_told() {
        let circumstances =
            Circumstances { class: Some(Class::H), unnamed: true, app_proven: false, certainty: Certainty::Probable };
        let (_, steps) = weigh(Severity::Critical, &circumstances);
        assert_eq!(
            steps,
            [
                "base critical",
                "data class H: +1",
                "unnamed recipient: -1",
                "app not proven: -1",
                "probable: at most medium",
                "= medium"
            ]
        );
    }
}
