//! How long a body is (RFC 9112 §6), and the body without its transfer coding (§7).

use bytes::Bytes;

use super::head;
use crate::evidence::GapReason;
use crate::message::draft::Draft;
use crate::message::feed::Feed;

/// Longest line with a chunk's size and extensions. RFC 9112 §7.1.1 asks for a limit
/// and names none; 4 KiB is what hyper takes in all for extensions, times four.
const CHUNK_LINE_LIMIT: usize = 16 << 10;

/// Where a body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// After so many bytes more.
    Length(u64),
    /// After the last chunk.
    Chunked(Chunked),
    /// With the connection.
    Close,
}

/// Where in a chunked body the next byte stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chunked {
    /// In the line with a chunk's size.
    Size,
    /// In a chunk, so many bytes before its end.
    Data(u64),
    /// In the line end after a chunk.
    DataEnd,
    /// Behind the last chunk; that much was looked at.
    Trailers(usize),
}

/// How far a body got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// More bytes are needed.
    More,
    /// It is complete.
    Done,
    /// It is not what its head says, or a limit was reached; where the next message begins is not known.
    Broken(GapReason),
}

impl Framing {
    /// Of a request's body. `None`: it has none.
    pub fn of_request(fields: &[(String, Bytes)]) -> Option<Self> {
        match transfer(fields) {
            Transfer::Chunked => Some(Self::Chunked(Chunked::Size)),
            // Not allowed (§6.3, 4), and only the connection's end could bound it.
            Transfer::Other => Some(Self::Close),
            Transfer::None => content_length(fields).filter(|&length| length > 0).map(Self::Length),
        }
    }

    /// Of the body of a response with `status` to `method`. `None`: it has none.
    pub fn of_response(status: u16, method: Option<&str>, fields: &[(String, Bytes)]) -> Option<Self> {
        if matches!(status, 100..=199 | 204 | 304) || method == Some("HEAD") {
            return None;
        }
        match transfer(fields) {
            Transfer::Chunked => Some(Self::Chunked(Chunked::Size)),
            Transfer::Other => Some(Self::Close),
            Transfer::None => match content_length(fields) {
                Some(0) => None,
                Some(length) => Some(Self::Length(length)),
                None => Some(Self::Close),
            },
        }
    }

    /// Takes what belongs to the body from `feed` into `draft`.
    pub(in crate::message) fn advance(&mut self, feed: &mut Feed, draft: &mut Draft) -> Progress {
        loop {
            match self.next(feed.bytes()) {
                Part::Body(length) => {
                    let bytes = feed.take(length, &mut draft.trail);
                    draft.body.add(&bytes);
                }
                Part::Coding(length) => {
                    feed.take(length, &mut draft.trail);
                }
                Part::Trailers(length) => {
                    let section = feed.take(length, &mut draft.trail);
                    let room = head::FIELDS_LIMIT.saturating_sub(draft.headers.len());
                    draft.headers.extend(head::trailers(&section).into_iter().take(room));
                }
                Part::End(progress) => return progress,
            }
        }
    }

    /// What the next bytes are, `window` being those that follow the ones told before. Called
    /// again after those, until there is an end.
    pub fn next(&mut self, window: &[u8]) -> Part {
        match self {
            Self::Length(0) => Part::End(Progress::Done),
            _ if window.is_empty() => Part::End(Progress::More),
            Self::Close => Part::Body(window.len()),
            Self::Length(left) => Part::Body(count(left, window)),
            Self::Chunked(state) => {
                let part = state.next(window);
                if let Part::Trailers(_) = part {
                    *self = Self::Length(0);
                }
                part
            }
        }
    }
}

/// What the next bytes of a message's rest are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// So many bytes of the body.
    Body(usize),
    /// So many bytes of the transfer coding.
    Coding(usize),
    /// The trailer section: so many bytes, its empty line included.
    Trailers(usize),
    /// Nothing that belongs to the message can be told further.
    End(Progress),
}

/// How much of `window` is in the `left` bytes, which become fewer by that.
fn count(left: &mut u64, window: &[u8]) -> usize {
    let count = usize::try_from(*left).unwrap_or(usize::MAX).min(window.len());
    *left = left.saturating_sub(count as u64);
    count
}

impl Chunked {
    /// As [`Framing::next`], for a window that is not empty.
    fn next(&mut self, window: &[u8]) -> Part {
        match self {
            Self::Size => {
                let Some(end) = memchr::memchr(b'\n', window.get(..CHUNK_LINE_LIMIT).unwrap_or(window)) else {
                    let full = window.len() >= CHUNK_LINE_LIMIT;
                    return Part::End(if full { Progress::Broken(GapReason::Limit) } else { Progress::More });
                };
                let Some(size) = chunk_size(window.get(..end).unwrap_or_default()) else {
                    return Part::End(Progress::Broken(GapReason::Undecodable));
                };
                *self = if size == 0 { Self::Trailers(0) } else { Self::Data(size) };
                Part::Coding(end + 1)
            }
            Self::Data(left) => {
                let length = count(left, window);
                if *left == 0 {
                    *self = Self::DataEnd;
                }
                Part::Body(length)
            }
            Self::DataEnd => {
                let length = match window {
                    [] | [b'\r'] => return Part::End(Progress::More),
                    [b'\r', b'\n', ..] => 2,
                    [b'\n', ..] => 1,
                    _ => return Part::End(Progress::Broken(GapReason::Undecodable)),
                };
                *self = Self::Size;
                Part::Coding(length)
            }
            Self::Trailers(seen) => {
                let end = match window {
                    [b'\n', ..] => Some(1),
                    [b'\r', b'\n', ..] => Some(2),
                    _ => head::end(window, *seen),
                };
                let Some(end) = end else {
                    *seen = window.len();
                    let full = window.len() > head::HEAD_LIMIT;
                    return Part::End(if full { Progress::Broken(GapReason::Limit) } else { Progress::More });
                };
                Part::Trailers(end)
            }
        }
    }
}

/// `1a3f;extension="…"`: hexadecimal, white space and extensions ignored.
fn chunk_size(line: &[u8]) -> Option<u64> {
    let digits = line.split(|&b| b == b';').next()?.trim_ascii();
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

enum Transfer {
    None,
    Chunked,
    Other,
}

fn transfer(fields: &[(String, Bytes)]) -> Transfer {
    let codings = head::list(fields, "transfer-encoding");
    match codings.last().map(String::as_str) {
        None => Transfer::None,
        Some("chunked") => Transfer::Chunked,
        // RFC 2616 §3.6 had it, RFC 7230 removed it.
        Some("identity") if codings.len() == 1 => Transfer::None,
        Some(_) => Transfer::Other,
    }
}

/// `None` when there is none, or it is no number, or two differ.
fn content_length(fields: &[(String, Bytes)]) -> Option<u64> {
    let values = head::list(fields, "content-length");
    let (first, rest) = values.split_first()?;
    let plain = first.bytes().all(|b| b.is_ascii_digit());
    if plain && rest.iter().all(|other| other == first) { first.parse().ok() } else { None }
}
