//! `man`: the manual page, from the same texts as `--help`.

use std::path::PathBuf;

use anyhow::Context;

use super::Outcome;

/// Print the manual page, or write one page for each command to a folder
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Write wirewitness.1, wirewitness-audit.1 … into this folder instead
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
}

pub fn run(args: Args, command: clap::Command) -> anyhow::Result<Outcome> {
    match args.output {
        Some(folder) => {
            std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
            clap_mangen::generate_to(command, &folder)
                .with_context(|| format!("cannot write to {}", folder.display()))?;
        }
        None => {
            let mut text = Vec::new();
            clap_mangen::Man::new(command).render(&mut text)?;
            super::output::stdout(&text)?;
        }
    }
    Ok(Outcome::Clear)
}
