//! Thousands of tokens, good and bad, judged by Realmgate and by an implementation that shares
//! nothing with it: another language, another JOSE library, another crypto library.
//!
//! Rule: both sides get the same tokens, keys and rules, and say the same of every token, unless
//! `explained.rs` says why they differ.

mod cases;
mod explained;
mod forge;
mod judge;
mod world;

use std::collections::{BTreeMap, BTreeSet};

use crate::support::caller::Caller;
use crate::support::check::Check;
use crate::support::gate::Gate;
use crate::support::series::loads;
use explained::EXPLAINED;
use forge::{Case, Dice};
use judge::Verdict;
use world::World;

/// Chooses the tokens; another seed makes others.
const SEED_VARIABLE: &str = "REALMGATE_SEED";
const SEED: u64 = 7519;

#[test]
fn both_say_the_same_of_tokens_under_one_hmac_key() {
    let world = World::of_one_hmac_key();
    compare(&world, &world.start().0, &world.cases(&mut dice()), 2000);
}

#[test]
fn both_say_the_same_of_tokens_of_all_twelve_algorithms_under_key_sets() {
    let world = World::of_key_sets();
    compare(&world, &world.start().0, &world.cases(&mut dice()), 8000);
}

#[test]
fn both_say_the_same_where_few_algorithms_are_taken() {
    let world = World::of_key_sets().taking(&["HS384", "RS256", "PS512", "ES256"]);
    compare_signers(&world, &world.start().0, &world.tokens_of_all(&mut dice()));
}

#[test]
fn both_say_the_same_after_keys_were_withdrawn() {
    let world = World::of_key_sets();
    let (gate, file) = world.start();
    let cases = world.tokens_of_all(&mut dice());
    // Now the tokens are in the cache, too.
    compare_signers(&world, &gate, &cases);
    let world = world.without(&["r", "e2"]);
    world.publish(&file);
    gate.wait_for_metric(&loads("corp", "file_change", "changed"), 1);
    compare_signers(&world, &gate, &cases);
}

fn dice() -> Dice {
    let seed = std::env::var(SEED_VARIABLE).map_or(SEED, |text| text.parse().unwrap());
    eprintln!("{SEED_VARIABLE}={seed}");
    Dice::new(seed)
}

/// Plays every case on both sides.
fn compare(world: &World, gate: &Gate, cases: &[Case], at_least: usize) {
    assert!(cases.len() >= at_least, "{} show too little", cases.len());
    let judged = judge(world, gate, cases);
    for one in judged.iter().filter(|one| one.case.kind.starts_with(cases::GOOD)) {
        // Two that deny everything agree, too.
        assert!(one.ours.is_ok() && one.theirs.is_ok(), "{}", one.tell());
    }
    let needed = explain(&judged, world);
    let idle = EXPLAINED.iter().enumerate().filter(|(row, _)| !needed.contains(row));
    let idle: Vec<_> = idle.map(|(_, row)| row).collect();
    assert!(idle.is_empty(), "these explain nothing: {idle:#?}");
}

/// The same where nothing is to be explained.
fn compare_signers(world: &World, gate: &Gate, cases: &[Case]) {
    let judged = judge(world, gate, cases);
    assert!(judged.iter().any(|one| one.ours.is_ok()), "all are denied");
    assert_eq!(explain(&judged, world), BTreeSet::new(), "only who signs is at stake here");
}

fn judge<'c>(world: &World, gate: &Gate, cases: &'c [Case]) -> Vec<Judged<'c>> {
    let theirs = judge::judge(&world.keys(), &world.rules(), cases.iter().map(|c| &*c.token));
    let caller = gate.caller();
    let ours = cases.iter().map(|case| ask(&caller, case));
    let judged: Vec<_> = cases.iter().zip(ours).zip(theirs).map(Judged::new).collect();
    let allowed = judged.iter().filter(|one| one.ours.is_ok()).count();
    eprintln!("{} tokens, {allowed} allowed", judged.len());
    judged
}

/// A token, and what both sides say of it.
struct Judged<'c> {
    case: &'c Case,
    ours: Verdict,
    theirs: Verdict,
}

/// What Realmgate says: the user, or the reason code.
fn ask(caller: &Caller, case: &Case) -> Verdict {
    let answer = caller.check(&Check::get().bearer(&case.token));
    if answer.is_allow() {
        Ok(answer.principal().unwrap())
    } else {
        Err(answer.reason().to_owned())
    }
}

/// The rows that were needed; fails if a difference has none.
fn explain(judged: &[Judged<'_>], world: &World) -> BTreeSet<usize> {
    let mut needed = BTreeSet::new();
    let mut unexplained: BTreeMap<(&str, &str), &Judged<'_>> = BTreeMap::new();
    for one in judged {
        let Some(reason) = one.difference() else { continue };
        match EXPLAINED.iter().position(|row| row.explains(&one.case.kind, reason)) {
            Some(row) => _ = needed.insert(row),
            None => _ = unexplained.insert((&one.case.kind, reason), one),
        }
    }
    let told: Vec<_> = unexplained.values().map(|one| one.tell()).collect();
    let keys = world.keys();
    assert!(told.is_empty(), "{} kinds differ:\n{}\nunder {keys}", told.len(), told.join("\n"));
    for row in &needed {
        eprintln!("{}", EXPLAINED[*row].line());
    }
    needed
}

impl<'c> Judged<'c> {
    fn new(((case, ours), theirs): ((&'c Case, Verdict), Verdict)) -> Self {
        Self { case, ours, theirs }
    }

    /// Where the two differ: our reason code, `ok` where it is we who allow.
    fn difference(&self) -> Option<&str> {
        match (&self.ours, &self.theirs) {
            (Err(_), Err(_)) => None,
            (Ok(ours), Ok(theirs)) => (ours != theirs).then_some("another user"),
            (Ok(_), Err(_)) => Some("ok"),
            (Err(reason), Ok(_)) => Some(reason),
        }
    }

    fn tell(&self) -> String {
        let Self { case: Case { kind, token }, ours, theirs } = self;
        format!("{kind}: ours {ours:?}, theirs {theirs:?}\n  {token:?}")
    }
}
