//! Report to paper: one file for each format.
//!
//! Takes the `Report` as data and nothing else, hands on text.
//! It judges nothing, opens no file, and knows no packet. Everything a reader reads
//! stands in `language/`, one table a language; codes and ids are never translated.

mod beside;
pub mod checks;
pub mod clocks;
pub mod csv;
pub mod difference;
pub mod discover;
pub mod escape;
mod excerpt;
pub mod explain;
pub mod github;
pub mod gitlab;
pub mod html;
pub mod inspect;
pub mod json;
pub mod jsonl;
pub mod junit;
pub mod language;
pub mod markdown;
pub mod places;
pub mod policy;
pub mod sarif;
pub mod sheet;
pub mod tables;
pub mod template;
pub mod terminal;
mod view;
mod wrap;
pub mod xlsx;

pub use language::{Language, fill};
pub use places::Places;

use crate::audit::Report;
use crate::audit::gate::{Gate, Outcome};

/// What a format for a service needs beside the report.
#[derive(Clone, Copy, Debug)]
pub struct Service<'a> {
    /// Of what a person reads.
    pub language: Language,
    /// What fails the build.
    pub gate: &'a Gate,
    /// Where the files lie.
    pub places: &'a Places,
}

impl Service<'_> {
    /// Whether the build fails, in a sentence.
    fn verdict(&self, report: &Report) -> String {
        let words = self.language.words();
        match self.gate.outcome(report) {
            Outcome::Passed => fill(words.gate_passed, &[self.gate]),
            Outcome::Failed => {
                let count = report.findings.iter().filter(|finding| self.gate.fails(finding, report)).count();
                fill(words.gate_failed, &[&count, self.gate])
            }
            Outcome::TooLittleSeen => self.too_little(report),
        }
    }

    /// That less was seen than required.
    fn too_little(&self, report: &Report) -> String {
        let read = report.coverage.percent().filter(|_| report.coverage.opened_messages > 0).unwrap_or(0);
        fill(self.language.words().gate_unseen, &[&read, &self.gate.require_coverage])
    }
}
