//! Which app's socket a packet belongs to, by what other tools wrote down, where the packet does not say.

use std::collections::HashMap;
use std::net::SocketAddr;

use crate::capture::App;
use crate::evidence::{Time, Transport};
use crate::net::Segment;
use crate::witness::{Socket, Witness};

/// How far a socket's time may lie from that of its packets: a snapshot is taken now and then,
/// and the clock of a phone is not that of a recorder.
const SLACK: i64 = 60_000_000_000;

/// Statements that are kept about one pair of ends; there can be several, because ports are used again.
const PER_ENDS: usize = 64;

type Ends = (Transport, SocketAddr, Option<SocketAddr>);

/// The sockets that were told of.
#[derive(Clone, Debug, Default)]
pub struct Sockets {
    by_ends: HashMap<Ends, Vec<Entry>>,
    apps: Vec<App>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    first: Option<Time>,
    last: Option<Time>,
    app: u32,
}

impl Sockets {
    /// Of all files; user ids become packages where one of them says which.
    pub fn new(witnesses: &[Witness]) -> Self {
        let packages: HashMap<String, &String> = witnesses
            .iter()
            .flat_map(|witness| &witness.packages)
            .map(|(uid, package)| (format!("uid {uid}"), package))
            .collect();
        let mut sockets = Self::default();
        let mut numbers: HashMap<String, u32> = HashMap::new();
        for socket in witnesses.iter().flat_map(|witness| &witness.sockets) {
            let package = packages.get(&socket.app).map(|package| (*package).clone());
            let is_id = socket.is_id || package.is_some();
            let name = package.unwrap_or_else(|| socket.app.clone());
            let next = numbers.len() as u32;
            let app = *numbers.entry(name.clone()).or_insert(next);
            if app == next {
                sockets.apps.push(App { name, is_id });
            }
            sockets.add(socket, app);
        }
        sockets
    }

    fn add(&mut self, socket: &Socket, app: u32) {
        let entries = self.by_ends.entry((socket.transport, socket.local, socket.remote)).or_default();
        let entry = Entry { first: socket.first, last: socket.last, app };
        let room = entries.len() < PER_ENDS;
        match entries.last_mut() {
            // Many operations on one socket are one statement.
            Some(known) if known.app == app && entry.first.is_some() && known.last.is_some() => {
                known.first = known.first.min(entry.first);
                known.last = known.last.max(entry.last);
            }
            _ if room => entries.push(entry),
            _ => {}
        }
    }

    /// By number.
    pub fn apps(&self) -> &[App] {
        &self.apps
    }

    /// The app that `segment` belongs to; `None` where nothing says so, or two statements differ.
    pub fn app_of(&self, segment: &Segment<'_>) -> Option<u32> {
        if self.by_ends.is_empty() {
            return None;
        }
        let plain = |end: SocketAddr| SocketAddr::new(end.ip().to_canonical(), end.port());
        let (source, target, transport) = (plain(segment.src), plain(segment.dst), segment.kind.transport());
        let connected = [(source, Some(target)), (target, Some(source))];
        let bound = [(source, None), (target, None)];
        let found = |ends: [(SocketAddr, Option<SocketAddr>); 2]| {
            let entries = ends.into_iter().filter_map(|(local, remote)| self.by_ends.get(&(transport, local, remote)));
            let mut apps = entries.flatten().filter(|entry| entry.covers(segment.time)).map(|entry| entry.app);
            let first = apps.next()?;
            apps.all(|app| app == first).then_some(first)
        };
        found(connected).or_else(|| found(bound))
    }
}

impl Entry {
    fn covers(self, time: Time) -> bool {
        self.first.is_none_or(|first| time.since(first) >= -SLACK)
            && self.last.is_none_or(|last| time.since(last) <= SLACK)
    }
}
