//! Why each recipient is who it is.

use super::{recipient_name, word};
use crate::audit::Report;
use crate::report::language::{Language, fill};

/// Why a recipient is who it is.
pub struct RecipientRow {
    /// Its name.
    pub name: String,
    /// Its id in the signatures, or one made of its host.
    pub id: String,
    /// Its role in words.
    pub role: String,
    /// The registrable domain of its hosts.
    pub domain: String,
    /// Why it is taken for this one.
    pub reason: String,
    /// How certain that is, in words.
    pub certainty: String,
}

/// Recipients by id.
pub fn recipients(report: &Report, language: Language) -> Vec<RecipientRow> {
    let words = language.words();
    report
        .recipients
        .values()
        .map(|recipient| {
            let mut reason = language.because(&recipient.reason);
            if let Some(via) = &recipient.via {
                reason.push_str(if language == Language::Zh { "；" } else { "; " });
                reason.push_str(&fill(words.via, &[via]));
            }
            RecipientRow {
                name: recipient_name(report, &recipient.id, language),
                id: recipient.id.clone(),
                role: words.term(&word(&recipient.role)).to_owned(),
                domain: recipient.domain.clone(),
                reason,
                certainty: words.term(&word(&recipient.certainty)).to_owned(),
            }
        })
        .collect()
}
