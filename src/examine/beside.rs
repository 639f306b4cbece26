//! What other tools wrote, listed beside what the traffic showed.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::lens::Lens;
use crate::evidence::{Gap, GapReason, Time};
use crate::observations::{Beside, BesideFile, CallEvidence, Caller, InTraffic, Observations, ReachedHost, same_app};
use crate::party::Host;
use crate::witness::{Call, Reached, Stamp, Witness};

/// How far in time a call may lie from a sighting that it is listed with: clocks differ, and what
/// an app reads at its start is sent once a connection is up.
const WINDOW: i64 = 60_000_000_000;

/// How far a time without a zone may lie from the capture's and still be meant: time zones are at
/// most fourteen hours from UTC.
const NEAR: i64 = 36 * 3600 * 1_000_000_000;

const DAY: i64 = 86_400_000_000_000;

/// Different calls and hosts that are listed; a day of one app has some hundred.
const LISTED: usize = 10_000;

/// Adds `witnesses` to the observations. `offset` is how far times without a zone are ahead of UTC,
/// in nanoseconds, where the session says so.
pub fn add(seen: &mut Observations, witnesses: &[Witness], lens: &Lens<'_>, offset: Option<i64>) {
    if witnesses.is_empty() {
        return;
    }
    let extent = seen.inputs.iter().filter_map(|input| Some((input.first?, input.last?)));
    let extent = extent.reduce(|(a, b), (c, d)| (a.min(c), b.max(d)));
    let mut beside = Beside::default();
    for witness in witnesses {
        let (mut reached, mut calls, mut other_apps, mut unlisted) = (BTreeMap::new(), BTreeMap::new(), 0, 0);
        let audited = |app: Option<&str>| match (app, lens.app.as_deref()) {
            (Some(app), Some(audited)) => same_app(app, audited) || app.starts_with("uid "),
            _ => true,
        };
        for row in &witness.reached {
            match audited(row.app.as_deref()) {
                true => unlisted += u64::from(!reach(&mut reached, row)),
                false => other_apps += 1,
            }
        }
        let from_zero = witness.calls.iter().any(|call| matches!(call.at, Stamp::Local { month: 0, .. }));
        let mut unplaced = 0;
        for call in &witness.calls {
            if !audited(call.app.as_deref()) {
                other_apps += 1;
                continue;
            }
            let time = place(call.at, extent, offset, from_zero);
            unplaced += u64::from(time.is_none());
            unlisted += u64::from(!note(&mut calls, call, time, lens));
        }
        if unplaced > 0 {
            let detail = "calls whose time has no zone, or lies far from the capture: give utc_offset in session.toml; \
                          held against flows by app and type alone";
            seen.gaps.push(Gap { count: unplaced, ..Gap::new(GapReason::LossyImport, &witness.name, detail) });
        }
        if unlisted > 0 {
            let detail = "rows beyond 10000 different hosts, or as many different calls, of one file";
            seen.gaps.push(Gap { count: unlisted, ..Gap::new(GapReason::Limit, &witness.name, detail) });
        }
        let name = &witness.name;
        beside.reached.extend(reached.into_iter().map(|((host, app), row)| told(host, app, name, &row, seen, lens)));
        for (key, times) in calls {
            beside.calls.push(evidence(key, &times, name, seen));
        }
        beside.callers.extend(callers(witness, seen, lens));
        seen.gaps.extend(witness.gaps.iter().cloned());
        beside.files.push(BesideFile {
            name: name.clone(),
            sha256: witness.sha256.clone(),
            bytes: witness.bytes,
            format: witness.format.to_owned(),
            rows: witness.rows,
            other_apps,
        });
    }
    beside.reached.sort_by(|a, b| (&a.host, &a.app, &a.file).cmp(&(&b.host, &b.app, &b.file)));
    let order =
        |call: &CallEvidence| (call.data_type.clone(), call.file.clone(), call.what.clone(), call.products.clone());
    beside.calls.sort_by_key(order);
    beside.callers.sort();
    seen.beside = beside;
}

type Hosts = BTreeMap<(String, Option<String>), Reached>;

/// `false`: there is no room for it.
fn reach(rows: &mut Hosts, row: &Reached) -> bool {
    let key = (row.host.clone(), row.app.clone());
    if rows.len() >= LISTED && !rows.contains_key(&key) {
        return false;
    }
    let known = rows.entry(key).or_insert_with(|| Reached { count: 0, ..row.clone() });
    known.count = known.count.saturating_add(row.count);
    known.first = [known.first, row.first].into_iter().flatten().min();
    known.last = known.last.max(row.last);
    true
}

fn told(
    host: String,
    app: Option<String>,
    file: &str,
    row: &Reached,
    seen: &Observations,
    lens: &Lens<'_>,
) -> ReachedHost {
    let recipient = Host::parse(&host).map(|host| lens.attributor.attribute_host(host, None, 443).recipient.id);
    let recipient = recipient.unwrap_or_else(|| format!("host:{host}"));
    let same = |other: Option<&String>| match (&app, other) {
        (Some(app), Some(other)) => same_app(app, other) || app.starts_with("uid "),
        _ => true,
    };
    let mut contacts = seen.contacts.iter().filter(|contact| same(contact.app.as_ref()));
    let here = |names: &[String]| names.contains(&host);
    let in_traffic = match () {
        () if contacts.clone().any(|contact| here(&contact.hosts) || here(&contact.addresses)) => InTraffic::Host,
        () if contacts.any(|contact| contact.recipient == recipient) => InTraffic::Recipient,
        () => InTraffic::No,
    };
    let (count, first, last) = (row.count, row.first, row.last);
    ReachedHost { host, app, file: file.to_owned(), recipient, in_traffic, count, first, last }
}

