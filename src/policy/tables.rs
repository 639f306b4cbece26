//! Tables of third parties: columns of any order, by the words of their heads.
//!
//! A row of heads may stand anywhere, also twice; a row of one cell is a title. A
//! table that names nobody (permissions, business functions) is the app's own.

use super::block::{Block, Cell, Row};
use super::entry::{Entry, span, urls};
use super::fold::{Folded, fold, squeeze};
use super::lexicon::{Column, Lexicon, first_language};
use super::names::Names;
use super::prose::names_nobody;
use super::spelling::{before_and_inside, is_company};
use super::{labels, matrix, terms};

/// Cells longer than this are no heads.
const LONGEST_HEAD: usize = 30;
/// The same of cells in English, whose words take more letters.
const LONGEST_HEAD_ENGLISH: usize = 40;

/// What the blank corner of a turned table stands for, in both languages.
const CORNER: &str = "SDK";

/// Places of a table that is turned, to each cell of it: one that is far from even has no
/// columns, and would grow to its longest row times its rows.
const MOST_PLACES: usize = 2;

/// What a table says.
#[derive(Default)]
pub struct Found {
    /// Its third parties.
    pub entries: Vec<Entry>,
    /// Rows about data that name nobody: their data, permissions and purposes.
    pub own: Vec<Entry>,
}

/// Reads one table. `above` is the name of the third party in the heading over it, for a
/// table that names none itself.
pub fn read(block: &Block, above: Option<&str>, lexicon: &Lexicon, names: &Names<'_>) -> Found {
    let mut found = rows_of(block, lexicon, names);
    let Some(above) = above else { return found };
    let named = |entry: &Entry| entry.get(Column::Product).is_some() || entry.get(Column::Party).is_some();
    if !found.entries.iter().any(named) {
        for entry in &mut found.entries {
            entry.values.insert(0, (Column::Product, above.to_owned()));
        }
        let own = std::mem::take(&mut found.own);
        found.entries.extend(own.into_iter().map(|mut entry| {
            entry.values.insert(0, (Column::Product, above.to_owned()));
            entry
        }));
    }
    found
}

fn rows_of(block: &Block, lexicon: &Lexicon, names: &Names<'_>) -> Found {
    let mut found = Found::default();
    let Some(table) = block.table() else { return found };
    if let Some(entries) = titled(block, &table.rows, lexicon, names) {
        found.entries = entries;
        return found;
    }
    if let Some(found) = matrix::read(block, &table.rows, lexicon, names) {
        return found;
    }
    if let Some(columns) = by_contents(&table.rows, lexicon, names) {
        let labels = vec![String::new(); columns.len()];
        read_rows(block, &table.rows, Some((columns, labels)), lexicon, names, &mut found);
        return found;
    }
    for rows in records(&table.rows, lexicon) {
        match transposed(rows, lexicon, names) {
            Some(rows) => read_rows(block, &rows, None, lexicon, names, &mut found),
            None => read_rows(block, rows, None, lexicon, names, &mut found),
        }
    }
    found
}

/// A table of two columns that says `SDK name | …`, `data | …` again and again, one
/// third party after the other, at the rows where its first head comes back.
fn records<'a>(rows: &'a [Row], lexicon: &Lexicon) -> Vec<&'a [Row]> {
    let first = |row: &Row| row.cells.first().map(|c| fold(c.text.trim())).unwrap_or_default();
    let pairs = rows.iter().all(|r| r.cells.iter().filter(|c| !c.across).count() <= 2);
    let who =
        |head: &str| matches!(lexicon.labels().get(head), Some(Column::Product | Column::Party | Column::Company));
    let Some(begins) = rows.iter().map(first).find(|head| who(head)).filter(|_| pairs) else { return vec![rows] };
    let mut starts: Vec<usize> =
        rows.iter().enumerate().filter(|(_, row)| first(row) == begins).map(|(at, _)| at).collect();
    if starts.len() < 2 {
        return vec![rows];
    }
    starts.push(rows.len());
    starts.windows(2).filter_map(|pair| rows.get(*pair.first()?..*pair.last()?)).collect()
}

