//! Segments to messages, one shard's worth of streams.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use foldhash::fast::RandomState;

use crate::evidence::{Direction, Gap, GapReason, Gaps, Transport};
use crate::message::{Conversation, Datagram, Datagrams, Item, Options};
use crate::net::{Assigned, Endpoints, Leg, Segment, StreamId, TcpStream};
use crate::secure::quic::Owners;

use super::SHARDS;
use super::apps::AppNames;
use super::paths::Placed;
use super::relief::{Load, MAX_AMPLIFIED, MAX_WAITING, TooHeavy};

/// Streams that are followed at the same time in a whole run; a shard follows 1/64. A
/// connection in the middle of a request takes some 3 KiB, all of them some 50 MiB. Beyond that,
/// the stream that was silent for longest is ended where it is. A phone has some hundred open at once.
const MAX_STREAMS: usize = 16 * 1024;

/// Bytes of segments that wait for earlier ones, in a whole run; a shard keeps 1/64, which is more
/// than one direction may keep: the limit is reached only by many streams at once.
const MAX_AHEAD: usize = 96 << 20;

/// Delivered bytes that are kept to compare repetitions with, in a whole run: enough for 8,192
/// connections that are busy at the same time.
const MAX_COMPARED: usize = 64 << 20;

/// Connection ids that QUIC connections are followed by in a whole run; a shard keeps 1/64.
/// Ends commonly hold two to eight valid at a time (RFC 9000 §18.2).
const MAX_IDS: usize = 512 * 1024;

/// One stream and what reads it.
enum Reader {
    Tcp(Box<Connection>),
    /// A TCP connection both of whose directions have ended: whatever still comes repeats earlier bytes.
    Over,
    /// `ends` are those that it began between.
    Udp {
        datagrams: Box<Datagrams>,
        ends: Endpoints,
    },
}

/// A TCP connection, and what it says.
struct Connection {
    tcp: TcpStream,
    ends: Endpoints,
    /// Where it was first seen.
    began: Leg,
    /// Made only once the connection says something or has more to remember: many never do.
    conversation: Option<Box<Conversation>>,
}

impl Connection {
    fn new(assigned: &Assigned) -> Self {
        Self { tcp: TcpStream::new(), ends: assigned.endpoints, began: assigned.leg, conversation: None }
    }

    fn push(&mut self, assigned: &Assigned, segment: &Segment<'_>, options: &Options, sink: &mut dyn FnMut(Item)) {
        let Self { tcp, ends, began, conversation } = self;
        let leg = assigned.leg;
        if conversation.is_some() || (leg.input, leg.number) != (began.input, began.number) {
            read(conversation, *began, *ends, options).go_on(leg, segment.frame);
        }
        tcp.push(assigned.direction, segment, &mut |direction: Direction, chunk| {
            read(conversation, *began, *ends, options).push(direction, chunk, sink);
        });
    }

    fn finish(self, options: &Options, sink: &mut dyn FnMut(Item)) {
        let Self { mut tcp, ends, began, mut conversation } = self;
        let conversation = read(&mut conversation, began, ends, options);
        tcp.finish(&mut |direction, chunk| conversation.push(direction, chunk, sink));
        conversation.finish(sink);
    }
}

/// The conversation of a connection, made where there is none yet.
fn read<'a>(
    conversation: &'a mut Option<Box<Conversation>>,
    began: Leg,
    ends: Endpoints,
    options: &Options,
) -> &'a mut Conversation {
    conversation.get_or_insert_with(|| {
        let id = StreamId { input: began.input, transport: Transport::Tcp, number: began.number };
        let mut conversation = Conversation::new(id, ends, options);
        conversation.go_on(began, 0);
        Box::new(conversation)
    })
}

impl Reader {
    fn finish(self, options: &Options, sink: &mut dyn FnMut(Item)) {
        match self {
            Self::Tcp(connection) => connection.finish(options, sink),
            Self::Over => {}
            Self::Udp { mut datagrams, .. } => datagrams.finish(sink),
        }
    }

