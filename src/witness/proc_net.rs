//! Snapshots of `/proc/net/tcp`, `tcp6`, `udp` and `udp6`, one or many in a file, and the list
//! of `pm list packages -U` beside them.
//!
//! A row has the user id of a socket in its eighth column; an Android app has one of its own.
//! Whether a table is of TCP or of UDP its header says (UDP's goes on with `ref pointer drops`).
//! A line `# TIME` (RFC 3339) before a table says when it was taken; without, it holds for
//! the whole capture. Polling misses what is shorter than its interval.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::{Socket, Witness, is_id};
use crate::evidence::{Time, Transport};

/// What a text says, where it is one.
pub fn of_text(text: &str) -> Option<Witness> {
    let starts = |line: &str| line.trim_start().starts_with("sl ") && line.contains("local_address");
    let head: Vec<&str> = text.lines().take(16).collect();
    let list = head.iter().any(|line| package(line).is_some());
    if !list && !head.iter().any(|line| starts(line)) {
        return None;
    }
    let mut witness = Witness::of(if list { "package list (pm)" } else { "/proc/net" });
    let (mut transport, mut time) = (None, None);
    for (number, line) in text.lines().enumerate() {
        if starts(line) {
            transport = Some(if line.contains("drops") { Transport::Udp } else { Transport::Tcp });
            continue;
        }
        if let Some(stamp) = line.strip_prefix('#') {
            time = Time::parse(stamp);
            continue;
        }
        if line.trim().is_empty() {
            continue;
        }
        if !witness.row() {
            break;
        }
        match (package(line), transport.and_then(|transport| socket(line, transport, time))) {
            (Some(package), _) => witness.packages.push(package),
            (None, Some(socket)) => witness.sockets.push(socket),
            (None, None) => witness.unread_row(number + 1),
        }
    }
    Some(witness)
}

/// `package:com.example.app uid:10123`
fn package(line: &str) -> Option<(u32, String)> {
    let (package, uid) = line.trim().strip_prefix("package:")?.split_once(" uid:")?;
    // Shared ids are a list of packages, and a package may have one for each user.
    Some((uid.split(',').next()?.trim().parse().ok()?, package.to_owned()).clone())
        .filter(|(_, package)| is_id(package))
}

fn socket(line: &str, transport: Transport, time: Option<Time>) -> Option<Socket> {
    let cells: Vec<&str> = line.split_ascii_whitespace().collect();
    let (local, remote) = (end(cells.get(1)?)?, end(cells.get(2)?)?);
    let uid: u32 = cells.get(7)?.parse().ok()?;
    let remote = Some(remote).filter(|remote| remote.port() != 0);
    let app = format!("uid {uid}");
    Some(Socket { transport, local, remote, app, is_id: false, first: time, last: time, stack: Vec::new() })
}

/// `0100007F:1F90`: an address as words of 32 bits in the byte order of the phone, which is
/// little-endian, and a port.
fn end(text: &str) -> Option<SocketAddr> {
    let (address, port) = text.split_once(':')?;
    let bytes = data_encoding::HEXUPPER_PERMISSIVE.decode(address.as_bytes()).ok()?;
    let words = bytes.chunks_exact(4).flat_map(|word| word.iter().rev().copied());
    let turned: Vec<u8> = words.collect();
    let ip = match (<[u8; 4]>::try_from(turned.as_slice()), <[u8; 16]>::try_from(turned.as_slice())) {
        (Ok(four), _) => IpAddr::V4(Ipv4Addr::from(four)),
        (_, Ok(sixteen)) => IpAddr::V6(Ipv6Addr::from(sixteen)).to_canonical(),
        _ => return None,
    };
    Some(SocketAddr::new(ip, u16::from_str_radix(port, 16).ok()?))
}
