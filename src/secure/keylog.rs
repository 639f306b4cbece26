//! Key logs in the NSS format (draft-ietf-tls-keylogfile, what `SSLKEYLOGFILE`
//! writes and a pcapng's decryption secrets block holds).
//!
//! A line is `LABEL identifier secret`, the last two in hex. All logs of a session
//! are pooled: a connection finds its secrets by the random of its ClientHello, in
//! whatever file they came. Two different secrets under one random and label are
//! both kept; which one is right is decided by the tag of the record that opens.
//!
//! Lines of a WireGuard key log may stand among them: see [`WireguardKeys`].

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex};

use sha2::{Digest, Sha256};

use crate::secure::private_key::PrivateKey;
use crate::secure::wireguard::{Added, WireguardKeys};

/// Random of a ClientHello, by which secrets are found.
pub type ClientRandom = [u8; 32];

/// Secrets kept for one run. A busy phone makes a few thousand connections a day,
/// each with at most five secrets; a log with more than this is not one session.
const SECRET_LIMIT: usize = 1_000_000;

/// Different secrets kept under one random and label. Two occur where two logs of
/// different programs meet; more only where somebody made the log up.
const CONFLICT_LIMIT: usize = 8;

/// Private keys kept: each is tried on each RSA key exchange of its length, a millisecond or two.
const PRIVATE_KEY_LIMIT: usize = 64;

/// Sessions kept that were agreed in streams already read, to be resumed in later ones:
/// 80 bytes each. A capture of a day on a phone has some ten thousand connections.
const SESSION_LIMIT: usize = 65_536;

/// Junk lines of one log that are named; the rest is counted.
const NAMED_JUNK_LIMIT: usize = 16;

/// What begins a line that names a connection whose client refused the certificate of the proxy that
/// recorded it, now or in a connection before, for which this one was let through untouched: the
/// client's random follows. It is a comment to every other reader of the format.
pub const REFUSED: &str = "# wirewitness pinned ";

/// What a secret is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Label {
    /// `CLIENT_RANDOM`: the master secret of TLS 1.2 and older.
    MasterSecret,
    /// `PMS_CLIENT_RANDOM`: the premaster secret of TLS 1.2 and older.
    PremasterSecret,
    /// `CLIENT_EARLY_TRAFFIC_SECRET`: 0-RTT of TLS 1.3.
    ClientEarly,
    /// `CLIENT_HANDSHAKE_TRAFFIC_SECRET`.
    ClientHandshake,
    /// `SERVER_HANDSHAKE_TRAFFIC_SECRET`.
    ServerHandshake,
    /// `CLIENT_TRAFFIC_SECRET_n`, n from 0, after n key updates.
    ClientTraffic(u32),
    /// `SERVER_TRAFFIC_SECRET_n`.
    ServerTraffic(u32),
}

impl Label {
    /// The label of TLS, also where a QUIC stack wrote it with its prefix: the
    /// secrets are the same ones (RFC 9001 §5.1).
    fn of(word: &str) -> Option<Self> {
        let word = word.strip_prefix("QUIC_").unwrap_or(word);
        let numbered = |prefix: &str| word.strip_prefix(prefix).and_then(|number| number.parse().ok());
        Some(match word {
            "CLIENT_RANDOM" => Self::MasterSecret,
            "PMS_CLIENT_RANDOM" => Self::PremasterSecret,
            "CLIENT_EARLY_TRAFFIC_SECRET" => Self::ClientEarly,
            "CLIENT_HANDSHAKE_TRAFFIC_SECRET" => Self::ClientHandshake,
            "SERVER_HANDSHAKE_TRAFFIC_SECRET" => Self::ServerHandshake,
            _ => numbered("CLIENT_TRAFFIC_SECRET_")
                .map(Self::ClientTraffic)
                .or_else(|| numbered("SERVER_TRAFFIC_SECRET_").map(Self::ServerTraffic))?,
        })
    }

