//! A workbook of sheets, ready to be filtered.
//!
//! Every cell of words is a string, so nothing of a policy or a capture is run as a
//! formula, and no address becomes a link that a click follows.

use rust_xlsxwriter::{Color, DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook, XlsxError};

use super::sheet::{Cell, Mark, Sheet};
use super::wrap::columns;

/// Characters of one cell that Excel takes (its specification: 32,767).
const LONGEST: usize = 32_767;
/// Widest column, in characters.
const WIDEST: usize = 48;
/// Points of one line of text at the default 11 points.
const LINE: usize = 15;
/// Lines of a cell that are shown at once: lists of clauses have hundreds, and a row that fills the screen
/// is not read. All of it is in the cell.
const LINES: usize = 12;
/// Paper A4 (ISO/IEC 29500-1 §18.3.1.63), and the characters that lie side by side on it, across, at
/// seven to eight points.
const A4: u8 = 9;
const ACROSS: usize = 190;
/// Characters of a sheet's name that Excel takes.
const LONGEST_NAME: usize = 31;
/// Rows below the heads that Excel takes (1,048,576 with them), less one that says what is missing.
const MOST_ROWS: usize = 1_048_574;
/// Rows by whose words a column's width is chosen: the first ones.
const MEASURED: usize = 1_000;
/// Integers above this are no longer exact in a cell, which is a double.
const LARGEST: u64 = 1 << 53;

/// The workbook's bytes: the same for the same sheets.
pub fn render(sheets: &[Sheet]) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    // The time of the run is in no output.
    let epoch = ExcelDateTime::from_ymd(2000, 1, 1)?;
    book.set_properties(&DocProperties::new().set_creation_datetime(&epoch));
    let head = Format::new().set_bold().set_border_bottom(FormatBorder::Thin).set_text_wrap();
    let text = Format::new().set_text_wrap().set_align(FormatAlign::Top);
    let marked = text.clone().set_background_color(Color::RGB(0x00FA_ECCD));
    let corrected = text.clone().set_background_color(Color::RGB(0x00DF_F0F3));
    for sheet in sheets {
        let page = book.add_worksheet();
        page.set_name(sheet.title.chars().take(LONGEST_NAME).collect::<String>())?;
        page.set_landscape();
        page.set_paper_size(A4);
        page.set_repeat_rows(0, 0)?;
        let mut widths = Vec::with_capacity(sheet.heads.len());
        for (column, name) in (0u16..).zip(&sheet.heads) {
            page.write_string_with_format(0, column, name, &head)?;
            let cells = sheet.rows.iter().take(MEASURED).filter_map(|row| row.cells.get(usize::from(column)));
            let widest = cells.map(|cell| cell.to_string().lines().map(columns).max().unwrap_or_default()).max();
            let named = name.lines().map(columns).max().unwrap_or_default();
            let wanted = widest.unwrap_or_default().max(named).clamp(6, WIDEST) + 2;
            page.set_column_width(column, wanted as f64)?;
            widths.push(wanted);
        }
        // What is wider than a sheet of paper goes on on the next one, under the same first column.
        let across = u16::try_from(widths.iter().sum::<usize>().div_ceil(ACROSS).max(1)).unwrap_or(u16::MAX);
        page.set_print_fit_to_pages(across, 0);
        if across > 1 {
            page.set_repeat_columns(0, 0)?;
        }
        page.set_row_height(0, height(sheet.heads.iter().map(String::as_str), &widths))?;
        let rows = sheet.rows.len().min(MOST_ROWS);
        for (line, row) in (1u32..).zip(sheet.rows.iter().take(MOST_ROWS)) {
            let format = match row.mark {
                Mark::Sure => &text,
                Mark::Doubtful => &marked,
                Mark::Corrected => &corrected,
            };
            // Not every program makes a row as tall as its wrapped text when it opens a file.
            let cells: Vec<String> = row.cells.iter().map(Cell::to_string).collect();
            page.set_row_height(line, height(cells.iter().map(String::as_str), &widths))?;
            for (column, cell) in (0u16..).zip(&row.cells) {
                match cell {
                    Cell::Number(number) if *number <= LARGEST => {
                        page.write_number_with_format(line, column, *number as f64, format)?;
                    }
                    cell => {
                        let cut: String = cell.to_string().chars().take(LONGEST).collect();
                        page.write_string_with_format(line, column, cut, format)?;
                    }
                }
            }
        }
        if sheet.rows.len() > rows {
            let left = format!("… +{}", sheet.rows.len() - rows);
            page.write_string(u32::try_from(rows + 1).unwrap_or(u32::MAX), 0, left)?;
        }
        page.set_freeze_panes(1, 0)?;
        if let (Some(columns), Ok(rows)) =
            (u16::try_from(sheet.heads.len()).ok().and_then(|n| n.checked_sub(1)), u32::try_from(rows))
            && rows > 0
        {
            page.autofilter(0, 0, rows, columns)?;
        }
    }
    book.save_to_buffer()
}

/// Points that a row of these texts takes, each wrapped in its column.
fn height<'t>(texts: impl Iterator<Item = &'t str>, widths: &[usize]) -> f64 {
    let lines = |text: &str, room: usize| text.lines().map(|line| wrapped(line, room)).sum::<usize>();
    let tallest = texts.zip(widths).map(|(text, room)| lines(text, *room)).max().unwrap_or(1);
    (tallest.clamp(1, LINES) * LINE) as f64
}

/// Lines that a text takes in a column of so many characters: words stay whole where they fit.
fn wrapped(text: &str, room: usize) -> usize {
    // The two that every column is wider than its widest text.
    let room = room.saturating_sub(2).max(1);
    let (mut lines, mut used) = (1, 0);
    for word in text.split_inclusive(' ') {
        if used > 0 && used + columns(word.trim_end()) > room {
            (lines, used) = (lines + 1, 0);
        }
        used += columns(word);
        lines += used.saturating_sub(1) / room;
        used -= used.saturating_sub(1) / room * room;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::{height, wrapped};

    #[test]
    fn a_row_is_as_tall_as_its_tallest_cell() {
        assert_eq!(wrapped("", 10), 1);
        assert_eq!(wrapped("12345678", 10), 1);
        assert_eq!(wrapped("123456789", 10), 2);
        assert_eq!(wrapped("abc 12345678", 10), 2, "the word goes to the next line whole");
        assert_eq!(wrapped("每日互动股份", 10), 2);
        assert_eq!(height(["a", "a\nb c"].into_iter(), &[10, 5]), 30.0);
        assert_eq!(height(std::iter::empty(), &[]), 15.0);
        assert_eq!(height([&*"x\n".repeat(1000)].into_iter(), &[10]), 180.0);
    }
}
