//! `device`: the device profile, made and checked.

use std::path::PathBuf;

use anyhow::Context;
use clap::Subcommand;

use super::{Outcome, output};
use crate::session::{Profile, canaries};
use crate::signatures::Signatures;

/// Make or check a device profile (device.toml)
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print a profile of made-up values to plant on an emulator: valid in shape, of no real device
    New {
        /// Any text: the same text gives the same values [default: random]
        #[arg(long, value_name = "TEXT")]
        seed: Option<String>,
    },
    /// Say what in a profile can never be found: placeholders, wrong check digits, unknown types
    Check {
        /// The profile
        file: PathBuf,
        /// Folder of further signatures
        #[arg(long, value_name = "DIR")]
        signatures: Vec<PathBuf>,
    },
}

pub fn run(args: Args) -> anyhow::Result<Outcome> {
    match args.command {
        Command::New { seed } => {
            let seed = match seed {
                Some(text) => text.into_bytes(),
                None => {
                    let mut random = vec![0; 32];
                    ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut random)
                        .map_err(|_| anyhow::anyhow!("the system gives no random numbers; use --seed"))?;
                    random
                }
            };
            output::stdout(canaries(&seed).as_bytes())?;
            Ok(Outcome::Clear)
        }
        Command::Check { file, signatures } => {
            let signatures = Signatures::load(&signatures)?;
            let text = std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
            let (profile, problems) =
                Profile::parse(&text, &signatures).map_err(|what| anyhow::anyhow!("{}: {what}", file.display()))?;
            for problem in &problems {
                output::stdout(format!("{}: {problem}\n", file.display()).as_bytes())?;
            }
            if !problems.is_empty() {
                return Ok(Outcome::Unusable);
            }
            let mut text = String::new();
            for (data_type, values) in &profile.ids {
                text.push_str(&format!(
                    "{data_type}: {} value{}\n",
                    values.len(),
                    if values.len() == 1 { "" } else { "s" }
                ));
            }
            output::stdout(text.as_bytes())?;
            Ok(Outcome::Clear)
        }
    }
}
