//! `bundle`: a report and what it rests on, as files that others can check.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use clap::Subcommand;

use super::audit::{Terms, policies_of, report_of};
use super::options::{Language, Traffic};
use super::watch::Watch;
use super::{Outcome, output};
use crate::audit::Report;
use crate::audit::gate::Gate;
use crate::bundle::minisign::SecretKey;
use crate::bundle::{self, Contents, Kind, Recorded, build, pack};
use crate::examine::Recording;
use crate::session::{Session, is_private};
use crate::signatures::Signatures;

/// A key file is two lines.
pub(super) const KEY_LIMIT: u64 = 64 << 10;

/// What stands in the name of what is not for sharing.
const SENSITIVE: &str = "SENSITIVE";

/// Put report, policy and evidence together for whoever has to check them
///
/// A bundle is masked: it holds no key, frame or value, and is for sharing. A sealed one (--sealed) also holds,
/// for each finding, a slice of the recording that opens in Wireshark; its name gets the word SENSITIVE. The
/// device profile is in neither. The same session gives the same bytes. `wirewitness verify` checks a bundle
/// and repeats its verdicts.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Args {
    #[command(subcommand)]
    action: Option<Action>,

    #[command(flatten)]
    made: Make,
}

#[derive(Debug, clap::Args)]
pub struct Make {
    /// Session folder, or captures, as for audit
    #[arg(required = true, value_name = "SESSION|CAPTURE")]
    inputs: Vec<PathBuf>,

    /// Policy, as for audit [default: the session's]
    #[arg(short, long, value_name = "FILE")]
    policy: Vec<PathBuf>,

    /// Folder to make, or ZIP file to write (x.zip)
    #[arg(short, long, value_name = "DIR|ZIP", required = true)]
    output: Option<PathBuf>,

    /// Add the recording: frames, values and the secrets that open them
    #[arg(long)]
    sealed: bool,

    /// In a sealed bundle, put all captures and keys as they are instead of slices
    #[arg(long, requires = "sealed")]
    full: bool,

    /// Secret key to sign with, made by `bundle keygen` or `minisign -G -W`
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,

    /// Language of the report
    #[arg(long, alias = "lang", value_enum, default_value_t, value_name = "LANGUAGE")]
    language: Language,

    #[command(flatten)]
    traffic: Traffic,

    #[command(flatten)]
    terms: Terms,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a key to sign bundles with: FILE, readable by its owner alone, and FILE.pub to give away
    Keygen(Keygen),
    /// Timestamp a bundle (RFC 3161): write the request for an authority, then put its response in
    Stamp(Stamp),
}

#[derive(Debug, clap::Args)]
struct Keygen {
    /// File of the secret key; the public key goes to FILE.pub
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("step").required(true)))]
struct Stamp {
    /// Bundle: folder or ZIP
    #[arg(value_name = "BUNDLE")]
    bundle: PathBuf,

    /// First step: file to write the request to (application/timestamp-query)
    #[arg(long, value_name = "FILE", group = "step")]
    request: Option<PathBuf>,

    /// Second step: the authority's response (application/timestamp-reply); it is checked, then put into the bundle
    #[arg(long, value_name = "FILE", group = "step")]
    response: Option<PathBuf>,

    /// Certificate (PEM) of the authority, or of one above it, that must have issued the timestamp; may be repeated
    #[arg(long, value_name = "FILE", requires = "response")]
    tsa_cert: Vec<PathBuf>,
}

pub fn run(args: Args) -> anyhow::Result<Outcome> {
    match args.action {
        Some(Action::Keygen(keygen)) => make_key(&keygen.file),
        Some(Action::Stamp(step)) => stamp(&step),
        None => make(&args.made),
    }
}

fn make(args: &Make) -> anyhow::Result<Outcome> {
    ensure!(!args.terms.show_values, "the report in a bundle is masked; a sealed bundle has the frames");
    let key = args.key.as_deref().map(secret_key).transpose()?;
    let output = args.output.as_deref().map(|path| named(path, args.sealed)).unwrap_or_default();
    ensure_free(&output)?;
    let signatures = args.traffic.signatures()?;
    let session = args.traffic.session(&args.inputs, &signatures)?;
    let policies = policies_of(&session, &args.policy)?;
    let whole = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let folder = session.folder.as_deref().map(whole);
    let holds = |path: &Path| path.is_dir() && folder.as_ref().is_some_and(|folder| folder.starts_with(whole(path)));
    if let Some(path) = policies.iter().find(|path| holds(path)) {
        bail!("{} holds the session itself, with its keys and its device: name the policy's own files", path.display());
    }
    let watch = Watch::begin(args.traffic.quiet, &session.progress, args.language.into());
    let report = report_of(&session, &policies, &args.traffic, &args.terms, &signatures, args.language.into())?;
    write(args, &session, &signatures, (&policies, &report), &output, key.as_ref())?;
    drop(watch);
    if args.sealed {
        output::say(args.traffic.quiet, "sealed: it holds values and secrets as they are, and is not for sharing");
    }
    output::stdout(format!("{}\n", output.display()).as_bytes())?;
    Ok(Outcome::Clear)
}

