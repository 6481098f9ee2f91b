//! JSON by the letter of RFC 8259, as strict as a security decision needs it.
//!
//! Besides the grammar: UTF-8 without a byte order mark, no member twice in an object (compared
//! after unescaping), no number beyond a double, no escaped lone surrogate, at most
//! [`MAX_DEPTH`] levels. Text is borrowed where it holds no escape.

use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::{fmt, slice};

/// Levels of nesting, the outermost object counted.
pub const MAX_DEPTH: usize = 128;

/// Objects up to this size are searched pair by pair for a repeated name, larger ones are sorted.
const FEW_MEMBERS: usize = 12;

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub enum Json<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number without fraction and exponent that fits.
    Integer(i64),
    /// Any other number.
    Double(f64),
    /// A string, unescaped.
    Text(Cow<'a, str>),
    /// An array.
    List(Vec<Json<'a>>),
    /// An object.
    Object(Members<'a>),
}

/// The members of an object, each name once, in the order of the text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Members<'a>(Vec<(Cow<'a, str>, Json<'a>)>);

/// What was read is no such JSON object.
#[derive(Debug, thiserror::Error)]
#[error("not a strict JSON object")]
pub struct NotJson;

impl Json<'_> {
    /// This, if it is a string.
    pub fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// This, if it is a string, or the elements of a list of nothing but strings.
    pub fn texts(&self) -> Option<impl Iterator<Item = &str>> {
        let values = match self {
            Self::List(list) => list.as_slice(),
            one => slice::from_ref(one),
        };
        let are_texts = values.iter().all(|value| matches!(value, Self::Text(_)));
        are_texts.then(|| values.iter().filter_map(Self::text))
    }

    /// What one step of a JSON pointer (RFC 6901), its escapes undone, leads to.
    pub fn step(&self, step: &str) -> Option<&Self> {
        match self {
            Self::List(list) => list.get(index(step)?),
            Self::Object(members) => members.get(step),
            Self::Null | Self::Bool(_) | Self::Integer(_) | Self::Double(_) | Self::Text(_) => None,
        }
    }
}

/// A place in a list: digits, without a zero before others.
fn index(step: &str) -> Option<usize> {
    let is_index =
        step.bytes().all(|byte| byte.is_ascii_digit()) && (step == "0" || !step.starts_with('0'));
    if is_index { step.parse().ok() } else { None }
}

impl<'a> Members<'a> {
    /// Reads `text`, which must be one object and nothing else but white space around it.
    pub fn parse(text: &'a [u8]) -> Result<Self, NotJson> {
        let text = std::str::from_utf8(text).map_err(|_| NotJson)?;
        let mut reader = serde_json::Deserializer::from_str(text);
        reader.disable_recursion_limit(); // the seed below counts the levels
        let value = Value { depth: 0 }
            .deserialize(&mut reader)
            .and_then(|value| reader.end().map(|()| value))
            .map_err(|_| NotJson)?;
        match value {
            Json::Object(members) => Ok(members),
            _ => Err(NotJson),
        }
    }

    /// The member of this exact name, `null` included.
    pub fn get(&self, name: &str) -> Option<&Json<'a>> {
        self.0.iter().find(|(given, _)| given == name).map(|(_, value)| value)
    }

    /// The member of this exact name, where `null` counts as absent.
    pub fn present(&self, name: &str) -> Option<&Json<'a>> {
        self.get(name).filter(|value| **value != Json::Null)
    }

    /// Takes the member of this exact name out, if it is a string.
    pub fn take_text(&mut self, name: &str) -> Option<Cow<'a, str>> {
        let at = self.0.iter().position(|(given, _)| given == name)?;
        match self.0.swap_remove(at).1 {
            Json::Text(text) => Some(text),
            _ => None,
        }
    }

    /// All members, in the order of the text.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Json<'a>)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), value))
    }

    /// Whether some name stands twice.
    fn repeats_a_name(&self) -> bool {
        if self.0.len() <= FEW_MEMBERS {
            return self
                .0
                .iter()
                .enumerate()
                .any(|(n, (name, _))| self.0[..n].iter().any(|(earlier, _)| earlier == name));
        }
        let mut names: Vec<&str> = self.0.iter().map(|(name, _)| name.as_ref()).collect();
        names.sort_unstable();
        names.windows(2).any(|pair| pair[0] == pair[1])
    }
}

/// Reads one value that stands inside `depth` containers.
#[derive(Clone, Copy)]
struct Value {
    depth: usize,
}

impl Value {
    fn inside<E: Error>(self) -> Result<Self, E> {
        if self.depth == MAX_DEPTH {
            return Err(E::custom("nested too deeply"));
        }
        Ok(Self { depth: self.depth + 1 })
    }
}

impl<'de> DeserializeSeed<'de> for Value {
    type Value = Json<'de>;

    fn deserialize<D: serde::Deserializer<'de>>(self, reader: D) -> Result<Json<'de>, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json<'de>, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json<'de>, E> {
        Ok(Json::Integer(value))
    }

