//! Where an address lies: country and network, from files that the user gives.
//!
//! Nothing of the kind is built in. Such files say in whose name an address is
//! registered, and they disagree with each other; whatever is said from one carries
//! its name, hash and date. A file is an MMDB (MaxMind DB 2.0) or ranges in CSV.

mod ranges;

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use maxminddb::Reader;
use serde_json::Value;

use super::host::{Host, normalise};
use crate::evidence::{Time, sha256_hex};
use crate::observations::{GeoSource, Network};
use ranges::Ranges;

/// A file of every network with country and ASN is some 60 MB; beyond this it is something else.
const FILE_LIMIT: u64 = 1 << 30;

/// What every MMDB holds after its data (MaxMind DB format 2.0, "Metadata Section").
const MMDB_MARK: &[u8] = b"\xab\xcd\xefMaxMind.com";
/// The mark lies within this distance of the file's end (same section).
const MMDB_METADATA: usize = 128 << 10;

/// A file that cannot be used, and what would be right.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {what}")]
pub struct GeoError {
    path: String,
    what: String,
}

/// Countries and networks of addresses, from one or several files.
#[derive(Debug, Default)]
pub struct GeoData {
    files: Vec<(GeoSource, Table)>,
}

#[derive(Debug)]
enum Table {
    Mmdb(Box<Reader<Vec<u8>>>),
    Ranges(Ranges),
}

impl GeoData {
    /// Reads files; their content tells which kind each is. Where two say the same thing, the first counts.
    pub fn read(paths: &[PathBuf]) -> Result<Self, GeoError> {
        paths.iter().map(|path| read(path)).collect::<Result<_, _>>().map(|files| Self { files })
    }

    /// No file was given.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The files, for the report.
    pub fn sources(&self) -> Vec<GeoSource> {
        self.files.iter().map(|(source, _)| source.clone()).collect()
    }

    /// What the files say of an address; nothing of one in the local network.
    pub fn network(&self, address: IpAddr) -> Option<Network> {
        if Host::Address(address).is_local() {
            return None;
        }
        let looked_up = normalise(address);
        let mut network = Network { address: address.to_string(), country: None, asn: None, organisation: None };
        for (_, table) in &self.files {
            let found = match table {
                Table::Mmdb(reader) => of_mmdb(reader, looked_up),
                Table::Ranges(ranges) => ranges.of(looked_up),
            };
            let Some(found) = found else { continue };
            network.country = network.country.or(found.country);
            network.asn = network.asn.or(found.asn);
            network.organisation = network.organisation.or(found.organisation);
        }
        let known = network.country.is_some() || network.asn.is_some() || network.organisation.is_some();
        known.then_some(network)
    }
}

/// What one file says of an address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Entry {
    country: Option<String>,
    asn: Option<u32>,
    organisation: Option<String>,
}

fn read(path: &Path) -> Result<(GeoSource, Table), GeoError> {
    let fail = |what: String| GeoError { path: path.display().to_string(), what };
    let unreadable = |error: std::io::Error| fail(format!("cannot be read: {error}; check the path"));
    let size = std::fs::metadata(path).map_err(unreadable)?.len();
    if size > FILE_LIMIT {
        return Err(fail(format!("is {size} bytes; at most {FILE_LIMIT} are read")));
    }
    let bytes = std::fs::read(path).map_err(unreadable)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let sha256 = sha256_hex(&bytes);
    let tail = bytes.get(bytes.len().saturating_sub(MMDB_METADATA)..).unwrap_or_default();
    if tail.windows(MMDB_MARK.len()).any(|window| window == MMDB_MARK) {
        let reader = Reader::from_source(bytes).map_err(|error| fail(format!("is a damaged MMDB: {error}")))?;
        let built = i64::try_from(reader.metadata().build_epoch).ok().and_then(|s| s.checked_mul(1_000_000_000));
        let date = built.map(|at| Time(at).to_string()).and_then(|time| time.get(..10).map(str::to_owned));
        let source = GeoSource { name, sha256, format: format!("MMDB {}", reader.metadata().database_type), date };
        return Ok((source, Table::Mmdb(Box::new(reader))));
    }
    let ranges = Ranges::read(&bytes).map_err(|what| {
        fail(format!("{what}; expected is an MMDB, or CSV lines of start,end,country or network,country"))
    })?;
    let source = GeoSource { name, sha256, format: "CSV".to_owned(), date: ranges.date().map(str::to_owned) };
    Ok((source, Table::Ranges(ranges)))
}

