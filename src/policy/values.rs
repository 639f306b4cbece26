//! A policy as CSV: one row a third party and one each for what else it says, to be
//! corrected in a spreadsheet and given back.
//!
//! A row that a person did not touch keeps its place and its digest; one that does not
//! fit its digest was corrected, as in the JSON.

use super::corrected::{self, Problem};
use super::entry::host;
use super::lexicon::Lexicon;
use super::model::{CategoryDisclosure, DataItem, Denial, Part, Policy, Quote, Source, ThirdParty};
use super::names::Names;
use super::{once, terms};
use crate::evidence::Span;

/// The columns. The first two say that the file is one of ours.
const COLUMNS: [&str; 18] = [
    "wirewitness-policy/1",
    "company",
    "product",
    "data",
    "words",
    "condition",
    "purpose",
    "scenario",
    "method",
    "permissions",
    "link",
    "same_as",
    "denied",
    "source",
    "sha256",
    "line",
    "quote",
    "reading",
];
/// A spreadsheet runs what begins so, unless an apostrophe stands before it.
const RUN: [char; 6] = ['=', '+', '-', '@', '\'', '\t'];
/// Between ids and names in one cell.
const BETWEEN: &str = "; ";

/// The text is CSV of ours.
pub fn is_ours(text: &str) -> bool {
    let head = text.trim_start_matches('\u{feff}').lines().next().unwrap_or_default();
    head.trim_start_matches('"').starts_with(COLUMNS[0])
}

/// The policy as CSV, with a byte order mark so that spreadsheets read it as UTF-8.
pub fn write(policy: &Policy) -> String {
    let mut out = csv::Writer::from_writer(Vec::new());
    let mut put = |kind: &str, cells: &[(&str, String)]| {
        let cell = |column: &&str| {
            let text = cells.iter().find(|(c, _)| c == column).map(|(_, v)| v.as_str()).unwrap_or_default();
            if text.starts_with(RUN) { format!("'{text}") } else { text.to_owned() }
        };
        let row = std::iter::once(kind.to_owned()).chain(COLUMNS.iter().skip(1).map(cell));
        // A vector takes whatever is written.
        let _ = out.write_record(row);
    };
    let head: Vec<(&str, String)> = COLUMNS.iter().map(|c| (*c, (*c).to_owned())).collect();
    put(COLUMNS[0], &head);
    let place = |span: &Span| {
        let name = policy.sources.get(span.source as usize).map(|s| s.name.clone()).unwrap_or_default();
        [("source", name), ("line", span.line.to_string()), ("quote", span.quote.clone())]
    };
    for source in &policy.sources {
        let words = format!(
            "{}{BETWEEN}{}{BETWEEN}{}{BETWEEN}{}",
            source.format, source.encoding, source.tables, source.paragraphs
        );
        put("source", &[("source", source.name.clone()), ("sha256", source.sha256.clone()), ("words", words)]);
        for part in &source.parts {
            let line = part.first_line.to_string();
            put("part", &[("source", source.name.clone()), ("words", part.name.clone()), ("line", line)]);
        }
    }
    let or_empty = |text: &Option<String>| text.clone().unwrap_or_default();
    for party in &policy.third_parties {
        let denied = once(party.denied.iter().filter(|d| d.conditional.is_none()).map(|d| &d.data_type));
        let mut cells = vec![
            ("company", or_empty(&party.company)),
            ("product", or_empty(&party.product)),
            ("data", party.data.join(BETWEEN)),
            ("words", or_empty(&party.data_raw)),
            ("purpose", or_empty(&party.purpose)),
            ("scenario", or_empty(&party.scenario)),
            ("method", or_empty(&party.method)),
            ("permissions", or_empty(&party.permissions_raw)),
            ("link", or_empty(&party.link)),
            ("same_as", party.same_as.join(BETWEEN)),
            ("denied", denied.join(BETWEEN)),
            ("reading", or_empty(&party.reading)),
        ];
        cells.extend(party.spans.first().map(place).into_iter().flatten());
        put("third_party", &cells);
    }
    for kind in &policy.category_disclosures {
        let words = kind.categories.join(BETWEEN);
        let mut cells = vec![("product", kind.category.clone()), ("data", kind.data.join(BETWEEN)), ("words", words)];
        cells.extend(kind.spans.first().map(place).into_iter().flatten());
        put("recipient_kind", &cells);
    }
    for item in &policy.first_party_items {
        let mut cells = vec![("data", item.data_type.clone()), ("words", item.raw.clone())];
        cells.extend(place(&item.span));
        put("collects", &cells);
    }
    for (kind, denials) in
        [("does_not_collect", &policy.first_party_denials), ("does_not_share", &policy.third_party_denials)]
    {
        for denial in denials {
            let mut cells = vec![("data", denial.data_type.clone()), ("condition", or_empty(&denial.conditional))];
            cells.extend(place(&denial.span));
            put(kind, &cells);
        }
    }
    let claims = serde_json::to_value(&policy.claims).unwrap_or_default();
    for (key, value) in claims.as_object().into_iter().flatten().filter(|(_, v)| !v.is_null()) {
        let words = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let mut cells = vec![("data", key.clone()), ("words", words)];
        if let Some(quote) = policy.claim_locations.get(key).and_then(|q| q.first()) {
            let span =
                Span { source: quote.source, line: quote.line, end_line: quote.line, quote: quote.quote.clone() };
            cells.extend(place(&span));
        }
        put("claim", &cells);
    }
    let bytes = out.into_inner().unwrap_or_default();
    format!("\u{feff}{}", String::from_utf8_lossy(&bytes))
}

