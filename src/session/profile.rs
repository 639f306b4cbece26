//! `device.toml`: the real values of the test device.

use std::collections::BTreeMap;

use crate::evidence::Time;

/// One value, and when it held (an OAID that was reset has two).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileValue {
    /// As given, trimmed.
    pub value: String,
    /// Not before.
    pub from: Option<Time>,
    /// Not after.
    pub until: Option<Time>,
}

/// Values by data type id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// Data type id to values.
    pub ids: BTreeMap<String, Vec<ProfileValue>>,
}
