//! The right to capture, given back once the interface is open.
//!
//! A program that reads packets from strangers for hours needs no right but to write into its folder. So
//! root becomes the owner of that folder (under `sudo`, the user who called it), and all capabilities are
//! dropped: those of root, and those that `setcap` gave the program. On systems other than Linux nothing
//! is given back.

use std::path::Path;

/// Gives back what recording into `folder` no longer needs, for the calling thread and those
/// that it starts, so it must be called before there are others. Returns in words who the process runs as
/// now; `None`: there was nothing to give back.
///
/// # Errors
/// Where the system refuses: then nothing is as it should be, and it is better to stop.
#[cfg(target_os = "linux")]
pub fn give_back(folder: &Path) -> std::io::Result<Option<String>> {
    use std::os::unix::fs::MetadataExt;

    use rustix::process::{Gid, Uid, geteuid};
    use rustix::thread::{
        CapabilitySet, CapabilitySets, capabilities, clear_ambient_capability_set, set_capabilities, set_no_new_privs,
        set_thread_groups, set_thread_res_gid, set_thread_res_uid,
    };

    let none = CapabilitySets {
        effective: CapabilitySet::empty(),
        permitted: CapabilitySet::empty(),
        inheritable: CapabilitySet::empty(),
    };
    let there = capabilities(None)?;
    if there.permitted.is_empty() && !geteuid().is_root() {
        return Ok(None);
    }
    let owner = std::fs::metadata(folder)?;
    let (user, group) = (Uid::from_raw(owner.uid()), Gid::from_raw(owner.gid()));
    let becomes = geteuid().is_root() && !user.is_root();
    if becomes {
        // In a user namespace there may be no groups to give back (user_namespaces(7)).
        match set_thread_groups(&[group]) {
            Err(error) if !(error == rustix::io::Errno::PERM && no_groups()) => return Err(error.into()),
            _ => {}
        }
        set_thread_res_gid(group, group, group)?;
        set_thread_res_uid(user, user, user)?;
    }
    clear_ambient_capability_set()?;
    set_capabilities(None, none)?;
    set_no_new_privs(true)?;
    Ok(Some(match becomes {
        true => format!("user {} (group {}), without capabilities", owner.uid(), owner.gid()),
        false => format!("user {}, without capabilities", geteuid().as_raw()),
    }))
}

#[cfg(target_os = "linux")]
fn no_groups() -> bool {
    std::fs::read_to_string("/proc/self/setgroups").is_ok_and(|text| text.trim() == "deny")
}

/// See above.
#[cfg(not(target_os = "linux"))]
pub fn give_back(_: &Path) -> std::io::Result<Option<String>> {
    Ok(None)
}
