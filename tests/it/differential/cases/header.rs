//! Header members: the algorithm's every spelling, types that are none, what is critical, and what
//! says nothing.

use super::super::forge::Forge;
use crate::support::keys::{HMAC, PUBLIC};
use crate::support::token::{encode, parts};

/// Values of `alg` that are no algorithm of ours.
const NO_ALGORITHMS: &[&str] = &[
    "none", "None", "NONE", "nOnE", "", " ", "HS257", "RS1", "EdDSA", "Ed25519", "ES256K", "dir",
    "RSA-OAEP", "HMAC", "null",
];

/// JSON that is no algorithm at all.
const NO_NAMES: &[&str] = &["null", "0", "256", "true", "[]", "{}", r#"["HS256"]"#];

/// Members that stand beside a good `alg`.
const MEMBERS: &[(&str, &str)] = &[
    ("typ JWT", r#""typ":"JWT""#),
    ("typ jWt", r#""typ":"jWt""#),
    ("typ with an escape", r#""typ":"\u004aWT""#),
    ("typ at+jwt", r#""typ":"at+jwt""#),
    ("typ application/jwt", r#""typ":"application/jwt""#),
    ("typ JOSE", r#""typ":"JOSE""#),
    ("typ empty", r#""typ":"""#),
    ("typ with a blank", r#""typ":"JWT ""#),
    ("typ null", r#""typ":null"#),
    ("typ a number", r#""typ":1"#),
    ("typ a list", r#""typ":["JWT"]"#),
    ("cty a text", r#""cty":"JWT""#),
    ("cty null", r#""cty":null"#),
    ("cty a number", r#""cty":5"#),
    ("kid null", r#""kid":null"#),
    ("kid a number", r#""kid":1"#),
    ("kid a list", r#""kid":["a"]"#),
    ("crit empty", r#""crit":[]"#),
    ("crit null", r#""crit":null"#),
    ("crit a text", r#""crit":"exp""#),
    ("crit of nothing that is there", r#""crit":["exp"]"#),
    ("crit of what is not understood", r#""crit":["x"],"x":1"#),
    ("crit of what everybody understands", r#""crit":["alg"]"#),
    ("crit b64 true", r#""crit":["b64"],"b64":true"#),
    ("crit b64 false", r#""crit":["b64"],"b64":false"#),
    ("b64 true", r#""b64":true"#),
    ("b64 false", r#""b64":false"#),
    ("b64 a text", r#""b64":"false""#),
    ("b64 null", r#""b64":null"#),
    ("zip DEF", r#""zip":"DEF""#),
    ("zip null", r#""zip":null"#),
    ("enc", r#""enc":"A256GCM""#),
    ("enc null", r#""enc":null"#),
    ("jwk an object", r#""jwk":{"kty":"oct","k":"AAAA"}"#),
    ("jwk null", r#""jwk":null"#),
    ("jwk a text", r#""jwk":"{}""#),
    ("x5c a list of texts", r#""x5c":["MIIB"]"#),
    ("x5c a list of numbers", r#""x5c":[1]"#),
    ("x5c null", r#""x5c":null"#),
    ("x5c a text", r#""x5c":"MIIB""#),
    ("jku a URL", r#""jku":"https://evil.example.com/keys""#),
    ("jku a number", r#""jku":1"#),
    ("jku null", r#""jku":null"#),
    ("x5u a URL", r#""x5u":"https://evil.example.com/cert""#),
    ("x5u a number", r#""x5u":1"#),
    ("x5t a text", r#""x5t":"AAAA""#),
    ("x5t a number", r#""x5t":1"#),
    ("x5t#S256 null", r#""x5t#S256":null"#),
    ("nobody's member", r#""x":{"y":[1,null]}"#),
    ("claims in the header", r#""iss":"https://evil.example.com/","exp":1"#),
    ("alg twice, the same", r#""alg":"ALG""#),
    ("alg twice, at last none", r#""alg":"none""#),
    ("alg twice, under an escape", r#""\u0061lg":"ALG""#),
    ("kid twice", r#""kid":"a","kid":"a""#),
    ("nobody's member twice", r#""x":1,"x":2"#),
    ("a member twice, further down", r#""x":{"y":1,"y":1}"#),
];

pub(super) fn make(forge: &mut Forge<'_>) {
    let alg = forge.alg;
    for (what, member) in MEMBERS {
        let member = member.replace("ALG", alg);
        forge.under(format!("header: {what}"), format!(r#"{{"alg":"{alg}",{member}}}"#));
    }
    forge.under("header: alg twice, first none", format!(r#"{{"alg":"none","alg":"{alg}"}}"#));
    forge.under("header: no alg", r#"{"typ":"JWT"}"#);
    for name in NO_NAMES {
        forge.under(format!("header: alg is {name}"), format!(r#"{{"alg":{name}}}"#));
    }
    // Signed by the one, said to be by the other.
    let others = HMAC.iter().chain(&PUBLIC).filter(|other| **other != alg);
    let spellings =
        [alg.to_lowercase(), format!("{alg} "), format!(" {alg}"), format!("{alg}\\u0000")];
    let others = others.chain(NO_ALGORITHMS).map(|other| (*other).to_owned()).chain(spellings);
    for other in others {
        forge.under(format!("header: another alg, {other}"), format!(r#"{{"alg":"{other}"}}"#));
    }
    for none in NO_ALGORITHMS {
        let payload = encode(forge.payload());
        let header = encode(format!(r#"{{"alg":"{none}"}}"#));
        forge.push("header: no algorithm and no signature", format!("{header}.{payload}."));
    }
    let token = unencoded(forge);
    forge.push("header: b64 false, the payload as it is", token);
}

/// A token after RFC 7797. Its payload is JSON as it stands, in which no dot is written as one.
fn unencoded(forge: &mut Forge<'_>) -> String {
    let alg = forge.alg;
    let header = encode(format!(r#"{{"alg":"{alg}","b64":false,"crit":["b64"]}}"#));
    let mut claims = forge.claims();
    claims.remove("n"); // In a number a dot has no other spelling.
    let payload = serde_json::Value::Object(claims).to_string().replace('.', "\\u002e");
    let token = forge.signed_parts(&header, &payload);
    assert_eq!(parts(&token).len(), 3);
    token
}
