//! What an address was called: DNS answers with their validity, aliases, and names
//! that the capture file gives.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::Arc;

use super::host::{Host, normalise};
use super::nat64::Prefixes;
use crate::evidence::{GroundCode, Time};
use crate::message::{Dns, Kind, Message};

/// Shortest time an answer is taken to hold. Programs keep answers longer than their TTL
/// says: Java's resolver for 30 s (`networkaddress.cache.ttl` of the JDK without a
/// security manager), and a connection begins a moment behind its answer even where the TTL is 0.
const SHORTEST_VALIDITY: i64 = 30 * SECOND;
const SECOND: i64 = 1_000_000_000;

/// Answers kept, over all clients; the answer to a question for an address is kept for its client
/// and for all. Each takes some 150 bytes, all of them some 20 MB; a phone asks a few thousand names an hour.
const ANSWERS: usize = 1 << 17;

/// Names kept for one address, and aliases for one name: a host behind a CDN shares its
/// address with thousands of others, and past some tens a name says nothing about a connection.
const NAMES_OF_ONE: usize = 64;

/// Aliases followed from one name. Resolvers stop at 8 to 16 as well.
const CHAIN: usize = 16;

/// A name that held for a while.
#[derive(Clone, Debug)]
struct Held {
    /// Shared by the table of its client and that of all.
    name: Arc<str>,
    from: Time,
    until: Time,
}

/// DNS answers by client and time, CNAMEs, and names from the capture file (NRB).
#[derive(Clone, Debug, Default)]
pub struct NameTable {
    /// By client and address.
    by_client: HashMap<(IpAddr, IpAddr), Vec<Held>>,
    by_address: HashMap<IpAddr, Vec<Held>>,
    aliases: HashMap<Arc<str>, Vec<Held>>,
    given: HashMap<IpAddr, Vec<String>>,
    nat64: Prefixes,
    room: Room,
}

/// How much of the table is taken.
#[derive(Clone, Debug, Default)]
struct Room {
    answers: usize,
    dropped: u64,
}

/// How an address got its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NameQuality {
    /// An answer to this client, valid at that time, and no other name was.
    Valid,
    /// The name is not sure: the newest of several, out of date, another client's, or the capture file's.
    Unsure,
}

/// A name for an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressName {
    /// What the client had asked for.
    pub name: String,
    /// See [`NameQuality`].
    pub quality: NameQuality,
    /// Other names that were valid then, sorted.
    pub others: Vec<String>,
    /// Where the name comes from.
    pub how: GroundCode,
}

impl NameTable {
    /// Learns from a message, where it is a DNS response.
    pub fn learn_message(&mut self, message: &Message) {
        if let Kind::Dns(dns) = &message.kind {
            self.learn(message.client, message.time, dns);
        }
    }

    /// Learns the answers of a response that `client` got at `time`.
    ///
    /// An address is known under the name that was asked for, not under the alias the
    /// chain of CNAMEs ends at: that is what the program wanted to reach.
    pub fn learn(&mut self, client: IpAddr, time: Time, dns: &Dns) {
        if !dns.response {
            return;
        }
        self.nat64.learn(dns);
        let client = normalise(client);
        // Alias target to the name it stands for, in this message.
        let mut asked_as: HashMap<Arc<str>, Arc<str>> = HashMap::new();
        for (owner, kind, value, ttl) in &dns.answers {
            if kind == "CNAME"
                && let (Some(Host::Name(owner)), Some(Host::Name(target))) = (Host::parse(owner), Host::parse(value))
                && owner != target
            {
                let (owner, target) = (Arc::<str>::from(owner), Arc::<str>::from(target));
                asked_as.entry(Arc::clone(&target)).or_insert_with(|| Arc::clone(&owner));
                self.room.keep(&mut self.aliases, owner, held(target, time, *ttl));
            }
        }
        for (owner, kind, value, ttl) in &dns.answers {
            if (kind == "A" || kind == "AAAA")
                && let (Some(Host::Name(owner)), Some(Host::Address(address))) =
                    (Host::parse(owner), Host::parse(value))
            {
                let mut asked = Arc::<str>::from(owner);
                for _ in 0..CHAIN {
                    match asked_as.get(&asked) {
                        Some(alias_of) => asked = Arc::clone(alias_of),
                        None => break,
                    }
                }
                let held = held(asked, time, *ttl);
                self.room.keep(&mut self.by_client, (client, address), held.clone());
                self.room.keep(&mut self.by_address, address, held);
            }
        }
    }

