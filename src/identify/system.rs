//! Which of the two advertising ids it is: Android has Google's, iOS has Apple's.
//!
//! SDKs that run on both send them under one name, be it `ifa`, `udid` or even `idfa`, whatever the phone. Which
//! system it has stands in the message itself (`"platform": "android"`, the User-Agent), follows
//! from the device profile, or shows in how the id is written: Apple's in capitals, Google's in small letters.

use super::{Found, Hit, Identifier, Seen};
use crate::evidence::{Certainty, Ground, GroundCode};

/// A system for phones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum System {
    Android,
    Ios,
}

impl System {
    /// The type of its advertising id.
    fn advertising_id(self) -> &'static str {
        match self {
            Self::Android => "gaid",
            Self::Ios => "idfa",
        }
    }
}

/// Types of ids that only one of the systems has.
const OF_ANDROID: &[&str] = &["android_id", "gaid", "imei", "oaid"];
const OF_IOS: &[&str] = &["idfa", "idfv"];

/// Gives advertising ids that are in no profile the type that the device's system has.
pub(super) fn settle(identifier: &Identifier, leaves: &[Seen<'_>], found: &mut Found) {
    let is_open = |hit: &Hit| matches!(hit.data_type.as_str(), "gaid" | "idfa") && hit.certainty < Certainty::Confirmed;
    if !found.hits.iter().any(is_open) {
        return;
    }
    let known = of_message(leaves).or_else(|| of_profile(identifier));
    for hit in found.hits.iter_mut().filter(|hit| is_open(hit)) {
        let Some(system) = known.or_else(|| of_writing(identifier, leaves, hit)) else { continue };
        let data_type = system.advertising_id();
        if hit.data_type == data_type {
            continue;
        }
        data_type.clone_into(&mut hit.data_type);
        hit.reason.0.push(Ground::new(GroundCode::OfSystem));
        if identifier.profiled.contains(data_type) && hit.certainty > Certainty::Possible {
            hit.certainty = Certainty::Possible;
            hit.reason.0.push(Ground::new(GroundCode::NotOfProfile));
        }
    }
}

/// What the message says of the device's system; `None` where it names none, or both.
fn of_message(leaves: &[Seen<'_>]) -> Option<System> {
    let said = |seen: &Seen<'_>| {
        let text = seen.text?;
        if seen.is_user_agent() {
            let apple = ["iPhone", "iPad", "CFNetwork"].iter().any(|word| text.contains(word));
            return apple.then_some(System::Ios).or_else(|| text.contains("Android").then_some(System::Android));
        }
        let is = |words: &[&str]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
        let ios = || is(&["ios", "iphone os", "ipados", "iphoneos"]).then_some(System::Ios);
        is(&["android"]).then_some(System::Android).or_else(ios)
    };
    let mut all = leaves.iter().filter_map(said);
    let first = all.next()?;
    all.all(|other| other == first).then_some(first)
}

/// The system whose ids the profile holds, where it holds none of the other.
fn of_profile(identifier: &Identifier) -> Option<System> {
    let has = |types: &[&str]| types.iter().any(|data_type| identifier.profiled.contains(*data_type));
    match (has(OF_ANDROID), has(OF_IOS)) {
        (true, false) => Some(System::Android),
        (false, true) => Some(System::Ios),
        _ => None,
    }
}

/// By its letters, where its name is one of both ids.
fn of_writing(identifier: &Identifier, leaves: &[Seen<'_>], hit: &Hit) -> Option<System> {
    let seen = leaves.iter().find(|seen| seen.index == hit.leaf)?;
    let names = |data_type| {
        let mut hints = identifier.keys.hints(hit.key.as_deref().unwrap_or_default(), seen.product);
        hints.any(|hint| hint.row.data_type == data_type)
    };
    (hit.form.digest == "plain" && names("gaid") && names("idfa")).then_some(())?;
    let any = |is: fn(&u8) -> bool| hit.written.as_bytes().iter().any(is);
    match (any(u8::is_ascii_uppercase), any(u8::is_ascii_lowercase)) {
        (true, false) => Some(System::Ios),
        (false, true) => Some(System::Android),
        _ => None,
    }
}
