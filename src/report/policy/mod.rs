//! A policy as it was read, arranged for a person who holds it against the document.
//!
//! Takes a [`Policy`] as data, hands on tables of words: every item with its place and
//! how sure its reading is. [`html`] and [`xlsx`](super::xlsx) put them on paper.

pub mod html;
mod words;

use words::Words;

use super::Language;
use super::escape::visible;
use super::language::fill;
use super::sheet::{Mark, Row, Sheet};
use crate::evidence::{Certainty, Span};
use crate::policy::{Claims, CrossBorder, Policy, Source, ThirdParty};
use crate::signatures::Signatures;

/// Everything about a policy.
pub struct View {
    /// How many third parties, what was looked at.
    pub headline: String,
    /// Items by kind; kinds without items are there and empty.
    pub sheets: Vec<Sheet>,
}

/// Arranges a policy.
pub fn arrange(policy: &Policy, signatures: &Signatures, language: Language) -> View {
    let arranger = Arranger { policy, signatures, language, words: language_words(language) };
    let tables: u32 = policy.sources.iter().map(|s| s.tables).sum();
    let paragraphs: u32 = policy.sources.iter().map(|s| s.paragraphs).sum();
    let doubtful = policy.third_parties.iter().filter(|p| p.doubtful).count();
    View {
        headline: fill(
            arranger.words.headline,
            &[&policy.third_parties.len(), &doubtful, &policy.remarks.len(), &tables, &paragraphs],
        ),
        sheets: vec![
            arranger.third_parties(),
            arranger.kinds(),
            arranger.own(),
            arranger.denials(),
            arranger.claims(),
            arranger.remarks(),
            arranger.sources(),
        ],
    }
}

fn language_words(language: Language) -> &'static Words {
    match language {
        Language::En => &words::EN,
        Language::Zh => &words::ZH,
    }
}

/// Where a line stands, in the terms of the document's format: `page 3, line 7`.
pub fn place(source: Option<&Source>, line: u32, language: Language) -> String {
    let words = language_words(language);
    let Some(source) = source else { return fill(words.line, &[&line]) };
    let part = source.parts.iter().rev().find(|part| part.first_line <= line);
    let within = part.map_or(line, |part| line.saturating_sub(part.first_line).saturating_add(1));
    match (source.format.as_str(), part) {
        ("pdf", Some(part)) => fill(words.page, &[&part.name, &within]),
        ("xlsx", Some(part)) => fill(words.sheet, &[&visible(&part.name), &within]),
        ("xlsx" | "csv", None) => fill(words.row, &[&line]),
        ("docx", _) => fill(words.paragraph, &[&line]),
        _ => fill(words.line, &[&line]),
    }
}

/// As [`place`], of all lines of a span.
pub fn places(source: Option<&Source>, span: &Span, language: Language) -> String {
    let by_lines = source.is_none_or(|s| s.parts.is_empty() && s.format != "docx");
    if by_lines && span.end_line > span.line {
        return fill(language_words(language).lines, &[&span.line, &span.end_line]);
    }
    place(source, span.line, language)
}

struct Arranger<'a> {
    policy: &'a Policy,
    signatures: &'a Signatures,
    language: Language,
    words: &'static Words,
}

