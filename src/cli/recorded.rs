//! The session folder that a recording fills.

use std::path::Path;

use crate::session::Description;

/// What to do with a session that was recorded.
pub fn audit_it(folder: &Path) -> String {
    let described = Description::read(&folder.join("session.toml")).ok();
    let policy = if described.is_some_and(|session| session.policy.is_some()) { "" } else { " --policy FILE" };
    format!("audit it: wirewitness audit {}{policy}", folder.display())
}

/// It can be recorded into, or made.
///
/// # Errors
/// Where a file has its name.
pub fn ready(folder: &Path) -> anyhow::Result<()> {
    anyhow::ensure!(!folder.is_file(), "{} is a file: name a folder for the session", folder.display());
    Ok(())
}
