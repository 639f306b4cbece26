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
            // A spreadsheet runs what begins so.
            if text.starts_with(['=', '+', '-', '@', '\'', '\t']) { format!("'{text}") } else { text.to_owned() }
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
        let line = record.position().map_or(0, |p| p.line() as usize);
        let cell = |column: &str| {
            let at = heads.iter().position(|h| h == column);
            let text = at.and_then(|at| record.get(at)).unwrap_or_default().trim();
            text.strip_prefix('\'')
                .filter(|t| t.starts_with(['=', '+', '-', '@', '\'', '\t']))
                .unwrap_or(text)
                .to_owned()
        };
        let some = |column: &str| Some(cell(column)).filter(|t| !t.is_empty());
        let list = |column: &str| -> Vec<String> {
            cell(column).split(';').map(|t| t.trim().to_owned()).filter(|t| !t.is_empty()).collect()
        };
        let own_line = cell("line").parse().unwrap_or_default();
        let source = policy.sources.iter().position(|s| s.name == cell("source")).unwrap_or_default();
        let span = Span { source: source as u32, line: own_line, end_line: own_line, quote: cell("quote") };
        match record.get(0).unwrap_or_default().trim() {
            "source" => {
                let words = list("words");
                let word = |at: usize| words.get(at).cloned().unwrap_or_default();
                policy.sources.push(Source {
                    name: cell("source"),
                    sha256: cell("sha256"),
                    format: word(0),
                    encoding: word(1),
                    tables: word(2).parse().unwrap_or_default(),
                    paragraphs: word(3).parse().unwrap_or_default(),
                    parts: Vec::new(),
                });
            }
            "part" => {
                if let Some(source) = policy.sources.get_mut(source) {
                    source.parts.push(Part { name: cell("words"), first_line: own_line });
                }
            }
            "third_party" => {
                let mut party = ThirdParty {
                    company: some("company"),
                    product: some("product"),
                    data: list("data"),
                    data_raw: some("words"),
                    purpose: some("purpose"),
                    scenario: some("scenario"),
                    method: some("method"),
                    permissions_raw: some("permissions"),
                    link: some("link"),
                    same_as: list("same_as"),
                    reading: some("reading"),
                    lines: vec![own_line],
                    ..ThirdParty::default()
                };
                let denial = |id| Denial { data_type: id, conditional: None, span: span.clone() };
                party.denied = list("denied").into_iter().map(denial).collect();
                let raw = party.data_raw.clone().unwrap_or_default();
                party.data_items = terms::read(lexicon, &raw)
                    .into_iter()
                    .filter(|t| t.is_affirmed() && party.data.contains(&t.data_type))
                    .map(|t| item(t.data_type, t.raw, &span))
                    .collect();
                party.domains = party.link.as_deref().and_then(host).into_iter().collect();
                party.spans.push(span);
                let read = party.reading.as_deref() == Some(corrected::digest(&party).as_str());
                corrected::correct(&mut party, lexicon, names);
                party.corrected = !read;
                policy.third_parties.push(party);
            }
            "recipient_kind" => policy.category_disclosures.push(CategoryDisclosure {
                category: cell("product"),
                categories: list("words"),
                examples: Vec::new(),
                data: list("data"),
                data_items: list("data").into_iter().map(|id| item(id.clone(), id, &span)).collect(),
                lines: vec![own_line],
                spans: vec![span],
            }),
            "collects" => {
                let words = cell("words");
                for id in list("data") {
                    policy.first_party_items.push(item(id, words.clone(), &span));
                }
            }
            kind @ ("does_not_collect" | "does_not_share") => {
                let denials = if kind == "does_not_share" {
                    &mut policy.third_party_denials
                } else {
                    &mut policy.first_party_denials
                };
                denials.extend(list("data").into_iter().map(|id| Denial {
                    data_type: id,
                    conditional: some("condition"),
                    span: span.clone(),
                }));
            }
            "claim" => {
                let words = cell("words");
                let value = serde_json::from_str(&words.to_lowercase())
                    .ok()
                    .filter(serde_json::Value::is_boolean)
                    .unwrap_or_else(|| words.clone().into());
                claims.insert(cell("data"), value);
                let quote = Quote { quote: span.quote, line: span.line, source: span.source };
                policy.claim_locations.entry(cell("data")).or_default().push(quote);
            }
            "" => {}
            other => return Err(broken(line, format!("the first cell is {other:?}, which is no kind of row"))),
        }
    }
    policy.claims =
        serde_json::from_value(claims.into()).map_err(|e| broken(0, format!("a claim cannot be read ({e})")))?;
    policy.third_party_count = policy.third_parties.len();
    policy.first_party_data = super::once(policy.first_party_items.iter().map(|i| &i.data_type));
    let denied = policy.first_party_denials.iter().filter(|d| d.conditional.is_none());
    policy.first_party_denied = super::once(denied.map(|d| &d.data_type));
    Ok(policy)
}

fn item(data_type: String, raw: String, span: &Span) -> DataItem {
    DataItem { data_type, span: Span { quote: raw.clone(), ..span.clone() }, raw }
}
