//! DNS messages (RFC 1035), and their framing over TCP.

use simple_dns::rdata::{RData, SVCB, SVCParam};
use simple_dns::{CLASS, Name, Packet, PacketFlag, QCLASS, ResourceRecord};

use super::draft::{Context, Draft, Out};
use super::feed::Feed;
use super::{Dns, Kind, Protocol};
use crate::evidence::{Direction, GapReason};
use crate::net::Chunk;

/// Answers kept of a message: a full 64 KiB message of address records, the case
/// where each costs least (16 bytes with a compressed name), has 4,096.
const ANSWERS_KEPT: usize = 4096;

/// Types that say what a name is reached at: A, CNAME, PTR, AAAA.
const NAMES: [u16; 4] = [1, 5, 12, 28];

/// SVCB and HTTPS (RFC 9460), which have many parts that may be new.
const SERVICES: [u16; 2] = [64, 65];

/// A type for private use (RFC 6895 §3.1).
const NOTHING: u16 = 0xff00;

/// Header, RFC 1035 §4.1.1.
const HEADER: usize = 12;

/// Whether `header` can be that of a DNS message of `length` bytes: known operation,
/// reserved bit unset, and no more records than fit.
pub(super) fn plausible(header: &[u8], length: usize) -> bool {
    let Some(&[_, _, flags, codes, q1, q0, a1, a0, n1, n0, r1, r0]) = header.first_chunk::<HEADER>() else {
        return false;
    };
    let count = |high, low| usize::from(u16::from_be_bytes([high, low]));
    let (questions, records) = (count(q1, q0), count(a1, a0) + count(n1, n0) + count(r1, r0));
    // Shortest question: root name, type, class. Shortest record: root name and ten bytes.
    let smallest = HEADER + 5 * questions + 11 * records;
    let operation = flags >> 3 & 0x0f;
    operation <= 6 && codes & 0x40 == 0 && questions + records > 0 && smallest <= length
}

/// Reads a message. A record that cannot be read does not hide those beside it, where their
/// lengths are right; else it costs the answers, not the question. Nor do answers that are cut, a damaged header or
/// a type that is not known hide a question for a host name.
pub fn parse(bytes: &[u8]) -> Option<Dns> {
    let whole = if plausible(bytes, bytes.len()) { whole(bytes) } else { None };
    whole.or_else(|| question(bytes))
}

/// The one question of a message, whatever its type is and its header says of records.
fn question(bytes: &[u8]) -> Option<Dns> {
    let mut asked = bytes.to_vec();
    let [_, _, flags, codes, questions @ .., _, _, _, _, _, _] = asked.first_chunk_mut::<HEADER>()?;
    if *questions != [0, 1] {
        return None;
    }
    (*flags, *codes) = (*flags & 0x80, 0);
    asked.get_mut(6..HEADER)?.fill(0);
    let kind = behind_name(&asked, HEADER)?;
    asked.get_mut(kind..kind + 2)?.copy_from_slice(&1_u16.to_be_bytes());
    let read = read(&Packet::parse(&asked).ok().filter(asks_for_host)?);
    asked.get_mut(6..8)?.copy_from_slice(bytes.get(6..8)?);
    Some(whole(&asked).unwrap_or(read))
}

/// A message whose header is right.
fn whole(bytes: &[u8]) -> Option<Dns> {
    if let Ok(packet) = Packet::parse(bytes) {
        return Some(read(&packet));
    }
    // The same message without the authorities and the additional records, which are not looked at.
    let mut cut = bytes.to_vec();
    cut.get_mut(8..HEADER)?.fill(0);
    let answers = whole_answers(&cut)?;
    cut.get_mut(6..8)?.copy_from_slice(&answers.to_be_bytes());
    let is_service = |kind: u16| SERVICES.contains(&kind);
    let attempts: [&dyn Fn(u16) -> bool; 3] =
        [&|_| false, &|kind| !NAMES.contains(&kind) && !is_service(kind), &is_service];
    for hidden in attempts {
        hide(&mut cut, hidden);
        if let Ok(packet) = Packet::parse(&cut) {
            return Some(read(&packet));
        }
    }
    cut.get_mut(6..8)?.fill(0);
    Packet::parse(&cut).ok().map(|packet| read(&packet))
}

/// How many of its answers a message has to their end.
fn whole_answers(message: &[u8]) -> Option<u16> {
    let mut at = behind_questions(message)?;
    let mut whole = 0;
    while whole < short(message, 6)?
        && let Some((_, end)) = record(message, at).filter(|(_, end)| *end <= message.len())
    {
        at = end;
        whole += 1;
    }
    Some(whole)
}

fn behind_questions(message: &[u8]) -> Option<usize> {
    // Type and class.
    (0..short(message, 4)?).try_fold(HEADER, |at, _| Some(behind_name(message, at)? + 4))
}

