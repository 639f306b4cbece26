//! Runs to unknown identifiers: what is the same wherever one device is, and different
//! on another.
//!
//! Takes the messages of several runs of one app, each with its relation to the first
//! device; hands on [`Discoveries`]. A value is a device identifier only where a run shows
//! that it is no constant of the app: it stays the same from run to run and is another one
//! on another device, or after a reinstallation or a reset. It knows no policy and no
//! verdict, and judges by form and field name only what kind of value is left aside.

mod compare;
mod judge;
mod place;
mod sift;
mod value;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::evidence::{Gap, Masked, Place};
use crate::examine::{ExamineError, Remarks};
use crate::observations::Input;
use crate::session::Session;
use crate::signatures::Signatures;

pub use compare::compare;
pub use place::Run;

/// What the JSON calls itself.
pub const SCHEMA: &str = "wirewitness-discover/1";

/// What a run is to the first device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Relation {
    /// The same device, app restarted.
    Same,
    /// Another device with the same app.
    OtherDevice,
    /// The same device, app deleted and installed again.
    Reinstalled,
    /// The same device after its identifiers were reset: factory reset, or a new advertising id.
    Reset,
}

/// A run as it was read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunRead {
    /// See [`Relation`].
    pub relation: Relation,
    /// As it was given on the command line, without folders.
    pub name: String,
    /// Its captures.
    pub inputs: Vec<Input>,
    /// Sent messages that could be read.
    pub messages: u64,
    /// Streams that stayed closed.
    pub closed: u64,
}

/// What became of a value in runs of one relation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// It is there.
    Survives,
    /// Its place holds another value.
    Renewed,
    /// Its place was not seen.
    NotSeen,
    /// There is no such run.
    NotTested,
}

/// What a value names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Names {
    /// The device: it outlives a reinstallation of the app.
    Device,
    /// The installation: a new one after the app was installed again.
    Installation,
    /// One of both: no run after a reinstallation shows which.
    DeviceOrInstallation,
    /// The app or the device: no run on another device shows which.
    DeviceOrApp,
}

/// A place where a value was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// Key into [`Discoveries::recipients`].
    pub recipient: String,
    /// Hosts, ids in their names replaced.
    pub hosts: Vec<String>,
    /// `POST /v2/bind`.
    pub message: String,
    /// The way to the value, `body`, `json $.device.zid`.
    pub way: Vec<String>,
    /// Name of the field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Messages of all runs on the first device that carried it here.
    pub messages: u64,
    /// The first such message of each run: number of the run, and where it lies.
    pub seen: Vec<(u32, Place)>,
}

/// A value that stays.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Identifier {
    /// `unknown#1` …; equal values have one label.
    pub label: String,
    /// See [`Names`].
    pub names: Names,
    /// Its form, `32 hex digits`.
    pub form: String,
    /// The value, masked.
    pub masked: Masked,
    /// In further runs of the same device.
    pub restart: Fate,
    /// After a reinstallation.
    pub reinstall: Fate,
    /// After a reset.
    pub reset: Fate,
    /// On other devices: [`Fate::Renewed`] is "another value there".
    pub other_device: Fate,
    /// The data type that its field suggests, and no profile confirms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looks_like: Option<String>,
    /// It is a digest of another value here: `md5`, and that one's label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest_of: Option<(String, String)>,
    /// By recipient, message, way.
    pub places: Vec<Found>,
    /// A line for `device.toml`, so that it is confirmed from then on.
    pub device_line: String,
    /// A signature of its field's name for `--signatures`; none where it has no name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
}

/// A value of the profile: nothing to discover.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Known {
    /// Data type id.
    pub data_type: String,
    /// The value, masked.
    pub masked: Masked,
    /// By recipient, message, way.
    pub places: Vec<Found>,
}

/// Why a stable value is no unknown identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Aside {
    /// It is the same on another device: a constant of the app.
    SameElsewhere,
    /// Its field describes the device or the app: model, version, language.
    Property,
    /// A digest of such a value.
    DigestOfProperty,
    /// A time.
    Time,
    /// A version or build number.
    Version,
    /// A number too small to name anything.
    Number,
    /// A network address.
    Address,
    /// Words: too little differs.
    Words,
    /// It has a form that could be one, and neither length nor field name says so.
    TooShort,
    /// A placeholder for a withheld value.
    Placeholder,
}

/// A stable value that was set aside.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SetAside {
    /// Why.
    pub why: Aside,
    /// Recipient, as in [`Found`].
    pub recipient: String,
    /// `POST /v2/bind`.
    pub message: String,
    /// The way to it.
    pub way: Vec<String>,
}

/// What comparing the runs came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Discoveries {
    /// [`SCHEMA`].
    pub schema: String,
    /// The runs, the first device's first.
    pub runs: Vec<RunRead>,
    /// Names of recipients, Chinese and English, and the company.
    pub recipients: BTreeMap<String, RecipientName>,
    /// Identifiers that no profile knows.
    pub identifiers: Vec<Identifier>,
    /// Stable values of which nothing shows whether they name the device or the app.
    pub undecided: Vec<Identifier>,
    /// Values of the profile.
    pub known: Vec<Known>,
    /// What was set aside.
    pub set_aside: Vec<SetAside>,
    /// Values at places that hold another one in each run of the first device, or several.
    pub varying: u64,
    /// What could not be seen.
    pub gaps: Vec<Gap>,
}

/// How a recipient is printed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecipientName {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
    /// Product id, where one is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
}

/// Reads one run.
pub fn read(
    session: &Session,
    signatures: &Signatures,
    remarks: &mut Remarks<'_>,
) -> Result<(Run, crate::examine::Told), ExamineError> {
    let mut run = Run::default();
    let told = crate::examine::sent(session, signatures, remarks, &mut |sent| run.take(&sent))?;
    Ok((run, told))
}
