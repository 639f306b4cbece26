//! Versions of QUIC by their number, and what the keys of their Initial packets are made with.

use std::fmt;

/// What the destination connection id of a client's first packet is extracted with (RFC 9001 §5.2).
pub(super) type Salt = [u8; 20];

/// draft-ietf-quic-tls-21 §5.2.
const SALT_DRAFT_21: Salt = [
    0x7f, 0xbc, 0xdb, 0x0e, 0x7c, 0x66, 0xbb, 0xe9, 0x19, 0x3a, 0x96, 0xcd, 0x21, 0x51, 0x9e, 0xbd, 0x7a, 0x02, 0x64,
    0x4a,
];

/// draft-ietf-quic-tls-23 §5.2.
const SALT_DRAFT_23: Salt = [
    0xc3, 0xee, 0xf7, 0x12, 0xc7, 0x2e, 0xbb, 0x5a, 0x11, 0xa7, 0xd2, 0x43, 0x2b, 0xb4, 0x63, 0x65, 0xbe, 0xf9, 0xf5,
    0x02,
];

/// draft-ietf-quic-tls-29 §5.2.
const SALT_DRAFT_29: Salt = [
    0xaf, 0xbf, 0xec, 0x28, 0x99, 0x93, 0xd2, 0x4c, 0x9e, 0x97, 0x86, 0xf1, 0x9c, 0x61, 0x11, 0xe0, 0x43, 0x90, 0xa8,
    0x99,
];

/// RFC 9001 §5.2, and drafts from 33 on.
const SALT_V1: Salt = [
    0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17, 0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f,
    0x0a,
];

/// RFC 9369 §3.3.1.
const SALT_V2: Salt = [
    0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93, 0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd, 0x2e,
    0xd9,
];

/// Google's T050 (Chromium, `net/third_party/quiche`).
const SALT_T050: Salt = [
    0x7f, 0xf5, 0x79, 0xe5, 0xac, 0xd0, 0x72, 0x91, 0x55, 0x80, 0x30, 0x4c, 0x43, 0xa2, 0x36, 0x7c, 0x60, 0x48, 0x83,
    0x10,
];

/// Google's T051, the same source.
const SALT_T051: Salt = [
    0x7a, 0x4e, 0xde, 0xf4, 0xe7, 0xcc, 0xee, 0x5f, 0xa4, 0x50, 0x6c, 0x19, 0x12, 0x4f, 0xc8, 0xcc, 0xda, 0x6e, 0x03,
    0x3d,
];

/// Those of numbers that do not say which: the packet's tag tells.
const ANY: &[Salt] = &[SALT_V1, SALT_DRAFT_29, SALT_DRAFT_23, SALT_DRAFT_21];

/// A QUIC version by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Version(pub u32);

impl Version {
    /// RFC 9000.
    pub const V1: Self = Self(1);
    /// RFC 9369.
    pub const V2: Self = Self(0x6b33_43cf);

    const T050: u32 = u32::from_be_bytes(*b"T050");
    const T051: u32 = u32::from_be_bytes(*b"T051");

    /// Google's two versions with TLS, of which the frames are those of its earlier ones.
    pub(super) fn is_googles(self) -> bool {
        matches!(self.0, Self::T050 | Self::T051)
    }

    /// What keys of its Initial packets may be made with; nothing for versions that are not read.
    ///
    /// From draft 22 on, packets look as those of version 1 do and their keys follow in the same way, but
    /// for the salt. Meta's versions and Google's two with TLS are such drafts by other numbers.
    pub(super) fn salts(self) -> &'static [Salt] {
        match self.0 {
            1 | 0xff00_0021..=0xff00_0022 => &[SALT_V1],
            0x6b33_43cf => &[SALT_V2],
            0xff00_001d..=0xff00_0020 => &[SALT_DRAFT_29],
            0xff00_0017..=0xff00_001c | 0xface_b002 | 0xface_b00e => &[SALT_DRAFT_23],
            0xff00_0016 | 0xface_b001 => &[SALT_DRAFT_21],
            Self::T050 => &[SALT_T050],
            Self::T051 => &[SALT_T051],
            _ if self.is_metas() || self.is_reserved() => ANY,
            _ => &[],
        }
    }

    /// A number that some QUIC has: versions of RFCs and drafts, those that Google
    /// (`Q046`, `T051`) and Meta used before them, and those kept to be refused.
    pub(super) fn is_known(self) -> bool {
        let [a, b, c, d] = self.0.to_be_bytes();
        !self.salts().is_empty()
            || (a == 0xff && b == 0 && c == 0)
            || (matches!(a, b'Q' | b'T') && b == b'0' && c.is_ascii_digit() && d.is_ascii_digit())
    }

    fn is_metas(self) -> bool {
        self.0 & 0xffff_fff0 == 0xface_b000
    }

    /// Of no version: a client that offers it wants to see it refused (RFC 9000 §15), and has sealed its
    /// packet as one of a version that it does have.
    fn is_reserved(self) -> bool {
        self.0 & 0x0f0f_0f0f == 0x0a0a_0a0a
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::V1 => f.write_str("QUIC 1"),
            Self::V2 => f.write_str("QUIC 2"),
            Self(other) => write!(f, "QUIC 0x{other:08x}"),
        }
    }
}