fn write(
    args: &Make,
    session: &Session,
    signatures: &Signatures,
    (policies, report): (&[PathBuf], &Report),
    to: &Path,
    key: Option<&SecretKey>,
) -> anyhow::Result<()> {
    // The audit has printed the remarks already.
    let recording = Recording::open(session, signatures, &mut |_| ())?;
    let notes: Vec<_> = session.marks.iter().map(|m| (m.time, m.mark.clone(), m.note.clone())).collect();
    let contents = Contents {
        report,
        policies,
        recording: &recording,
        keys: &session.keys,
        notes: &notes,
        kind: if args.sealed { Kind::Sealed } else { Kind::Masked },
        recorded: match (args.sealed, args.full) {
            (false, _) => Recorded::None,
            (true, false) => Recorded::Slices,
            (true, true) => Recorded::Captures,
        },
        command: command(args, policies, report),
        language: args.language.into(),
        gate: &Gate::default(),
    };
    // A bundle is there whole, or not at all.
    if is_zip(to) {
        let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
        build(&contents, folder.path(), key)?;
        if args.sealed {
            output::private(to, b"")?;
        }
        pack(folder.path(), to).inspect_err(|_| drop(std::fs::remove_file(to)))?;
    } else {
        let made = !to.exists();
        folder(to, args.sealed).with_context(|| format!("cannot make the folder {}", to.display()))?;
        build(&contents, to, key).inspect_err(|_| drop(made.then(|| std::fs::remove_dir_all(to))))?;
    }
    Ok(())
}

/// Refuses an output that exists: nothing is overwritten.
fn ensure_free(to: &Path) -> anyhow::Result<()> {
    if is_zip(to) {
        ensure!(!to.exists(), "{} exists; name another file", to.display());
    } else {
        ensure!(!to.is_file(), "{} is a file; name a folder, or a ZIP file with the extension .zip", to.display());
        let full = std::fs::read_dir(to).is_ok_and(|mut entries| entries.next().is_some());
        ensure!(!full, "{} exists and is not empty; name another folder", to.display());
    }
    Ok(())
}

/// The command line for the chain of actions, with file names instead of paths, so that the same session
/// gives the same bytes wherever it lies. Output, signing key, and options that change nothing
/// (threads, quiet) are left out.
fn command(args: &Make, policies: &[PathBuf], report: &Report) -> Vec<String> {
    let name = |path: &PathBuf| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut words = vec!["wirewitness".to_owned(), "bundle".to_owned()];
    words.extend(report.inputs.iter().map(|input| input.name.clone()));
    let mut add = |option: &str, value: String| words.extend([option.to_owned(), value]);
    policies.iter().for_each(|policy| add("--policy", name(policy)));
    args.terms.ignore.iter().for_each(|file| add("--ignore", name(file)));
    args.terms.baseline.iter().for_each(|file| add("--baseline", name(file)));
    args.traffic.signatures.iter().for_each(|folder| add("--signatures", name(folder)));
    args.traffic.geo_db.iter().for_each(|file| add("--geo-db", name(file)));
    args.traffic.noise.iter().for_each(|file| add("--noise", name(file)));
    words.extend(args.sealed.then(|| "--sealed".to_owned()));
    words.extend(args.full.then(|| "--full".to_owned()));
    if args.language == Language::Zh {
        words.extend(["--language".to_owned(), "zh".to_owned()]);
    }
    words
}

/// Makes a folder; one that holds frames for its owner alone.
fn folder(path: &Path, sealed: bool) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    if sealed {
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    }
    let _ = sealed;
    builder.create(path)
}

pub(super) fn is_zip(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("zip"))
}

/// The path of the output; the name of a sealed bundle gets the word [`SENSITIVE`].
fn named(path: &Path, sealed: bool) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if !sealed || name.contains(SENSITIVE) {
        return path.to_owned();
    }
    let named = match (is_zip(path), path.file_stem()) {
        (true, Some(stem)) => format!("{}.{SENSITIVE}.zip", stem.to_string_lossy()),
        _ => format!("{name}.{SENSITIVE}"),
    };
    path.with_file_name(named)
}

fn secret_key(path: &Path) -> anyhow::Result<SecretKey> {
    let bytes = output::read(path, KEY_LIMIT)?;
    if is_private(path) == Some(false) {
        output::say(false, &format!("{} can be read by others than you: chmod 600 {0}", path.display()));
    }
    SecretKey::parse(&String::from_utf8_lossy(&bytes)).map_err(|error| anyhow::anyhow!("{} {error}", path.display()))
}

fn stamp(step: &Stamp) -> anyhow::Result<Outcome> {
    if let Some(path) = &step.request {
        let request = bundle::request(&step.bundle)?;
        std::fs::write(path, request).with_context(|| format!("cannot write {}", path.display()))?;
    }
    if let Some(path) = &step.response {
        let response = output::read(path, bundle::PROOF_LIMIT)?;
        let by = bundle::stamp(&step.bundle, &response, &super::verify::authorities(&step.tsa_cert)?)?;
        output::stdout(format!("{by}\n").as_bytes())?;
    }
    Ok(Outcome::Clear)
}

/// Writes a new pair of keys; never over one that is there.
fn make_key(path: &Path) -> anyhow::Result<Outcome> {
    let public = PathBuf::from(format!("{}.pub", path.display()));
    for path in [path, &public] {
        if path.exists() {
            bail!("{} exists; a key is never overwritten", path.display());
        }
    }
    let key = SecretKey::generate()?;
    output::private(path, key.to_text().as_bytes())?;
    std::fs::write(&public, key.public().to_text()).with_context(|| format!("cannot write {}", public.display()))?;
    output::say(false, &format!("{} signs: keep it; {} is to be given away", path.display(), public.display()));
    output::stdout(format!("{}\n", key.public().to_line()).as_bytes())?;
    Ok(Outcome::Clear)
}
