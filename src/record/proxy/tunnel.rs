//! What happens in a tunnel: whatever the client speaks in it is passed on and written down;
//! TLS is opened where the client lets it be.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::rustls::server::{Accepted, Acceptor, NoServerSessionStorage, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{self, KeyLog, ServerConfig, SignatureScheme, SupportedCipherSuite};
use tokio_rustls::server::StartHandshake;

use super::refusals::{Caller, Why};
use super::relay::relay;
use super::tape::{Tape, Taped};
use super::upstream::{self, HANDSHAKE, Secured, Target};
use super::{Event, IDLE, PATIENCE, Proxy};
use crate::evidence::{Direction, Time};
use crate::secure::keylog::{ClientRandom, REFUSED};
use crate::secure::tls::{ClientHello, Watch};

/// Bytes up to the end of a ClientHello. One with post-quantum keys has two kilobytes; RFC 8446
/// allows 16 MiB, and nobody needs that.
const HELLO: usize = 64 << 10;

/// How long a client may take for its ClientHello once it has begun it.
const HELLO_TIME: Duration = Duration::from_secs(15);

const NOTHING_IN_COMMON: &str = "passed through untouched: this client and the proxy have no TLS in common";

type Client = Taped<TcpStream>;

/// Passes on what `client` speaks to `server`, beginning with the bytes `ahead` that were read already.
pub async fn run(proxy: &Arc<Proxy>, client: TcpStream, ahead: Vec<u8>, server: TcpStream, target: &Target) {
    let (Ok(peer), Ok(address)) = (client.peer_addr(), server.peer_addr()) else { return };
    proxy.tape.name(address.ip(), &target.host);
    let mut conversation = proxy.tape.converse(peer, address);
    conversation.data(Direction::Sent, &ahead);
    let mut client = Taped::of_client(client, conversation);
    let mut first = ahead;
    if first.is_empty() {
        // Some servers speak first.
        let client_first = tokio::select! {
            read = timeout(IDLE, read_some(&mut client, &mut first)) => read.is_ok_and(|more| more),
            _ = server.readable() => false,
        };
        if !client_first {
            return plain(proxy, client, first, server).await;
        }
    }
    // A TLS record of the kind handshake, of some version 3.
    if !matches!(first.as_slice(), [0x16] | [0x16, 3, ..]) {
        return plain(proxy, client, first, server).await;
    }
    match timeout(HELLO_TIME, hello(&mut client, &mut first)).await {
        Ok(Some(accepted)) => secured(proxy, client, (accepted, first), server, (peer, address), target).await,
        _ => plain(proxy, client, first, server).await,
    }
}

/// Reads once; whether there was something.
async fn read_some(client: &mut Client, into: &mut Vec<u8>) -> bool {
    client.read_buf(into).await.is_ok_and(|count| count > 0)
}

/// Reads up to the end of the ClientHello. `None`: it is none that can be answered here.
async fn hello(client: &mut Client, bytes: &mut Vec<u8>) -> Option<Accepted> {
    let mut acceptor = Acceptor::default();
    let mut given = 0;
    loop {
        let mut more = bytes.get(given..).unwrap_or_default();
        while !more.is_empty() {
            if acceptor.read_tls(&mut more).ok()? == 0 {
                return None;
            }
        }
        given = bytes.len();
        if let Some(accepted) = acceptor.accept().ok()? {
            return Some(accepted);
        }
        if bytes.len() >= HELLO || !read_some(client, bytes).await {
            return None;
        }
    }
}

/// Hands on `first` and everything after it.
async fn plain(proxy: &Proxy, client: Client, first: Vec<u8>, mut server: TcpStream) {
    if matches!(timeout(IDLE, server.write_all(&first)).await, Ok(Ok(()))) {
        let relayed = relay(client, server, PATIENCE, || ()).await;
        proxy.count.relayed(&relayed, first.len());
    }
}

