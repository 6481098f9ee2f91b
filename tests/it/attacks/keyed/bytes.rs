//! Numbers and DER as forgers write them.

/// The order of the group of a curve, as long as its coordinates.
pub(super) fn order(curve: &str) -> Vec<u8> {
    let digits = match curve {
        "P-256" => "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
        "P-384" => concat!(
            "ffffffffffffffffffffffffffffffffffffffffffffffff",
            "c7634d81f4372ddf581a0db248b0a77aecec196accc52973"
        ),
        "P-521" => concat!(
            "01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
            "fa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409"
        ),
        other => panic!("{other} is no curve"),
    };
    let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    (0..digits.len()).step_by(2).map(byte).collect()
}

/// The number `one`, as long as `like`.
pub(super) fn small(one: u8, like: &[u8]) -> Vec<u8> {
    let mut number = vec![0; like.len()];
    *number.last_mut().unwrap() = one;
    number
}

/// `a - b` of big-endian numbers of one length, where b is the less.
pub(super) fn minus(a: &[u8], b: &[u8]) -> Vec<u8> {
    let borrowed = digits(a, b, |a, b, carry| {
        let difference = 256 + a - b - carry;
        (difference, u16::from(difference < 256))
    });
    borrowed.expect("the greater less the less")
}

/// `a + b` of big-endian numbers of one length; none if the sum is longer.
pub(super) fn plus(a: &[u8], b: &[u8]) -> Option<Vec<u8>> {
    digits(a, b, |a, b, carry| (a + b + carry, (a + b + carry) >> 8))
}

/// Byte by byte from the least one; none if something is left over.
fn digits(a: &[u8], b: &[u8], step: impl Fn(u16, u16, u16) -> (u16, u16)) -> Option<Vec<u8>> {
    assert_eq!(a.len(), b.len());
    let mut result = vec![0; a.len()];
    let mut carry = 0;
    for at in (0..a.len()).rev() {
        let (digit, carried) = step(u16::from(a[at]), u16::from(b[at]), carry);
        result[at] = digit.to_le_bytes()[0];
        carry = carried;
    }
    (carry == 0).then_some(result)
}

/// A DER value of this tag.
pub(super) fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut value = vec![tag];
    match u8::try_from(length) {
        Ok(short @ ..0x80) => value.push(short),
        Ok(long) => value.extend([0x81, long]),
        Err(_) => {
            value.push(0x82);
            value.extend(u16::try_from(length).unwrap().to_be_bytes());
        }
    }
    value.extend(content);
    value
}

/// A DER sequence of these values.
pub(super) fn sequence(values: &[&[u8]]) -> Vec<u8> {
    der(0x30, &values.concat())
}

/// A positive DER integer.
pub(super) fn integer(number: &[u8]) -> Vec<u8> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let number = &number[zeros.min(number.len() - 1)..];
    let sign: &[u8] = if number[0] >= 0x80 { &[0] } else { &[] };
    der(2, &[sign, number].concat())
}

#[test]
fn numbers_are_added_and_taken_away_as_on_paper() {
    let (one, far) = ([0, 0, 1], [1, 0, 0]);
    assert_eq!(minus(&far, &one), [0, 255, 255]);
    assert_eq!(plus(&[0, 255, 255], &one), Some(far.to_vec()));
    assert_eq!(plus(&[255, 255, 255], &one), None);
    assert_eq!(["P-256", "P-384", "P-521"].map(|curve| order(curve).len()), [32, 48, 66]);
    assert_eq!(integer(&[0, 0, 200]), [2, 2, 0, 200]);
    assert_eq!(integer(&[0, 0]), [2, 1, 0]);
}
