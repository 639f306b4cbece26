//! `.chlsj`: a session of Charles as a JSON array of transactions.
//!
//! Written by Charles' "Save Session As" and by `charles convert`. Bodies that are text are
//! decoded, others stand in base64; sizes are those of the wire.

use super::Imported;
use super::charles::{Transaction, transaction};
use super::elements;
use super::har::body::Reading;
use crate::capture::{OpenError, Source};
use crate::evidence::Time;
use crate::message::{Item, Options};

/// Hands the transactions of `source`, which is input number `input`, to `sink`.
///
/// # Errors
/// When it cannot be opened, or is no list at all.
pub fn read(source: &Source, input: u32, options: &Options, sink: &mut dyn FnMut(Item)) -> Result<Imported, OpenError> {
    let mut imported = Imported { producer: Some("Charles (JSON session)".to_owned()), ..Imported::default() };
    let mut last = Time::default();
    let result = elements::array(
        source.bytes()?,
        &mut |number, value, marked, sink| {
            let reading = Reading { marked, ..Reading::default() };
            let one = Transaction { input, number, pointer: format!("/{number}"), value, reading, last };
            let time = transaction(&one, &mut |_, _, _| None, options, sink);
            last = time.unwrap_or(last);
            imported.count(time);
        },
        sink,
    );
    result.map_err(|what| OpenError {
        name: source.name().to_owned(),
        what: format!("not a JSON session of Charles: {what}"),
        next: "save the session again, or export it as HAR".to_owned(),
    })?;
    Ok(imported)
}
