//! Handshake messages, and the keys that follow from them.

use crate::evidence::{Direction, Time};
use crate::secure::aead::Aead;
use crate::secure::codec::Reader;
use crate::secure::keylog::{KeyLog, Label, Secret};
use crate::secure::tls::lane::{Candidate, Epoch, Lane};
use crate::secure::tls::opening::RecordKey;
use crate::secure::tls::record::{ContentType, Record};
use crate::secure::tls::schedule::{Agreed, Hash};
use crate::secure::tls::side::Waiting;
use crate::secure::tls::suites::{Protection, Suite};
use crate::secure::tls::{
    ClientHello, Handshake, Joiner, MessageType, ServerHello, Session, Transcript, certificates, hello,
};

/// Master secrets of other connections tried for one stream that resumes a session of
/// TLS 1.2: each costs a key block and opening a Finished, some ten microseconds. The
/// log of a test run has a few hundred.
pub(super) const RESUMPTION_TRIALS: usize = 4096;

/// How far the hellos have come.
#[derive(Debug)]
pub(super) enum Phase {
    /// Nothing yet, or (`retry`) the server asks for a second ClientHello.
    AwaitClientHello { retry: bool },
    /// The client has offered. `again`: in a session that has keys already, to renegotiate.
    AwaitServerHello { hello: Box<ClientHello>, again: bool },
    /// TLS 1.2 or older is agreed.
    Tls12(Box<Tls12>),
    /// TLS 1.3 is agreed.
    Tls13,
    /// Something is agreed that is not opened: by its version, suite or compression.
    Unopened,
}

/// What keys of TLS 1.2 and older are made from.
#[derive(Debug)]
pub(super) struct Tls12 {
    agreed: Agreed,
    session_id: Vec<u8>,
    extended_master_secret: bool,
    encrypt_then_mac: bool,
    /// Made from premaster secrets.
    derived: Vec<Secret>,
    /// Of the session that the client offered to resume, where a stream before has it.
    learned: Vec<Secret>,
    /// The one that a record opened with, where it was found by trying.
    proven: Option<Secret>,
}

impl Tls12 {
    fn key(&self, direction: Direction, master: &Secret) -> Option<RecordKey> {
        let (client, server) = self.agreed.key_block(master)?;
        let keys = match direction {
            Direction::Sent => client,
            Direction::Received => server,
        };
        RecordKey::tls12(&self.agreed, self.encrypt_then_mac, keys)
    }

    /// Keys of a direction by what the log has for this connection.
    pub(super) fn lane(&self, direction: Direction, keys: &KeyLog) -> Lane {
        let noted = keys.secrets(&self.agreed.client_random, Label::MasterSecret);
        let by_session = keys.of_session(&self.session_id).filter(|_| !self.session_id.is_empty());
        let by_session: Vec<&Secret> = by_session.collect();
        for master in by_session.iter().copied().chain(&self.derived).chain(&self.learned).chain(&self.proven) {
            keys.note_master(&self.agreed.client_random, master);
        }
        let masters: Vec<&Secret> = match &self.proven {
            Some(master) => vec![master],
            None => noted.chain(by_session).chain(&self.derived).chain(&self.learned).collect(),
        };
        let candidates = masters.into_iter().filter_map(|master| self.key(direction, master).map(Candidate::tls12));
        Lane::new([(Epoch::Tls12, candidates.collect())])
    }

    /// Master secrets from premaster secrets; those of the extended form take the
    /// messages of the handshake.
    fn derive<'a>(&mut self, premasters: impl Iterator<Item = &'a Secret>, transcript: &Transcript) {
        let (agreed, extended) = (self.agreed, self.extended_master_secret);
        let masters = premasters.filter_map(|premaster| match extended {
            true => agreed.extended_master_secret(premaster, &transcript.messages()),
            false => agreed.master_secret(premaster),
        });
        self.derived.extend(masters);
    }
}

impl Session {
    /// Content of a handshake record: in the clear, or of an epoch.
    pub(super) fn handshake(&mut self, direction: Direction, epoch: Option<Epoch>, content: &[u8], time: Time) {
        self.side_mut(direction).joiner.push(content);
        while let Some(message) = self.side_mut(direction).joiner.next() {
            self.message(direction, epoch, &message, time);
        }
    }

