//! A workbook: one sheet for each kind of item, ready to be filtered.
//!
//! Every cell is a string, so nothing of a policy is run as a formula, and no address
//! becomes a link that a click follows.

use rust_xlsxwriter::{Color, DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook, XlsxError};

use super::{Mark, View};

/// Characters of one cell that Excel takes (its specification: 32,767).
const LONGEST: usize = 32_767;
/// Widest column, in characters.
const WIDEST: usize = 48;
/// Characters of a sheet's name that Excel takes.
const LONGEST_NAME: usize = 31;

/// The workbook's bytes: the same for the same view.
pub fn render(view: &View) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    // The time of the run is in no output.
    let epoch = ExcelDateTime::from_ymd(2000, 1, 1)?;
    book.set_properties(&DocProperties::new().set_creation_datetime(&epoch));
    let head = Format::new().set_bold().set_border_bottom(FormatBorder::Thin).set_text_wrap();
    let text = Format::new().set_text_wrap().set_align(FormatAlign::Top);
    let marked = text.clone().set_background_color(Color::RGB(0x00FA_ECCD));
    let corrected = text.clone().set_background_color(Color::RGB(0x00DF_F0F3));
    for sheet in &view.sheets {
        let page = book.add_worksheet();
        page.set_name(sheet.title.chars().take(LONGEST_NAME).collect::<String>())?;
        page.set_landscape();
        page.set_print_fit_to_pages(1, 0);
        page.set_repeat_rows(0, 0)?;
        for (column, name) in (0u16..).zip(&sheet.heads) {
            page.write_string_with_format(0, column, *name, &head)?;
            let cells = sheet.rows.iter().filter_map(|row| row.cells.get(usize::from(column)));
            let widest = cells.map(|cell| cell.lines().map(width).max().unwrap_or_default()).max();
            let wanted = widest.unwrap_or_default().max(width(name)).clamp(6, WIDEST) + 2;
            page.set_column_width(column, wanted as f64)?;
        }
        for (line, row) in (1u32..).zip(&sheet.rows) {
            let format = match row.mark {
                Mark::Sure => &text,
                Mark::Doubtful => &marked,
                Mark::Corrected => &corrected,
            };
            for (column, cell) in (0u16..).zip(&row.cells) {
                let cut: String = cell.chars().take(LONGEST).collect();
                page.write_string_with_format(line, column, cut, format)?;
            }
        }
        page.set_freeze_panes(1, 0)?;
        if let (Some(columns), Ok(rows)) =
            (u16::try_from(sheet.heads.len()).ok().and_then(|n| n.checked_sub(1)), u32::try_from(sheet.rows.len()))
            && rows > 0
        {
            page.autofilter(0, 0, rows, columns)?;
        }
    }
    book.save_to_buffer()
}

/// How wide a text is, in half-width characters.
fn width(text: &str) -> usize {
    text.chars().map(|c| if u32::from(c) >= 0x2e80 { 2 } else { 1 }).sum()
}
