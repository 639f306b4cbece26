//! `contact-abroad`: an address outside the country where the policy stores data.
//!
//! It needs the country of an address, which only a file that the user gives can
//! tell. No such file is read yet, so the check is inactive and the report says so:
//! an absent finding means "not checked".

use crate::audit::findings::Draft;
use crate::observations::Observations;

/// What the report prints in place of findings.
pub const INACTIVE: (&str, &str) = (
    "没有地址归属地数据，未检查接收方是否在境外",
    "no geographic data was given, so whether addresses lie abroad was not checked",
);

/// No findings: see the module's words.
pub fn judge(_: &Observations) -> Vec<Draft> {
    Vec::new()
}
