//! Bytes both ways between two connections, as they are.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::Instant;

use crate::evidence::Time;

/// Bytes read at a time. A connection holds at most two such buffers: a side that sends faster than
/// the other one reads has to wait.
const BUFFER: usize = 32 << 10;

/// How long nothing may pass.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// While both sides are there.
    pub both: Duration,
    /// Once one of them has ended. A client that left waits for nothing, and what it asked may hang for ever.
    pub one: Duration,
}

/// How a relay came to its end.
#[derive(Debug, Default)]
pub struct Relayed {
    /// Bytes from client to server.
    pub sent: u64,
    /// Bytes from server to client.
    pub received: u64,
    /// When the client left, where it was the first to leave.
    pub client_left: Option<Time>,
    /// The server's connection broke, in words.
    pub server_error: Option<io::Error>,
    /// The client's connection broke.
    pub client_error: Option<io::Error>,
}

/// Copies both ways until both ended, one of them broke, or nothing passed for too long. An end
/// of one is handed on to the other; a break is not made an end. `first` is told of the client's
/// first bytes.
pub async fn relay<C, S>(client: C, server: S, patience: Patience, first: impl FnOnce()) -> Relayed
where
    C: AsyncRead + AsyncWrite + Unpin,
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (from_client, to_client) = tokio::io::split(client);
    let (from_server, to_server) = tokio::io::split(server);
    let watch = Watch { began: Instant::now(), last: AtomicU64::new(0) };
    let (sent, received) = (AtomicU64::new(0), AtomicU64::new(0));
    let server_ended = AtomicBool::new(false);
    let client_left = Mutex::new(None);
    let broken: [Mutex<Option<io::Error>>; 2] = Default::default();
    {
        let up = async {
            let end = copy(from_client, to_server, &sent, &watch, first).await;
            if !matches!(end, End::Write(_)) && !server_ended.load(Ordering::Relaxed) {
                *client_left.lock().unwrap_or_else(PoisonError::into_inner) = Some(Time::now());
            }
            let [client, server] = &broken;
            end.note(client, server)
        };
        let down = async {
            let end = copy(from_server, to_client, &received, &watch, || ()).await;
            if !matches!(end, End::Write(_)) {
                server_ended.store(true, Ordering::Relaxed);
            }
            let [client, server] = &broken;
            end.note(server, client)
        };
        tokio::pin!(up, down);
        let (mut up_done, mut down_done) = (false, false);
        while !(up_done && down_done) {
            let limit = if up_done || down_done { patience.one } else { patience.both };
            let whole = tokio::select! {
                whole = &mut up, if !up_done => { up_done = true; whole }
                whole = &mut down, if !down_done => { down_done = true; whole }
                () = watch.idle(limit) => false,
            };
            // An end is a word too: what it waits for has its time from now on.
            watch.touch();
            if !whole {
                break;
            }
        }
    }
    let [client_error, server_error] = broken.map(|error| error.into_inner().unwrap_or_default());
    Relayed {
        sent: sent.into_inner(),
        received: received.into_inner(),
        client_left: client_left.into_inner().unwrap_or_default(),
        server_error,
        client_error,
    }
}

/// When something passed last.
struct Watch {
    began: Instant,
    /// Milliseconds after `began`.
    last: AtomicU64,
}

impl Watch {
    fn touch(&self) {
        self.last.store(u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Resolves when nothing passed for `limit`.
    async fn idle(&self, limit: Duration) {
        loop {
            let until = self.began + Duration::from_millis(self.last.load(Ordering::Relaxed)) + limit;
            if until <= Instant::now() {
                return;
            }
            tokio::time::sleep_until(until).await;
        }
    }
}

/// How one direction ended.
enum End {
    Whole,
    Read(io::Error),
    Write(io::Error),
}

impl End {
    /// Notes the error with the connection that it is of; whether there was none.
    fn note(self, reader: &Mutex<Option<io::Error>>, writer: &Mutex<Option<io::Error>>) -> bool {
        let (of, error) = match self {
            Self::Whole => return true,
            Self::Read(error) => (reader, error),
            Self::Write(error) => (writer, error),
        };
        of.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        false
    }
}

async fn copy(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    count: &AtomicU64,
    watch: &Watch,
    first: impl FnOnce(),
) -> End {
    let mut first = Some(first);
    let mut buffer = vec![0; BUFFER];
    loop {
        let length = match from.read(&mut buffer).await {
            Ok(0) => return to.shutdown().await.map_or_else(End::Write, |()| End::Whole),
            Ok(length) => length,
            Err(error) => {
                // What came before the break arrives.
                let _ = to.flush().await;
                return End::Read(error);
            }
        };
        watch.touch();
        if let Some(first) = first.take() {
            first();
        }
        count.fetch_add(length as u64, Ordering::Relaxed);
        let bytes = buffer.get(..length).unwrap_or_default();
        // A TLS connection holds back what was written until it is told to send.
        let written = async {
            to.write_all(bytes).await?;
            to.flush().await
        };
        if let Err(error) = written.await {
            return End::Write(error);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A client that left, and a server that neither answers nor ends: the connection is not kept.
    #[test]
    fn an_end_of_one_side_is_waited_for_less_long() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap();
        runtime.block_on(async {
            let patience = Patience { both: Duration::from_secs(600), one: Duration::from_millis(300) };
            let ((mut client, near), (far, mut server)) = (tokio::io::duplex(64), tokio::io::duplex(64));
            let relayed = tokio::spawn(relay(near, far, patience, || ()));
            client.write_all(b"ask").await.unwrap();
            // As long as both are there, that is no matter.
            tokio::time::sleep(Duration::from_millis(600)).await;
            assert!(!relayed.is_finished());
            client.shutdown().await.unwrap();
            // What still comes arrives, and counts.
            tokio::time::sleep(Duration::from_millis(200)).await;
            server.write_all(b"late").await.unwrap();
            let mut late = [0; 4];
            client.read_exact(&mut late).await.unwrap();
            let relayed = tokio::time::timeout(Duration::from_secs(20), relayed).await.unwrap().unwrap();
            assert_eq!((relayed.sent, relayed.received, relayed.client_left.is_some()), (3, 4, true));
        });
    }
}
