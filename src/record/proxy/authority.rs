//! The certificates that the proxy shows: its own authority, made at first use and kept
//! private, and what it issues for each name.
//!
//! A server whose certificate does not verify is never made to look good: the client gets one
//! with the same defect. Its names and its time are the server's own, and where the server's issuer is not
//! trusted, neither is the one of what the client gets.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, SanType, SerialNumber,
};
use ring::rand;
use tokio_rustls::rustls::crypto::ring::sign::any_ecdsa_type;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::sign::CertifiedKey;
use x509_parser::prelude::{ASN1Time, FromDer, X509Certificate};

use super::ProxyError;
use crate::secure::certificate;
use crate::session;

/// Name of the certificate's file.
pub const CERTIFICATE: &str = "wirewitness-ca.pem";
/// Name of the key's file.
pub const KEY: &str = "wirewitness-ca.key";

const DAY: i64 = 24 * 60 * 60;
/// A test device is set up again within that time, and a key that is lost is not for ever.
const CA_DAYS: i64 = 2 * 365;
/// Apple takes no certificate of a server for longer than 825 days (HT210176), browsers none
/// above 398 from public authorities.
const LEAF_DAYS: i64 = 90;
/// Clocks of devices are behind by hours where nobody set them.
const BACKDATED: i64 = 2 * DAY;

/// Certificates kept; each is a kilobyte.
const CACHE: usize = 1024;
/// Names copied from one server's certificate that does not verify.
const NAMES: usize = 100;
/// The two files are below a kilobyte each.
const FILE_LIMIT: u64 = 64 << 10;

/// Where the authority is kept when nobody says otherwise: `$XDG_CONFIG_HOME/wirewitness`, or
/// the same in `~/.config`.
pub fn default_folder() -> Option<PathBuf> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = absolute("XDG_CONFIG_HOME").or_else(|| absolute("HOME").map(|home| home.join(".config")));
    let base = base.or_else(|| absolute("APPDATA"));
    Some(base?.join("wirewitness"))
}

/// What is known of the authority in a folder, without making one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The certificate, DER.
    pub certificate: Vec<u8>,
    /// Seconds since 1970 up to which it holds.
    pub until: i64,
    /// Its key can be read by its owner alone; `None` where the system does not tell.
    pub private: Option<bool>,
    /// The key's file.
    pub key: PathBuf,
}

/// Looks at the authority in `folder`. `None`: there is none.
///
/// # Errors
/// Where it is there and cannot be used.
pub fn look(folder: &Path) -> Result<Option<Standing>, ProxyError> {
    let (certificate, key) = (folder.join(CERTIFICATE), folder.join(KEY));
    if !certificate.exists() && !key.exists() {
        return Ok(None);
    }
    let der = pem_certificate(&certificate)?;
    let (_, until) = certificate::validity(&der).ok_or_else(|| unusable(&certificate, "is no certificate"))?;
    if !key.exists() {
        return Err(unusable(&key, "is missing"));
    }
    Ok(Some(Standing { certificate: der, until, private: crate::session::is_private(&key), key }))
}

/// The name under which Android looks for an authority in its folder (OpenSSL's
/// `-subject_hash_old`): the first four bytes of the subject's MD5, the last one first.
pub fn android_name(certificate: &[u8]) -> Option<String> {
    use md5::Digest;
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    let digest: [u8; 16] = md5::Md5::digest(parsed.subject().as_raw()).into();
    let [a, b, c, d, ..] = digest;
    Some(format!("{:08x}.0", u32::from_le_bytes([a, b, c, d])))
}

/// What is said of a certificate or key that is another file, or cut.
const BROKEN: &str =
    "is no PEM file: delete it and the key beside it to have new ones made, which devices then have to install";

fn pem_certificate(path: &Path) -> Result<Vec<u8>, ProxyError> {
    let text = read(path)?;
    let (_, pem) = x509_parser::pem::parse_x509_pem(text.as_bytes()).map_err(|_| unusable(path, BROKEN))?;
    Ok(pem.contents)
}

