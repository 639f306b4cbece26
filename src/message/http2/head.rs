//! Field lists of HTTP/2 and HTTP/3 as heads of messages (RFC 9113 §8, RFC 9114 §4).

use bytes::Bytes;

use crate::message::authority;
use crate::message::hpack::{Field, Fields};

/// A field list, its pseudo-header fields apart.
///
/// `:method`, `:path` and `:status` go into the kind of the message and `:authority`
/// into its host, none of them into its headers; `:scheme` says nothing that is not
/// known. Any other (`:protocol`) stays among the headers under its name. A field
/// of which only the value is known has an empty name; one that is not known at all
/// is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::message) struct Head {
    pub method: Option<String>,
    pub path: Option<String>,
    pub authority: Option<String>,
    pub status: Option<u16>,
    /// `:protocol` (RFC 8441 §4).
    pub protocol: Option<String>,
    pub headers: Vec<(String, Bytes)>,
    /// Some of it is not known.
    pub partly: bool,
    /// Bytes of names and values.
    pub size: usize,
}

impl Head {
    pub fn of(list: Fields) -> Self {
        let mut head = Self { partly: list.cut || list.malformed.is_some(), ..Self::default() };
        for Field { name, value } in list.fields {
            head.partly |= name.is_none() || value.is_none();
            let Some(value) = value else { continue };
            let name = name.map_or_else(String::new, |name| String::from_utf8_lossy(&name).into_owned());
            head.size = head.size.saturating_add(name.len() + value.len());
            let text = || Some(String::from_utf8_lossy(&value).into_owned());
            match name.as_str() {
                ":method" => head.method = text(),
                ":path" => head.path = text(),
                ":authority" => head.authority = text(),
                ":status" => head.status = std::str::from_utf8(&value).ok().and_then(|status| status.parse().ok()),
                ":scheme" => {}
                _ => {
                    if name == ":protocol" {
                        head.protocol = text();
                    }
                    head.headers.push((name, value));
                }
            }
        }
        head
    }

    /// The host of `:authority`, else of `host` (RFC 9113 §8.3.1).
    pub fn host(&self) -> Option<String> {
        let named = self.authority.as_deref().and_then(authority::host);
        named.or_else(|| authority::host(&self.field("host")?))
    }

    /// The first value of a field, as text.
    pub fn field(&self, name: &str) -> Option<String> {
        field(&self.headers, name)
    }

    /// Nothing of it is known.
    pub fn is_lost(&self) -> bool {
        let pseudo = self.method.is_none() && self.path.is_none() && self.authority.is_none() && self.status.is_none();
        self.partly && pseudo && self.headers.is_empty()
    }
}

/// The first value of a field, as text.
pub(super) fn field(headers: &[(String, Bytes)], name: &str) -> Option<String> {
    let (_, value) = headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
    Some(String::from_utf8_lossy(value).into_owned())
}

/// Whether the fields are those of a message of gRPC or gRPC-Web (over any version of HTTP).
pub(in crate::message) fn is_grpc(headers: &[(String, Bytes)]) -> bool {
    field(headers, "content-type")
        .is_some_and(|kind| kind.trim_start().to_ascii_lowercase().starts_with("application/grpc"))
}