/// The client has begun TLS with the hello in `first`.
async fn secured(
    proxy: &Arc<Proxy>,
    mut client: Client,
    (accepted, first): (Accepted, Vec<u8>),
    server: TcpStream,
    (peer, address): (SocketAddr, SocketAddr),
    target: &Target,
) {
    let offered = accepted.client_hello();
    let sni = offered.server_name().map(str::to_owned);
    let name = sni.clone().unwrap_or_else(|| target.host.clone());
    proxy.tape.name(address.ip(), &name);
    let alpn: Vec<Vec<u8>> = offered.alpn().into_iter().flatten().map(<[u8]>::to_vec).collect();
    let takes_ours = offered.signature_schemes().contains(&SignatureScheme::ECDSA_NISTP256_SHA256)
        && proxy.trust.provider().cipher_suites.iter().any(|ours| {
            let signs = match ours {
                SupportedCipherSuite::Tls12(ours) => ours.sign.contains(&SignatureScheme::ECDSA_NISTP256_SHA256),
                SupportedCipherSuite::Tls13(_) => true,
            };
            signs && offered.cipher_suites().contains(&ours.suite())
        });
    let Some(read) = read_hello(&first) else { return plain(proxy, client, first, server).await };
    let caller = Caller::new(peer.ip(), &format!("{name}:{}", address.port()), &read);
    if let Some(why) = proxy.refusals.of(&caller) {
        let note = match why {
            Why::Pinned => {
                name_refused(proxy, &read.random);
                "passed through untouched: this client refused the proxy's certificate before (pinned)"
            }
            Why::ClientCertificate => "passed through untouched: the server wants the client's certificate",
            Why::Incompatible => NOTHING_IN_COMMON,
        };
        client.conversation().note(note);
        proxy.count.passed();
        return plain(proxy, client, first, server).await;
    }
    if !takes_ours {
        client.conversation().note("passed through untouched: this client takes no ECDSA certificate");
        proxy.count.passed();
        return plain(proxy, client, first, server).await;
    }
    let secured = match upstream::secure(&proxy.trust, server, (&name, sni.is_some()), alpn).await {
        Ok(secured) => secured,
        Err(error) => {
            // The client may get on with the server where the proxy does not.
            proxy.say(Event::NotOpened { host: name, why: error.to_string() });
            client.conversation().note(format!("passed through untouched: handshake with the server failed: {error}"));
            proxy.count.passed();
            match upstream::reach(proxy.address, peer.ip(), address).await {
                Ok(server) => return plain(proxy, client, first, server).await,
                Err(_) => return,
            }
        }
    };
    if let Some((what, _)) = &secured.defect {
        client
            .conversation()
            .note(format!("the server's certificate does not verify, and neither does the client's: {what}"));
        proxy.say(Event::BadCertificate { host: name.clone(), what: what.clone() });
    }
    open(proxy, client, accepted, secured, (name, caller, read.random)).await;
}

/// The body of the ClientHello in the first records of a stream.
fn read_hello(bytes: &[u8]) -> Option<ClientHello> {
    let mut reader = crate::secure::codec::Reader::new(bytes);
    let mut joined = Vec::new();
    while let (Some(0x16), Some(_), Some(record)) = (reader.u8(), reader.u16(), reader.vec16()) {
        joined.extend_from_slice(record.rest());
    }
    let mut message = crate::secure::codec::Reader::new(&joined);
    let (_, length) = (message.u8()?, message.u24()?);
    ClientHello::read(message.take(usize::try_from(length).ok()?)?)
}

