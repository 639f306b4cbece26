//! Tables that a page makes of other elements: rows of `div`s, CSS grids.
//!
//! Found by their form alone: elements in rows, as many in each. What is found is loose;
//! where the vocabulary knows none of its heads it goes back to text.

use std::collections::HashMap;
use std::sync::LazyLock;

use ego_tree::{NodeId, NodeRef};
use regex::Regex;
use scraper::Node;
use scraper::node::Element;

/// Cells of a row; more is a menu or a keyboard.
const MOST_COLUMNS: usize = 20;
/// Rows looked at for their form.
const MOST_ROWS: usize = 2_000;
/// Longest cell, in bytes; longer ones are the columns of a page.
const LONGEST_CELL: usize = 3_000;
/// Elements inside one cell.
const MOST_INSIDE: usize = 200;

/// Words of class names that say "table".
const HINTS: [&str; 16] = [
    "table", "tbody", "thead", "tr", "td", "th", "row", "rows", "col", "cols", "column", "columns", "cell", "cells",
    "grid", "sheet",
];
/// What a cell of a table does not hold.
const NOT_IN_CELLS: [&str; 9] = ["h1", "h2", "h3", "h4", "table", "form", "nav", "script", "section"];
/// Elements that are a table's, or a list's of terms, and read as such.
const TABLES: [&str; 10] = ["table", "thead", "tbody", "tfoot", "tr", "td", "th", "caption", "colgroup", "dl"];
/// Lists, which are cells where a class says so.
const LISTS: [&str; 2] = ["ul", "ol"];
/// Elements that are cells where a class says so.
const INLINE: [&str; 6] = ["span", "a", "b", "strong", "em", "label"];

static TEMPLATE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\.([\w-]+)\s*\{[^{}]*?grid-template-columns\s*:\s*([^;{}]+)").ok());

/// Columns of CSS grids by class, from a page's style sheets.
pub fn templates(css: &str) -> HashMap<String, usize> {
    let found = TEMPLATE.as_ref().into_iter().flat_map(|re| re.captures_iter(css));
    found.filter_map(|c| Some((c.get(1)?.as_str().to_owned(), columns(c.get(2)?.as_str())?))).collect()
}

/// How many columns `repeat(3, 1fr)` or `1fr 2fr auto` makes.
fn columns(template: &str) -> Option<usize> {
    let template = template.trim().trim_end_matches("!important").trim();
    let count = match template.strip_prefix("repeat(") {
        Some(rest) => rest.split(',').next()?.trim().parse().ok()?,
        None => {
            let mut depth = 0usize;
            let outside = template.chars().filter(|c| {
                depth = match c {
                    '(' => depth + 1,
                    ')' => depth.saturating_sub(1),
                    _ => depth,
                };
                depth == 0 && *c != ')'
            });
            outside.collect::<String>().split_whitespace().count()
        }
    };
    (2..=MOST_COLUMNS).contains(&count).then_some(count)
}

/// The rows that `node`'s elements make, if they make a table.
pub fn rows(node: NodeRef<'_, Node>, templates: &HashMap<String, usize>) -> Option<Vec<Vec<NodeId>>> {
    let own = node.value().as_element()?;
    if TABLES.contains(&own.name()) || has_text(node) {
        return None;
    }
    let children: Vec<NodeRef<'_, Node>> = elements(node).take(MOST_ROWS * 2).collect();
    if let Some(columns) = grid_columns(own, templates)
        && children.len() >= 2 * columns
        && children.len().is_multiple_of(columns)
        && children.iter().all(|c| is_cell(*c, true))
    {
        return Some(children.chunks(columns).map(|row| row.iter().map(|c| c.id()).collect()).collect());
    }
    let hinted = is_hinted(own);
    [true, false].into_iter().find_map(|deep| as_table(parts(&children, deep)?, hinted))
}

/// The rows among elements. `deep`: an element may hold several, as `thead` and `tbody` do.
fn parts<'a>(children: &[NodeRef<'a, Node>], deep: bool) -> Option<Vec<NodeRef<'a, Node>>> {
    let mut rows = Vec::new();
    for child in children {
        if deep && !has_text(*child) && elements(*child).next().is_some() && elements(*child).all(is_row) {
            rows.extend(elements(*child));
        } else if is_row(*child) {
            rows.push(*child);
        } else {
            return None;
        }
    }
    Some(rows)
}

