//! Rows and columns of words, as a workbook, a page or a file of values shows them.

use std::fmt;

/// What a person should do about a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mark {
    /// Nothing.
    #[default]
    Sure,
    /// Look at the place.
    Doubtful,
    /// A person corrected it.
    Corrected,
}

impl Mark {
    /// Class in a page's style.
    pub fn class(self) -> &'static str {
        match self {
            Self::Sure => "sure",
            Self::Doubtful => "doubtful",
            Self::Corrected => "corrected",
        }
    }
}

/// One cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Words, never a formula.
    Text(String),
    /// A count that a reader may add up.
    Number(u64),
}

impl Cell {
    /// Nothing stands in it.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Text(text) if text.is_empty())
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Number(number) => number.fmt(f),
        }
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<u64> for Cell {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// One for each head of the sheet.
    pub cells: Vec<Cell>,
    /// See [`Mark`].
    pub mark: Mark,
}

impl Row {
    /// A row of words.
    pub fn words(cells: Vec<String>, mark: Mark) -> Self {
        Self { cells: cells.into_iter().map(Cell::Text).collect(), mark }
    }
}

impl From<Vec<Cell>> for Row {
    fn from(cells: Vec<Cell>) -> Self {
        Self { cells, mark: Mark::Sure }
    }
}

/// Rows of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sheet {
    /// Short name, the same in every language.
    pub id: &'static str,
    /// Name to read.
    pub title: String,
    /// Names of the columns.
    pub heads: Vec<String>,
    /// In their order.
    pub rows: Vec<Row>,
}