/// Makes each answer whose type `hidden` names one of a type that nothing is read of. Ends where
/// a record is cut.
fn hide(message: &mut [u8], hidden: &dyn Fn(u16) -> bool) -> Option<()> {
    let mut at = behind_questions(message)?;
    for _ in 0..short(message, 6)? {
        let (kind, end) = record(message, at)?;
        if hidden(short(message, kind)?) {
            let [high, low] = NOTHING.to_be_bytes();
            message.get_mut(kind..kind + 4)?.copy_from_slice(&[high, low, 0, 1]);
        }
        at = end;
    }
    Some(())
}

/// Of a record that begins at `at`: where its type stands, and where it ends.
fn record(message: &[u8], at: usize) -> Option<(usize, usize)> {
    let kind = behind_name(message, at)?;
    // Type, class, time to live, length.
    Some((kind, kind + 10 + usize::from(short(message, kind + 8)?)))
}

fn short(message: &[u8], at: usize) -> Option<u16> {
    message.get(at..)?.first_chunk().copied().map(u16::from_be_bytes)
}

/// Where a name that begins at `at` ends (RFC 1035 §4.1.4).
fn behind_name(message: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match *message.get(at)? {
            0 => return Some(at + 1),
            0xc0.. => return Some(at + 2),
            length => at += 1 + usize::from(length),
        }
    }
}

/// Reads a datagram of a port that is not DNS's, if it can hardly be anything else: one
/// question for a host name in class IN, and records that end where it does.
pub fn recognise(bytes: &[u8]) -> Option<Dns> {
    // Standard query, or the answer to one, and one question.
    let flags = *bytes.get(2)?;
    let standard = flags & 0x78 == 0 && bytes.get(4..6) == Some(&[0, 1]);
    let asks_only = flags & 0x80 != 0 || bytes.get(6..10) == Some(&[0; 4]);
    if !standard || !asks_only || !plausible(bytes, bytes.len()) || records_end(bytes)? != bytes.len() {
        return None;
    }
    question(bytes)?;
    parse(bytes)
}

/// Where the records of a message with one question end, by their lengths.
fn records_end(bytes: &[u8]) -> Option<usize> {
    let records: usize = [6, 8, 10].into_iter().map(|at| short(bytes, at).map(usize::from)).sum::<Option<usize>>()?;
    (0..records).try_fold(behind_questions(bytes)?, |at, _| Some(record(bytes, at)?.1))
}

/// Whether the first question is for a host name, in class IN.
fn asks_for_host(packet: &Packet<'_>) -> bool {
    let Some(question) = packet.questions.first() else { return false };
    let is_host = text(&question.qname).bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    question.qname.get_labels().len() >= 2 && is_host && question.qclass == QCLASS::CLASS(CLASS::IN)
}

fn read(packet: &Packet<'_>) -> Dns {
    let mut dns = Dns {
        names: packet.questions.iter().map(|question| text(&question.qname)).collect(),
        answers: Vec::new(),
        response: packet.has_flags(PacketFlag::RESPONSE),
    };
    for record in &packet.answers {
        read_record(record, &mut dns.answers);
    }
    dns.answers.truncate(ANSWERS_KEPT);
    dns
}

/// A name in lower case. Control characters, and what would end a label, stand as in master files (RFC 1035 §5.1).
fn text(name: &Name<'_>) -> String {
    let mut text = String::new();
    for character in name.to_string().chars() {
        match character {
            _ if character.is_ascii_control() => text.push_str(&format!("\\{:03}", u32::from(character))),
            _ => text.push(character.to_ascii_lowercase()),
        }
    }
    text
}

fn read_record(record: &ResourceRecord<'_>, answers: &mut Vec<(String, String, String, u32)>) {
    let mut push = |kind: &str, value: String| answers.push((text(&record.name), kind.to_owned(), value, record.ttl));
    match &record.rdata {
        RData::A(a) => push("A", std::net::Ipv4Addr::from(a.address).to_string()),
        RData::AAAA(aaaa) => push("AAAA", std::net::Ipv6Addr::from(aaaa.address).to_string()),
        RData::CNAME(cname) => push("CNAME", text(&cname.0)),
        RData::PTR(ptr) => push("PTR", text(&ptr.0)),
        RData::HTTPS(https) => service(&https.0, "HTTPS", &mut push),
        RData::SVCB(svcb) => service(svcb, "SVCB", &mut push),
        _ => {}
    }
}