/// The table has a row of heads that the vocabulary knows, or rows that need none.
pub fn is_readable(block: &Block, lexicon: &Lexicon, names: &Names<'_>) -> bool {
    block.table().is_some_and(|t| {
        t.rows.iter().any(|row| head_row(row, lexicon, false).is_some())
            || by_contents(&t.rows, lexicon, names).is_some()
            || matrix::read(block, &t.rows, lexicon, names).is_some()
    })
}

/// The first row of the table is one of heads that the vocabulary knows.
pub fn begins_with_heads(block: &Block, lexicon: &Lexicon) -> bool {
    block.table().and_then(|table| table.rows.first()).is_some_and(|row| head_row(row, lexicon, false).is_some())
}

/// The columns of a table, and the words of their heads.
type Heads = (Vec<Option<Column>>, Vec<String>);

/// A table of two columns in which a row of one cell names somebody and the rows below are
/// labels with their values, once or again and again.
fn titled(block: &Block, rows: &[Row], lexicon: &Lexicon, names: &Names<'_>) -> Option<Vec<Entry>> {
    let filled = |row: &Row| row.cells.iter().filter(|c| !c.across && !c.text.trim().is_empty()).count();
    let label = |row: &Row| row.cells.first().and_then(|c| lexicon.labels().get(&fold(c.text.trim())).copied());
    let is_title = |row: &Row| {
        let name = row.cells.first().map(|c| c.text.trim()).unwrap_or_default();
        let somebody = names.holds_known(name) || fold(name).contains("sdk");
        filled(row) == 1 && !name.is_empty() && name.chars().count() <= LONGEST_HEAD_ENGLISH && somebody
    };
    let pairs = rows.iter().all(|row| row.cells.iter().filter(|c| !c.across).count() <= 2);
    let first = rows.first().filter(|row| is_title(row))?;
    if !pairs || names_nobody(&first.cells.first()?.text, lexicon, names) {
        return None;
    }
    let mut entries: Vec<Entry> = Vec::new();
    for row in rows {
        let place = span(block.source, row.line, row.end_line, &row_text(row));
        if is_title(row) {
            let mut entry = Entry::default();
            let cell = row.cells.first()?;
            entry.put(Column::Product, "", &cell.text, &cell.links);
            entry.spans.push(place);
            entries.push(entry);
            continue;
        }
        let (Some(column), Some(value)) = (label(row), row.cells.get(1)) else { continue };
        let entry = entries.last_mut()?;
        let words = row.cells.first().map(|c| c.text.as_str()).unwrap_or_default();
        entry.put(column, words, &value.text, &value.links);
        entry.spans.push(place);
    }
    let says = |entry: &Entry| entry.values.len() > 2;
    (!entries.is_empty() && entries.iter().all(says)).then_some(entries)
}

/// The columns of a table without heads, by what its cells hold: names that are known in
/// one, data in another.
fn by_contents(rows: &[Row], lexicon: &Lexicon, names: &Names<'_>) -> Option<Vec<Option<Column>>> {
    let width = rows.first()?.cells.len();
    if rows.len() < 2
        || width < 2
        || labels::of_labels(rows, lexicon)
        || rows.iter().any(|row| head_row(row, lexicon, false).is_some())
    {
        return None;
    }
    let most = |index: usize, holds: &dyn Fn(&str) -> bool| {
        let hits = rows.iter().filter(|row| row.cells.get(index).is_some_and(|cell| holds(cell.text.trim()))).count();
        hits * 3 >= rows.len() * 2 && hits >= 2
    };
    let short = |text: &str| !text.is_empty() && text.chars().count() <= LONGEST_HEAD_ENGLISH;
    let is_name = |text: &str| {
        short(text)
            && !is_company(text)
            && terms::read(lexicon, text).is_empty()
            && (names.is_known(text) || fold(text).ends_with("sdk") && !names_nobody(text, lexicon, names))
    };
    let is_data = |text: &str| terms::lead(lexicon, text);
    let is_link = |text: &str| urls(text).first().is_some_and(|url| url == text);
    let mut columns: Vec<Option<Column>> = vec![None; width];
    let mut put = |column: Column, holds: &dyn Fn(&str) -> bool| {
        let at = (0..width).find(|at| columns.get(*at).is_some_and(Option::is_none) && most(*at, holds));
        if let Some(slot) = at.and_then(|at| columns.get_mut(at)) {
            *slot = Some(column);
        }
        at.is_some()
    };
    if !put(Column::Product, &is_name) || !put(Column::Data, &is_data) {
        return None;
    }
    put(Column::Company, &|text| short(text) && is_company(text));
    put(Column::Link, &is_link);
    put(Column::Purpose, &|text| !text.is_empty());
    Some(columns)
}