    /// Lengths in bytes that a secret of this kind can have: a master secret always
    /// 48 (RFC 5246 §8.1), a traffic secret that of the suite's hash.
    fn fits(self, length: usize) -> bool {
        match self {
            Self::MasterSecret => length == 48,
            Self::PremasterSecret => (1..=1024).contains(&length),
            _ => matches!(length, 32 | 48),
        }
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MasterSecret => f.write_str("CLIENT_RANDOM"),
            Self::PremasterSecret => f.write_str("PMS_CLIENT_RANDOM"),
            Self::ClientEarly => f.write_str("CLIENT_EARLY_TRAFFIC_SECRET"),
            Self::ClientHandshake => f.write_str("CLIENT_HANDSHAKE_TRAFFIC_SECRET"),
            Self::ServerHandshake => f.write_str("SERVER_HANDSHAKE_TRAFFIC_SECRET"),
            Self::ClientTraffic(n) => write!(f, "CLIENT_TRAFFIC_SECRET_{n}"),
            Self::ServerTraffic(n) => write!(f, "SERVER_TRAFFIC_SECRET_{n}"),
        }
    }
}

/// A secret. It never prints itself.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Secret(Box<[u8]>);

impl Secret {
    /// Takes the bytes of a secret.
    pub fn new(bytes: impl Into<Box<[u8]>>) -> Self {
        Self(bytes.into())
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({} bytes)", self.0.len())
    }
}

/// A line of a key log that could not be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Junk {
    /// Name of the log, as the caller gave it.
    pub name: String,
    /// Line, from 1.
    pub line: usize,
    /// Why, in words for a person.
    pub reason: &'static str,
}

impl fmt::Display for Junk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} line {}: {}", self.name, self.line, self.reason)
    }
}

/// What reading one log came to, in lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parsed {
    /// Lines that brought a secret that was not known yet.
    pub used: usize,
    /// Lines whose secret was known already.
    pub duplicates: usize,
    /// Lines that brought another secret for a random and label that had one: kept, both are tried.
    pub conflicts: usize,
    /// Lines whose label is known and not needed for reading traffic (exporters).
    pub ignored: usize,
    /// Lines that could not be used.
    pub junk: usize,
    /// Lines that [`KeyLog`]'s limits kept out.
    pub over_limit: usize,
    /// The first of the junk lines.
    pub named: Vec<Junk>,
}

/// All secrets of a session.
#[derive(Clone, Debug, Default)]
pub struct KeyLog {
    by_random: BTreeMap<ClientRandom, Vec<(Label, Secret)>>,
    /// `RSA Session-ID:… Master-Key:…`
    by_session: BTreeMap<Vec<u8>, Vec<Secret>>,
    /// `RSA …`: premaster secrets by the first eight bytes of their encrypted form.
    by_encrypted_premaster: BTreeMap<[u8; 8], Vec<Secret>>,
    /// Named by [`REFUSED`].
    refused: BTreeSet<ClientRandom>,
    secrets: usize,
    /// Of these, premaster secrets.
    premasters: usize,
    private_keys: Vec<PrivateKey>,
    wireguard: WireguardKeys,
    /// Master secrets by the hash of the session id or ticket that they are resumed with.
    sessions: Arc<Mutex<BTreeMap<[u8; 32], Secret>>>,
    /// What connections asked for, where that is to be known.
    asked: Option<Arc<Mutex<Asked>>>,
}

/// What connections asked the log for: enough to open them, and nothing else.
#[derive(Debug, Default)]
struct Asked {
    randoms: BTreeSet<ClientRandom>,
    /// Master secrets that were made or found otherwise than by the connection's random.
    masters: BTreeSet<(ClientRandom, Secret)>,
}

