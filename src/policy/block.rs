//! What readers hand on: blocks with the lines they stand on. Nothing behind a
//! reader knows the format.

/// A piece of a document.
#[derive(Clone, Debug, Default)]
pub struct Block {
    /// What it is.
    pub kind: Kind,
    /// Its words. A newline is one the author made; white space is folded otherwise.
    pub text: String,
    /// Links in it, in order.
    pub links: Vec<Link>,
    /// All of it is bold.
    pub strong: bool,
    /// Position in the policy's sources.
    pub source: u32,
    /// First line in the source, from 1.
    pub line: u32,
    /// Last line.
    pub end_line: u32,
}

/// Kinds of blocks.
#[derive(Clone, Debug, Default)]
pub enum Kind {
    /// `h1` to `h6`, `#`.
    Heading(u8),
    /// Running text.
    #[default]
    Paragraph,
    /// An item of a list, and how deep the list stands (from 1).
    Item(u8),
    /// A table.
    Table(Table),
}

/// A link and its words.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Link {
    /// The words.
    pub text: String,
    /// The address as written.
    pub href: String,
}

/// Rows of cells.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// Rows, spans undone: a cell over several rows or columns stands in each.
    pub rows: Vec<Row>,
}

/// A row.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// Its cells.
    pub cells: Vec<Cell>,
    /// First line, from 1.
    pub line: u32,
    /// Last line.
    pub end_line: u32,
}

/// A cell.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cell {
    /// Its words, a newline where the author broke the line.
    pub text: String,
    /// Links in it.
    pub links: Vec<Link>,
    /// It stands here because of a column span: its text begins to the left.
    pub across: bool,
    /// It stands here because of a row span: its text begins above.
    pub down: bool,
}

impl Block {
    /// The table, where it is one.
    pub fn table(&self) -> Option<&Table> {
        match &self.kind {
            Kind::Table(table) => Some(table),
            _ => None,
        }
    }

    /// A heading of the format.
    pub fn is_heading(&self) -> bool {
        matches!(self.kind, Kind::Heading(_))
    }
}
