//! RTP and RTCP (RFC 3550): media, which no first bytes of its own tells from other datagrams.
//!
//! Two bits of version are no evidence. What is: that the ports spoke STUN before, after which
//! the first byte says which protocol it is (RFC 7983 §7); a run of datagrams of one source
//! whose numbers count up; or a compound RTCP packet whose parts fill the datagram.

use crate::evidence::Direction;
use crate::signatures::Shape;

/// Datagrams of one source in order that show RTP: the 32 bits of the source repeat by chance
/// once in four thousand million, twice never.
const RUN: u32 = 3;

/// How far the sequence number may go on between two of them: what is lost or comes late in a
/// burst of video.
const STEP: u16 = 64;

/// What is known of the datagrams of two ends.
#[derive(Debug, Default)]
pub(super) struct Media {
    /// They spoke STUN.
    stun: bool,
    sent: Run,
    received: Run,
}

/// Datagrams of one direction that may be RTP.
#[derive(Debug, Default)]
struct Run {
    source: u32,
    number: u16,
    length: u32,
}

impl Media {
    /// What the next datagram is, as far as there is evidence.
    pub fn look(&mut self, direction: Direction, datagram: &[u8]) -> Option<Shape> {
        self.stun |= is_stun(datagram);
        let first = *datagram.first()?;
        let second = *datagram.get(1)?;
        if first >> 6 != 2 {
            return None;
        }
        // RFC 5761 §4: what RTP's types and marker must not be, so that RTCP's stand apart.
        if (192..=223).contains(&second) {
            return (is_compound(datagram) || (self.stun && part(datagram).is_some())).then_some(Shape::Rtcp);
        }
        let number = u16::from_be_bytes(*datagram.get(2..)?.first_chunk()?);
        let source = u32::from_be_bytes(*datagram.get(8..)?.first_chunk()?);
        // Behind the head stand up to fifteen contributing sources.
        datagram.get(12 + 4 * usize::from(first & 0x0f)..)?;
        let run = match direction {
            Direction::Sent => &mut self.sent,
            Direction::Received => &mut self.received,
        };
        let step = number.wrapping_sub(run.number);
        if run.length > 0 && run.source == source {
            // Once it is known, datagrams that come late are of it as well.
            if (1..=STEP).contains(&step) {
                run.length = run.length.saturating_add(1);
                run.number = number;
            } else if run.length < RUN {
                *run = Run { source, number, length: 1 };
            }
        } else {
            *run = Run { source, number, length: 1 };
        }
        (self.stun || run.length >= RUN).then_some(Shape::Rtp)
    }
}

/// RFC 8489 §5: two zero bits, a length in words, the magic cookie.
fn is_stun(datagram: &[u8]) -> bool {
    datagram.first().is_some_and(|first| first >> 6 == 0)
        && datagram.get(3).is_some_and(|length| length % 4 == 0)
        && datagram.get(4..8) == Some(&[0x21, 0x12, 0xa4, 0x42])
}

/// The bytes of the first packet of a compound one, and those after it (RFC 3550 §6.4.1).
fn part(datagram: &[u8]) -> Option<(&[u8], &[u8])> {
    let words = u16::from_be_bytes(*datagram.get(2..)?.first_chunk()?);
    datagram.split_at_checked((usize::from(words) + 1) * 4)
}

/// RFC 3550 §6.1: a report goes first, what follows fills the datagram.
fn is_compound(datagram: &[u8]) -> bool {
    let mut rest = datagram;
    let mut reports = matches!(datagram.get(1), Some(200 | 201));
    while !rest.is_empty() {
        let Some((packet, behind)) = part(rest) else { return false };
        let typed = packet.get(1).is_some_and(|kind| (200..=207).contains(kind));
        reports &= typed && packet.first().is_some_and(|first| first >> 6 == 2);
        rest = behind;
    }
    reports
}

#[cfg(test)]
mod tests {
    use super::*;
    use Direction::{Received, Sent};

    fn rtp(number: u16, source: u32) -> Vec<u8> {
        [&[0x80, 0x60][..], &number.to_be_bytes(), &[0, 0, 0, 9], &source.to_be_bytes(), b"media"].concat()
    }

    #[test]
    fn a_run_of_one_source_is_rtp_and_a_single_datagram_is_nothing() {
        let mut media = Media::default();
        let mut look = |direction, number, source| media.look(direction, &rtp(number, source));
        assert_eq!(
            [65_534, 65_535, 0, 2, 1].map(|number| look(Sent, number, 7)),
            [None, None, Some(Shape::Rtp), Some(Shape::Rtp), Some(Shape::Rtp)]
        );
        // The other direction has a source of its own, and another source begins anew.
        assert_eq!(look(Received, 1, 8), None);
        assert_eq!(look(Sent, 3, 9), None);
        // Numbers that do not count up, or sources that change, are no run.
        let mut media = Media::default();
        assert!((0..50_u16).all(|at| media.look(Sent, &rtp(at.wrapping_mul(7919), 7)).is_none()));
        let mut media = Media::default();
        assert!((0..50_u16).all(|at| media.look(Sent, &rtp(at, u32::from(at))).is_none()));
    }

    #[test]
    fn behind_stun_the_first_byte_says_it() {
        let mut media = Media::default();
        let stun = b"\0\x01\0\0\x21\x12\xa4\x42abcdefghijkl";
        assert_eq!(media.look(Sent, stun), None);
        assert_eq!(media.look(Received, &rtp(1, 2)), Some(Shape::Rtp));
        // Sealed RTCP (RFC 3711 §3.4): a head in clear, and what does not divide by four after it.
        assert_eq!(media.look(Received, b"\x80\xc8\0\x01\0\0\0\x02 sealed and tagged"), Some(Shape::Rtcp));
        // DTLS and what is cut short are neither.
        for other in [&b"\x16\xfe\xfd"[..], b"\x80", b"\x80\x60\0\x01", b"\x8f\x60\0\x01\0\0\0\0\0\0\0\x02 cut"] {
            assert_eq!(media.look(Sent, other), None, "{other:?}");
        }
    }

    #[test]
    fn a_compound_packet_that_fills_its_datagram_is_rtcp() {
        let report = b"\x80\xc9\0\x01\0\0\0\x02";
        let named = b"\x81\xca\0\x03\0\0\0\x02\x01\x02hi\0\0\0\0";
        let mut media = Media::default();
        let mut look = |parts: &[&[u8]]| media.look(Sent, &parts.concat());
        assert_eq!(look(&[report]), Some(Shape::Rtcp));
        assert_eq!(look(&[report, named]), Some(Shape::Rtcp));
        for other in [&[&named[..]][..], &[report, b"\x81\xca\0\x09"], &[report, b"text"], &[b"\x80\xc9\xff\xff"]] {
            assert_eq!(look(other), None);
        }
    }
}
