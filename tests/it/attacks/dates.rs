//! Times of every type and size, as the token's text has them: what is no date of ours is no JWT, a
//! malformed claim or out of its time, and never a panic or a token without an end.

use serde_json::json;

use super::{Attack, UNREADABLE, allow, hold_beside};
use crate::support::corp::{self, KEY};
use crate::support::token::{Claims, HS256, sign};

/// What a value makes of the token.
#[derive(Clone, Copy, PartialEq)]
enum End {
    /// It is let in.
    Allowed,
    /// No JSON of ours.
    NotAJwt,
    /// No date of ours: of a registered claim before any realm, of `auth_time` in the realm.
    Malformed,
    /// A date, but a past one.
    Past,
    /// A date, but a future one.
    Future,
}

use End::{Allowed, Future, Malformed, NotAJwt, Past};

/// Values, and whether they are dates at all: then they lie long ago, or far ahead.
const VALUES: [(&str, End); 64] = [
    (r#""4070908800""#, Malformed),
    (r#""""#, Malformed),
    (r#""2099-01-01T00:00:00Z""#, Malformed),
    (r#""9999999999""#, Malformed),
    (r#""Infinity""#, Malformed),
    ("true", Malformed),
    ("false", Malformed),
    ("[]", Malformed),
    ("[4070908800]", Malformed),
    ("[[4070908800]]", Malformed),
    ("{}", Malformed),
    (r#"{"":4070908800}"#, Malformed),
    (r#"{"$numberLong":"4070908800"}"#, Malformed),
    ("0", Past),
    ("-0", Past),
    ("-0.0", Past),
    ("0e99999", Past),
    ("-1", Past),
    ("1e-400", Past),
    ("-1e-400", Past),
    ("0.9999999999999999999999", Past),
    ("1e0", Past),
    ("946684800", Past),
    ("946684800.0", Past),
    ("946684800.999999999999", Past),
    ("9.466848e8", Past),
    ("9466848E+2", Past),
    ("946684800000e-3", Past),
    ("-4070908800", Past),
    ("-9223372036854775", Past),
    ("-9223372036854775.0", Past),
    ("4070908800", Future),
    ("4070908800.5", Future),
    ("4.0709088e9", Future),
    ("4070908800000", Future),
    ("253402300799", Future),
    ("253402300800", Future),
    ("1e15", Future),
    ("9223372036854775", Future),
    ("9223372036854774.0", Future),
    ("9223372036854776", Malformed),
    ("-9223372036854776", Malformed),
    ("9223372036854777.0", Malformed),
    ("1e16", Malformed),
    ("-1e16", Malformed),
    ("4070908800000000000", Malformed),
    ("9223372036854775806", Malformed),
    ("9223372036854775807", Malformed),
    ("9223372036854775808", Malformed),
    ("-9223372036854775807", Malformed),
    ("-9223372036854775808", Malformed),
    ("-9223372036854775809", Malformed),
    ("18446744073709551615", Malformed),
    ("18446744073709551616", Malformed),
    ("340282366920938463463374607431768211456", Malformed),
    ("1e30", Malformed),
    ("1e308", Malformed),
    ("-1.7976931348623157e308", Malformed),
    ("1e309", NotAJwt),
    ("1e400", NotAJwt),
    ("-1e400", NotAJwt),
    ("1e99999999999999999999", NotAJwt),
    ("04070908800", NotAJwt),
    ("4070908800f", NotAJwt),
];

/// What becomes of a token whose `claim` is that.
fn end(claim: &str, value: End) -> End {
    match (claim, value) {
        ("exp", Future) | ("iat" | "nbf" | "auth_time", Past) => Allowed,
        (_, end) => end,
    }
}

/// Good claims as text, with this one as it stands.
fn text(claims: &Claims, claim: &str, value: &str) -> String {
    let rest = claims.clone().without(claim).text();
    format!("{{\"{claim}\":{value},{}", &rest[1..])
}

fn token(text: &str) -> String {
    sign(r#"{"alg":"HS256"}"#, text, HS256, KEY)
}

#[test]
fn a_time_of_any_type_and_size_ends_as_its_kind_does() {
    let gate = corp::setup().start();
    let (mut attacks, mut checks) = (Vec::new(), Vec::new());
    for claim in ["exp", "iat", "nbf", "auth_time"] {
        for (value, kind) in VALUES {
            let what = format!("{claim}: {value}");
            let check = corp::with_token(&token(&text(&Claims::good(), claim, value)));
            let refused = |reason| {
                Attack::judged(&what, check.clone(), &Claims::good().without(claim), reason)
            };
            attacks.push(match end(claim, kind) {
                Allowed => {
                    checks.push((what, check));
                    continue;
                }
                NotAJwt => Attack::new(&what, check, (401, "not_a_jwt"), UNREADABLE),
                Malformed if claim == "auth_time" => {
                    let mut claims = Claims::good();
                    if let Ok(value) = serde_json::from_str::<serde_json::Value>(value) {
                        // A text stands in the label, whatever the claim is.
                        claims = claims.with(claim, value);
                    }
                    Attack::judged(&what, check, &claims, "claim_malformed")
                }
                Malformed => Attack::new(&what, check, (401, "claim_malformed"), UNREADABLE),
                Past => refused("token_expired"),
                Future => refused("token_not_yet_valid"),
            });
        }
    }
    assert_eq!(attacks.len() + checks.len(), 4 * VALUES.len());
    hold_beside(&gate, &Claims::good().token(), &attacks);
    let checks: Vec<_> =
        checks.iter().map(|(what, check)| (what.as_str(), check.clone())).collect();
    allow(&gate, &checks);
}

#[test]
fn null_is_a_fault_of_exp_iat_and_nbf_and_an_absent_auth_time() {
    let gate = corp::setup().start();
    let attacks: Vec<_> = ["exp", "iat", "nbf"]
        .iter()
        .map(|claim| {
            let check = corp::with_token(&token(&text(&Claims::good(), claim, "null")));
            Attack::new(claim, check, (401, "claim_malformed"), UNREADABLE)
        })
        .collect();
    hold_beside(&gate, &Claims::good().token(), &attacks);
    let absent = token(&text(&Claims::good(), "auth_time", "null"));
    allow(&gate, &[("auth_time", corp::with_token(&absent))]);
}

#[test]
fn a_time_that_stands_twice_is_not_a_jwt_whichever_is_good() {
    let gate = corp::setup().start();
    let mut attacks = Vec::new();
    for claim in ["exp", "iat", "nbf"] {
        let good = text(&Claims::good(), claim, "4070908800");
        for again in [claim.to_owned(), format!("\\u{:04x}{}", claim.as_bytes()[0], &claim[1..])] {
            for value in ["0", "4070908800", "null", "946684800"] {
                let twice = format!("{{\"{again}\":{value},{}", &good[1..]);
                attacks.push(Attack::not_a_jwt(&twice, &token(&twice)));
            }
        }
    }
    hold_beside(&gate, &Claims::good().token(), &attacks);
}

/// Fractions are cut, so these hold whenever in a second they are asked.
#[test]
fn a_fraction_of_the_second_that_runs_neither_lengthens_nor_delays_a_token() {
    let gate = corp::setup().set(&corp::setting("allowed_clock_skew"), "0s").start();
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let now = since.as_secs();
    let fraction = |part: &str| format!("{now}.{part}");
    let attacks: Vec<_> = [now.to_string(), fraction("1"), fraction("9"), fraction("999999")]
        .iter()
        .map(|value| {
            let check = corp::with_token(&token(&text(&Claims::good(), "exp", value)));
            let claims = Claims::good().without("exp");
            Attack::judged(&format!("exp: {value}"), check, &claims, "token_expired")
        })
        .collect();
    hold_beside(&gate, &Claims::good().token(), &attacks);
    let mut checks = Vec::new();
    for claim in ["iat", "nbf", "auth_time"] {
        for value in [now.to_string(), fraction("1"), fraction("999999")] {
            let check = corp::with_token(&token(&text(&Claims::good(), claim, &value)));
            checks.push((format!("{claim}: {value}"), check));
        }
    }
    let checks: Vec<_> =
        checks.iter().map(|(what, check)| (what.as_str(), check.clone())).collect();
    allow(&gate, &checks);
}

/// A millisecond is taken for a second: so written, an end never comes, and a beginning does not
/// either.
#[test]
fn milliseconds_are_seconds_far_ahead() {
    let gate = corp::setup().start();
    let attacks: Vec<_> = ["iat", "nbf", "auth_time"]
        .iter()
        .map(|claim| {
            let claims = Claims::good().with(claim, json!(946_684_800_000_i64));
            Attack::refused(claim, &claims, "token_not_yet_valid")
        })
        .collect();
    hold_beside(&gate, &Claims::good().with("exp", 1_000_000_000_000_i64).token(), &attacks);
}
