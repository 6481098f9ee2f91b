//! From the bearer value to a parsed token: JWS compact serialisation (RFC 7515 section 7.1).
//!
//! Nothing here is trusted yet. What is not exactly a signed JWT ends here, before any key is
//! touched.

use super::json::{Json, Members, NotJson};
use crate::engine::crypto::Fingerprint;
use crate::engine::reason::Reason;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::borrow::Cow;
use std::fmt;

/// Why a bearer value is no token that a realm could judge.
#[derive(Clone, Copy, Debug, thiserror::Error)]
pub enum TokenFault {
    /// A registered claim of an otherwise sound token has an impossible type or value.
    #[error("claim [{claim}] has an impossible type or value")]
    Claim {
        /// The claim at fault.
        claim: &'static str,
    },
    /// Not a signed JWT.
    #[error("{0}")]
    NotAJwt(&'static str),
    /// Longer than the limit, and so not even looked at.
    #[error("longer than the limit for tokens")]
    TooLarge,
}

impl TokenFault {
    /// The reason code of this fault.
    pub const fn reason(self) -> Reason {
        match self {
            Self::Claim { .. } => Reason::ClaimMalformed,
            Self::NotAJwt(_) => Reason::NotAJwt,
            Self::TooLarge => Reason::TokenTooLarge,
        }
    }
}

/// The largest header that is read, in bytes of JSON, as Elasticsearch's JOSE library has it.
const HEADER_SIZE: usize = 20_000;

/// A bearer value that is not too long to be looked at.
#[derive(Clone, Copy)]
pub struct Bearer<'a>(&'a [u8]);

impl<'a> Bearer<'a> {
    /// Takes a value of at most `limit` bytes.
    pub fn new(value: &'a [u8], limit: usize) -> Result<Self, TokenFault> {
        if value.len() > limit { Err(TokenFault::TooLarge) } else { Ok(Self(value)) }
    }

    /// Tells this text from every other.
    pub fn fingerprint(self) -> Fingerprint {
        Fingerprint::of(self.0)
    }
}

/// The three parts of a compact JWS, decoded but not read.
pub struct Compact<'a> {
    header: Vec<u8>,
    payload: Vec<u8>,
    signature: Vec<u8>,
    signing_input: &'a [u8],
}

impl<'a> Compact<'a> {
    /// Splits and decodes a bearer value.
    pub fn decode(Bearer(bearer): Bearer<'a>) -> Result<Self, TokenFault> {
        let mut parts = bearer.split(|byte| *byte == b'.');
        let (Some(header), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(TokenFault::NotAJwt("it has not exactly three parts"));
        };
        if signature.is_empty() {
            return Err(TokenFault::NotAJwt("it has no signature"));
        }
        let decoded = |part: &[u8]| {
            URL_SAFE_NO_PAD
                .decode(part)
                .map_err(|_| TokenFault::NotAJwt("a part is not canonical base64url"))
        };
        Ok(Self {
            signing_input: &bearer[..header.len() + 1 + payload.len()],
            header: decoded(header)?,
            payload: decoded(payload)?,
            signature: decoded(signature)?,
        })
    }
}

/// A parsed token. Its claims are only what its sender says.
#[derive(Debug)]
pub struct Token<'a> {
    /// The header's `alg`, whatever it is.
    pub(super) alg: Cow<'a, str>,
    /// The header's `kid`.
    pub(super) kid: Option<Cow<'a, str>>,
    /// The header's `typ`.
    pub(super) typ: Option<Cow<'a, str>>,
    /// The claims, the registered ones checked for their type.
    pub(super) claims: Claims<'a>,
    /// What the signature is over.
    pub(super) signing_input: &'a [u8],
    /// The decoded signature, never empty.
    pub(super) signature: &'a [u8],
}

