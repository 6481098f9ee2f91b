//! Documents that say whose keys they hold, and what readers of other issuers see of them.

use super::*;

#[tokio::test]
async fn the_keys_of_one_issuer_are_nobody_elses() {
    let world = World::new(false, None);
    let (a, b) = (world.view("a", "i"), world.view("b", "j"));
    assert!(a.current().is_none() && b.current().is_none(), "never loaded");
    world.give(Ok(Loaded::Document(document(0, Some("i")).into())));
    world.source.load(Trigger::Startup).await;
    assert_eq!((version(&a), version(&b)), (version_of(0), None));
    // The same text from somebody who does not say whose it is, is everybody's.
    world.give(brings(0));
    assert_eq!(world.source.load(Trigger::Signal).await, KeyLoad::Changed);
    assert_eq!((version(&a), version(&b)), (version_of(0), version_of(0)));
}

#[tokio::test]
async fn another_issuers_document_is_a_fault_while_somebody_wants_the_keys_of_the_one_before() {
    let world = World::new(false, None);
    let (a, b) = (world.view("a", "i"), world.view("b", "j"));
    let of = |which, issuer| Ok(Loaded::Document(document(which, Some(issuer)).into()));
    let Terms { readers, brake, poll } = terms(None);
    for (answer, readers, result, [to_a, to_b]) in [
        (of(0, "i"), &readers[..], KeyLoad::Changed, [version_of(0), None]),
        (of(1, "j"), &readers, KeyLoad::Error, [version_of(0), None]),
        (of(1, "i"), &readers, KeyLoad::Changed, [version_of(1), None]),
        (of(0, "j"), &readers[1..], KeyLoad::Changed, [None, version_of(0)]),
        (brings(1), &readers, KeyLoad::Changed, [version_of(1); 2]),
        (of(0, "j"), &readers, KeyLoad::Changed, [None, version_of(0)]),
    ] {
        let what = format!("{answer:?} {readers:?}");
        let now_read = Terms { readers: readers.to_vec(), brake, poll };
        world.source.set_terms(now_read, now());
        world.give(answer);
        assert_eq!(world.source.load(Trigger::Signal).await, result, "{what}");
        assert_eq!([version(&a), version(&b)], [to_a, to_b], "{what}");
        let fault = "it is the discovery document of the issuer [j]";
        let fault = (result == KeyLoad::Error).then_some(fault);
        assert_eq!(world.source.fault().as_deref(), fault);
    }
}

#[tokio::test]
async fn whoever_sees_nothing_of_what_is_held_asks_in_earnest() {
    let world = World::new(false, None);
    world.give(Ok(Loaded::Document(document(0, Some("i")).into())));
    world.source.load(Trigger::Startup).await;
    let b = world.view("b", "j");
    world.give(brings(1));
    b.renewed(version(&b), now()).await;
    assert_eq!(version(&b), version_of(1));
    assert_eq!(world.heard()[1..], ["b started", r#"signature_failure changed ["b"]"#]);
}

#[test]
fn a_load_is_told_to_each_reader_as_what_it_is_to_that_one() {
    let Terms { readers, .. } = terms(None);
    let foreign = "it is the discovery document of the issuer [i]";
    for (document, result, fault, to_j) in [
        (Some(document(0, None)), KeyLoad::Changed, None, (KeyLoad::Changed, None)),
        (Some(document(0, Some("j"))), KeyLoad::Unchanged, None, (KeyLoad::Unchanged, None)),
        (Some(document(0, Some("i"))), KeyLoad::Changed, None, (KeyLoad::Error, Some(foreign))),
        (None, KeyLoad::Unchanged, None, (KeyLoad::Unchanged, None)),
        (None, KeyLoad::Error, Some("gone"), (KeyLoad::Error, Some("gone"))),
    ] {
        let report = Report {
            source: "the source",
            trigger: Trigger::Signal,
            waited: &[],
            readers: &readers,
            result,
            document: document.as_ref(),
            fault,
            has_keys: true,
            is_in_force: true,
            took: Duration::ZERO,
        };
        let (result, fault) = report.for_reader(&readers[1]);
        assert_eq!((result, fault.as_deref()), to_j, "{document:?}");
    }
}
