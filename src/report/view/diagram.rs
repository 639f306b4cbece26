//! Where data goes: app, product, company, country, as boxes and lines.
//!
//! The table of recipients says the same in words. Long sessions are drawn in parts, each
//! small enough for one sheet of paper.

use std::collections::BTreeSet;

use super::shape::fit;
use super::worst::worst;
use super::{Index, recipient_name};
use crate::audit::Report;
use crate::observations::{Contact, Role};
use crate::report::language::{Language, fill};

/// Recipients of one part.
const PART: usize = 40;
/// Parts that are drawn; more recipients stand in the table only.
const PARTS: usize = 12;
/// Pixels of a row, and above the first.
const ROW: u32 = 28;
const TOP: u32 = 34;
/// Left edge and width of each column.
const COLUMNS: [(u32, u32); 4] = [(4, 160), (216, 300), (572, 300), (924, 172)];
/// All of it.
pub const WIDTH: u32 = 1100;

/// The drawing.
pub struct Diagram {
    /// One below the other.
    pub parts: Vec<DiagramPart>,
    /// What is said of recipients that are not drawn; empty where all are.
    pub more: String,
}

/// As much as fits on a sheet.
pub struct DiagramPart {
    /// Pixels.
    pub height: u32,
    /// Boxes.
    pub nodes: Vec<Node>,
    /// Lines.
    pub links: Vec<Link>,
}

/// A box.
pub struct Node {
    /// Left edge.
    pub x: u32,
    /// Upper edge.
    pub y: u32,
    /// Pixels.
    pub width: u32,
    /// As much of the name as fits.
    pub text: String,
    /// The name.
    pub name: String,
}

/// A line from one box to the next.
pub struct Link {
    /// In the syntax of SVG 1.1 §8.3.
    pub path: String,
    /// Gravest verdict on what goes along it.
    pub verdict: String,
}

/// A recipient with what it is sorted by.
struct Row {
    country: String,
    company: String,
    name: String,
    verdict: String,
}

/// Draws all recipients that were contacted by the app.
pub fn diagram(report: &Report, index: &Index<'_>, language: Language) -> Diagram {
    let words = language.words();
    let drawn = |contact: &&Contact| {
        let role = report.recipients.get(&contact.recipient).map(|recipient| recipient.role);
        !contact.noise && role.is_some_and(|role| role != Role::OtherApp)
    };
    let contacts: Vec<&Contact> = report.contacts.iter().filter(drawn).collect();
    let mut seen = BTreeSet::new();
    let mut rows: Vec<Row> = contacts
        .iter()
        .filter(|contact| seen.insert(&contact.recipient))
        .map(|contact| row(contact, &contacts, report, index, language))
        .collect();
    rows.sort_by(|a, b| {
        let unknown = |row: &Row| row.country == words.app_unknown;
        (unknown(a), &a.country, &a.company, &a.name).cmp(&(unknown(b), &b.country, &b.company, &b.name))
    });
    let app = super::app(report, language);
    let parts: Vec<DiagramPart> = rows.chunks(PART).take(PARTS).map(|rows| part(rows, &app)).collect();
    let left = rows.len().saturating_sub(PART * PARTS);
    Diagram { parts, more: if left > 0 { fill(words.diagram_more, &[&left]) } else { String::new() } }
}

