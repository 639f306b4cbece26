//! `verify`: whether a bundle is as it was made, and whether what it says comes out again.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use clap::ValueEnum;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use super::bundle::KEY_LIMIT;
use super::options::Language;
use super::{Outcome, output};
use crate::bundle::minisign::PublicKey;
use crate::bundle::{BundleError, Premises, Trust, check, told};
use crate::session::Profile;
use crate::signatures::Signatures;

/// Check an evidence bundle: every byte, signature and timestamp; then repeat what its report says
///
/// Says file by file what is missing, altered or added. Where nothing is, it reads the policy again and judges
/// the observations again; in a sealed bundle, it also opens the slices and decodes the messages of every
/// finding step by step. Exits with 1 where anything is not as it should be, with 2 where it is no bundle.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Bundle: folder or ZIP
    #[arg(value_name = "BUNDLE")]
    bundle: PathBuf,

    /// Public key of whoever should have signed it: a minisign key file, or the line of base64 in it
    #[arg(long, value_name = "FILE|KEY")]
    key: Option<String>,

    /// Certificate (PEM) of the time stamping authority or of one above it; may be repeated
    #[arg(long, value_name = "FILE")]
    tsa_cert: Vec<PathBuf>,

    /// Device profile: with it, each finding of a sealed bundle must be found again in its slice alone
    #[arg(long, value_name = "FILE")]
    device: Option<PathBuf>,

    /// Check the bytes only; repeat nothing
    #[arg(long)]
    bytes_only: bool,

    /// Folder of further signatures that the report was made with; may be repeated
    #[arg(long, value_name = "DIR")]
    signatures: Vec<PathBuf>,

    /// Format of the answer
    #[arg(long, value_enum, default_value_t, value_name = "NAME")]
    format: Format,

    /// Language of the answer
    #[arg(long, alias = "lang", value_enum, default_value_t, value_name = "LANGUAGE")]
    language: Language,

    /// Threads to use [default: as many as there are cores]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
}

/// How the answer is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For the terminal
    #[default]
    Text,
    /// One JSON object, as schemas/verification.schema.json says
    Json,
}

pub fn run(args: Args) -> anyhow::Result<Outcome> {
    let trust =
        Trust { key: args.key.as_deref().map(public_key).transpose()?, authorities: authorities(&args.tsa_cert)? };
    let in_words = |error: BundleError| match (args.language, error.zh()) {
        (Language::Zh, Some(zh)) => anyhow::anyhow!("{zh}"),
        _ => error.into(),
    };
    let checked = check(&args.bundle, &trust).map_err(in_words)?;
    let verification = if args.bytes_only || !checked.is_intact() {
        checked.verification
    } else {
        let signatures = Signatures::load(&args.signatures)
            .context("the signatures cannot be used; `wirewitness signatures check` lists every problem")?;
        let profile = args.device.as_deref().map(|path| Profile::read(path, &signatures)).transpose()?;
        let threads =
            args.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from)).max(1);
        checked.repeat(&Premises { signatures: &signatures, profile, threads })?
    };
    let text = match args.format {
        Format::Text => {
            let name = args.bundle.file_name().unwrap_or(args.bundle.as_os_str()).to_string_lossy();
            told(&name, &verification, args.language.into())
        }
        Format::Json => format!("{}\n", serde_json::to_string_pretty(&verification)?),
    };
    output::stdout(text.as_bytes())?;
    Ok(if verification.holds { Outcome::Clear } else { Outcome::Findings })
}

/// A key as a file, else as its one line.
fn public_key(given: &str) -> anyhow::Result<PublicKey> {
    let path = Path::new(given);
    let text = match path.is_file() {
        true => String::from_utf8_lossy(&output::read(path, KEY_LIMIT)?).into_owned(),
        false => given.to_owned(),
    };
    PublicKey::parse(&text).map_err(|error| anyhow::anyhow!("{given}: {error}"))
}

/// The certificates in these files.
pub(super) fn authorities(paths: &[PathBuf]) -> anyhow::Result<Vec<Vec<u8>>> {
    let mut all = Vec::new();
    for path in paths {
        let bytes = output::read(path, KEY_LIMIT)?;
        let before = all.len();
        for certificate in CertificateDer::pem_slice_iter(&bytes) {
            let certificate = certificate.map_err(|error| anyhow::anyhow!("{}: {error:?}", path.display()))?;
            all.push(certificate.to_vec());
        }
        ensure!(all.len() > before, "{} holds no certificate (PEM)", path.display());
    }
    Ok(all)
}
