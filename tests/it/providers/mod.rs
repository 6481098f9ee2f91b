//! The tokens of the providers that people have, in the very shape in which these issue them, and
//! the settings that take them.
//!
//! Rule: the README's table is made of the same values as the tests, so no line of it is untried.

mod auth0;
mod cognito;
mod dex;
mod entra;
mod github;
mod gitlab;
mod google;
mod keycloak;
mod kubernetes;
mod okta;
mod provider;

use serde_json::json;

use crate::architecture::marked;
use crate::support::gate::{Gate, Setup};
use provider::{Change, KeySet, Provider};

fn providers() -> Vec<Provider> {
    [
        keycloak::all(),
        auth0::all(),
        okta::all(),
        entra::all(),
        google::all(),
        dex::all(),
        cognito::all(),
        gitlab::all(),
        github::all(),
        kubernetes::all(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn gate(provider: &Provider, keys: &KeySet, change: &Change) -> Gate {
    provider.beside(Setup::yaml(provider.lines(1, change)), &keys.document).start()
}

#[test]
fn every_providers_tokens_are_taken_by_the_realm_of_the_readme() {
    for provider in providers() {
        for keys in &provider.key_sets {
            let gate = gate(&provider, keys, &Change::Nothing);
            let answer = gate.caller().check(&provider.check(keys, &Change::Nothing));
            let row = format!("{}, {}", provider.name, provider.token);
            assert!(answer.is_allow(), "{row}: {answer:?}\n{}", gate.log());
            assert_eq!(json!(answer.set()), provider.headers(), "{row}");
            let log = gate.log();
            assert!(!log.contains("warning"), "{row}: there is nothing to warn about:\n{log}");
        }
    }
}

#[test]
fn what_people_get_wrong_is_denied_with_the_reason_that_helps() {
    for provider in providers() {
        let keys = &provider.key_sets[0];
        let as_written = gate(&provider, keys, &Change::Nothing);
        assert!(provider.mistakes.len() >= 2, "{}", provider.name);
        for mistake in &provider.mistakes {
            let check = provider.check(keys, &mistake.change);
            let answer = match &mistake.change {
                Change::Setting(..) => {
                    gate(&provider, keys, &mistake.change).caller().check(&check)
                }
                Change::Nothing | Change::Claims(_) | Change::Header(_) | Change::Text(_) => {
                    as_written.caller().check(&check)
                }
            };
            let row = format!("{}, {}: {}", provider.name, provider.token, mistake.what);
            assert_eq!(answer.outcome(), (401, mistake.reason), "{row}");
        }
    }
}

#[test]
fn all_of_them_are_taken_side_by_side() {
    let all = providers();
    let lines = all.iter().enumerate().map(|(at, one)| one.lines(at + 1, &Change::Nothing));
    let setup = all.iter().fold(Setup::yaml(lines.collect::<String>()), |setup, provider| {
        provider.beside(setup, &provider.key_sets[0].document)
    });
    let gate = setup.start();
    let caller = gate.caller();
    for provider in &all {
        let answer = caller.check(&provider.check(&provider.key_sets[0], &Change::Nothing));
        assert!(answer.is_allow(), "{}, {}: {answer:?}", provider.name, provider.token);
        assert_eq!(json!(answer.set()), provider.headers(), "{}", provider.name);
    }
}

#[test]
fn the_readmes_table_of_providers_is_what_was_tried() {
    let rows: Vec<_> = providers().iter().map(Provider::row).collect();
    let head = "| tokens of | `allowed_issuer` | `token_type` | `allowed_audiences` from \
                | further settings | keys at | remarks |\n|---|---|---|---|---|---|---|";
    let wanted = format!("{head}\n{}", rows.join("\n"));
    assert!(marked("providers") == wanted, "the table of providers is:\n{wanted}");
}
