//! A session by an intercepting proxy: HTTP, `CONNECT` and SOCKS on one port.
//!
//! Takes the connections of a test device, passes them on to whom they are meant for, and
//! hands on a session folder: a capture with the bytes that the client spoke, the real
//! servers' addresses, and the secrets that open it. It alters no request: what is inside TLS
//! goes on byte for byte, and so does whatever it does not know. It knows no message: a
//! session is audited from its files.
//!
//! The server is asked first, so that the client gets the server's choice of a protocol, and a
//! certificate that is as good or as bad as the server's. A client that refuses the proxy's certificate
//! is let through untouched from then on, and its streams are `pinned`.

mod access;
mod authority;
mod http;
mod refusals;
mod relay;
mod socks;
mod standing;
mod tape;
mod tunnel;
mod upstream;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;

pub use access::Network;
pub use authority::{Authority, CERTIFICATE, default_folder};
pub use http::CERTIFICATE_PATH;
pub use standing::checks;

use refusals::Refusals;
use relay::{Patience, Relayed};
use tape::Tape;
use upstream::{Target, Trust, Unreached};

/// Connections at a time; more wait to be accepted. Each has two descriptors, and a process
/// has 1,024 by custom. A browser opens 32 to a proxy (Chromium's limit).
const CONNECTIONS: usize = 400;

/// How long a client may take to say what it wants, however slowly its bytes drip.
const HEAD_TIME: Duration = Duration::from_secs(10);

/// A connection on which nothing passes for that long is closed. Push services keep theirs
/// alive every quarter of an hour on Wi-Fi, and every half hour else.
const IDLE: Duration = Duration::from_secs(35 * 60);

/// The same of what goes through a tunnel. Of two sides one has ended: Firefox waits as long for a response.
const PATIENCE: Patience = Patience { both: IDLE, one: Duration::from_secs(5 * 60) };

/// The file is whole at least this often, as of a recording.
const FLUSH_EVERY: Duration = Duration::from_millis(500);

/// Pause when no connection can be accepted (no descriptor is left).
const PAUSE: Duration = Duration::from_millis(100);

/// Distinct events kept to say each once.
const EVENTS: usize = 10_000;

/// Threads that pass bytes on: enough for a phone, and the machine has other work.
const THREADS: usize = 2;

/// How a proxy runs.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Clients other than this machine.
    pub allow: Vec<Network>,
    /// The folder of the authority.
    pub authority: PathBuf,
    /// PEM files of roots that are believed beside Mozilla's.
    pub roots: Vec<PathBuf>,
    /// Ends by itself after that.
    pub duration: Option<Duration>,
}

fn occupied(error: &std::io::Error) -> &'static str {
    match error.kind() {
        std::io::ErrorKind::AddrInUse => "; another program listens there: end it, or give another port with --listen",
        std::io::ErrorKind::AddrNotAvailable => "; this machine has no such address: --listen 0.0.0.0:PORT takes all",
        _ => "",
    }
}

/// The proxy cannot run, or cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum ProxyError {
    /// The address cannot be listened at.
    #[error("cannot listen at {address}: {error}{}", occupied(error))]
    Listen {
        /// As given.
        address: SocketAddr,
        /// Why.
        error: std::io::Error,
    },
    /// Listening for others needs to say for whom.
    #[error(
        "{0} can be reached from other machines: say whose connections are taken, such as --allow 192.168.1.0/24 for \
         the network of the test device"
    )]
    Open(SocketAddr),
    /// A file cannot be written.
    #[error("cannot write {path}: {error}")]
    Write {
        /// Which.
        path: String,
        /// Why.
        error: std::io::Error,
    },
    /// The authority's files cannot be used.
    #[error("{path}: {what}")]
    Authority {
        /// Which file.
        path: String,
        /// What is wrong, and what to do.
        what: String,
    },
    /// A file of roots cannot be used.
    #[error("{path}: {what}")]
    Roots {
        /// Which file.
        path: String,
        /// What is wrong.
        what: String,
    },
    /// A key or certificate cannot be made.
    #[error("cannot make a certificate: {0}")]
    Crypto(String),
    /// The system gives no threads or no signals.
    #[error("cannot start: {0}")]
    System(std::io::Error),
}

