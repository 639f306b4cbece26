//! HTTP/1 towards clients (RFC 9110 §7.6, RFC 9112): `CONNECT`, requests in absolute form, and
//! the certificate of the authority for whoever asks the proxy itself.
//!
//! A request in absolute form goes on as the client wrote it, but for what is addressed to the
//! proxy: the target becomes the origin form, and `Proxy-` fields go. Its
//! bytes are written down as the server gets them. No `Via` and no `Forwarded` is added.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::relay::relay;
use super::tape::Taped;
use super::upstream::{self, Target, Unreached};
use super::{HEAD_TIME, IDLE, PATIENCE, Proxy, tunnel};
use crate::message::http1::{Framing, HEAD_LIMIT, Head, Part, Progress, Start, head_end, list, parse_head};

/// Bytes read at a time.
const BUFFER: usize = 32 << 10;

/// Responses of status 1xx before the final one.
const INTERIM: usize = 64;

/// A connection, and what was read of it and not used yet.
struct Buffered<S> {
    stream: S,
    bytes: Vec<u8>,
}

/// Why there is no head.
enum NoHead {
    /// The connection ended before one began.
    End,
    /// It is none, or longer than `HEAD_LIMIT`.
    Bad(&'static str),
}

impl<S: AsyncRead + AsyncWrite + Unpin> Buffered<S> {
    /// Reads once; whether there was something.
    async fn more(&mut self) -> bool {
        self.bytes.reserve(BUFFER);
        self.stream.read_buf(&mut self.bytes).await.is_ok_and(|count| count > 0)
    }

    /// The next head, as it is.
    async fn head(&mut self) -> Result<Vec<u8>, NoHead> {
        let mut looked = 0;
        loop {
            // Empty lines before a request line are passed over (RFC 9112 §2.2).
            let blank = self.bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            self.bytes.drain(..blank);
            if let Some(end) = head_end(&self.bytes, looked).filter(|end| *end <= HEAD_LIMIT) {
                return Ok(self.bytes.drain(..end).collect());
            }
            looked = self.bytes.len();
            if looked > HEAD_LIMIT {
                return Err(NoHead::Bad("its head is too long"));
            }
            if !self.more().await {
                return Err(if self.bytes.is_empty() { NoHead::End } else { NoHead::Bad("it ends within its head") });
            }
        }
    }
}

impl Buffered<Taped<TcpStream>> {
    /// Whether the server said nothing since its last response. One that ended its side, or speaks unasked (408
    /// before it ends), takes no further request: its words would be taken for the answer to that.
    async fn is_quiet(&mut self) -> bool {
        let mut unasked = [0; 1024];
        let mut unasked = ReadBuf::new(&mut unasked);
        let stream = &mut self.stream;
        // Polled once: what came is there, and goes onto the tape.
        let polled = poll_fn(|context| Poll::Ready(Pin::new(&mut *stream).poll_read(context, &mut unasked))).await;
        self.bytes.is_empty() && polled.is_pending()
    }
}

/// Serves a client that speaks HTTP.
pub async fn serve(proxy: &Arc<Proxy>, client: TcpStream) {
    let mut client = Buffered { stream: client, bytes: Vec::new() };
    let mut server: Option<(Target, Buffered<Taped<TcpStream>>)> = None;
    let mut limit = HEAD_TIME;
    loop {
        let raw = match timeout(limit, client.head()).await {
            Ok(Ok(raw)) => raw,
            Ok(Err(NoHead::Bad(why))) => return stranger(proxy, client, why).await,
            Ok(Err(NoHead::End)) | Err(_) => return,
        };
        let request = parse_head(&raw, true);
        let Some(Head { start: Start::Request { method, target }, is_10, fields, .. }) = request else {
            return stranger(proxy, client, "this is no HTTP request").await;
        };
        if method == "CONNECT" {
            return connect(proxy, client, &target).await;
        }
        let Some((authority, path)) = absolute(&target) else {
            if target.contains("://") {
                return stranger(proxy, client, "only http:// is fetched; what is encrypted goes by CONNECT").await;
            }
            return itself(proxy, client, &target).await;
        };
        let Some(wanted) = Target::parse(authority, Some(80)) else {
            return refuse(client, "400 Bad Request", "this is no host to connect to").await;
        };
        let goes_on = match &mut server {
            Some((open, server)) => *open == wanted && server.is_quiet().await,
            None => false,
        };
        if !goes_on {
            server = match open(proxy, &client.stream, &wanted).await {
                Ok(stream) => Some((wanted, Buffered { stream, bytes: Vec::new() })),
                Err(Unreached::Denied(super::access::Denied::Itself)) => return itself(proxy, client, path).await,
                Err(why) => return unreached(proxy, client, &wanted, &why).await,
            };
        }
        let Some((_, server)) = &mut server else { return };
        let closes = list(&fields, "connection").iter().any(|option| option == "close")
            || (is_10 && !list(&fields, "connection").iter().any(|option| option == "keep-alive"));
        let onward = origin_form(&raw, &target, path);
        let body = Framing::of_request(&fields);
        proxy.count.exchanged();
        match exchange(&mut client, server, &onward, (&method, body)).await {
            Then::Next if !closes => {}
            Then::Next | Then::Close => return finish(client).await,
            Then::Tunnel => break,
            Then::Broken => return,
        }
        limit = IDLE;
    }
    // 101: the two go on as they have agreed (RFC 9110 §7.8).
    let Some((_, mut server)) = server else { return };
    let (ahead, behind) = (std::mem::take(&mut client.bytes), std::mem::take(&mut server.bytes));
    if server.stream.write_all(&ahead).await.is_ok() && client.stream.write_all(&behind).await.is_ok() {
        let relayed = relay(client.stream, server.stream, PATIENCE, || ()).await;
        proxy.count.relayed(&relayed, ahead.len() + behind.len());
    }
}

/// Authority, and path with query, of `http://…`. `None`: another scheme, or another form.
fn absolute(target: &str) -> Option<(&str, &str)> {
    let scheme = target.get(..7)?;
    let rest = target.get(7..).filter(|_| scheme.eq_ignore_ascii_case("http://"))?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end)?;
    // A user's name and password in it are for the client.
    Some((authority.rsplit_once('@').map_or(authority, |(_, host)| host), path))
}

