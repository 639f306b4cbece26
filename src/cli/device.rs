//! `device`: the device profile, made, read from a phone, and checked.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::Context;
use clap::Subcommand;

use super::{Outcome, output};
use crate::record::adb::Adb;
use crate::record::phone::{Phone, Reading, TYPES};
use crate::session::{Profile, canaries};
use crate::signatures::Signatures;

/// Make, read or check a device profile (device.toml)
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
    /// Write the identifiers of a phone into a profile, over adb: those that its version of Android gives
    Read {
        /// The profile to write, readable by you alone; - is standard output
        file: PathBuf,
        /// Types to read, and no others [default: all but phone, imsi and iccid, which are read only when named]
        #[arg(long = "type", value_name = "TYPE", value_delimiter = ',', value_parser = known_type)]
        types: Vec<&'static str>,
        /// Package whose own ANDROID_ID is wanted: since Android 8 each app has its own (needs --root)
        #[arg(long, value_name = "PACKAGE")]
        app: Option<String>,
        /// The phone is rooted: use su for what only root reads (ANDROID_ID of an app, advertising id)
        #[arg(long)]
        root: bool,
        /// Which phone, where several are connected, as `adb devices` names it
        #[arg(long, value_name = "SERIAL")]
        serial: Option<String>,
        /// The adb program
        #[arg(long, value_name = "PROGRAM", default_value = "adb")]
        adb: OsString,
    },
    /// Check a profile for values that can never be found (placeholders, wrong check digits, unknown types) or
    /// that are too short
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
        Command::Read { file, types, app, root, serial, adb } => {
            let types = match types.is_empty() {
                true => TYPES.iter().filter(|(_, usual)| *usual).map(|(id, _)| *id).collect(),
                false => types,
            };
            let reading = Phone { adb: Adb::choose(&adb, serial.as_deref())?, app, root }.read(&types)?;
            let text = profile_of(&reading);
            match file.as_os_str() == "-" {
                true => output::stdout(text.as_bytes())?,
                false => output::private(&file, text.as_bytes())?,
            }
            for answer in &reading.answers {
                let said = answer.note.as_deref().map(|note| format!(" ({note})")).unwrap_or_default();
                let count = answer.values.len();
                output::say(
                    false,
                    &format!("{}: {count} value{}{said}", answer.data_type, if count == 1 { "" } else { "s" }),
                );
            }
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
            for remark in profile.remarks() {
                text.push_str(&format!("note: {remark}\n"));
            }
            output::stdout(text.as_bytes())?;
            Ok(Outcome::Clear)
        }
    }
}

/// A type that can be read over adb.
fn known_type(id: &str) -> Result<&'static str, String> {
    let known = TYPES.iter().find(|(known, _)| *known == id).map(|(known, _)| *known);
    known.ok_or_else(|| {
        let all: Vec<&str> = TYPES.iter().map(|(known, _)| *known).collect();
        format!("adb reads {}", all.join(", "))
    })
}

/// `device.toml` with the values, and what was asked as comments.
fn profile_of(reading: &Reading) -> String {
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let mut text = format!("[device]\nread_over_adb = {}\n\n[ids]\n", quoted(&reading.device));
    for answer in &reading.answers {
        if let Some(command) = &answer.command {
            text.push_str(&format!("# {command}\n"));
        }
        if let Some(note) = &answer.note {
            text.push_str(&format!("# {}: {note}\n", answer.data_type));
        }
        if !answer.values.is_empty() {
            let values: Vec<String> = answer.values.iter().map(|value| quoted(value)).collect();
            text.push_str(&format!("{} = [{}]\n", answer.data_type, values.join(", ")));
        }
    }
    text
}
