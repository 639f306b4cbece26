//! PCAPdroid's list of connections as CSV: whose each connection was.
//!
//! The writer quotes nothing, so a comma in the name of an app or in the info column shifts the
//! columns after it. The ones before are counted from the start, the numbers from the end, and
//! between them the package is the only word of its form; a row where that is not so is left out.
//! `Status` is in the language of the phone and not read.

use std::net::{IpAddr, SocketAddr};

use super::{Socket, Witness, epoch, is_id};
use crate::evidence::{GapReason, Transport};

const HEADER: &str = "IPProto,SrcIP,SrcPort,DstIp,DstPort,UID,App,PackageName,Proto,Status,Info,BytesSent";

/// Columns before the name of the app, and from the info column to the end.
const BEFORE: usize = 6;
const NUMBERS: usize = 6;

/// What a text says, where it is one.
pub fn of_text(text: &str) -> Option<Witness> {
    let mut lines = text.lines();
    let header = lines.next()?.trim_end();
    if !header.starts_with(HEADER) {
        return None;
    }
    let behind = NUMBERS + usize::from(header.ends_with(",Malicious"));
    let rows = (2..).zip(lines).filter(|(_, line)| !line.trim().is_empty());
    Some(Witness::of_rows("PCAPdroid (CSV)", rows, |witness, number, line| {
        let (socket, shifted) = row(line, behind)?;
        if shifted {
            let detail = "rows with commas that PCAPdroid did not quote; read by the form of their columns";
            witness.gap(GapReason::LossyImport, &format!("row {number}"), detail);
        }
        witness.sockets.push(socket);
        Some(())
    }))
}

/// The socket of a row whose last `after` columns are numbers, and whether unquoted commas shift its columns.
fn row(line: &str, behind: usize) -> Option<(Socket, bool)> {
    let cells: Vec<&str> = line.trim_end().split(',').collect();
    let (before, rest) = cells.split_at_checked(BEFORE)?;
    let (middle, numbers) = rest.split_at_checked(rest.len().checked_sub(behind)?)?;
    let [protocol, source, source_port, target, target_port, uid] = before else { return None };
    let transport = match *protocol {
        "6" | "TCP" => Transport::Tcp,
        "17" | "UDP" => Transport::Udp,
        _ => return None,
    };
    let end =
        |ip: &str, port: &str| Some(SocketAddr::new(ip.parse::<IpAddr>().ok()?.to_canonical(), port.parse().ok()?));
    // App, package, protocol, status, info.
    let shifted = middle.len() != 5;
    let package = match middle {
        [_, package, _, _, _] => Some(*package).filter(|package| is_id(package)),
        _ => {
            let mut packages = middle.iter().skip(1).take(middle.len().saturating_sub(4)).filter(|cell| is_id(cell));
            let first = packages.next();
            if packages.next().is_some() { None } else { first.copied() }
        }
    };
    if shifted && package.is_none() {
        return None;
    }
    let uid: i64 = uid.parse().ok()?;
    let is_id = package.is_some();
    let app = package.map_or_else(|| format!("uid {uid}"), str::to_owned);
    let time = |at: usize| numbers.get(at).and_then(|cell| cell.parse().ok()).and_then(epoch);
    // Bytes and packets of both directions, then the times.
    let (first, last) = (time(4), time(5));
    let (local, remote) = (end(source, source_port)?, Some(end(target, target_port)?));
    Some((Socket { transport, local, remote, app, is_id, first, last, stack: Vec::new() }, shifted))
}
