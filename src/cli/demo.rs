//! `demo`: unpacks the session that the program carries, and audits it.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Parser;
use include_dir::{Dir, include_dir};

use super::options::Look;
use super::{Outcome, audit, output};

/// `captures/aftersales`: see `captures/README.md` for how it was recorded.
static SESSION: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/captures/aftersales");

/// Files of the folder that are a session's. The rest is how it was made and what it must yield.
const FILES: &[&str] = &["session.toml", "capture.pcapng", "keys.log", "device.toml", "phases.jsonl", "policy.txt"];

/// Unpack a sample session and audit it: a look at what an audit is, in a few seconds
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder to unpack into
    #[arg(default_value = "wirewitness-demo", value_name = "DIR")]
    folder: PathBuf,

    #[command(flatten)]
    look: Look,
}

/// What `demo` runs after the unpacking, so that it is the audit that a user types.
#[derive(Parser)]
struct Typed {
    #[command(flatten)]
    audit: audit::Args,
}

pub fn run(args: Args) -> anyhow::Result<Outcome> {
    unpack(&args.folder)?;
    let folder = args.folder.display();
    output::say(
        false,
        &format!("unpacked a sample session into {folder}; the same by hand: wirewitness audit {folder}"),
    );
    let mut typed = Typed::try_parse_from(["audit".as_ref(), args.folder.as_os_str()])?;
    typed.audit.look = args.look;
    // Whatever it found, it ran.
    audit::run(typed.audit).map(|_| Outcome::Clear)
}

/// Writes the files; one that is there with other content is not written over.
fn unpack(folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    for name in FILES {
        let file = SESSION.get_file(name).with_context(|| format!("the sample session lacks {name}"))?;
        let path = folder.join(name);
        match std::fs::read(&path) {
            Ok(there) if there == file.contents() => {}
            Ok(_) => anyhow::bail!(
                "{} exists and differs from the file of the sample; name another folder: wirewitness demo DIR",
                path.display()
            ),
            Err(_) => output::private(&path, file.contents())?,
        }
    }
    Ok(())
}
