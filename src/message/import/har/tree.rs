//! One element of a list as a tree, with a limit on the number of its values: a file can
//! write a value in two bytes that takes sixteen times that in memory, and more.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Values of one element that are kept. An entry has about a hundred and five for each
/// WebSocket message.
pub const VALUES: u64 = 2_000_000;

/// Reads a value. What is beyond `left` values is left out, and `left` is 0 then.
#[derive(Clone, Copy)]
pub struct Tree<'a> {
    pub left: &'a Cell<u64>,
}

impl Tree<'_> {
    /// Whether one more value may be kept.
    fn take(self) -> bool {
        let left = self.left.get();
        self.left.set(left.saturating_sub(1));
        left > 1
    }
}

impl<'de> DeserializeSeed<'de> for Tree<'_> {
    type Value = Option<Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<Value>, D::Error> {
        if self.take() {
            deserializer.deserialize_any(self).map(Some)
        } else {
            deserializer.deserialize_ignored_any(IgnoredAny).map(|_| None)
        }
    }
}

impl<'de> Visitor<'de> for Tree<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            list.extend(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut pairs: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = pairs.next_key::<String>()? {
            if let Some(value) = pairs.next_value_seed(self)? {
                map.insert(key, value);
            }
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str, values: u64) -> (Value, u64) {
        let left = Cell::new(values);
        let mut json = serde_json::Deserializer::from_str(json);
        let value = Tree { left: &left }.deserialize(&mut json).unwrap().unwrap();
        json.end().unwrap();
        (value, left.get())
    }

    #[test]
    fn a_tree_is_what_serde_json_makes_of_it() {
        let json = r#"{"a":[1,-2,3.5,true,null,"x\u0041"],"b":{"c":[]},"d":18446744073709551615}"#;
        assert_eq!(read(json, 100), (serde_json::from_str(json).unwrap(), 89));
    }

    #[test]
    fn what_is_beyond_the_limit_is_read_and_not_kept() {
        let (value, left) = read(r#"{"a":1,"b":[1,2,3,4,{"x":5}],"c":6}"#, 6);
        assert_eq!((value, left), (serde_json::json!({"a": 1, "b": [1, 2]}), 0));
    }
}