    fn message(&mut self, direction: Direction, epoch: Option<Epoch>, message: &Handshake, time: Time) {
        use Direction::{Received, Sent};
        let body = &message.body;
        self.note(direction, message);
        match (message.kind, direction) {
            (MessageType::ClientHello, Sent) => self.client_hello(body),
            (MessageType::NewSessionTicket, Received) => self.new_session_ticket(body),
            (MessageType::ServerHello, Received) => self.server_hello(body),
            (MessageType::EncryptedExtensions, Received) => self.facts.alpn = hello::encrypted_alpn(body),
            (MessageType::Certificate, Received) => {
                self.facts.certified(certificates::first(body, matches!(self.phase, Phase::Tls13)));
            }
            (MessageType::CompressedCertificate, Received) => {
                let body = certificates::decompressed(body);
                self.facts.certified(body.as_deref().and_then(|body| certificates::first(body, true)));
            }
            (MessageType::ClientKeyExchange, Sent) => self.client_key_exchange(body),
            (MessageType::EndOfEarlyData, Sent) => self.client.lane.advance(Epoch::Early),
            (MessageType::Finished, _) if epoch == Some(Epoch::Handshake) => {
                self.side_mut(direction).lane.advance(Epoch::Handshake);
            }
            (MessageType::KeyUpdate, _) if epoch == Some(Epoch::Application) => {
                // What shares its record with a KeyUpdate is still under the old key (RFC 8446 §5.1 forbids it to).
                self.side_mut(direction).lane.update();
            }
            _ => {}
        }
        match direction {
            Received if self.facts.client_random.is_some() => self.watch.server_flight(time),
            Sent if message.kind == MessageType::Finished => self.watch.client_finished(time),
            _ => {}
        }
    }

    /// Keeps the messages that a master secret may be made from.
    fn note(&mut self, direction: Direction, message: &Handshake) {
        if !self.keys.derives_masters() {
            return;
        }
        match (message.kind, direction) {
            (MessageType::ClientHello, Direction::Sent) => self.transcript = Transcript::start(message),
            _ => self.transcript.add(direction == Direction::Sent, message),
        }
    }

    fn client_hello(&mut self, body: &[u8]) {
        let Some(hello) = ClientHello::read(body) else { return };
        self.facts.offer(&hello);
        if hello.early_data {
            self.client.lane = self.early_lane(&hello);
            self.client.early_unread = !self.client.lane.has_keys();
        }
        self.phase = Phase::AwaitServerHello { hello: Box::new(hello), again: self.client.armed };
    }

    /// 0-RTT data comes before the server has chosen the suite: that of the earlier
    /// session, one of those offered. The tag tells which.
    fn early_lane(&self, hello: &ClientHello) -> Lane {
        let protections: Vec<_> = hello.suites.iter().filter_map(|suite| suite.protection13()).take(8).collect();
        let secrets = self.keys.secrets(&hello.random, Label::ClientEarly);
        let candidates = secrets.flat_map(|secret| {
            protections.iter().filter_map(move |protection| Candidate::tls13(*protection, secret, false))
        });
        Lane::new([(Epoch::Early, candidates.collect())])
    }

    fn server_hello(&mut self, body: &[u8]) {
        let Some(server) = ServerHello::read(body) else { return };
        let Phase::AwaitServerHello { hello: client, .. } = &self.phase else { return };
        let client = client.as_ref().clone();
        self.facts.version = Some(server.version);
        self.facts.cipher = Some(server.suite);
        if server.alpn.is_some() {
            self.facts.alpn.clone_from(&server.alpn);
        }
        if server.retry {
            self.phase = Phase::AwaitClientHello { retry: true };
            return;
        }
        self.suite = Some(server.suite);
        self.facts.resumed = match server.version {
            version if version.is_tls13() => server.psk,
            _ => !server.session_id.is_empty() && server.session_id == client.session_id,
        };
        if self.facts.resumed {
            self.watch.resumed();
        }
        self.phase = if server.version.is_tls13() {
            match server.suite.protection13() {
                Some(protection) => {
                    let bare = server.version.draft().is_some_and(|draft| draft < 25);
                    self.keys13(&client, protection, bare);
                    Phase::Tls13
                }
                None => Phase::Unopened,
            }
        } else {
            match server.suite.protection() {
                Some(protection) if server.version.is_known() && !server.compressed => {
                    Phase::Tls12(Box::new(self.agree(&client, server, protection)))
                }
                _ => Phase::Unopened,
            }
        };
    }

    fn agree(&self, client: &ClientHello, server: ServerHello, protection: Protection) -> Tls12 {
        let learned = [&server.session_id, &client.ticket].into_iter().filter_map(|id| self.keys.learned(id));
        let agreed =
            Agreed { version: server.version, protection, client_random: client.random, server_random: server.random };
        let mut agreed = Tls12 {
            agreed,
            learned: learned.collect(),
            session_id: server.session_id,
            extended_master_secret: server.extended_master_secret,
            encrypt_then_mac: server.encrypt_then_mac,
            derived: Vec::new(),
            proven: None,
        };
        if !agreed.extended_master_secret {
            let premasters = self.keys.secrets(&client.random, Label::PremasterSecret);
            agreed.derive(premasters, &self.transcript);
        }
        agreed
    }