impl Arranger<'_> {
    fn sheet(&self, id: &'static str, title: &'static str, heads: &[&'static str], rows: Vec<Row>) -> Sheet {
        Sheet { id, title: title.to_owned(), heads: heads.iter().map(ToString::to_string).collect(), rows }
    }

    fn place(&self, source: u32, line: u32) -> String {
        if line == 0 {
            return String::new();
        }
        let found = self.policy.sources.get(source as usize);
        let place = place(found, line, self.language);
        match found {
            Some(found) if self.policy.sources.len() > 1 => format!("{}: {place}", visible(&found.name)),
            _ => place,
        }
    }

    fn place_of(&self, span: Option<&Span>) -> String {
        span.map(|s| self.place(s.source, s.line)).unwrap_or_default()
    }

    fn types(&self, ids: &[String]) -> String {
        let zh = self.language == Language::Zh;
        let name = |id: &String| {
            if id == "*" {
                return self.words.anything.to_owned();
            }
            self.signatures.types.get(id).map_or_else(|| visible(id), |t| if zh { t.zh.clone() } else { t.en.clone() })
        };
        ids.iter().map(name).collect::<Vec<_>>().join(if zh { "、" } else { ", " })
    }

    fn resolved(&self, party: &ThirdParty) -> String {
        let zh = self.language == Language::Zh;
        let products = party.resolved.iter().map(|r| {
            let product = self.signatures.products.get(&r.product);
            let name = product.map_or(r.product.as_str(), |p| if zh { &p.zh } else { &p.en });
            if r.certainty == Certainty::Confirmed { name.to_owned() } else { format!("{name} ?") }
        });
        let mut names: Vec<String> = products.collect();
        if names.is_empty() {
            let companies = party.resolved_companies.iter();
            names = companies
                .map(|id| self.signatures.companies.get(id).map_or(id, |c| if zh { &c.zh } else { &c.en }).clone())
                .collect();
        }
        if names.is_empty() { self.words.unknown.to_owned() } else { names.join("\n") }
    }

    fn third_parties(&self) -> Sheet {
        let w = self.words;
        let or_empty = |text: &Option<String>| text.as_deref().map(visible).unwrap_or_default();
        let rows = self.policy.third_parties.iter().map(|party| {
            let mark = match () {
                () if party.corrected => Mark::Corrected,
                () if party.doubtful => Mark::Doubtful,
                () => Mark::Sure,
            };
            let mut product = or_empty(&party.product);
            for other in &party.same_as {
                product.push_str(&format!("\n= {}", visible(other)));
            }
            // A type may be denied in several sentences.
            let mut denied: Vec<String> = Vec::new();
            for denial in party.denied.iter().filter(|d| d.conditional.is_none()) {
                if !denied.contains(&denial.data_type) {
                    denied.push(denial.data_type.clone());
                }
            }
            Row::words(
                vec![
                    self.place_of(party.spans.first()),
                    self.word(mark).to_owned(),
                    product,
                    or_empty(&party.company),
                    self.resolved(party),
                    self.types(&party.data),
                    or_empty(&party.data_raw),
                    self.types(&denied),
                    or_empty(&party.purpose),
                    or_empty(&party.scenario),
                    or_empty(&party.method),
                    or_empty(&party.link),
                ],
                mark,
            )
        });
        let heads = [
            w.place, w.reading, w.product, w.company, w.known_as, w.data, w.words, w.denied, w.purpose, w.scenario,
            w.method, w.link,
        ];
        self.sheet("third-parties", w.third_parties, &heads, rows.collect())
    }

    fn word(&self, mark: Mark) -> &'static str {
        match mark {
            Mark::Sure => self.words.sure,
            Mark::Doubtful => self.words.doubtful,
            Mark::Corrected => self.words.corrected,
        }
    }

    fn kinds(&self) -> Sheet {
        let w = self.words;
        let kinds = self.policy.category_disclosures.iter().map(|kind| {
            let quote = kind.spans.first().map(|s| visible(&s.quote)).unwrap_or_default();
            vec![self.place_of(kind.spans.first()), visible(&kind.category), self.types(&kind.data), quote]
        });
        let all = self.policy.catch_all.iter().map(|all| {
            let quote = all.spans.first().map(|s| visible(&s.quote)).unwrap_or_default();
            vec![self.place_of(all.spans.first()), visible(&all.recipients), self.types(&all.data), quote]
        });
        let rows = kinds.chain(all).map(|cells| Row::words(cells, Mark::Sure));
        self.sheet("kinds", w.kinds, &[w.place, w.recipients, w.data, w.quote], rows.collect())
    }

    fn own(&self) -> Sheet {
        let w = self.words;
        let rows = self.policy.first_party_items.iter().map(|item| {
            let id = std::slice::from_ref(&item.data_type);
            let cells =
                vec![self.place_of(Some(&item.span)), self.types(id), visible(&item.raw), visible(&item.span.quote)];
            Row::words(cells, Mark::Sure)
        });
        self.sheet("own", w.own, &[w.place, w.data, w.words, w.quote], rows.collect())
    }

    fn denials(&self) -> Sheet {
        let w = self.words;
        let lists = [(&self.policy.first_party_denials, w.collects), (&self.policy.third_party_denials, w.shares)];
        let rows = lists.into_iter().flat_map(|(denials, what)| denials.iter().map(move |d| (d, what)));
        let rows = rows.map(|(denial, what)| {
            let cells = vec![
                self.place_of(Some(&denial.span)),
                what.to_owned(),
                self.types(std::slice::from_ref(&denial.data_type)),
                denial.conditional.as_deref().map(visible).unwrap_or_default(),
                visible(&denial.span.quote),
            ];
            Row::words(cells, Mark::Sure)
        });
        self.sheet("denials", w.denials, &[w.place, w.not_done, w.data, w.condition, w.quote], rows.collect())
    }

    fn claims(&self) -> Sheet {
        let w = self.words;
        let rows = self.said(&self.policy.claims).into_iter().map(|(key, claim, value)| {
            let quotes = self.policy.claim_locations.get(key);
            let first = quotes.and_then(|q| q.first());
            let cells = vec![
                first.map(|q| self.place(q.source, q.line)).unwrap_or_default(),
                claim.to_owned(),
                value,
                first.map(|q| visible(&q.quote)).unwrap_or_default(),
            ];
            Row::words(cells, Mark::Sure)
        });
        self.sheet("claims", w.claims, &[w.place, w.claim, w.said, w.quote], rows.collect())
    }

    fn said(&self, claims: &Claims) -> [(&'static str, &'static str, String); 4] {
        let w = self.words;
        let flag = |value: Option<bool>| match value {
            Some(true) => w.yes,
            Some(false) => w.no,
            None => w.silent,
        };
        let abroad = match claims.cross_border {
            Some(CrossBorder::No) => w.no,
            Some(CrossBorder::Conditional) => w.conditional,
            Some(CrossBorder::Yes) => w.yes,
            None => w.silent,
        };
        let country = claims.storage_country.as_deref().map_or_else(|| w.silent.to_owned(), visible);
        [
            ("storage_country", w.stored, country),
            ("transport_encryption", w.encrypted, flag(claims.transport_encryption).to_owned()),
            ("consent_before_collection", w.consent, flag(claims.consent_before_collection).to_owned()),
            ("cross_border", w.abroad, abroad.to_owned()),
        ]
    }

    fn remarks(&self) -> Sheet {
        let w = self.words;
        let rows = self.policy.remarks.iter().map(|remark| {
            let places: Vec<String> = remark.spans.iter().map(|s| self.place_of(Some(s))).collect();
            let cells = vec![
                places.join("\n"),
                remark.code.clone(),
                visible(self.language.told(&remark.message, &remark.message_zh)),
            ];
            Row::words(cells, Mark::Doubtful)
        });
        self.sheet("remarks", w.remarks, &[w.place, w.code, w.remark], rows.collect())
    }

    fn sources(&self) -> Sheet {
        let w = self.words;
        let rows = self.policy.sources.iter().map(|source| {
            Row::words(
                vec![
                    visible(&source.name),
                    source.format.clone(),
                    source.encoding.clone(),
                    source.tables.to_string(),
                    source.paragraphs.to_string(),
                    source.sha256.clone(),
                ],
                Mark::Sure,
            )
        });
        let heads = [w.name, w.format, w.encoding, w.tables, w.paragraphs, "SHA-256"];
        self.sheet("sources", w.sources, &heads, rows.collect())
    }
}
