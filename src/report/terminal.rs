//! The report for a terminal: matrix, findings with both sides quoted, contacts,
//! promises, what was declared and not seen; coverage and gaps last.
//!
//! Plain text, 80 columns and up; colour only where asked for. Columns of Chinese
//! text are measured as a terminal shows them.

use anstyle::{AnsiColor, Style};
use comfy_table::{ContentArrangement, Table, presets};

use super::language::Language;
use super::view::{self, Contact, Evidence, Finding, View};
use super::wrap::wrap;
use crate::audit::Report;

/// How to print.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// See [`Language`].
    pub language: Language,
    /// Emit ANSI styles.
    pub color: bool,
    /// Columns; [`MIN_WIDTH`] at least.
    pub width: u16,
}

impl Default for Options {
    fn default() -> Self {
        Self { language: Language::En, color: false, width: 100 }
    }
}

/// Narrower terminals get lines of this width, which they wrap themselves.
pub const MIN_WIDTH: u16 = 60;

/// Columns of a code at most that stays in one line.
const CODE: u16 = 24;

/// Columns of the label beside a finding's lines.
const LABEL: u16 = 14;

/// Columns of a matrix' recipient, and of one data type.
const MATRIX_RECIPIENT: u16 = 24;
const MATRIX_TYPE: u16 = 18;

/// Columns of an entry of the legend.
const LEGEND: u16 = 40;

const TITLE: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const STRUCK: Style = Style::new().strikethrough();

/// The text, with a last line feed.
///
/// The error is that of a report that does not survive its own JSON (see
/// [`super::escape::shown`]).
pub fn render(report: &Report, options: &Options) -> Result<String, serde_json::Error> {
    let view = view::arrange(&super::escape::shown(report)?, options.language);
    let mut page = Page { text: String::new(), width: options.width.max(MIN_WIDTH), options };
    let words = options.language.words();
    page.head(&view, report);
    page.matrix(&view);
    page.section(words.findings);
    for finding in &view.findings {
        page.finding(finding);
    }
    if view.findings.is_empty() {
        page.line(&view.headline);
    }
    page.baseline(&view);
    page.ignored(&view);
    page.rhythms(&view);
    page.contacts(&view);
    page.beside(&view);
    page.claims(&view);
    page.declared(&view);
    page.advice(&view);
    page.coverage(&view);
    Ok(page.text)
}

struct Page<'a> {
    text: String,
    width: u16,
    options: &'a Options,
}

