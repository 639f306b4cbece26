//! The ClientHello of SSL 2.0 that clients up to TLS 1.0 sent, so that servers of
//! either age would answer (RFC 5246 §E.2). What follows it is TLS.

use crate::secure::codec::Reader;

/// Bytes of the fixed part: length, type, version, three lengths.
const FIXED_LENGTH: usize = 11;

/// What stands at the start of a stream.
#[derive(Debug, PartialEq, Eq)]
pub enum Start {
    /// Not such a hello.
    Other,
    /// It may be one: more bytes are needed.
    Wait,
    /// A hello of so many bytes on the wire, as the handshake message that it stands for.
    Hello(usize, Vec<u8>),
}

/// A stream begins with such a hello; `None`: it may, and more bytes are needed.
pub fn is_sslv2_hello(prefix: &[u8]) -> Option<bool> {
    match start(prefix) {
        Start::Other => Some(false),
        // Its lengths fit each other, wherever the prefix ends.
        Start::Wait if prefix.len() < FIXED_LENGTH => None,
        Start::Wait | Start::Hello(..) => Some(true),
    }
}

/// Looks at the first bytes of a stream.
pub fn start(bytes: &[u8]) -> Start {
    let mut reader = Reader::new(bytes);
    let is_possible = reader.u8().is_none_or(|high| high & 0x80 != 0)
        && reader.u8().is_none_or(|_| true)
        && reader.u8().is_none_or(|kind| kind == 1)
        && reader.u8().is_none_or(|major| major == 3)
        && reader.u8().is_none_or(|minor| minor <= 3);
    if !is_possible {
        return Start::Other;
    }
    if bytes.len() < FIXED_LENGTH {
        return Start::Wait;
    }
    read(bytes).unwrap_or(Start::Other)
}

fn read(bytes: &[u8]) -> Option<Start> {
    let mut reader = Reader::new(bytes);
    let length = usize::from(reader.u16()? & 0x7fff);
    reader.u8()?;
    let version = reader.u16()?;
    let [suites, session_id, challenge] = [(); 3].map(|()| reader.u16().map(usize::from));
    let (suites, session_id, challenge) = (suites?, session_id?, challenge?);
    let is_whole = suites.is_multiple_of(3) && length + 2 == FIXED_LENGTH + suites + session_id + challenge;
    if !is_whole || !matches!(session_id, 0 | 16 | 32) || !(16..=32).contains(&challenge) {
        return None;
    }
    let (Some(mut suites), Some(session_id), Some(challenge)) =
        (reader.sub(suites), reader.take(session_id), reader.take(challenge))
    else {
        return Some(Start::Wait);
    };
    // Those of SSL 2.0 have a first byte of their own.
    let suites: Vec<u8> = std::iter::from_fn(|| suites.array::<3>())
        .filter_map(|[first, high, low]| (first == 0).then_some([high, low]))
        .flatten()
        .collect();
    let mut random = [0; 32];
    let padding = random.len() - challenge.len();
    random.get_mut(padding..)?.copy_from_slice(challenge);
    let mut body = version.to_be_bytes().to_vec();
    body.extend(random);
    body.push(u8::try_from(session_id.len()).ok()?);
    body.extend(session_id);
    body.extend(u16::try_from(suites.len()).ok()?.to_be_bytes());
    body.extend(suites);
    body.extend([1, 0]);
    let [.., high, middle, low] = body.len().to_be_bytes();
    let message = [&[1, high, middle, low], body.as_slice()].concat();
    Some(Start::Hello(length + 2, message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secure::tls::{ClientHello, Suite, Version};

    #[test]
    fn a_hello_of_both_ages() {
        let hello =
            [&[0x80, 34, 1, 3, 0, 0, 9, 0, 0, 0, 16][..], &[0, 0, 0x35, 7, 0, 0xc0, 0, 0, 0x0a], &[9; 16]].concat();
        let Start::Hello(length, message) = start(&hello) else { panic!("{:?}", start(&hello)) };
        assert_eq!((length, message[0]), (hello.len(), 1));
        let read = ClientHello::read(&message[4..]).unwrap();
        assert_eq!((read.version, read.suites), (Version::SSL3, vec![Suite(0x35), Suite(0x0a)]));
        assert_eq!(read.random, [[0; 16], [9; 16]].concat()[..]);
        for length in 0..hello.len() {
            assert_eq!(start(&hello[..length]), Start::Wait, "{length}");
        }
        for other in
            [&b"GET / HTTP/1.1"[..], &[22, 3, 1, 0, 4], &[0x80, 34, 1, 3, 0, 0, 8, 0, 0, 0, 16], &[0x80, 34, 4]]
        {
            assert_eq!(start(other), Start::Other);
        }
    }
}