/// The head with its target in origin form and without what is addressed to the proxy.
fn origin_form(raw: &[u8], target: &str, path: &str) -> Vec<u8> {
    let mut onward = Vec::with_capacity(raw.len());
    for (number, line) in raw.split_inclusive(|byte| *byte == b'\n').enumerate() {
        if number == 0 {
            // The target stands between the first space and what follows it.
            let at = memchr::memmem::find(line, target.as_bytes()).unwrap_or(0);
            onward.extend_from_slice(line.get(..at).unwrap_or_default());
            onward.extend_from_slice(if path.starts_with('/') { b"" } else { b"/" });
            onward.extend_from_slice(path.as_bytes());
            onward.extend_from_slice(line.get(at + target.len()..).unwrap_or_default());
        } else if !line.get(..6).is_some_and(|name| name.eq_ignore_ascii_case(b"proxy-")) {
            onward.extend_from_slice(line);
        }
    }
    onward
}

/// Connects, and begins a connection on the tape: its bytes are those that the server gets.
async fn open(proxy: &Arc<Proxy>, client: &TcpStream, target: &Target) -> Result<Taped<TcpStream>, Unreached> {
    let peer = client.peer_addr().map_err(Unreached::Failed)?;
    let server = upstream::connect(proxy.address, peer.ip(), target).await?;
    let address = server.peer_addr().map_err(Unreached::Failed)?;
    proxy.tape.name(address.ip(), &target.host);
    Ok(Taped::of_server(server, proxy.tape.converse(peer, address)))
}

/// How it goes on after a response.
enum Then {
    /// With the client's next request.
    Next,
    /// The response ended with its connection, or says that it is the last.
    Close,
    /// With another protocol.
    Tunnel,
    /// It cannot.
    Broken,
}

