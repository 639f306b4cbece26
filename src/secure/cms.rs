//! CMS `SignedData` (RFC 5652 §5), as timestamps and signed JAR files hold it. Nothing is verified here.

use super::der::{INTEGER, OID, SEQUENCE, SET, Values};

/// `id-signedData` (1.2.840.113549.1.7.2, RFC 5652 §5.1).
const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
/// Certificates that it may bring along: the path of a signer has three or four.
const CERTIFICATES: usize = 16;

/// What was signed, and by whom.
pub struct Signed<'a> {
    /// `encapContentInfo`: its type, and what may follow.
    pub content: Values<'a>,
    /// The certificates that it brings along, whole.
    pub certificates: Vec<&'a [u8]>,
    /// Each `SignerInfo`, at least one.
    pub signers: Vec<Signer<'a>>,
}

/// One `SignerInfo` (RFC 5652 §5.3).
#[derive(Clone, Copy)]
pub struct Signer<'a> {
    /// `IssuerAndSerialNumber`; `None`: it names its certificate by a key's id.
    pub named: Option<Values<'a>>,
    /// What follows: digest algorithm, signed attributes, signature.
    pub rest: Values<'a>,
}

impl<'a> Signed<'a> {
    /// Reads a `ContentInfo`. `None`: it is none of signed data, or cut.
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut info = Values(bytes).next(SEQUENCE)?;
        if info.next(OID)?.0 != SIGNED_DATA {
            return None;
        }
        let mut data = info.next(0xa0)?.next(SEQUENCE)?;
        data.next(INTEGER)?;
        data.next(SET)?;
        let content = data.next(SEQUENCE)?;
        let certificates = data.next(0xa0).map(|mut all| all.all(SEQUENCE)).unwrap_or_default();
        data.next(0xa1);
        let mut infos = data.next(SET)?;
        if certificates.len() > CERTIFICATES {
            return None;
        }
        let mut signers = Vec::new();
        while let Some(mut signer) = infos.next(SEQUENCE) {
            signer.next(INTEGER)?;
            let named = signer.next(SEQUENCE);
            if named.is_none() {
                signer.next(0x80)?;
            }
            signers.push(Signer { named, rest: signer });
        }
        (!signers.is_empty() && infos.0.is_empty()).then_some(Self { content, certificates, signers })
    }
}

impl<'a> Signer<'a> {
    /// Its certificate among those given, by issuer and serial number.
    pub fn certificate(&self, certificates: &[&'a [u8]]) -> Option<&'a [u8]> {
        let mut named = self.named?;
        let (issuer, serial) = (named.next_whole(SEQUENCE)?.1, named.next(INTEGER)?.0);
        certificates.iter().copied().find(|certificate| issued(certificate) == Some((issuer, serial)))
    }
}

/// Issuer, whole, and serial number of a certificate (RFC 5280 §4.1).
fn issued(certificate: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut body = Values(certificate).next(SEQUENCE)?.next(SEQUENCE)?;
    // The version, which stands first where it is not 1.
    body.next(0xa0);
    let serial = body.next(INTEGER)?.0;
    body.next(SEQUENCE)?;
    Some((body.next_whole(SEQUENCE)?.1, serial))
}