    /// Learns a name that the capture file itself gives (pcapng name resolution block).
    pub fn learn_given(&mut self, address: IpAddr, name: &str) {
        if let Some(Host::Name(name)) = Host::parse(name) {
            let names = self.given.entry(normalise(address)).or_default();
            if names.len() < NAMES_OF_ONE && !names.contains(&name) {
                names.push(name);
                names.sort();
            }
        }
    }

    /// Answers that no room was left for since they were [read from the start](Self::read_anew):
    /// of an address with more names than are kept, they are none.
    pub fn dropped(&self) -> u64 {
        self.room.dropped
    }

    /// All answers are learned once more: those that no room was left for are counted from 0.
    pub fn read_anew(&mut self) {
        self.room.dropped = 0;
    }

    /// An address that only wraps an IPv4 address, in any way that this network has, as that one.
    pub fn plain(&self, address: IpAddr) -> IpAddr {
        self.nat64.plain(address)
    }

    /// What `client` knew `address` as at `time`.
    pub fn name_of(&self, client: IpAddr, address: IpAddr, time: Time) -> Option<AddressName> {
        // A name server that makes IPv6 addresses answers with them; a program that was told
        // the IPv4 address makes one itself.
        let client = normalise(client);
        let found = self.known_as(client, normalise(address), time);
        found.or_else(|| self.known_as(client, self.plain(address), time))
    }

    fn known_as(&self, client: IpAddr, address: IpAddr, time: Time) -> Option<AddressName> {
        let own = self.by_client.get(&(client, address)).and_then(|names| latest(names, time));
        let any = || self.by_address.get(&address).and_then(|names| latest(names, time));
        let named = |found: Latest<'_>, of_client: bool| {
            let (how, quality) = match (of_client, found.valid, found.others.is_empty()) {
                (true, true, true) => (GroundCode::NameDns, NameQuality::Valid),
                (true, true, false) => (GroundCode::NameDnsOfSeveral, NameQuality::Unsure),
                (true, false, _) => (GroundCode::NameDnsExpired, NameQuality::Unsure),
                (false, ..) => (GroundCode::NameDnsOtherClient, NameQuality::Unsure),
            };
            AddressName { name: found.name.to_owned(), quality, others: found.others, how }
        };
        if let Some(found) = own {
            return Some(named(found, true));
        }
        if let Some(found) = any() {
            return Some(named(found, false));
        }
        let names = self.given.get(&address)?;
        let (name, others) = names.split_first()?;
        let (quality, how) = (NameQuality::Unsure, GroundCode::NameOfCaptureFile);
        Some(AddressName { name: name.clone(), quality, others: others.to_vec(), how })
    }

    /// The aliases of `name` at `time`, nearest first: `a` → `a.cdn.example` → …. Whom a zone
    /// points to does not depend on who asked, so answers to any client count.
    pub fn aliases(&self, name: &str, time: Time) -> Vec<String> {
        let mut chain: Vec<String> = Vec::new();
        let mut at = name;
        while chain.len() < CHAIN {
            let Some(next) = self.aliases.get(at).and_then(|held| latest(held, time)) else { break };
            if next.name == name || chain.iter().any(|seen| seen == next.name) {
                break;
            }
            at = next.name;
            chain.push(at.to_owned());
        }
        chain
    }
}