/// The cells of rows, where they have as many each.
fn as_table(rows: Vec<NodeRef<'_, Node>>, hinted: bool) -> Option<Vec<Vec<NodeId>>> {
    let columns = elements(*rows.first()?).count();
    let hinted = hinted || rows.iter().any(|row| row.value().as_element().is_some_and(is_hinted));
    // `<span>运营方</span><span>某某公司</span>`, line by line.
    let inline = |cell: NodeRef<'_, Node>| cell.value().as_element().is_some_and(|e| INLINE.contains(&e.name()));
    let hinted = hinted || columns == 2 && rows.iter().all(|row| elements(*row).all(inline));
    let even = rows.iter().all(|row| elements(*row).count() == columns);
    if rows.len() < 2 || rows.len() > MOST_ROWS || !even || columns < 3 && !hinted {
        return None;
    }
    let cells = |row: &NodeRef<'_, Node>| elements(*row).all(|cell| is_cell(cell, hinted));
    rows.iter().all(cells).then(|| rows.iter().map(|row| elements(*row).map(|c| c.id()).collect()).collect())
}

fn elements(node: NodeRef<'_, Node>) -> impl Iterator<Item = NodeRef<'_, Node>> {
    let shown = |child: &NodeRef<'_, Node>| {
        child.value().as_element().is_some_and(|e| !matches!(e.name(), "br" | "hr" | "script" | "style"))
    };
    node.children().filter(shown)
}

/// It has words outside its elements.
fn has_text(node: NodeRef<'_, Node>) -> bool {
    node.children().any(|child| child.value().as_text().is_some_and(|t| t.chars().any(|c| !is_blank(c))))
}

/// White space, or a mark of a line (see `marks`).
fn is_blank(c: char) -> bool {
    c.is_whitespace() || super::marks::line_of(c).is_some()
}

fn is_row(node: NodeRef<'_, Node>) -> bool {
    let Some(element) = node.value().as_element() else { return false };
    !INLINE.contains(&element.name())
        && element.name() != "p"
        && !has_text(node)
        && (2..=MOST_COLUMNS).contains(&elements(node).take(MOST_COLUMNS + 1).count())
}

fn is_cell(node: NodeRef<'_, Node>, hinted: bool) -> bool {
    let Some(element) = node.value().as_element() else { return false };
    // A paragraph and the list below it, again and again, are the parts of a page.
    if (INLINE.contains(&element.name()) || LISTS.contains(&element.name())) && !hinted {
        return false;
    }
    let mut length = 0;
    for (count, inside) in node.descendants().enumerate() {
        match inside.value() {
            Node::Element(e) if NOT_IN_CELLS.contains(&e.name()) => return false,
            Node::Text(text) => length += text.len(),
            _ => {}
        }
        if count > MOST_INSIDE || length > LONGEST_CELL {
            return false;
        }
    }
    true
}

/// A role or a class says that it is part of a table.
fn is_hinted(element: &Element) -> bool {
    let role = element.attr("role").is_some_and(|role| matches!(role, "table" | "grid" | "row" | "rowgroup"));
    let style = element.attr("style").unwrap_or_default();
    let words = element.attr("class").unwrap_or_default();
    role || style.contains("table")
        || words.split([' ', '-', '_']).any(|w| HINTS.contains(&w.to_ascii_lowercase().as_str()))
}

/// Columns of a CSS grid, by its own style or its class's.
fn grid_columns(element: &Element, templates: &HashMap<String, usize>) -> Option<usize> {
    let style = element.attr("style").unwrap_or_default();
    let own = style.split(';').find_map(|rule| rule.trim().strip_prefix("grid-template-columns"));
    if let Some(template) = own {
        return columns(template.trim_start().trim_start_matches(':'));
    }
    element.attr("class")?.split_whitespace().find_map(|class| templates.get(class).copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_templates() {
        assert_eq!(columns("repeat(4, minmax(0, 1fr))"), Some(4));
        assert_eq!(columns("1fr minmax(10px, 2fr) auto"), Some(3));
        assert_eq!(columns("none"), None);
        assert_eq!(
            templates(".a{color:red} .sdk-list { display:grid; grid-template-columns: 2fr 1fr 1fr }")["sdk-list"],
            3
        );
    }
}