fn read_rows(
    block: &Block,
    rows: &[Row],
    heads: Option<Heads>,
    lexicon: &Lexicon,
    names: &Names<'_>,
    found: &mut Found,
) {
    let mut heads = heads;
    let mut company_above: Option<String> = None;
    let mut above: Vec<Cell> = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        // A title over the heads that follow it.
        let filled = row.cells.iter().filter(|cell| !cell.text.trim().is_empty()).count();
        if filled == 1
            && heads.is_some()
            && rows.get(at + 1).is_some_and(|next| head_row(next, lexicon, true).is_some())
        {
            continue;
        }
        if let Some((columns, labels)) = &heads
            && second_heads(row, columns, labels, lexicon)
        {
            continue;
        }
        if let Some(columns) = head_row(row, lexicon, heads.is_some()) {
            let labels: Vec<String> = row.cells.iter().map(|c| c.text.clone()).collect();
            let columns = services_done(columns, &labels, rows.get(at + 1..).unwrap_or_default(), lexicon, names);
            heads = Some((columns, labels));
            company_above = None;
            above.clear();
            continue;
        }
        let Some((columns, labels)) = &heads else { continue };
        let cells = undittoed(row, &above, lexicon);
        let distinct = row.cells.iter().filter(|c| !c.across && !c.text.trim().is_empty()).count();
        if distinct == 0
            || distinct == 1
                && row.cells.len() > 1
                && row.cells.iter().skip(1).all(|c| c.across || c.text.is_empty())
                && row.cells.iter().any(|c| c.across)
        {
            continue;
        }
        let named = columns.iter().flatten().any(|c| matches!(c, Column::Product | Column::Company | Column::Party));
        let has = |wanted: &[Column]| columns.iter().flatten().any(|c| wanted.contains(c));
        let about =
            [Column::Data, Column::Purpose, Column::Scenario, Column::Method, Column::Link, Column::Permissions];
        // A company and its address is an imprint.
        if named && !has(&about) && !(has(&[Column::Product]) && has(&[Column::Company])) {
            continue;
        }
        // "Type | … | Purpose": the purpose is the second.
        let has_purpose = columns.iter().zip(labels).any(|(column, label)| {
            *column == Some(Column::Purpose) && !lexicon.says("head-of-kind", &fold(label.trim()))
        });
        let denies = denies(&cells, labels, lexicon) || !named && refuses(&cells, labels, lexicon);
        let mut entry = Entry { denies, ..Entry::default() };
        for (index, cell) in cells.iter().enumerate() {
            let Some(Some(column)) = columns.get(index) else { continue };
            if cell.across && columns.get(index.wrapping_sub(1)) == columns.get(index) {
                continue;
            }
            let label = labels.get(index).map(String::as_str).unwrap_or_default();
            if *column == Column::Purpose && lexicon.says("head-of-kind", &fold(label.trim())) && has_purpose {
                continue;
            }
            entry.put(*column, label, &cell.text, &cell.links);
        }
        // "Provider | Service": a service may be that something is collected.
        if named
            && !has(&[Column::Data])
            && let Some(words) = entry.get(Column::Purpose).map(str::to_owned)
            && lexicon.says("purpose-collects", &fold(&words))
            && !terms::read(lexicon, &words).is_empty()
        {
            entry.put(Column::Data, "", &words, &[]);
        }
        // "Category | Collected? | Shared with": a row about the app, and about those that it names.
        let of_both = |label: &String| {
            let label = fold(label);
            lexicon.says("head-collected", label.trim()) || lexicon.says("head-of-destination", label.trim())
        };
        // "Purpose | Data | Legal basis | Recipients": what the app does with data, and who gets it from there.
        let of_basis = |label: &String| lexicon.says("head-of-basis", fold(label).trim());
        let weighty = |column: &&Column| labels::identity(**column) || matches!(column, Column::Data | Column::Purpose);
        let begins = columns.iter().flatten().find(weighty).is_some_and(|column| labels::identity(*column));
        let both = named && (labels.iter().any(of_both) || !begins && labels.iter().any(of_basis));
        above = cells;
        entry.spans.push(span(block.source, row.line, row.end_line, &row_text(row)));
        if !named {
            found.entries.extend(yes_with(&entry, &above, labels, lexicon));
        }
        if !named || both {
            let mut own = entry.clone();
            own.values.retain(|(column, _)| !labels::identity(*column));
            found.own.push(own);
            if !named || entry.denies {
                continue;
            }
        }
        let nothing = |v: &str| ["nothing-said", "says-none"].iter().any(|id| lexicon.says(id, fold(v).trim()));
        let said = |column: Column| entry.get(column).is_some_and(|v| !nothing(v));
        let who = said(Column::Product) || said(Column::Party) || said(Column::Company);
        if !who && both {
            continue;
        }
        // "Email address | – | Login": data that nobody is given.
        let first = columns.iter().flatten().next();
        let dash = |column: &Column| entry.get(*column).is_some_and(|v| !v.trim().is_empty());
        let nobody = [Column::Product, Column::Party, Column::Company].iter().any(dash);
        if !who && nobody && first == Some(&Column::Data) {
            entry.values.retain(|(column, _)| !labels::identity(*column));
            found.own.push(entry);
            continue;
        }
        if !who {
            // A row that goes on: its words belong to the row above.
            if let Some(last) = found.entries.last_mut() {
                for (column, words) in entry.values.into_iter().filter(|(_, w)| !w.is_empty()) {
                    last.values.push((column, words));
                }
                last.links.extend(entry.links);
                last.spans.extend(entry.spans);
            }
            continue;
        }
        // A company written once for several products below it, as the first column.
        if first == Some(&Column::Company) {
            match entry.get(Column::Company).map(str::to_owned) {
                Some(company) => company_above = Some(company),
                None => {
                    if let (Some(company), true) = (&company_above, said(Column::Product)) {
                        entry.values.insert(0, (Column::Company, company.clone()));
                    }
                }
            }
        }
        found.entries.extend(each_name(entry, lexicon, names));
    }
}

