//! `doctor`: what stands in the way of a recording, and how to mend it.

use std::ffi::OsString;
use std::path::PathBuf;

use super::options::Language;
use super::{Outcome, output};
use crate::record::machine;
use crate::report::checks::{self, State};
use crate::signatures::Signatures;

/// Check whether this machine and the phone connected to it are ready to record
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A session folder to look at as well
    session: Option<PathBuf>,

    /// A key log that should be growing
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,

    /// The adb program
    #[arg(long, value_name = "PROGRAM", default_value = "adb")]
    adb: OsString,

    /// Folder of the proxy's certificate and its key, as `proxy --ca-dir`
    #[arg(long, value_name = "DIR")]
    ca_dir: Option<PathBuf>,

    /// Language of the answer
    #[arg(long, alias = "lang", value_enum, default_value_t, value_name = "LANGUAGE")]
    language: Language,
}

pub fn run(args: Args) -> anyhow::Result<Outcome> {
    let signatures = Signatures::load(&[] as &[PathBuf])?;
    #[cfg(feature = "proxy")]
    let authority = args.ca_dir.or_else(crate::record::proxy::default_folder);
    #[cfg(not(feature = "proxy"))]
    let authority = args.ca_dir;
    let subject = machine::Subject { session: args.session, adb: args.adb, key_log: args.keys, authority };
    let found = machine::examine(&subject, &signatures);
    output::stdout(checks::render(&found, args.language.into(), output::columns()).as_bytes())?;
    let wrong = found.iter().any(|check| check.state == State::Wrong);
    Ok(if wrong { Outcome::Unusable } else { Outcome::Clear })
}