/// What stands after the first head: a spreadsheet writes semicolons where commas are
/// decimal points, and tabs as "Unicode text".
fn delimiter(text: &str) -> u8 {
    let behind = text.trim_start_matches('"').strip_prefix(COLUMNS[0]).unwrap_or_default();
    behind.trim_start_matches('"').bytes().next().filter(|mark| b";\t".contains(mark)).unwrap_or(b',')
}

/// Reads it.
pub fn read(text: &str, lexicon: &Lexicon, names: &Names<'_>) -> Result<Policy, Problem> {
    let text = text.trim_start_matches('\u{feff}');
    let mut reader = csv::ReaderBuilder::new().flexible(true).delimiter(delimiter(text)).from_reader(text.as_bytes());
    let broken = |line: usize, message: String| Problem { line, message };
    let heads = reader.headers().map_err(|e| broken(1, e.to_string()))?.clone();
    let mut policy = Policy { schema: corrected::SCHEMA.to_owned(), ..Policy::default() };
    let mut claims = serde_json::Map::new();
    for record in reader.records() {
        let record = record.map_err(|e| broken(e.position().map_or(0, |p| p.line() as usize), e.to_string()))?;
        let row = Row { heads: &heads, record: &record };
        let span = row.place(&policy);
        match record.get(0).unwrap_or_default().trim() {
            "source" => policy.sources.push(row.source()),
            "part" => {
                if let Some(source) = policy.sources.get_mut(span.source as usize) {
                    source.parts.push(Part { name: row.cell("words"), first_line: row.line() });
                }
            }
            "third_party" => policy.third_parties.push(row.third_party(span, lexicon, names)),
            "recipient_kind" => policy.category_disclosures.push(row.recipient_kind(span)),
            "collects" => {
                let words = row.cell("words");
                policy.first_party_items.extend(row.list("data").into_iter().map(|id| item(id, words.clone(), &span)));
            }
            "does_not_collect" => policy.first_party_denials.extend(row.denials("data", &span)),
            "does_not_share" => policy.third_party_denials.extend(row.denials("data", &span)),
            "claim" => {
                let Span { source, line, quote, .. } = span;
                claims.insert(row.cell("data"), row.claimed());
                policy.claim_locations.entry(row.cell("data")).or_default().push(Quote { quote, line, source });
            }
            "" => {}
            other => {
                let line = record.position().map_or(0, |p| p.line() as usize);
                return Err(broken(line, format!("the first cell is {other:?}, which is no kind of row")));
            }
        }
    }
    policy.claims =
        serde_json::from_value(claims.into()).map_err(|e| broken(0, format!("a claim cannot be read ({e})")))?;
    policy.third_party_count = policy.third_parties.len();
    policy.first_party_data = once(policy.first_party_items.iter().map(|i| &i.data_type));
    let denied = policy.first_party_denials.iter().filter(|d| d.conditional.is_none());
    policy.first_party_denied = once(denied.map(|d| &d.data_type));
    Ok(policy)
}