/// Something that whoever watches should know at once. Each is told once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    /// A client refused the proxy's certificate; it is let through from now on.
    Pinned {
        /// The host it wanted.
        host: String,
        /// Its address.
        client: String,
    },
    /// A server wants a certificate that only the client has; it is let through from now on.
    ClientCertificate {
        /// The server.
        host: String,
    },
    /// A server's certificate does not verify; the client got one that does not either.
    BadCertificate {
        /// The server.
        host: String,
        /// What is wrong.
        what: String,
    },
    /// A server does not shake hands with the proxy; the client was let through.
    NotOpened {
        /// The server.
        host: String,
        /// What is wrong.
        why: String,
    },
    /// There is no connection to a target.
    Unreached {
        /// Host and port.
        target: String,
        /// Why.
        why: String,
    },
    /// A client that is not allowed was turned away.
    TurnedAway {
        /// Its address.
        client: String,
    },
}

/// What passed, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Connections of clients.
    pub connections: u64,
    /// TLS connections that were opened.
    pub opened: u64,
    /// TLS connections that were let through untouched.
    pub passed: u64,
    /// Requests in absolute form.
    pub requests: u64,
    /// Connections of clients that are not allowed.
    pub turned_away: u64,
    /// Connections that spoke none of the proxy's protocols.
    pub strangers: u64,
    /// Bytes of what was inside.
    pub bytes: u64,
    /// Packets written.
    pub packets: u64,
}

/// Whom events are told to.
pub type Tell = Box<dyn Fn(&Event) + Send + Sync>;

/// What every connection of a running proxy needs.
struct Proxy {
    address: SocketAddr,
    allow: Vec<Network>,
    tape: Arc<Tape>,
    authority: Authority,
    trust: Trust,
    refusals: Refusals,
    count: Counters,
    tell: Tell,
    /// Events that were told, and how often each happened.
    told: Mutex<BTreeMap<Event, u64>>,
}

#[derive(Debug, Default)]
struct Counters {
    connections: AtomicU64,
    opened: AtomicU64,
    passed: AtomicU64,
    requests: AtomicU64,
    turned_away: AtomicU64,
    strangers: AtomicU64,
    bytes: AtomicU64,
}

impl Counters {
    fn opened(&self) {
        self.opened.fetch_add(1, Ordering::Relaxed);
    }

    fn passed(&self) {
        self.passed.fetch_add(1, Ordering::Relaxed);
    }

    fn exchanged(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    fn stranger(&self) {
        self.strangers.fetch_add(1, Ordering::Relaxed);
    }

    fn relayed(&self, relayed: &Relayed, more: usize) {
        self.bytes.fetch_add(relayed.sent + relayed.received + more as u64, Ordering::Relaxed);
    }
}

impl Proxy {
    /// Tells an event, unless it was told before.
    fn say(&self, event: Event) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = told.get_mut(&event) {
            *count += 1;
        } else if told.len() < EVENTS {
            (self.tell)(&event);
            told.insert(event, 1);
        }
    }

    fn unreached(&self, target: &Target, why: &Unreached) {
        self.say(Event::Unreached { target: target.to_string(), why: why.words() });
    }

    fn progress(&self) -> Progress {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let count = &self.count;
        Progress {
            connections: of(&count.connections),
            opened: of(&count.opened),
            passed: of(&count.passed),
            requests: of(&count.requests),
            turned_away: of(&count.turned_away),
            strangers: of(&count.strangers),
            bytes: of(&count.bytes),
            packets: self.tape.packets(),
        }
    }

    /// Serves one client, by its first byte.
    async fn serve(self: &Arc<Self>, mut client: TcpStream) {
        let mut first = [0];
        let peeked = timeout(HEAD_TIME, client.peek(&mut first)).await;
        match (peeked, first) {
            (Ok(Ok(1..)), [4 | 5]) => {
                let Ok(asked) = timeout(HEAD_TIME, socks::ask(&mut client)).await else { return };
                match asked {
                    Ok(Some((version, target))) => self.through(client, version, &target).await,
                    _ => self.count.stranger(),
                }
            }
            (Ok(Ok(1..)), [b'A'..=b'Z' | b'a'..=b'z' | b'\r' | b'\n']) => http::serve(self, client).await,
            (Ok(Ok(1..)), _) => self.count.stranger(),
            // Opened and not used.
            _ => {}
        }
    }