/// Type, what was called, app, products on the stack.
type CallKey = (Option<String>, String, Option<String>, Vec<String>);

/// How often, and when, as far as that is known.
#[derive(Default)]
struct Times {
    count: u64,
    at: Vec<Time>,
}

/// `false`: there is no room for it.
fn note(calls: &mut BTreeMap<CallKey, Times>, call: &Call, time: Option<Time>, lens: &Lens<'_>) -> bool {
    let text = call.what.to_lowercase();
    let types: Vec<&str> =
        lens.signatures.calls.iter().filter(|words| words.means(&text)).map(|words| words.data_type.as_str()).collect();
    let products = products(&call.stack, lens);
    let types = if types.is_empty() { vec![None] } else { types.into_iter().map(Some).collect() };
    for data_type in types {
        let key = (data_type.map(str::to_owned), call.what.clone(), call.app.clone(), products.clone());
        if calls.len() >= LISTED && !calls.contains_key(&key) {
            return false;
        }
        let times = calls.entry(key).or_default();
        times.count = times.count.saturating_add(call.count);
        times.at.extend(time);
    }
    true
}

/// Products whose code stands on a stack, without repetition.
fn products(stack: &[String], lens: &Lens<'_>) -> Vec<String> {
    let of = stack.iter().flat_map(|class| lens.attributor.index().package(class)).map(|product| product.id.clone());
    of.collect::<BTreeSet<_>>().into_iter().collect()
}

fn evidence(key: CallKey, times: &Times, file: &str, seen: &Observations) -> CallEvidence {
    let (data_type, what, app, products) = key;
    let audited = app.as_ref().or(seen.app.as_ref());
    let same = |other: Option<&String>| match (audited, other) {
        (Some(app), Some(other)) => same_app(app, other),
        _ => true,
    };
    let in_time = |first: Time, last: Time| {
        times.at.is_empty() || times.at.iter().any(|at| at.since(first) >= -WINDOW && at.since(last) <= WINDOW)
    };
    let beside = seen
        .sightings
        .iter()
        .filter(|s| Some(&s.data_type) == data_type.as_ref() && same(s.app.as_ref()) && in_time(s.first, s.last))
        .map(|sighting| sighting.id.clone());
    CallEvidence {
        beside: beside.collect(),
        data_type,
        what,
        file: file.to_owned(),
        app,
        products,
        count: times.count,
        first: times.at.iter().min().copied(),
        last: times.at.iter().max().copied(),
    }
}

/// Which product's code wrote to which recipient, by the stacks of a socket trace.
fn callers(witness: &Witness, seen: &Observations, lens: &Lens<'_>) -> Vec<Caller> {
    let mut counts: BTreeMap<(String, String, String), u64> = BTreeMap::new();
    for socket in &witness.sockets {
        let Some(remote) = socket.remote else { continue };
        let address = remote.ip().to_string();
        let same = |app: Option<&String>| app.is_none_or(|app| same_app(app, &socket.app) || !socket.is_id);
        let mut to = seen.contacts.iter().filter(|c| c.addresses.contains(&address) && same(c.app.as_ref()));
        // An address of several recipients does not say which.
        let (Some(contact), None) = (to.next(), to.next()) else { continue };
        for product in products(&socket.stack, lens) {
            *counts.entry((contact.recipient.clone(), product, socket.app.clone())).or_default() += 1;
        }
    }
    let file = witness.name.clone();
    let of = |((recipient, product, app), count)| Caller { recipient, product, app, file: file.clone(), count };
    counts.into_iter().map(of).collect()
}

/// The time that a stamp means, if it can be placed: the year is that of the capture, the month may
/// be counted from 0, the zone is the one that the session gives.
fn place(stamp: Stamp, extent: Option<(Time, Time)>, offset: Option<i64>, from_zero: bool) -> Option<Time> {
    let (year, month, day, of_day) = match stamp {
        Stamp::At(time) => return Some(time),
        Stamp::Never => return None,
        Stamp::Local { year, month, day, of_day } => (year, month, day, of_day),
    };
    let (offset, (first, last)) = (offset?, extent?);
    let given = year.or_else(|| {
        let text = first.to_string();
        text.get(..4)?.parse().ok()
    })?;
    let at = |month: i8| {
        let date = Date::new(given, month, day).ok()?;
        let days = i64::from(date.since(Date::new(1970, 1, 1).ok()?).ok()?.get_days());
        Some(Time(days.checked_mul(DAY)?.checked_add(of_day)?.checked_sub(offset)?))
    };
    let near = |time: &Time| time.since(first) >= -NEAR && time.since(last) <= NEAR;
    // A month 0 proves how the table counts; otherwise the capture does, where only one fits.
    let (as_written, shifted) = (at(month).filter(near), month.checked_add(1).and_then(at).filter(near));
    if from_zero { shifted } else { as_written.or(shifted) }
}
