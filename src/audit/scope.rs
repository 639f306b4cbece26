//! Which recipients are judged, and as what.

use crate::observations::{Observations, Recipient, Role, Sighting, same_app};
use crate::signatures::{Product, Signatures};

/// What verdicts need beside the flow and the policy.
pub struct Scope<'a> {
    /// The traffic is known to be the audited app's.
    pub app_proven: bool,
    /// Country that the data is to stay in, where the policy or the session says one.
    pub home: Option<String>,
    /// The facts.
    pub signatures: &'a Signatures,
}

/// How a recipient is judged.
#[derive(Clone, Copy, Debug)]
pub enum Standing<'a> {
    /// The app's maker.
    FirstParty,
    /// A product that policies can name.
    Product(&'a Product),
    /// A group's domain, product unknown; the group's id.
    Group(&'a str),
    /// A domain that no signature knows.
    Unnamed,
    /// It may be the app's own: first parties were not given.
    Unknown,
    /// Shared infrastructure, tenant unknown.
    Infrastructure,
    /// Listed, not judged.
    Listed,
}

impl Standing<'_> {
    /// It is, as far as can be known, neither the app's maker nor the system.
    pub fn is_third_party(self) -> bool {
        matches!(self, Self::Product(_) | Self::Group(_) | Self::Unnamed)
    }
}

impl<'a> Scope<'a> {
    /// How `recipient` is judged.
    ///
    /// The operating system's own services speak for every app on the device, so a
    /// platform recipient is a third party only where the traffic is proven to be
    /// the app's and a product of the signatures matches.
    pub fn standing(&self, recipient: &'a Recipient) -> Standing<'a> {
        let product = recipient.product.as_ref().and_then(|id| self.signatures.products.get(id));
        match (recipient.role, product) {
            (Role::FirstParty, _) => Standing::FirstParty,
            (Role::ThirdParty, Some(product)) => Standing::Product(product),
            // Without a package it is no SDK: the system itself.
            (Role::Platform, Some(product)) if self.app_proven && !product.packages.is_empty() => {
                Standing::Product(product)
            }
            (Role::GroupUnknown, _) => Standing::Group(recipient.id.strip_prefix("group:").unwrap_or(&recipient.id)),
            (Role::ThirdParty | Role::Unnamed, _) => Standing::Unnamed,
            (Role::Unknown, _) => Standing::Unknown,
            (Role::Infrastructure, _) => Standing::Infrastructure,
            (Role::Platform | Role::OtherApp, _) => Standing::Listed,
        }
    }

    /// The sighting is an id that this recipient issued itself: its own number coming
    /// back tells it nothing, so it is listed and not judged. Known by the key that the
    /// product's ids travel under; the same number under any key to anyone else is a flow.
    pub fn comes_home(&self, recipient: &Recipient, sighting: &Sighting) -> bool {
        let issues = recipient
            .product
            .as_ref()
            .and_then(|id| self.signatures.products.get(id))
            .map(|product| product.issues.as_slice())
            .unwrap_or_default();
        sighting.data_type == ISSUED
            && sighting.key.as_ref().is_some_and(|key| issues.iter().any(|issued| folded(issued) == folded(key)))
    }
}

/// Key names are compared by their letters and digits alone: `registration_id` is `registrationId`.
fn folded(key: &str) -> String {
    key.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The data type of ids that SDKs issue (cid, utdid, qimei …).
const ISSUED: &str = "sdk_id";

/// Takes traffic of other apps out; what was dropped stays counted in the coverage.
pub fn drop_other_apps(mut observations: Observations) -> Observations {
    let foreign = |recipient: &str, app: &Option<String>| {
        let role = observations.recipients.get(recipient).map(|r| r.role);
        role == Some(Role::OtherApp)
            || matches!((app, &observations.app), (Some(app), Some(audited)) if !same_app(app, audited))
    };
    let dropped: u64 = observations.contacts.iter().filter(|c| foreign(&c.recipient, &c.app)).map(|c| c.messages).sum();
    let keep_contact: Vec<bool> = observations.contacts.iter().map(|c| !foreign(&c.recipient, &c.app)).collect();
    let keep_sighting: Vec<bool> = observations.sightings.iter().map(|s| !foreign(&s.recipient, &s.app)).collect();
    let keep_flow: Vec<bool> = observations.flows.iter().map(|f| !foreign(&f.recipient, &f.app)).collect();
    retain(&mut observations.contacts, &keep_contact);
    retain(&mut observations.sightings, &keep_sighting);
    retain(&mut observations.flows, &keep_flow);
    observations.recipients.retain(|_, r| r.role != Role::OtherApp);
    let recipients = &observations.recipients;
    observations.sealed.retain(|s| recipients.contains_key(&s.recipient));
    let audited = observations.app.clone();
    let of_app = |app: &Option<String>| app.as_deref().zip(audited.as_deref()).is_none_or(|(a, b)| same_app(a, b));
    observations.withheld.retain(|s| recipients.contains_key(&s.recipient) && of_app(&s.app));
    // The examination counts what it drops itself; what arrives here anyway was not dropped there.
    let counted = &mut observations.coverage.other_app_messages;
    *counted = (*counted).max(dropped);
    observations
}

fn retain<T>(items: &mut Vec<T>, keep: &[bool]) {
    let mut keep = keep.iter();
    items.retain(|_| keep.next().copied().unwrap_or(true));
}