impl KeyLog {
    /// No secrets.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the secrets of a log. `name` is what junk lines are named by: a file
    /// name, or where a decryption secrets block stood. Never fails: lines that are
    /// not understood are counted and the first of them named.
    pub fn parse(&mut self, bytes: &[u8], name: &str) -> Parsed {
        let mut parsed = Parsed::default();
        let text = as_single_bytes(bytes);
        for (index, line) in text.split(|byte| *byte == b'\n' || *byte == b'\r').enumerate() {
            let line = line.trim_ascii();
            if line.is_empty() || line.starts_with(b"#") {
                if let Some(random) = line.strip_prefix(REFUSED.as_bytes()).and_then(random)
                    && self.refused.len() < SECRET_LIMIT
                {
                    self.refused.insert(random);
                }
                continue;
            }
            match self.parse_line(line) {
                Ok(Line::New) => parsed.used += 1,
                Ok(Line::Duplicate) => parsed.duplicates += 1,
                Ok(Line::Conflict) => parsed.conflicts += 1,
                Ok(Line::Ignored) => parsed.ignored += 1,
                Ok(Line::OverLimit) => parsed.over_limit += 1,
                Err(reason) => {
                    parsed.junk += 1;
                    if parsed.named.len() < NAMED_JUNK_LIMIT {
                        let line = line_number(&text, index);
                        parsed.named.push(Junk { name: name.to_owned(), line, reason });
                    }
                }
            }
        }
        parsed
    }

    /// Adds a private key. `false`: it is there already, or `PRIVATE_KEY_LIMIT` is reached.
    pub fn add_private_key(&mut self, key: PrivateKey) -> bool {
        let is_new = !self.private_keys.contains(&key) && self.private_keys.len() < PRIVATE_KEY_LIMIT;
        if is_new {
            self.private_keys.push(key);
        }
        is_new
    }

    /// A private key was given with the secrets.
    pub fn has_private_key(&self) -> bool {
        !self.private_keys.is_empty()
    }

    /// Premaster secrets that the private keys see in an RSA key exchange.
    pub fn decrypted_premasters(&self, encrypted: &[u8]) -> impl Iterator<Item = Secret> {
        self.private_keys.iter().filter_map(move |key| key.premaster(encrypted))
    }

    /// There is something that master secrets are derived from. What a stream derives,
    /// a later one may resume with: streams are then to be read in the order they began in.
    pub fn derives_masters(&self) -> bool {
        self.has_private_key() || self.premasters > 0
    }

    /// Remembers a derived master secret by the session id or ticket that resumes its session.
    pub fn learn(&self, resumption: &[u8], master: &Secret) {
        if resumption.is_empty() {
            return;
        }
        // A poisoned lock has lost nothing but what another stream was about to add.
        let mut sessions = self.sessions.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if sessions.len() < SESSION_LIMIT {
            sessions.insert(Sha256::digest(resumption).into(), master.clone());
        }
    }

    /// From now on, notes which connections ask: see [`Self::take_asked`].
    pub fn note_asked(&mut self) {
        self.asked = Some(Arc::default());
    }

