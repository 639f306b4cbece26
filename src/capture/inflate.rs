//! Compressed captures, opened while they are read.

use std::io::{self, BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::sniff::Coding;

/// Inflated bytes for each compressed one that are read at most. Deflate reaches
/// 1032; captures of real traffic stay under 20, of one repeated packet under 150.
pub(super) const RATIO: u64 = 200;

/// Inflated bytes that are read whatever the ratio: small captures of repeated
/// packets are not bombs.
pub(super) const FREE: u64 = 256 << 20;

/// Largest zstd window, as a power of two: what `zstd -d` itself allows without `--long`.
const WINDOW_LOG: u32 = 27;

/// The message of the error that ends a stream at the limit.
pub(super) const LIMIT: &str = "inflates to more than 200 times its size";

/// Undoes `coding`, with limits.
pub(super) fn open(coding: Coding, file: Box<dyn Read + Send>) -> io::Result<Box<dyn Read + Send>> {
    bounded(coding, file, FREE)
}

/// The same, with `free` bytes whatever the ratio.
pub(super) fn bounded(coding: Coding, file: Box<dyn Read + Send>, free: u64) -> io::Result<Box<dyn Read + Send>> {
    if coding == Coding::None {
        return Ok(file);
    }
    let taken = Arc::new(AtomicU64::new(0));
    let counted = BufReader::with_capacity(128 << 10, Counted { inner: file, taken: Arc::clone(&taken) });
    let inner: Box<dyn Read + Send> = match coding {
        Coding::None => Box::new(counted),
        Coding::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(counted)),
        Coding::Zlib => Box::new(flate2::bufread::ZlibDecoder::new(counted)),
        Coding::Zstd => {
            let mut decoder = zstd::stream::read::Decoder::with_buffer(counted)?;
            decoder.window_log_max(WINDOW_LOG)?;
            Box::new(decoder)
        }
    };
    Ok(Box::new(Bounded { inner, taken, given: 0, free }))
}

/// Counts what is taken from the compressed side.
struct Counted {
    inner: Box<dyn Read + Send>,
    taken: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.taken.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

/// Stops the inflated side at the limit.
struct Bounded {
    inner: Box<dyn Read + Send>,
    taken: Arc<AtomicU64>,
    given: u64,
    free: u64,
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let allowed = self.free.max(self.taken.load(Ordering::Relaxed).saturating_mul(RATIO));
        if self.given >= allowed {
            return Err(io::Error::new(io::ErrorKind::QuotaExceeded, LIMIT));
        }
        let n = self.inner.read(buffer)?;
        self.given += n as u64;
        Ok(n)
    }
}