impl Room {
    /// Keeps `held` under `key`, where there is room for it.
    fn keep<K: Eq + Hash>(&mut self, table: &mut HashMap<K, Vec<Held>>, key: K, held: Held) {
        let free = self.answers < ANSWERS;
        let known = match table.entry(key) {
            Entry::Occupied(known) => known.into_mut(),
            // What is not kept leaves no trace: there may be any number of them.
            Entry::Vacant(_) if !free => {
                self.dropped += 1;
                return;
            }
            // Most have one name only.
            Entry::Vacant(vacant) => vacant.insert(Vec::with_capacity(1)),
        };
        let room = free && known.len() < NAMES_OF_ONE;
        // A repeated answer makes the one before last longer; where another name was answered in between,
        // it is an answer of its own, for what was asked for last is what is reached next.
        let newest = known.iter().map(|k| k.from).max();
        let mut same = known.iter_mut().filter(|k| k.name == held.name && (!room || Some(k.from) == newest));
        if let Some(same) = same.find(|k| held.from <= k.until && k.from <= held.until) {
            same.from = same.from.min(held.from);
            same.until = same.until.max(held.until);
        } else if room {
            known.push(held);
            self.answers += 1;
        } else if !free {
            self.dropped += 1;
        }
    }
}

fn held(name: Arc<str>, from: Time, ttl: u32) -> Held {
    let validity = (i64::from(ttl) * SECOND).max(SHORTEST_VALIDITY);
    Held { name, from, until: Time(from.0.saturating_add(validity)) }
}

struct Latest<'a> {
    name: &'a str,
    valid: bool,
    others: Vec<String>,
}

