//! `proxy` between real clients and local servers: the same bodies as without it, protocols
//! kept, pinned clients untouched, bad certificates not made good, hostile clients outlived;
//! and what it wrote is read by `messages` and by tshark.
//!
//! Needs curl, openssl, node, python3 with websockets and grpcio, tshark and Chromium (`scripts/setup.sh --tests`).
#![cfg(all(feature = "proxy", unix))]

mod clients;
mod harness;
mod hostile;
mod talk;
mod trust;
