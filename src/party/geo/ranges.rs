//! Ranges of addresses in CSV: `start,end,country[,asn,organisation]` or
//! `network,country[,…]`, addresses as text or as the number that they are.
//!
//! A first line of column names may put the columns in another order. Lines that start
//! with `#` are remarks; the first date in one is the file's.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Entry, asn, country_code};

/// Ranges kept: twice the networks that are announced in the Internet today (a million
/// and a quarter, both protocols; CIDR report). At some 100 bytes each this bounds the table.
const RANGES: usize = 4 << 20;

/// Lines in front that are searched for the file's date.
const DATED: usize = 64;

/// Sorted, by their first address.
#[derive(Debug)]
pub(super) struct Ranges {
    ranges: Vec<(IpAddr, IpAddr, Entry)>,
    date: Option<String>,
}

/// What stands in which column.
#[derive(Clone, Copy, Debug, Default)]
struct Columns {
    start: usize,
    end: Option<usize>,
    country: Option<usize>,
    asn: Option<usize>,
    organisation: Option<usize>,
}

impl Ranges {
    /// The error says what the first line that cannot be read holds in place of a range.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .comment(Some(b'#'))
            .trim(csv::Trim::All)
            .from_reader(bytes);
        let (mut columns, mut ranges) = (None::<Columns>, Vec::new());
        for (index, record) in reader.records().enumerate() {
            let record = record.map_err(|error| format!("is no CSV: {error}"))?;
            let line = record.position().map_or(0, csv::Position::line);
            let columns = match columns {
                Some(known) => known,
                None => {
                    let named = Columns::named(&record);
                    let found = named.or_else(|| Columns::of_values(&record)).ok_or_else(|| no_range(line, &record))?;
                    columns = Some(found);
                    if index == 0 && named.is_some() {
                        continue;
                    }
                    found
                }
            };
            let (start, end) = columns.range(&record).ok_or_else(|| no_range(line, &record))?;
            if ranges.len() >= RANGES {
                return Err(format!("holds more than {RANGES} ranges"));
            }
            ranges.push((start, end, columns.entry(&record)));
        }
        if ranges.is_empty() {
            return Err("holds no range of addresses".to_owned());
        }
        ranges.sort_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)));
        Ok(Self { ranges, date: date(bytes) })
    }

    pub(super) fn date(&self) -> Option<&str> {
        self.date.as_deref()
    }

    /// The last range that starts at or before `address`, where it reaches to it. Ranges of
    /// such files do not overlap.
    pub(super) fn of(&self, address: IpAddr) -> Option<Entry> {
        let behind = self.ranges.partition_point(|(start, ..)| *start <= address);
        let (_, end, entry) = self.ranges.get(behind.checked_sub(1)?)?;
        (*end >= address && end.is_ipv4() == address.is_ipv4()).then(|| entry.clone())
    }
}

fn no_range(line: u64, record: &csv::StringRecord) -> String {
    let head: Vec<&str> = record.iter().take(3).collect();
    format!("line {line} holds no range of addresses ({:.60})", head.join(","))
}

impl Columns {
    /// By the names in a header: those of MaxMind, IP2Location, DB-IP, IPinfo.
    fn named(record: &csv::StringRecord) -> Option<Self> {
        let find = |names: &[&str]| {
            record.iter().position(|cell| names.contains(&cell.to_ascii_lowercase().replace(' ', "_").as_str()))
        };
        let network = find(&["network", "cidr", "prefix", "range"]);
        let start =
            network.or_else(|| find(&["start", "start_ip", "ip_start", "ip_from", "ip_range_start", "from"]))?;
        let end = find(&["end", "end_ip", "ip_end", "ip_to", "ip_range_end", "to"]).filter(|_| network.is_none());
        Some(Self {
            start,
            end,
            country: find(&["country", "country_code", "country_iso_code", "cc"]),
            asn: find(&["asn", "as", "as_number", "autonomous_system_number"]),
            organisation: find(&[
                "organisation",
                "organization",
                "as_name",
                "as_org",
                "autonomous_system_organization",
            ]),
        })
    }

    /// By what stands in the first line: after the addresses a country, or a number and a name.
    fn of_values(record: &csv::StringRecord) -> Option<Self> {
        let first = record.get(0)?;
        let next = if first.contains('/') { 1 } else { 2 };
        let end = (next == 2).then_some(1);
        let third = record.get(next)?;
        Some(if asn(third).is_some() {
            Self { start: 0, end, country: None, asn: Some(next), organisation: Some(next + 1) }
        } else {
            Self { start: 0, end, country: Some(next), asn: Some(next + 1), organisation: Some(next + 2) }
        })
    }

    fn range(self, record: &csv::StringRecord) -> Option<(IpAddr, IpAddr)> {
        let start = record.get(self.start)?;
        let (start, end) = match self.end {
            Some(end) => (address(start)?, address(record.get(end)?)?),
            None => network(start)?,
        };
        (start <= end && start.is_ipv4() == end.is_ipv4()).then_some((start, end))
    }

    fn entry(self, record: &csv::StringRecord) -> Entry {
        let cell = |column: Option<usize>| column.and_then(|c| record.get(c)).filter(|cell| !cell.is_empty());
        Entry {
            country: cell(self.country).and_then(country_code),
            asn: cell(self.asn).and_then(asn),
            organisation: cell(self.organisation).filter(|name| *name != "-").map(str::to_owned),
        }
    }
}