fn row(contact: &Contact, all: &[&Contact], report: &Report, index: &Index<'_>, language: Language) -> Row {
    let words = language.words();
    let recipient = report.recipients.get(&contact.recipient);
    let company = recipient.and_then(|r| report.companies.get(r.company.as_ref()?));
    let own = recipient.is_some_and(|r| r.role == Role::FirstParty);
    let of_company = match (company, &report.session.owner) {
        (Some(company), _) => language.pick(&company.zh, &company.en).to_owned(),
        (None, Some(owner)) if own => owner.clone(),
        _ => words.app_unknown.to_owned(),
    };
    // Where its addresses are registered, by a file that the user gave, is nearer to the
    // traffic than where its company has its seat.
    let same = all.iter().filter(|other| other.recipient == contact.recipient);
    let countries: BTreeSet<&str> =
        same.flat_map(|contact| &contact.networks).filter_map(|network| network.country.as_deref()).collect();
    let country = if !countries.is_empty() {
        fill(words.country_of_address, &[&countries.into_iter().collect::<Vec<_>>().join(", ")])
    } else if let Some(seat) = company.and_then(|company| company.country.as_ref()) {
        fill(words.country_of_seat, &[seat])
    } else {
        words.app_unknown.to_owned()
    };
    let mut flows = index.flows(&contact.recipient).peekable();
    let verdict = match flows.peek() {
        None if contact.messages == 0 => "unread".to_owned(),
        _ => worst(flows),
    };
    Row { country, company: of_company, name: recipient_name(report, &contact.recipient, language), verdict }
}

fn part(rows: &[Row], app: &str) -> DiagramPart {
    let mut drawing = DiagramPart { height: TOP, nodes: Vec::new(), links: Vec::new() };
    let middle = |first: usize, last: usize| TOP + u32::try_from((first + last) * ROW as usize / 2).unwrap_or(0);
    let last = rows.len().saturating_sub(1);
    drawing.height += u32::try_from(rows.len()).unwrap_or(0) * ROW + 4;
    let at_app = middle(0, last);
    drawing.node(0, at_app, app);
    for (at, row) in rows.iter().enumerate() {
        drawing.node(1, middle(at, at), &row.name);
        drawing.link(0, at_app, middle(at, at), &row.verdict);
    }
    for company in runs(rows, |row| (&row.country, &row.company)) {
        let (first, last) = company;
        let Some(row) = rows.get(first) else { continue };
        drawing.node(2, middle(first, last), &row.company);
        for at in first..=last {
            if let Some(row) = rows.get(at) {
                drawing.link(1, middle(at, at), middle(first, last), &row.verdict);
            }
        }
    }
    for (first, last) in runs(rows, |row| &row.country) {
        let Some(row) = rows.get(first) else { continue };
        drawing.node(3, middle(first, last), &row.country);
        let inside = rows.get(first..=last).unwrap_or_default();
        for (from, to) in runs(inside, |row| &row.company) {
            if let Some(row) = inside.get(from) {
                drawing.link(2, middle(first + from, first + to), middle(first, last), &row.verdict);
            }
        }
    }
    drawing
}

/// First and last of rows that follow each other with the same key.
fn runs<'a, K: PartialEq>(rows: &'a [Row], key: impl Fn(&'a Row) -> K) -> Vec<(usize, usize)> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        match runs.last_mut() {
            Some((first, last)) if rows.get(*first).is_some_and(|begun| key(begun) == key(row)) => *last = at,
            _ => runs.push((at, at)),
        }
    }
    runs
}

impl DiagramPart {
    fn node(&mut self, column: usize, y: u32, name: &str) {
        let Some((x, width)) = COLUMNS.get(column).copied() else { return };
        self.nodes.push(Node { x, y, width, text: fit(name, width - 14), name: name.to_owned() });
    }

    /// From the right edge of a column to the left edge of the next.
    fn link(&mut self, column: usize, from: u32, to: u32, verdict: &str) {
        let (Some((x, width)), Some((end, _))) = (COLUMNS.get(column), COLUMNS.get(column + 1)) else { return };
        let begin = x + width;
        let bend = u32::midpoint(begin, *end);
        // Boxes are 22 pixels high: a line meets the middle of each.
        let (from, to) = (from + 11, to + 11);
        self.links.push(Link {
            path: format!("M{begin} {from}C{bend} {from} {bend} {to} {end} {to}"),
            verdict: verdict.to_owned(),
        });
    }
}