    /// Whether nothing is lost if it is ended early.
    fn is_spent(&self) -> bool {
        match self {
            Self::Tcp(_) => false,
            Self::Over => true,
            Self::Udp { datagrams, .. } => datagrams.is_stateless(),
        }
    }

    /// Memory of what waits in it beside messages that are still coming in, about.
    fn waiting(&self) -> usize {
        match self {
            Self::Tcp(connection) => connection.conversation.as_ref().map_or(0, |conversation| conversation.waiting()),
            Self::Over => 0,
            Self::Udp { datagrams, .. } => datagrams.waiting(),
        }
    }

    /// What of it a few bytes can make.
    fn amplified(&self) -> usize {
        match self {
            Self::Tcp(connection) => {
                connection.conversation.as_ref().map_or(0, |conversation| conversation.amplified())
            }
            Self::Over => 0,
            Self::Udp { datagrams, .. } => datagrams.amplified(),
        }
    }

    fn tell_app(&mut self, app: &Arc<str>, options: &Options) {
        match self {
            Self::Tcp(connection) => {
                let Connection { ends, began, conversation, .. } = &mut **connection;
                read(conversation, *began, *ends, options).tell_app(app);
            }
            Self::Over => {}
            Self::Udp { datagrams, .. } => datagrams.tell_app(app),
        }
    }
}

/// A stream that is followed.
struct Followed {
    reader: Reader,
    /// What a few bytes made of it, as of when it was last heard of.
    amplified: usize,
    /// When it was last heard of.
    last: u64,
}

/// What TCP keeps of all connections of a shard.
#[derive(Default)]
struct Kept {
    ahead: usize,
    compared: usize,
}

/// The streams of one shard.
pub struct Streams {
    options: Options,
    apps: AppNames,
    open: HashMap<StreamId, Followed, RandomState>,
    /// QUIC connections of each group of streams, by their ids.
    ids: Owners<u32, StreamId>,
    /// Streams that a connection went on in, and where it began.
    moved: HashMap<StreamId, StreamId>,
    /// Every stream once, with the time when it was last looked at. One that had a segment since then
    /// goes to the end and is looked at again later.
    quiet: VecDeque<(u64, StreamId)>,
    clock: u64,
    kept: Kept,
    /// What a few bytes made in all of them.
    amplified: usize,
}

impl Streams {
    /// None yet.
    pub fn new(options: &Options, apps: &AppNames) -> Self {
        Self {
            options: options.clone(),
            apps: Arc::clone(apps),
            open: HashMap::default(),
            ids: Owners::new(MAX_IDS / SHARDS),
            moved: HashMap::new(),
            quiet: VecDeque::new(),
            clock: 0,
            kept: Kept::default(),
            amplified: 0,
        }
    }

