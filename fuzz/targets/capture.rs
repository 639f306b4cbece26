//! Capture files.

use wirewitness::capture::{Hash, Record, Source, survey};

/// Any file that may be a capture, compressed or not: pass 1 and pass 2.
pub fn capture_file(bytes: &[u8]) {
    super::as_file("input", bytes, |path| {
        let Ok(source) = Source::open(&path) else { return };
        let _ = survey(&source, 0, Hash::WhileReading, &mut |_| {});
        let Ok(mut packets) = source.packets(0) else { return };
        while let Some(record) = packets.next() {
            if let Record::Packet(packet) = record {
                packet.comments().for_each(drop);
            }
        }
    });
}
