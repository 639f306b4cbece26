//! What sentences and appendices say about third parties that are named elsewhere.

use super::block::Block;
use super::entry::{Entry, host, span};
use super::fold::fold;
use super::lexicon::{Column, Lexicon};
use super::model::{DataItem, Denial, ThirdParty};
use super::names::{Names, stem};
use super::prose::Statement;
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
    for (at, name, address) in links {
        let bare = [
            "隐私政策链接",
            "隐私政策",
            "隐私协议",
            "隐私声明",
            "隐私条款",
            "privacy policy",
            "Privacy Policy",
            "官网",
        ]
        .iter()
        .fold(name.as_str(), |n, end| n.strip_suffix(end).unwrap_or(n).trim_end_matches(['的', ' ']));
        let bare = bare.trim_matches(['《', '》', '"', '“', '”']).trim();
        let products: Vec<String> = names.products(lexicon, bare, "", "", &[]).into_iter().map(|r| r.product).collect();
        let own = stem(lexicon, bare);
        let reached = parties.iter_mut().find(|(_, p)| {
            let name = p.product.as_deref().or(p.company.as_deref()).unwrap_or_default();
            p.link.is_none()
                && (p.resolved.iter().any(|r| products.contains(&r.product))
                    || own.chars().count() >= 2 && stem(lexicon, name) == own)
        });
        if let Some((_, party)) = reached {
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

/// Brings statements to the third parties they are about; one that is about nobody
/// named elsewhere becomes a third party where it declares one. Returns the sentences
/// (block, offset) that were used.
pub fn statements(
    parties: &mut Vec<(usize, ThirdParty)>,
    statements: Vec<Statement>,
    lexicon: &Lexicon,
    names: &Names<'_>,
) -> Vec<(usize, usize)> {
    let mut taken = Vec::new();
    for statement in statements {
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
        let mut reached = false;
        for (at, party) in parties.iter_mut() {
            let name = party.product.clone().or_else(|| party.company.clone()).unwrap_or_default();
            let own = stem(lexicon, &name);
            let same_stem = stems.iter().any(|s| s.chars().count() >= 2 && *s == own);
            let same = same_stem
                || statement.names.len() == 1
                    && party.resolved.iter().any(|r| products.contains(&r.product))
                    && !party.resolved.is_empty()
                || *at == statement.block && party.resolved_companies.iter().any(|c| company.contains(c));
            if !same {
                continue;
            }
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
            let company_only = !names.is_product(&name) && !names.companies(&name).is_empty();
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
            add_data(&mut party, &statement);
            parties.push((statement.block, party));
            reached = true;
        }
        // A denial that speaks of somebody else is not the app's own, met or not.
        if reached || statement.denies {
            taken.push((statement.block, statement.sentence));
        }
    }
    taken
}

fn add_denials(party: &mut ThirdParty, statement: &Statement) {
    for term in &statement.terms {
        party.denied.push(Denial {
            data_type: term.data_type.clone(),
            conditional: term.conditional.clone(),
            span: statement.span.clone(),
        });
    }
    note_place(party, statement);
}

fn add_data(party: &mut ThirdParty, statement: &Statement) {
    let said_before = !party.data.is_empty();
    for term in &statement.terms {
        if term.denied {
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
    if !party.spans.contains(&statement.span) {
        party.spans.push(statement.span.clone());
        party.lines = party.spans.iter().map(|s| s.line).collect();
    }
}