    #[expect(clippy::cast_precision_loss, reason = "as any JSON reader holds such a number")]
    fn visit_u64<E>(self, value: u64) -> Result<Json<'de>, E> {
        Ok(i64::try_from(value).map_or(Json::Double(value as f64), Json::Integer))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json<'de>, E> {
        Ok(Json::Double(value))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Json<'de>, A::Error> {
        let inside = self.inside()?;
        let mut list = Vec::new();
        while let Some(value) = elements.next_element_seed(inside)? {
            list.push(value);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Json<'de>, A::Error> {
        let inside = self.inside()?;
        let mut members = Members(Vec::with_capacity(8));
        while let Some(name) = entries.next_key_seed(Name)? {
            members.0.push((name, entries.next_value_seed(inside)?));
        }
        if members.repeats_a_name() {
            return Err(A::Error::custom("a member stands twice"));
        }
        Ok(Json::Object(members))
    }
}

/// Reads the name of a member, borrowed where it can be.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: serde::Deserializer<'de>>(self, reader: D) -> Result<Self::Value, D::Error> {
        reader.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member name")
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(value.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(levels: usize) -> String {
        let (open, close) = ("[".repeat(levels - 1), "]".repeat(levels - 1));
        format!(r#"{{"a":{open}{close}}}"#)
    }

    #[test]
    fn what_rfc_8259_allows_is_read() {
        for text in [
            "{}",
            " \t\r\n{ } \n",
            r#"{"a":1,"A":1}"#,
            r#"{"a":-0,"b":1E3,"c":0.5e-2,"d":18446744073709551615,"e":1e308}"#,
            r#"{"\u0061":"\ud83d\udd11 \" \\ \/ \b\f\n\r\t"}"#,
            r#"{"a":{"x":1},"b":{"x":1},"c":[{"x":1},{"x":1}],"d":[],"e":null,"f":true}"#,
            &nested(128),
        ] {
            assert!(Members::parse(text.as_bytes()).is_ok(), "{text}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for text in [
            "",
            " ",
            "[]",
            "null",
            "1",
            r#""a""#,
            "{",
            "{}{}",
            "{} x",
            "{},",
            "{a:1}",
            "{'a':1}",
            r#"{"a":1,}"#,
            r#"{"a"}"#,
            r#"{"a" 1}"#,
            r#"{"a":}"#,
            r#"{"a":01}"#,
            r#"{"a":+1}"#,
            r#"{"a":.5}"#,
            r#"{"a":1.}"#,
            r#"{"a":0x10}"#,
            r#"{"a":NaN}"#,
            r#"{"a":Infinity}"#,
            r#"{"a":1e400}"#,
            r#"{"a":-1e400}"#,
            r#"{"a":TRUE}"#,
            r#"{"a":"\x"}"#,
            r#"{"a":"\u12"}"#,
            r#"{"a":"\ud800"}"#,
            r#"{"a":"\udc00"}"#,
            r#"{"\ud800":1}"#,
            r#"{"a":[{"b":"\ud800x"}]}"#,
            "{\"a\":\"\n\"}",
            "{\"a\":\"\0\"}",
            "{/**/}",
            "\u{feff}{}",
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"\u0061":1}"#,
            r#"{"o":{"a":1,"a":2}}"#,
            r#"{"l":[{"a":1,"a":2}]}"#,
            &nested(129),
            &nested(5000),
        ] {
            assert!(Members::parse(text.as_bytes()).is_err(), "{text}");
        }
        assert!(Members::parse(b"{\"a\":\"\xff\"}").is_err(), "bytes that are not UTF-8");
        assert!(
            Members::parse(
                "{}".encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<_>>().as_slice()
            )
            .is_err()
        );
    }

    #[test]
    fn a_repeated_name_is_found_among_many() {
        let members = (0..500).map(|n| format!(r#""m{n}":{n}"#)).collect::<Vec<_>>().join(",");
        assert!(Members::parse(format!("{{{members}}}").as_bytes()).is_ok());
        assert!(Members::parse(format!(r#"{{{members},"m250":1}}"#).as_bytes()).is_err());
    }

    #[test]
    fn values_are_read_as_they_stand() {
        let text = r#"{"i":-3,"d":1.5,"big":9223372036854775808,"t":"a\n","l":["x",null],"o":{}}"#;
        let members = Members::parse(text.as_bytes()).unwrap();
        assert_eq!(members.get("i"), Some(&Json::Integer(-3)));
        assert_eq!(members.get("d"), Some(&Json::Double(1.5)));
        assert_eq!(members.get("big"), Some(&Json::Double(9_223_372_036_854_775_808.0)));
        assert_eq!(members.get("t"), Some(&Json::Text("a\n".into())));
        assert_eq!(members.get("l"), Some(&Json::List(vec![Json::Text("x".into()), Json::Null])));
        assert_eq!(members.get("o"), Some(&Json::Object(Members::default())));
        assert_eq!(members.get("I"), None, "names are compared exactly");
    }
}
