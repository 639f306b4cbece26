//! HTML: the tree walked once, blocks out.

use std::collections::HashMap;

use ego_tree::NodeId;
use ego_tree::iter::Edge;
use scraper::node::Element;
use scraper::{Html, Node};

use super::super::block::{Block, Kind, Link};
use super::rows::{Grid, MOST_SPAN};
use super::{grid, marks, script, text};

/// Tables in tables; deeper ones are read as text of their cell.
const MOST_NESTED: usize = 8;

/// Lines of `pre` text in which a link is looked for after the one before.
const LINES_AHEAD: usize = 1_000;

/// Longest label, in characters, whose value stands in the next `text`.
const LONGEST_LABEL: usize = 24;

/// Elements that are not the document.
const LEFT_OUT: [&str; 17] = [
    "script", "style", "noscript", "nav", "aside", "head", "svg", "iframe", "button", "select", "option", "canvas",
    "video", "audio", "object", "input", "textarea",
];
/// Classes and ids of navigation, as whole words of the attribute.
const NAVIGATION: [&str; 12] = [
    "nav",
    "navbar",
    "navigation",
    "menu",
    "sidebar",
    "breadcrumb",
    "breadcrumbs",
    "site-footer",
    "main-navigation",
    "widget-area",
    "post-navigation",
    "menu-main",
];
/// Elements that begin and end a block.
const BLOCKS: [&str; 32] = [
    "p",
    "div",
    "section",
    "article",
    "main",
    "body",
    "html",
    "ul",
    "ol",
    "li",
    "dl",
    "dt",
    "dd",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "table",
    "blockquote",
    "header",
    "footer",
    "form",
    "fieldset",
    "address",
    "details",
    "summary",
    "figure",
    "figcaption",
    "hr",
    "center",
];

/// Attributes of a button that shows and hides a part of the page (WAI-ARIA 1.2, disclosure; Bootstrap).
const DISCLOSES: [&str; 4] = ["aria-expanded", "aria-controls", "data-bs-toggle", "data-toggle"];
/// Words in the classes of such a button.
const ACCORDION: [&str; 3] = ["accordion", "collaps", "faq"];
/// What such a button is read as, by itself and inside a headline.
const HEADLINE: &str = "h4";
const INLINE: &str = "span";

/// A button that is the title of the part which it opens.
fn opens_a_part(element: &Element) -> bool {
    let class = element.attr("class").unwrap_or_default();
    let menu = ["nav", "menu", "dropdown"].iter().any(|word| class.contains(word));
    element.name() == "button"
        && !menu
        && (DISCLOSES.iter().any(|name| element.attr(name).is_some())
            || ACCORDION.iter().any(|word| class.contains(word)))
}

fn is_headline(element: &Element) -> bool {
    matches!(element.name(), "h1" | "h2" | "h3" | "h4" | "h5" | "h6")
}

/// The blocks of a page.
pub fn read(html: &str) -> Vec<Block> {
    read_from(html, 1)
}

/// The blocks of a page whose first line has the number `first`.
pub fn read_from(html: &str, first: u32) -> Vec<Block> {
    let mut blocks = read_marked(&marks::annotate(html, first));
    blocks.extend(script::beside(html, first, &blocks));
    blocks
}

/// The blocks of a page whose lines are marked already.
pub fn read_marked(html: &str) -> Vec<Block> {
    let tree = Html::parse_document(html);
    let mut walk = Walk::default();
    let mut skipped = 0usize;
    let templates = grid::templates(&styles(&tree));
    // Elements that are parts of a table by what the page makes of them.
    let mut parts: HashMap<NodeId, &[&str]> = HashMap::new();
    // Buttons that are titles, and what they are read as.
    let mut titles: HashMap<NodeId, &str> = HashMap::new();
    for edge in tree.tree.root().traverse() {
        match edge {
            Edge::Open(node) => match node.value() {
                Node::Element(_) if skipped > 0 => skipped += 1,
                Node::Element(element) => {
                    if !walk.in_cell()
                        && !walk.in_loose_table()
                        && let Some(rows) = grid::rows(node, &templates)
                    {
                        parts.insert(node.id(), &["table"]);
                        for (place, cell) in rows.into_iter().flat_map(|row| row.into_iter().enumerate()) {
                            parts.insert(cell, if place == 0 { &["tr", "td"] } else { &["td"] });
                        }
                    }
                    let named = |a: &str| element.attr(a).is_some_and(is_navigation);
                    if opens_a_part(element) {
                        let inside = node.ancestors().any(|above| above.value().as_element().is_some_and(is_headline));
                        let name = if inside { INLINE } else { HEADLINE };
                        titles.insert(node.id(), name);
                        walk.open(name, |_| None);
                    } else if LEFT_OUT.contains(&element.name())
                        || named("class")
                        || named("id")
                        || element.attr("role") == Some("navigation")
                        || element.attr("hidden").is_some()
                    {
                        skipped = 1;
                    } else if let Some(parts) = parts.get(&node.id()) {
                        for name in *parts {
                            walk.open(name, |_| None);
                        }
                        walk.table_is_loose();
                    } else {
                        walk.open(element.name(), |a| element.attr(a));
                    }
                }
                Node::Text(words) if skipped == 0 => walk.words(&words.text),
                _ => {}
            },
            Edge::Close(node) => {
                if let Node::Element(element) = node.value() {
                    if skipped > 0 {
                        skipped -= 1;
                    } else if let Some(name) = titles.get(&node.id()) {
                        walk.close(name);
                    } else if let Some(parts) = parts.get(&node.id()) {
                        parts.last().into_iter().for_each(|name| walk.close(name));
                    } else {
                        walk.close(element.name());
                    }
                }
            }
        }
    }
    walk.flush();
    walk.blocks
}