impl<'a> Token<'a> {
    /// Reads header and payload of `compact`.
    pub fn read(compact: &'a Compact<'_>) -> Result<Self, TokenFault> {
        if compact.header.len() > HEADER_SIZE {
            return Err(TokenFault::NotAJwt("the header is too large"));
        }
        let mut header = Members::parse(&compact.header)
            .map_err(|NotJson| TokenFault::NotAJwt("the header is not a strict JSON object"))?;
        check_header(&header)?;
        let alg = header.take_text("alg").ok_or(TokenFault::NotAJwt("the header has no alg"))?;
        if alg == "none" {
            return Err(TokenFault::NotAJwt("alg is none"));
        }
        let payload = Members::parse(&compact.payload)
            .map_err(|NotJson| TokenFault::NotAJwt("the payload is not a strict JSON object"))?;
        Ok(Self {
            alg,
            kid: header.take_text("kid"),
            typ: header.take_text("typ"),
            claims: Claims::read(payload)?,
            signing_input: compact.signing_input,
            signature: &compact.signature,
        })
    }

    /// The claims, unproven.
    pub fn claims(&self) -> &Claims<'a> {
        &self.claims
    }

    /// The token's label in Elasticsearch's answers: every claim that is a string or a non-empty
    /// list of strings, as `'name:value'`, by name (the JWT realm's *token principal*).
    pub fn principal_label(&self) -> String {
        let mut parts: Vec<(&str, String)> = self
            .claims
            .members
            .iter()
            .filter_map(|(name, value)| Some((name, value.texts()?.collect::<Vec<_>>())))
            .filter(|(_, texts)| !texts.is_empty())
            .map(|(name, texts)| (name, texts.join(",")))
            .collect();
        if parts.is_empty() {
            return "<unrecognized JWT token>".to_owned();
        }
        parts.sort_unstable();
        let parts: Vec<_> = parts.iter().map(|(name, value)| format!("'{name}:{value}'")).collect();
        parts.join(" ")
    }
}

/// The claims set, with the registered claims that a decision reads in their types.
///
/// `null` is an absent claim, but for `exp`, `iat` and `nbf`, where it is a fault.
#[derive(Debug)]
pub struct Claims<'a> {
    members: Members<'a>,
    /// Seconds since the epoch.
    pub(super) exp: Option<i64>,
    /// Seconds since the epoch.
    pub(super) iat: Option<i64>,
    /// Seconds since the epoch.
    pub(super) nbf: Option<i64>,
}

impl<'a> Claims<'a> {
    fn read(members: Members<'a>) -> Result<Self, TokenFault> {
        for claim in ["iss", "sub", "jti"] {
            if !matches!(members.present(claim), None | Some(Json::Text(_))) {
                return Err(TokenFault::Claim { claim });
            }
        }
        if members.present("aud").is_some_and(|aud| aud.texts().is_none()) {
            return Err(TokenFault::Claim { claim: "aud" });
        }
        let date = |claim| match members.get(claim) {
            None => Ok(None),
            Some(value) => seconds(value).map(Some).ok_or(TokenFault::Claim { claim }),
        };
        Ok(Self { exp: date("exp")?, iat: date("iat")?, nbf: date("nbf")?, members })
    }

    /// The claim of this exact name, `null` being an absent one.
    pub fn get(&self, name: &str) -> Option<&Json<'a>> {
        self.members.present(name)
    }

    /// The claim `name`, or where that is absent the claim `fallback`, and under which of the two
    /// names it was looked for in the end.
    pub fn found<'n>(
        &self,
        name: &'n str,
        fallback: Option<&'n str>,
    ) -> (ClaimName<'n>, Option<&Json<'a>>) {
        match (self.get(name), fallback) {
            (None, Some(fallback)) => {
                (ClaimName { name: fallback, stands_in_for: Some(name) }, self.get(fallback))
            }
            (claim, _) => (ClaimName::own(name), claim),
        }
    }

    /// All claims, in the order of the token.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Json<'a>)> {
        self.members.iter()
    }
}

/// The name of a claim in what is said about it, as Elasticsearch says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClaimName<'n> {
    name: &'n str,
    stands_in_for: Option<&'n str>,
}

