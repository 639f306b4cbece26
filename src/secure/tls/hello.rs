//! What the hellos say in the clear (RFC 8446 §4.1, RFC 5246 §7.4.1), for TLS over
//! TCP and for QUIC.
//!
//! A hello whose fixed part reads but whose extensions are damaged yields what was
//! understood before the damage.

use crate::secure::codec::Reader;
use crate::secure::keylog::ClientRandom;
use crate::secure::tls::suites::Suite;
use crate::secure::tls::{Version, text};

/// Extension numbers of the IANA registry that are read here.
mod extension {
    pub const SERVER_NAME: u16 = 0;
    pub const ALPN: u16 = 16;
    pub const ENCRYPT_THEN_MAC: u16 = 22;
    pub const EXTENDED_MASTER_SECRET: u16 = 23;
    pub const SESSION_TICKET: u16 = 35;
    pub const PRE_SHARED_KEY: u16 = 41;
    pub const EARLY_DATA: u16 = 42;
    pub const SUPPORTED_VERSIONS: u16 = 43;
    /// Encrypted ClientHello (RFC 9849).
    pub const ENCRYPTED_CLIENT_HELLO: u16 = 0xfe0d;
    /// Its predecessor, encrypted server name (draft-ietf-tls-esni-02).
    pub const ENCRYPTED_SERVER_NAME: u16 = 0xffce;
}

/// Application protocols kept of one offer. Browsers offer two, test tools up to twenty.
const PROTOCOL_LIMIT: usize = 64;

/// The random of a ServerHello that is a HelloRetryRequest (RFC 8446 §4.1.3).
const RETRY_RANDOM: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11,
    0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// What a ClientHello is read from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Stream,
    Datagram,
    Cut,
}

/// A ClientHello.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientHello {
    /// By which its secrets are found.
    pub random: ClientRandom,
    /// To resume by, or made up for middleboxes.
    pub session_id: Vec<u8>,
    /// Offered cipher suites in the client's order.
    pub suites: Vec<Suite>,
    /// Highest version offered.
    pub version: Version,
    /// `server_name` (RFC 6066 §3), lower case, without a dot at the end.
    pub sni: Option<String>,
    /// Offered application protocols (RFC 7301).
    pub alpn: Vec<String>,
    /// An encrypted ClientHello is offered. It may be GREASE, which cannot be told
    /// apart from here; where it is real, `sni` is the name of the cover.
    pub ech: bool,
    /// 0-RTT data follows.
    pub early_data: bool,
    /// To resume a session of TLS 1.2 or older by (RFC 5077 §3.2); empty for none.
    pub ticket: Vec<u8>,
}

impl ClientHello {
    /// Reads the body of a ClientHello, without its handshake header.
    pub fn read(body: &[u8]) -> Option<Self> {
        Self::read_form(body, Form::Stream)
    }

    /// The same of DTLS, which has a cookie after the session id (RFC 6347 §4.2.1).
    pub fn read_with_cookie(body: &[u8]) -> Option<Self> {
        Self::read_form(body, Form::Datagram)
    }

    /// Reads a body of which the end is missing: what its extensions say that are whole.
    pub fn read_cut(body: &[u8]) -> Option<Self> {
        Self::read_form(body, Form::Cut)
    }

    fn read_form(body: &[u8], form: Form) -> Option<Self> {
        let mut reader = Reader::new(body);
        let legacy = Version(reader.u16()?);
        let random = reader.array()?;
        let session_id = reader.vec8()?.rest().to_vec();
        if form == Form::Datagram {
            reader.vec8()?;
        }
        let mut suites = reader.vec16()?;
        reader.vec8()?;
        let mut hello = Self { random, session_id, version: legacy, ..Self::default() };
        while let Some(suite) = suites.u16() {
            hello.suites.push(Suite(suite));
        }
        let extensions = if form == Form::Cut { reader.u16().map(|_| reader) } else { reader.vec16() };
        for_each_extension(extensions, |kind, mut content| match kind {
            extension::SERVER_NAME => hello.sni = server_name(content),
            extension::ALPN => hello.alpn = protocols(content),
            extension::SUPPORTED_VERSIONS => {
                let mut versions = content.vec8().unwrap_or(Reader::new(&[]));
                let offered = std::iter::from_fn(|| versions.u16())
                    .map(Version)
                    .filter(|version| version.is_known() || version.draft().is_some());
                hello.version = offered.max().unwrap_or(legacy);
            }
            extension::EARLY_DATA => hello.early_data = true,
            extension::SESSION_TICKET => hello.ticket = content.rest().to_vec(),
            extension::ENCRYPTED_CLIENT_HELLO | extension::ENCRYPTED_SERVER_NAME => hello.ech = true,
            _ => {}
        });
        Some(hello)
    }
}

