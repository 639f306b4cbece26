//! Content codings undone (RFC 9110 §8.4), within limits.

use std::io::{self, Cursor, Read};

use bytes::Bytes;

use super::Message;
use super::http1::list;
use crate::evidence::{Gap, GapReason, Place};

/// Bytes that a body may decode to: four times what is kept of a body.
pub const DECODED_LIMIT: u64 = 32 << 20;

/// Decoded bytes for one encoded byte. Text compresses to a tenth;
/// deflate ends at 1,032, which only a bomb comes near.
pub const RATIO_LIMIT: u64 = 200;

/// Decoded bytes that are allowed whatever the ratio: short runs of one byte are no bomb.
const RATIO_FREE: u64 = 1 << 20;

/// Codings that are undone one after the other. Servers send one, and rarely two.
const CODINGS_LIMIT: usize = 4;

/// Largest window of zstd, as RFC 9659 §3 binds it for the content coding: 8 MiB.
const ZSTD_WINDOW_LOG: u32 = 23;

/// A body without its content codings.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded {
    /// The bytes after the last coding that could be undone.
    pub bytes: Bytes,
    /// Codings that were undone, in the order of undoing: `gzip`, `deflate`, `br`, `zstd`.
    pub steps: Vec<&'static str>,
    /// What each step yielded, for evidence; the last is `bytes`.
    pub layers: Vec<Bytes>,
    /// Why it ended before the last coding, or inside one.
    pub gap: Option<Gap>,
}

/// A coding that can be undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

impl Coding {
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "gzip" | "x-gzip" => Self::Gzip,
            "deflate" => Self::Deflate,
            "br" => Self::Brotli,
            "zstd" => Self::Zstd,
            _ => return None,
        })
    }

    fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            Self::Brotli => "br",
            Self::Zstd => "zstd",
        }
    }
}

/// Undoes the transfer codings but `chunked`, which the framing took, and the content
/// codings of `message`, the last applied first. A body that is not what its header
/// says (exporters decode it and keep the header) stays as it is, with a gap.
pub fn decode(message: &Message) -> Decoded {
    let mut codings = list(&message.headers, "content-encoding");
    codings.extend(list(&message.headers, "transfer-encoding").into_iter().filter(|coding| coding != "chunked"));
    codings.retain(|coding| coding != "identity");
    let mut decoded = Decoded { bytes: message.body.clone(), steps: Vec::new(), layers: Vec::new(), gap: None };
    if decoded.bytes.is_empty() {
        return decoded;
    }
    if codings.len() > CODINGS_LIMIT {
        let detail = format!("of a body's content codings, {CODINGS_LIMIT} are undone");
        decoded.gap = Some(Gap::new(GapReason::Limit, "", detail));
    }
    for name in codings.iter().rev().take(CODINGS_LIMIT) {
        let Some(coding) = Coding::of(name) else {
            decoded.gap = Some(Gap::new(GapReason::Undecodable, "", "a content coding that is not undone"));
            break;
        };
        let (bytes, problem) = undo(coding, &decoded.bytes);
        let cut = message.incomplete.is_some();
        match problem {
            // Exporters decode bodies and keep the header.
            Some(Problem::Damaged) if bytes.is_empty() && matches!(message.place, Place::Entry { .. }) => break,
            Some(Problem::Damaged) if bytes.is_empty() => {
                let detail = format!("a body is not the {} that its header says", coding.name());
                decoded.gap = Some(Gap::new(GapReason::Undecodable, "", detail).of_bytes(decoded.bytes.len() as u64));
                break;
            }
            Some(Problem::Damaged) if !cut => {
                let detail = format!("a body in {} is damaged", coding.name());
                decoded.gap = Some(Gap::new(GapReason::Undecodable, "", detail));
            }
            Some(Problem::Limit) => {
                let detail = format!(
                    "of a compressed body, {} MiB or {RATIO_LIMIT} times its size are read",
                    DECODED_LIMIT >> 20
                );
                decoded.gap = Some(Gap::new(GapReason::Limit, "", detail));
            }
            Some(Problem::Damaged) | None => {}
        }
        decoded.layers.push(bytes.clone());
        decoded.bytes = bytes;
        decoded.steps.push(coding.name());
    }
    decoded
}

/// Why decoding ended early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Problem {
    Damaged,
    Limit,
}

fn undo(coding: Coding, bytes: &[u8]) -> (Bytes, Option<Problem>) {
    match coding {
        Coding::Gzip => read(flate2::bufread::MultiGzDecoder::new(bytes), bytes.len()),
        Coding::Brotli => read(brotli_decompressor::Decompressor::new(bytes, 4096), bytes.len()),
        Coding::Deflate => {
            // RFC 9110 §8.4.1.2: zlib; some servers send it raw.
            let zlib = read(flate2::bufread::ZlibDecoder::new(bytes), bytes.len());
            match zlib {
                (out, Some(Problem::Damaged)) if out.is_empty() => {
                    read(flate2::bufread::DeflateDecoder::new(bytes), bytes.len())
                }
                zlib => zlib,
            }
        }
        Coding::Zstd => match zstd(bytes) {
            Ok(decoder) => read(decoder, bytes.len()),
            Err(_) => (Bytes::new(), Some(Problem::Damaged)),
        },
    }
}

fn zstd(bytes: &[u8]) -> io::Result<impl Read + '_> {
    let mut decoder = zstd::stream::read::Decoder::with_buffer(Cursor::new(bytes))?;
    decoder.window_log_max(ZSTD_WINDOW_LOG)?;
    Ok(decoder)
}

