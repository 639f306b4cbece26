//! One direction of a stream that carries messages: its frames, and what waits because
//! a field section cannot be decoded yet (RFC 9204 §2.1.2).

use std::collections::VecDeque;

use bytes::Bytes;

use super::frame::{Frames, Purpose};
use crate::message::feed::{Step, Trail};
use crate::message::qpack::Required;

/// A field section.
#[derive(Debug)]
pub(super) struct Section {
    /// Push ID of the response that it promises.
    pub promised: Option<u64>,
    pub bytes: Bytes,
    pub required: Required,
    pub trail: Trail,
}

/// One direction.
#[derive(Debug)]
pub(super) struct Lane {
    pub frames: Frames,
    /// It cannot be decoded yet; nothing behind it is read.
    pub blocked: Option<Section>,
    /// What came since.
    pub waiting: VecDeque<Step>,
    /// Bytes of it are missing.
    pub holed: bool,
}

impl Lane {
    /// One that begins at this offset of its stream.
    pub fn at(offset: u64) -> Self {
        let frames = Frames::at(offset, Purpose::Messages);
        Self { frames, blocked: None, waiting: VecDeque::new(), holed: false }
    }

    /// Memory of what waits, about.
    pub fn waiting(&self) -> usize {
        self.frames.cost().saturating_add(self.held())
    }

    /// Bytes that wait.
    pub fn held(&self) -> usize {
        let section = self.blocked.as_ref().map_or(0, |section| section.bytes.len());
        self.waiting.iter().map(Step::cost).fold(section, usize::saturating_add)
    }
}
