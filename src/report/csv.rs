//! A sheet as CSV (RFC 4180), in UTF-8 with a byte order mark, which spreadsheets ask for.

use super::sheet::{Cell, Sheet};

/// The bytes.
pub fn render(sheet: &Sheet) -> Result<Vec<u8>, csv::Error> {
    let mut bytes = "\u{feff}".as_bytes().to_vec();
    let mut out = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(&mut bytes);
    out.write_record(sheet.heads.iter().map(|head| inert(&head.replace('\n', " / "))))?;
    for row in &sheet.rows {
        out.write_record(row.cells.iter().map(|cell| match cell {
            Cell::Text(text) => inert(text),
            Cell::Number(number) => number.to_string(),
        }))?;
    }
    out.flush()?;
    drop(out);
    Ok(bytes)
}

/// Text that a spreadsheet does not run: what begins like a formula gets an apostrophe
/// (OWASP, CSV Injection), and so does what begins with one, so that it can be told apart.
fn inert(text: &str) -> String {
    // A full-width sign is folded to the plain one by some input methods of spreadsheets.
    let runs = ['=', '+', '-', '@', '\t', '\r', '\n', '\'', '＝', '＋', '－', '＠'];
    if text.trim_start_matches(' ').starts_with(runs) { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_a_formula() {
        for evil in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", "'=1"] {
            assert_eq!(inert(evil), format!("'{evil}"));
        }
        for plain in ["imei", "设备", "a=b", "1"] {
            assert_eq!(inert(plain), plain);
        }
    }

    #[test]
    fn quotes_and_line_feeds_stay_in_their_cell() {
        let row = vec![Cell::from("a\"b\nc,d"), Cell::from(7)].into();
        let sheet = Sheet { id: "t", title: "t".into(), heads: vec!["一\none".into(), "n".into()], rows: vec![row] };
        let text = String::from_utf8(render(&sheet).unwrap()).unwrap();
        assert_eq!(text, "\u{feff}一 / one,n\r\n\"a\"\"b\nc,d\",7\r\n");
    }
}
