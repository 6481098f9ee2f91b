//! The size of the identity headers: what is left out first, what is never cut, and the refusal
//! of a user who cannot be told.

use crate::support::answer::Answer;
use crate::support::corp;
use crate::support::gate::Gate;
use crate::support::token::Claims;

const BUDGET: usize = 8 * 1024;

fn ask(gate: &Gate, claims: &Claims) -> Answer {
    gate.caller().check(&corp::with(claims))
}

fn size(answer: &Answer) -> usize {
    answer.set().iter().map(|(name, value)| name.len() + value.len()).sum()
}

fn shown(answer: &Answer) -> Vec<&str> {
    let optional = ["x-es-metadata", "x-es-groups", "x-es-dn", "x-es-full-name", "x-es-email"];
    optional.into_iter().filter(|name| answer.set().contains_key(*name)).collect()
}

#[test]
fn identity_headers_fill_the_budget_to_the_byte() {
    let gate = corp::setup().start();
    let minimal = size(&ask(&gate, &Claims::good()));
    let room = BUDGET - minimal - "x-es-email".len();
    let fits = ask(&gate, &Claims::good().with("mail", "m".repeat(room)));
    assert_eq!((size(&fits), shown(&fits)), (BUDGET, vec!["x-es-email"]));
    let over = ask(&gate, &Claims::good().with("mail", "m".repeat(room + 1)));
    assert_eq!(shown(&over), Vec::<&str>::new());
    assert!(over.removed().contains("x-es-email"), "left out is removed");
}

#[test]
fn the_size_is_that_of_the_encoded_value() {
    let gate = corp::setup().start();
    let fits = ask(&gate, &Claims::good().with("mail", "m".repeat(3000)));
    assert_eq!(shown(&fits), ["x-es-email"]);
    let over = ask(&gate, &Claims::good().with("mail", "%".repeat(3000)));
    assert_eq!(shown(&over), Vec::<&str>::new());
}

#[test]
fn over_the_budget_properties_are_left_out_whole_in_their_order() {
    let gate = corp::setup().set("realmgate.identity.metadata", true).start();
    let claims = |groups: usize, dn: usize, name: usize, mail: usize| {
        [("groups", groups), ("dn", dn), ("name", name), ("mail", mail)]
            .into_iter()
            .filter(|(_, length)| *length > 0)
            .fold(Claims::good(), |claims, (claim, length)| claims.with(claim, "x".repeat(length)))
    };
    let all = ["x-es-metadata", "x-es-groups", "x-es-dn", "x-es-full-name", "x-es-email"];
    assert_eq!(shown(&ask(&gate, &claims(100, 100, 100, 100))), all);
    // The metadata repeats every claim in base64, so it is the first that is too much.
    assert_eq!(shown(&ask(&gate, &claims(1500, 1500, 1500, 1500))), all[1..]);
    assert_eq!(shown(&ask(&gate, &claims(2500, 2500, 2500, 2500))), all[2..]);
    // Groups are left out before the DN is, although leaving out the DN alone would do.
    assert_eq!(shown(&ask(&gate, &claims(10, 4000, 2500, 2500))), all[3..]);
    assert_eq!(shown(&ask(&gate, &claims(10, 10, 6000, 5000))), all[4..]);
    assert_eq!(shown(&ask(&gate, &claims(10, 10, 10, 9000))), Vec::<&str>::new());
}

#[test]
fn a_user_name_is_told_up_to_a_kibibyte_encoded() {
    let gate = corp::setup().start();
    let longest = "a".repeat(1024);
    let answer = ask(&gate, &Claims::good().with("sub", &*longest));
    assert_eq!(answer.principal().unwrap(), longest);
    let encoded = "\u{e9}".repeat(170); // six bytes each
    assert!(ask(&gate, &Claims::good().with("sub", &*encoded)).is_allow());
    for (subject, shown) in [
        ("a".repeat(1025), "a".repeat(1024)),
        ("\u{e9}".repeat(171), "%C3%A9".repeat(170)),
        ("\0".repeat(342), "%00".repeat(341)),
    ] {
        let answer = ask(&gate, &Claims::good().with("sub", &*subject));
        assert_eq!(answer.outcome(), (403, "identity_not_representable"));
        let sentence = answer.sentence();
        let start = "action [GET /] is unauthorized for user [";
        let user = sentence.strip_prefix(start).and_then(|rest| rest.strip_suffix(']'));
        let user = user.unwrap_or_else(|| panic!("{sentence}"));
        // Where a cut falls inside an escape is the service's choice; more is never shown.
        assert!(shown.starts_with(&user[..user.len().min(1019)]) && user.len() <= 1024, "{user}");
    }
}

#[test]
fn a_user_who_does_not_fit_the_budget_is_refused() {
    let gate = corp::setup().set("realmgate.limits.identity_size", "1kb").start();
    assert!(ask(&gate, &Claims::good().with("sub", "a".repeat(400))).is_allow());
    let answer = ask(&gate, &Claims::good().with("sub", "a".repeat(500)));
    assert_eq!(answer.outcome(), (403, "identity_not_representable"));
}
