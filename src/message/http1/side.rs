//! One direction of an HTTP/1 connection.

use super::body::{Framing, Progress};
use super::head::{self, HEAD_LIMIT, Head};
use crate::evidence::{Direction, Gap, GapReason, Time};
use crate::message::draft::{Context, Draft, Out};
use crate::message::feed::{Feed, Trail};
use crate::message::raw::TURN_LIMIT;
use crate::message::sniff::{self, REQUEST_LINE_LIMIT, Verdict};

/// Bytes a client may send after a `CONNECT` before its answer was seen. A client
/// that does not wait sends a TLS hello, 2 KiB at most.
const HELD_LIMIT: usize = 64 << 10;

/// What comes next in the direction.
#[derive(Debug)]
pub(super) enum State {
    /// A message.
    Start,
    /// The body of this message.
    Body(Box<Draft>, Framing),
    /// The rest of a body that has a hole: so many bytes, passed on as they are.
    Tail(u64),
    /// Whatever a proxy answers to `CONNECT` decides.
    Held,
    /// Something that is no message; a start line is looked for.
    Lost,
}

/// What [`Side::step`] did.
pub(super) enum Step {
    /// All that can be done with what is here.
    More,
    /// Something; there may be more to do.
    Again,
    /// A head was read.
    Head(Box<(Draft, Head)>),
}

#[derive(Debug)]
pub(super) struct Side {
    direction: Direction,
    pub feed: Feed,
    pub state: State,
    /// Bytes are missing, or the framing was lost.
    pub doubtful: bool,
    /// Host that this direction's requests went to last, where no proxy stands between: what
    /// follows a hole goes there as well.
    pub host: Option<String>,
    /// How far into the feed an end of head, or a start line, was looked for.
    looked: usize,
    /// What waits begins like a message and is none.
    barred: bool,
    /// A final response came before the body that the request announced.
    withheld: bool,
}

impl Side {
    pub fn at(direction: Direction, offset: u64, doubtful: bool) -> Self {
        Self {
            direction,
            feed: Feed::at(offset),
            state: State::Start,
            doubtful,
            host: None,
            looked: 0,
            barred: false,
            withheld: false,
        }
    }

    fn is_request(&self) -> bool {
        self.direction == Direction::Sent
    }

    /// Whether a client went on after `CONNECT` for longer than one waits for a proxy.
    pub fn held_too_much(&self) -> bool {
        matches!(self.state, State::Held) && self.feed.len() > HELD_LIMIT
    }

    /// A request that asked to continue got its final answer: its body may never come
    /// (RFC 9110 §10.1.1).
    pub fn body_may_be_withheld(&mut self) {
        self.withheld = matches!(&self.state, State::Body(draft, _) if draft.body.length == 0);
    }

    /// Starts the message after a head that was read.
    pub fn begin(&mut self, draft: Draft, framing: Option<Framing>, context: &mut Context, out: &mut Out<'_>) {
        match framing {
            Some(framing) => self.state = State::Body(Box::new(draft), framing),
            None => {
                draft.finish(context, out);
                self.state = State::Start;
            }
        }
    }

    /// Bytes that were read already were captured again with other content: those of the message that is still
    /// coming in, where there is one.
    pub fn doubt(&mut self) {
        if let State::Body(draft, _) = &mut self.state {
            draft.trail.conflict = true;
        }
    }

    /// Takes a chunk that lies inside a body of known length as it comes: most bytes of a capture
    /// are such, and need not wait in the feed. `false`: it is for the feed.
    pub fn take_inside(&mut self, bytes: &[u8], time: Time, frames: &[u64], conflict: bool) -> bool {
        let State::Body(draft, Framing::Length(left)) = &mut self.state else { return false };
        let length = bytes.len() as u64;
        if self.withheld || !self.feed.is_empty() || length == 0 || length >= *left {
            return false;
        }
        self.feed.pass(bytes.len(), time, frames, conflict, &mut draft.trail);
        draft.body.add(bytes);
        *left -= length;
        true
    }

