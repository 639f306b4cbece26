//! Doors for fuzzing to parsers that a recording reaches only behind others: below HTTP/2, and
//! behind the encryption of QUIC. Nothing else uses them.

use std::net::{Ipv4Addr, SocketAddr};

use bytes::Bytes;

use super::draft::{Context, Out};
use super::http3::Http3;
use super::legs::Legs;
use super::{Item, Options, hpack, qpack};
use crate::evidence::{Direction, Transport};
use crate::net::{Chunk, Endpoints, StreamId};

/// Field blocks of HTTP/2 that follow each other on one connection (RFC 7541).
pub fn hpack(blocks: &[&[u8]]) {
    let mut decoder = hpack::Decoder::new();
    for block in blocks {
        decoder.decode(Bytes::copy_from_slice(block));
    }
}

/// Instructions of an encoder's stream and field sections in turn (RFC 9204).
pub fn qpack(turns: &[&[u8]]) {
    let mut decoder = qpack::Decoder::default();
    decoder.allow(4096);
    for (at, turn) in turns.iter().enumerate() {
        if at % 2 == 0 {
            decoder.instructions(turn);
        } else {
            let section = Bytes::copy_from_slice(turn);
            let required = decoder.required(&section);
            decoder.decode(section, required);
        }
    }
}

/// The streams of a QUIC connection that speaks HTTP/3, as they lie in its packets (RFC 9114).
pub fn http3(chunks: &[(u64, Direction, Chunk<'_>)], sink: &mut dyn FnMut(Item)) {
    let stream = StreamId { input: 0, transport: Transport::Udp, number: 0 };
    let at = |last, port| SocketAddr::from((Ipv4Addr::new(192, 0, 2, last), port));
    let mut context =
        Context::new(stream, Endpoints { client: at(1, 40_000), server: at(2, 443) }, &Options::default());
    let (mut exchange, legs) = (0, Legs::new(stream));
    let mut http3 = Http3::default();
    let mut out = Out { sink, exchange: &mut exchange, legs: &legs };
    for (id, direction, chunk) in chunks {
        http3.push(*id, *direction, *chunk, &mut context, &mut out);
    }
    http3.finish(&mut context, &mut out);
}
