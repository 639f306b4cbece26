//! What ends a recording that nobody wanted ended, and more packets than can be taken.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::clients::{CLIENTS, describe, hosts, send, told};
use crate::world::*;

/// Has the clients that need no key send the first identifier, and what the audit has to find.
fn send_in_clear(world: &World, numbers: &[usize]) -> BTreeSet<String> {
    let mut wanted = BTreeSet::new();
    for (at, (kind, host)) in CLIENTS.iter().enumerate().filter(|(_, (kind, _))| ["http/1", "mqtt"].contains(kind)) {
        let values = told(at, numbers);
        send(world, kind, host, &values);
        wanted.extend(values.iter().map(|(data_type, _)| format!("{host} {data_type}")));
    }
    wanted
}

fn world() -> Option<World> {
    let mut world = World::make()?;
    world.serve_all(&hosts());
    Some(world)
}

/// The kernel hands packets over in blocks, and the file is whole every half second.
const SECOND: Duration = Duration::from_millis(1_100);

#[test]
fn a_recorder_that_is_killed_loses_at_most_the_last_second_and_it_is_said() {
    let Some(world) = world() else { return };
    let session = world.session();
    let recording = world.record(&session, &[]);
    let wanted = send_in_clear(&world, &[0]);
    std::thread::sleep(SECOND);
    recording.signal("-KILL");
    assert_eq!(recording.ended().0, None);
    describe(&session);
    let report = audit(&session);
    assert_eq!(flows(&report), wanted);
    let unended: Vec<_> = gaps(&report).into_iter().filter(|(detail, _)| detail.contains("was not ended")).collect();
    assert_eq!(unended.len(), 1, "{:?}", gaps(&report));
    // The next one says so too, and does not touch what is there.
    let recording = world.record(&session, &[]);
    assert!(recording.first.contains("was not ended: capture.pcapng holds what came"), "{}", recording.first);
    let more = send_in_clear(&world, &[1]);
    recording.stop();
    let report = audit(&session);
    assert_eq!(flows(&report), wanted.union(&more).cloned().collect());
    assert_eq!(gaps(&report).iter().filter(|(detail, _)| detail.contains("was not ended")).count(), 1);
}

/// A file system of one megabyte; gone with it.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn make() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", "size=1m", "tmpfs", text(folder.path())]).status();
        assert!(mounted.expect("runs").success(), "a tmpfs is mounted");
        Self(folder)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

#[test]
fn a_full_disk_keeps_what_was_written_and_it_is_said() {
    let Some(world) = world() else { return };
    let disk = SmallDisk::make();
    let session = disk.0.path().join("session");
    let recording = world.record(&session, &[]);
    let wanted = send_in_clear(&world, &[0]);
    std::thread::sleep(SECOND);
    world.run("phone", &["python3", &file("client.py"), "packets", SERVERS, "2000", "1200"]);
    let (code, said) = recording.ended();
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("cannot write") && said.contains("make room"), "{said}");
    // Once more, where there is no room at all: what cannot be begun leaves nothing that is in the way of an audit.
    let again =
        world.within("router", &[PROGRAM, "record", text(&session), "--interface", LAN]).output().expect("runs");
    assert_eq!(again.status.code(), Some(2), "{}", String::from_utf8_lossy(&again.stderr));
    assert!(!session.join("capture-2.pcapng").exists());
    // Somebody makes room; the recording is as it was left.
    let elsewhere = world.session();
    std::fs::create_dir(&elsewhere).expect("made");
    std::fs::copy(session.join("capture.pcapng"), elsewhere.join("capture.pcapng")).expect("copied");
    describe(&elsewhere);
    let report = audit(&elsewhere);
    assert_eq!(flows(&report), wanted);
    assert_eq!(gaps(&report).iter().filter(|(detail, _)| detail.contains("was not ended")).count(), 1);
}

#[test]
fn an_interface_that_goes_away_ends_the_recording_and_that_is_a_gap() {
    let Some(world) = world() else { return };
    let session = world.session();
    let recording = world.record(&session, &[]);
    let wanted = send_in_clear(&world, &[0]);
    // What the kernel holds of it goes with it.
    std::thread::sleep(SECOND);
    world.run("router", &["ip", "link", "delete", LAN]);
    let (code, said) = recording.ended();
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("cannot record wlan0") && said.contains("The interface disappeared"), "{said}");
    assert!(said.contains("last second may be missing"), "{said}");
    describe(&session);
    let report = audit(&session);
    assert_eq!(flows(&report), wanted);
    let gone: Vec<_> = gaps(&report).into_iter().filter(|(detail, _)| detail.contains("went away")).collect();
    assert_eq!(gone.len(), 1, "{:?}", gaps(&report));
    assert!(gaps(&report).iter().all(|(detail, _)| !detail.contains("was not ended")), "{:?}", gaps(&report));
}

fn recorded(report: &Value) -> u64 {
    report["inputs"].as_array().expect("inputs").iter().filter_map(|input| input["records"].as_u64()).sum()
}

fn dropped(report: &Value) -> u64 {
    gaps(report).iter().filter(|(detail, _)| detail.contains("the recorder dropped")).map(|(_, count)| count).sum()
}

#[test]
fn of_a_burst_every_packet_is_recorded_or_counted_as_dropped() {
    let Some(world) = World::make() else { return };
    let count = 100_000;
    // Of small ones the headers are enough: 14 bytes of Ethernet, 20 of IPv4, 8 of UDP.
    for (length, snaplen, held) in [("40", "42", false), ("1200", "2000", true)] {
        let session = world.folder.path().join(format!("session-{length}"));
        let recording = world.record(&session, &["--filter", "udp dst port 9", "--snaplen", snaplen]);
        // A recorder that does not come to its turn: 100,000 large packets do not fit its buffer.
        if held {
            recording.signal("-STOP");
        }
        let sent = world.run("phone", &["python3", &file("client.py"), "packets", SERVERS, &count.to_string(), length]);
        assert_eq!(String::from_utf8_lossy(&sent.stdout).trim(), count.to_string());
        if held {
            recording.signal("-CONT");
        }
        std::thread::sleep(SECOND);
        let said = recording.stop();
        describe(&session);
        let report = audit(&session);
        let (recorded, dropped) = (recorded(&report), dropped(&report));
        assert_eq!(recorded + dropped, count, "{length}: {recorded} recorded, {dropped} dropped; {said}");
        assert_eq!(said.contains("were dropped before they could be recorded"), dropped > 0, "{said}");
        assert!(!held || dropped > 0, "{recorded} recorded, {dropped} dropped");
    }
}
