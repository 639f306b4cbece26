//! Who else can read a session: it holds keys, a device's identifiers and other people's traffic.

use std::path::{Path, PathBuf};

/// Permission bits of a file that its owner alone reads and writes.
#[cfg(unix)]
pub(super) const PRIVATE: u32 = 0o600;

/// Opens a file for writing that, where it is made, its owner alone reads and writes.
pub fn private_options() -> std::fs::OpenOptions {
    let mut options = std::fs::OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, PRIVATE);
    options
}

/// Makes a folder that its owner alone may look into; one that is there stays as it is.
///
/// # Errors
/// Where it cannot be made.
pub fn private_folder(folder: &Path) -> std::io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    to_owner(folder);
    Ok(())
}

/// Changes the owner of what root made, so that a session recorded with `sudo` can be audited without:
/// a folder goes to the user who called `sudo`, a file to the owner of its folder. Does nothing
/// unless running as root.
pub fn to_owner(path: &Path) {
    #[cfg(unix)]
    if rustix::process::geteuid().is_root() {
        use std::os::unix::fs::MetadataExt;
        let id = |name: &str| std::env::var(name).ok().and_then(|id| id.parse::<u32>().ok());
        let owner = || {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            std::fs::metadata(folder).ok().map(|folder| (folder.uid(), folder.gid()))
        };
        let whose = if path.is_dir() { id("SUDO_UID").zip(id("SUDO_GID")) } else { owner() };
        if let Some((user, group)) = whose {
            // Where that fails, it is root's as without sudo.
            let _ = std::os::unix::fs::lchown(path, Some(user), Some(group));
        }
    }
    #[cfg(not(unix))]
    let _ = path;
}

/// `path` can be read by its owner alone. `None`: this system has no such permissions, or
/// it cannot be looked at.
pub fn is_private(path: &Path) -> Option<bool> {
    mode(path).map(|mode| mode & 0o077 == 0)
}

/// The files among `paths`, and the folder, that others than their owner can read.
pub fn exposures<'p>(paths: impl IntoIterator<Item = &'p Path>) -> Vec<&'p Path> {
    paths.into_iter().filter(|path| is_private(path) == Some(false)).collect()
}

/// The git repository that `folder` lies in: what is committed there is handed on.
pub fn repository(folder: &Path) -> Option<PathBuf> {
    let whole = folder.canonicalize().ok()?;
    whole.ancestors().find(|above| above.join(".git").exists()).map(Path::to_owned)
}

#[cfg(unix)]
fn mode(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).ok().map(|metadata| metadata.permissions().mode())
}

#[cfg(not(unix))]
fn mode(_: &Path) -> Option<u32> {
    None
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn what_others_can_read_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let (open, closed) = (folder.path().join("keys.log"), folder.path().join("device.toml"));
        for (path, mode) in [(&open, 0o644), (&closed, PRIVATE)] {
            std::fs::write(path, "").unwrap();
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        }
        assert_eq!(exposures([open.as_path(), closed.as_path()]), [open.as_path()]);
        assert_eq!(is_private(&folder.path().join("none")), None);
    }

    #[test]
    fn the_repository_above_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let session = folder.path().join("a/session");
        std::fs::create_dir_all(&session).unwrap();
        assert_eq!(repository(&session), None);
        std::fs::create_dir(folder.path().join(".git")).unwrap();
        assert_eq!(repository(&session), folder.path().canonicalize().ok());
    }
}
