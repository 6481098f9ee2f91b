//! Reloads of every kind under constant load: no check fails, and none is decided by a mixture.

use realmgate::observe::Reload;

use super::load::{Load, version};
use crate::support::corp;
use crate::support::gate::Setup;
use crate::support::inside::Inside;

const BROKEN: &str = "realmgate.limits.deadlin";

fn secret(setup: Setup, number: u64) -> (Setup, String) {
    let secret = format!("secret-of-version-{number}");
    let name = corp::setting("client_authentication.shared_secret");
    (setup.secret(&name, &secret), secret)
}

/// One reload of each kind: the config in place, the secret in place, a broken version and its
/// repair, a swap of both mounts. `reload` writes what the change makes and must end as `Reload`.
fn each_kind(
    load: &Load,
    number: &mut u64,
    mut reload: impl FnMut(Reload, &mut dyn FnMut(Setup) -> Setup),
) {
    let next = *number + 1;
    load.may_be(next);
    reload(Reload::Applied, &mut |setup| version(setup.in_place(), next));
    load.is(next);

    let mut presented = String::new();
    reload(Reload::Applied, &mut |setup| {
        let (setup, secret) = secret(setup, next);
        presented = secret;
        setup
    });
    load.round();
    load.present(&presented);

    reload(Reload::Refused, &mut |setup| version(setup, next + 1).set(BROKEN, "1s"));
    load.round();
    reload(Reload::Unchanged, &mut |setup| version(setup, next).unset(BROKEN));
    load.round();

    let swapped = next + 1;
    load.may_be(swapped);
    reload(Reload::Applied, &mut |setup| version(setup.mounted(), swapped));
    load.is(swapped);
    *number = swapped;
}

#[test]
fn three_reloads_of_every_kind_by_the_real_poll_cost_no_check() {
    let mut gate = version(corp::setup().mounted(), 0).start();
    let load = Load::start(gate.grpc());
    let mut number = 0;
    for _ in 0..3 {
        each_kind(&load, &mut number, |result, change| {
            let before = gate.reloads(result.code());
            gate.change(change);
            gate.wait_for_reload(result.code(), before);
        });
    }
    assert!(load.end() > 100);
    assert_eq!(["applied", "refused", "unchanged"].map(|it| gate.reloads(it)), [9, 3, 3]);
}

#[test]
fn hundreds_of_reloads_cost_no_check() {
    let mut inside = Inside::start(version(corp::setup().mounted(), 0));
    let load = Load::start(&inside.grpc());
    let mut number = 0;
    for _ in 0..60 {
        each_kind(&load, &mut number, |result, change| {
            assert_eq!(inside.reload(change), result);
        });
    }
    assert!(load.end() > 1000);
}
