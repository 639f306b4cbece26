//! Files that hold messages rather than packets.
//!
//! Takes the bytes of a file that a proxy or a browser wrote, hands on the same
//! [`Item`]s that streams yield, flow by flow, and says who wrote the file and what
//! its format or its writer loses. What the file does not hold is not made up: a body
//! that was left out stays empty, with its length where that is known, and a gap.
//!
//! It knows formats and their writers. It does not know what a message means, and it
//! never looks at the name of a file.

mod charles;
mod chlsj;
mod chlz;
mod elements;
mod emit;
mod exchange;
mod extract;
mod flows;
mod har;
mod httpcanary;
mod proxypin;
mod saz;
mod tnetstring;

pub use extract::{Extract, extract};

use crate::capture::{Format, OpenError, Source, Unread};
use crate::evidence::{Gap, GapReason, Time};

use super::{Item, Options};

/// What an imported file says about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Name and version of the program that wrote it.
    pub producer: Option<String>,
    /// Entries (HAR), flows (mitmproxy), exchanges (of other proxies) that could be read.
    pub entries: u64,
    /// Time of the earliest and the latest of them.
    pub first: Option<Time>,
    /// See `first`.
    pub last: Option<Time>,
    /// Since when it was recorded, where the file says so: that of which it is an extract.
    pub since: Option<Time>,
}

impl Imported {
    /// Counts an entry, and its time where it has one.
    fn count(&mut self, time: Option<Time>) {
        self.entries += 1;
        if let Some(time) = time {
            self.first = Some(self.first.map_or(time, |first| first.min(time)));
            self.last = Some(self.last.map_or(time, |last| last.max(time)));
        }
    }
}

/// Hands everything in `source`, which is input number `input` and no capture of
/// packets, to `sink`, its times set right by the source's shift. Damage is no error: what
/// precedes it was handed on, and a gap says where it lies.
///
/// # Errors
/// When it cannot be opened any more, or holds nothing of its format.
pub fn read(source: &Source, input: u32, options: &Options, sink: &mut dyn FnMut(Item)) -> Result<Imported, OpenError> {
    let by = source.shift();
    let mut imported = as_written(source, input, options, &mut |mut item| {
        if let Item::Message(message) = &mut item {
            message.time = shifted(message.time, by);
        }
        sink(item);
    })?;
    for time in [&mut imported.first, &mut imported.last, &mut imported.since].into_iter().flatten() {
        *time = shifted(*time, by);
    }
    Ok(imported)
}

/// Entries before any that has a time stay without one.
fn shifted(time: Time, by: i64) -> Time {
    if time == Time::default() { time } else { Time(time.0.saturating_add(by)) }
}

fn as_written(
    source: &Source,
    input: u32,
    options: &Options,
    sink: &mut dyn FnMut(Item),
) -> Result<Imported, OpenError> {
    match source.format() {
        Format::Har => har::har(source, input, options, sink),
        Format::Mitmproxy => Ok(flows::read(source.bytes()?, input, options, sink)),
        Format::CharlesJson => chlsj::read(source, input, options, sink),
        Format::CharlesZip => chlz::read(source, input, options, sink),
        Format::Fiddler => saz::read(source, input, options, sink),
        Format::HttpCanary => httpcanary::read(source, input, options, sink),
        Format::ProxyPin => proxypin::read(source, input, options, sink),
        Format::Pcap | Format::Pcapng => Ok(Imported::default()),
    }
}

/// What to say of a file in an archive or a folder that was not read.
fn unread(why: &Unread, at: &str) -> Gap {
    let reason = match why {
        Unread::TooLarge(_) | Unread::Quota => GapReason::Limit,
        Unread::Encrypted => GapReason::NoKey,
        Unread::Missing | Unread::Damaged => GapReason::DamagedInput,
    };
    Gap::new(reason, at, why.words())
}
