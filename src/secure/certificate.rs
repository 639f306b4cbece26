//! Who a certificate is for and who issued it. Nothing is verified: the names are
//! what the server claimed to the client.

use x509_parser::prelude::{FromDer, GeneralName, X509Certificate, X509Name};

/// Names kept of one certificate; those of a content delivery network carry about a hundred.
const NAME_LIMIT: usize = 256;

/// Names of a server's certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// Common name of the subject, then the DNS names, lower case, each once.
    pub names: Vec<String>,
    /// Distinguished name of the issuer.
    pub issuer: String,
}

/// From when to when a certificate in DER holds, in seconds since 1970.
pub fn validity(der: &[u8]) -> Option<(i64, i64)> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let validity = certificate.validity();
    Some((validity.not_before.timestamp(), validity.not_after.timestamp()))
}

/// Names of a certificate in DER.
pub fn names(der: &[u8]) -> Option<Names> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let common = certificate.subject().iter_common_name().filter_map(|name| name.as_str().ok());
    let alternative = certificate.subject_alternative_name().ok().flatten();
    let alternative = alternative.iter().flat_map(|extension| extension.value.general_names.iter());
    let alternative = alternative.filter_map(|name| match name {
        GeneralName::DNSName(name) => Some(*name),
        _ => None,
    });
    let mut names: Vec<String> = Vec::new();
    for name in common.chain(alternative).map(str::to_ascii_lowercase) {
        if names.len() < NAME_LIMIT && !names.contains(&name) && !name.chars().any(char::is_control) {
            names.push(name);
        }
    }
    Some(Names { names, issuer: distinguished(certificate.issuer()) })
}

/// As x509-parser prints it, without characters that would act on a terminal.
fn distinguished(name: &X509Name<'_>) -> String {
    name.to_string().chars().filter(|c| !c.is_control()).collect()
}
