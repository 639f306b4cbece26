//! Application protocols, from the bytes of a stream or the datagrams of a five-tuple.

use wirewitness::evidence::{Direction, GapReason, Time, Transport};
use wirewitness::message::{self, Conversation, Datagram, Datagrams, Options, doors};
use wirewitness::net::{Chunk, Endpoints, StreamId};

/// Direction by the lowest bit of a part's kind; the second makes it a hole, the third an end.
fn chunk<'a>(kind: u8, part: &'a [u8], frames: &'a [u64]) -> (Direction, Chunk<'a>) {
    let direction = if kind & 1 == 0 { Direction::Sent } else { Direction::Received };
    let time = Time::default();
    let chunk = match kind >> 1 & 3 {
        0 | 3 => Chunk::Data { bytes: part, time, frames, conflict: kind & 8 != 0 },
        1 => Chunk::Gap { length: part.len() as u64, time, reason: GapReason::LostPackets },
        _ => Chunk::End { reset: kind & 8 != 0, time, frame: frames[0] },
    };
    (direction, chunk)
}

fn ends(server: u16) -> Endpoints {
    let end = |address: &str, port| std::net::SocketAddr::new(address.parse().expect("an address"), port);
    Endpoints { client: end("192.0.2.1", 40_000), server: end("198.51.100.2", server) }
}

fn id(transport: Transport) -> StreamId {
    StreamId { input: 0, transport, number: 0 }
}

/// A TCP stream that starts with `before`, as turns of client and server.
fn talk(before: [&[u8]; 2], bytes: &[u8]) {
    let mut conversation = Conversation::new(id(Transport::Tcp), ends(443), &Options::default());
    let mut sink = |_| {};
    for (kind, part) in (0u8..).zip(before) {
        let (direction, chunk) = chunk(kind, part, &[1]);
        conversation.push(direction, chunk, &mut sink);
    }
    for (frame, (kind, part)) in (2u64..).zip(super::parts(bytes)) {
        let frames = [frame];
        let (direction, chunk) = chunk(kind, part, &frames);
        conversation.push(direction, chunk, &mut sink);
    }
    conversation.finish(&mut sink);
}

/// Whatever it is.
pub fn stream(bytes: &[u8]) {
    talk([b"", b""], bytes);
}

/// Requests and answers of HTTP/1.1, the first one whole.
pub fn http1(bytes: &[u8]) {
    talk([b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"], bytes);
}

/// Behind the prefaces of HTTP/2, each part a frame: its first bytes are type, flags and stream.
pub fn http2(bytes: &[u8]) {
    let mut framed = Vec::new();
    for (kind, part) in super::parts(bytes) {
        let [typ, flags, stream, payload @ ..] = part else { continue };
        let length = payload.len() + 9;
        framed.push(kind);
        framed.extend_from_slice(&u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes());
        framed.extend_from_slice(&(payload.len() as u32).to_be_bytes()[1..]);
        framed.extend_from_slice(&[typ & 15, *flags, 0, 0, 0, *stream]);
        framed.extend_from_slice(payload);
    }
    let settings: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];
    talk([b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0", settings], &framed);
}

/// Streams of HTTP/3: the first byte of a part is the stream's number.
pub fn http3(bytes: &[u8]) {
    let parts = super::parts(bytes);
    let frames: Vec<[u64; 1]> = (1..=parts.len() as u64).map(|frame| [frame]).collect();
    let chunks: Vec<_> = parts
        .iter()
        .zip(&frames)
        .filter_map(|((kind, part), frames)| {
            let (number, data) = part.split_first()?;
            let (direction, chunk) = chunk(*kind, data, frames);
            Some((u64::from(*number), direction, chunk))
        })
        .collect();
    doors::http3(&chunks, &mut |_| {});
}

/// Field blocks of one HTTP/2 connection.
pub fn hpack(bytes: &[u8]) {
    let blocks: Vec<&[u8]> = super::parts(bytes).into_iter().map(|(_, part)| part).collect();
    doors::hpack(&blocks);
}

/// Instructions and field sections of one HTTP/3 connection.
pub fn qpack(bytes: &[u8]) {
    let turns: Vec<&[u8]> = super::parts(bytes).into_iter().map(|(_, part)| part).collect();
    doors::qpack(&turns);
}

/// Behind the upgrade to a WebSocket that may compress.
pub fn websocket(bytes: &[u8]) {
    let asked = b"GET /ws HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
    let agreed = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
        Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
    talk([asked, agreed], bytes);
}

/// Behind CONNECT and CONNACK of MQTT 5.
pub fn mqtt(bytes: &[u8]) {
    talk([b"\x10\x0e\0\x04MQTT\x05\x02\0\x3c\0\0\x01a", b"\x20\x03\0\0\0"], bytes);
}

/// One message of DNS.
pub fn dns(bytes: &[u8]) {
    let _ = message::dns::parse(bytes);
    let _ = message::dns::recognise(bytes);
}

/// Datagrams of one five-tuple: the kind of the first part picks the server's port.
pub fn datagrams(bytes: &[u8]) {
    let parts = super::parts(bytes);
    let port = [53, 443, 5353, 3478, 6000][usize::from(parts.first().map_or(0, |(kind, _)| kind >> 2)) % 5];
    let mut datagrams = Datagrams::new(id(Transport::Udp), ends(port), &Options::default());
    let mut sink = |_| {};
    for (frame, (kind, part)) in (1u64..).zip(parts) {
        let direction = if kind & 1 == 0 { Direction::Sent } else { Direction::Received };
        let missing = u64::from(kind & 2);
        datagrams.push(
            direction,
            Datagram { bytes: part, missing, time: Time::default(), frames: &[frame] },
            &mut sink,
        );
    }
    datagrams.finish(&mut sink);
}
