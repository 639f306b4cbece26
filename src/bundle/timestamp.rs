//! Timestamps of RFC 3161, in two steps without a network: the request goes out as a file, the
//! authority's response comes back as one.
//!
//! The response is a CMS `SignedData` (RFC 5652) over a `TSTInfo`. Its structure is read here; the
//! signature and the path from the authority's certificate to one that is trusted are webpki's.

use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{Timestamp, civil};
use md5::Digest;
use rustls_pki_types::{CertificateDer, SignatureVerificationAlgorithm, UnixTime};
use webpki::ring as algorithms;
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, KeyUsage, anchor_from_trusted_cert};
use x509_parser::extensions::ExtendedKeyUsage;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::problem::both;
use crate::audit::Text;
use crate::secure::cms::{Signed, Signer};
use crate::secure::der::{self, BOOLEAN, INTEGER, OCTETS, OID, SEQUENCE, SET, TIME, Values};

/// `id-sha256`, `id-sha384`, `id-sha512` (RFC 8017 B.1, NIST's arc 2.16.840.1.101.3.4.2).
const SHA256: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];
const SHA384: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02];
const SHA512: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03];
/// `id-ct-TSTInfo` (1.2.840.113549.1.9.16.1.4, RFC 3161 §2.4.2).
const TST_INFO: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x04];
/// `id-contentType` (1.2.840.113549.1.9.3, RFC 5652 §11.1).
const CONTENT_TYPE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x03];
/// `id-messageDigest` (1.2.840.113549.1.9.4, RFC 5652 §11.2).
const MESSAGE_DIGEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x04];
/// `id-aa-signingCertificate` (…9.16.2.12, RFC 2634 §5.4): the certificate by SHA-1.
const SIGNING_CERTIFICATE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x02, 0x0c];
/// `id-aa-signingCertificateV2` (…9.16.2.47, RFC 5035 §3): by any digest, SHA-256 where none is named.
const SIGNING_CERTIFICATE_V2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x02, 0x2f];
/// `id-kp-timeStamping` (1.3.6.1.5.5.7.3.8, RFC 3161 §2.3).
const TIME_STAMPING: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x08];
/// `id-Ed25519` (1.3.101.112, RFC 8410).
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
/// The arcs of RSA with PKCS #1 v1.5 (1.2.840.113549.1.1) and of ECDSA (1.2.840.10045.4.3). PSS is the
/// last one of the first.
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01];
const RSA_PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a];
const ECDSA: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03];

/// A timestamp that is one of the message.
#[derive(Clone, Debug)]
pub struct Stamp {
    /// When, in UTC.
    pub time: Timestamp,
    /// Subject of the authority's certificate.
    pub by: String,
    /// That certificate leads to one that is trusted.
    pub trusted: bool,
    /// What could not be checked.
    pub unchecked: Option<Text>,
}

/// The request for a timestamp of `message` (RFC 3161 §2.4.1): SHA-256, no policy, the authority's
/// certificate asked for. It has no nonce, since what comes back is held against the message itself.
pub fn request(message: &[u8]) -> Vec<u8> {
    let algorithm = der::write(SEQUENCE, &[&der::write(OID, &[SHA256]), &[0x05, 0]]);
    let imprint = der::write(SEQUENCE, &[&algorithm, &der::write(OCTETS, &[&sha2::Sha256::digest(message)])]);
    der::write(SEQUENCE, &[&der::write(INTEGER, &[&[1]]), &imprint, &der::write(BOOLEAN, &[&[0xff]])])
}