    /// A tunnel that was asked for by SOCKS.
    async fn through(self: &Arc<Self>, mut client: TcpStream, version: socks::Version, target: &Target) {
        let Ok(peer) = client.peer_addr() else { return };
        match upstream::connect(self.address, peer.ip(), target).await {
            Err(why) => {
                self.unreached(target, &why);
                let _ = socks::answer(&mut client, version, Err(&why)).await;
            }
            Ok(server) => {
                let bound = server.local_addr().unwrap_or(self.address);
                if socks::answer(&mut client, version, Ok(bound)).await.is_ok() {
                    tunnel::run(self, client, Vec::new(), server, target).await;
                }
            }
        }
    }
}

/// Runs until Ctrl-C, `SIGTERM` or the end of the time. `ready` is told where the proxy listens, what
/// file it writes, and whether the authority was made just now; `tell` what happens.
///
/// # Errors
/// Where it cannot begin; and where the session cannot be written any more, which ends it.
pub fn run(
    settings: &Settings,
    folder: &Path,
    ready: impl FnOnce(SocketAddr, &Path, bool),
    tell: Tell,
) -> Result<Progress, ProxyError> {
    if !settings.listen.ip().is_loopback() && settings.allow.is_empty() {
        return Err(ProxyError::Open(settings.listen));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .enable_all()
        .build()
        .map_err(ProxyError::System)?;
    let ended = runtime.block_on(serve(settings, folder, ready, tell));
    // A look-up of a name that is still under way is not waited for.
    runtime.shutdown_background();
    ended
}

async fn serve(
    settings: &Settings,
    folder: &Path,
    ready: impl FnOnce(SocketAddr, &Path, bool),
    tell: Tell,
) -> Result<Progress, ProxyError> {
    let refused = |error| ProxyError::Listen { address: settings.listen, error };
    let (authority, made) = Authority::open(&settings.authority)?;
    let trust = Trust::new(&settings.roots)?;
    let mut stop = std::pin::pin!(signalled()?);
    let listener = TcpListener::bind(settings.listen).await.map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;
    private_folder(folder)?;
    let tape = Arc::new(Tape::begin(folder, address)?);
    ready(address, tape.path(), made);
    let proxy = Arc::new(Proxy {
        address,
        allow: settings.allow.clone(),
        tape: Arc::clone(&tape),
        authority,
        trust,
        refusals: Refusals::default(),
        count: Counters::default(),
        tell,
        told: Mutex::default(),
    });
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let mut tasks = tokio::task::JoinSet::new();
    let mut flush = tokio::time::interval(FLUSH_EVERY);
    let end = async {
        match settings.duration {
            Some(duration) => tokio::time::sleep(duration).await,
            None => std::future::pending().await,
        }
    };
    let mut end = std::pin::pin!(end);
    loop {
        let next = async {
            let place = Arc::clone(&room).acquire_owned().await;
            (place, listener.accept().await)
        };
        tokio::select! {
            () = &mut stop => break,
            () = &mut end => break,
            () = tape.broken() => break,
            _ = flush.tick() => {
                tape.flush()?;
                while tasks.try_join_next().is_some() {}
            }
            (place, accepted) = next => match accepted {
                Err(_) => tokio::time::sleep(PAUSE).await,
                Ok((client, from)) => {
                    if !access::admits(&proxy.allow, from.ip()) {
                        proxy.count.turned_away.fetch_add(1, Ordering::Relaxed);
                        proxy.say(Event::TurnedAway { client: from.ip().to_canonical().to_string() });
                        continue;
                    }
                    proxy.count.connections.fetch_add(1, Ordering::Relaxed);
                    let _ = client.set_nodelay(true);
                    let proxy = Arc::clone(&proxy);
                    tasks.spawn(async move {
                        proxy.serve(client).await;
                        drop(place);
                    });
                }
            },
        }
    }
    drop(listener);
    // What is open ends now, on the tape too.
    tasks.shutdown().await;
    tape.finish()?;
    Ok(proxy.progress())
}

fn private_folder(folder: &Path) -> Result<(), ProxyError> {
    crate::session::private_folder(folder)
        .map_err(|error| ProxyError::Write { path: folder.display().to_string(), error })
}

/// Resolves when the user or the system asks to end.
#[cfg(unix)]
fn signalled() -> Result<impl Future<Output = ()>, ProxyError> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt()).map_err(ProxyError::System)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(ProxyError::System)?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn signalled() -> Result<impl Future<Output = ()>, ProxyError> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
