//! Header smuggling: a credential header that comes twice, in either form or in both.

use super::{Attack, NOTHING, UNREADABLE, allow, hold_as_they_stand, unable};
use crate::support::check::Check;
use crate::support::corp::{self, SECRET};
use crate::support::gate::Gate;
use crate::support::token::Claims;

const AUTHORIZATION: &str = "authorization";
const CLIENT: &str = "es-client-authentication";
const RUN_AS: &str = "es-security-runas-user";

fn good_bearer() -> String {
    format!("Bearer {}", Claims::good().token())
}

fn good_client() -> String {
    format!("SharedSecret {SECRET}")
}

/// A good check in the raw form alone.
fn entries() -> Check {
    Check::get().entry(AUTHORIZATION, good_bearer()).entry(CLIENT, good_client())
}

fn repeated(what: &str, check: Check, name: &str) -> Attack {
    let sentence = format!("multiple values for single-valued header [{name}].");
    Attack::new(what, check, (400, "multiple_header_values"), sentence)
}

fn allowed(gate: &Gate, checks: &[(&str, Check)]) {
    let caller = gate.caller();
    for (what, check) in checks {
        let answer = caller.check(check);
        assert!(answer.is_allow(), "{what}: {answer:?}");
    }
}

#[test]
fn a_comma_in_a_bearer_value_is_a_repeated_authorization() {
    let gate = corp::setup().start();
    let good = good_bearer();
    let values = [
        format!("{good},{good}"),
        format!("{good}, {good}"),
        format!("{good},Bearer x"),
        format!("Bearer x,{good}"),
        format!("{good},"),
        format!("Bearer ,{good}"),
        format!("{good},Basic YTpi"),
        "Bearer,".to_owned(),
        "Bearer ,".to_owned(),
    ];
    let attacks: Vec<_> = values
        .iter()
        .flat_map(|value| {
            let joined = corp::good().header(AUTHORIZATION, value);
            let entry = Check::get().entry(AUTHORIZATION, value).entry(CLIENT, good_client());
            [("joined", joined), ("entry", entry)].map(|(form, check)| {
                repeated(
                    &format!("{form} …{:?}", &value[value.len() - 6..]),
                    check,
                    "Authorization",
                )
            })
        })
        .collect();
    hold_as_they_stand(&gate, &attacks);
}

#[test]
fn a_comma_in_a_value_of_another_scheme_is_not_split() {
    let gate = corp::setup().start();
    let good = good_bearer();
    let no_credentials = (401, "no_credentials");
    let with = |value: &str| corp::good().header(AUTHORIZATION, value);
    let attacks = [
        Attack::new("Basic", with(&format!("Basic YTpi,{good}")), no_credentials, NOTHING),
        Attack::new("empty", with(&format!(",{good}")), no_credentials, NOTHING),
        Attack::new("Digest", with("Digest a=b, c=d"), no_credentials, NOTHING),
        Attack::new("bearer", with(&format!("bearer x,{good}")), no_credentials, UNREADABLE),
    ];
    hold_as_they_stand(&gate, &attacks);
}

#[test]
fn authorization_comes_at_most_once_equal_or_not_in_any_letter_case() {
    let gate = corp::setup().start();
    let cases = [
        ("equal", entries().entry(AUTHORIZATION, good_bearer())),
        ("another", entries().entry(AUTHORIZATION, "Bearer x")),
        ("another scheme", entries().entry(AUTHORIZATION, "Basic YTpi")),
        ("empty", entries().entry(AUTHORIZATION, "")),
        ("capitals", entries().entry("Authorization", good_bearer())),
        ("as text", entries().entry_as_text(AUTHORIZATION, &good_bearer())),
        ("two letter cases", corp::good().header("Authorization", &good_bearer())),
        ("two of no use", Check::get().entry(AUTHORIZATION, "").entry(AUTHORIZATION, "")),
    ];
    let attacks = cases.map(|(what, check)| repeated(what, check, "Authorization"));
    hold_as_they_stand(&gate, &attacks);
}

#[test]
fn a_joined_client_secret_is_a_repeat_and_any_other_comma_belongs_to_it() {
    let gate = corp::setup().start();
    let good = good_client();
    let with = |value: &str| corp::good().header(CLIENT, value);
    let mut attacks: Vec<_> = [
        format!("{good},{good}"),
        format!("{good}, {good}"),
        format!("{good},   sharedsecret x"),
        format!("SharedSecret x,{good}"),
        format!("SharedSecret ,{good}"),
        format!("Basic x,SHAREDSECRET {SECRET}"),
        format!(",{good}"),
    ]
    .iter()
    .map(|value| repeated(value, with(value), "ES-Client-Authentication"))
    .collect();
    for value in
        [format!("{good},"), format!("{good},SharedSecret"), format!("{good},SharedSecrets x")]
    {
        let sentence = unable(&Claims::good().label());
        let mismatch = (401, "client_secret_mismatch");
        attacks.push(Attack::new(&value, with(&value), mismatch, sentence));
    }
    hold_as_they_stand(&gate, &attacks);
}

#[test]
fn a_client_secret_may_hold_commas() {
    let secret = "a,b, c,shared secret d";
    let key = corp::setting("client_authentication.shared_secret");
    let gate = corp::setup_without_secret().secret(&key, secret).start();
    allow(&gate, &[("commas", corp::good().header(CLIENT, &format!("SharedSecret {secret}")))]);
}

