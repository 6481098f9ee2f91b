//! How text stands in a header: so that it can be read back exactly, and carries no line end.

use std::borrow::Cow;

/// The headers' encoding: percent signs for what a header cannot carry, for `%` itself, for
/// blanks at either end and for the bytes of `also`. Borrowed if nothing needs it.
pub fn encode<'t>(text: &'t [u8], also: &[u8]) -> Cow<'t, str> {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let last = text.len().wrapping_sub(1);
    let needs = |at: usize| match text[at] {
        b' ' => at == 0 || at == last,
        b'%' => true,
        byte => !(0x21..=0x7E).contains(&byte) || also.contains(&byte),
    };
    if !(0..text.len()).any(needs) {
        return String::from_utf8_lossy(text); // visible ASCII, so nothing is lost or copied
    }
    let mut encoded = String::with_capacity(text.len() + 16);
    for (at, byte) in text.iter().enumerate() {
        if needs(at) {
            encoded.push('%');
            encoded.push(char::from(HEX[usize::from(byte >> 4)]));
            encoded.push(char::from(HEX[usize::from(byte & 15)]));
        } else {
            encoded.push(char::from(*byte));
        }
    }
    Cow::Owned(encoded)
}

/// A list of texts as one value: each encoded, commas too, joined by commas alone.
pub(super) fn encode_list(entries: &[String]) -> String {
    entries.iter().map(|entry| encode(entry.as_bytes(), b",")).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_encoded_so_that_they_can_be_read_back_exactly() {
        for (text, encoded) in [
            ("user", "user"),
            ("First Last", "First Last"),
            (" a ", "%20a%20"),
            (" ", "%20"),
            ("a%b", "a%25b"),
            ("caf\u{e9}", "caf%C3%A9"),
            ("a\r\nb\0\x7f\t", "a%0D%0Ab%00%7F%09"),
            ("a,b", "a,b"),
            ("", ""),
        ] {
            assert_eq!(encode(text.as_bytes(), b""), encoded);
        }
        assert_eq!(encode_list(&["a,b".into(), " c".into(), "d".into()]), "a%2Cb,%20c,d");
    }
}