/// Sends one request and hands back its response. Both bodies pass at once: a server may answer before it
/// has seen all.
async fn exchange(
    client: &mut Buffered<TcpStream>,
    server: &mut Buffered<Taped<TcpStream>>,
    head: &[u8],
    (method, body): (&str, Option<Framing>),
) -> Then {
    if server.stream.write_all(head).await.is_err() {
        return Then::Broken;
    }
    let (mut from_client, mut to_client) = client.stream.split();
    let (from_server, mut to_server) = tokio::io::split(&mut server.stream);
    let up = async {
        match body {
            Some(framing) => pass(&mut from_client, &mut client.bytes, &mut to_server, framing).await,
            None => true,
        }
    };
    let down = answer(from_server, &mut server.bytes, &mut to_client, method);
    tokio::pin!(up, down);
    let mut sent = None;
    loop {
        tokio::select! {
            whole = &mut up, if sent.is_none() => sent = Some(whole),
            then = &mut down => {
                // A connection on which the rest of a body may still come is of no further use.
                return match (then, sent) {
                    (Then::Next, Some(true)) => Then::Next,
                    (Then::Next, _) => Then::Close,
                    (then, _) => then,
                };
            }
        }
    }
}

/// Passes a response on.
async fn answer(
    mut server: impl AsyncRead + Unpin,
    bytes: &mut Vec<u8>,
    client: &mut (impl AsyncWrite + Unpin),
    method: &str,
) -> Then {
    for _ in 0..INTERIM {
        let Some(end) = head_of(&mut server, bytes).await else {
            // What there is goes on as it is: no HTTP/1, or cut off.
            let _ = client.write_all(bytes).await;
            return Then::Broken;
        };
        let raw: Vec<u8> = bytes.drain(..end).collect();
        let head = parse_head(&raw, false);
        if client.write_all(&raw).await.is_err() {
            return Then::Broken;
        }
        let Some(Head { start: Start::Status(status), is_10, fields, .. }) = head else {
            let _ = pass(&mut server, bytes, client, Framing::Close).await;
            return Then::Close;
        };
        match status {
            101 => return Then::Tunnel,
            100..=199 => continue,
            _ => {}
        }
        let options = list(&fields, "connection");
        let kept =
            if is_10 { options.iter().any(|o| o == "keep-alive") } else { !options.iter().any(|o| o == "close") };
        return match Framing::of_response(status, Some(method), &fields) {
            None if kept => Then::Next,
            None => Then::Close,
            Some(Framing::Close) => {
                let _ = pass(&mut server, bytes, client, Framing::Close).await;
                Then::Close
            }
            Some(framing) => match pass(&mut server, bytes, client, framing).await {
                true if kept => Then::Next,
                true => Then::Close,
                false => Then::Broken,
            },
        };
    }
    Then::Broken
}

/// Where a response's head ends in `bytes`, which grow up to there. `None`: it is cut off, or too long.
async fn head_of(server: &mut (impl AsyncRead + Unpin), bytes: &mut Vec<u8>) -> Option<usize> {
    let mut looked = 0;
    loop {
        if let Some(end) = head_end(bytes, looked) {
            return Some(end);
        }
        looked = bytes.len();
        if looked > HEAD_LIMIT || !read_some(server, bytes).await {
            return None;
        }
    }
}

async fn read_some(from: &mut (impl AsyncRead + Unpin), bytes: &mut Vec<u8>) -> bool {
    bytes.reserve(BUFFER);
    matches!(timeout(IDLE, from.read_buf(bytes)).await, Ok(Ok(1..)))
}

/// Passes a body on, beginning with `bytes`; what is after it stays there. Whether it was whole.
async fn pass(
    from: &mut (impl AsyncRead + Unpin),
    bytes: &mut Vec<u8>,
    to: &mut (impl AsyncWrite + Unpin),
    mut framing: Framing,
) -> bool {
    loop {
        let mut length = 0;
        let progress = loop {
            match framing.next(bytes.get(length..).unwrap_or_default()) {
                Part::Body(count) | Part::Coding(count) | Part::Trailers(count) => length += count,
                Part::End(progress) => break progress,
            }
        };
        let written = timeout(IDLE, to.write_all(bytes.get(..length).unwrap_or_default())).await;
        bytes.drain(..length);
        if !matches!(written, Ok(Ok(()))) {
            return false;
        }
        match progress {
            Progress::Done => return true,
            Progress::Broken(_) => return false,
            Progress::More => {
                if !read_some(from, bytes).await {
                    return matches!(framing, Framing::Close);
                }
            }
        }
    }
}