    /// The epochs of both directions of TLS 1.3 after the hellos.
    /// In drafts before 25, the header of a record was not authenticated (`bare`).
    fn keys13(&mut self, hello: &ClientHello, protection: (Aead, Hash), bare: bool) {
        let keys = self.keys.clone();
        let candidates = |wanted: &dyn Fn(Label) -> bool| -> Vec<Candidate> {
            let secrets = keys.labelled(&hello.random).filter(|(label, _)| wanted(*label));
            secrets.filter_map(|(_, secret)| Candidate::tls13(protection, secret, bare)).collect()
        };
        self.client.lane.extend([
            (Epoch::Handshake, candidates(&|label| label == Label::ClientHandshake)),
            (Epoch::Application, candidates(&|label| matches!(label, Label::ClientTraffic(_)))),
        ]);
        self.server.lane = Lane::new([
            (Epoch::Handshake, candidates(&|label| label == Label::ServerHandshake)),
            (Epoch::Application, candidates(&|label| matches!(label, Label::ServerTraffic(_)))),
        ]);
        self.had_key |= self.client.lane.has_application_keys() || self.server.lane.has_application_keys();
    }

    /// A key exchange from the start: with premaster secrets of the log, by random or (of
    /// RSA) by their encrypted form, and with private keys.
    fn client_key_exchange(&mut self, body: &[u8]) {
        let Phase::Tls12(agreed) = &mut self.phase else { return };
        // What the client offered to resume is not.
        agreed.learned.clear();
        // SSL 3.0 has no length before it (RFC 5246 §7.4.7.1, note on implementation).
        let counted = Reader::new(body).vec16().filter(|inner| inner.left() + 2 == body.len());
        let encrypted = counted.map_or(body, |inner| inner.rest());
        let mut premasters = Vec::new();
        if self.suite.is_some_and(Suite::is_rsa_key_exchange) {
            if let Some((start, _)) = encrypted.split_first_chunk::<8>() {
                premasters.extend(self.keys.of_encrypted_premaster(start).cloned());
            }
            premasters.extend(self.keys.decrypted_premasters(encrypted));
        }
        if agreed.extended_master_secret {
            premasters.extend(self.keys.secrets(&agreed.agreed.client_random, Label::PremasterSecret).cloned());
        }
        agreed.derive(premasters.iter(), &self.transcript);
        for master in &agreed.derived {
            self.keys.learn(&agreed.session_id, master);
        }
    }

    /// By which a session with a derived secret is resumed later (RFC 5077 §3.3).
    fn new_session_ticket(&mut self, body: &[u8]) {
        let Phase::Tls12(agreed) = &self.phase else { return };
        let mut reader = Reader::new(body);
        let ticket = reader.u32().and_then(|_| reader.vec16());
        if let Some(ticket) = ticket {
            for master in agreed.derived.iter().chain(&agreed.learned) {
                self.keys.learn(ticket.rest(), master);
            }
        }
    }

    /// Looks for the secret of a resumed session of TLS 1.2 among all of the log:
    /// that of the session it resumes stands under another client random. The tag of
    /// its first protected record tells.
    pub(super) fn hunt(&mut self, direction: Direction, record: &Record) {
        let side = match direction {
            Direction::Sent => &mut self.client,
            Direction::Received => &mut self.server,
        };
        let Phase::Tls12(agreed) = &mut self.phase else { return };
        if !self.facts.resumed || side.lane.has_keys() {
            return;
        }
        if agreed.proven.is_none() {
            let trials = self.resumption_trials;
            let opens = |master: &&Secret| {
                self.resumption_trials -= 1;
                agreed.key(direction, master).is_some_and(|mut key| key.open(0, record).is_some())
            };
            agreed.proven = self.keys.masters().take(trials).find(opens).cloned();
        }
        if agreed.proven.is_some() {
            self.had_key = true;
            side.lane = agreed.lane(direction, &self.keys);
        }
    }

    /// Reads what is said in the clear where no whole ClientHello will come: the name that a cut one asks for,
    /// and the server's version, suite and certificate.
    pub(super) fn glean(&mut self) {
        if !matches!(self.phase, Phase::AwaitClientHello { retry: false }) {
            return;
        }
        // Type and length of the message stand before its body (RFC 8446 §4).
        if let Some([1, _, _, _, body @ ..]) = self.client.inbox.cut_handshake()
            && let Some(hello) = ClientHello::read_cut(body)
        {
            // What else it offers may stand behind the cut.
            self.facts.sni = self.facts.sni.take().or(hello.sni);
            self.facts.ech |= hello.ech;
        }
        let mut joiner = Joiner::default();
        for waiting in &self.server.pending {
            match waiting {
                Waiting::Record(record) if record.kind == ContentType::Handshake => joiner.push(&record.payload),
                _ => break,
            }
        }
        while let Some(message) = joiner.next() {
            match message.kind {
                MessageType::ServerHello => {
                    let Some(server) = ServerHello::read(&message.body) else { break };
                    (self.facts.version, self.facts.cipher) = (Some(server.version), Some(server.suite));
                    self.facts.alpn = server.alpn;
                }
                MessageType::Certificate => self.facts.certified(certificates::first(&message.body, false)),
                _ => {}
            }
        }
    }
}
