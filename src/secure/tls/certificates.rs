//! The server's certificate out of a Certificate message (RFC 5246 §7.4.2, RFC 8446
//! §4.4.2), also a compressed one (RFC 8879).

use std::io::Read;

use crate::secure::codec::Reader;
use crate::secure::tls::handshake::MESSAGE_LIMIT;

/// Logarithm of the largest window of a zstd frame that is given memory: 2^20 bytes, for
/// messages of a quarter of that.
const ZSTD_WINDOW_LOG: u32 = 20;

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
        3 => {
            let mut decoder = zstd::stream::read::Decoder::new(compressed).ok()?;
            decoder.window_log_max(ZSTD_WINDOW_LOG).ok()?;
            decoder.take(length).read_to_end(&mut out)
        }
        _ => return None,
    };
    read.ok().filter(|read| *read as u64 == length).map(|_| out)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn vec24(content: &[u8]) -> Vec<u8> {
        [&u32::try_from(content.len()).unwrap().to_be_bytes()[1..], content].concat()
    }

    fn compressed(algorithm: u8, length: usize, content: &[u8]) -> Vec<u8> {
        [&[0, algorithm][..], &u32::try_from(length).unwrap().to_be_bytes()[1..], &vec24(content)].concat()
    }

    #[test]
    fn the_first_certificate_of_both_versions_and_compressed() {
        let list = [vec24(b"one"), vec24(b"two")].concat();
        assert_eq!(first(&vec24(&list), false), Some(&b"one"[..]));
        let body = [&[0][..], &vec24(&[vec24(b"one"), vec![0, 0]].concat())].concat();
        assert_eq!(first(&body, true), Some(&b"one"[..]));
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        zlib.write_all(&body).unwrap();
        let zlib = zlib.finish().unwrap();
        let zstd = zstd::encode_all(&body[..], 3).unwrap();
        for (algorithm, content) in [(1, &zlib), (3, &zstd)] {
            assert_eq!(decompressed(&compressed(algorithm, body.len(), content)).as_ref(), Some(&body));
            assert_eq!(decompressed(&compressed(algorithm, body.len() + 1, content)), None, "shorter than it says");
        }
        assert_eq!(decompressed(&compressed(1, MESSAGE_LIMIT + 1, &zlib)), None);
        assert_eq!(decompressed(&compressed(9, body.len(), &zlib)), None);
    }
}
