//! What sentences and appendices say about third parties that are named elsewhere.

use std::collections::{BTreeSet, HashMap, VecDeque};

use super::block::Block;
use super::entry::{Entry, host, span};
use super::fold::{Folded, fold};
use super::lexicon::{Column, Lexicon};
use super::model::{DataItem, Denial, ThirdParty};
use super::names::Names;
use super::prose::{Reach, Statement, is_firm};
use super::spelling::stem;
use super::terms::Term;
use crate::evidence::Span;

/// Gives third parties the addresses that an appendix lists for them. Where nothing
/// else declares any, the appendix does.
pub fn links(
    parties: &mut Vec<(usize, ThirdParty)>,
    links: &[(usize, String, String)],
    blocks: &[Block],
    lexicon: &Lexicon,
    names: &Names<'_>,
) {
    let declares = parties.is_empty();
    let mut waiting = Waiting::new(parties, lexicon);
    for (at, name, address) in links {
        let folded = Folded::new(name);
        let tail = lexicon.phrase("link-behind-a-name", &folded.text);
        let end = tail.map_or(name.len(), |(m, _)| folded.range(m.start(), m.end(), name).start);
        let bare = name.get(..end).unwrap_or_default().trim_end_matches(['的', ' ']);
        let bare = bare.trim_matches(['《', '》', '"', '“', '”']).trim();
        let products = names.products(lexicon, bare, "", "", &[]).into_iter().map(|r| r.product);
        let reached = waiting.first(parties, products, &stem(lexicon, bare));
        if let Some((_, party)) = reached.and_then(|at| parties.get_mut(at)) {
            party.link = Some(address.clone());
            party.domains.extend(host(address).filter(|h| !party.domains.contains(h)));
        } else if declares
            && (names.holds_known(bare) || fold(bare).contains("sdk"))
            && !bare.is_empty()
            && let Some(block) = blocks.get(*at)
        {
            let mut entry = Entry::default();
            entry.put(Column::Party, "", bare, &[]);
            entry.put(Column::Link, "", address, &[]);
            entry.spans.push(span(block.source, block.line, block.end_line, &block.text));
            parties.push((*at, entry.finish(lexicon, names)));
        }
    }
}

/// Rows that have no address yet, by their products and the stems of their names.
struct Waiting {
    by_product: HashMap<String, VecDeque<usize>>,
    by_stem: HashMap<String, VecDeque<usize>>,
}

impl Waiting {
    fn new(parties: &[(usize, ThirdParty)], lexicon: &Lexicon) -> Self {
        let mut waiting = Self { by_product: HashMap::new(), by_stem: HashMap::new() };
        for (at, (_, party)) in parties.iter().enumerate().filter(|(_, (_, p))| p.link.is_none()) {
            for resolved in &party.resolved {
                waiting.by_product.entry(resolved.product.clone()).or_default().push_back(at);
            }
            let name = party.product.as_deref().or(party.company.as_deref()).unwrap_or_default();
            waiting.by_stem.entry(stem(lexicon, name)).or_default().push_back(at);
        }
        waiting
    }

    /// The first row with one of the products or the stem that still has no address.
    fn first(
        &mut self,
        parties: &[(usize, ThirdParty)],
        products: impl Iterator<Item = String>,
        own: &str,
    ) -> Option<usize> {
        let first = |queue: &mut VecDeque<usize>| {
            while queue.front().is_some_and(|at| parties.get(*at).is_none_or(|(_, p)| p.link.is_some())) {
                queue.pop_front();
            }
            queue.front().copied()
        };
        let by_product = products.filter_map(|id| self.by_product.get_mut(&id).and_then(first)).min();
        let by_stem = self.by_stem.get_mut(own).filter(|_| own.chars().count() >= 2).and_then(first);
        by_product.into_iter().chain(by_stem).min()
    }
}

/// Rows that one sentence can apply to: a product may have one for each system and each list. If
/// there are more, only the first are taken, and a remark says so.
pub const MOST_ROWS: usize = 50;

/// Rows by what a sentence may call them.
#[derive(Default)]
struct Rows {
    by_stem: HashMap<String, Vec<usize>>,
    by_product: HashMap<String, Vec<usize>>,
    by_block: HashMap<usize, Vec<usize>>,
}

impl Rows {
    fn add(&mut self, at: usize, (block, party): &(usize, ThirdParty), lexicon: &Lexicon) {
        let name = party.product.as_deref().or(party.company.as_deref()).unwrap_or_default();
        self.by_stem.entry(stem(lexicon, name)).or_default().push(at);
        for resolved in &party.resolved {
            self.by_product.entry(resolved.product.clone()).or_default().push(at);
        }
        self.by_block.entry(*block).or_default().push(at);
    }
}

