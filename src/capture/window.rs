//! A growing window onto a stream of bytes.

use std::io::{self, ErrorKind, Read};

/// First size of the buffer, and the least that is read at once: large enough that
/// system calls do not count, small enough for the second-level cache.
const BUFFER: usize = 256 << 10;

/// The bytes of a reader from a moving position on. Holds no more than what was
/// asked for in one piece (rounded up), which callers bound.
pub(super) struct Window {
    source: Box<dyn Read + Send>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Offset of `start` in the stream.
    position: u64,
    ended: bool,
    fault: Option<io::Error>,
}

impl Window {
    pub(super) fn new(source: Box<dyn Read + Send>) -> Self {
        Self { source, buffer: vec![0; BUFFER], start: 0, end: 0, position: 0, ended: false, fault: None }
    }

    /// Offset of the next byte in the stream.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// What made the stream end early, if anything did.
    pub(super) fn fault(&self) -> Option<&io::Error> {
        self.fault.as_ref()
    }

    /// Reads until `length` bytes are there or the stream ends; says how many there are
    /// (`length` or more, or fewer at the end).
    pub(super) fn fill(&mut self, length: usize) -> usize {
        while self.end - self.start < length && !self.ended {
            if self.start > 0 && self.start + length > self.buffer.len() {
                self.buffer.copy_within(self.start..self.end, 0);
                self.end -= self.start;
                self.start = 0;
            }
            if self.end == self.buffer.len() {
                // Doubled, not set to `length`: a length that the file only claims costs nothing.
                self.buffer.resize(self.buffer.len() * 2, 0);
            }
            let Some(space) = self.buffer.get_mut(self.end..) else { break };
            match self.source.read(space) {
                Ok(0) => self.ended = true,
                Ok(n) => self.end += n,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => {
                    self.fault = Some(e);
                    self.ended = true;
                }
            }
        }
        self.end - self.start
    }

    /// What is there, from the position on.
    pub(super) fn bytes(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// Moves the position; `length` at most what is there.
    pub(super) fn skip(&mut self, length: usize) {
        let length = length.min(self.end - self.start);
        self.start += length;
        self.position += length as u64;
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
        }
    }
}