/// A ServerHello, or a HelloRetryRequest, which has its form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerHello {
    /// Goes into the keys of TLS 1.2.
    pub random: [u8; 32],
    /// In TLS 1.2, the client's own where the session is resumed.
    pub session_id: Vec<u8>,
    /// Chosen cipher suite.
    pub suite: Suite,
    /// Chosen version.
    pub version: Version,
    /// Chosen application protocol (TLS 1.2; in 1.3 it is encrypted).
    pub alpn: Option<String>,
    /// A compression is agreed (TLS 1.2 and older; RFC 3749).
    pub compressed: bool,
    /// The master secret is of the extended form (TLS 1.2; RFC 7627).
    pub extended_master_secret: bool,
    /// Records are encrypted first (TLS 1.2 and older; RFC 7366).
    pub encrypt_then_mac: bool,
    /// A pre-shared key is agreed (TLS 1.3): a resumed session, or an external key.
    pub psk: bool,
    /// It asks for a second ClientHello.
    pub retry: bool,
}

impl ServerHello {
    /// Reads the body of a ServerHello, without its handshake header.
    pub fn read(body: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(body);
        let version = Version(reader.u16()?);
        let random = reader.array()?;
        // Drafts of TLS 1.3 before 22 had neither session id nor compression.
        let is_short = version.draft().is_some();
        let session_id = if is_short { Vec::new() } else { reader.vec8()?.rest().to_vec() };
        let suite = Suite(reader.u16()?);
        let compressed = !is_short && reader.u8()? != 0;
        let retry = random == RETRY_RANDOM;
        let mut hello = Self {
            random,
            session_id,
            suite,
            version,
            alpn: None,
            compressed,
            extended_master_secret: false,
            encrypt_then_mac: false,
            psk: false,
            retry,
        };
        for_each_extension(reader.vec16(), |kind, mut content| match kind {
            extension::ALPN => hello.alpn = protocols(content).into_iter().next(),
            extension::SUPPORTED_VERSIONS => hello.version = content.u16().map_or(version, Version),
            extension::ENCRYPT_THEN_MAC => hello.encrypt_then_mac = true,
            extension::EXTENDED_MASTER_SECRET => hello.extended_master_secret = true,
            extension::PRE_SHARED_KEY => hello.psk = true,
            _ => {}
        });
        Some(hello)
    }
}

/// The chosen application protocol in the body of an EncryptedExtensions (RFC 8446 §4.3.1).
pub fn encrypted_alpn(body: &[u8]) -> Option<String> {
    let mut alpn = None;
    for_each_extension(Reader::new(body).vec16(), |kind, content| {
        if kind == extension::ALPN {
            alpn = protocols(content).into_iter().next();
        }
    });
    alpn
}

fn for_each_extension(extensions: Option<Reader<'_>>, mut see: impl FnMut(u16, Reader<'_>)) {
    let Some(mut extensions) = extensions else { return };
    while let (Some(kind), Some(content)) = (extensions.u16(), extensions.vec16()) {
        see(kind, content);
    }
}

fn server_name(mut content: Reader<'_>) -> Option<String> {
    let mut names = content.vec16()?;
    while let (Some(kind), Some(name)) = (names.u8(), names.vec16()) {
        if kind == 0 {
            let name = text(name.rest())?.to_ascii_lowercase();
            return Some(name.trim_end_matches('.').to_owned()).filter(|name| !name.is_empty());
        }
    }
    None
}