/// What became of the statements.
#[derive(Default)]
pub struct Attached {
    /// Sentences (block, offset) that were used.
    pub sentences: Vec<(usize, usize)>,
    /// Sentences about more rows than [`MOST_ROWS`].
    pub beyond: Vec<Span>,
    /// What is denied of every third party.
    pub of_all: Vec<Denial>,
    /// What such a sentence denies of the app as well.
    pub own: Vec<Denial>,
}

/// Brings statements to the third parties they are about; one that is about nobody
/// named elsewhere becomes a third party where it declares one.
pub fn statements(
    parties: &mut Vec<(usize, ThirdParty)>,
    statements: Vec<Statement>,
    lexicon: &Lexicon,
    names: &Names<'_>,
) -> Attached {
    let mut attached = Attached::default();
    let mut rows = Rows::default();
    for (at, placed) in parties.iter().enumerate() {
        rows.add(at, placed, lexicon);
    }
    let mut spread = MOST_SPREAD;
    // What is denied of somebody may stand before what declares it.
    let (denials, declarations): (Vec<_>, Vec<_>) =
        statements.into_iter().partition(|statement| statement.denies && !statement.declares);
    for statement in declarations.into_iter().chain(denials) {
        if statement.reach != Reach::Named {
            if !unnamed(parties, &statement, &mut spread, lexicon, names, &mut attached) {
                attached.beyond.push(statement.span.clone());
            }
            attached.sentences.extend(statement.place());
            continue;
        }
        let products: Vec<String> = statement
            .names
            .iter()
            .flat_map(|n| names.products(lexicon, n, "", statement.purpose.as_deref().unwrap_or_default(), &[]))
            .map(|r| r.product)
            .collect();
        let stems: Vec<String> = statement.names.iter().map(|n| stem(lexicon, n)).collect();
        // "We use A and B of C. C may collect …": the company of those that stand beside it.
        let company = match statement.names.as_slice() {
            [name] if !names.is_product(name) => names.companies(name),
            _ => Vec::new(),
        };
        let mut beyond = false;
        let mut with = |found: Option<&Vec<usize>>| {
            let found = found.map(Vec::as_slice).unwrap_or_default();
            beyond |= found.len() > MOST_ROWS;
            found.iter().take(MOST_ROWS).copied().collect::<Vec<_>>()
        };
        let mut same: BTreeSet<usize> = BTreeSet::new();
        for own in stems.iter().filter(|s| s.chars().count() >= 2) {
            // "Some Company Maps" is not "Some Company Analytics", though their stem is their maker's name.
            let kinds = |name: &str| -> BTreeSet<String> {
                lexicon.categories(name).into_iter().map(|found| found.id.to_owned()).collect()
            };
            let maker = own.is_ascii() && !names.companies(own).is_empty();
            let other = |(_, p): &(usize, ThirdParty)| {
                let called = kinds(p.product.as_deref().unwrap_or_default());
                let apart = |name: &String| !kinds(name).is_empty() && kinds(name).is_disjoint(&called);
                maker && !called.is_empty() && statement.names.iter().any(apart)
            };
            let rows = with(rows.by_stem.get(own)).into_iter();
            same.extend(rows.filter(|at| !parties.get(*at).is_some_and(other)));
        }
        for product in products.iter().filter(|_| statement.names.len() == 1) {
            same.extend(with(rows.by_product.get(product)));
        }
        if !company.is_empty() {
            let beside = with(rows.by_block.get(&statement.block)).into_iter();
            let is_of = |(_, p): &(usize, ThirdParty)| p.resolved_companies.iter().any(|c| company.contains(c));
            same.extend(beside.filter(|at| parties.get(*at).is_some_and(is_of)));
        }
        attached.beyond.extend(beyond.then(|| statement.span.clone()));
        let mut reached = false;
        for at in same {
            let Some((_, party)) = parties.get_mut(at) else { continue };
            reached = true;
            if statement.denies {
                add_denials(party, &statement);
            } else {
                add_data(party, &statement);
            }
        }
        if !reached && statement.declares {
            let name = statement.names.first().cloned().unwrap_or_default();
            let mut entry = Entry::default();
            // "Google may collect": a company that is no product.
            let company_only = !names.is_product(&name) && (is_firm(&name) || !names.companies(&name).is_empty());
            let column = if company_only { Column::Company } else { Column::Product };
            entry.put(column, "", &name, &[]);
            if let Some(company) = &statement.company {
                entry.put(Column::Company, "", company, &[]);
            }
            if let Some(purpose) = &statement.purpose {
                entry.put(Column::Purpose, "", purpose, &[]);
            }
            entry.spans.push(statement.span.clone());
            let mut party = entry.finish(lexicon, names);
            if statement.denies {
                add_denials(&mut party, &statement);
            } else {
                add_data(&mut party, &statement);
            }
            parties.push((statement.block, party));
            if let Some(placed) = parties.last() {
                rows.add(parties.len() - 1, placed, lexicon);
            }
            reached = true;
        }
        if reached {
            attached.sentences.extend(statement.place());
        }
    }
    attached
}

