//! What a bearer value is by the rules, worked out a second time.
//! Rule: written from the rules for strict tokens, not from the parser that it judges.

use crate::json::{self, Value};

/// What the parser must say of a bearer value.
#[derive(Debug)]
pub(crate) enum Expected {
    /// A signed JWT that a realm can judge.
    Token {
        /// The JOSE header.
        header: Value,
        /// The claims.
        payload: Value,
    },
    /// A registered claim of an otherwise sound token is impossible.
    Claim,
    /// No signed JWT.
    NotAJwt,
    /// Longer than the limit.
    TooLarge,
}

/// Judges `bearer`, which may have at most `limit` bytes.
pub(crate) fn expected(bearer: &[u8], limit: usize) -> Expected {
    if bearer.len() > limit {
        return Expected::TooLarge;
    }
    match sound(bearer) {
        None => Expected::NotAJwt,
        Some((_, payload)) if !has_sound_claims(&payload) => Expected::Claim,
        Some((header, payload)) => Expected::Token { header, payload },
    }
}

/// Header and payload of what is a signed JWT but for its claims.
fn sound(bearer: &[u8]) -> Option<(Value, Value)> {
    let parts: Vec<&[u8]> = bearer.split(|byte| *byte == b'.').collect();
    let [header, payload, signature] = parts[..] else { return None };
    let header = json::parse(&base64url(header)?)?;
    let payload = json::parse(&base64url(payload)?)?;
    let is_signed = !base64url(signature)?.is_empty();
    let is_sound = is_signed && is_sound_header(&header) && matches!(payload, Value::Object(_));
    is_sound.then_some((header, payload))
}

fn is_sound_header(header: &Value) -> bool {
    let Value::Object(members) = header else { return false };
    let is_signed_by = matches!(header.get("alg"), Some(Value::Text(alg)) if alg != "none");
    is_signed_by
        && members.iter().all(|(name, value)| match name.as_str() {
            "alg" | "kid" | "typ" | "cty" => matches!(value, Value::Text(_)),
            "jwk" => matches!(value, Value::Object(_)),
            "x5c" => matches!(value, Value::List(_)),
            "b64" => !matches!(value, Value::Bool(false)),
            "zip" | "enc" | "crit" => false,
            _ => true,
        })
}

fn has_sound_claims(payload: &Value) -> bool {
    let is_text = |value: &Value| matches!(value, Value::Text(_));
    let text = |name| payload.get(name).is_none_or(|v| matches!(v, Value::Null) || is_text(v));
    let date = |name| payload.get(name).is_none_or(is_date);
    let aud = payload.get("aud").is_none_or(|aud| match aud {
        Value::List(list) => list.iter().all(is_text),
        aud => matches!(aud, Value::Null) || is_text(aud),
    });
    text("iss") && text("sub") && text("jti") && aud && date("exp") && date("iat") && date("nbf")
}

/// A number that, truncated towards zero, has milliseconds that fit 64 bits.
fn is_date(value: &Value) -> bool {
    let Value::Number(number) = value else { return false };
    if let Ok(whole) = number.parse::<i128>() {
        return whole.checked_mul(1000).is_some_and(|millis| i64::try_from(millis).is_ok());
    }
    // The least double whose milliseconds do not fit.
    number.parse::<f64>().is_ok_and(|seconds| seconds.trunc().abs() < 9_223_372_036_854_776.0)
}

/// Unpadded, and of every byte string only the one spelling.
pub(crate) fn base64url(text: &[u8]) -> Option<Vec<u8>> {
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0_u32, 0_u32);
    for char in text {
        held = held << 6 | u32::from(sextet(*char)?);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(held >> bits).ok()?);
            held &= (1 << bits) - 1;
        }
    }
    (bits < 6 && held == 0).then_some(bytes)
}

fn sextet(char: u8) -> Option<u8> {
    match char {
        b'A'..=b'Z' => Some(char - b'A'),
        b'a'..=b'z' => Some(char - b'a' + 26),
        b'0'..=b'9' => Some(char - b'0' + 52),
        b'-' => Some(62),
        b'_' => Some(63),
        _ => None,
    }
}