/// `CONNECT`: from here on the bytes are the client's and the server's.
async fn connect(proxy: &Arc<Proxy>, mut client: Buffered<TcpStream>, target: &str) {
    let Some(target) = Target::parse(target, None) else {
        return refuse(client, "400 Bad Request", "CONNECT takes a host and a port").await;
    };
    let Ok(peer) = client.stream.peer_addr() else { return };
    match upstream::connect(proxy.address, peer.ip(), &target).await {
        Err(why) => unreached(proxy, client, &target, &why).await,
        Ok(server) => {
            if client.stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.is_ok() {
                tunnel::run(proxy, client.stream, client.bytes, server, &target).await;
            }
        }
    }
}

async fn unreached(proxy: &Proxy, client: Buffered<TcpStream>, target: &Target, why: &Unreached) {
    let status = match why {
        Unreached::Denied(_) => "403 Forbidden",
        Unreached::Silent => "504 Gateway Timeout",
        Unreached::Unknown | Unreached::Failed(_) => "502 Bad Gateway",
    };
    let words = why.words();
    proxy.unreached(target, why);
    refuse(client, status, &format!("no connection to {target}: {words}")).await;
}

/// Whoever speaks something else, or not whole.
async fn stranger(proxy: &Proxy, client: Buffered<TcpStream>, why: &str) {
    proxy.count.stranger();
    refuse(client, "400 Bad Request", why).await;
}

/// Where the proxy hands out the certificate of its authority.
pub const CERTIFICATE_PATH: &str = "/wirewitness-ca.crt";

/// A request to the proxy itself.
async fn itself(proxy: &Proxy, mut client: Buffered<TcpStream>, path: &str) {
    if path != CERTIFICATE_PATH {
        let words = format!("this is a proxy for a test device; the certificate to install is at {CERTIFICATE_PATH}");
        return refuse(client, "404 Not Found", &words).await;
    }
    let certificate = proxy.authority.certificate();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/x-x509-ca-cert\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        certificate.len()
    );
    if client.stream.write_all(&[head.as_bytes(), certificate].concat()).await.is_ok() {
        finish(client).await;
    }
}

/// Says why not.
async fn refuse(mut client: Buffered<TcpStream>, status: &str, words: &str) {
    let body = format!("wirewitness proxy: {words}\n");
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    if client.stream.write_all(&[head, body].concat().into_bytes()).await.is_ok() {
        finish(client).await;
    }
}

/// How long is waited for the client's end after the last response. A socket that is closed with
/// unread bytes resets the connection, and with it the response.
const LINGER: Duration = Duration::from_secs(2);
/// Bytes read meanwhile.
const LINGER_BYTES: u64 = 1 << 20;

/// Ends the connection after a response.
async fn finish(mut client: Buffered<TcpStream>) {
    if client.stream.shutdown().await.is_ok() {
        let mut rest = client.stream.take(LINGER_BYTES);
        let _ = timeout(LINGER, tokio::io::copy(&mut rest, &mut tokio::io::sink())).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_absolute_form_is_taken_apart() {
        assert_eq!(absolute("http://a.example/b?c=http://d/"), Some(("a.example", "/b?c=http://d/")));
        assert_eq!(absolute("HTTP://u:p@a.example:81"), Some(("a.example:81", "")));
        assert_eq!(absolute("http://a.example?x"), Some(("a.example", "?x")));
        assert_eq!(absolute("https://a.example/"), None);
        assert_eq!(absolute("/path"), None);
        assert_eq!(absolute("*"), None);
    }

    #[test]
    fn only_what_is_addressed_to_the_proxy_is_taken_out() {
        let raw = b"POST http://a.example/b?c HTTP/1.1\r\nHost: a.example\r\nProxy-Connection: keep-alive\r\n\
            X-Odd:  two  spaces \r\nproxy-authorization: Basic eDp5\r\nConnection: close\r\n\r\n";
        let onward = origin_form(raw, "http://a.example/b?c", "/b?c");
        let wanted = b"POST /b?c HTTP/1.1\r\nHost: a.example\r\nX-Odd:  two  spaces \r\nConnection: close\r\n\r\n";
        assert_eq!(String::from_utf8_lossy(&onward), String::from_utf8_lossy(wanted));
        let onward = origin_form(b"GET http://a.example HTTP/1.0\n\n", "http://a.example", "");
        assert_eq!(onward, b"GET / HTTP/1.0\n\n");
        let onward = origin_form(b"GET http://a.example?q HTTP/1.1\r\n\r\n", "http://a.example?q", "?q");
        assert_eq!(onward, b"GET /?q HTTP/1.1\r\n\r\n");
    }
}