/// Denials that sentences like "the SDKs above do not …" may add in all: a hundred such sentences about
/// a list of five hundred rows.
pub const MOST_SPREAD: usize = 50_000;

/// A denial of all third parties, of those before it, of one kind of them, or of the app.
/// `false` where the rows are more than may be reached.
fn unnamed(
    parties: &mut [(usize, ThirdParty)],
    statement: &Statement,
    spread: &mut usize,
    lexicon: &Lexicon,
    names: &Names<'_>,
    attached: &mut Attached,
) -> bool {
    let denials = statement.terms.iter().map(|term| denial(statement, term));
    match &statement.reach {
        Reach::Named => {}
        Reach::App => attached.own.extend(denials),
        Reach::Anyone => attached.of_all.extend(denials),
        Reach::Above | Reach::Kind(_) => {
            for (block, party) in parties {
                let meant = match &statement.reach {
                    Reach::Kind(kinds) => is_of_kind(party, kinds, lexicon, names),
                    _ => *block <= statement.block,
                };
                if !meant {
                    continue;
                }
                let Some(left) = spread.checked_sub(1) else { return false };
                *spread = left;
                add_denials(party, statement);
            }
        }
    }
    true
}

/// The product does that, or the row says so.
fn is_of_kind(party: &ThirdParty, kinds: &[String], lexicon: &Lexicon, names: &Names<'_>) -> bool {
    let known = |id: &str| names.signatures().products.get(id).map(|p| p.categories.as_slice()).unwrap_or_default();
    let mut known = party.resolved.iter().take(1).flat_map(|r| known(&r.product));
    let words = [party.product.as_deref(), party.purpose.as_deref()];
    let said = |words: &str| lexicon.categories(&fold(words)).iter().any(|found| kinds.iter().any(|k| k == found.id));
    known.any(|category| kinds.contains(category)) || words.into_iter().flatten().any(said)
}

fn denial(statement: &Statement, term: &Term) -> Denial {
    Denial { data_type: term.data_type.clone(), conditional: term.conditional.clone(), span: statement.span.clone() }
}

fn add_denials(party: &mut ThirdParty, statement: &Statement) {
    for term in &statement.terms {
        deny(party, statement, term);
    }
    note_place(party, statement);
}

/// A denial counts once for each type of one sentence.
fn deny(party: &mut ThirdParty, statement: &Statement, term: &Term) {
    let denial = denial(statement, term);
    // That all is denied says nothing of a row whose data are known.
    let all = term.data_type == "*" && !party.data.is_empty();
    if !all && !party.denied.contains(&denial) {
        party.denied.push(denial);
    }
}

fn add_data(party: &mut ThirdParty, statement: &Statement) {
    let said_before = !party.data.is_empty();
    for term in &statement.terms {
        if !term.is_affirmed() {
            deny(party, statement, term);
            continue;
        }
        if !party.data.contains(&term.data_type) {
            party.data.push(term.data_type.clone());
        }
        party.data_items.push(DataItem {
            data_type: term.data_type.clone(),
            raw: term.raw.clone(),
            span: Span { quote: term.raw.clone(), ..statement.span.clone() },
        });
    }
    if !statement.terms.is_empty() {
        // What a sentence says is collected is no longer "none".
        party.denied.retain(|d| d.data_type != "*");
        if !said_before {
            party.data_raw = Some(statement.raw.clone());
            if let (Some(purpose), true) =
                (&statement.purpose, party.purpose.as_deref().is_none_or(|p| p.chars().count() > 12))
            {
                party.purpose = Some(purpose.clone());
            }
        }
    }
    note_place(party, statement);
}

fn note_place(party: &mut ThirdParty, statement: &Statement) {
    // The sentences come in the order of the text: the same one again is the last.
    let row = party.spans.first() == Some(&statement.span);
    if !row && party.spans.last() != Some(&statement.span) {
        party.spans.push(statement.span.clone());
        party.lines.push(statement.span.line);
    }
}
