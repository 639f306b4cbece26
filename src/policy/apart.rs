//! Rows and blocks that name several third parties at once: `合作方名称：优量汇、快手联盟、Sigmob`.

use super::entry::Entry;
use super::lexicon::{Column, Lexicon};
use super::listed;
use super::names::Names;
use super::prose::names_nobody;

/// Longest member of an enumeration of names, in characters.
const LONGEST_MEMBER: usize = 24;

/// The entry, once for each name where it enumerates those of several companies. Several products
/// of one company (`U-App、U-Push`) stay one row.
pub fn each(entry: Entry, lexicon: &Lexicon, names: &Names<'_>) -> Vec<Entry> {
    let alone =
        [Column::Product, Column::Party, Column::Company].into_iter().filter(|column| entry.has(*column)).count() == 1;
    let listed = entry.values.iter().enumerate().find_map(|(at, (column, words))| {
        let firms = matches!(column, Column::Party | Column::Company);
        let who = firms || *column == Column::Product;
        let members = || members(words, firms, lexicon, names).or_else(|| listed::names_in(words, lexicon, names));
        who.then(|| members().map(|members| (at, members))).flatten()
    });
    let Some((at, members)) = listed.filter(|_| alone) else { return vec![entry] };
    let one = |name: String| {
        let mut entry = entry.clone();
        if let Some((_, words)) = entry.values.get_mut(at) {
            *words = name;
        }
        entry
    };
    members.into_iter().map(one).collect()
}

/// The names that words enumerate, where two of them are known and belong to different companies; or
/// where they are companies by what stands before them, one is known, and no other is of the same.
fn members(words: &str, firms: bool, lexicon: &Lexicon, names: &Names<'_>) -> Option<Vec<String>> {
    let words = words.trim();
    // Lines of a cell, each a name.
    let lines = words.contains('\n') && words.lines().all(|line| names.is_known(line.trim()));
    if names.is_known(words) || words.contains(['(', '（']) || words.contains('\n') && !lines {
        return None;
    }
    let members: Vec<&str> = words.trim_end_matches('等').split(['、', '\n']).map(str::trim).collect();
    let short = |name: &&str| !name.is_empty() && name.chars().count() <= LONGEST_MEMBER;
    let company = |name: &&str| {
        let resolved = names.products(lexicon, name, "", "", &[]).into_iter().next()?;
        names.signatures().company_of(&resolved.product).map(|company| company.id.clone())
    };
    let mut companies: Vec<String> = members.iter().filter_map(company).collect();
    let firms = firms && companies.len() == 1 && !members.iter().any(|name| names_nobody(name, lexicon, names));
    companies.sort_unstable();
    companies.dedup();
    (members.len() > 1 && members.iter().all(short) && (companies.len() > 1 || firms))
        .then(|| members.into_iter().map(str::to_owned).collect())
}