fn of_mmdb(reader: &Reader<Vec<u8>>, address: IpAddr) -> Option<Entry> {
    let value: Value = reader.lookup(address).ok()?.decode().ok()??;
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).filter(|t| !t.is_empty());
    // MaxMind and DB-IP; the country that an address is registered in where it has no other; IPinfo; ip-location-db.
    let country = ["/country/iso_code", "/registered_country/iso_code", "/country_code", "/country"];
    let numbers = ["/autonomous_system_number", "/asn"];
    let organisations = ["/autonomous_system_organization", "/as_name", "/as_organization"];
    Some(Entry {
        country: country.into_iter().find_map(text).and_then(country_code),
        asn: numbers.into_iter().find_map(|pointer| match value.pointer(pointer)? {
            Value::String(text) => asn(text),
            number => number.as_u64().and_then(|n| u32::try_from(n).ok()),
        }),
        organisation: organisations.into_iter().find_map(text).map(str::to_owned),
    })
}

/// `CN`; nothing for the codes that stand for no country (`ZZ`, `EU`, `??`, `-`).
fn country_code(text: &str) -> Option<String> {
    let code = text.trim().to_ascii_uppercase();
    let is_country = code.len() == 2 && code.bytes().all(|b| b.is_ascii_uppercase());
    (is_country && !["ZZ", "XX", "EU", "AP"].contains(&code.as_str())).then_some(code)
}

/// `AS4134` or `4134`.
fn asn(text: &str) -> Option<u32> {
    let text = text.trim();
    text.strip_prefix("AS").or_else(|| text.strip_prefix("as")).unwrap_or(text).parse().ok().filter(|n| *n > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written by `tests/make-geo.py`; what it holds was read back with Python's maxminddb.
    fn data(names: &[&str]) -> GeoData {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/geo");
        GeoData::read(&names.iter().map(|name| folder.join(name)).collect::<Vec<_>>()).unwrap()
    }

    fn said(data: &GeoData, address: &str) -> Option<(Option<String>, Option<u32>, Option<String>)> {
        data.network(address.parse().unwrap()).map(|n| (n.country, n.asn, n.organisation))
    }

    #[test]
    fn mmdb_and_csv_of_the_same_networks_say_the_same() {
        let (mmdb, csv) = (data(&["countries.mmdb", "networks.mmdb"]), data(&["countries.csv"]));
        for (address, country, asn, name) in [
            ("198.51.100.7", "US", 64500, "Example Cloud"),
            ("198.51.100.200", "CN", 64501, "Example Net"),
            ("2001:db8::7", "DE", 64502, "Example GmbH"),
        ] {
            let expected = Some((Some(country.to_owned()), Some(asn), Some(name.to_owned())));
            assert_eq!(said(&mmdb, address), expected, "{address}");
            assert_eq!(said(&csv, address), expected, "{address}");
        }
        // By NAT64, as it stood in the capture; outside of all networks; in the local network.
        let network = csv.network("64:ff9b::198.51.100.7".parse().unwrap()).unwrap();
        assert_eq!((network.address.as_str(), network.country.as_deref()), ("64:ff9b::c633:6407", Some("US")));
        for nowhere in ["203.0.113.1", "2001:db8:8000::1", "10.0.0.1", "fe80::1"] {
            assert_eq!((said(&mmdb, nowhere), said(&csv, nowhere)), (None, None), "{nowhere}");
        }
    }

    #[test]
    fn files_are_named_with_hash_and_date() {
        let sources = data(&["countries.mmdb", "countries.csv"]).sources();
        assert_eq!(sources[0].format, "MMDB Example-Country");
        assert_eq!(sources[1].format, "CSV");
        assert!(sources.iter().all(|s| s.date.as_deref() == Some("2026-06-25") && s.sha256.len() == 64));
    }

    #[test]
    fn what_is_no_such_file_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.mmdb");
        for bytes in [&b"not a table"[..], b"\xab\xcd\xefMaxMind.com", b"xx\xab\xcd\xefMaxMind.com\xe1\x44name"] {
            std::fs::write(&path, bytes).unwrap();
            let error = GeoData::read(std::slice::from_ref(&path)).unwrap_err().to_string();
            assert!(error.contains("x.mmdb"), "{error}");
        }
    }

    #[test]
    fn damaged_tables_do_no_harm() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/geo");
        let whole = std::fs::read(folder.join("countries.mmdb")).unwrap();
        let temporary = tempfile::tempdir().unwrap();
        let path = temporary.path().join("x.mmdb");
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 0xff;
            std::fs::write(&path, &damaged).unwrap();
            if let Ok(data) = GeoData::read(std::slice::from_ref(&path)) {
                for address in ["198.51.100.7", "203.0.113.1", "2001:db8::7"] {
                    data.network(address.parse().unwrap());
                }
            }
        }
    }
}