fn read(path: &Path) -> Result<String, ProxyError> {
    let size = std::fs::metadata(path).map_err(|error| unusable(path, error.to_string()))?.len();
    if size > FILE_LIMIT {
        return Err(unusable(path, "is larger than such a file is"));
    }
    std::fs::read_to_string(path).map_err(|error| unusable(path, error.to_string()))
}

fn unusable(path: &Path, what: impl Into<String>) -> ProxyError {
    ProxyError::Authority { path: path.display().to_string(), what: what.into() }
}

/// What is wrong with a server's certificate.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Defect {
    /// The certificate, DER.
    pub certificate: Vec<u8>,
    /// Its issuer is one that clients trust: only its names or its time are wrong.
    pub trusted: bool,
}

/// Issues certificates.
pub struct Authority {
    ca: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    /// Signs what must not be trusted; thrown away with the process.
    stranger: Issuer<'static, KeyPair>,
    /// The one key of all certificates issued.
    key: KeyPair,
    until: i64,
    cache: Mutex<Cache>,
}

/// Certificates by name and defect, and their order.
type Cache = (HashMap<Subject, Arc<CertifiedKey>>, VecDeque<Subject>);
type Subject = (String, Option<Defect>);

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority").finish_non_exhaustive()
    }
}

impl Authority {
    /// Takes the authority of `folder`, or makes one there. The second is whether it was made.
    ///
    /// # Errors
    /// Where it cannot be read or written, where others can read its key, or where it has expired.
    pub fn open(folder: &Path) -> Result<(Self, bool), ProxyError> {
        let made = match look(folder)? {
            None => {
                make(folder)?;
                true
            }
            Some(standing) => {
                if standing.private == Some(false) {
                    let what = "can be read by others, who could then read what your device sends: chmod 600 it, or \
                                delete it and the certificate to have new ones made";
                    return Err(unusable(&standing.key, what));
                }
                if standing.until <= seconds() {
                    let what = "has expired: delete it and its key, and install the new one that is made then";
                    return Err(unusable(&folder.join(CERTIFICATE), what));
                }
                false
            }
        };
        let path = folder.join(KEY);
        let key = KeyPair::from_pem(&read(&path)?).map_err(|error| unusable(&path, error.to_string()))?;
        let path = folder.join(CERTIFICATE);
        let der = pem_certificate(&path)?;
        let until = certificate::validity(&der).map_or(0, |(_, until)| until);
        let certificate = CertificateDer::from(der);
        if !certificate.windows(key.public_key_raw().len()).any(|window| window == key.public_key_raw()) {
            return Err(unusable(&path, format!("does not belong to {KEY}: delete both to have new ones made")));
        }
        let ca = Issuer::from_ca_cert_der(&certificate, key).map_err(|error| unusable(&path, error.to_string()))?;
        let stranger = {
            let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(crypto)?;
            Issuer::new(ca_params("NOT TRUSTED: the server's certificate does not verify")?, key)
        };
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(crypto)?;
        Ok((Self { ca, certificate, stranger, key, until, cache: Mutex::default() }, made))
    }

    /// The authority's certificate, DER.
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// A certificate for `name`, a host name or an address; with the server's defect where it has one.
    ///
    /// # Errors
    /// Where none can be made for that name.
    pub fn issue(&self, name: &str, defect: Option<&Defect>) -> Result<Arc<CertifiedKey>, ProxyError> {
        let subject = (name.to_owned(), defect.cloned());
        if let Some(known) = self.cache.lock().unwrap_or_else(PoisonError::into_inner).0.get(&subject) {
            return Ok(Arc::clone(known));
        }
        let issued = Arc::new(self.make(name, defect)?);
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        let (known, order) = &mut *cache;
        if known.insert(subject.clone(), Arc::clone(&issued)).is_none() {
            order.push_back(subject);
        }
        if order.len() > CACHE
            && let Some(oldest) = order.pop_front()
        {
            known.remove(&oldest);
        }
        Ok(issued)
    }

