//! Messages to recipients: whose host a message went to.
//!
//! Takes a message and the names that DNS gave, hands on an [`Attribution`]: a product of
//! a company, the first party, a group, infrastructure, or just a host, with the reason as
//! data. It does not know what a message says, which app sent it, nor what any policy
//! declares; of the body it reads the names of form fields only, to tell private
//! deployments of an SDK.
//!
//! Of several names the most telling is taken: the opened `Host` or `:authority`, then the
//! SNI, then a DNS answer to this client, then the address alone. The rules for the name
//! stand in [`decide`](self), in the order they are tried.

mod decide;
mod geo;
mod host;
mod names;
mod nat64;
mod paths;
mod scope;

use std::collections::BTreeMap;
use std::net::IpAddr;

pub use geo::{GeoData, GeoError};
pub use host::{Host, normalise};
pub use names::{AddressName, NameQuality, NameTable};
pub use paths::PathHit;
pub use scope::Scope;

use crate::evidence::{Certainty, Ground, GroundCode, Reason, Time};
use crate::message::Message;
use crate::observations::{NameSource, Recipient, Role};
use crate::signatures::{Index, Signatures};

/// The public suffix list that registrable domains are cut with: the package that holds it, and
/// the list itself, whose rules the package keeps as `data/rules.txt` (`tests/suffixes.rs`).
pub const PUBLIC_SUFFIX_LIST: &str = "psl 2.1.247, 10397 rules, \
    SHA-256 3a2387250f761557e116716617b7c131ce986764ed5930c37a409a2c09a56868";

/// Whom a message went to, and how that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribution {
    /// See [`Recipient`].
    pub recipient: Recipient,
    /// The name (or address) that was attributed.
    pub host: String,
    /// What it was taken from.
    pub name_source: NameSource,
    /// What a reader should know beside the result: an SNI that is not the `Host`.
    pub remark: Option<Reason>,
    /// The user settled this host as "ignore"; this is their reason.
    pub ignored: Option<String>,
}

/// Attributes messages. Built once for a session after its DNS answers are known; shared by threads.
#[derive(Debug)]
pub struct Attributor<'s> {
    index: Index<'s>,
    scope: scope::Resolved,
    names: NameTable,
    paths: paths::PathRules<'s>,
    /// Protocols that only the operating system speaks: id to name.
    system: BTreeMap<&'s str, &'s str>,
}

/// What is attributed: a name or address, and what helps to tell whose it is.
#[derive(Clone, Debug)]
struct Subject<'a> {
    host: Host,
    source: NameSource,
    /// The highest certainty that it can have, by how its name is known.
    at_most: Certainty,
    /// What its name is taken from: the first ground of the reason.
    named: Ground,
    /// Names of the server's certificate, where it was seen.
    certificate: &'a [String],
    path: Option<&'a str>,
    port: u16,
    time: Time,
}

impl<'s> Attributor<'s> {
    /// For a session. What of `scope` cannot be used is left out; [`Scope::check`] says what.
    pub fn new(signatures: &'s Signatures, scope: Scope, names: NameTable) -> Self {
        let index = Index::new(signatures);
        let scope = scope::Resolved::new(scope, &index);
        let system = signatures.services.values().filter(|service| service.system);
        let system = system.map(|service| (service.id.as_str(), service.name.as_str())).collect();
        Self { paths: paths::PathRules::new(signatures), index, scope, names, system }
    }

