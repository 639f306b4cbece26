//! The server's certificate out of a Certificate message (RFC 5246 §7.4.2, RFC 8446
//! §4.4.2), also a compressed one (RFC 8879).

use std::io::Read;

use crate::secure::codec::Reader;
use crate::secure::tls::handshake::MESSAGE_LIMIT;

/// DER of the first certificate, which is the server's own.
pub fn first(body: &[u8], is_tls13: bool) -> Option<&[u8]> {
    let mut reader = Reader::new(body);
    if is_tls13 {
        // certificate_request_context
        reader.vec8()?;
    }
    Some(reader.vec24()?.vec24()?.rest())
}

/// The Certificate message inside a CompressedCertificate; at most as long as one may be uncompressed.
pub fn decompressed(body: &[u8]) -> Option<Vec<u8>> {
    let mut reader = Reader::new(body);
    let algorithm = reader.u16()?;
    let length = u64::from(reader.u24()?);
    let compressed = reader.vec24()?.rest();
    if length > MESSAGE_LIMIT as u64 {
        return None;
    }
    let mut out = Vec::new();
    let read = match algorithm {
        1 => flate2::read::ZlibDecoder::new(compressed).take(length).read_to_end(&mut out),
        2 => brotli_decompressor::Decompressor::new(compressed, 4096).take(length).read_to_end(&mut out),
        3 => zstd::stream::read::Decoder::new(compressed).ok()?.take(length).read_to_end(&mut out),
        _ => return None,
    };
    read.ok().filter(|read| *read as u64 == length).map(|_| out)
}