/// Checks a response: that the authority granted it, that it is of `message`, that its signature is
/// one of the certificate that it names, and that this leads to one of `authorities` (DER).
///
/// # Errors
/// Where any of that is not so, in words. Without `authorities` nobody is trusted, which is no error.
pub fn verify(response: &[u8], message: &[u8], authorities: &[Vec<u8>]) -> Result<Stamp, Text> {
    let unread = || both("is no response of a time stamping authority", "不是时间戳机构的响应");
    let response = Response::read(response).ok_or_else(unread)?;
    if response.status > 1 {
        return Err(both(
            format!("the authority refused: status {}", response.status),
            format!("时间戳机构拒绝：状态 {}", response.status),
        ));
    }
    let token = Token::read(response.token.ok_or_else(unread)?).ok_or_else(unread)?;
    let info = Info::read(token.content).ok_or_else(unread)?;
    let imprint = digest(info.algorithm, message).ok_or_else(|| unknown("digest"))?;
    if imprint != info.imprint {
        return Err(both("is a timestamp of other bytes than the manifest", "时间戳对应的不是此清单"));
    }
    // RFC 5652 §5.6: what the authority's key signed as something else is no timestamp.
    if token.attribute(CONTENT_TYPE).and_then(|mut value| value.next(OID)).map(|value| value.0) != Some(TST_INFO) {
        return Err(both("its content was not signed as a timestamp", "其内容不是作为时间戳签名的"));
    }
    let content = digest(token.digest, token.content).ok_or_else(|| unknown("digest"))?;
    if token.attribute(MESSAGE_DIGEST).and_then(|mut value| value.next(OCTETS)).map(|value| value.0) != Some(&content) {
        return Err(both("its content is not what was signed", "其内容不是被签名的内容"));
    }
    let of_token = token.certificates.iter().copied();
    let mut known = of_token.chain(authorities.iter().map(Vec::as_slice));
    let certificate = known.find(|certificate| token.names(certificate)).ok_or_else(|| {
        both("the certificate that it names is neither in it nor given", "所指证书既不在其中，也未提供")
    })?;
    let der = CertificateDer::from(certificate);
    let bad = |what: &dyn std::fmt::Display| {
        both(format!("the authority's certificate: {what}"), format!("时间戳机构证书：{what}"))
    };
    let authority = EndEntityCert::try_from(&der).map_err(|error| bad(&error))?;
    let signed = token.signed_attributes();
    let possible = token.algorithms().ok_or_else(|| unknown("signature"))?;
    if !possible.iter().any(|algorithm| authority.verify_signature(*algorithm, &signed, token.signature).is_ok()) {
        return Err(both("the authority's signature does not hold", "时间戳机构的签名不成立"));
    }
    let (_, parsed) = X509Certificate::from_der(certificate).map_err(|error| bad(&error))?;
    let seconds = info.time.as_second();
    if !is_for_timestamps(&parsed) {
        return Err(bad(&"is not one for timestamps"));
    }
    let (from, to) = (parsed.validity().not_before.timestamp(), parsed.validity().not_after.timestamp());
    if !(from..=to).contains(&seconds) {
        return Err(bad(&"was not valid at that time"));
    }
    let by = parsed.subject().to_string();
    let mut stamp = Stamp { time: info.time, by, trusted: true, unchecked: None };
    if authorities.is_empty() {
        stamp.trusted = false;
        stamp.unchecked = Some(both(
            format!(
                "whether {} is a time stamping authority: give a certificate that you trust with --tsa-cert",
                stamp.by
            ),
            format!("{} 是否为可信的时间戳机构：请用 --tsa-cert 提供可信证书", stamp.by),
        ));
    } else if !authorities.iter().any(|given| given == certificate) {
        let given: Vec<CertificateDer<'_>> =
            authorities.iter().map(|der| CertificateDer::from(der.as_slice())).collect();
        let anchors: Vec<_> = given.iter().filter_map(|der| anchor_from_trusted_cert(der).ok()).collect();
        let between: Vec<_> = token.certificates.iter().map(|der| CertificateDer::from(*der)).collect();
        let at = UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)));
        // Those above it may say nothing of it; the authority's own does, as was seen.
        let usage = KeyUsage::required_if_present(TIME_STAMPING);
        authority
            .verify_for_usage(ALL_VERIFICATION_ALGS, &anchors, &between, at, usage, None, None)
            .map_err(|error| bad(&format!("does not lead to one that was given ({error})")))?;
    }
    Ok(stamp)
}

/// RFC 3161 §2.3: this purpose alone, and critical. RFC 5280 §4.2.1.12: where the certificate says what its key is
/// for, that is to sign (`digitalSignature`, `nonRepudiation`: the first two bits) and nothing else.
fn is_for_timestamps(certificate: &X509Certificate<'_>) -> bool {
    let purpose = certificate.extended_key_usage().ok().flatten();
    let alone = purpose.is_some_and(|purpose| {
        let ExtendedKeyUsage {
            any,
            server_auth,
            client_auth,
            code_signing,
            email_protection,
            time_stamping,
            ocsp_signing,
            other,
        } = purpose.value;
        let others = *any || *server_auth || *client_auth || *code_signing || *email_protection || *ocsp_signing;
        purpose.critical && *time_stamping && !others && other.is_empty()
    });
    let key = certificate.key_usage().map(|usage| usage.map(|usage| usage.value.flags));
    alone && key.is_ok_and(|flags| flags.is_none_or(|flags| flags & 0b11 != 0 && flags & !0b11 == 0))
}

fn unknown(what: &str) -> Text {
    both(
        format!("uses a {what} algorithm that is not known here; openssl ts -verify may know it"),
        format!("使用了本程序不支持的算法（{what}）；可用 openssl ts -verify 核验"),
    )
}

fn digest(algorithm: &[u8], bytes: &[u8]) -> Option<Vec<u8>> {
    match algorithm {
        SHA256 => Some(sha2::Sha256::digest(bytes).to_vec()),
        SHA384 => Some(sha2::Sha384::digest(bytes).to_vec()),
        SHA512 => Some(sha2::Sha512::digest(bytes).to_vec()),
        _ => None,
    }
}

/// `TimeStampResp` (RFC 3161 §2.4.2).
struct Response<'a> {
    status: u64,
    token: Option<&'a [u8]>,
}