/// Shakes hands with the client as the server did with the proxy, and passes on what is inside.
async fn open(
    proxy: &Arc<Proxy>,
    client: Client,
    accepted: Accepted,
    secured: Secured,
    (name, caller, random): (String, Caller, ClientRandom),
) {
    let Secured { stream: server, defect, wants_certificate } = secured;
    let defect = defect.map(|(_, defect)| defect);
    let Ok(certificate) = proxy.authority.issue(&name, defect.as_ref()) else { return };
    let chosen = server.get_ref().1.alpn_protocol().map(<[u8]>::to_vec);
    let Ok(config) = config(proxy, certificate, chosen) else { return };
    let mut watch = Watch::default();
    let handshake = StartHandshake::from_parts(accepted, client).into_stream(Arc::new(config)).into_fallible();
    watch.server_flight(Time::now());
    let client = match timeout(HANDSHAKE, handshake).await {
        Ok(Ok(client)) => client,
        Ok(Err((error, client))) => {
            let code = alert(&error);
            match code {
                Some(code) => watch.alert(Direction::Sent, Some(code), Time::now()),
                None if is_end(&error) => watch.end(Direction::Sent, Time::now()),
                None => {}
            }
            // Who refuses what the server made bad is right.
            let pinned = watch.is_pinned() && defect.is_none();
            if is_incompatible(&error) {
                if proxy.refusals.incompatible(caller) {
                    proxy.say(Event::NotOpened { host: name, why: error.to_string() });
                }
            } else if pinned && proxy.refusals.refused(caller, code.is_none()) {
                name_refused(proxy, &random);
                proxy.say(Event::Pinned { host: name, client: peer(&client) });
            }
            return;
        }
        Err(_) => return,
    };
    watch.client_finished(Time::now());
    proxy.count.opened();
    let peer = peer(client.get_ref().0);
    // Told at once: a client that has a connection too many drops it while the other is in use.
    let opened = || proxy.refusals.opened(caller.clone());
    let relayed = relay(client, server, PATIENCE, opened).await;
    proxy.count.relayed(&relayed, 0);
    let left = relayed.client_left.filter(|_| relayed.sent == 0 && defect.is_none());
    if let Some(left) = left {
        let code = relayed.client_error.as_ref().and_then(alert);
        match code {
            Some(code) => watch.alert(Direction::Sent, Some(code), left),
            None => watch.end(Direction::Sent, left),
        }
        if watch.is_pinned() && proxy.refusals.refused(caller.clone(), code.is_none()) {
            name_refused(proxy, &random);
            proxy.say(Event::Pinned { host: name.clone(), client: peer });
        }
    }
    let refused = relayed.server_error.as_ref().and_then(alert).is_some() && relayed.received == 0;
    if wants_certificate && refused && proxy.refusals.wants_certificate(caller) {
        proxy.say(Event::ClientCertificate { host: name });
    }
}

/// Notes for who reads the tape that the client of this connection refused.
fn name_refused(proxy: &Proxy, random: &ClientRandom) {
    proxy.tape.secret(&format!("{REFUSED}{}\n", data_encoding::HEXLOWER.encode(random)));
}

fn peer(client: &Client) -> String {
    client
        .stream()
        .peer_addr()
        .map_or_else(|_| "a client".to_owned(), |address| address.ip().to_canonical().to_string())
}

/// The client's side of a connection: one certificate, the server's choice of a protocol, keys to the tape.
fn config(
    proxy: &Arc<Proxy>,
    certificate: Arc<CertifiedKey>,
    protocol: Option<Vec<u8>>,
) -> Result<ServerConfig, rustls::Error> {
    let mut config = ServerConfig::builder_with_provider(Arc::clone(proxy.trust.provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(One(certificate)));
    config.alpn_protocols = protocol.into_iter().collect();
    config.key_log = Arc::new(ToTape(Arc::clone(&proxy.tape)));
    // No resumption: each connection shows its certificate and has its secrets on the tape.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(config)
}

/// Always this certificate: what the client asked for is settled.
#[derive(Debug)]
struct One(Arc<CertifiedKey>);

impl ResolvesServerCert for One {
    fn resolve(&self, _: rustls::server::ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

/// Secrets go where the packets go, before the packets that they open.
#[derive(Debug)]
struct ToTape(Arc<Tape>);

impl KeyLog for ToTape {
    fn log(&self, label: &str, random: &[u8], secret: &[u8]) {
        let hex = |bytes| data_encoding::HEXLOWER.encode(bytes);
        self.0.secret(&format!("{label} {} {}\n", hex(random), hex(secret)));
    }

    fn will_log(&self, label: &str) -> bool {
        // Of no use to a reader of traffic.
        label != "EXPORTER_SECRET"
    }
}

/// The code of the alert that ended a connection (RFC 8446 §6).
fn alert(error: &std::io::Error) -> Option<u8> {
    match error.get_ref()?.downcast_ref::<rustls::Error>()? {
        rustls::Error::AlertReceived(alert) => Some((*alert).into()),
        _ => None,
    }
}

/// What the other side offers cannot be answered.
fn is_incompatible(error: &std::io::Error) -> bool {
    let error = error.get_ref().and_then(|error| error.downcast_ref::<rustls::Error>());
    matches!(error, Some(rustls::Error::PeerIncompatible(_)))
}

/// The other side ended the connection, or broke it.
fn is_end(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe)
}
