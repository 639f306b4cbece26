//! The report as tables: the two lists that 工信部信管函〔2021〕292号 asks apps to keep
//! (已收集个人信息清单, 与第三方共享个人信息清单), as observed, and what they rest on.
//!
//! Takes a report whose strings are visible, hands on sheets; [`super::xlsx`] and
//! [`super::csv`] write them. Why something was collected no traffic shows: purposes are
//! those that the policy states, under a head that says so.

mod about;
mod collected;
mod findings;
mod shared;
mod sightings;
mod volumes;

use std::str::FromStr;

use super::language::Language;
use super::language::tables::Name;
use super::sheet::{Row, Sheet};
use super::view::Index;
use crate::audit::{Cover, JudgedFlow, RecipientLevel, Report};
use crate::observations::{Role, Wire};
use crate::policy::ThirdParty;

/// A table of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// What it is about, what it rests on.
    About,
    /// 已收集个人信息清单.
    Collected,
    /// 与第三方共享个人信息清单.
    Shared,
    /// Counts and volumes by phase and scenario.
    Volumes,
    /// The findings.
    Findings,
    /// Every sighting.
    Sightings,
}

impl Table {
    /// All, in the order of a workbook.
    pub const ALL: [Self; 6] =
        [Self::About, Self::Collected, Self::Shared, Self::Volumes, Self::Findings, Self::Sightings];

    /// Its name on the command line and in names of files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::About => "about",
            Self::Collected => "collected",
            Self::Shared => "shared",
            Self::Volumes => "volumes",
            Self::Findings => "findings",
            Self::Sightings => "sightings",
        }
    }
}

impl FromStr for Table {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let known = || Self::ALL.map(Self::as_str).join(", ");
        Self::ALL.into_iter().find(|table| table.as_str() == word).ok_or_else(|| format!("the tables are {}", known()))
    }
}

/// Between several things in one cell.
const BETWEEN: &str = "\n";

/// What every table is made from.
struct Tables<'a> {
    report: &'a Report,
    language: Language,
    index: Index<'a>,
}

/// The tables of `report`, in the order of `wanted`. The error is that of
/// [`super::escape::shown`].
pub fn arrange(report: &Report, wanted: &[Table], language: Language) -> Result<Vec<Sheet>, serde_json::Error> {
    let report = &super::escape::shown(report)?;
    let tables = Tables { report, language, index: Index::of(report) };
    let sheet = |table: &Table| match table {
        Table::About => tables.about(),
        Table::Collected => tables.collected(),
        Table::Shared => tables.shared(),
        Table::Volumes => tables.volumes(),
        Table::Findings => tables.findings(),
        Table::Sightings => tables.sightings(),
    };
    Ok(wanted.iter().map(sheet).collect())
}

/// A sheet with both languages in its head.
fn sheet(table: Table, (zh, en): Name, heads: &[Name], rows: Vec<Row>) -> Sheet {
    let both = |(zh, en): &Name| if zh == en { (*zh).to_owned() } else { format!("{zh}\n{en}") };
    Sheet { id: table.as_str(), title: format!("{zh} {en}"), heads: heads.iter().map(both).collect(), rows }
}

impl Tables<'_> {
    fn role(&self, id: &str) -> Option<Role> {
        self.report.recipients.get(id).map(|recipient| recipient.role)
    }

    fn term<T: serde::Serialize>(&self, value: &T) -> String {
        self.language.words().term(&super::view::word(value)).to_owned()
    }

    fn wire(&self, wire: Wire) -> String {
        self.language.words().term(&format!("wire:{}", super::view::word(&wire))).to_owned()
    }

    /// What covers a flow, where it speaks of the recipient: a row of another product of the
    /// company is no declaration of this one.
    fn cover<'b>(&self, judged: &'b JudgedFlow) -> Option<&'b Cover> {
        let cover = judged.verdict.as_ref()?.cover.as_ref()?;
        (!matches!(cover.recipient, RecipientLevel::Sibling | RecipientLevel::None)).then_some(cover)
    }

    /// The row of the policy that covers a flow.
    fn declared_in(&self, judged: &JudgedFlow) -> Option<&ThirdParty> {
        let cover = self.cover(judged)?;
        self.report.declarations.third_parties.iter().find(|row| row.spans.contains(&cover.span))
    }

    fn verdict(&self, judged: &JudgedFlow) -> String {
        match &judged.verdict {
            Some(verdict) => self.term(&verdict.disclosure),
            None => self.language.words().matrix_listed.to_owned(),
        }
    }

    /// Phases and scenarios of flows, each once, in the order of time.
    fn when(&self, flows: &[&JudgedFlow]) -> (String, String) {
        let words = self.language.words();
        let mut rhythms: Vec<_> = flows.iter().flat_map(|judged| &judged.flow.phases).collect();
        rhythms.sort_by_key(|rhythm| rhythm.first);
        let scenarios = rhythms.iter().filter_map(|rhythm| rhythm.scenario.clone());
        let phases = rhythms.iter().map(|rhythm| words.term(&rhythm.phase).to_owned());
        (once(scenarios), once(phases))
    }
}

/// Texts in their order, each once, empty ones left out.
fn once(texts: impl Iterator<Item = String>) -> String {
    let mut kept: Vec<String> = Vec::new();
    for text in texts.filter(|text| !text.is_empty()) {
        if !kept.contains(&text) {
            kept.push(text);
        }
    }
    kept.join(BETWEEN)
}
