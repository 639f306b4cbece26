//! `proxy`: a session by an intercepting proxy; `proxy ca`: the certificate to install for it.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::Outcome;

/// Record what a device sends through a proxy, TLS opened, into a session folder
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
#[command(
    after_help = "The device needs the certificate that `wirewitness proxy ca` exports, and this proxy for HTTP, \
    HTTPS or SOCKS. docs/proxy.md has the steps for Android, iOS and emulators."
)]
#[cfg_attr(not(feature = "proxy"), allow(dead_code))]
pub struct Args {
    #[command(subcommand)]
    command: Option<Command>,

    /// The session folder; made where needed
    session: Option<PathBuf>,

    /// Address, or address and port, to listen on; any but a loopback address needs --allow
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080", value_parser = address)]
    listen: SocketAddr,

    /// Network whose clients may use it, such as 192.168.1.0/24; may be repeated
    #[arg(long, value_name = "NETWORK")]
    allow: Vec<String>,

    /// PEM file of roots to trust for servers' certificates, in addition to Mozilla's; may be repeated
    #[arg(long, value_name = "FILE")]
    upstream_ca: Vec<PathBuf>,

    #[command(flatten)]
    authority: Folder,

    /// Stop by itself after this many seconds
    #[arg(long, value_name = "SECONDS")]
    duration: Option<u64>,

    /// Print nothing but errors on standard error
    #[arg(long)]
    quiet: bool,
}

#[derive(Debug, clap::Args)]
#[cfg_attr(not(feature = "proxy"), allow(dead_code))]
struct Folder {
    /// Folder of the proxy's certificate and its key [default: wirewitness in the user's configuration folder]
    #[arg(long, value_name = "DIR")]
    ca_dir: Option<PathBuf>,
}

#[derive(Debug, clap::Subcommand)]
#[cfg_attr(not(feature = "proxy"), allow(dead_code))]
enum Command {
    /// Export the certificate to install on the device; it is made at first use, and its key is never shown
    Ca {
        /// File to write [default: print it as PEM]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,

        /// PEM or DER
        #[arg(long, value_enum, value_name = "FORM", default_value_t)]
        form: Form,

        #[command(flatten)]
        authority: Folder,
    },
}

/// How a certificate is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum Form {
    /// Text
    #[default]
    Pem,
    /// Binary
    Der,
}

/// An address, with the port that proxies have by custom where none is given.
fn address(text: &str) -> Result<SocketAddr, String> {
    let bare = || text.parse().map(|ip| SocketAddr::new(ip, 8080));
    text.parse().or_else(|_| bare()).map_err(|_| format!("{text:?} is no address such as 127.0.0.1:8080"))
}

#[cfg(not(feature = "proxy"))]
pub fn run(_: Args) -> anyhow::Result<Outcome> {
    anyhow::bail!("this build has no proxy; build with the feature `proxy`")
}

#[cfg(feature = "proxy")]
pub fn run(args: Args) -> anyhow::Result<Outcome> {
    live::run(args)
}

#[cfg(feature = "proxy")]
mod live {
    use std::net::{IpAddr, UdpSocket};
    use std::path::PathBuf;
    use std::time::{Duration, Instant};

    use anyhow::Context;

    use super::super::{Outcome, output, recorded};
    use super::{Args, Command, Folder, Form};
    use crate::record::proxy::{self, Authority, CERTIFICATE_PATH, Event, Network, Settings};
    use crate::report::escape::visible;
    use crate::session::{self, Known, Recorded};

    pub fn run(args: Args) -> anyhow::Result<Outcome> {
        match args.command {
            Some(Command::Ca { out, form, authority }) => export(out, form, authority),
            None => record(args),
        }
    }

    fn folder(given: Folder) -> anyhow::Result<PathBuf> {
        given
            .ca_dir
            .or_else(proxy::default_folder)
            .context("the user has no folder of settings (HOME is not set); say where with --ca-dir")
    }