fn protocols(mut content: Reader<'_>) -> Vec<String> {
    let mut list = content.vec16().unwrap_or(Reader::new(&[]));
    std::iter::from_fn(|| list.vec8()).filter_map(|name| text(name.rest())).take(PROTOCOL_LIMIT).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    fn vec16(content: &[u8]) -> Vec<u8> {
        [&u16::try_from(content.len()).unwrap().to_be_bytes(), content].concat()
    }

    /// A ClientHello body with these extensions.
    pub(crate) fn client_hello(random: [u8; 32], suites: &[u16], extensions: &[(u16, &[u8])]) -> Vec<u8> {
        let suites: Vec<u8> = suites.iter().flat_map(|suite| suite.to_be_bytes()).collect();
        let extensions: Vec<u8> = extensions
            .iter()
            .flat_map(|(kind, content)| [kind.to_be_bytes().to_vec(), vec16(content)].concat())
            .collect();
        [&[3, 3][..], &random, &[0], &vec16(&suites), &[1, 0], &vec16(&extensions)].concat()
    }

    fn sni(name: &[u8]) -> Vec<u8> {
        vec16(&[&[0], &vec16(name)[..]].concat())
    }

    #[test]
    fn a_client_hello_with_everything() {
        let name = sni(b"API.Example.com.");
        let alpn = vec16(b"\x02h2\x08http/1.1");
        let body = client_hello(
            [7; 32],
            &[0x0a0a, 0x1301, 0xc02f],
            &[(0x0a0a, b""), (0, &name), (16, &alpn), (43, &[6, 0x2a, 0x2a, 3, 4, 3, 3]), (42, b""), (0xfe0d, b"\0")],
        );
        let hello = ClientHello::read(&body).unwrap();
        assert_eq!(hello.sni.as_deref(), Some("api.example.com"));
        assert_eq!(hello.alpn, ["h2", "http/1.1"]);
        assert_eq!(hello.version, Version::TLS13);
        assert_eq!(hello.suites, [Suite(0x0a0a), Suite(0x1301), Suite(0xc02f)]);
        assert!(hello.early_data && hello.ech);
        assert_eq!(hello.random, [7; 32]);
    }

    #[test]
    fn a_client_hello_without_extensions() {
        let body = [&[3, 1][..], &[9; 32], &[0, 0, 2, 0, 5, 1, 0]].concat();
        let hello = ClientHello::read(&body).unwrap();
        assert_eq!((hello.version, hello.sni), (Version(0x0301), None));
    }

    #[test]
    fn every_prefix_of_a_hello_is_read_without_harm() {
        let name = sni(b"example.com");
        let body = client_hello([7; 32], &[0x1301], &[(0, &name), (16, &vec16(b"\x02h2"))]);
        for length in 0..body.len() {
            let _ = ClientHello::read(&body[..length]);
            let cut = ClientHello::read_cut(&body[..length]);
            // The name's extension: 2 + 32 + 1 + 2 + 2 + 2 + 2 bytes, and its own 20.
            assert_eq!(cut.and_then(|hello| hello.sni).is_some(), length >= 63, "{length}");
            let _ = ServerHello::read(&body[..length]);
            let _ = encrypted_alpn(&body[..length]);
        }
    }

    #[test]
    fn a_name_that_is_no_text_is_none() {
        let name = sni(b"exa\0mple\xff");
        let body = client_hello([7; 32], &[0x1301], &[(0, &name)]);
        assert_eq!(ClientHello::read(&body).unwrap().sni, None);
    }

    /// draft-ietf-tls-tls13-20 §4.1.3: version, random, suite, extensions.
    #[test]
    fn a_server_hello_of_an_early_draft() {
        let body = [&[0x7f, 20][..], &[9; 32], &[0x13, 3, 0, 4, 0, 41, 0, 0]].concat();
        let hello = ServerHello::read(&body).unwrap();
        assert!(hello.version.is_tls13() && hello.psk);
        assert_eq!((hello.version.to_string().as_str(), hello.suite), ("TLS 1.3 draft 20", Suite(0x1303)));
    }

    /// GB/T 38636 §6.4.5: the form of TLS 1.1, version 0x0101.
    #[test]
    fn a_hello_of_tlcp_has_its_names() {
        let name = sni(b"gm.example.com");
        let mut body = client_hello([7; 32], &[0xe013, 0xe053], &[(0, &name)]);
        body[..2].copy_from_slice(&[1, 1]);
        let hello = ClientHello::read(&body).unwrap();
        assert_eq!((hello.version, hello.sni.as_deref()), (Version::TLCP, Some("gm.example.com")));
        assert_eq!(hello.version.to_string(), "TLCP 1.1");
        assert_eq!(hello.suites[0].to_string(), "ECC_SM4_CBC_SM3");
        let [high, low] = u16::try_from(body.len() + 4).unwrap().to_be_bytes();
        let record = [&[22, 1, 1, high, low, 1, 0, high, low.wrapping_sub(4)], &body[..]].concat();
        assert!(crate::secure::tls::looks_like_tls(&record));
    }

    #[test]
    fn a_retry_is_told_by_its_random() {
        let body = [&[3, 3][..], &RETRY_RANDOM, &[0, 0x13, 1, 0, 0, 6, 0, 43, 0, 2, 3, 4]].concat();
        let hello = ServerHello::read(&body).unwrap();
        assert!(hello.retry);
        assert_eq!((hello.version, hello.suite), (Version::TLS13, Suite(0x1301)));
    }
}