/// The page's own style sheets.
fn styles(tree: &Html) -> String {
    let sheets = tree.tree.nodes().filter(|n| n.value().as_element().is_some_and(|e| e.name() == "style"));
    sheets.flat_map(|n| n.children()).filter_map(|n| n.value().as_text().map(|t| t.to_string())).collect()
}

fn is_navigation(attribute: &str) -> bool {
    attribute.split_whitespace().any(|word| NAVIGATION.contains(&word.to_ascii_lowercase().as_str()))
}

/// What is being put together on the way through the tree.
#[derive(Default)]
struct Walk {
    blocks: Vec<Block>,
    text: String,
    links: Vec<Link>,
    /// Where the words of each open link begin, and its address.
    open_links: Vec<(usize, String)>,
    line: u32,
    first: u32,
    /// Bold characters and all characters of the open block, white space apart.
    bold: (usize, usize),
    strong: usize,
    heading: bool,
    lists: u8,
    pre: usize,
    tables: Vec<Grid>,
    /// How long the text was where the last `text` element ended.
    text_before: Option<usize>,
    /// The white space that came last goes on in a new line.
    new_line: bool,
    /// `text` elements that are open: mini programs show the lines in them as they are.
    texts: usize,
}

/// The next words are a number and a mark: `1. `, `（2）`, `3、`.
fn begins_item(words: &str) -> bool {
    let mut words = words.chars().filter(|c| marks::line_of(*c).is_none()).skip_while(|c| c.is_whitespace());
    let mut first = words.next();
    if matches!(first, Some('(' | '（')) {
        first = words.next();
    }
    let mark = words.find(|c| !c.is_ascii_digit());
    first.is_some_and(|c| c.is_ascii_digit())
        && matches!(mark, Some('.' | '、' | '．' | ')' | '）'))
        && words.next().is_some_and(|c| !c.is_ascii_digit())
}

