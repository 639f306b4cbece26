//! What a TLS stream says about itself, opened or not.

use crate::secure::keylog::ClientRandom;
use crate::secure::tls::{ClientHello, Suite, Version};

/// What was seen of a handshake, in the clear or decrypted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Negotiated version; until the server answered, the highest one offered.
    pub version: Option<Version>,
    /// Negotiated cipher suite.
    pub cipher: Option<Suite>,
    /// Server name of the ClientHello, lower case. With `ech` it may be that of a cover.
    pub sni: Option<String>,
    /// Application protocols offered by the client, in its order.
    pub alpn_offered: Vec<String>,
    /// Application protocol chosen by the server.
    pub alpn: Option<String>,
    /// Common name and DNS names of the server's certificate.
    pub certificate_names: Vec<String>,
    /// Distinguished name of who issued it.
    pub issuer: Option<String>,
    /// By which the stream's secrets are found in a key log.
    pub client_random: Option<ClientRandom>,
    /// An earlier session was resumed (or an external pre-shared key used): no certificate is sent.
    pub resumed: bool,
    /// An encrypted ClientHello was offered. It may be GREASE.
    pub ech: bool,
}

impl Facts {
    /// Takes over what a ClientHello says. A second one (after HelloRetryRequest, or
    /// to renegotiate) adds what the first one left out.
    pub fn offer(&mut self, hello: &ClientHello) {
        self.version.get_or_insert(hello.version);
        self.client_random.get_or_insert(hello.random);
        if self.sni.is_none() {
            self.sni.clone_from(&hello.sni);
        }
        if self.alpn_offered.is_empty() {
            self.alpn_offered.clone_from(&hello.alpn);
        }
        self.ech |= hello.ech;
    }

    /// Takes over the names of the server's certificate; the first one counts.
    pub(in crate::secure) fn certified(&mut self, der: Option<&[u8]>) {
        if let Some(names) = der.and_then(crate::secure::certificate::names)
            && self.certificate_names.is_empty()
        {
            self.certificate_names = names.names;
            self.issuer = Some(names.issuer).filter(|issuer| !issuer.is_empty());
        }
    }
}
