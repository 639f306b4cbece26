//! Tagged netstrings (<https://tnetstrings.info/>) as mitmproxy writes them: twelve
//! digits of length instead of nine, and `;` for text beside `,` for bytes.
//!
//! Values are read where they lie: nothing is built, so neither depth nor number of
//! values costs memory, and damage costs the value it lies in.

/// Digits of a length: mitmproxy's own bound.
pub const DIGITS: usize = 12;

/// A value, not looked into yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Value<'a> {
    tag: u8,
    bytes: &'a [u8],
}

impl<'a> Value<'a> {
    /// From its tag and what stands before it.
    pub fn new(tag: u8, bytes: &'a [u8]) -> Self {
        Self { tag, bytes }
    }

    /// The first value of `bytes`, and what follows it.
    pub fn split(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let digits = bytes.iter().take(DIGITS + 1).take_while(|b| b.is_ascii_digit()).count();
        let (length, rest) = bytes.split_at_checked(digits)?;
        let length: usize = std::str::from_utf8(length).ok().filter(|l| l.len() <= DIGITS)?.parse().ok()?;
        let (value, rest) = rest.strip_prefix(b":")?.split_at_checked(length)?;
        let (&tag, rest) = rest.split_first()?;
        Some((Self { tag, bytes: value }, rest))
    }

    pub fn is_map(self) -> bool {
        self.tag == b'}'
    }

    pub fn is_null(self) -> bool {
        self.tag == b'~'
    }

    /// Bytes, or text as bytes.
    pub fn bytes(self) -> Option<&'a [u8]> {
        matches!(self.tag, b',' | b';').then_some(self.bytes)
    }

    /// Text, or bytes that are text.
    pub fn text(self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok()
    }

    pub fn boolean(self) -> Option<bool> {
        match (self.tag, self.bytes) {
            (b'!', b"true") => Some(true),
            (b'!', b"false") => Some(false),
            _ => None,
        }
    }

    pub fn integer(self) -> Option<i64> {
        if self.tag == b'#' { std::str::from_utf8(self.bytes).ok()?.parse().ok() } else { None }
    }

    /// A number, with or without a fraction.
    pub fn number(self) -> Option<f64> {
        if matches!(self.tag, b'#' | b'^') { std::str::from_utf8(self.bytes).ok()?.parse().ok() } else { None }
    }

    /// The values of a list; none of anything else.
    pub fn items(self) -> Items<'a> {
        Items { rest: if self.tag == b']' { self.bytes } else { b"" } }
    }

    /// The value of `key` in a dictionary. Keys were bytes before version 18 of the flow format.
    pub fn get(self, key: &str) -> Option<Value<'a>> {
        let mut pairs = Items { rest: if self.is_map() { self.bytes } else { b"" } };
        while let Some(name) = pairs.next() {
            let value = pairs.next()?;
            if name.bytes() == Some(key.as_bytes()) {
                return Some(value);
            }
        }
        None
    }

    /// The same, where it is there and not null.
    pub fn known(self, key: &str) -> Option<Value<'a>> {
        self.get(key).filter(|value| !value.is_null())
    }

    /// Whether all of it can be read, one level deep.
    pub fn is_whole(self) -> bool {
        let mut items = Items { rest: if matches!(self.tag, b']' | b'}') { self.bytes } else { b"" } };
        let count = items.by_ref().count();
        items.rest.is_empty() && (!self.is_map() || count.is_multiple_of(2))
    }
}

/// Values one after the other. Ends where the next is damaged.
pub struct Items<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Items<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Value<'a>> {
        let (value, rest) = Value::split(self.rest)?;
        self.rest = rest;
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Value<'_> {
        Value::split(bytes).unwrap().0
    }

    #[test]
    fn values_of_all_kinds_are_read() {
        // Written by mitmproxy.io.tnetstring.dumps of mitmproxy 11.0.2.
        let value = read(
            b"89:1:h;0:}1:g;16:1:1#1:x;5:false!]1:f;6:\xe6\xb0\xb4\xe7\x81\xab;1:e;2:\xff\x00,1:d;0:~1:c;4:true!1:b;3:1.5^1:a;1:1#}",
        );
        assert!(value.is_map() && value.is_whole());
        assert_eq!(value.get("a").and_then(Value::integer), Some(1));
        assert_eq!(value.get("b").and_then(Value::number), Some(1.5));
        assert_eq!(value.get("c").and_then(Value::boolean), Some(true));
        assert!(value.get("d").unwrap().is_null() && value.known("d").is_none());
        assert_eq!(value.get("e").and_then(Value::bytes), Some(&b"\xff\x00"[..]));
        assert_eq!(value.get("e").and_then(Value::text), None);
        assert_eq!(value.get("f").and_then(Value::text), Some("水火"));
        let items: Vec<_> = value.get("g").unwrap().items().collect();
        assert_eq!((items.len(), items[2].boolean()), (3, Some(false)));
        assert!(value.get("h").unwrap().is_map());
        assert_eq!(value.get("i"), None);
    }

    #[test]
    fn what_is_damaged_ends_where_the_damage_is() {
        for bytes in [&b""[..], b"5", b"5:", b"5:abc,", b"x:abc,", b"3:abc", b"-1:a,", b"9999999999999:a,"] {
            assert_eq!(Value::split(bytes), None, "{}", String::from_utf8_lossy(bytes));
        }
        let list = read(b"9:1:a,9:b,,]");
        assert_eq!((list.items().count(), list.is_whole()), (1, false));
        assert_eq!(read(b"3:1:a}").get("a"), None);
        assert_eq!(read(b"2:no!").boolean(), None);
        assert_eq!(read(b"3:1e9#").integer(), None);
    }
}