impl<'a> Response<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let (mut response, whole) = Values(bytes).next_whole(SEQUENCE)?;
        if whole.len() != bytes.len() {
            return None;
        }
        let status = response.next(SEQUENCE)?.next(INTEGER)?.0;
        let status = status.iter().try_fold(0_u64, |all, byte| all.checked_mul(256)?.checked_add(u64::from(*byte)))?;
        let token = response.next_whole(SEQUENCE).map(|(_, whole)| whole);
        response.0.is_empty().then_some(Self { status, token })
    }
}

/// `TSTInfo` (RFC 3161 §2.4.2), as far as it is needed.
struct Info<'a> {
    algorithm: &'a [u8],
    imprint: &'a [u8],
    time: Timestamp,
}

impl<'a> Info<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut info = Values(bytes).next(SEQUENCE)?;
        info.next(INTEGER)?;
        info.next(OID)?;
        let mut imprint = info.next(SEQUENCE)?;
        let (algorithm, imprint) = (imprint.algorithm()?, imprint.next(OCTETS)?.0);
        info.next(INTEGER)?;
        let time = std::str::from_utf8(info.next(TIME)?.0).ok()?;
        // `GeneralizedTime` in UTC with or without a fraction (X.690 §11.7).
        let time = civil::DateTime::strptime("%Y%m%d%H%M%S%.f", time.strip_suffix('Z')?).ok()?;
        Some(Self { algorithm, imprint, time: TimeZone::UTC.to_timestamp(time).ok()? })
    }
}

/// `SignedData` with its one `SignerInfo` (RFC 5652 §5).
struct Token<'a> {
    content: &'a [u8],
    certificates: Vec<&'a [u8]>,
    digest: &'a [u8],
    attributes: Values<'a>,
    signed_by: &'a [u8],
    signature: &'a [u8],
}

impl<'a> Token<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let Signed { content: mut encapsulated, certificates, signers } = Signed::read(bytes)?;
        if encapsulated.next(OID)?.0 != TST_INFO {
            return None;
        }
        let content = encapsulated.next(0xa0)?.next(OCTETS)?.0;
        // The signed attribute names the certificate by its digest.
        let [Signer { rest: mut signer, .. }] = signers[..] else { return None };
        let digest = signer.algorithm()?;
        let attributes = signer.next(0xa0)?;
        let (signed_by, signature) = (signer.algorithm()?, signer.next(OCTETS)?.0);
        Some(Self { content, certificates, digest, attributes, signed_by, signature })
    }

    /// The value of the attribute that has this OID.
    fn attribute(&self, oid: &[u8]) -> Option<Values<'a>> {
        let mut attributes = self.attributes;
        while let Some(mut attribute) = attributes.next(SEQUENCE) {
            if attribute.next(OID)?.0 == oid {
                return attribute.next(SET);
            }
        }
        None
    }

    /// Whether it says that this certificate signed it (RFC 5816 §2.2.1).
    fn names(&self, certificate: &[u8]) -> bool {
        let first = |oid| self.attribute(oid)?.next(SEQUENCE)?.next(SEQUENCE)?.next(SEQUENCE);
        if let Some(mut id) = first(SIGNING_CERTIFICATE_V2) {
            let algorithm = id.algorithm().unwrap_or(SHA256);
            return digest(algorithm, certificate).is_some_and(|digest| id.next(OCTETS).is_some_and(|v| v.0 == digest));
        }
        let id = first(SIGNING_CERTIFICATE).and_then(|mut id| id.next(OCTETS));
        id.is_some_and(|id| id.0 == sha1::Sha1::digest(certificate).as_slice())
    }

    /// The signed attributes as they are signed: as a `SET OF` (RFC 5652 §5.4).
    fn signed_attributes(&self) -> Vec<u8> {
        der::write(SET, &[self.attributes.0])
    }

    /// What the signature may be verified with. `None`: nothing here can.
    fn algorithms(&self) -> Option<Vec<&'static dyn SignatureVerificationAlgorithm>> {
        let by = self.signed_by;
        Some(match self.digest {
            _ if by == ED25519 => vec![algorithms::ED25519],
            _ if by == RSA_PSS => return None,
            SHA256 if by.starts_with(RSA) => vec![algorithms::RSA_PKCS1_2048_8192_SHA256],
            SHA384 if by.starts_with(RSA) => vec![algorithms::RSA_PKCS1_2048_8192_SHA384],
            SHA512 if by.starts_with(RSA) => vec![algorithms::RSA_PKCS1_2048_8192_SHA512],
            SHA256 if by.starts_with(ECDSA) => vec![algorithms::ECDSA_P256_SHA256, algorithms::ECDSA_P384_SHA256],
            SHA384 if by.starts_with(ECDSA) => vec![algorithms::ECDSA_P256_SHA384, algorithms::ECDSA_P384_SHA384],
            _ => return None,
        })
    }
}
