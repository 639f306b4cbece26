//! The facts that a template can name.

use crate::audit::Report;
use crate::report::language::Language;
use crate::report::tables::{self, Table};
use crate::report::view::{self, View};

/// All names, in the order of the report.
pub const NAMES: &[&str] = &[
    "app",
    "policy",
    "inputs",
    "question",
    "headline",
    "counts",
    "case",
    "case.number",
    "case.examiner",
    "case.mandate",
    "case.custody",
    "case.retain_until",
    "matrix",
    "findings",
    "collected",
    "shared",
    "volumes",
    "claims",
    "declared",
    "recipients",
    "coverage",
    "gaps",
    "method",
    "suppressions",
    "advice",
    "tool",
];

/// What a name stands for.
pub enum Fact {
    /// Words in a line.
    Words(String),
    /// One below the other.
    List(Vec<String>),
    /// Heads and rows.
    Table(Vec<String>, Vec<Vec<String>>),
    /// A title and lines each.
    Entries(Vec<(String, Vec<String>)>),
}

/// The facts of a report in one language.
pub struct Facts<'a> {
    report: &'a Report,
    language: Language,
    view: View,
}

/// Columns of the lists as a letter has room for them; the workbook has all.
const COLLECTED: &[usize] = &[1, 4, 7, 9, 12, 18, 20];
const SHARED: &[usize] = &[1, 3, 6, 7, 11, 15, 21];
const VOLUMES: &[usize] = &[0, 2, 4, 5, 6, 7, 8];

impl<'a> Facts<'a> {
    /// `report`'s strings are visible.
    pub fn of(report: &'a Report, language: Language) -> Self {
        Self { report, language, view: view::arrange(report, language) }
    }

    /// The fact of a name of [`NAMES`].
    pub fn get(&self, name: &str) -> Fact {
        let words = self.language.words();
        let view = &self.view;
        let case = self.report.session.case.as_ref();
        let or_unknown = |text: Option<&String>| Fact::Words(text.cloned().unwrap_or(words.app_unknown.to_owned()));
        let known = |facts: &[view::Fact]| {
            let rows = facts.iter().map(|fact| vec![fact.name.clone(), fact.values.join("; ")]).collect();
            Fact::Table(vec![words.party.to_owned(), words.value.to_owned()], rows)
        };
        match name {
            "app" => Fact::Words(view.app.clone()),
            "policy" => Fact::Words(view.policy.clone()),
            "inputs" => Fact::List(view.inputs.clone()),
            "question" => Fact::Words(words.question.to_owned()),
            "headline" => Fact::Words(view.headline.clone()),
            "counts" => Fact::List(view.counts.iter().map(|(_, word, count)| format!("{word}: {count}")).collect()),
            "case" => known(&view.case),
            "case.number" => or_unknown(case.and_then(|case| case.number.as_ref())),
            "case.examiner" => or_unknown(case.and_then(|case| case.examiner.as_ref())),
            "case.mandate" => or_unknown(case.and_then(|case| case.mandate.as_ref())),
            "case.custody" => Fact::List(case.map(|case| case.custody.clone()).unwrap_or_default()),
            "case.retain_until" => {
                or_unknown(case.and_then(|case| case.retain_until).map(|day| day.to_string()).as_ref())
            }
            "matrix" => self.matrix(),
            "findings" => Fact::Entries(view.findings.iter().map(|finding| self.finding(finding)).collect()),
            "collected" => self.table(Table::Collected, COLLECTED),
            "shared" => self.table(Table::Shared, SHARED),
            "volumes" => self.table(Table::Volumes, VOLUMES),
            "claims" => {
                let rows = view.claims.iter().map(|c| vec![c.claim.clone(), c.state_words.clone(), c.reason.clone()]);
                Fact::Table([words.claims, words.state, words.reason].map(str::to_owned).to_vec(), rows.collect())
            }
            "declared" => {
                let of = |group: &view::DeclaredGroup| {
                    let party = group.party.clone();
                    group.states.iter().map(move |(s, types)| vec![party.clone(), s.clone(), types.clone()]).collect()
                };
                let rows: Vec<Vec<Vec<String>>> = view.declared.iter().map(of).collect();
                Fact::Table([words.party, words.state, words.data_types].map(str::to_owned).to_vec(), rows.concat())
            }
            "recipients" => {
                let rows = view.recipients.iter().map(|r| vec![r.name.clone(), r.role.clone(), r.reason.clone()]);
                Fact::Table([words.recipient, words.role, words.reason].map(str::to_owned).to_vec(), rows.collect())
            }
            "coverage" => {
                let closed = view.coverage.closed.iter().map(|(reason, n)| format!("{reason} {n}"));
                Fact::List(view.coverage.lines.iter().cloned().chain(closed).collect())
            }
            "gaps" => {
                let gaps = view.coverage.gaps.iter().map(|(reason, at, detail)| {
                    format!("{reason}{}{detail}{}", self.language.colon(), self.language.aside(at))
                });
                Fact::List(view.coverage.sealed.iter().cloned().chain(gaps).collect())
            }
            "method" => known(&view.method),
            "suppressions" => {
                let lines = view.ignored.iter().flat_map(|ignored| &ignored.lines);
                Fact::List(
                    lines
                        .map(|line| format!("{} {}{}{}", line.place, line.matcher, self.language.colon(), line.reason))
                        .collect(),
                )
            }
            "advice" => Fact::List(view.advice.clone()),
            "tool" => Fact::Words(format!("{} {}", self.report.tool.name, self.report.tool.version)),
            _ => Fact::Words(String::new()),
        }
    }