    pub fn step(&mut self, context: &mut Context, out: &mut Out<'_>) -> Step {
        if self.feed.is_empty() {
            return Step::More;
        }
        match &mut self.state {
            State::Start => self.start(context, out),
            State::Held => Step::More,
            State::Lost => self.resynchronise(context, out),
            State::Tail(left) => {
                let count = usize::try_from(*left).unwrap_or(usize::MAX).min(self.feed.len()).min(TURN_LIMIT);
                if count < TURN_LIMIT && (count as u64) < *left {
                    return Step::More;
                }
                *left -= count as u64;
                if *left == 0 {
                    self.state = State::Start;
                }
                self.pass_on(count, context, out);
                Step::Again
            }
            State::Body(draft, framing) => {
                if self.withheld {
                    match sniff::request(self.feed.bytes()) {
                        Verdict::More => return Step::More,
                        Verdict::Found(_) => return self.complete(None, context, out),
                        Verdict::Unknown => self.withheld = false,
                    }
                }
                match framing.advance(&mut self.feed, draft) {
                    Progress::More => Step::More,
                    Progress::Done => self.complete(None, context, out),
                    Progress::Broken(reason) => {
                        if reason == GapReason::Limit {
                            out.gap(Gap::new(reason, context.at(), "line or trailer of a chunked body too long"));
                        }
                        self.complete(Some(reason), context, out);
                        self.lose(false);
                        Step::Again
                    }
                }
            }
        }
    }

    fn complete(&mut self, incomplete: Option<GapReason>, context: &mut Context, out: &mut Out<'_>) -> Step {
        self.withheld = false;
        if let State::Body(mut draft, _) = std::mem::replace(&mut self.state, State::Start) {
            draft.incomplete = incomplete;
            draft.finish(context, out);
        }
        Step::Again
    }

    /// Looks for a start line in what waits, and not at its first byte if that is `barred`.
    fn lose(&mut self, barred: bool) {
        self.doubtful = true;
        self.state = State::Lost;
        self.looked = 0;
        self.barred = barred;
    }

    fn start(&mut self, context: &Context, out: &mut Out<'_>) -> Step {
        // RFC 9112 §2.2: empty lines in front of a request line are skipped.
        let empty = self.feed.bytes().iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
        if empty > 0 {
            self.feed.take(empty, &mut Trail::default());
            self.looked = 0;
            return Step::Again;
        }
        let window = self.feed.bytes();
        let verdict = if self.is_request() { sniff::request(window) } else { sniff::status(window) };
        match verdict {
            Verdict::More => return Step::More,
            Verdict::Unknown => {
                self.lose(true);
                return Step::Again;
            }
            Verdict::Found(_) => {}
        }
        let end = head::end(window, self.looked);
        if end.unwrap_or(window.len()) > HEAD_LIMIT {
            let detail = format!("of a head, {} KiB are read", HEAD_LIMIT >> 10);
            out.gap(Gap::new(GapReason::Limit, context.at(), detail));
            self.lose(true);
            return Step::Again;
        }
        let Some(end) = end else {
            let line = memchr::memchr(b'\n', window).and_then(|at| window.get(..at));
            if self.is_request() && line.is_some_and(|line| !sniff::is_request_line(line)) {
                self.lose(true);
                return Step::Again;
            }
            self.looked = window.len();
            return Step::More;
        };
        self.looked = 0;
        self.head(end, context)
    }

    fn head(&mut self, end: usize, context: &Context) -> Step {
        let Some(head) = self.feed.bytes().get(..end).and_then(|bytes| head::parse(bytes, self.is_request())) else {
            self.lose(true);
            return Step::Again;
        };
        let mut draft = Draft::raw(self.direction, context);
        draft.doubtful = self.doubtful;
        self.feed.take(end, &mut draft.trail);
        Step::Head(Box::new((draft, head)))
    }