    fn make(&self, name: &str, defect: Option<&Defect>) -> Result<CertifiedKey, ProxyError> {
        let now = seconds();
        let (names, from, until) = match defect {
            None => (vec![name.to_owned()], now - BACKDATED, (now + LEAF_DAYS * DAY).min(self.until)),
            Some(defect) => {
                let (from, until) = certificate::validity(&defect.certificate).unwrap_or((0, 0));
                (server_names(&defect.certificate), from, until)
            }
        };
        let mut params = params(name, from, until)?;
        params.serial_number = Some(serial()?);
        params.subject_alt_names = names.iter().take(NAMES).filter_map(|name| alternative(name)).collect();
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let trusted = defect.is_none_or(|defect| defect.trusted);
        let issuer = if trusted { &self.ca } else { &self.stranger };
        let leaf = params.signed_by(&self.key, issuer).map_err(crypto)?;
        let mut chain = vec![leaf.der().clone()];
        if trusted {
            chain.push(self.certificate.clone());
        }
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(self.key.serialize_der()));
        let key = any_ecdsa_type(&key).map_err(|error| ProxyError::Crypto(error.to_string()))?;
        Ok(CertifiedKey::new(chain, key))
    }
}

/// Names and addresses that a server's certificate is for.
fn server_names(der: &[u8]) -> Vec<String> {
    let Ok((_, parsed)) = X509Certificate::from_der(der) else { return Vec::new() };
    let Ok(Some(extension)) = parsed.subject_alternative_name() else { return Vec::new() };
    let name = |name: &x509_parser::extensions::GeneralName<'_>| match name {
        x509_parser::extensions::GeneralName::DNSName(name) => Some((*name).to_owned()),
        x509_parser::extensions::GeneralName::IPAddress(octets) => {
            let v4 = <[u8; 4]>::try_from(*octets).map(IpAddr::from);
            v4.or_else(|_| <[u8; 16]>::try_from(*octets).map(IpAddr::from)).ok().map(|ip| ip.to_string())
        }
        _ => None,
    };
    extension.value.general_names.iter().filter_map(name).collect()
}

fn alternative(name: &str) -> Option<SanType> {
    match name.parse::<IpAddr>() {
        Ok(address) => Some(SanType::IpAddress(address)),
        Err(_) => name.to_owned().try_into().ok().map(SanType::DnsName),
    }
}

/// Makes an authority in `folder`. Files that are there are never written over.
fn make(folder: &Path) -> Result<(), ProxyError> {
    super::private_folder(folder)?;
    let failed = |path: &Path| {
        let path = path.display().to_string();
        move |error| ProxyError::Write { path, error }
    };
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(crypto)?;
    // A device may have several of them installed: the name tells them apart.
    let mark = key.public_key_raw().iter().rev().take(2).map(|byte| format!("{byte:02x}")).collect::<String>();
    let certificate = ca_params(&format!("wirewitness proxy {mark}"))?.self_signed(&key).map_err(crypto)?;
    for (name, text) in [(KEY, key.serialize_pem()), (CERTIFICATE, certificate.pem())] {
        let path = folder.join(name);
        let mut file = session::private_options().create_new(true).open(&path).map_err(failed(&path))?;
        std::io::Write::write_all(&mut file, text.as_bytes()).map_err(failed(&path))?;
    }
    Ok(())
}

fn ca_params(name: &str) -> Result<CertificateParams, ProxyError> {
    let now = seconds();
    let mut params = params(name, now - BACKDATED, now + CA_DAYS * DAY)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}

