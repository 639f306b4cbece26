//! The side towards servers: to connect, and to shake hands as the client would have.
//!
//! The server is asked first. What it chose and what its certificate is worth is known
//! before the client gets to see anything.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::client::{ResolvesClientCert, Resumption, WebPkiServerVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{
    self, CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};

use super::ProxyError;
use super::access::{self, Denied};
use super::authority::Defect;
use crate::secure::certificate;

/// How long one address is tried. A client that goes there itself waits some 20 seconds for
/// all of them (Chromium's and OkHttp's limits are of that order).
const CONNECT: Duration = Duration::from_secs(10);
/// Addresses tried of one name.
const ADDRESSES: usize = 4;
/// How long a server may take to shake hands.
pub const HANDSHAKE: Duration = Duration::from_secs(20);

/// Where a client wants to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Host name or address, as the client wrote it, without brackets.
    pub host: String,
    /// Port.
    pub port: u16,
}

impl Target {
    /// From `host:port`, `[address]:port`, or without a port where `default` says which.
    pub fn parse(authority: &str, default: Option<u16>) -> Option<Self> {
        let (host, port) = match authority.strip_prefix('[') {
            Some(rest) => {
                let (host, port) = rest.split_once(']')?;
                (host, port.strip_prefix(':').or_else(|| port.is_empty().then_some(""))?)
            }
            None => authority.rsplit_once(':').unwrap_or((authority, "")),
        };
        let port = if port.is_empty() { default? } else { port.parse().ok()? };
        let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '/' | '@' | '[' | ']' | '?' | '#');
        let fits = !host.is_empty() && host.len() <= 255 && host.chars().all(plain) && port != 0;
        fits.then(|| Self { host: host.to_owned(), port })
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

/// Why there is no connection to a target.
#[derive(Debug)]
pub enum Unreached {
    /// It is not to be connected to.
    Denied(Denied),
    /// The name means nothing.
    Unknown,
    /// It refuses, or cannot be reached.
    Failed(std::io::Error),
    /// It does not answer.
    Silent,
}

impl Unreached {
    /// In words for the client.
    pub fn words(&self) -> String {
        match self {
            Self::Denied(why) => why.words().to_owned(),
            Self::Unknown => "the name has no address".to_owned(),
            Self::Failed(error) => error.to_string(),
            Self::Silent => "it does not answer".to_owned(),
        }
    }
}

/// Connects `client` to `target`; the proxy listens at `own`.
///
/// # Errors
/// Why not: of several addresses, the reason of the last one.
pub async fn connect(own: SocketAddr, client: IpAddr, target: &Target) -> Result<TcpStream, Unreached> {
    let host = target.host.trim_end_matches('.');
    let found = timeout(CONNECT, tokio::net::lookup_host((host, target.port))).await.map_err(|_| Unreached::Silent)?;
    let addresses: Vec<SocketAddr> = found.map_err(|_| Unreached::Unknown)?.take(ADDRESSES).collect();
    let mut why = Unreached::Unknown;
    for address in addresses {
        why = match reach(own, client, address).await {
            Ok(stream) => return Ok(stream),
            Err(why) => why,
        };
    }
    Err(why)
}

/// The same to one address.
///
/// # Errors
/// Why not.
pub async fn reach(own: SocketAddr, client: IpAddr, address: SocketAddr) -> Result<TcpStream, Unreached> {
    access::permits(own, client, address).map_err(Unreached::Denied)?;
    match timeout(CONNECT, TcpStream::connect(address)).await {
        Err(_) => Err(Unreached::Silent),
        Ok(Err(error)) => Err(Unreached::Failed(error)),
        Ok(Ok(stream)) => {
            // Small messages are not held back, as with a client that speaks to the server itself.
            let _ = stream.set_nodelay(true);
            Ok(stream)
        }
    }
}

/// What the proxy believes of servers' certificates.
#[derive(Debug)]
pub struct Trust {
    verifier: Arc<WebPkiServerVerifier>,
    provider: Arc<CryptoProvider>,
}

impl Trust {
    /// Mozilla's roots, and those in the PEM files `more`.
    ///
    /// # Errors
    /// Where a file holds no certificate that can be a root.
    pub fn new(more: &[std::path::PathBuf]) -> Result<Self, ProxyError> {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        for path in more {
            let bad = |what: String| ProxyError::Roots { path: path.display().to_string(), what };
            let bytes = std::fs::read(path).map_err(|error| bad(error.to_string()))?;
            let before = roots.len();
            for pem in x509_parser::pem::Pem::iter_from_buffer(&bytes) {
                let pem = pem.map_err(|error| bad(error.to_string()))?;
                if pem.label == "CERTIFICATE" {
                    roots.add(CertificateDer::from(pem.contents)).map_err(|error| bad(error.to_string()))?;
                }
            }
            if roots.len() == before {
                return Err(bad("holds no certificate in PEM form".to_owned()));
            }
        }
        let provider = Arc::new(ring::default_provider());
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .build()
            .map_err(|error| ProxyError::Crypto(error.to_string()))?;
        Ok(Self { verifier, provider })
    }

