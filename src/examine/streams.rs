//! Segments to messages, one shard's worth of streams.

use std::collections::HashMap;
use std::sync::Arc;

use crate::evidence::{Direction, Gap, GapReason, Gaps, Transport};
use crate::message::{Conversation, Datagram, Datagrams, Item, Options};
use crate::net::{Assigned, Endpoints, Segment, StreamId, TcpStream};
use crate::secure::quic::Owners;

use super::SHARDS;
use super::apps::AppNames;
use super::paths::Placed;

/// Streams that are followed at the same time in a whole run; a shard follows 1/64.
/// Beyond it the one that was quiet for longest is ended where it stands.
const MAX_STREAMS: usize = 256 * 1024;

/// Connection ids that QUIC connections are followed by in a whole run; a shard keeps 1/64.
/// Ends commonly hold two to eight valid at a time (RFC 9000 §18.2).
const MAX_IDS: usize = 512 * 1024;

/// One stream and what reads it.
enum Reader {
    Tcp {
        tcp: Box<TcpStream>,
        conversation: Box<Conversation>,
        last: u64,
    },
    /// `ends` are those that it began between.
    Udp {
        datagrams: Box<Datagrams>,
        ends: Endpoints,
        last: u64,
    },
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
    /// QUIC connections of each group of streams, by their ids.
    ids: Owners<u32, StreamId>,
    /// Streams that a connection went on in, and where it began.
    moved: HashMap<StreamId, StreamId>,
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
            ids: Owners::new(MAX_IDS / SHARDS),
            moved: HashMap::new(),
            quiet: std::collections::VecDeque::new(),
            clock: 0,
        }
    }

    /// Takes the next segment of one of these streams.
    pub fn push(&mut self, placed: &Placed, segment: &Segment<'_>, gaps: &mut Gaps, sink: &mut dyn FnMut(Item)) {
        let assigned = &placed.assigned;
        if let Some(replaced) = assigned.replaces.and_then(|id| self.open.remove(&id)) {
            replaced.finish(sink);
        }
        if segment.quoted {
            // An ICMP error quotes it: it has a number, and carries nothing.
            return;
        }
        let home = self.home(placed, segment, gaps);
        self.clock += 1;
        let clock = self.clock;
        self.quiet.push_back((clock, home));
        let options = &self.options;
        let leg = assigned.leg;
        let id = StreamId { input: leg.input, transport: assigned.id.transport, number: leg.number };
        let reader = self.open.entry(home).or_insert_with(|| match assigned.id.transport {
            Transport::Tcp => Reader::Tcp {
                tcp: Box::default(),
                conversation: Box::new(Conversation::new(id, assigned.endpoints, options)),
                last: clock,
            },
            Transport::Udp => Reader::Udp {
                datagrams: {
                    let datagrams = Datagrams::new(id, assigned.endpoints, options);
                    Box::new(if placed.group.is_some() { datagrams.beside_connection() } else { datagrams })
                },
                ends: assigned.endpoints,
                last: clock,
            },
        });
        if let Some(app) = segment.app.and_then(|n| self.apps.get(segment.input as usize)?.get(n as usize)) {
            reader.tell_app(app);
        }
        match reader {
            Reader::Tcp { tcp, conversation, last } => {
                *last = clock;
                conversation.go_on(leg, segment.frame);
                tcp.push(assigned.direction, segment, &mut |direction: Direction, chunk| {
                    conversation.push(direction, chunk, sink);
                });
            }
            Reader::Udp { datagrams, ends, last } => {
                *last = clock;
                let (direction, endpoints) = match home == assigned.id {
                    true => (assigned.direction, assigned.endpoints),
                    false => between(*ends, assigned, segment),
                };
                datagrams.go_on(leg, endpoints, segment.frame);
                let datagram = Datagram {
                    bytes: segment.payload,
                    missing: u64::from(segment.missing),
                    time: segment.time,
                    frames: segment.frames,
                };
                datagrams.push(direction, datagram, sink);
                for (group, id) in
                    placed.group.iter().flat_map(|group| datagrams.take_ids().into_iter().map(|id| (*group, id)))
                {
                    if self.ids.add(group, id, home) {
                        let detail = format!("of QUIC connections, {MAX_IDS} ids are remembered");
                        gaps.add(Gap::new(GapReason::Limit, format!("stream {}", home.number), detail));
                    }
                }
            }
        }
        self.make_room(gaps, sink);
    }

    /// The stream that a segment is read with: its own, or that of the connection that goes on
    /// in it.
    fn home(&mut self, placed: &Placed, segment: &Segment<'_>, gaps: &mut Gaps) -> StreamId {
        let own = placed.assigned.id;
        let Some(group) = placed.group else { return own };
        if let Some(home) = self.moved.get(&own).filter(|home| self.open.contains_key(home)) {
            return *home;
        }
        if matches!(self.open.get(&own), Some(Reader::Udp { datagrams, .. }) if datagrams.has_connection()) {
            return own;
        }
        let owner = self.ids.owner(group, segment.payload);
        let Some(home) = owner.filter(|home| *home != own && self.open.contains_key(home)) else { return own };
        if self.moved.len() >= MAX_STREAMS / SHARDS {
            let detail = format!("QUIC connections are followed to {MAX_STREAMS} other ends");
            gaps.add(Gap::new(GapReason::Limit, format!("stream {}", own.number), detail));
            return own;
        }
        self.moved.insert(own, home);
        home
    }

    /// Ends every stream, in the order of their numbers.
    pub fn finish(&mut self, sink: &mut dyn FnMut(Item)) {
        let mut rest: Vec<(StreamId, Reader)> = self.open.drain().collect();
        rest.sort_by_key(|(id, _)| *id);
        for (_, reader) in rest {
            reader.finish(sink);
        }
        self.quiet.clear();
        self.ids.clear();
        self.moved.clear();
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

/// Which way a datagram of a connection goes that began between `began`, and between which
/// ends it now is. One of the two ends stayed, else it would be no stream of its group.
fn between(began: Endpoints, assigned: &Assigned, segment: &Segment<'_>) -> (Direction, Endpoints) {
    let Segment { src, dst, .. } = *segment;
    let direction = match () {
        () if src == began.server || dst == began.client => Direction::Received,
        () if dst == began.server || src == began.client => Direction::Sent,
        () => assigned.direction,
    };
    let (client, server) = if direction == Direction::Sent { (src, dst) } else { (dst, src) };
    (direction, Endpoints { client, server })
}
