//! The segments of captures that follow each other.

use std::ops::Range;

use crate::capture::{Record, Source};
use crate::evidence::Gaps;
use crate::net::{Numbering, Segment, Slicer};

use super::apps::AppMap;
use super::paths::{Paths, Placed};
use super::{ExamineError, forgotten};

/// Packets that the progress is told of at once.
const PACKETS_TOLD: u64 = 4096;

/// Hands every segment that `slicer` finds in the captures of `range`, which are one series, to
/// `take`, with its stream. `take` returns `false` to stop.
pub fn read(
    sources: &[Source],
    range: Range<usize>,
    mut slicer: Slicer,
    all: &AppMap,
    gaps: &mut Gaps,
    take: &mut dyn FnMut(&Placed, &Segment<'_>, &mut Gaps) -> bool,
) -> Result<(), ExamineError> {
    let (mut numbering, mut paths, mut name) = (Numbering::new(), Paths::default(), "");
    for (index, source) in sources.iter().enumerate().take(range.end).skip(range.start) {
        let index = index as u32;
        let (mut reader, mut apps, mut frames) = (source.packets(index)?, all.table(index), 0);
        name = source.name();
        while let Some(record) = reader.next() {
            let app = apps.see(&record);
            // Gaps of the reader itself were counted in pass 1.
            let Record::Packet(packet) = record else { continue };
            frames = packet.frame;
            if frames.is_multiple_of(PACKETS_TOLD) {
                source.progress().packets(PACKETS_TOLD);
            }
            let mut found = slicer.slice(&packet, gaps);
            while let Some(segment) = found {
                let app = app.or_else(|| all.told(&segment));
                let segment = Segment { app, ..segment };
                if !take(&paths.place(numbering.assign(&segment), &segment), &segment, gaps) {
                    return Ok(());
                }
                found = slicer.more(&packet, gaps);
            }
        }
        source.progress().packets(frames % PACKETS_TOLD);
        slicer.next_capture(frames);
        if index as usize + 1 < range.end {
            numbering.next_capture(frames);
        }
    }
    slicer.finish(gaps);
    paths.finish(name, gaps);
    forgotten(&numbering, name, gaps);
    Ok(())
}