/// "Provider | Service", where the services are no names but what is done: what each provider is for.
fn services_done(
    mut columns: Vec<Option<Column>>,
    labels: &[String],
    rows: &[Row],
    lexicon: &Lexicon,
    names: &Names<'_>,
) -> Vec<Option<Column>> {
    let at = |column: Column| columns.iter().position(|c| *c == Some(column));
    let (Some(service), Some(who)) = (at(Column::Product), at(Column::Company)) else { return columns };
    let said = labels.get(service).is_some_and(|label| lexicon.says("head-of-service", fold(label).trim()));
    let cell = |row: &Row, at: usize| row.cells.get(at).map(|cell| cell.text.trim().to_owned()).unwrap_or_default();
    let is_name = |text: &String| names.holds_known(text) || fold(text).contains("sdk");
    let somebody = rows.iter().filter(|row| is_name(&cell(row, who)) || is_company(&cell(row, who))).count();
    let nobody = !rows.iter().any(|row| is_name(&cell(row, service)));
    if said && nobody && somebody * 2 >= rows.len() && somebody > 0 && at(Column::Purpose).is_none() {
        columns.iter_mut().enumerate().for_each(|(index, column)| match index {
            index if index == service => *column = Some(Column::Purpose),
            index if index == who => *column = Some(Column::Party),
            _ => {}
        });
    }
    columns
}

/// "Advertising ID | Yes | Yes, with Some Ads": the row's data, shared with whom a cell names.
fn yes_with(entry: &Entry, cells: &[Cell], labels: &[String], lexicon: &Lexicon) -> Option<Entry> {
    let shared = cells.iter().zip(labels).find(|(_, label)| lexicon.says("head-shared", fold(label).trim()));
    let words = shared.map(|(cell, _)| Folded::new(cell.text.trim()))?;
    let captures = lexicon.captures("yes-with", &words.text).into_iter().next()?;
    let name = captures.name("names")?;
    let cell = shared.map(|(cell, _)| cell.text.trim())?;
    let mut entry = entry.clone();
    entry.values.insert(0, (Column::Party, words.slice(name.start(), name.end(), cell).to_owned()));
    entry.denies = false;
    Some(entry)
}

