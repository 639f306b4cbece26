//! Encrypted streams to plaintext, with the secrets that the session brings along.
//!
//! Takes the chunks of a stream and a [`KeyLog`], hands on chunks of plaintext,
//! what the handshake said in the clear ([`tls::Facts`], of QUIC's Initial packets
//! too), and for what stays closed its one reason. Tunnels that hide whole packets
//! ([`wireguard`]) it opens for the slicer. It verifies no certificate and forges nothing: a
//! secret is right when the tag of a record says so. It has never heard of HTTP or of a company.

pub mod aead;
mod block;
pub mod certificate;
pub(crate) mod cms;
pub mod codec;
pub(crate) mod der;
pub mod dtls;
pub mod keylog;
pub mod pem;
pub mod private_key;
pub mod quic;
pub mod tls;
pub mod wireguard;

#[cfg(test)]
mod replay;

pub use keylog::KeyLog;