    fn matrix(&self) -> Fact {
        let words = self.language.words();
        let matrix = &self.view.matrix;
        let heads = std::iter::once(words.recipient.to_owned()).chain(matrix.columns.iter().cloned()).collect();
        let rows = matrix.rows.iter().map(|row| {
            let cell = |cell: &Option<view::Cell>| match cell {
                Some(cell) => {
                    format!("{} {} {}", cell.symbol, cell.words, cell.conduct.join(" ")).trim_end().to_owned()
                }
                None => String::new(),
            };
            std::iter::once(row.recipient.clone()).chain(row.cells.iter().map(cell)).collect()
        });
        Fact::Table(heads, rows.collect())
    }

    fn finding(&self, finding: &view::Finding) -> (String, Vec<String>) {
        let words = self.language.words();
        let colon = self.language.colon();
        let title = format!("{} {} {}", finding.severity_words, finding.code, finding.subject);
        let mut lines = vec![finding.message.clone()];
        lines.extend(finding.ignored.iter().map(|by| format!("{}{colon}{by}", words.ignored)));
        for quote in &finding.policy {
            lines.push(format!("{}{colon}{} — {}", words.policy_says, quote.words, quote.place));
        }
        if finding.policy.is_empty() {
            lines.push(format!("{}{colon}{}", words.policy_says, finding.silent));
        }
        for place in finding.evidence.iter().take(1) {
            let said = [place.request.as_str(), place.value.as_str(), place.place.as_str()];
            let said: Vec<&str> = said.into_iter().filter(|text| !text.is_empty()).collect();
            lines.push(format!("{}{colon}{}", words.traffic_shows, said.join(" · ")));
        }
        lines.push(format!("{}{colon}{}", words.fingerprint, finding.fingerprint));
        (title, lines)
    }

    fn table(&self, table: Table, columns: &[usize]) -> Fact {
        // The report was made visible once; once more changes nothing, and its JSON is sound.
        let Some(sheet) = tables::arrange(self.report, &[table], self.language).ok().and_then(|mut s| s.pop()) else {
            return Fact::Table(Vec::new(), Vec::new());
        };
        let in_language = |head: &String| match head.split_once('\n') {
            Some((zh, en)) => self.language.pick(zh, en).to_owned(),
            None => head.clone(),
        };
        let heads = columns.iter().filter_map(|at| sheet.heads.get(*at)).map(in_language).collect();
        let rows = sheet.rows.iter().map(|row| {
            let cells = columns.iter().filter_map(|at| row.cells.get(*at));
            cells.map(|cell| cell.to_string().replace('\n', "; ")).collect()
        });
        Fact::Table(heads, rows.collect())
    }
}