    /// A log of the secrets of just those connections that asked since this was last called,
    /// in the NSS format; empty without [`Self::note_asked`]. A master secret that was derived
    /// (with a private key, from a premaster secret, from an earlier session) is a
    /// `CLIENT_RANDOM` line of its connection, so that it opens this one and no other.
    pub fn take_asked(&self) -> BTreeSet<String> {
        let Some(asked) = &self.asked else { return BTreeSet::new() };
        let asked = std::mem::take(&mut *asked.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
        let hex = |bytes: &[u8]| data_encoding::HEXLOWER.encode(bytes);
        let mut lines = BTreeSet::new();
        for random in &asked.randoms {
            for (label, secret) in self.labelled_quietly(random) {
                lines.insert(format!("{label} {} {}", hex(random), hex(secret.bytes())));
            }
        }
        let refused = asked.randoms.iter().filter(|random| self.was_refused(random));
        lines.extend(refused.map(|random| format!("{REFUSED}{}", hex(random))));
        for (random, master) in &asked.masters {
            lines.insert(format!("{} {} {}", Label::MasterSecret, hex(random), hex(master.bytes())));
        }
        lines
    }

    /// Notes the master secret of a connection that the log does not have under its random.
    pub fn note_master(&self, random: &ClientRandom, master: &Secret) {
        if let Some(asked) = &self.asked {
            let mut asked = asked.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            asked.masters.insert((*random, master.clone()));
        }
    }

    fn note(&self, random: &ClientRandom) {
        if let Some(asked) = &self.asked {
            asked.lock().unwrap_or_else(std::sync::PoisonError::into_inner).randoms.insert(*random);
        }
    }

    /// The master secret that [`Self::learn`] was told for this session id or ticket.
    pub fn learned(&self, resumption: &[u8]) -> Option<Secret> {
        let sessions = self.sessions.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        sessions.get(&<[u8; 32]>::from(Sha256::digest(resumption))).cloned()
    }

    /// Keys of WireGuard tunnels.
    pub fn wireguard(&self) -> &WireguardKeys {
        &self.wireguard
    }

    /// No secret at all.
    pub fn is_empty(&self) -> bool {
        self.secrets == 0
    }

    /// How many secrets there are.
    pub fn len(&self) -> usize {
        self.secrets
    }

    /// Any secret of this connection is known.
    pub fn knows(&self, random: &ClientRandom) -> bool {
        self.by_random.contains_key(random)
    }

    /// Its client refused the certificate of the proxy that recorded it: see [`REFUSED`].
    pub fn was_refused(&self, random: &ClientRandom) -> bool {
        self.refused.contains(random)
    }

    /// Secrets of a connection with this label, in the order they were read.
    pub fn secrets<'a>(&'a self, random: &ClientRandom, label: Label) -> impl Iterator<Item = &'a Secret> {
        self.labelled(random).filter(move |(known, _)| *known == label).map(|(_, secret)| secret)
    }

    /// All secrets of a connection with their labels.
    pub fn labelled<'a>(&'a self, random: &ClientRandom) -> impl Iterator<Item = (Label, &'a Secret)> {
        self.note(random);
        self.labelled_quietly(random)
    }

    fn labelled_quietly<'a>(&'a self, random: &ClientRandom) -> impl Iterator<Item = (Label, &'a Secret)> {
        self.by_random.get(random).into_iter().flatten().map(|(label, secret)| (*label, secret))
    }

    /// Master secrets noted under a session id of TLS 1.2.
    pub fn of_session<'a>(&'a self, session_id: &[u8]) -> impl Iterator<Item = &'a Secret> {
        self.by_session.get(session_id).into_iter().flatten()
    }

    /// Premaster secrets noted under the start of their RSA-encrypted form.
    pub fn of_encrypted_premaster<'a>(&'a self, start: &[u8; 8]) -> impl Iterator<Item = &'a Secret> {
        self.by_encrypted_premaster.get(start).into_iter().flatten()
    }

    /// Every master secret, by random and by session id: what a resumed session may have been agreed with.
    pub fn masters(&self) -> impl Iterator<Item = &Secret> {
        let by_random = self.by_random.values().flatten();
        by_random
            .filter(|(label, _)| *label == Label::MasterSecret)
            .map(|(_, secret)| secret)
            .chain(self.by_session.values().flatten())
    }

    fn parse_line(&mut self, line: &[u8]) -> Result<Line, &'static str> {
        let line = std::str::from_utf8(line).map_err(|_| "not text")?;
        if let Some(added) = self.wireguard.parse_line(line) {
            return Ok(match added? {
                Added::New => {
                    self.secrets += 1;
                    Line::New
                }
                Added::Known => Line::Duplicate,
                Added::OverLimit => Line::OverLimit,
            });
        }
        let mut words = line.split_ascii_whitespace();
        let (label, identifier, secret) = match (words.next(), words.next(), words.next(), words.next()) {
            (Some(label), Some(identifier), Some(secret), None) => (label, identifier, secret),
            _ => return Err("not three words"),
        };
        if label == "RSA" {
            return self.parse_rsa(identifier, secret);
        }
        let known = Label::of(label);
        if known.is_none() && !is_exporter(label) {
            return Err("unknown label");
        }
        let random = hex(identifier).ok_or("client random is not hex")?;
        let random = ClientRandom::try_from(random.as_slice()).map_err(|_| "client random is not 32 bytes")?;
        let secret = hex(without_tail(secret)).ok_or("secret is not hex")?;
        let Some(label) = known else { return Ok(Line::Ignored) };
        if !label.fits(secret.len()) {
            return Err("secret has the wrong length for its label");
        }
        if self.secrets >= SECRET_LIMIT {
            return Ok(Line::OverLimit);
        }
        let known = self.by_random.entry(random).or_default();
        let of_label = known.iter().filter(|(other, _)| *other == label).map(|(_, secret)| secret);
        let line = judge(of_label, &secret);
        if line.is_kept() {
            known.push((label, Secret::new(secret)));
            self.secrets += 1;
            self.premasters += usize::from(label == Label::PremasterSecret);
        }
        Ok(line)
    }

    /// `RSA <first 8 bytes of the encrypted premaster secret> <premaster secret>` and
    /// `RSA Session-ID:<id> Master-Key:<master secret>`.
    fn parse_rsa(&mut self, identifier: &str, secret: &str) -> Result<Line, &'static str> {
        if self.secrets >= SECRET_LIMIT {
            return Ok(Line::OverLimit);
        }
        let is_premaster = !identifier.starts_with("Session-ID:");
        let (known, secret) = match (identifier.strip_prefix("Session-ID:"), secret.strip_prefix("Master-Key:")) {
            (Some(id), Some(master)) => {
                let id = hex(id).filter(|id| id.len() <= 32).ok_or("session id is not hex of at most 32 bytes")?;
                let master =
                    hex(master).filter(|master| master.len() == 48).ok_or("master key is not 48 bytes of hex")?;
                (self.by_session.entry(id).or_default(), master)
            }
            (None, None) => {
                let start = hex(identifier).and_then(|start| <[u8; 8]>::try_from(start.as_slice()).ok());
                let start = start.ok_or("start of the encrypted premaster secret is not 8 bytes of hex")?;
                let premaster = hex(secret).filter(|secret| secret.len() == 48);
                let premaster = premaster.ok_or("premaster secret is not 48 bytes of hex")?;
                (self.by_encrypted_premaster.entry(start).or_default(), premaster)
            }
            _ => return Err("neither of the two RSA forms"),
        };
        let line = judge(known.iter(), &secret);
        if line.is_kept() {
            known.push(Secret::new(secret));
            self.secrets += 1;
            self.premasters += usize::from(is_premaster);
        }
        Ok(line)
    }
}

