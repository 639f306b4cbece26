//! `contact-abroad`: an address outside the country that the data is to stay in.
//!
//! It needs the country of an address, which only a file that the user gives can tell,
//! and a country to compare it with: the policy's own word, else the session's. Where
//! either is missing the check is inactive and the report says so: an absent finding
//! then means "not checked".
//!
//! Breaks it: with a policy that stores in China, an address that the file lists under
//! US. Does not: an address of the local network, one that the file does not know, or
//! the operating system's own services.

use std::collections::BTreeSet;

use super::{Draft, Matter, Scope, Text, draft, words};
use crate::audit::claims::spans;
use crate::audit::contacts::{Reached, reached};
use crate::audit::findings::certainty_towards;
use crate::audit::scope::Standing;
use crate::audit::{Report, SessionFacts};
use crate::evidence::{Certainty, Span};
use crate::observations::{GeoSource, Network, Observations};
use crate::policy::Policy;

/// Addresses that a sentence names.
const NAMED: usize = 4;

/// The country that data is to stay in.
pub fn home(policy: &Policy, session: &SessionFacts) -> Option<String> {
    policy.claims.storage_country.clone().or_else(|| session.country.clone())
}

/// Why nothing was checked; `None` where it was.
pub fn inactive(report: &Report) -> Option<Text> {
    missing(&report.geo, home(&report.declarations, &report.session).as_deref())
}

/// What is missing for the check.
pub fn missing(geo: &[GeoSource], home: Option<&str>) -> Option<Text> {
    match (geo, home) {
        ([], _) => Some(Text::new(
            "没有地址归属地数据（--geo-db），未检查接收方是否在境外",
            "no geographic data was given (--geo-db), so whether addresses lie abroad was not checked",
        )),
        (_, None) => Some(Text::new(
            "政策没有写明存储国家，session.toml 也没有 country，未检查接收方是否在境外",
            "the policy names no country of storage and session.toml no country, so whether addresses lie abroad was \
             not checked",
        )),
        (_, Some(_)) => None,
    }
}

/// Networks of these contacts that lie in another country than `home`.
pub fn abroad<'a>(reached: &'a Reached<'_>, home: &str) -> Vec<&'a Network> {
    let networks = reached.contacts.iter().flat_map(|contact| &contact.networks);
    let mut abroad: Vec<&Network> = networks.filter(|n| n.country.as_ref().is_some_and(|c| c != home)).collect();
    abroad.sort();
    abroad.dedup();
    abroad
}

/// One finding for each recipient with an address abroad.
pub fn judge(observations: &Observations, policy: &Policy, scope: &Scope<'_>) -> Vec<Draft> {
    let Some(home) = scope.home.as_deref() else { return Vec::new() };
    let mut drafts = Vec::new();
    for reached in reached(observations) {
        let recipient = reached.recipient;
        let abroad = abroad(&reached, home);
        if abroad.is_empty() || reached.is_noise() || matches!(scope.standing(recipient), Standing::Listed) {
            continue;
        }
        let countries: BTreeSet<&str> = abroad.iter().filter_map(|network| network.country.as_deref()).collect();
        let countries: Vec<&str> = countries.into_iter().collect();
        let mut addresses: Vec<String> = abroad.iter().take(NAMED).map(|network| network.address.clone()).collect();
        if abroad.len() > NAMED {
            addresses.push("…".to_owned());
        }
        let files: Vec<&str> = observations.geo.iter().map(|file| file.name.as_str()).collect();
        let whom = words::recipient(recipient);
        let message = Text::new(
            format!(
                "{}（{}）的地址 {} 登记在 {}，不在 {home}（据 {}）。数据存放在哪里，抓包看不出来。",
                whom.zh,
                recipient.domain,
                addresses.join("、"),
                countries.join("、"),
                files.join("、")
            ),
            format!(
                "Addresses of {} ({}) are registered in {}, not in {home}: {} (by {}). Where data is stored no capture shows.",
                whom.en,
                recipient.domain,
                countries.join(", "),
                addresses.join(", "),
                files.join(", ")
            ),
        );
        drafts.extend(draft(
            Matter {
                code: "contact-abroad",
                recipient,
                data_type: None,
                phase: reached.phase(),
                certainty: certainty_towards(recipient, Certainty::Confirmed),
                base: None,
                message,
                policy: promised(policy),
                sightings: Vec::new(),
                locators: reached.locators(),
                count: reached.contacts.iter().map(|c| c.messages + c.closed.values().sum::<u64>()).sum(),
                first: reached.contacts.iter().map(|c| c.first).min(),
            },
            scope,
        ));
    }
    drafts
}

/// Where the policy says that data stays.
fn promised(policy: &Policy) -> Vec<Span> {
    let mut quotes = spans("storage_country", policy);
    quotes.extend(spans("cross_border", policy).into_iter().filter(|_| policy.claims.cross_border.is_some()));
    quotes
}
