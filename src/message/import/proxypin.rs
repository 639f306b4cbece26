//! The history that ProxyPin keeps (`history/NUMBER.txt`, its `storage/histories.dart`):
//! entries of HAR, one on each line, each ended by a comma, with no list around them.

use super::har::body::Reading;
use super::har::{entry, producer};
use super::{Imported, elements};
use crate::capture::{OpenError, Source};
use crate::message::{Item, Options};

/// Hands the entries of `source`, which is input number `input`, to `sink`.
///
/// # Errors
/// When it cannot be opened.
pub fn read(source: &Source, input: u32, options: &Options, sink: &mut dyn FnMut(Item)) -> Result<Imported, OpenError> {
    let mut imported = Imported { producer: Some("ProxyPin (history)".to_owned()), ..Imported::default() };
    let (program, _) = producer::identify(&serde_json::json!({"name": "ProxyPin"}));
    let mut importer = entry::Importer::of_lines(input, options);
    elements::lines(
        source.bytes()?,
        &mut |number, value, marked, sink| {
            importer.reading = Reading { program, marked };
            let time = importer.entry(number, value, sink);
            imported.count(time);
        },
        sink,
    );
    Ok(imported)
}