/// The target (the root name stands for the owner, RFC 9460 §2.5.2) and the address hints.
fn service(svcb: &SVCB<'_>, kind: &str, push: &mut dyn FnMut(&str, String)) {
    let target = text(&svcb.target);
    if !target.is_empty() {
        push(kind, target);
    }
    for parameter in svcb.iter_params() {
        match parameter {
            SVCParam::Ipv4Hint(hints) => {
                hints.iter().for_each(|&ip| push(kind, std::net::Ipv4Addr::from(ip).to_string()))
            }
            SVCParam::Ipv6Hint(hints) => {
                hints.iter().for_each(|&ip| push(kind, std::net::Ipv6Addr::from(ip).to_string()))
            }
            _ => {}
        }
    }
}

/// A stream of DNS messages, each behind two bytes of length (RFC 1035 §4.2.2).
#[derive(Debug, Default)]
pub(super) struct DnsStream {
    sent: Side,
    received: Side,
}

#[derive(Debug, Default)]
struct Side {
    feed: Feed,
    /// A message could not be read, or bytes are missing: where the next one begins is not known.
    lost: bool,
}

impl DnsStream {
    /// Offsets are those of the first bytes in their directions.
    pub fn at(sent: u64, received: u64) -> Self {
        let side = |offset| Side { feed: Feed::at(offset), lost: false };
        Self { sent: side(sent), received: side(received) }
    }

    fn side(&mut self, direction: Direction) -> &mut Side {
        match direction {
            Direction::Sent => &mut self.sent,
            Direction::Received => &mut self.received,
        }
    }

    /// Memory of what waits, about.
    pub fn waiting(&self) -> usize {
        self.sent.feed.cost().saturating_add(self.received.feed.cost())
    }

    pub fn push(&mut self, direction: Direction, chunk: Chunk<'_>, context: &mut Context, out: &mut Out<'_>) {
        let side = self.side(direction);
        match chunk {
            Chunk::Data { bytes, time, frames, conflict } => {
                side.feed.push(bytes, time, frames, conflict);
                side.run(direction, context, out);
            }
            Chunk::Gap { length, .. } => {
                side.flush(direction, context, out);
                side.feed.skip(length);
                side.lost = true;
            }
            Chunk::End { .. } => side.flush(direction, context, out),
        }
    }

    pub fn finish(&mut self, context: &mut Context, out: &mut Out<'_>) {
        self.sent.flush(Direction::Sent, context, out);
        self.received.flush(Direction::Received, context, out);
    }
}

impl Side {
    fn run(&mut self, direction: Direction, context: &mut Context, out: &mut Out<'_>) {
        while !self.lost {
            let Some((&[high, low], rest)) = self.feed.bytes().split_first_chunk::<2>() else { return };
            let length = usize::from(u16::from_be_bytes([high, low]));
            let Some(message) = rest.get(..length) else { return };
            let Some(dns) = parse(message) else {
                self.lost = true;
                break;
            };
            let mut draft = Draft::new(direction, Protocol::Dns, Kind::Dns(dns), context);
            let framed = self.feed.take(2 + length, &mut draft.trail);
            draft.body.add(framed.get(2..).unwrap_or_default());
            draft.finish(context, out);
        }
        self.flush(direction, context, out);
    }