    /// Takes the next segment of one of these streams.
    pub fn push(&mut self, placed: &Placed, segment: &Segment<'_>, gaps: &mut Gaps, sink: &mut dyn FnMut(Item)) {
        let assigned = &placed.assigned;
        if let Some(replaced) = assigned.replaces.and_then(|id| self.open.remove(&id)) {
            self.finish_one(replaced, sink);
        }
        if segment.quoted {
            // An ICMP error quotes it: it gets a stream number but carries nothing.
            return;
        }
        let home = self.home(placed, segment, gaps);
        self.clock += 1;
        let clock = self.clock;
        let options = &self.options;
        let leg = assigned.leg;
        let quiet = &mut self.quiet;
        let followed = self.open.entry(home).or_insert_with(|| {
            quiet.push_back((clock, home));
            let reader = match assigned.id.transport {
                Transport::Tcp => Reader::Tcp(Box::new(Connection::new(assigned))),
                Transport::Udp => {
                    let id = StreamId { input: leg.input, transport: Transport::Udp, number: leg.number };
                    let datagrams = Datagrams::new(id, assigned.endpoints, options);
                    let datagrams = if placed.group.is_some() { datagrams.beside_connection() } else { datagrams };
                    Reader::Udp { datagrams: Box::new(datagrams), ends: assigned.endpoints }
                }
            };
            Followed { reader, amplified: 0, last: clock }
        });
        followed.last = clock;
        let reader = &mut followed.reader;
        if let Some(app) = segment.app.and_then(|n| self.apps.get(segment.input as usize)?.get(n as usize)) {
            reader.tell_app(app, options);
        }
        match reader {
            Reader::Over => return,
            Reader::Tcp(connection) => {
                let kept = &mut self.kept;
                kept.without(&connection.tcp);
                connection.push(assigned, segment, options, sink);
                kept.with(&connection.tcp);
                if let Some(detail) = kept.relieve(connection, options, sink) {
                    gaps.add(Gap::new(GapReason::Limit, format!("stream {}", home.number), detail));
                }
                if connection.tcp.is_over() {
                    kept.without(&connection.tcp);
                    if let Reader::Tcp(connection) = std::mem::replace(reader, Reader::Over) {
                        connection.finish(options, sink);
                    }
                }
            }
            Reader::Udp { datagrams, ends } => {
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
        let amplified = followed.reader.amplified();
        self.amplified = self.amplified.saturating_sub(followed.amplified).saturating_add(amplified);
        followed.amplified = amplified;
        self.end_amplified(sink);
        self.make_room(gaps, sink);
    }

    /// What all streams hold, once messages are handed on as far as they came that are too heavy, and
    /// streams are ended in which too much waits.
    pub fn relieve(&mut self, too_heavy: TooHeavy, sink: &mut dyn FnMut(Item)) -> Load {
        if let Some(least) = too_heavy.waiting {
            self.end_heavy(least, sink);
        }
        if let Some(least) = too_heavy.messages {
            let mut ids: Vec<StreamId> = self.open.keys().copied().collect();
            ids.sort_unstable();
            for id in ids {
                match self.open.get_mut(&id).map(|followed| &mut followed.reader) {
                    Some(Reader::Tcp(connection)) => {
                        if let Some(conversation) = &mut connection.conversation {
                            conversation.break_off(least, sink);
                        }
                    }
                    Some(Reader::Udp { datagrams, .. }) => datagrams.break_off(least, sink),
                    Some(Reader::Over) | None => {}
                }
            }
        }
        let mut load = Load::default();
        for followed in self.open.values_mut() {
            match &mut followed.reader {
                Reader::Tcp(connection) => {
                    if let Some(conversation) = &mut connection.conversation {
                        conversation.weigh(&mut load.messages);
                    }
                }
                Reader::Udp { datagrams, .. } => datagrams.weigh(&mut load.messages),
                Reader::Over => {}
            }
            load.waiting.add(followed.reader.waiting());
        }
        load
    }

    /// Ends those in which `least` bytes or more wait.
    fn end_heavy(&mut self, least: usize, sink: &mut dyn FnMut(Item)) {
        let heavy = self.open.iter().filter(|(_, followed)| followed.reader.waiting() >= least);
        let mut ids: Vec<StreamId> = heavy.map(|(id, _)| *id).collect();
        ids.sort_unstable();
        let most = MAX_WAITING >> 20;
        let detail =
            format!("{most} MiB may wait in streams for what completes it; one with much of it was ended early");
        for id in ids {
            self.end_early(id, &detail, sink);
        }
    }

    /// Ends the heaviest where few bytes made more in this shard than it may hold from one step to the next.
    fn end_amplified(&mut self, sink: &mut dyn FnMut(Item)) {
        while self.amplified > MAX_AMPLIFIED / SHARDS {
            let heaviest = self.open.iter().max_by_key(|(id, followed)| (followed.amplified, **id));
            let Some((id, _)) = heaviest.filter(|(_, followed)| followed.amplified > 0) else { return };
            let most = MAX_AMPLIFIED >> 20;
            let detail = format!(
                "{most} MiB may grow from few bytes in streams (open streams, header tables, windows); one with much of it was ended early"
            );
            self.end_early(*id, &detail, sink);
        }
    }

    fn end_early(&mut self, id: StreamId, detail: &str, sink: &mut dyn FnMut(Item)) {
        let Some(followed) = self.open.remove(&id) else { return };
        sink(Item::Gap(Gap::new(GapReason::Limit, format!("stream {}", id.number), detail)));
        self.finish_one(followed, sink);
    }

    fn finish_one(&mut self, followed: Followed, sink: &mut dyn FnMut(Item)) {
        let Followed { reader, amplified, .. } = followed;
        self.amplified = self.amplified.saturating_sub(amplified);
        if let Reader::Tcp(connection) = &reader {
            self.kept.without(&connection.tcp);
        }
        reader.finish(&self.options, sink);
    }

    /// The stream that a segment is read with: its own, or that of the connection that goes on
    /// in it.
    fn home(&mut self, placed: &Placed, segment: &Segment<'_>, gaps: &mut Gaps) -> StreamId {
        let own = placed.assigned.id;
        let Some(group) = placed.group else { return own };
        if let Some(home) = self.moved.get(&own).filter(|home| self.open.contains_key(home)) {
            return *home;
        }
        if matches!(self.open.get(&own).map(|f| &f.reader), Some(Reader::Udp { datagrams, .. }) if datagrams.has_connection())
        {
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
        let mut rest: Vec<(StreamId, Followed)> = self.open.drain().collect();
        rest.sort_by_key(|(id, _)| *id);
        for (_, followed) in rest {
            followed.reader.finish(&self.options, sink);
        }
        (self.kept, self.amplified) = (Kept::default(), 0);
        self.quiet.clear();
        self.ids.clear();
        self.moved.clear();
    }

    fn make_room(&mut self, gaps: &mut Gaps, sink: &mut dyn FnMut(Item)) {
        // Streams that their successors replaced leave their entries, however few are open.
        if self.quiet.len() > 2 * (MAX_STREAMS / SHARDS) {
            let open = &self.open;
            self.quiet.retain(|(_, id)| open.contains_key(id));
        }
        while self.open.len() > MAX_STREAMS / SHARDS {
            let Some((looked, id)) = self.quiet.pop_front() else { return };
            // One that its successor replaced is gone already.
            let Some(followed) = self.open.get(&id) else { continue };
            if followed.last > looked {
                self.quiet.push_back((self.clock, id));
                continue;
            }
            if let Some(followed) = self.open.remove(&id) {
                if !followed.reader.is_spent() {
                    let detail = format!("more than {MAX_STREAMS} streams at once; a quiet one was ended early");
                    gaps.add(Gap::new(GapReason::Limit, format!("stream {}", id.number), detail));
                }
                self.finish_one(followed, sink);
            }
        }
    }
}

impl Kept {
    fn with(&mut self, tcp: &TcpStream) {
        self.ahead = self.ahead.saturating_add(tcp.ahead());
        self.compared = self.compared.saturating_add(tcp.compared());
    }

    fn without(&mut self, tcp: &TcpStream) {
        self.ahead = self.ahead.saturating_sub(tcp.ahead());
        self.compared = self.compared.saturating_sub(tcp.compared());
    }

    /// Where all connections keep too much, the one that was just heard of lets go of what it
    /// keeps; what that means, if it does.
    fn relieve(
        &mut self,
        connection: &mut Connection,
        options: &Options,
        sink: &mut dyn FnMut(Item),
    ) -> Option<String> {
        let (ahead, compared) = (self.ahead > MAX_AHEAD / SHARDS, self.compared > MAX_COMPARED / SHARDS);
        let Connection { tcp, ends, began, conversation } = connection;
        if !(ahead && tcp.ahead() > 0 || compared && tcp.compared() > 0) {
            return None;
        }
        self.without(tcp);
        if ahead {
            tcp.give_up(&mut |direction, chunk| {
                read(conversation, *began, *ends, options).push(direction, chunk, sink)
            });
        }
        if compared {
            tcp.forget();
        }
        self.with(tcp);
        Some(match ahead {
            true => format!("of segments that wait for earlier ones, {} MiB are kept in all", MAX_AHEAD >> 20),
            false => format!("to compare repeated segments with, {} MiB are kept in all", MAX_COMPARED >> 20),
        })
    }
}

/// The direction of a datagram whose connection began between the ends `began`, and the ends that it
/// has now. One of the two is still the same, or the stream would not be in its group.
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