/// The newest name that was valid at `time`, else the newest from before. Answers from
/// later than `time` never count: what was learned afterwards did not lead there.
fn latest(names: &[Held], time: Time) -> Option<Latest<'_>> {
    let before = || names.iter().filter(|n| n.from <= time);
    let newest = |a: &&Held, b: &&Held| a.from.cmp(&b.from).then(b.name.cmp(&a.name));
    if let Some(newest) = before().filter(|n| time <= n.until).max_by(newest) {
        let valid = before().filter(|n| time <= n.until && n.name != newest.name);
        let mut others: Vec<String> = valid.map(|n| n.name.to_string()).collect();
        others.sort();
        others.dedup();
        return Some(Latest { name: &newest.name, valid: true, others });
    }
    before().max_by(newest).map(|n| Latest { name: &n.name, valid: false, others: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 2));

    fn at(seconds: i64) -> Time {
        Time(seconds * SECOND)
    }

    fn answer(owner: &str, kind: &str, value: &str, ttl: u32) -> (String, String, String, u32) {
        (owner.to_owned(), kind.to_owned(), value.to_owned(), ttl)
    }

    fn response(names: &[&str], answers: Vec<(String, String, String, u32)>) -> Dns {
        Dns { names: names.iter().map(|n| (*n).to_owned()).collect(), answers, response: true }
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_has_the_name_that_was_asked_for() {
        let mut table = NameTable::default();
        let answers = vec![
            answer("m.example.com", "CNAME", "x.cdn.example", 60),
            answer("x.cdn.example", "CNAME", "y.cdn.example", 60),
            answer("y.cdn.example", "A", "203.0.113.7", 60),
        ];
        table.learn(CLIENT, at(100), &response(&["m.example.com"], answers));
        let found = table.name_of(CLIENT, address("203.0.113.7"), at(130)).unwrap();
        assert_eq!((found.name.as_str(), found.quality), ("m.example.com", NameQuality::Valid));
        assert_eq!(table.aliases("m.example.com", at(130)), ["x.cdn.example", "y.cdn.example"]);
        // The same address by NAT64 is the same address.
        assert!(table.name_of(CLIENT, address("64:ff9b::203.0.113.7"), at(130)).is_some());
        // Before the answer there was no name.
        assert_eq!(table.name_of(CLIENT, address("203.0.113.7"), at(99)), None);
    }

    #[test]
    fn answers_run_out_and_belong_to_who_asked() {
        let mut table = NameTable::default();
        table.learn(CLIENT, at(0), &response(&["a.example"], vec![answer("a.example", "A", "203.0.113.1", 60)]));
        let quality = |client: &str, seconds| {
            table.name_of(address(client), address("203.0.113.1"), at(seconds)).map(|n| n.quality)
        };
        assert_eq!(quality("10.0.0.2", 60), Some(NameQuality::Valid));
        assert_eq!(quality("10.0.0.2", 61), Some(NameQuality::Unsure));
        assert_eq!(quality("10.0.0.3", 30), Some(NameQuality::Unsure));
    }

    #[test]
    fn of_two_valid_names_the_newest_is_taken_and_the_other_told() {
        let mut table = NameTable::default();
        for (seconds, name) in [(0, "old.example"), (10, "new.example")] {
            table.learn(CLIENT, at(seconds), &response(&[name], vec![answer(name, "A", "203.0.113.1", 300)]));
        }
        let found = table.name_of(CLIENT, address("203.0.113.1"), at(20)).unwrap();
        assert_eq!(found.name, "new.example");
        assert_eq!(found.others, ["old.example"]);
        assert_eq!(found.quality, NameQuality::Unsure);
        // At a time when only the first was known, it is the name.
        assert_eq!(table.name_of(CLIENT, address("203.0.113.1"), at(5)).unwrap().name, "old.example");
    }

    #[test]
    fn a_name_that_is_asked_for_again_is_the_newest_again() {
        let mut table = NameTable::default();
        for (seconds, name) in [(0, "a.example"), (10, "b.example"), (20, "a.example"), (30, "a.example")] {
            table.learn(CLIENT, at(seconds), &response(&[name], vec![answer(name, "A", "203.0.113.1", 300)]));
        }
        let name = |seconds| table.name_of(CLIENT, address("203.0.113.1"), at(seconds)).unwrap();
        let names = [5, 15, 25, 35].map(|seconds| name(seconds).name);
        assert_eq!(names, ["a.example", "b.example", "a.example", "a.example"]);
        assert_eq!(name(25).others, ["b.example"]);
        // However often the two take turns, both stay known.
        for turn in 4..200 {
            let owner = ["b.example", "a.example"][turn as usize % 2];
            let answers = vec![answer(owner, "A", "203.0.113.1", 300)];
            table.learn(CLIENT, at(turn * 10), &response(&[owner], answers));
        }
        let found = table.name_of(CLIENT, address("203.0.113.1"), at(1_995)).unwrap();
        assert_eq!((found.others.len(), table.dropped()), (1, 0));
    }

    #[test]
    fn loops_of_aliases_end() {
        let mut table = NameTable::default();
        let answers =
            vec![answer("a.example", "CNAME", "b.example", 60), answer("b.example", "CNAME", "a.example", 60)];
        table.learn(CLIENT, at(0), &response(&["a.example"], answers));
        assert_eq!(table.aliases("a.example", at(1)), ["b.example"]);
        // An address at the end of a loop is still learned, and learning ends.
        let answers = vec![
            answer("a.example", "CNAME", "b.example", 60),
            answer("b.example", "CNAME", "a.example", 60),
            answer("b.example", "A", "203.0.113.9", 60),
        ];
        table.learn(CLIENT, at(0), &response(&["a.example"], answers));
        assert!(table.name_of(CLIENT, address("203.0.113.9"), at(1)).is_some());
    }

    #[test]
    fn queries_teach_nothing_and_tables_are_bounded() {
        let mut table = NameTable::default();
        let query =
            Dns { response: false, ..response(&["a.example"], vec![answer("a.example", "A", "203.0.113.1", 60)]) };
        table.learn(CLIENT, at(0), &query);
        assert_eq!(table.name_of(CLIENT, address("203.0.113.1"), at(0)), None);
        for i in 0..200 {
            let name = format!("h{i}.example");
            table.learn(CLIENT, at(0), &response(&[&name], vec![answer(&name, "A", "203.0.113.1", 60)]));
        }
        let named = table.name_of(CLIENT, address("203.0.113.1"), at(0)).unwrap();
        assert_eq!((named.others.len(), table.dropped()), (NAMES_OF_ONE - 1, 0));
        table.room.answers = ANSWERS - 1;
        table.learn(CLIENT, at(0), &response(&["b.example"], vec![answer("b.example", "A", "203.0.113.2", 60)]));
        assert_eq!((table.room.answers, table.dropped()), (ANSWERS, 1));
        assert_eq!(table.by_address.len(), 1, "what there is no room for leaves nothing behind");
    }

    #[test]
    fn names_of_the_capture_file_come_last() {
        let mut table = NameTable::default();
        table.learn_given(address("203.0.113.5"), "named.example.");
        let found = table.name_of(CLIENT, address("203.0.113.5"), at(0)).unwrap();
        assert_eq!((found.name.as_str(), found.quality), ("named.example", NameQuality::Unsure));
    }
}