    /// The implementations that both sides use.
    pub fn provider(&self) -> &Arc<CryptoProvider> {
        &self.provider
    }
}

/// A server that shook hands.
pub struct Secured {
    /// The connection.
    pub stream: TlsStream<TcpStream>,
    /// What is wrong with its certificate, in words, and what the client's gets of it.
    pub defect: Option<(String, Defect)>,
    /// It asked for a certificate of the client.
    pub wants_certificate: bool,
}

/// Shakes hands for a client that wants `name`. `sni`: it said so; `alpn`: what it offers.
///
/// # Errors
/// The handshake failed, for another reason than the certificate.
pub async fn secure(
    trust: &Trust,
    stream: TcpStream,
    (name, sni): (&str, bool),
    alpn: Vec<Vec<u8>>,
) -> Result<Secured, std::io::Error> {
    let invalid = |error: String| std::io::Error::new(std::io::ErrorKind::InvalidInput, error);
    let server = ServerName::try_from(name.to_owned()).map_err(|error| invalid(error.to_string()))?;
    let seen = Arc::new(Seen { verifier: Arc::clone(&trust.verifier), verdict: Mutex::default() });
    let asked = Arc::new(Asked(AtomicBool::new(false)));
    let mut config = ClientConfig::builder_with_provider(Arc::clone(&trust.provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| invalid(error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(&seen) as Arc<dyn ServerCertVerifier>)
        .with_client_cert_resolver(Arc::clone(&asked) as Arc<dyn ResolvesClientCert>);
    config.alpn_protocols = alpn;
    config.enable_sni = sni;
    // Each connection shows its certificate.
    config.resumption = Resumption::disabled();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    let stream = timeout(HANDSHAKE, connector.connect(server, stream))
        .await
        .map_err(|_| std::io::Error::from(std::io::ErrorKind::TimedOut))??;
    let verdict = seen.verdict.lock().unwrap_or_else(PoisonError::into_inner).take();
    Ok(Secured { stream, defect: verdict, wants_certificate: asked.0.load(Ordering::Relaxed) })
}

/// Verifies as a client does, and goes on all the same: what is wrong is handed on to the client.
#[derive(Debug)]
struct Seen {
    verifier: Arc<WebPkiServerVerifier>,
    verdict: Mutex<Option<(String, Defect)>>,
}

impl ServerCertVerifier for Seen {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verify = |at| self.verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, at);
        if let Err(error) = verify(now) {
            // A wrong time hides what else is wrong: the issuer is looked at as of a time that was right.
            let once = certificate::validity(end_entity)
                .and_then(|(from, until)| u64::try_from(from.midpoint(until)).ok())
                .map(|middle| UnixTime::since_unix_epoch(Duration::from_secs(middle)));
            let out_of_time = once.is_some_and(|at| match verify(at) {
                Ok(_) => true,
                Err(error) => is_name(&error),
            });
            let trusted = is_name(&error) || (is_time(&error) && out_of_time);
            let defect = Defect { certificate: end_entity.to_vec(), trusted };
            *self.verdict.lock().unwrap_or_else(PoisonError::into_inner) = Some((words(&error, end_entity), defect));
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

fn is_name(error: &rustls::Error) -> bool {
    use CertificateError::{NotValidForName, NotValidForNameContext};
    matches!(error, rustls::Error::InvalidCertificate(NotValidForName | NotValidForNameContext { .. }))
}

fn is_time(error: &rustls::Error) -> bool {
    use CertificateError::{Expired, ExpiredContext, NotValidYet, NotValidYetContext};
    matches!(
        error,
        rustls::Error::InvalidCertificate(Expired | ExpiredContext { .. } | NotValidYet | NotValidYetContext { .. })
    )
}

/// What is wrong with a certificate, the same words each time: rustls' own name the time at which it looked.
fn words(error: &rustls::Error, certificate: &[u8]) -> String {
    let day = |seconds: i64| {
        jiff::Timestamp::from_second(seconds).map_or_else(|_| String::new(), |t| t.strftime("%F").to_string())
    };
    let now = jiff::Timestamp::now().as_second();
    match (certificate::validity(certificate), error) {
        (Some((from, _)), error) if is_time(error) && now < from => format!("not valid before {}", day(from)),
        (Some((_, until)), error) if is_time(error) => format!("expired on {}", day(until)),
        (_, rustls::Error::InvalidCertificate(error)) => error.to_string(),
        (_, error) => error.to_string(),
    }
}

/// Has no certificate, and notes that one was asked for.
#[derive(Debug)]
struct Asked(AtomicBool);

impl ResolvesClientCert for Asked {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.0.store(true, Ordering::Relaxed);
        None
    }

    fn has_certs(&self) -> bool {
        // Otherwise rustls does not ask for one.
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_read_and_nothing_else() {
        let target = |text: &str, default| Target::parse(text, default).map(|target| target.to_string());
        assert_eq!(target("a.example:443", None).as_deref(), Some("a.example:443"));
        assert_eq!(target("a.example", Some(80)).as_deref(), Some("a.example:80"));
        assert_eq!(target("a.example:", Some(80)).as_deref(), Some("a.example:80"));
        assert_eq!(target("[2001:db8::1]:8443", None).as_deref(), Some("[2001:db8::1]:8443"));
        assert_eq!(target("[2001:db8::1]", Some(80)).as_deref(), Some("[2001:db8::1]:80"));
        for bad in
            ["a.example", ":443", "a.example:99999", "a.example:0", "a b:1", "[::1", "u@h:1", "a/b:1", "[::1]x:1"]
        {
            assert_eq!(target(bad, None), None, "{bad}");
        }
    }
}