/// `203.0.113.7`, `2001:db8::1`, `3405803783`. Numbers beyond 32 bits are IPv6.
fn address(text: &str) -> Option<IpAddr> {
    if let Ok(address) = text.parse() {
        return Some(address);
    }
    let number: u128 = text.parse().ok()?;
    Some(match u32::try_from(number) {
        Ok(number) => IpAddr::V4(Ipv4Addr::from(number)),
        Err(_) => IpAddr::V6(Ipv6Addr::from(number)),
    })
}

/// `203.0.113.0/24` (RFC 4632 §3.1).
fn network(text: &str) -> Option<(IpAddr, IpAddr)> {
    let (address, length) = text.split_once('/')?;
    let length: u32 = length.parse().ok()?;
    match address.parse().ok()? {
        IpAddr::V4(v4) => {
            let host = u32::MAX.checked_shr(length).unwrap_or(0);
            let start = u32::from(v4) & !host;
            (length <= 32).then(|| (Ipv4Addr::from(start).into(), Ipv4Addr::from(start | host).into()))
        }
        IpAddr::V6(v6) => {
            let host = u128::MAX.checked_shr(length).unwrap_or(0);
            let start = u128::from(v6) & !host;
            (length <= 128).then(|| (Ipv6Addr::from(start).into(), Ipv6Addr::from(start | host).into()))
        }
    }
}

/// `2026-06-25` in a remark in front.
fn date(bytes: &[u8]) -> Option<String> {
    let head = bytes.split(|b| *b == b'\n').take(DATED).take_while(|line| line.first() == Some(&b'#'));
    head.map(String::from_utf8_lossy).find_map(|line| {
        let words = line.split(|c: char| !(c.is_ascii_digit() || c == '-'));
        let mut dates = words.filter(|word| word.parse::<jiff::civil::Date>().is_ok() && word.len() == 10);
        dates.next().map(str::to_owned)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn country(ranges: &Ranges, address: &str) -> Option<String> {
        ranges.of(address.parse().unwrap()).and_then(|entry| entry.country)
    }

    #[test]
    fn ranges_by_address_number_and_network() {
        let text = Ranges::read(b"203.0.113.0,203.0.113.127,CN\n203.0.113.128,203.0.113.255,US\n").unwrap();
        // ipaddress.ip_address('203.0.113.0') as int: 3405803776
        let numbers = Ranges::read(b"# built 2026-06-25 from the registries\n3405803776,3405803903,CN\n").unwrap();
        let networks = Ranges::read(b"network,country_code\n203.0.113.0/25,CN\n2001:db8::/32,DE\n").unwrap();
        for ranges in [&text, &numbers, &networks] {
            assert_eq!(country(ranges, "203.0.113.127").as_deref(), Some("CN"));
            assert_eq!(country(ranges, "203.0.112.255"), None);
        }
        assert_eq!(country(&text, "203.0.113.128").as_deref(), Some("US"));
        assert_eq!(country(&numbers, "203.0.113.128"), None);
        assert_eq!(country(&networks, "2001:db8:ffff::1").as_deref(), Some("DE"));
        assert_eq!(country(&networks, "2001:db9::1"), None);
        assert_eq!((numbers.date(), text.date()), (Some("2026-06-25"), None));
    }

    #[test]
    fn numbers_and_names_of_networks() {
        let ranges = Ranges::read(b"203.0.113.0,203.0.113.255,64500,\"Example, Inc.\"\n").unwrap();
        let entry = ranges.of("203.0.113.9".parse().unwrap()).unwrap();
        assert_eq!((entry.country, entry.asn), (None, Some(64500)));
        assert_eq!(entry.organisation.as_deref(), Some("Example, Inc."));
        let named =
            Ranges::read(b"asn,start_ip,end_ip,country,as_name\nAS64501,203.0.113.0,203.0.113.9,cn,Ex\n").unwrap();
        let entry = named.of("203.0.113.9".parse().unwrap()).unwrap();
        assert_eq!((entry.country.as_deref(), entry.asn), (Some("CN"), Some(64501)));
    }

    #[test]
    fn what_is_no_range_is_told_by_line() {
        for (bad, told) in [
            (&b"hello\n"[..], "line 1"),
            (b"203.0.113.0,203.0.113.9,CN\n203.0.113.9,x,CN\n", "line 2"),
            (b"203.0.113.9,203.0.113.0,CN\n", "line 1"),
            (b"203.0.113.9,2001:db8::1,CN\n", "line 1"),
            (b"203.0.113.0/33,CN\n", "line 1"),
            (b"", "no range"),
            (b"\xff\xfe\n", "CSV"),
        ] {
            let error = Ranges::read(bad).unwrap_err();
            assert!(error.contains(told), "{error}");
        }
    }

    #[test]
    fn codes_of_no_country_are_none() {
        let ranges = Ranges::read(b"203.0.113.0,203.0.113.9,ZZ\n").unwrap();
        assert_eq!(ranges.of("203.0.113.1".parse().unwrap()).unwrap().country, None);
    }
}