impl Walk {
    fn open<'a>(&mut self, name: &str, attribute: impl Fn(&str) -> Option<&'a str>) {
        match name {
            "br" => self.break_line(),
            "a" => {
                if let Some(href) = attribute("href") {
                    self.open_links.push((self.text.len(), href.trim().to_owned()));
                }
            }
            "strong" | "b" => self.strong += 1,
            // Mini programs set each paragraph in a `text` of its own, on a line of its own.
            "text" if self.new_line && self.text_before == Some(self.text.trim_end().len()) && !self.is_label() => {
                self.block_edge();
                self.texts += 1;
            }
            "text" => self.texts += 1,
            "pre" => {
                self.flush();
                self.pre += 1;
            }
            "table" => {
                self.flush();
                if self.tables.len() < MOST_NESTED {
                    let around = if self.in_cell() { self.clear() } else { Default::default() };
                    self.tables.push(Grid::within(around));
                }
            }
            "tr" => {
                if let Some(grid) = self.tables.last_mut() {
                    grid.begin_row();
                }
            }
            "td" | "th" => {
                let span = |a: &str| attribute(a).and_then(|v| v.trim().parse::<usize>().ok()).unwrap_or(1);
                // A row span of 0 reaches the end (HTML standard, 4.9.11).
                let down = if span("rowspan") == 0 { MOST_SPAN } else { span("rowspan").min(MOST_SPAN) };
                let spans = (span("colspan").clamp(1, MOST_SPAN), down);
                // The end tag of the cell before may be left out.
                if self.in_cell() {
                    self.end_cell();
                }
                self.clear();
                if let Some(grid) = self.tables.last_mut() {
                    grid.begin_cell(spans);
                }
            }
            _ if BLOCKS.contains(&name) => {
                self.block_edge();
                match name {
                    "ul" | "ol" | "dl" => self.lists = self.lists.saturating_add(1),
                    "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                        self.heading = true;
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        match name {
            "a" => {
                if let Some((from, href)) = self.open_links.pop() {
                    let words = self.text.get(from..).unwrap_or_default().trim().to_owned();
                    self.links.push(Link { text: words, href });
                }
            }
            "strong" | "b" => self.strong = self.strong.saturating_sub(1),
            "text" => {
                self.texts = self.texts.saturating_sub(1);
                self.text_before = Some(self.text.trim_end().len());
            }
            "pre" => {
                self.flush();
                self.pre = self.pre.saturating_sub(1);
            }
            "td" | "th" => self.end_cell(),
            "table" => {
                if self.in_cell() {
                    self.end_cell();
                }
                self.end_table();
            }
            _ if BLOCKS.contains(&name) => {
                self.block_edge();
                match name {
                    "ul" | "ol" | "dl" => self.lists = self.lists.saturating_sub(1),
                    "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => self.heading = false,
                    _ => {}
                }
            }
            _ => {}
        }
    }

    /// The text so far is a few words and a colon: what follows is its value.
    fn is_label(&self) -> bool {
        let text = self.text.trim_end();
        text.ends_with([':', '：']) && text.chars().count() <= LONGEST_LABEL
    }

    fn in_cell(&self) -> bool {
        self.tables.last().is_some_and(Grid::in_cell)
    }

    fn in_loose_table(&self) -> bool {
        self.tables.last().is_some_and(|grid| grid.loose)
    }

    fn table_is_loose(&mut self) {
        if let Some(grid) = self.tables.last_mut() {
            grid.loose = true;
        }
    }

    fn words(&mut self, words: &str) {
        for (at, c) in words.char_indices() {
            if let Some(line) = marks::line_of(c) {
                self.line = line;
                if self.pre > 0 && !self.in_cell() {
                    self.text.push(c);
                }
                continue;
            }
            if self.pre > 0 {
                self.text.push(c);
                continue;
            }
            if c.is_whitespace() && c != '\u{3000}' {
                self.new_line |= c == '\n';
                if c == '\n' && self.texts > 0 && begins_item(words.get(at..).unwrap_or_default()) {
                    self.break_line();
                    continue;
                }
                if !self.text.is_empty() && !self.text.ends_with([' ', '\n']) {
                    self.text.push(' ');
                }
                continue;
            }
            if self.text.is_empty() || self.first == 0 {
                self.first = self.line;
            }
            self.text.push(c);
            self.new_line = false;
            self.bold.1 += 1;
            if self.strong > 0 {
                self.bold.0 += 1;
            }
        }
    }

    fn break_line(&mut self) {
        if self.in_cell() || self.pre > 0 {
            if !self.text.is_empty() && !self.text.ends_with('\n') {
                self.text.push('\n');
            }
        } else {
            self.flush();
        }
    }

    /// A block begins or ends here; in a cell that is a new line.
    fn block_edge(&mut self) {
        if self.in_cell() { self.break_line() } else { self.flush() }
    }

    fn clear(&mut self) -> (String, Vec<Link>) {
        self.first = 0;
        self.bold = (0, 0);
        for link in &mut self.open_links {
            link.0 = 0;
        }
        (std::mem::take(&mut self.text), std::mem::take(&mut self.links))
    }

    fn flush(&mut self) {
        if self.in_cell() {
            return;
        }
        if self.pre > 0 {
            let (text, links) = self.clear();
            let mut number = self.line;
            let mut lines: Vec<(u32, String)> = Vec::new();
            for line in text.lines() {
                number = line.chars().find_map(marks::line_of).unwrap_or(number);
                lines.push((number, line.chars().filter(|c| marks::line_of(*c).is_none()).collect()));
            }
            let lines: Vec<(u32, &str)> = lines.iter().map(|(n, l)| (*n, l.as_str())).collect();
            let mut blocks = text::read_lines(&lines);
            // Both come in the order of the text.
            let mut from = 0;
            for link in links.into_iter().filter(|link| !link.text.is_empty()) {
                let ahead = blocks.iter_mut().enumerate().skip(from).take(LINES_AHEAD);
                if let Some((at, block)) = ahead.into_iter().find(|(_, b)| b.text.contains(&link.text)) {
                    from = at;
                    block.links.push(link);
                }
            }
            self.blocks.append(&mut blocks);
            return;
        }
        let (first, bold) = (self.first, self.bold);
        // A link that a line break splits stays open.
        let open: Vec<Link> = self
            .open_links
            .iter()
            .map(|(from, href)| Link {
                text: self.text.get(*from..).unwrap_or_default().to_owned(),
                href: href.clone(),
            })
            .collect();
        let (text, mut links) = self.clear();
        let text = text.trim().to_owned();
        if text.is_empty() {
            return;
        }
        links.extend(open);
        let kind = match self.heading {
            true => Kind::Heading,
            false if self.lists > 0 => Kind::Item(self.lists),
            false => Kind::Paragraph,
        };
        let strong = bold.1 > 0 && bold.0 * 10 >= bold.1 * 8;
        self.blocks.push(Block { kind, text, links, strong, source: 0, line: first, end_line: self.line.max(first) });
    }

    fn end_cell(&mut self) {
        let (line, first) = (self.line, self.first);
        let (text, links) = self.clear();
        if let Some(grid) = self.tables.last_mut() {
            grid.end_cell(&text, links, if first == 0 { line } else { first }, line);
        }
    }

    fn end_table(&mut self) {
        let Some(mut grid) = self.tables.pop() else { return };
        self.clear();
        (self.text, self.links) = std::mem::take(&mut grid.around);
        if let Some(outer) = self.tables.last_mut() {
            outer.hold(&grid);
        }
        self.blocks.extend(grid.finish());
    }
}
