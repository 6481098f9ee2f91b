//! Realmgate's log at TRACE: everything about a request but what was told in confidence.
//!
//! Rule: a secret is looked for in every spelling that a careless `Debug` could give it, and the
//! same search must find what may be logged.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::kit::guide;
use super::kit::http::Request;
use super::scene::{Scene, good, jwt8};
use crate::support::wait::eventually;

#[test]
fn a_log_at_trace_tells_the_path_but_no_secret_no_token_and_no_signature() {
    let scene = Scene::of(jwt8().set("realmgate.log.decisions", "all"), |bootstrap| bootstrap);
    for token in tokens() {
        let request = Request::get("/findable?token=hidden")
            .header("Authorization", &guide::bearer(&token))
            .header("ES-Client-Authentication", &guide::shared_secret(guide::SECRET));
        scene.ask(&request);
    }
    scene.ask(&good("/last"));
    let log = eventually("the last line", || {
        let log = scene.gate().log();
        found(&log, b"/last").then_some(log)
    });
    assert!(found(&log, b"/findable"), "the search does not find what is there:\n{log}");
    assert!(!found(&log, b"hidden"), "a query is logged:\n{log}");
    assert_discreet(&log);
}

#[test]
fn the_search_finds_every_spelling() {
    for spelled in [
        format!("x {} y", guide::SECRET),
        format!("{:?}", guide::SECRET.as_bytes()),
        format!("{:02x?}", guide::SECRET.as_bytes()).replace([',', ' '], ""),
        STANDARD_NO_PAD.encode(guide::SECRET),
    ] {
        assert!(found(&spelled, guide::SECRET.as_bytes()), "{spelled}");
    }
}

/// Fails if anything of what the tests prove themselves with stands in `log`.
pub(super) fn assert_discreet(log: &str) {
    let mut confidences = vec![guide::SECRET.to_owned(), "wrong-secret".to_owned()];
    confidences.push(String::from_utf8_lossy(guide::KEY).into_owned());
    for token in tokens() {
        let parts = token.split('.').map(str::to_owned);
        // Of a header alone nothing is learnt: everybody's is the same.
        confidences.extend(parts.skip(1));
        confidences.push(token);
    }
    for confidence in confidences {
        assert!(!found(log, confidence.as_bytes()), "{confidence} is in the log:\n{log}");
    }
}

fn tokens() -> [String; 3] {
    [guide::TOKEN.to_owned(), guide::expired(), guide::forged()]
}

/// Looks for the text itself, its bytes as numbers, as hex, and as base64.
fn found(log: &str, needle: &[u8]) -> bool {
    let decimal = format!("{needle:?}");
    let hex = needle.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    // The last characters depend on what follows.
    let base64 = STANDARD_NO_PAD.encode(&needle[..needle.len() - needle.len() % 3]);
    let text = String::from_utf8_lossy(needle);
    let spellings = [text.as_ref(), decimal.trim_matches(['[', ']']), &hex, &base64];
    spellings.iter().any(|spelling| log.contains(spelling))
}