    fn resynchronise(&mut self, context: &mut Context, out: &mut Out<'_>) -> Step {
        if let Some(at) = sniff::find_start(self.direction, self.feed.bytes(), self.looked, usize::from(self.barred)) {
            self.pass_all(at, context, out);
            self.looked = 0;
            self.state = State::Start;
            return Step::Again;
        }
        // The longest part of a start line that may have been looked at already ends in
        // `HTTP/1.1` and what follows it.
        self.looked = self.feed.len().saturating_sub(16).max(self.looked.min(self.feed.len()));
        if self.feed.len() > TURN_LIMIT + REQUEST_LINE_LIMIT {
            self.pass_on(TURN_LIMIT, context, out);
            self.looked = self.looked.saturating_sub(TURN_LIMIT);
            self.barred = false;
            return Step::Again;
        }
        Step::More
    }

    /// Hands on the next `count` bytes as they are.
    fn pass_on(&mut self, count: usize, context: &mut Context, out: &mut Out<'_>) {
        let mut draft = Draft::raw(self.direction, context);
        draft.doubtful = true;
        draft.host.clone_from(&self.host);
        let bytes = self.feed.take(count, &mut draft.trail);
        draft.body.add(&bytes);
        draft.finish(context, out);
    }

    fn pass_all(&mut self, mut count: usize, context: &mut Context, out: &mut Out<'_>) {
        while count > 0 {
            let part = count.min(TURN_LIMIT);
            self.pass_on(part, context, out);
            count -= part;
        }
    }

    /// The stream has a hole or an end here: gives the head that it cuts, as far as it can be read.
    pub fn cut(&mut self, reason: GapReason, context: &Context) -> Option<(Draft, Head)> {
        if !matches!(self.state, State::Start) {
            return None;
        }
        let (head, end) = head::parse_cut(self.feed.bytes(), self.is_request())?;
        let mut draft = Draft::raw(self.direction, context);
        draft.incomplete = Some(reason);
        draft.doubtful = self.doubtful;
        self.feed.take(end, &mut draft.trail);
        self.looked = 0;
        Some((draft, head))
    }

    /// `length` bytes are missing (0: unknown how many), for this reason.
    pub fn gap(&mut self, length: u64, reason: GapReason, context: &mut Context, out: &mut Out<'_>) {
        self.doubtful = true;
        match std::mem::replace(&mut self.state, State::Lost) {
            State::Body(mut draft, framing) => {
                self.withheld = false;
                draft.incomplete = Some(reason);
                if let Framing::Length(left) = framing
                    && length > 0
                    && length <= left
                {
                    // The hole lies in this body, so where it ends is known.
                    draft.body.length = draft.body.length.saturating_add(left);
                    self.state = if left == length { State::Start } else { State::Tail(left - length) };
                }
                draft.finish(context, out);
            }
            State::Tail(left) => {
                self.pass_all(self.feed.len(), context, out);
                if length > 0 && length <= left {
                    self.state = if left == length { State::Start } else { State::Tail(left - length) };
                }
            }
            State::Held => self.state = State::Held,
            State::Start | State::Lost => self.pass_all(self.feed.len(), context, out),
        }
        self.looked = 0;
        self.barred = false;
        self.feed.skip(length);
    }

    /// The direction ended: completes or cuts the body that was being read.
    pub fn run_out(&mut self, clean: bool, reason: GapReason, context: &mut Context, out: &mut Out<'_>) {
        match &self.state {
            State::Body(_, Framing::Close) => {
                self.complete((!clean).then_some(reason), context, out);
            }
            State::Body(..) => {
                let reason = (!self.withheld).then_some(reason);
                self.complete(reason, context, out);
            }
            State::Tail(_) | State::Lost | State::Held => self.state = State::Lost,
            State::Start => {}
        }
    }

    /// Hands on what is left as it is.
    pub fn flush(&mut self, context: &mut Context, out: &mut Out<'_>) {
        self.pass_all(self.feed.len(), context, out);
        self.looked = 0;
    }

    /// The connection becomes something else: what was being read ends here.
    pub fn interrupt(&mut self, context: &mut Context, out: &mut Out<'_>) {
        if let State::Body(..) = self.state {
            self.complete(Some(GapReason::UnknownProtocol), context, out);
        }
        self.state = State::Start;
    }
}