/// What one line came to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Line {
    New,
    Duplicate,
    Conflict,
    Ignored,
    OverLimit,
}

impl Line {
    fn is_kept(self) -> bool {
        matches!(self, Self::New | Self::Conflict)
    }
}

fn judge<'a>(known: impl Iterator<Item = &'a Secret>, secret: &[u8]) -> Line {
    let mut others = 0;
    for other in known {
        if other.bytes() == secret {
            return Line::Duplicate;
        }
        others += 1;
    }
    match others {
        0 => Line::New,
        1..CONFLICT_LIMIT => Line::Conflict,
        _ => Line::OverLimit,
    }
}

/// Labels that derive other things than the keys of records, and ECH's own.
fn is_exporter(label: &str) -> bool {
    matches!(
        label.strip_prefix("QUIC_").unwrap_or(label),
        "EXPORTER_SECRET" | "EARLY_EXPORTER_SECRET" | "EARLY_EXPORTER_MASTER_SECRET" | "ECH_SECRET" | "ECH_CONFIG"
    )
}

fn hex(text: &str) -> Option<Vec<u8>> {
    data_encoding::HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok()
}

/// A client's random in hex.
fn random(digits: &[u8]) -> Option<ClientRandom> {
    hex(std::str::from_utf8(digits).ok()?.trim())?.try_into().ok()
}