    /// The index it looks things up in.
    pub fn index(&self) -> &Index<'s> {
        &self.index
    }

    /// The names it knows addresses by.
    pub fn names(&self) -> &NameTable {
        &self.names
    }

    /// Whom `message` went to (or, received, came from).
    pub fn attribute(&self, message: &Message) -> Attribution {
        let target = paths::target(message);
        let path = target.map(paths::path_of);
        let opened = message.host.as_deref().filter(|_| message.opened).and_then(Host::parse);
        let sni = message.sni.as_deref().and_then(Host::parse);
        let remark = match (&opened, &sni) {
            (Some(opened), Some(sni)) if opened != sni => {
                let differs = Ground::new(GroundCode::SniDiffers).with("sni", sni.text());
                Some(differs.with("host", opened.text()).into())
            }
            _ => None,
        };
        let subject = |host, source, at_most, named| Subject {
            host,
            source,
            at_most,
            named,
            certificate: &message.certificate_names,
            path,
            port: message.port,
            time: message.time,
        };
        let named = match (&opened, &sni) {
            // A literal address in Host says no more than the address itself.
            (Some(host @ Host::Name(_)), _) => Some((host.clone(), NameSource::Opened)),
            (_, Some(host @ Host::Name(_))) => Some((host.clone(), NameSource::Sni)),
            (Some(host), _) => Some((host.clone(), NameSource::Opened)),
            (None, _) => None,
        };
        let via = || self.paths.product(message, target);
        let mut attribution = match named {
            Some((host, source)) => {
                let named = ground_of(source, &host);
                self.decide(&subject(host, source, Certainty::Confirmed, named), via)
            }
            None => self.by_address(message, via, subject),
        };
        attribution.remark = remark;
        if let Some((id, name)) = message.service.as_deref().and_then(|id| self.system.get_key_value(id)) {
            of_system(&mut attribution.recipient, id, name);
        }
        attribution
    }

    /// Path rules that fit a request target, best known or not: what `target` may be by.
    pub fn path_rules(&self, target: &str) -> Vec<PathHit<'s>> {
        self.paths.candidates(target)
    }

    /// A host by itself, with the target that was asked of it, as `signatures which` asks: no DNS,
    /// no request.
    pub fn attribute_host(&self, host: Host, target: Option<&str>, port: u16) -> Attribution {
        let path = target.map(paths::path_of);
        let source = match host {
            Host::Name(_) => NameSource::Opened,
            Host::Address(_) => NameSource::Address,
        };
        let (at_most, named) = (Certainty::Confirmed, ground_of(source, &host));
        let subject = Subject { host, source, at_most, named, certificate: &[], path, port, time: Time(0) };
        self.decide(&subject, || target.and_then(|target| self.paths.of_target(target)))
    }

    fn by_address<'m>(
        &self,
        message: &'m Message,
        via: impl Fn() -> Option<&'s crate::signatures::Product>,
        subject: impl Fn(Host, NameSource, Certainty, Ground) -> Subject<'m>,
    ) -> Attribution {
        let address = self.names.plain(message.server);
        let bare = || {
            let host = Host::Address(address);
            let named = ground_of(NameSource::Address, &host);
            subject(host, NameSource::Address, Certainty::Confirmed, named)
        };
        let Some(found) = self.names.name_of(message.client, message.server, message.time) else {
            return self.printed(self.decide(&bare(), &via), message.server);
        };
        let by_dns = |name: &str, at_most| {
            let mut named = Ground::new(found.how).with("host", name);
            if found.how == GroundCode::NameDnsOfSeveral {
                named = named.with("others", found.others.join(", "));
            }
            subject(Host::Name(name.to_owned()), NameSource::Dns, at_most, named)
        };
        let at_most = match found.quality {
            NameQuality::Valid => Certainty::Probable,
            NameQuality::Unsure => Certainty::Possible,
        };
        let mut attribution = self.decide(&by_dns(&found.name, at_most), &via);
        // Several names that all mean the same recipient are as good as one.
        if found.quality == NameQuality::Unsure && !found.others.is_empty() {
            let others = found.others.iter().map(|o| self.decide(&by_dns(o, Certainty::Possible), &via));
            let mut ids = others.map(|other| other.recipient.id);
            if ids.all(|id| id == attribution.recipient.id) {
                attribution = self.decide(&by_dns(&found.name, Certainty::Probable), &via);
            }
        }
        attribution
    }

    /// An address is printed as it stood in the capture.
    fn printed(&self, mut attribution: Attribution, server: IpAddr) -> Attribution {
        attribution.host = server.to_string();
        if attribution.recipient.id.starts_with("address:") {
            attribution.recipient.id = format!("address:{server}");
        }
        attribution
    }
}

/// The ground that a name stands on where DNS was not asked.
fn ground_of(source: NameSource, host: &Host) -> Ground {
    let code = match source {
        NameSource::Opened => GroundCode::NameOpened,
        NameSource::Sni => GroundCode::NameSni,
        NameSource::Dns => GroundCode::NameDns,
        NameSource::Address => GroundCode::NameAddress,
    };
    Ground::new(code).with("host", host.text())
}

/// What goes this way is the operating system's, whatever app runs (a lease of an address): listed and not judged.
fn of_system(recipient: &mut Recipient, id: &str, name: &str) {
    if matches!(recipient.role, Role::Unknown | Role::Unnamed) {
        recipient.id = format!("system:{id}");
        recipient.role = Role::Platform;
        (recipient.zh, recipient.en) = (name.to_owned(), name.to_owned());
        recipient.reason =
            std::mem::take(&mut recipient.reason).and(Ground::new(GroundCode::SystemService).with("service", name));
    }
}
