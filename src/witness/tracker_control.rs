//! TrackerControl's CSV: which app reached which host, by its DNS and its log. Older versions
//! wrote their own table of an app (`appname`, `hostname`, `companyName`, `timestampt`), later
//! ones NetGuard's table of accesses (`uid`, `daddr`, `time`, `allowed`).

use super::{Reached, Witness, epoch, is_id, short};

/// What a text says, where it is one.
pub fn of_text(text: &str) -> Option<Witness> {
    let mut table = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let header: Vec<String> = table.headers().ok()?.iter().map(|title| title.trim().to_ascii_lowercase()).collect();
    let column = |names: &[&str]| header.iter().position(|title| names.contains(&title.as_str()));
    let host = column(&["hostname", "daddr"])?;
    let time = column(&["timestampt", "time"])?;
    column(&["companyname", "allowed"])?;
    let (app, uid, count) = (column(&["appname", "package"]), column(&["uid"]), column(&["connections", "count"]));
    Some(Witness::of_rows("TrackerControl (CSV)", (2..).zip(table.records()), |witness, _, row| {
        let cell = |at: Option<usize>| Some(row.as_ref().ok()?.get(at?)?.trim()).filter(|cell| !cell.is_empty());
        let name = cell(Some(host))?;
        let time = Some(epoch(cell(Some(time))?.parse().ok()?)?);
        let app = cell(app).filter(|app| is_id(app)).map(str::to_owned);
        let app = app.or_else(|| cell(uid)?.parse::<u32>().ok().map(|uid| format!("uid {uid}")));
        let count = cell(count).and_then(|cell| cell.parse().ok()).filter(|count| *count > 0).unwrap_or(1);
        witness.reached.push(Reached { app, host: short(name).to_lowercase(), count, first: time, last: time });
        Some(())
    }))
}