/// Shells and editors leave a backslash, a quote or a comma after the last word.
fn without_tail(word: &str) -> &str {
    word.trim_end_matches(|c: char| c.is_ascii_punctuation() || c == '\0')
}

/// A log that a Windows shell redirected into a file comes as UTF-16 or with a
/// byte order mark. Its own characters are ASCII, so that one byte of each is enough.
fn as_single_bytes(bytes: &[u8]) -> std::borrow::Cow<'_, [u8]> {
    let every_other = |start: usize| bytes.iter().skip(start).step_by(2).copied().collect::<Vec<u8>>();
    match bytes {
        [0xff, 0xfe, ..] => every_other(2).into(),
        [0xfe, 0xff, ..] => every_other(3).into(),
        [0xef, 0xbb, 0xbf, rest @ ..] => rest.into(),
        _ => bytes.into(),
    }
}

/// Number of the line that is piece `index` when `text` is split at `\n` and `\r`:
/// `\r\n` ends one line, not two.
fn line_number(text: &[u8], index: usize) -> usize {
    let mut line = 1;
    let mut seen = 0;
    let mut last = 0;
    for byte in text.iter().copied() {
        if seen == index {
            break;
        }
        if byte == b'\n' || byte == b'\r' {
            seen += 1;
            line += usize::from(!(byte == b'\n' && last == b'\r'));
        }
        last = byte;
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    const RANDOM: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

    fn random() -> ClientRandom {
        std::array::from_fn(|index| index as u8)
    }

    fn line(label: &str, length: usize, fill: &str) -> String {
        format!("{label} {RANDOM} {}\n", fill.repeat(length))
    }

    #[test]
    fn every_label_is_found_by_client_random() {
        let labels = [
            ("CLIENT_RANDOM", 48, Label::MasterSecret),
            ("CLIENT_EARLY_TRAFFIC_SECRET", 32, Label::ClientEarly),
            ("CLIENT_HANDSHAKE_TRAFFIC_SECRET", 32, Label::ClientHandshake),
            ("SERVER_HANDSHAKE_TRAFFIC_SECRET", 48, Label::ServerHandshake),
            ("CLIENT_TRAFFIC_SECRET_0", 32, Label::ClientTraffic(0)),
            ("QUIC_SERVER_TRAFFIC_SECRET_2", 48, Label::ServerTraffic(2)),
        ];
        let mut log = KeyLog::new();
        let text: String = labels.iter().map(|(label, length, _)| line(label, *length, "5A")).collect();
        assert_eq!(log.parse(text.as_bytes(), "keys.log").used, labels.len());
        for (_, length, label) in labels {
            let secrets: Vec<_> = log.secrets(&random(), label).map(|secret| secret.bytes().to_vec()).collect();
            assert_eq!(secrets, [vec![0x5a; length]]);
        }
        assert!(!log.knows(&[7; 32]));
    }

    #[test]
    fn comments_exporters_and_blank_lines_are_no_junk() {
        let text = format!("# SSL key log\n\n  \n{}", line("EXPORTER_SECRET", 32, "00"));
        let parsed = KeyLog::new().parse(text.as_bytes(), "keys.log");
        assert_eq!(parsed, Parsed { ignored: 1, ..Parsed::default() });
    }

    #[test]
    fn junk_is_counted_and_named_with_its_line() {
        let text = format!(
            "hello\r\n\r\n{}CLIENT_RANDOM 00 00\r\n{}",
            line("CLIENT_RANDOM", 48, "aa"),
            line("CLIENT_RANDOM", 47, "aa")
        );
        let parsed = KeyLog::new().parse(text.as_bytes(), "keys.log");
        assert_eq!((parsed.used, parsed.junk), (1, 3));
        let named: Vec<_> = parsed.named.iter().map(ToString::to_string).collect();
        assert_eq!(
            named,
            [
                "keys.log line 1: not three words",
                "keys.log line 4: client random is not 32 bytes",
                "keys.log line 5: secret has the wrong length for its label"
            ]
        );
    }

    #[test]
    fn a_binary_file_is_all_junk_and_named_only_so_often() {
        let parsed = KeyLog::new().parse(&b"\xff\x00\xfe\n".repeat(100), "x");
        assert_eq!((parsed.junk, parsed.named.len()), (100, NAMED_JUNK_LIMIT));
    }

    #[test]
    fn conflicting_secrets_are_both_kept_and_duplicates_are_not() {
        let mut log = KeyLog::new();
        let text =
            line("CLIENT_RANDOM", 48, "aa") + &line("CLIENT_RANDOM", 48, "bb") + &line("CLIENT_RANDOM", 48, "aa");
        let parsed = log.parse(text.as_bytes(), "keys.log");
        assert_eq!((parsed.used, parsed.conflicts, parsed.duplicates), (1, 1, 1));
        assert_eq!(log.secrets(&random(), Label::MasterSecret).count(), 2);
        assert_eq!((log.len(), log.masters().count()), (2, 2));
    }

    #[test]
    fn both_rsa_forms_are_kept() {
        let mut log = KeyLog::new();
        let text =
            format!("RSA Session-ID:0a0b Master-Key:{}\nRSA 0001020304050607 {}\n", "cc".repeat(48), "dd".repeat(48));
        assert_eq!(log.parse(text.as_bytes(), "keys.log").used, 2);
        assert_eq!(log.of_session(&[10, 11]).count(), 1);
        assert_eq!(log.of_encrypted_premaster(&[0, 1, 2, 3, 4, 5, 6, 7]).count(), 1);
    }

    #[test]
    fn a_log_that_a_windows_shell_wrote_is_read() {
        let text = line("CLIENT_RANDOM", 48, "aa");
        let wide: Vec<u8> = [0xff, 0xfe].into_iter().chain(text.bytes().flat_map(|byte| [byte, 0])).collect();
        assert_eq!(KeyLog::new().parse(&wide, "keys.log").used, 1);
        let marked = [b"\xef\xbb\xbf", text.as_bytes()].concat();
        assert_eq!(KeyLog::new().parse(&marked, "keys.log").used, 1);
    }

    #[test]
    fn what_a_shell_left_behind_the_last_word_does_not_matter() {
        let text = line("CLIENT_RANDOM", 48, "aa").replace('\n', "\\\n");
        assert_eq!(KeyLog::new().parse(text.as_bytes(), "keys.log").used, 1);
    }

    #[test]
    fn what_was_asked_for_is_noted_and_nothing_else() {
        let mut log = KeyLog::new();
        let (other, own) = ("02".repeat(32), line("CLIENT_RANDOM", 48, "aa"));
        log.parse(format!("{own}CLIENT_RANDOM {other} {}\n", "bb".repeat(48)).as_bytes(), "keys.log");
        assert_eq!(log.secrets(&random(), Label::MasterSecret).count(), 1);
        assert!(log.take_asked().is_empty(), "nobody wants to know");
        log.note_asked();
        assert_eq!(log.secrets(&random(), Label::MasterSecret).count(), 1);
        log.note_master(&random(), &Secret::new(vec![0xcc; 48]));
        let asked: Vec<String> = log.take_asked().into_iter().collect();
        assert_eq!(asked.join("\n"), format!("{own}{}", line("CLIENT_RANDOM", 48, "cc")).trim_end());
        assert!(log.take_asked().is_empty(), "told once");
    }

    #[test]
    fn a_secret_does_not_print_itself() {
        assert_eq!(format!("{:?}", Secret::new(vec![0xaa; 48])), "Secret(48 bytes)");
    }
}
