//! HTML: the tree walked once, blocks out.

use ego_tree::iter::Edge;
use scraper::{Html, Node};

use super::super::block::{Block, Cell, Kind, Link, Row, Table};
use super::{marks, text};

/// Columns or rows that one cell may span: the HTML standard clamps `colspan` to
/// 1,000; policies have no more than a dozen columns and a hundred rows.
const MOST_SPAN: usize = 200;
/// Cells of one table, spans undone.
const MOST_CELLS: usize = 200_000;
/// Tables in tables; deeper ones are read as text of their cell.
const MOST_NESTED: usize = 8;

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

/// The blocks of a page.
pub fn read(html: &str) -> Vec<Block> {
    read_marked(&marks::annotate(html, 1))
}

/// The blocks of a page whose lines are marked already.
pub fn read_marked(html: &str) -> Vec<Block> {
    let tree = Html::parse_document(html);
    let mut walk = Walk::default();
    let mut skipped = 0usize;
    for edge in tree.tree.root().traverse() {
        match edge {
            Edge::Open(node) => match node.value() {
                Node::Element(_) if skipped > 0 => skipped += 1,
                Node::Element(element) => {
                    let named = |a: &str| element.attr(a).is_some_and(is_navigation);
                    if LEFT_OUT.contains(&element.name())
                        || named("class")
                        || named("id")
                        || element.attr("role") == Some("navigation")
                        || element.attr("hidden").is_some()
                    {
                        skipped = 1;
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
}

/// A table that is open.
#[derive(Default)]
struct Grid {
    rows: Vec<Row>,
    /// Cells that reach down into coming rows: column, rows left, the cell.
    down: Vec<(usize, usize, Cell)>,
    cells: usize,
    /// Spans of the open cell: columns, rows.
    span: Option<(usize, usize)>,
    first: u32,
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
            "pre" => {
                self.flush();
                self.pre += 1;
            }
            "table" => {
                self.flush();
                if self.tables.len() < MOST_NESTED {
                    self.tables.push(Grid::default());
                }
            }
            "tr" => {
                if let Some(grid) = self.tables.last_mut() {
                    grid.end_cell_row();
                    grid.rows.push(Row::default());
                    grid.fill_down();
                }
            }
            "td" | "th" => {
                let span = |a: &str| attribute(a).and_then(|v| v.trim().parse::<usize>().ok()).unwrap_or(1);
                let spans = (span("colspan").clamp(1, MOST_SPAN), span("rowspan").clamp(1, MOST_SPAN));
                self.clear();
                if let Some(grid) = self.tables.last_mut() {
                    if grid.rows.is_empty() {
                        grid.rows.push(Row::default());
                    }
                    grid.span = Some(spans);
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
            "pre" => {
                self.flush();
                self.pre = self.pre.saturating_sub(1);
            }
            "td" | "th" => self.end_cell(),
            "table" => {
                if self.tables.last().is_some_and(|g| g.span.is_some()) {
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

    fn in_cell(&self) -> bool {
        self.tables.last().is_some_and(|grid| grid.span.is_some())
    }

    fn words(&mut self, words: &str) {
        for c in words.chars() {
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
                if !self.text.is_empty() && !self.text.ends_with([' ', '\n']) {
                    self.text.push(' ');
                }
                continue;
            }
            if self.text.is_empty() || self.first == 0 {
                self.first = self.line;
            }
            self.text.push(c);
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
            for link in links {
                if let Some(block) = blocks.iter_mut().find(|b| !link.text.is_empty() && b.text.contains(&link.text)) {
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
        let Some(grid) = self.tables.last_mut() else { return };
        let Some((columns, rows)) = grid.span.take() else { return };
        let text = text.lines().map(str::trim).filter(|l| !l.is_empty()).collect::<Vec<_>>().join("\n");
        let first = if first == 0 { line } else { first };
        if grid.first == 0 {
            grid.first = first;
        }
        let cell = Cell { text, links, across: false, down: false };
        let Some(row) = grid.rows.last_mut() else { return };
        if row.line == 0 || first < row.line {
            row.line = first;
        }
        row.end_line = row.end_line.max(line);
        for column in 0..columns {
            if grid.cells >= MOST_CELLS {
                return;
            }
            grid.cells += 1;
            let cell = Cell { across: column > 0, ..cell.clone() };
            if rows > 1 {
                grid.down.push((row.cells.len(), rows - 1, Cell { down: true, ..cell.clone() }));
            }
            row.cells.push(cell);
        }
        grid.fill_down();
    }

    fn end_table(&mut self) {
        let Some(mut grid) = self.tables.pop() else { return };
        grid.end_cell_row();
        let mut rows = std::mem::take(&mut grid.rows);
        rows.retain(|row| row.cells.iter().any(|c| !c.text.is_empty()));
        self.clear();
        if rows.is_empty() {
            return;
        }
        // A table in a cell lays out a page; its own words are what counts.
        if rows.iter().all(|row| row.cells.len() <= 1) {
            for row in rows {
                for cell in row.cells {
                    for line in cell.text.lines() {
                        self.blocks.push(Block {
                            text: line.to_owned(),
                            links: cell.links.iter().filter(|l| line.contains(&l.text)).cloned().collect(),
                            line: row.line,
                            end_line: row.end_line,
                            ..Block::default()
                        });
                    }
                }
            }
            return;
        }
        let (line, end_line) = (grid.first, rows.iter().map(|r| r.end_line).max().unwrap_or(grid.first));
        self.blocks.push(Block { kind: Kind::Table(Table { rows, loose: None }), line, end_line, ..Block::default() });
    }
}

impl Grid {
    /// Puts cells from above into the columns they reach, as long as they come next.
    fn fill_down(&mut self) {
        let Some(row) = self.rows.last_mut() else { return };
        while let Some(at) = self.down.iter().position(|(column, left, _)| *column == row.cells.len() && *left > 0) {
            // A span that begins in this very row waits for the next one.
            let Some((_, left, cell)) = self.down.get_mut(at) else { return };
            if self.cells >= MOST_CELLS {
                return;
            }
            self.cells += 1;
            *left -= 1;
            row.cells.push(cell.clone());
            if *left == 0 {
                self.down.swap_remove(at);
            }
        }
    }

    fn end_cell_row(&mut self) {
        // Cells from above to the right of the row's last own cell.
        self.fill_down();
    }
}
