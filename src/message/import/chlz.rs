//! `.chlz`: a session of Charles as a ZIP: for each transaction `N-meta.json`, the same
//! JSON as in a `.chlsj` but for the bodies, which are files of their own, `N-req.*` and
//! `N-res.*`.

use super::charles::{Transaction, transaction};
use super::emit::Body;
use super::har::body::{LEFT_OUT, Reading, TOO_LARGE};
use super::{Imported, unread};
use crate::capture::{OpenError, Source, Unread};
use crate::evidence::{Gap, GapReason, Time};
use crate::message::{Item, Options};

/// Hands the transactions of `source`, which is input number `input`, to `sink`.
///
/// # Errors
/// When it cannot be opened.
pub fn read(source: &Source, input: u32, options: &Options, sink: &mut dyn FnMut(Item)) -> Result<Imported, OpenError> {
    let mut imported = Imported { producer: Some("Charles (ZIP session)".to_owned()), ..Imported::default() };
    let mut members = source.members()?;
    if members.crowded() {
        sink(Item::Gap(Gap::new(GapReason::Limit, source.name(), "more files in an archive than are looked at")));
    }
    let names = members.names().to_vec();
    let mut all: Vec<(u64, &String)> = names
        .iter()
        .filter_map(|name| {
            let file = name.rsplit('/').next()?;
            Some((file.strip_suffix("-meta.json")?.parse().ok()?, name))
        })
        .collect();
    all.sort();
    for name in &names {
        let body = name.rsplit_once("-req.").or_else(|| name.rsplit_once("-res."));
        let described = body.is_none_or(|(stem, _)| names.binary_search(&format!("{stem}-meta.json")).is_ok());
        if !described || body.is_none() && !name.ends_with("-meta.json") {
            let detail = "bodies without a transaction, and files that are none";
            sink(Item::Gap(Gap::new(GapReason::DamagedInput, name.clone(), detail)));
        }
    }
    let mut last = Time::default();
    for (index, (_, name)) in all.into_iter().enumerate() {
        let meta = match members.read(name) {
            Ok(meta) => meta,
            Err(why) => {
                sink(Item::Gap(unread(&why, name)));
                continue;
            }
        };
        let Ok(value) = serde_json::from_slice::<serde_json::Value>(&meta) else {
            let detail = "transactions whose description is cut or no JSON";
            sink(Item::Gap(Gap::new(GapReason::DamagedInput, name.clone(), detail)));
            continue;
        };
        let stem = name.strip_suffix("meta.json").unwrap_or(name);
        let mut of = |half: &str, announced: u64, sink: &mut dyn FnMut(Item)| {
            let prefix = format!("{stem}{}.", if half == "request" { "req" } else { "res" });
            let from = names.partition_point(|name| name.as_str() < prefix.as_str());
            let Some(member) = names.get(from).filter(|name| name.starts_with(&prefix)) else {
                return Some(Body::missing(announced, LEFT_OUT));
            };
            Some(match members.read(member) {
                Ok(bytes) => Body::whole(bytes),
                Err(Unread::TooLarge(length)) => Body::missing(length, TOO_LARGE),
                Err(why) => {
                    sink(Item::Gap(unread(&why, member)));
                    Body::missing(announced, LEFT_OUT)
                }
            })
        };
        let (number, pointer, reading) = (index as u64, format!("{name}#"), Reading::default());
        let one = Transaction { input, number, pointer, value: &value, reading, last };
        let time = transaction(&one, &mut of, options, sink);
        last = time.unwrap_or(last);
        imported.count(time);
    }
    Ok(imported)
}