    /// What waits is passed on as it is.
    fn flush(&mut self, direction: Direction, context: &mut Context, out: &mut Out<'_>) {
        if self.feed.is_empty() {
            return;
        }
        let mut draft = Draft::raw(direction, context);
        draft.doubtful = self.lost;
        draft.incomplete = (!self.lost).then_some(GapReason::LostPackets);
        let rest = self.feed.take(self.feed.len(), &mut draft.trail);
        draft.body.add(&rest);
        draft.finish(context, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A response with one question for `a.example` in this type, and these records, whose owner is that.
    fn response(kind: u16, records: &[(u16, &[u8])]) -> Vec<u8> {
        let mut bytes = vec![0xbe, 0xef, 0x81, 0x80, 0, 1, 0, records.len() as u8, 0, 0, 0, 1];
        bytes.extend(b"\x01a\x07example\x00");
        bytes.extend(kind.to_be_bytes());
        bytes.extend([0, 1]);
        for (kind, data) in records {
            bytes.extend([0xc0, 0x0c]);
            bytes.extend(kind.to_be_bytes());
            bytes.extend([0, 1, 0, 0, 0, 60]);
            bytes.extend((data.len() as u16).to_be_bytes());
            bytes.extend(*data);
        }
        // EDNS (RFC 6891) with an option that is not known.
        bytes.extend([0, 0, 41, 4, 0xd0, 0, 0, 0, 0, 0, 6, 0xff, 0x00, 0, 2, 7, 7]);
        bytes
    }

    const ADDRESS: (u16, &[u8]) = (1, &[192, 0, 2, 1]);

    /// What stands beside an address, and is not read, does not hide it.
    #[test]
    fn an_address_is_read_beside_any_other_record() {
        let signature =
            [&[0, 1, 13, 2, 0, 0, 0, 60, 0, 0, 0, 1, 0, 0, 0, 0, 0, 9][..], b"\x07example\0", &[7; 64]].concat();
        // RFC 9460: priority 1, the root, alpn h2; hints; ech, dohpath and a key that is not known.
        let service = [
            &[0, 1, 0][..],
            &[0, 1, 0, 3, 2, b'h', b'2'],
            &[0, 4, 0, 4, 192, 0, 2, 7],
            &[0, 5, 0, 3, 1, 2, 3],
            &[0, 7, 0, 2, b'/', b'q'],
            &[0xff, 0x01, 0, 2, 1, 2],
        ]
        .concat();
        for (what, record) in [
            ("RRSIG", (46, &signature[..])),
            ("HTTPS", (65, &service[..])),
            ("SVCB", (64, &service[..])),
            ("an alias", (65, &b"\0\0\x01b\x07example\0"[..])),
            ("TXT", (16, b"\x03abc\x00")),
            ("an empty TXT", (16, b"")),
            ("TXT that is no text", (16, b"\x02\xff\xfe")),
            ("TXT that is cut", (16, b"\x09ab")),
            ("SOA", (6, b"\0\0\0\0\0\x01\0\0\0\x02\0\0\0\x03\0\0\0\x04\0\0\0\x05")),
            ("a type that is not known", (0xff99, b"\x01\x02\x03")),
            ("CAA", (257, b"\0\x05issueca.example")),
            ("LOC", (29, &[9; 3])),
        ] {
            let parsed = parse(&response(1, &[record, ADDRESS])).unwrap();
            let found = parsed.answers.iter().any(|(_, kind, value, _)| kind == "A" && value == "192.0.2.1");
            assert!(found, "{what}: {parsed:?}");
        }
    }

    /// The snap length may cut answers that the header counts, and a header may be damaged.
    #[test]
    fn a_question_is_read_without_its_answers() {
        let whole = response(1, &[ADDRESS; 40]);
        let question = 12 + 11 + 4;
        for cut in question..whole.len() {
            let read = parse(&whole[..cut]).unwrap();
            // Each answer: two bytes of name, ten, and the address.
            assert_eq!(
                (&read.names[..], read.answers.len()),
                (&["a.example".to_owned()][..], ((cut - question) / 16).min(40))
            );
        }
        assert_eq!(parse(&whole[..question - 1]), None);
        for kind in [0x0020, 0xff99] {
            assert_eq!(parse(&response(kind, &[])).unwrap().names, ["a.example"]);
        }
        for (at, value) in [(2, 0x79), (3, 0x40), (7, 0xff), (8, 0xff), (10, 0x80)] {
            let mut damaged = whole.clone();
            damaged[at] = value;
            assert_eq!(parse(&damaged).unwrap().names, ["a.example"], "{at}");
        }
        // Not what other protocols send to the port of DNS.
        assert_eq!(parse(&[0x42; 60]), None);
        assert_eq!(
            parse(b"\x01\x02\x78\x00\x00\x01\x00\x00\x00\x00\x00\x00\x05\xff\xfe\x01\x02\x03\x01b\x00\x00\x01\x00\x01"),
            None
        );
    }

    #[test]
    fn names_show_control_characters_as_numbers() {
        let mut query = response(1, &[]);
        query[13] = 4;
        query[15..17].copy_from_slice("é".as_bytes());
        query[17] = b'.';
        query[18] = b'E';
        assert_eq!(parse(&query).unwrap().names, ["\\004.é\\.eple"]);
    }

    /// DNSCrypt asks at other ports, and fills its questions up with a record of no type.
    #[test]
    fn at_any_port_a_message_is_known_by_its_end() {
        let mut query = response(16, &[]);
        query[2] = 1;
        query[3] = 0;
        let bare = query.len() - 17;
        query.truncate(bare);
        query.extend([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 12, 0, 5, 0, 0, 0, 0, 0]);
        assert_eq!(recognise(&query).unwrap().names, ["a.example"]);
        let mut longer = query.clone();
        longer.push(0);
        assert_eq!(recognise(&longer), None);
        assert_eq!(recognise(&query[..query.len() - 1]), None);
        // A query has no answers.
        query[7] = 1;
        query[11] = 0;
        assert_eq!(recognise(&query), None);
    }

    /// RFC 1035 §4.1.4: names that refer to themselves, and forward, end.
    #[test]
    fn names_that_refer_to_themselves_end() {
        for at in [0x0c, 0x1c, 0x1d, 0xff] {
            let _ = parse(&response(5, &[(5, &[1, b'x', 0xc0, at]), ADDRESS]));
        }
        let mut itself = response(1, &[ADDRESS]);
        itself[12..14].copy_from_slice(&[0xc0, 0x0c]);
        let _ = parse(&itself);
    }
}
