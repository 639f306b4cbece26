//! `record` on a router: network namespaces are the phone, the router and the servers; real
//! clients are told what to send to whom and when, and the audit's flows are just that. Again with
//! a recorder that is killed, a disk that is full, an interface that goes away, and a burst.
//!
//! Needs the right to make namespaces (root), and curl, node, python3 with aioquic and websockets,
//! mosquitto and Chromium (`scripts/setup.sh --tests`). Where namespaces cannot be made the tests fail
//! and say so, unless `WIREWITNESS_WITHOUT_NETNS` is set.
#![cfg(all(feature = "live", target_os = "linux"))]

mod accidents;
mod clients;
mod newcomer;
mod privileges;
mod world;