    fn export(out: Option<PathBuf>, form: Form, authority: Folder) -> anyhow::Result<Outcome> {
        let folder = folder(authority)?;
        let (authority, made) = Authority::open(&folder)?;
        if made {
            output::say(false, &format!("made a new certificate and its key in {}", folder.display()));
        }
        let bytes = match form {
            Form::Pem => std::fs::read(folder.join(proxy::CERTIFICATE))?,
            Form::Der => authority.certificate().to_vec(),
        };
        match out {
            None => output::stdout(&bytes)?,
            Some(path) => {
                std::fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
                output::say(false, &format!("wrote {}; docs/proxy.md says how a device takes it", path.display()));
            }
        }
        Ok(Outcome::Clear)
    }

    fn record(args: Args) -> anyhow::Result<Outcome> {
        let session = args.session.context("say which session folder to record into: wirewitness proxy DIR")?;
        recorded::ready(&session)?;
        let allow = args.allow.iter().map(|text| Network::parse(text)).collect::<Result<Vec<_>, _>>();
        let settings = Settings {
            listen: args.listen,
            allow: allow.map_err(anyhow::Error::msg)?,
            authority: folder(args.authority)?,
            roots: args.upstream_ca,
            duration: args.duration.map(Duration::from_secs),
        };
        let quiet = args.quiet;
        let began = Instant::now();
        let ready = |address: std::net::SocketAddr, path: &std::path::Path, made: bool| {
            let recorded = Recorded { interface: Some(address.to_string()), ..Recorded::now("proxy") };
            if let Err(error) = session::begin(&session, &Known { recorded: Some(recorded), ..Known::default() }) {
                // What passes is recorded all the same.
                output::say(quiet, &error.to_string());
            }
            output::say(quiet, &format!("listening at {address}, recording into {}; Ctrl-C ends it", path.display()));
            if made {
                output::say(quiet, "made a new certificate: the device needs it, see `wirewitness proxy ca`");
            }
            let reached = std::net::SocketAddr::new(reached(address.ip()), address.port());
            output::say(quiet, &format!("the device gets the certificate at http://{reached}{CERTIFICATE_PATH}"));
            let session = session.display();
            output::say(
                quiet,
                &format!("mark what happens from another terminal: wirewitness mark {session} launched"),
            );
        };
        let tell = Box::new(move |event: &Event| output::say(quiet, &visible(&words(event))));
        let progress = proxy::run(&settings, &session, ready, tell)?;
        let mut line = format!(
            "recorded {} connections, {} TLS opened, {} passed through untouched, {} plain requests, {} packets in {} s",
            progress.connections,
            progress.opened,
            progress.passed,
            progress.requests,
            progress.packets,
            began.elapsed().as_secs()
        );
        for (count, what) in [(progress.turned_away, "not allowed"), (progress.strangers, "no proxy's protocol")] {
            if count > 0 {
                line.push_str(&format!("; {count} connections turned away ({what})"));
            }
        }
        output::say(quiet, &line);
        if progress.connections == 0 {
            output::say(quiet, "no connection came: does the device use this machine and port as its proxy?");
        }
        output::say(quiet, &recorded::audit_it(&session));
        Ok(Outcome::Clear)
    }

    /// The address by which other machines reach this one, where it listens at all of them: the one that it
    /// would send from. No packet is sent to learn it.
    fn reached(address: IpAddr) -> IpAddr {
        let (own, anywhere) = match address {
            IpAddr::V4(own) if own.is_unspecified() => (address, "192.0.2.1:9"),
            IpAddr::V6(own) if own.is_unspecified() => (address, "[2001:db8::1]:9"),
            _ => return address,
        };
        let sends_from = UdpSocket::bind((own, 0)).and_then(|socket| {
            socket.connect(anywhere)?;
            socket.local_addr()
        });
        sends_from.map_or(address, |from| from.ip())
    }

    fn words(event: &Event) -> String {
        match event {
            Event::Pinned { host, client } => {
                format!("pinned: {client} refuses this proxy's certificate for {host}; passed through from now on")
            }
            Event::ClientCertificate { host } => {
                format!("{host} wants a certificate of the client; passed through from now on")
            }
            Event::BadCertificate { host, what } => {
                format!(
                    "{host} has a certificate that does not verify ({what}); the client gets one that does not either"
                )
            }
            Event::NotOpened { host, why } => format!("{host} was passed through: no handshake with it ({why})"),
            Event::Unreached { target, why } => format!("no connection to {target}: {why}"),
            Event::TurnedAway { client } => format!("{client} is not among the allowed clients and was turned away"),
        }
    }
}