#[test]
fn entries_of_the_client_secret_are_one_only_if_they_are_equal() {
    let gate = corp::setup().start();
    allowed(&gate, &[("equal", entries().entry(CLIENT, good_client()))]);
    let cases = [
        ("another", entries().entry(CLIENT, "SharedSecret x")),
        ("another first", Check::get().entry(CLIENT, "x").entry(CLIENT, good_client())),
        ("empty", entries().entry(CLIENT, "")),
        ("another scheme's letters", entries().entry(CLIENT, format!("sharedsecret {SECRET}"))),
        ("capitals", entries().entry("ES-Client-Authentication", "x")),
    ];
    let repeat = |(what, check)| repeated(what, check, "ES-Client-Authentication");
    let mut attacks = Vec::from(cases.map(repeat));
    // By itself an entry is one value: here a joined one is simply a wrong secret.
    let joined = format!("{0},{0}", good_client());
    let joined = Check::get().entry(AUTHORIZATION, good_bearer()).entry(CLIENT, joined);
    let sentence = unable(&Claims::good().label());
    attacks.push(Attack::new("joined", joined, (401, "client_secret_mismatch"), sentence));
    hold_as_they_stand(&gate, &attacks);
}

#[test]
fn entries_of_the_run_as_header_are_one_only_if_they_are_equal() {
    let gate = corp::setup().start();
    let twice = |a: &str, b: &str| entries().entry(RUN_AS, a).entry(RUN_AS, b);
    let attacks = [
        repeated("two names", twice("eve", "bob"), RUN_AS),
        repeated("a name and nothing", twice("eve", ""), RUN_AS),
        repeated("letter case", twice("eve", "Eve"), RUN_AS),
        denied_run_as("equal", twice("eve", "eve"), "eve"),
    ];
    hold_as_they_stand(&gate, &attacks);
}

#[test]
fn the_run_as_header_is_one_name_as_it_stands() {
    let gate = corp::setup().start();
    let cases = ["eve", "a,b", " ", "ana", "SharedSecret x, SharedSecret x", "\u{e9}t\u{e9}"];
    let attacks = cases.map(|name| denied_run_as(name, corp::good().header(RUN_AS, name), name));
    hold_as_they_stand(&gate, &attacks);
}

fn denied_run_as(what: &str, check: Check, target: &str) -> Attack {
    let sentence = format!(
        "action [GET /] is unauthorized for user [ana] with effective roles [], because user \
         [ana] is unauthorized to run as [{target}]"
    );
    Attack::new(what, check, (403, "run_as_denied"), sentence)
}

#[test]
fn an_empty_run_as_header_is_refused_once_the_caller_is_known() {
    let gate = corp::setup().start();
    let sentence = unable(&Claims::good().label());
    let expired = Claims::good().with("exp", 1_000_000_000);
    let attacks = [
        Attack::new("joined", corp::good().header(RUN_AS, ""), (401, "run_as_empty"), &*sentence),
        Attack::new("entry", entries().entry(RUN_AS, ""), (401, "run_as_empty"), &*sentence),
        Attack::judged(
            "expired",
            corp::with(&expired).header(RUN_AS, ""),
            &expired,
            "token_expired",
        ),
        Attack::judged(
            "expired",
            corp::with(&expired).header(RUN_AS, "x"),
            &expired,
            "token_expired",
        ),
    ];
    hold_as_they_stand(&gate, &attacks);
}

#[test]
fn a_header_in_both_forms_is_good_only_if_they_agree() {
    let gate = corp::setup().start();
    let good = [
        (
            "both agree",
            entries().header(AUTHORIZATION, &good_bearer()).header(CLIENT, &good_client()),
        ),
        (
            "one each",
            Check::get().header(AUTHORIZATION, &good_bearer()).entry(CLIENT, good_client()),
        ),
        (
            "the other way",
            Check::get().entry(AUTHORIZATION, good_bearer()).header(CLIENT, &good_client()),
        ),
    ];
    allowed(&gate, &good);
    let attacks = [
        repeated("token", entries().header(AUTHORIZATION, "Bearer x"), "Authorization"),
        repeated("no token", entries().header(AUTHORIZATION, ""), "Authorization"),
        repeated(
            "comma in the map",
            entries().header(AUTHORIZATION, &format!("{0},{0}", good_bearer())),
            "Authorization",
        ),
        repeated("secret", entries().header(CLIENT, "SharedSecret x"), "ES-Client-Authentication"),
        repeated(
            "one part of the secret",
            entries().header(CLIENT, &format!("{},SharedSecret x", good_client())),
            "ES-Client-Authentication",
        ),
        repeated("run-as", entries().entry(RUN_AS, "eve").header(RUN_AS, "bob"), RUN_AS),
        denied_run_as("run-as agrees", entries().entry(RUN_AS, "eve").header(RUN_AS, "eve"), "eve"),
    ];
    hold_as_they_stand(&gate, &attacks);
}

#[test]
fn a_value_of_the_raw_form_that_is_no_utf_8_is_a_denial() {
    let gate = corp::setup().start();
    let caller = gate.caller();
    let bearer = [good_bearer().as_bytes(), b"\xe9"].concat();
    let secret = [good_client().as_bytes(), b"\xe9"].concat();
    let token = Check::get().entry(AUTHORIZATION, bearer).entry(CLIENT, good_client());
    assert_eq!(caller.check(&token).outcome(), (401, "not_a_jwt"));
    let client = Check::get().entry(AUTHORIZATION, good_bearer()).entry(CLIENT, secret);
    assert_eq!(caller.check(&client).outcome(), (401, "client_secret_mismatch"));
    let run_as = entries().entry(RUN_AS, b"\xe9");
    assert_eq!(caller.check(&run_as).outcome(), (403, "run_as_denied"));
}

#[test]
fn other_headers_in_the_raw_form_may_hold_any_bytes() {
    let gate = corp::setup().start();
    let check = entries().entry("x-name", b"r\xe9al").entry("x-nul", b"\0").entry("cookie", "a,b");
    allowed(&gate, &[("bytes", check)]);
}