/// Reads until the end, a limit, or damage; what came before the damage is kept.
fn read(mut decoder: impl Read, encoded: usize) -> (Bytes, Option<Problem>) {
    let limit = (encoded as u64).saturating_mul(RATIO_LIMIT).clamp(RATIO_FREE, DECODED_LIMIT);
    let mut out = Vec::new();
    let mut block = [0; 4 << 10];
    let problem = loop {
        match decoder.read(&mut block) {
            Ok(0) => break None,
            Ok(count) => out.extend_from_slice(block.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => break Some(Problem::Damaged),
        }
        if out.len() as u64 > limit {
            out.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
            break Some(Problem::Limit);
        }
    };
    (Bytes::from(out), problem)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{Direction, Time, Transport};
    use crate::message::{Kind, Protocol, Wire};

    fn message(headers: &[(&str, &str)], body: &[u8]) -> Message {
        Message {
            time: Time(0),
            direction: Direction::Received,
            protocol: Protocol::Http11,
            kind: Kind::Response { status: 200, method: None },
            host: None,
            sni: None,
            alpn: None,
            first: false,
            certificate_names: Vec::new(),
            client: [192, 0, 2, 1].into(),
            server: [198, 51, 100, 7].into(),
            port: 80,
            headers: headers.iter().map(|(n, v)| ((*n).to_owned(), Bytes::copy_from_slice(v.as_bytes()))).collect(),
            body: Bytes::copy_from_slice(body),
            body_len: body.len() as u64,
            body_sha256: String::new(),
            incomplete: None,
            wire: Wire::Clear,
            opened: true,
            doubtful: false,
            app: None,
            exchange: None,
            authority: None,
            service: None,
            wire_bytes: 0,
            lost_bytes: 0,
            place: Place::Frames {
                input: 0,
                transport: Transport::Tcp,
                stream: 0,
                frames: vec![1],
                offset: 0,
                began: None,
                continued: Vec::new(),
            },
        }
    }

    fn hex(text: &str) -> Vec<u8> {
        data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap()
    }

    /// Each made of `imei=867530900000017` by Python's gzip and zlib, the program zstd and Node's brotli.
    const GZIP: &str = "1f8b0800000000000203cbcc4dcdb4b53033373536b0340003437300aa16fcb214000000";
    const ZLIB: &str = "789ccbcc4dcdb4b53033373536b03400034373003aa004e0";
    const RAW: &str = "cbcc4dcdb4b53033373536b0340003437300";
    const BROTLI: &str = "8b0980696d65693d38363735333039303030303030313703";
    const ZSTD: &str = "28b52ffd0458a10000696d65693d3836373533303930303030303031375c41e766";
    const PLAIN: &[u8] = b"imei=867530900000017";

    #[test]
    fn each_coding_is_undone() {
        for (header, body, step) in [
            ("gzip", GZIP, "gzip"),
            ("X-GZIP", GZIP, "gzip"),
            ("deflate", ZLIB, "deflate"),
            ("deflate", RAW, "deflate"),
            ("br", BROTLI, "br"),
            ("zstd", ZSTD, "zstd"),
        ] {
            let decoded = decode(&message(&[("Content-Encoding", header)], &hex(body)));
            assert_eq!((&decoded.bytes[..], &decoded.steps[..]), (PLAIN, &[step][..]), "{header}");
            assert_eq!(decoded.gap, None);
        }
    }

    #[test]
    fn several_codings_and_members_are_undone_in_order() {
        let twice = [hex(GZIP), hex(GZIP)].concat();
        assert_eq!(decode(&message(&[("content-encoding", "gzip")], &twice)).bytes, [PLAIN, PLAIN].concat());
        // Python: gzip.compress(zlib.compress(…)).
        let both = hex("1f8b0800000000000203ab9873fa8cefd92d5b0d8ccd4dcd369830303b1733582d607900000530582318000000");
        let decoded = decode(&message(&[("content-encoding", "deflate"), ("content-encoding", "gzip")], &both));
        assert_eq!((&decoded.bytes[..], decoded.steps), (PLAIN, vec!["gzip", "deflate"]));
    }

    #[test]
    fn a_body_that_is_not_encoded_stays_and_is_counted() {
        let decoded = decode(&message(&[("content-encoding", "gzip")], PLAIN));
        assert_eq!(&decoded.bytes[..], PLAIN);
        assert_eq!(decoded.gap.map(|gap| gap.reason), Some(GapReason::Undecodable));
        let unknown = decode(&message(&[("content-encoding", "dcz")], PLAIN));
        assert!(unknown.steps.is_empty() && unknown.gap.is_some());
    }

    #[test]
    fn what_precedes_damage_is_kept() {
        let gzip = hex(GZIP);
        let decoded = decode(&message(&[("content-encoding", "gzip")], gzip.get(..gzip.len() - 6).unwrap()));
        assert_eq!(&decoded.bytes[..], PLAIN);
        assert_eq!(decoded.gap.map(|gap| gap.reason), Some(GapReason::Undecodable));
    }

    #[test]
    fn a_bomb_ends_at_the_limit() {
        use std::io::Write;
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(&vec![0; 6 << 20]).unwrap();
        let bomb = encoder.finish().unwrap();
        let decoded = decode(&message(&[("content-encoding", "gzip")], &bomb));
        assert_eq!(decoded.gap.map(|gap| gap.reason), Some(GapReason::Limit));
        assert_eq!(decoded.bytes.len() as u64, (bomb.len() as u64 * RATIO_LIMIT).max(RATIO_FREE));
    }
}