/// A row whose cell of names lists several that are known, "Some Analytics, Some Ads": one row
/// for each, without the kind that may stand before them ("Service providers: …").
fn each_name(mut entry: Entry, lexicon: &Lexicon, names: &Names<'_>) -> Vec<Entry> {
    let at = entry.values.iter().position(|(column, _)| matches!(column, Column::Product | Column::Party));
    let Some((at, words)) = at.and_then(|at| Some((at, entry.values.get(at)?.1.clone()))) else { return vec![entry] };
    let is_kind = |kind: &str| {
        names_nobody(kind, lexicon, names) || !names.is_known(kind) && lexicon.says("kind-of-party", &fold(kind))
    };
    let whose = whose(&words, lexicon, names);
    let list = match whose.split_once(':') {
        Some((kind, list)) if !list.starts_with("//") && is_kind(kind) => list.trim(),
        _ => whose.trim(),
    };
    // "Some Maps / Other Maps (maps)": what all of them are.
    let list = match before_and_inside(list).filter(|_| !entry.has(Column::Company)) {
        Some((before, kind)) if apart(before, lexicon, names).is_some() && !names.holds_known(kind) => before,
        _ => list,
    };
    let separate = apart(list, lexicon, names).filter(|_| !entry.has(Column::Company));
    let parts = || list.split([',', ';']).flat_map(|part| part.split(" and ")).map(str::trim).collect();
    let listed: Vec<&str> = separate.unwrap_or_else(parts);
    let rename = |entry: &mut Entry, name: &str| {
        if let Some((_, words)) = entry.values.get_mut(at) {
            name.clone_into(words);
        }
    };
    let known = |name: &&str| names.is_known(name) && !is_company(name);
    let named = |name: &&str| name.starts_with(|c: char| c.is_ascii_uppercase()) && !is_company(name);
    // "Some Company, Inc. (Some Analytics)" is one.
    let one = list.contains(['(', '（']) || listed.iter().any(|part| lexicon.says("legal-form-alone", &fold(part)));
    if one || listed.len() < 2 || !listed.iter().all(|name| known(name) || named(name)) || !listed.iter().any(known) {
        if list.len() < words.len() {
            rename(&mut entry, list);
        }
        return vec![entry];
    }
    let one = |name: &&str| {
        let mut entry = entry.clone();
        rename(&mut entry, name);
        entry
    };
    listed.iter().map(one).collect()
}

/// The name in a cell that says more: "Processed by Some Ads", "Some Store. It gets no card number.".
fn whose<'t>(words: &'t str, lexicon: &Lexicon, names: &Names<'_>) -> &'t str {
    // "Some Company, Inc. dba Some Reports" is no sentence.
    let sentence = |rest: &str| rest.starts_with(|c: char| c.is_uppercase()) && rest.split_whitespace().count() > 2;
    let first = words.split_once(". ").filter(|(_, rest)| sentence(rest)).map_or(words, |(first, _)| first).trim();
    let folded = Folded::new(first);
    let lead = lexicon.phrase("before-who-gets", &folded.text).map_or(0, |(m, _)| folded.range(0, m.end(), first).end);
    let name = first.get(lead..).unwrap_or(first).trim();
    if names.is_known(name.split('(').next().unwrap_or(name).trim()) { name } else { words }
}

/// "Some Maps / Other Maps": names that are known, of different products.
fn apart<'t>(list: &'t str, lexicon: &Lexicon, names: &Names<'_>) -> Option<Vec<&'t str>> {
    let parts: Vec<&str> = list.split(" / ").map(str::trim).collect();
    let mut products: Vec<String> = Vec::new();
    for part in &parts {
        let own = names.products(lexicon, part, "", "", &[]);
        if !names.is_known(part) || own.iter().any(|own| products.contains(&own.product)) {
            return None;
        }
        products.extend(own.into_iter().map(|own| own.product));
    }
    (parts.len() > 1).then_some(parts)
}

