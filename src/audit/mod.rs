//! (Observations, Policy, Session) to [`Report`]: disclosure, conduct, contacts, states, claims.
//!
//! Never sees a packet. One check is one file.

mod model;

pub use model::*;
