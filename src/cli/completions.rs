//! `completions`: for the shell.

use clap_complete::Shell;

use super::Outcome;

/// Print the completions for a shell
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub fn run(args: Args, mut command: clap::Command) -> anyhow::Result<Outcome> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut command, "wirewitness", &mut text);
    super::output::stdout(&text)?;
    Ok(Outcome::Clear)
}
