//! wirewitness holds what an app sends against what its privacy policy declares.
//!
//! The modules stand in the order of the pipeline; a module imports only those above it.

pub mod audit;
pub mod capture;
pub mod cli;
pub mod evidence;
pub mod examine;
pub mod identify;
pub mod message;
pub mod net;
pub mod observations;
pub mod party;
pub mod payload;
pub mod policy;
pub mod record;
pub mod report;
pub mod secure;
pub mod session;
pub mod shape;
pub mod signatures;
