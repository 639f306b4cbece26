//! `record` by a user who may not capture, with a program that was given the right as the hint says.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Command;

use crate::world::*;

/// Any user and group that are not root's.
const USER: u32 = 65_534;

/// What the kernel says of a process (proc_pid_status(5)).
fn status(process: u32, field: &str) -> String {
    let text = std::fs::read_to_string(format!("/proc/{process}/status")).expect("is read");
    let line = text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    line.expect("a field of it").trim().to_owned()
}

#[test]
fn a_program_that_was_given_the_right_records_for_a_user_and_gives_it_back() {
    let Some(world) = World::make() else { return };
    let open = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(world.folder.path(), open).expect("others may look in");
    // A copy: the program of all other tests has no rights of its own.
    let program = world.folder.path().join("wirewitness");
    std::fs::copy(PROGRAM, &program).expect("copied");
    let home = world.folder.path().join("home");
    std::fs::create_dir(&home).expect("made");
    std::os::unix::fs::chown(&home, Some(USER), Some(USER)).expect("theirs");
    let session = home.join("session");
    let id = USER.to_string();
    let user = ["setpriv", "--reuid", &id, "--regid", &id, "--clear-groups", text(&program)];

    let asked = [&user[..], &["record", text(&session), "--interface", LAN]].concat();
    let refused = world.within("router", &asked).output().expect("runs; scripts/setup.sh --tests installs setpriv");
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2), "{said}");
    assert!(!session.join("capture.pcapng").exists(), "nothing is left of what did not begin");
    let hint = said.split("sudo ").nth(1).expect("how to mend it").trim();
    let given = Command::new("sh").args(["-c", hint]).output().expect("runs");
    assert!(given.status.success(), "`{hint}`: {}", String::from_utf8_lossy(&given.stderr));

    let recording = world.record_by(&user, &session, &["--filter", "udp dst port 9"]);
    let process = recording.child.id();
    assert_eq!(status(process, "Uid").split_whitespace().next(), Some(id.as_str()));
    for set in ["CapPrm", "CapEff", "CapInh", "CapAmb"] {
        assert_eq!(u64::from_str_radix(&status(process, set), 16), Ok(0), "{set}");
    }
    assert_eq!(status(process, "NoNewPrivs"), "1");
    assert!(recording.first.contains("the right to capture was given back"), "{}", recording.first);
    world.run("phone", &["python3", &file("client.py"), "packets", SERVERS, "20", "40"]);
    let said = recording.stop();
    assert!(said.contains(" 20 packets"), "{said}");
    let of = |path: &Path| std::fs::metadata(path).map(|file| (file.uid(), file.mode() & 0o777)).expect("is there");
    assert_eq!((of(&session), of(&session.join("capture.pcapng"))), ((USER, 0o700), (USER, 0o600)));
}
