//! wirewitness holds what an app sends against what its privacy policy declares.
//!
//! The modules stand in the order of the pipeline, and a module imports only those above it.
//! `docs/ARCHITECTURE.md` has the map and the way from `main` to a verdict; `tests/levels.rs`
//! checks the imports.

mod memo;
pub mod evidence;
pub mod progress;
pub mod shape;
pub mod signatures;
pub mod observations;
pub mod session;
pub mod witness;
pub mod capture;
pub mod net;
pub mod secure;
pub mod message;
pub mod party;
pub mod payload;
pub mod identify;
pub mod examine;
pub mod discover;
pub mod policy;
pub mod audit;
pub mod report;
pub mod bundle;
pub mod record;
pub mod cli;