/// A row on its way in.
struct Row<'a> {
    heads: &'a csv::StringRecord,
    record: &'a csv::StringRecord,
}

impl Row<'_> {
    /// What stands in a column, without the apostrophe that keeps a spreadsheet from running it.
    fn cell(&self, column: &str) -> String {
        let at = self.heads.iter().position(|head| head == column);
        let text = at.and_then(|at| self.record.get(at)).unwrap_or_default().trim();
        text.strip_prefix('\'').filter(|bare| bare.starts_with(RUN)).unwrap_or(text).to_owned()
    }

    fn some(&self, column: &str) -> Option<String> {
        Some(self.cell(column)).filter(|text| !text.is_empty())
    }

    fn list(&self, column: &str) -> Vec<String> {
        self.cell(column).split(';').map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()).collect()
    }

    /// The line of the document, not of the table.
    fn line(&self) -> u32 {
        self.cell("line").parse().unwrap_or_default()
    }

    /// Where it stands in a document of `policy`.
    fn place(&self, policy: &Policy) -> Span {
        let name = self.cell("source");
        let source = policy.sources.iter().position(|source| source.name == name).unwrap_or_default();
        Span { source: source as u32, line: self.line(), end_line: self.line(), quote: self.cell("quote") }
    }

    fn source(&self) -> Source {
        let words = self.list("words");
        let word = |at: usize| words.get(at).cloned().unwrap_or_default();
        Source {
            name: self.cell("source"),
            sha256: self.cell("sha256"),
            format: word(0),
            encoding: word(1),
            tables: word(2).parse().unwrap_or_default(),
            paragraphs: word(3).parse().unwrap_or_default(),
            parts: Vec::new(),
        }
    }

    fn third_party(&self, span: Span, lexicon: &Lexicon, names: &Names<'_>) -> ThirdParty {
        let mut party = ThirdParty {
            company: self.some("company"),
            product: self.some("product"),
            data: self.list("data"),
            data_raw: self.some("words"),
            denied: self.denials("denied", &span).map(|denial| Denial { conditional: None, ..denial }).collect(),
            purpose: self.some("purpose"),
            scenario: self.some("scenario"),
            method: self.some("method"),
            permissions_raw: self.some("permissions"),
            link: self.some("link"),
            same_as: self.list("same_as"),
            reading: self.some("reading"),
            lines: vec![span.line],
            ..ThirdParty::default()
        };
        party.data_items = terms::read(lexicon, party.data_raw.as_deref().unwrap_or_default())
            .into_iter()
            .filter(|term| term.is_affirmed() && party.data.contains(&term.data_type))
            .map(|term| item(term.data_type, term.raw, &span))
            .collect();
        party.domains = party.link.as_deref().and_then(host).into_iter().collect();
        party.spans.push(span);
        let untouched = party.reading.as_deref() == Some(corrected::digest(&party).as_str());
        corrected::correct(&mut party, lexicon, names);
        party.corrected = !untouched;
        party
    }

    fn recipient_kind(&self, span: Span) -> CategoryDisclosure {
        CategoryDisclosure {
            category: self.cell("product"),
            categories: self.list("words"),
            examples: Vec::new(),
            data: self.list("data"),
            data_items: self.list("data").into_iter().map(|id| item(id.clone(), id, &span)).collect(),
            lines: vec![span.line],
            spans: vec![span],
        }
    }

    /// Denials of the data in `column`, on the row's condition.
    fn denials(&self, column: &str, span: &Span) -> impl Iterator<Item = Denial> {
        let (conditional, span) = (self.some("condition"), span.clone());
        let denial = move |data_type| Denial { data_type, conditional: conditional.clone(), span: span.clone() };
        self.list(column).into_iter().map(denial)
    }

    /// A promise is kept as a text or as yes and no; a spreadsheet writes `TRUE`.
    fn claimed(&self) -> serde_json::Value {
        let words = self.cell("words");
        let said = serde_json::from_str(&words.to_lowercase()).ok().filter(serde_json::Value::is_boolean);
        said.unwrap_or_else(|| words.into())
    }
}

fn item(data_type: String, raw: String, span: &Span) -> DataItem {
    DataItem { data_type, span: Span { quote: raw.clone(), ..span.clone() }, raw }
}
