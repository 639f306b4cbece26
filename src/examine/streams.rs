//! Segments to messages, one shard's worth of streams.

use std::collections::HashMap;
use std::sync::Arc;

use crate::evidence::{Direction, Gap, GapReason, Gaps, Transport};
use crate::message::{Conversation, Datagram, Datagrams, Item, Options};
use crate::net::{Assigned, Segment, StreamId, TcpStream};

use super::SHARDS;
use super::apps::AppNames;

/// Streams that are followed at the same time in a whole run; a shard follows 1/64.
/// Beyond it the one that was quiet for longest is ended where it stands.
const MAX_STREAMS: usize = 256 * 1024;

/// One stream and what reads it.
enum Reader {
    Tcp { tcp: Box<TcpStream>, conversation: Box<Conversation>, last: u64 },
    Udp { datagrams: Box<Datagrams>, last: u64 },
}

impl Reader {
    fn last(&self) -> u64 {
        match self {
            Self::Tcp { last, .. } | Self::Udp { last, .. } => *last,
        }
    }

    fn tell_app(&mut self, app: &Arc<str>) {
        match self {
            Self::Tcp { conversation, .. } => conversation.tell_app(app),
            Self::Udp { datagrams, .. } => datagrams.tell_app(app),
        }
    }

    fn finish(self, sink: &mut dyn FnMut(Item)) {
        match self {
            Self::Tcp { mut tcp, mut conversation, .. } => {
                tcp.finish(&mut |direction, chunk| conversation.push(direction, chunk, sink));
                conversation.finish(sink);
            }
            Self::Udp { mut datagrams, .. } => datagrams.finish(sink),
        }
    }
}

/// The streams of one shard.
pub struct Streams {
    options: Options,
    apps: AppNames,
    open: HashMap<StreamId, Reader>,
    /// What happened when, for finding the quietest stream: an entry counts only
    /// while it is its stream's last.
    quiet: std::collections::VecDeque<(u64, StreamId)>,
    clock: u64,
}

impl Streams {
    /// None yet.
    pub fn new(options: &Options, apps: &AppNames) -> Self {
        Self {
            options: options.clone(),
            apps: Arc::clone(apps),
            open: HashMap::new(),
            quiet: std::collections::VecDeque::new(),
            clock: 0,
        }
    }

    /// Takes the next segment of one of these streams.
    pub fn push(&mut self, assigned: &Assigned, segment: &Segment<'_>, gaps: &mut Gaps, sink: &mut dyn FnMut(Item)) {
        if let Some(replaced) = assigned.replaces.and_then(|id| self.open.remove(&id)) {
            replaced.finish(sink);
        }
        if segment.quoted {
            // An ICMP error quotes it: it has a number, and carries nothing.
            return;
        }
        self.clock += 1;
        let clock = self.clock;
        self.quiet.push_back((clock, assigned.id));
        let options = &self.options;
        let leg = assigned.leg;
        let id = StreamId { input: leg.input, transport: assigned.id.transport, number: leg.number };
        let reader = self.open.entry(assigned.id).or_insert_with(|| match assigned.id.transport {
            Transport::Tcp => Reader::Tcp {
                tcp: Box::default(),
                conversation: Box::new(Conversation::new(id, assigned.endpoints, options)),
                last: clock,
            },
            Transport::Udp => {
                Reader::Udp { datagrams: Box::new(Datagrams::new(id, assigned.endpoints, options)), last: clock }
            }
        });
        if let Some(app) = segment.app.and_then(|n| self.apps.get(segment.input as usize)?.get(n as usize)) {
            reader.tell_app(app);
        }
        match reader {
            Reader::Tcp { tcp, conversation, last } => {
                *last = clock;
                conversation.go_on(leg);
                tcp.push(assigned.direction, segment, &mut |direction: Direction, chunk| {
                    conversation.push(direction, chunk, sink);
                });
            }
            Reader::Udp { datagrams, last } => {
                *last = clock;
                datagrams.go_on(leg);
                let datagram = Datagram {
                    bytes: segment.payload,
                    missing: u64::from(segment.missing),
                    time: segment.time,
                    frames: segment.frames,
                };
                datagrams.push(assigned.direction, datagram, sink);
            }
        }
        self.make_room(gaps, sink);
    }

    /// Ends every stream, in the order of their numbers.
    pub fn finish(&mut self, sink: &mut dyn FnMut(Item)) {
        let mut rest: Vec<(StreamId, Reader)> = self.open.drain().collect();
        rest.sort_by_key(|(id, _)| *id);
        for (_, reader) in rest {
            reader.finish(sink);
        }
        self.quiet.clear();
    }

    fn make_room(&mut self, gaps: &mut Gaps, sink: &mut dyn FnMut(Item)) {
        // Stale entries of busy streams are dropped as they come to the front; a queue
        // that grew all the same is rebuilt, so it stays within a few times the streams.
        if self.quiet.len() > 8 * (MAX_STREAMS / SHARDS) {
            let open = &self.open;
            self.quiet.retain(|(clock, id)| open.get(id).is_some_and(|reader| reader.last() == *clock));
        }
        while self.open.len() > MAX_STREAMS / SHARDS {
            let Some((clock, id)) = self.quiet.pop_front() else { return };
            if self.open.get(&id).is_none_or(|reader| reader.last() != clock) {
                continue;
            }
            if let Some(reader) = self.open.remove(&id) {
                let detail = format!("more than {MAX_STREAMS} streams at once; the quietest was ended early");
                gaps.add(Gap::new(GapReason::Limit, format!("stream {}", id.number), detail));
                reader.finish(sink);
            }
        }
    }
}
