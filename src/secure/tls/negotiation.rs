//! Handshake messages, and the keys that follow from them.

use crate::evidence::{Direction, Time};
use crate::secure::keylog::{KeyLog, Label, Secret};
use crate::secure::tls::lane::{Candidate, Epoch, Lane, RecordKey, iv_length};
use crate::secure::tls::record::{ContentType, Record};
use crate::secure::tls::schedule::{key_block, master_secret};
use crate::secure::tls::side::Waiting;
use crate::secure::tls::suites::Protection;
use crate::secure::tls::{
    ClientHello, Handshake, Joiner, MessageType, ServerHello, Session, Version, certificates, hello,
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
    /// The client has offered.
    AwaitServerHello(Box<ClientHello>),
    /// TLS 1.2 is agreed.
    Tls12(Box<Tls12>),
    /// TLS 1.3 is agreed.
    Tls13,
    /// Something is agreed that is not opened: by its version, suite or compression.
    Unopened,
}

/// What keys of TLS 1.2 are made from.
#[derive(Debug)]
pub(super) struct Tls12 {
    protection: Protection,
    client_random: [u8; 32],
    server_random: [u8; 32],
    session_id: Vec<u8>,
    extended_master_secret: bool,
    /// Made from premaster secrets of the log.
    derived: Vec<Secret>,
    /// The one that a record opened with, where it was found by trying.
    proven: Option<Secret>,
}

impl Tls12 {
    fn key(&self, direction: Direction, master: &Secret) -> Option<RecordKey> {
        let iv_length = iv_length(self.protection.aead);
        let (client, server) = key_block(self.protection, master, &self.client_random, &self.server_random, iv_length)?;
        let keys = match direction {
            Direction::Sent => client,
            Direction::Received => server,
        };
        RecordKey::tls12(self.protection, &keys)
    }

    /// Keys of a direction by what the log has for this connection.
    pub(super) fn lane(&self, direction: Direction, keys: &KeyLog) -> Lane {
        let noted = keys.secrets(&self.client_random, Label::MasterSecret);
        let by_session = keys.of_session(&self.session_id).filter(|_| !self.session_id.is_empty());
        let masters: Vec<&Secret> = match &self.proven {
            Some(master) => vec![master],
            None => noted.chain(by_session).chain(&self.derived).collect(),
        };
        let candidates = masters.into_iter().filter_map(|master| self.key(direction, master).map(Candidate::tls12));
        Lane::new([(Epoch::Tls12, candidates.collect())])
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
        match (message.kind, direction) {
            (MessageType::ClientHello, Sent) => self.client_hello(body),
            (MessageType::ServerHello, Received) => self.server_hello(body),
            (MessageType::EncryptedExtensions, Received) => self.facts.alpn = hello::encrypted_alpn(body),
            (MessageType::Certificate, Received) => {
                self.certificate(certificates::first(body, matches!(self.phase, Phase::Tls13)));
            }
            (MessageType::CompressedCertificate, Received) => {
                let body = certificates::decompressed(body);
                self.certificate(body.as_deref().and_then(|body| certificates::first(body, true)));
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

    fn certificate(&mut self, der: Option<&[u8]>) {
        if let Some(names) = der.and_then(crate::secure::certificate::names)
            && self.facts.certificate_names.is_empty()
        {
            self.facts.certificate_names = names.names;
            self.facts.issuer = Some(names.issuer).filter(|issuer| !issuer.is_empty());
        }
    }

    fn client_hello(&mut self, body: &[u8]) {
        let Some(hello) = ClientHello::read(body) else { return };
        self.facts.offer(&hello);
        if hello.early_data {
            self.client.lane = self.early_lane(&hello);
            self.client.early_unread = !self.client.lane.has_keys();
        }
        self.phase = Phase::AwaitServerHello(Box::new(hello));
    }

    /// 0-RTT data comes before the server has chosen the suite: that of the earlier
    /// session, one of those offered. The tag tells which.
    fn early_lane(&self, hello: &ClientHello) -> Lane {
        let protections =
            hello.suites.iter().filter(|suite| suite.0 >> 8 == 0x13).filter_map(|suite| suite.protection());
        let protections: Vec<Protection> = protections.take(3).collect();
        let secrets = self.keys.secrets(&hello.random, Label::ClientEarly);
        let candidates = secrets.flat_map(|secret| {
            protections.iter().filter_map(move |protection| Candidate::tls13(*protection, secret, false))
        });
        Lane::new([(Epoch::Early, candidates.collect())])
    }

    fn server_hello(&mut self, body: &[u8]) {
        let Some(server) = ServerHello::read(body) else { return };
        let Phase::AwaitServerHello(client) = &self.phase else { return };
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
        self.phase = match (server.version, server.suite.protection()) {
            (version, Some(protection)) if version.is_tls13() => {
                self.keys13(&client, protection, version.draft().is_some_and(|draft| draft < 25));
                Phase::Tls13
            }
            (Version::TLS12, Some(protection)) if !server.compressed => {
                let premasters = self.keys.secrets(&client.random, Label::PremasterSecret);
                let mut agreed = Tls12 {
                    protection,
                    client_random: client.random,
                    server_random: server.random,
                    session_id: server.session_id,
                    extended_master_secret: server.extended_master_secret,
                    derived: Vec::new(),
                    proven: None,
                };
                agreed.derive(premasters);
                Phase::Tls12(Box::new(agreed))
            }
            _ => Phase::Unopened,
        };
    }

    /// The epochs of both directions of TLS 1.3 behind the hellos.
    /// In drafts before 25, the header of a record was not authenticated (`bare`).
    fn keys13(&mut self, hello: &ClientHello, protection: Protection, bare: bool) {
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

    /// RSA key exchange with the premaster secret in the log.
    fn client_key_exchange(&mut self, body: &[u8]) {
        let Phase::Tls12(agreed) = &mut self.phase else { return };
        // The encrypted premaster secret has two bytes of length before it (RFC 5246 §7.4.7.1).
        if let Some((start, _)) = body.get(2..).and_then(|body| body.split_first_chunk::<8>()) {
            agreed.derive(self.keys.of_encrypted_premaster(start));
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
                agreed.key(direction, master).is_some_and(|key| key.open(0, record).is_some())
            };
            agreed.proven = self.keys.masters().take(trials).find(opens).cloned();
        }
        if agreed.proven.is_some() {
            self.had_key = true;
            side.lane = agreed.lane(direction, &self.keys);
        }
    }

    /// Reads what the server says in the clear where no ClientHello will come: its
    /// version, suite and certificate are known, if nothing else.
    pub(super) fn glean(&mut self) {
        if !matches!(self.phase, Phase::AwaitClientHello { retry: false }) {
            return;
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
                MessageType::Certificate => self.certificate(certificates::first(&message.body, false)),
                _ => {}
            }
        }
    }
}

impl Tls12 {
    /// With the extended form (RFC 7627) the hash of the handshake would be needed;
    /// programs that can do it log the master secret.
    fn derive<'a>(&mut self, premasters: impl Iterator<Item = &'a Secret>) {
        if !self.extended_master_secret {
            let (hash, client, server) = (self.protection.hash, self.client_random, self.server_random);
            self.derived.extend(premasters.filter_map(|secret| master_secret(hash, secret, &client, &server)));
        }
    }
}