/// A second row of heads: the cells that stand under one head over several of them have
/// heads of their own, the others are the ones above once more (`rowspan`).
fn second_heads(row: &Row, columns: &[Option<Column>], labels: &[String], lexicon: &Lexicon) -> bool {
    let cells = || row.cells.iter().zip(labels);
    let again = cells().filter(|(cell, label)| cell.down && cell.text == **label).count();
    let shared = labels.windows(2).any(|pair| matches!(pair, [a, b] if a == b && !a.trim().is_empty()));
    let rest = || cells().filter(|(cell, label)| !(cell.down && cell.text == **label));
    let short = |text: &str| text.chars().count() <= LONGEST_HEAD && terms::read(lexicon, text).is_empty();
    again > 0 && shared && columns.len() == row.cells.len() && rest().all(|(cell, _)| short(&cell.text))
}

/// A cell under "Collected" says "No".
fn denies(cells: &[Cell], labels: &[String], lexicon: &Lexicon) -> bool {
    let says = |id: &str, text: &str| lexicon.says(id, fold(text).trim());
    cells.iter().zip(labels).any(|(cell, label)| says("head-collected", label) && says("not-collected", &cell.text))
}

/// A cell of a row about the app's own says that it does not: `通讯录 | 不申请`.
fn refuses(cells: &[Cell], labels: &[String], lexicon: &Lexicon) -> bool {
    let says = |id: &str, text: &str| lexicon.says(id, fold(text).trim());
    cells.iter().zip(labels).any(|(cell, label)| says("not-taken", &cell.text) && !says("exception", label))
}

/// The cells of a row, with the words of the cell above for each that says "the same".
fn undittoed(row: &Row, above: &[Cell], lexicon: &Lexicon) -> Vec<Cell> {
    let same = |cell: &Cell| {
        cell.text.chars().count() <= LONGEST_HEAD && lexicon.says("same-as-above", fold(&cell.text).trim())
    };
    let cell = |(index, cell): (usize, &Cell)| above.get(index).filter(|_| same(cell)).unwrap_or(cell).clone();
    row.cells.iter().enumerate().map(cell).collect()
}

fn row_text(row: &Row) -> String {
    let cells: Vec<String> = row.cells.iter().filter(|c| !c.across).map(|c| squeeze(&c.text)).collect();
    cells.join(" | ")
}

/// The columns, where the row is a row of heads: two and more are known, and
/// they say more than one thing. Below other heads (`again`) only words of the
/// vocabulary count, as cells hold parts of them ("SDK本机采集", "一键登录功能").
fn head_row(row: &Row, lexicon: &Lexicon, again: bool) -> Option<Vec<Option<Column>>> {
    let mut columns: Vec<Option<Column>> = row.cells.iter().map(|cell| head(cell, lexicon)).collect();
    if again {
        let exact = |cell: &&Cell| {
            let own = first_language(cell.text.trim()).unwrap_or(cell.text.trim());
            lexicon.labels().contains_key(&fold(own))
        };
        let filled: Vec<&Cell> = row.cells.iter().filter(|c| !c.text.trim().is_empty()).collect();
        let hits = filled.iter().filter(|c| exact(c)).count();
        if hits < 2 || hits * 4 < filled.len() * 3 {
            return None;
        }
    }
    let filled = row.cells.iter().filter(|c| !c.text.trim().is_empty()).count();
    let known: Vec<Column> = columns.iter().flatten().copied().collect();
    let mut kinds: Vec<Column> = known.clone();
    kinds.sort_unstable();
    kinds.dedup();
    if known.len() < 2 || kinds.len() < 2 || known.len() * 2 < filled {
        return None;
    }
    // Where two columns may name a company or product, the open one takes what is missing.
    let has = |c: Column, columns: &[Option<Column>]| columns.contains(&Some(c));
    if has(Column::Party, &columns) {
        let other = if has(Column::Product, &columns) && !has(Column::Company, &columns) {
            Some(Column::Company)
        } else if has(Column::Company, &columns) && !has(Column::Product, &columns) {
            Some(Column::Product)
        } else {
            None
        };
        if let Some(other) = other
            && let Some(slot) = columns.iter_mut().find(|c| **c == Some(Column::Party))
        {
            *slot = Some(other);
        }
    }
    // "Name | Provider": the second makes what the first names.
    let open = columns.iter().filter(|column| **column == Some(Column::Party)).count();
    if open == 2 && !has(Column::Product, &columns) && !has(Column::Company, &columns) {
        let makes = |cell: &Cell| lexicon.says("head-of-maker", fold(&cell.text).trim());
        let maker = row.cells.iter().position(makes).filter(|at| columns.get(*at) == Some(&Some(Column::Party)));
        if let Some(maker) = maker.and_then(|at| columns.get_mut(at)) {
            *maker = Some(Column::Company);
            if let Some(name) = columns.iter_mut().find(|column| **column == Some(Column::Party)) {
                *name = Some(Column::Product);
            }
        }
    }
    // `合作方类型 | 信息类型`: where nobody has a name, the kinds are those who get it.
    if !columns.iter().flatten().any(|column| labels::identity(*column) || *column == Column::Package)
        && let Some(kind) = row.cells.iter().position(|cell| {
            lexicon.says("head-of-recipients", &fold(first_language(cell.text.trim()).unwrap_or(cell.text.trim())))
        })
        && let Some(kind) = columns.get_mut(kind)
    {
        *kind = Some(Column::Party);
    }
    // Package names alone say whose a row is.
    if !columns.iter().flatten().any(|column| labels::identity(*column))
        && let Some(package) = columns.iter_mut().find(|column| **column == Some(Column::Package))
    {
        *package = Some(Column::Product);
    }
    Some(columns)
}