impl Page<'_> {
    fn styled(&self, style: Style, text: &str) -> String {
        if self.options.color { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    fn line(&mut self, text: &str) {
        self.rows(&[("", text.to_owned())], 0);
    }

    fn section(&mut self, title: &str) {
        let title = self.styled(TITLE, title);
        self.text.push_str(&format!("\n{title}\n"));
    }

    /// Labels and wrapped text beside them.
    fn rows(&mut self, rows: &[(&str, String)], indent: u16) {
        let mut table = Table::new();
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(self.width - indent);
        let labelled = rows.iter().any(|(label, _)| !label.is_empty());
        // A column is left free at the right.
        let room = self.width.saturating_sub(indent + if labelled { LABEL } else { 0 } + 1);
        for (label, text) in rows {
            let text = wrap(text, room.into());
            if labelled {
                table.add_row([(*label).to_owned(), text]);
            } else {
                table.add_row([text]);
            }
        }
        for (index, column) in table.column_iter_mut().enumerate() {
            column.set_padding((0, 1));
            if labelled && index == 0 {
                let width = comfy_table::Width::Fixed(LABEL);
                column.set_constraint(comfy_table::ColumnConstraint::Absolute(width));
            }
        }
        self.push_table(&table, indent);
    }

    fn push_table(&mut self, table: &Table, indent: u16) {
        for line in table.lines() {
            self.text.push_str(&" ".repeat(indent.into()));
            self.text.push_str(line.trim_end());
            self.text.push('\n');
        }
    }

    fn head(&mut self, view: &View, report: &Report) {
        let words = self.options.language.words();
        let title = self.styled(TITLE, &format!("wirewitness {} · {}", report.tool.version, words.title));
        self.text.push_str(&title);
        self.text.push('\n');
        let mut rows = vec![(words.app, view.app.clone()), (words.policy, view.policy.clone())];
        rows.push((words.inputs, view.inputs.join(", ")));
        self.rows(&rows, 0);
        let counts: Vec<String> = view
            .counts
            .iter()
            .map(|(id, word, count)| self.styled(severity_style(id), &format!("{word} {count}")))
            .collect();
        self.text.push('\n');
        self.line(&view.headline);
        if !counts.is_empty() {
            self.text.push_str(&counts.join(" · "));
            self.text.push('\n');
        }
    }

    /// In blocks of as many data types as fit beside the recipient.
    fn matrix(&mut self, view: &View) {
        let words = self.options.language.words();
        self.section(words.matrix);
        if view.matrix.rows.is_empty() {
            self.line(words.matrix_empty);
            return;
        }
        let columns = view.matrix.columns.len();
        let all = self.matrix_block(view, 0..columns);
        // Padding included; comfy-table measures as a terminal shows.
        let widths: Vec<u16> = all.column_max_content_widths().iter().map(|w| (w + 2).min(MATRIX_TYPE)).collect();
        let mut start = 0;
        while start < columns {
            let mut room = self.width - MATRIX_RECIPIENT;
            let fits = |width: &&u16| {
                let left = room.checked_sub(**width);
                room = left.unwrap_or(0);
                left.is_some()
            };
            // The first column of `widths` is the recipient's.
            let fitting = widths.iter().skip(start + 1).take_while(fits).count().max(1);
            let table = self.matrix_block(view, start..(start + fitting).min(columns));
            let text = table.lines().map(|line| line.trim_end().to_owned() + "\n").collect::<String>();
            let text = self.colour_cells(text, view);
            self.text.push_str(&text);
            start += fitting;
        }
        let entries: Vec<String> = words.matrix_legend.split("   ").map(str::to_owned).collect();
        let mut legend = Table::new();
        legend.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
        legend.set_width(self.width);
        for chunk in entries.chunks(usize::from(self.width / LEGEND).max(1)) {
            legend.add_row(chunk.to_vec());
        }
        self.push_table(&legend, 0);
    }

    fn matrix_block(&self, view: &View, columns: std::ops::Range<usize>) -> Table {
        let words = self.options.language.words();
        let mut table = self.table();
        let mut header = vec![words.recipient.to_owned()];
        header.extend(view.matrix.columns.iter().skip(columns.start).take(columns.len()).cloned());
        table.set_header(header);
        for row in &view.matrix.rows {
            let cells = row.cells.iter().skip(columns.start).take(columns.len());
            let cells: Vec<String> = cells
                .map(|cell| match cell {
                    Some(cell) => {
                        let mut lines = vec![format!("{} {}", cell.symbol, cell.words)];
                        lines.extend(cell.conduct.iter().cloned());
                        lines.join("\n")
                    }
                    None => String::new(),
                })
                .collect();
            if cells.iter().all(String::is_empty) {
                continue;
            }
            let mut line = vec![format!("{}\n{}", row.recipient, row.role)];
            line.extend(cells);
            table.add_row(line);
        }
        for (index, column) in table.column_iter_mut().enumerate() {
            let width = if index == 0 { MATRIX_RECIPIENT } else { MATRIX_TYPE };
            let bound = comfy_table::Width::Fixed(width);
            column.set_constraint(comfy_table::ColumnConstraint::UpperBoundary(bound));
        }
        table
    }

    /// Styles the cells after the columns were measured, so that styles do not count.
    fn colour_cells(&self, mut text: String, view: &View) -> String {
        if !self.options.color {
            return text;
        }
        let mut done = Vec::new();
        for cell in view.matrix.rows.iter().flat_map(|row| &row.cells).flatten() {
            let said = format!("{} {}", cell.symbol, cell.words);
            if !done.contains(&said) {
                text = text.replace(&said, &self.styled(verdict_style(&cell.verdict), &said));
                done.push(said);
            }
        }
        text
    }

    fn finding(&mut self, finding: &Finding) {
        let language = self.options.language;
        let words = language.words();
        let mut tags = vec![finding.certainty.as_str(), &finding.phase];
        tags.extend(Some(finding.baseline_words.as_str()).filter(|words| !words.is_empty()));
        let tags = language.aside(&tags.join(language.comma()));
        let severity = finding.severity_words.to_uppercase();
        let line = if finding.ignored.is_some() {
            // Struck out for eyes and for a file alike.
            self.styled(STRUCK, &format!("~~{severity}  {}~~", finding.code))
        } else {
            let badge = self.styled(severity_style(&finding.severity), &severity);
            format!("{badge}  {}", self.styled(TITLE, &finding.code))
        };
        self.text.push_str(&format!("\n{line}{}{tags}\n", language.pick("", " ")));
        self.rows(&[("", finding.message.clone())], 2);
        let mut rows: Vec<(&str, String)> = Vec::new();
        rows.extend(finding.ignored.iter().map(|ignored| (words.ignored, ignored.clone())));
        for quote in &finding.policy {
            rows.push((
                words.policy_says,
                format!("{}{}“{}”", quote.place, self.options.language.colon(), quote.words),
            ));
        }
        if finding.policy.is_empty() {
            rows.push((words.policy_says, finding.silent.clone()));
        }
        for evidence in &finding.evidence {
            rows.extend(evidence_rows(evidence, self.options.language));
        }
        if finding.more > 0 {
            rows.push(("", finding.more_words.clone()));
        }
        if !finding.clauses.is_empty() {
            let mut ids: Vec<&str> = finding.clauses.iter().map(|clause| clause.id.as_str()).collect();
            if !finding.more_clauses.is_empty() {
                ids.push(&finding.more_clauses_words);
            }
            rows.push((words.clauses, ids.join(", ")));
        }
        rows.push((words.severity_steps, finding.severity_steps.clone()));
        rows.push((words.fingerprint, finding.fingerprint.clone()));
        rows.extend(finding.ignore_command.iter().map(|command| (words.ignore_how, command.clone())));
        self.rows(&rows, 2);
    }

    fn baseline(&mut self, view: &View) {
        let words = self.options.language.words();
        let Some(baseline) = &view.baseline else { return };
        self.section(words.baseline);
        self.line(&baseline.of);
        self.line(&baseline.counts);
        for absent in &baseline.absent {
            self.rows(&[(words.baseline_absent, absent.clone())], 2);
        }
        if let Some(covered) = &baseline.covered {
            self.line(covered);
        }
    }

    fn ignored(&mut self, view: &View) {
        let words = self.options.language.words();
        let Some(ignored) = &view.ignored else { return };
        self.section(words.ignored);
        for line in &ignored.lines {
            let style = if line.state == "active" { DIM } else { severity_style("medium") };
            let state = self.styled(style, &line.state_words);
            self.text.push_str(&format!("{} — {state}\n", line.place));
            let rows = [line.matcher.clone(), line.reason.clone(), line.reaches.clone()];
            self.rows(&rows.map(|row| ("", row)), 2);
        }
        self.line(&ignored.today);
    }

    fn rhythms(&mut self, view: &View) {
        if view.rhythms.is_empty() {
            return;
        }
        let words = self.options.language.words();
        self.section(words.rhythm);
        let mut table = self.table();
        let columns = [words.recipient, words.data_types, words.phase, words.scenario, words.messages, words.interval];
        table.set_header(columns.into_iter().chain([words.sent, words.verdict]));
        for row in &view.rhythms {
            let cells = [&row.recipient, &row.data_type, &row.phase, &row.scenario].map(Clone::clone);
            let numbers = [row.messages.to_string(), row.interval.clone(), row.sent.to_string(), row.verdict.clone()];
            table.add_row(cells.into_iter().chain(numbers));
        }
        self.push_table(&table, 0);
    }

    fn beside(&mut self, view: &View) {
        if view.beside.is_empty() {
            return;
        }
        self.section(self.options.language.words().beside);
        let rows: Vec<(&str, String)> = view.beside.iter().map(|line| ("", line.clone())).collect();
        self.rows(&rows, 0);
    }

    fn table(&self) -> Table {
        let mut table = Table::new();
        table.load_style(presets::UTF8_HORIZONTAL_ONLY).set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(self.width);
        table
    }

    fn contacts(&mut self, view: &View) {
        let words = self.options.language.words();
        self.section(words.contacts);
        if view.contacts.is_empty() {
            self.line(words.coverage_nothing);
        } else {
            self.contact_table(&view.contacts);
        }
        for (why, contacts) in &view.apart {
            self.section(words.apart);
            self.line(why);
            self.contact_table(contacts);
        }
    }

    fn contact_table(&mut self, contacts: &[Contact]) {
        let words = self.options.language.words();
        let mut table = self.table();
        table.set_header([words.recipient, words.messages, words.phase, words.judged]);
        for contact in contacts {
            let mut messages = vec![format!("{} {}", words.messages_read, contact.read)];
            if contact.sealed > 0 {
                messages.push(format!("{} {}", words.sealed, contact.sealed));
            }
            if !contact.closed.is_empty() {
                messages.push(contact.closed.clone());
            }
            // A heading elsewhere; here it stands inside a line.
            messages.push(format!("{} {}", words.sent.to_lowercase(), contact.sent));
            let mut names = vec![contact.recipient.clone(), contact.hosts.clone()];
            names.extend((!contact.networks.is_empty()).then(|| contact.networks.clone()));
            names.extend(contact.remarks.iter().cloned());
            table.add_row([names.join("\n"), messages.join("\n"), contact.phases.clone(), contact.findings.clone()]);
        }
        // Codes stay whole, so that they can be searched for.
        let codes = contacts.iter().flat_map(|contact| contact.findings.split(", ")).map(str::len).max().unwrap_or(0);
        if let Some(column) = table.column_mut(3) {
            let width = comfy_table::Width::Fixed(u16::try_from(codes).unwrap_or(u16::MAX).min(CODE).saturating_add(3));
            column.set_constraint(comfy_table::ColumnConstraint::LowerBoundary(width));
        }
        self.push_table(&table, 0);
    }

    fn claims(&mut self, view: &View) {
        let words = self.options.language.words();
        self.section(words.claims);
        if view.claims.is_empty() {
            self.line(words.claims_none);
        }
        for claim in &view.claims {
            let state = match claim.state.as_str() {
                "broken" => self.styled(severity_style("high"), &claim.state_words),
                _ => claim.state_words.clone(),
            };
            self.text.push_str(&format!("{} — {state}\n", claim.claim));
            let mut rows = vec![("", claim.reason.clone())];
            rows.extend(
                claim
                    .quotes
                    .iter()
                    .map(|quote| ("", format!("{}{}“{}”", quote.place, self.options.language.colon(), quote.words))),
            );
            if !claim.findings.is_empty() {
                rows.push(("", claim.findings.join(", ")));
            }
            self.rows(&rows, 2);
        }
    }

    fn declared(&mut self, view: &View) {
        let words = self.options.language.words();
        self.section(words.declared);
        if view.declared.is_empty() {
            self.line(view.declared_none);
            return;
        }
        for group in &view.declared {
            let place = self.options.language.aside(&group.place);
            self.text.push_str(&format!("{}{place}\n", group.party));
            let rows: Vec<(&str, String)> =
                group.states.iter().map(|(state, types)| ("", format!("{state} — {types}"))).collect();
            self.rows(&rows, 2);
        }
    }

    fn advice(&mut self, view: &View) {
        if view.advice.is_empty() {
            return;
        }
        self.section(self.options.language.words().advice);
        for (index, advice) in view.advice.iter().enumerate() {
            self.line(&format!("{}. {advice}", index + 1));
        }
    }

    fn coverage(&mut self, view: &View) {
        let words = self.options.language.words();
        self.section(words.coverage);
        let language = self.options.language;
        let colon = language.colon();
        let mut rows: Vec<(&str, String)> = Vec::new();
        rows.extend(view.coverage.lines.iter().map(|line| ("", line.clone())));
        if !view.coverage.closed.is_empty() {
            let closed: Vec<String> = view.coverage.closed.iter().map(|(why, n)| format!("{why} {n}")).collect();
            rows.push(("", format!("{}{colon}{}", words.coverage_closed, closed.join(language.comma()))));
        }
        rows.extend(view.coverage.sealed.iter().map(|line| ("", format!("{}{colon}{line}", words.sealed_payloads))));
        rows.extend(view.coverage.withheld.iter().map(|line| ("", format!("{}{colon}{line}", words.withheld))));
        if view.coverage.gaps.is_empty() {
            rows.push(("", words.gaps_none.to_owned()));
        }
        for (reason, at, detail) in &view.coverage.gaps {
            rows.push(("", format!("{}{colon}{reason}{}{colon}{detail}", words.gaps, language.aside(at))));
        }
        rows.extend(view.coverage.not_checked.iter().map(|line| ("", format!("{}{colon}{line}", words.not_checked))));
        self.rows(&rows, 0);
        self.text.push('\n');
        let from = self.text.len();
        self.line(&view.headline);
        let wrapped = self.text.split_off(from);
        for line in wrapped.lines() {
            let line = self.styled(TITLE, line);
            self.text.push_str(&line);
            self.text.push('\n');
        }
    }
}

fn evidence_rows(evidence: &Evidence, language: Language) -> Vec<(&'static str, String)> {
    let words = language.words();
    let mut rows = Vec::new();
    if !evidence.request.is_empty() {
        rows.push((words.request, evidence.request.clone()));
        rows.push((words.value, format!("{} · {} · {}", evidence.value, evidence.form, evidence.times)));
        rows.push((words.steps, evidence.steps.clone()));
    }
    rows.push((words.place, evidence.place.clone()));
    rows.extend(evidence.filter.iter().map(|filter| (words.filter, filter.clone())));
    rows
}

fn severity_style(severity: &str) -> Style {
    match severity {
        "critical" => AnsiColor::Red.on_default().bold().invert(),
        "high" => AnsiColor::Red.on_default().bold(),
        "medium" => AnsiColor::Yellow.on_default().bold(),
        "low" => AnsiColor::Cyan.on_default(),
        _ => DIM,
    }
}

fn verdict_style(verdict: &str) -> Style {
    match verdict {
        "clear" => AnsiColor::Green.on_default(),
        "vague" => AnsiColor::Yellow.on_default(),
        "omitted" | "incorrect" => AnsiColor::Red.on_default(),
        "ambiguous" => AnsiColor::Magenta.on_default(),
        _ => DIM,
    }
}
