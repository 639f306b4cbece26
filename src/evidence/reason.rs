//! Why something is said, as data.
//!
//! A reason is read by people of two languages and by programs, so it is no sentence
//! here: it is a list of [`Ground`]s, each a stable code with its fields.
//! `report::language` has the words of every code in both languages.

mod fields;

use serde::{Deserialize, Serialize};

pub use fields::Fields;

/// Declares the codes once: their words in JSON, and that each has a sentence (the
/// language's `match` leaves none out).
macro_rules! grounds {
    ($($(#[$doc:meta])* $code:ident,)*) => {
        /// What a ground says. The fields that each has stand in braces.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum GroundCode {
            $($(#[$doc])* $code,)*
        }

        impl GroundCode {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$code,)*];
        }
    };
}

grounds! {
    // The name that was attributed: {host}.
    /// `Host` or `:authority` of an opened message.
    NameOpened,
    /// Server name of the hello.
    NameSni,
    /// By a valid DNS answer to this client.
    NameDns,
    /// By the newest of several DNS answers; the others are {others}.
    NameDnsOfSeveral,
    /// By a DNS answer that had expired.
    NameDnsExpired,
    /// By a DNS answer to another client.
    NameDnsOtherClient,
    /// By the names that the capture file gives.
    NameOfCaptureFile,
    /// Nothing but the address.
    NameAddress,

    // Whose name that is.
    /// The product {zh} {en} lists the host {matched}, at {origin}.
    MatchHost,
    /// Its pattern {matched} fits.
    MatchPattern,
    /// It lies under its domain {matched}.
    MatchDomain,
    /// It asks for a port or paths as well ({rule}), and they fit.
    MatchNarrowed,
    /// The name is an alias (CNAME) of {alias}.
    Alias,
    /// The product's company is the owner of the app.
    Owner,
    /// It lies under {domain}, which was given as first party.
    FirstParty,
    /// It lies under {domain}, a domain of the group {zh} {en}, at {origin}.
    Group,
    /// The owner ({owner}) belongs to that group.
    GroupOfOwner,
    /// None of the group's products lists this host.
    GroupWithoutProduct,
    /// It lies under {domain}, {kind} of {zh}, {en}, at {origin}.
    Infrastructure,
    /// The user settled it as {as}: {why}.
    Settled,
    /// It lies in the local network.
    Local,
    /// An address without a name, which no signature lists.
    AddressOnly,
    /// In no signature and not under a first-party domain.
    Unnamed,
    /// In no signature, and no first-party domain was given.
    Unknown,
    /// Path and fields are those of the product {zh} {en}, at {origin}.
    ViaPath,
    /// The server's certificate is for {certificate}, which covers the name.
    CertificateAgrees,
    /// The certificate names {certificate}, which does not cover the name.
    CertificateDiffers,
    /// The connection was opened for {sni} (SNI), the request names {host} (Host).
    SniDiffers,

    // Why a value is of a type.
    /// The key is a name of it.
    KeyNames,
    /// The value has its structure.
    ShapeFits,
    /// The value has a digest's length.
    DigestLength,
    /// The recipient is known to use this key for it.
    RecipientKey,
    /// The value has its structure; no key says so.
    ShapeAlone,
    /// A value of this type is in the profile, and it is not this one.
    NotOfProfile,
    /// The address is locally administered, so a randomised one.
    Randomised,
    /// A value of the device profile, written {variant}.
    ProfileValue,
    /// The {digest} of a value of the device profile, written {variant}.
    ProfileDigest,
    /// It stands under the key {key}.
    UnderKey,
    /// It was sent outside the time in which the profile's value was valid.
    OutsideValidity,
    /// An id that the product {product} issued under the key {key}, in a message that was received.
    Issued,
    /// {count} apps of the device profile in one body.
    ProfileApps,
    /// {count} package names in one body.
    Packages,
    /// A key there is a name of it.
    Keyed,
    /// No key there says so.
    Unkeyed,
    /// Within 100 m of a place of the device profile, in {datum}, as far as {decimals} decimals can tell.
    ProfilePlace,
    /// The keys are names of it and the values are in range.
    PlaceKeys,
    /// The numbers of an area and of a cell stand side by side under names of them.
    TowerKeys,
    /// The place is that of something that stands there: a shop, a station.
    PlaceOfSite,
    /// Whom it reaches is something that stands there: a shop, a station.
    ContactOfSite,
    /// {count} devices near by, in {name}.
    Nearby,
    /// Several different ones stand in one list: of several things, not of the device.
    SeveralThings,
    /// It is none of the profile's places.
    NoPlaceOfProfile,
    /// It was found through an experimental recipe.
    ExperimentalRecipe,
    /// It is the {digest} of a value beside it.
    DigestOfNeighbour,
    /// What stands beside it may belong to it, and make another name of it.
    LongerName,
    /// Only the operating system speaks {service}.
    SystemService,
    /// It stands between bytes that are no text.
    AmongBytes,
    /// The message, or the device profile, tells which system the device has: ids of the other one are its own.
    OfSystem,
}

/// One part of a reason.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Ground {
    /// See [`GroundCode`].
    pub code: GroundCode,
    /// What the code's sentence names, by field.
    #[serde(default, skip_serializing_if = "Fields::is_empty")]
    pub fields: Fields,
}

impl Ground {
    /// Without fields.
    pub fn new(code: GroundCode) -> Self {
        Self { code, fields: Fields::default() }
    }

    /// With one more field.
    #[must_use]
    pub fn with(mut self, field: &'static str, value: impl Into<String>) -> Self {
        self.fields.insert(field, value.into());
        self
    }
}

/// Why something is said: its grounds, the first one first.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Reason(pub Vec<Ground>);

impl Reason {
    /// Of several grounds.
    pub fn of(grounds: impl IntoIterator<Item = Ground>) -> Self {
        Self(grounds.into_iter().collect())
    }

    /// With one more ground.
    #[must_use]
    pub fn and(mut self, ground: Ground) -> Self {
        self.0.push(ground);
        self
    }

    /// It has a ground with this code.
    pub fn says(&self, code: GroundCode) -> bool {
        self.0.iter().any(|ground| ground.code == code)
    }

    /// The fields' values, to be changed where a report must not print them.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut String> {
        self.0.iter_mut().flat_map(|ground| ground.fields.iter_mut().map(|(_, value)| value))
    }
}

impl From<Ground> for Reason {
    fn from(ground: Ground) -> Self {
        Self(vec![ground])
    }
}

impl From<GroundCode> for Reason {
    fn from(code: GroundCode) -> Self {
        Ground::new(code).into()
    }
}