fn head(cell: &Cell, lexicon: &Lexicon) -> Option<Column> {
    let text = squeeze(&cell.text);
    // `第三方公司SDK` is one head, `公司名称 Company Name` the same in two languages.
    let is_head = |text: &str| lexicon.labels().contains_key(&fold(text));
    let own = first_language(&text).filter(|own| is_head(own) && !is_head(&text));
    let text = own.map_or(text.clone(), str::to_owned);
    let most = if text.is_ascii() { LONGEST_HEAD_ENGLISH } else { LONGEST_HEAD };
    // Nor does a head enumerate data, name a company, or have its value beside it.
    let labelled = text.trim_end_matches([':', '：']).contains([':', '：']);
    let value = || labelled || is_company(&text) || terms::ids(&terms::read(lexicon, &text)).len() > 1;
    let known = lexicon.labels().contains_key(&fold(text.trim()));
    (text.chars().count() <= most && (known || !value())).then(|| lexicon.column(&text)).flatten()
}

/// A head of products, of companies or of both.
fn says_who(lexicon: &Lexicon, cell: &Cell) -> bool {
    head(cell, lexicon).is_some_and(labels::identity)
}

/// A table whose heads stand in the first column, one third party a column, turned.
fn transposed(rows: &[Row], lexicon: &Lexicon, names: &Names<'_>) -> Option<Vec<Row>> {
    let exact = |cell: &Cell| lexicon.labels().contains_key(&fold(cell.text.trim()));
    // The first row holds one head and then names.
    let first = rows.first()?;
    if first.cells.iter().skip(1).any(exact) || rows.iter().filter(|r| r.cells.first().is_some_and(exact)).count() < 3 {
        return None;
    }
    let cells: usize = rows.iter().map(|r| r.cells.len()).sum();
    let width = rows.iter().map(|r| r.cells.len()).max()?;
    if width.saturating_mul(rows.len()) > MOST_PLACES * cells {
        return None;
    }
    let column = |index: usize| -> Row {
        let cells = rows.iter().map(|r| r.cells.get(index).cloned().unwrap_or_default()).collect();
        let lines = || rows.iter().map(|r| (r.line, r.end_line));
        Row {
            cells,
            line: lines().map(|l| l.0).min().unwrap_or_default(),
            end_line: lines().map(|l| l.1).max().unwrap_or_default(),
        }
    };
    let mut heads = column(0);
    // Nothing stands above the heads and beside the names.
    // Or some other head, though what stands beside it are names.
    let beside = first.cells.iter().skip(1);
    let named = beside.clone().count() > 0 && beside.clone().all(|cell| names.is_known(cell.text.trim()));
    let corner = heads.cells.first_mut().filter(|cell| cell.text.trim().is_empty() || named);
    if let Some(corner) = corner.filter(|cell| !says_who(lexicon, cell)) {
        CORNER.clone_into(&mut corner.text);
    }
    head_row(&heads, lexicon, false).filter(|columns| columns.iter().flatten().count() * 3 >= columns.len() * 2)?;
    Some(std::iter::once(heads).chain((1..width).map(column)).collect())
}
