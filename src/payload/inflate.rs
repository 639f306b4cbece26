//! gzip (RFC 1952), zlib (RFC 1950) and raw deflate (RFC 1951).
//!
//! As a container tried only on their head bytes; raw deflate has none (`headless`).

use std::io::Read;

use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

use super::budget::{self, Budget};
use super::clue::Clue;
use super::sense;
use super::walk::{Inside, Opener, Opening};

pub(super) const GZIP: Opener = Opener {
    name: "gzip",
    clue: Clue::Head(&[0x1f]),
    open: |input, budget| {
        let head = input.bytes.starts_with(&[0x1f, 0x8b, 8]);
        let inflated = head.then(|| gzip(input.bytes, budget))?;
        // Behind a stream that is damaged, or is followed by something else, may stand anything.
        let keep = matches!(inflated, Inflated::Cut(_));
        let mut opening = Opening { keep, ..Opening::compressed(input, inflated.usable()?) };
        opening.parts.extend(file_name(input.bytes).and_then(|name| Inside::heading(&name)));
        Some(opening)
    },
};

/// The name of the file that was compressed, where the head has it (RFC 1952 §2.3).
fn file_name(bytes: &[u8]) -> Option<String> {
    const FEXTRA: u8 = 4;
    const FNAME: u8 = 8;
    /// Longest name that file systems take.
    const LONGEST: usize = 255;
    let flags = *bytes.get(3)?;
    let mut rest = bytes.get(10..)?;
    if flags & FEXTRA != 0 {
        let (length, tail) = rest.split_first_chunk::<2>()?;
        rest = tail.get(usize::from(u16::from_le_bytes(*length))..)?;
    }
    let end = rest.iter().take(LONGEST + 1).position(|b| *b == 0).filter(|_| flags & FNAME != 0)?;
    Some(String::from_utf8_lossy(rest.get(..end)?).into_owned())
}

pub(super) const ZLIB: Opener = Opener {
    name: "deflate",
    clue: Clue::Head(&[0x08, 0x18, 0x28, 0x38, 0x48, 0x58, 0x68, 0x78]),
    open: |input, budget| {
        if !sense::is_zlib(input.bytes) {
            return None;
        }
        let mut decoder = ZlibDecoder::new(&input.bytes[..]);
        let (out, whole) = match read(&mut decoder, input.bytes.len(), budget) {
            // Two bytes are little evidence: the stream must end well (its Adler-32 is checked) …
            Inflated::Whole(out) => (out, true),
            // … or make sense, where it was cut or its sender never ended it (`Z_SYNC_FLUSH`).
            Inflated::Cut(out) if out.len() >= SHORTEST && sense::begins_any_text(&out) => (out, false),
            Inflated::Cut(_) | Inflated::Not => return None,
        };
        let keep = !whole || decoder.total_in() < input.bytes.len() as u64;
        Some(Opening { keep, ..Opening::compressed(input, out) })
    },
};

/// A shorter result of a stream that does not end may be chance.
const SHORTEST: usize = 16;

/// How decompression ended.
#[derive(Debug, PartialEq)]
pub(super) enum Inflated {
    /// At the stream's own end.
    Whole(Vec<u8>),
    /// At a limit, or where the input was cut or damaged: what came before it.
    Cut(Vec<u8>),
    /// It never began.
    Not,
}

impl Inflated {
    /// All of it, or what came before a cut; `None` when that is nothing.
    pub(super) fn usable(self) -> Option<Vec<u8>> {
        match self {
            Self::Whole(bytes) => Some(bytes),
            Self::Cut(bytes) => Some(bytes).filter(|b| !b.is_empty()),
            Self::Not => None,
        }
    }

    /// All of it.
    pub(super) fn whole(self) -> Option<Vec<u8>> {
        match self {
            Self::Whole(bytes) => Some(bytes),
            Self::Cut(_) | Self::Not => None,
        }
    }
}

pub(super) fn gzip(bytes: &[u8], budget: &mut Budget) -> Inflated {
    read(MultiGzDecoder::new(bytes), bytes.len(), budget)
}

pub(super) fn zlib(bytes: &[u8], budget: &mut Budget) -> Inflated {
    read(ZlibDecoder::new(bytes), bytes.len(), budget)
}

pub(super) fn raw(bytes: &[u8], budget: &mut Budget) -> Inflated {
    read(DeflateDecoder::new(bytes), bytes.len(), budget)
}

/// Reads a decompressor to its end, or to a limit.
pub(super) fn read(mut decoder: impl Read, input: usize, budget: &mut Budget) -> Inflated {
    let ratio_limit = input.saturating_mul(budget::INFLATE_RATIO).max(budget::RATIO_FREE);
    let mut out = Vec::new();
    let mut piece = [0; 16 << 10];
    let end = loop {
        match decoder.read(&mut piece) {
            Ok(0) => break true,
            Ok(n) => {
                if out.len() + n > ratio_limit {
                    budget.reach("decompressed bytes for each compressed one", budget::INFLATE_RATIO);
                    break false;
                }
                if !budget.bytes(n) {
                    break false;
                }
                out.extend_from_slice(piece.get(..n).unwrap_or_default());
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => break false,
        }
    };
    match (end, out.is_empty()) {
        (true, _) => Inflated::Whole(out),
        (false, false) => Inflated::Cut(out),
        (false, true) => Inflated::Not,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use bytes::Bytes;
    use flate2::Compression;
    use flate2::write::{GzEncoder, ZlibEncoder};

    use super::super::walk::Input;
    use super::*;

    const TEXT: &[u8] = b"{\"imei\":\"490154203237518\"}";

    /// What it decodes to, and whether the whole is searched as well.
    fn opened(opener: &Opener, bytes: &[u8]) -> Option<(Bytes, bool)> {
        let bytes = Bytes::copy_from_slice(bytes);
        let opening = (opener.open)(&Input::new(&bytes, None, true), &mut Budget::default())?;
        Some((opening.parts.first()?.bytes.clone(), opening.keep))
    }

    #[test]
    fn what_stands_behind_a_stream_is_searched() {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(TEXT).unwrap();
        let gzip = gzip.finish().unwrap();
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
        zlib.write_all(TEXT).unwrap();
        let zlib = zlib.finish().unwrap();
        for (opener, packed) in [(&GZIP, gzip), (&ZLIB, zlib)] {
            assert_eq!(opened(opener, &packed), Some((Bytes::from_static(TEXT), false)), "{}", opener.name);
            let more = [&packed, &b"oaid=3a5f2c1e"[..]].concat();
            assert_eq!(opened(opener, &more), Some((Bytes::from_static(TEXT), true)), "{}", opener.name);
        }
    }

    #[test]
    fn a_stream_of_zlib_without_its_end() {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(TEXT).unwrap();
        encoder.flush().unwrap();
        let flushed = encoder.get_ref().clone();
        assert_eq!(opened(&ZLIB, &flushed), Some((Bytes::from_static(TEXT), true)));
        assert_eq!(opened(&ZLIB, b"x\x9cno stream of zlib"), None);
    }
}