fn params(name: &str, from: i64, until: i64) -> Result<CertificateParams, ProxyError> {
    let time = |seconds: i64| {
        let time = ASN1Time::from_timestamp(seconds).map_err(|_| ProxyError::Crypto("no such time".to_owned()));
        time.map(|time| time.to_datetime())
    };
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    // A common name has at most 64 characters (RFC 5280 A.1).
    params.distinguished_name.push(DnType::CommonName, name.chars().take(64).collect::<String>());
    (params.not_before, params.not_after) = (time(from)?, time(until)?);
    Ok(params)
}

/// A serial number that no other certificate of the authority has: NSS refuses an issuer's second
/// one, and rcgen makes it from the key, which all have in common (RFC 5280 §4.1.2.2).
fn serial() -> Result<SerialNumber, ProxyError> {
    let random = rand::generate::<[u8; 16]>(&rand::SystemRandom::new());
    let mut bytes = random.map_err(|_| ProxyError::Crypto("the system gives no random numbers".to_owned()))?.expose();
    // Positive, and of the same length each time.
    bytes[0] = bytes[0] & 0x3f | 0x40;
    Ok(SerialNumber::from_slice(&bytes))
}

fn crypto(error: rcgen::Error) -> ProxyError {
    ProxyError::Crypto(error.to_string())
}

fn seconds() -> i64 {
    jiff::Timestamp::now().as_second()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(issued: &CertifiedKey) -> X509Certificate<'_> {
        X509Certificate::from_der(&issued.cert[0]).unwrap().1
    }

    #[test]
    fn each_certificate_has_a_serial_number_and_is_made_once() {
        let folder = tempfile::tempdir().unwrap();
        let (authority, made) = Authority::open(folder.path()).unwrap();
        assert!(made && !Authority::open(folder.path()).unwrap().1);
        let [first, again, second] = ["a.example", "a.example", "192.0.2.1"].map(|n| authority.issue(n, None).unwrap());
        assert!(Arc::ptr_eq(&first, &again));
        assert_ne!(parse(&first).raw_serial(), parse(&second).raw_serial());
        assert_eq!(server_names(&first.cert[0]), ["a.example"]);
        assert_eq!(server_names(&second.cert[0]), ["192.0.2.1"]);
        let ca = X509Certificate::from_der(authority.certificate()).unwrap().1;
        assert!(parse(&first).verify_signature(Some(ca.public_key())).is_ok());
        assert!(parse(&first).validity().is_valid());
        for n in 0..CACHE + 5 {
            authority.issue(&format!("n{n}.example"), None).unwrap();
        }
        let cache = authority.cache.lock().unwrap();
        assert_eq!((cache.0.len(), cache.1.len()), (CACHE, CACHE));
    }

    #[test]
    fn a_defect_is_handed_on() {
        let folder = tempfile::tempdir().unwrap();
        let (authority, _) = Authority::open(folder.path()).unwrap();
        let ca = X509Certificate::from_der(authority.certificate()).unwrap().1;
        // What a server shows: of another name, and its time is over.
        let mut theirs = params("b.example", 1_500_000_000, 1_600_000_000).unwrap();
        theirs.subject_alt_names = vec![alternative("b.example").unwrap()];
        let key = KeyPair::generate().unwrap();
        let certificate = theirs.self_signed(&key).unwrap().der().to_vec();
        for trusted in [true, false] {
            let defect = Defect { certificate: certificate.clone(), trusted };
            let issued = authority.issue("a.example", Some(&defect)).unwrap();
            assert_eq!(server_names(&issued.cert[0]), ["b.example"]);
            assert_eq!(certificate::validity(&issued.cert[0]), Some((1_500_000_000, 1_600_000_000)));
            assert_eq!(parse(&issued).verify_signature(Some(ca.public_key())).is_ok(), trusted);
        }
        // One that cannot be read is for nobody and never was.
        let broken = Defect { certificate: b"broken".to_vec(), trusted: false };
        let issued = authority.issue("a.example", Some(&broken)).unwrap();
        assert!(server_names(&issued.cert[0]).is_empty() && !parse(&issued).validity().is_valid());
    }
}