impl<'n> ClaimName<'n> {
    /// The name of a claim that stands in for no other.
    pub const fn own(name: &'n str) -> Self {
        Self { name, stands_in_for: None }
    }
}

impl fmt::Display for ClaimName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        self.stands_in_for.map_or(Ok(()), |name| write!(f, " (fallback of {name})"))
    }
}

/// Refuses header members that change what a JWS means, and those of an impossible type. All
/// others are ignored.
fn check_header(header: &Members<'_>) -> Result<(), TokenFault> {
    for (name, value) in header.iter() {
        let sound = match name {
            "alg" | "cty" | "kid" | "typ" => matches!(value, Json::Text(_)),
            "b64" => *value != Json::Bool(false),
            "crit" | "enc" | "zip" => false,
            "jwk" => matches!(value, Json::Object(_)),
            "x5c" => matches!(value, Json::List(_)),
            _ => true,
        };
        if !sound {
            return Err(TokenFault::NotAJwt("a header member is not allowed or of a wrong type"));
        }
    }
    Ok(())
}

/// Whole seconds, truncated towards zero, of a date whose milliseconds fit 64 bits.
pub fn seconds(value: &Json<'_>) -> Option<i64> {
    const MAX: i64 = i64::MAX / 1000;
    let seconds = match value {
        Json::Integer(seconds) => *seconds,
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the cast saturates, the range is checked below"
        )]
        Json::Double(seconds) => *seconds as i64,
        _ => return None,
    };
    (-MAX..=MAX).contains(&seconds).then_some(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::token::tests::compact;

    const LIMIT: usize = 16 * 1024;
    const HEADER: &str = r#"{"alg":"HS256"}"#;
    const CLAIMS: &str = r#"{"iss":"i"}"#;

    fn read(bearer: &str) -> Result<String, TokenFault> {
        let compact = Compact::decode(Bearer::new(bearer.as_bytes(), LIMIT)?)?;
        Token::read(&compact).map(|token| token.principal_label())
    }

    fn claim_at_fault(payload: &str) -> Option<&'static str> {
        match read(&compact(HEADER, payload, "s")) {
            Ok(_) => None,
            Err(TokenFault::Claim { claim }) => Some(claim),
            Err(fault) => panic!("{payload}: {fault}"),
        }
    }

    #[test]
    fn only_three_non_empty_canonical_parts_are_a_token() {
        let good = compact(HEADER, CLAIMS, "sign");
        assert!(read(&good).is_ok());
        let (input, signature) = good.rsplit_once('.').unwrap();
        for bad in [
            "",
            ".",
            "..",
            "...",
            "a.b.c",
            input,
            &format!("{input}."),
            &format!("{good}."),
            &format!("{good}.x"),
            &format!(".{good}"),
            &format!("{good}=="),
            &format!("{good} "),
            &good.replacen('.', " .", 1),
            &good.replace('.', ":"),
            &format!("{input}.c2lnbh"),
            &format!("{input}.+/+/"),
            &format!("{input}.{signature}\n"),
        ] {
            assert!(matches!(read(bad), Err(TokenFault::NotAJwt(_))), "{bad}");
        }
    }

    #[test]
    fn a_long_token_is_refused_before_it_is_looked_at() {
        assert!(matches!(read(&"x".repeat(LIMIT + 1)), Err(TokenFault::TooLarge)));
        assert!(matches!(read(&"x".repeat(LIMIT)), Err(TokenFault::NotAJwt(_))));
    }

    #[test]
    fn a_header_of_more_than_20_000_bytes_is_none() {
        let header = |size: usize| {
            let empty = r#"{"alg":"x","x":""}"#.len();
            let text = format!(r#"{{"alg":"x","x":"{}"}}"#, "y".repeat(size - empty));
            let bearer = compact(&text, CLAIMS, "s");
            let bearer = Bearer::new(bearer.as_bytes(), usize::MAX).unwrap();
            let compact = Compact::decode(bearer).unwrap();
            Token::read(&compact).is_ok()
        };
        assert!(header(20_000));
        assert!(!header(20_001));
    }

    #[test]
    fn header_members_that_change_the_meaning_of_a_jws_make_it_no_jwt() {
        let members =
            [r#""alg":"none""#, r#""alg":null"#, r#""alg":1"#, r#""alg":["HS256"]"#, r#""x":1"#];
        let beside_alg = [
            r#""kid":1"#,
            r#""kid":null"#,
            r#""typ":1"#,
            r#""typ":null"#,
            r#""cty":true"#,
            r#""jwk":"k""#,
            r#""jwk":null"#,
            r#""x5c":"c""#,
            r#""x5c":null"#,
            r#""b64":false"#,
            r#""crit":["b64"]"#,
            r#""crit":[]"#,
            r#""crit":null"#,
            r#""zip":"DEF""#,
            r#""zip":null"#,
            r#""enc":"A128GCM""#,
            r#""enc":null"#,
            r#""alg":"HS256""#,
        ];
        let beside_alg = beside_alg.map(|member| format!(r#""alg":"HS256",{member}"#));
        for member in members.map(str::to_owned).into_iter().chain(beside_alg) {
            let token = compact(&format!("{{{member}}}"), CLAIMS, "s");
            assert!(matches!(read(&token), Err(TokenFault::NotAJwt(_))), "{member}");
        }
    }

    #[test]
    fn other_header_members_are_ignored_whatever_their_type() {
        for member in [
            r#""b64":true"#,
            r#""kid":"k""#,
            r#""jku":5"#,
            r#""x5u":null"#,
            r#""jwk":{"kty":"oct"}"#,
            r#""x5c":[]"#,
            r#""foo":{"crit":[1]}"#,
            r#""ALG":"none""#,
        ] {
            let token = compact(&format!(r#"{{"alg":"x",{member}}}"#), CLAIMS, "s");
            assert!(read(&token).is_ok(), "{member}");
        }
    }

    #[test]
    fn a_registered_claim_of_an_impossible_type_is_named() {
        for (payload, claim) in [
            (r#"{"iss":1}"#, Some("iss")),
            (r#"{"iss":["i"]}"#, Some("iss")),
            (r#"{"sub":1}"#, Some("sub")),
            (r#"{"jti":{}}"#, Some("jti")),
            (r#"{"aud":5}"#, Some("aud")),
            (r#"{"aud":["a",null]}"#, Some("aud")),
            (r#"{"aud":[["a"]]}"#, Some("aud")),
            (r#"{"exp":"1"}"#, Some("exp")),
            (r#"{"exp":null}"#, Some("exp")),
            (r#"{"iat":true}"#, Some("iat")),
            (r#"{"nbf":{}}"#, Some("nbf")),
            (r#"{"exp":9223372036854776}"#, Some("exp")),
            (r#"{"exp":-9223372036854776}"#, Some("exp")),
            (r#"{"exp":1e308}"#, Some("exp")),
            (r#"{"exp":9223372036854775,"iat":-0.9,"nbf":1e15}"#, None),
            (r#"{"iss":null,"sub":null,"aud":null,"jti":null,"auth_time":null}"#, None),
            (r#"{"aud":[],"auth_time":"never"}"#, None),
        ] {
            assert_eq!(claim_at_fault(payload), claim, "{payload}");
        }
    }

    #[test]
    fn dates_are_truncated_towards_zero() {
        for (value, expected) in [(1.9, 1), (-1.9, -1), (0.5, 0), (1e15, 1_000_000_000_000_000)] {
            assert_eq!(seconds(&Json::Double(value)), Some(expected));
        }
    }

    #[test]
    fn the_label_names_every_claim_of_text_in_order() {
        let payload = r#"{"sub":"y","iss":"x","aud":["a","b"],"n":1,"o":{},"e":[],"m":["a",1]}"#;
        assert_eq!(read(&compact(HEADER, payload, "s")).unwrap(), "'aud:a,b' 'iss:x' 'sub:y'");
        assert_eq!(read(&compact(HEADER, "{}", "s")).unwrap(), "<unrecognized JWT token>");
    }
}
