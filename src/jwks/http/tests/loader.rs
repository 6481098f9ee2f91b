//! The loader of a URL: what it asks by, and when what it brought wants to be asked for again.

use super::*;
use crate::jwks::loader::{self, Loader as _};
use crate::jwks::{HttpsUrl, UrlLoader};
use std::time::{SystemTime, UNIX_EPOCH};

fn loader(server: &Server, channel: &BackChannel) -> UrlLoader {
    UrlLoader::new(HttpsUrl::parse(&server.url("/keys")).unwrap(), channel)
}

fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs().try_into().unwrap()
}

#[tokio::test]
async fn only_a_conditional_load_asks_by_what_the_last_document_was_known_by() {
    let (server, channel) = server();
    let known = |etag: &str| Answer::new("200 OK", &[&format!("ETag: {etag}")], EMPTY);
    let same = || Answer::new("304 Not Modified", &[], "");
    let discovery = format!(r#"{{"issuer":"{ISSUER}","jwks_uri":"{}"}}"#, server.url("/a"));
    server.on("/a", [known("of another document")]);
    let loader = loader(&server, &channel);
    for (is_conditional, answer, asked_by, issuer) in [
        (true, known("1"), None, None),
        (true, same(), Some("1"), None),
        (true, same(), Some("1"), None),
        (false, known("2"), None, None),
        (true, Answer::new("500 Oops", &[], ""), Some("2"), None),
        (true, known("3"), Some("2"), None),
        (true, Answer::ok(&discovery), Some("3"), Some(ISSUER)),
        (true, Answer::ok(&discovery), None, Some(ISSUER)),
    ] {
        server.on("/keys", [answer]);
        let before = server.requests().len();
        let brought = loader.load(&issuers(), is_conditional).await;
        let request = &server.requests()[before];
        assert_eq!(request.header("if-none-match"), asked_by, "{brought:?}");
        let (found, is_noted) = match brought {
            Ok(loader::Loaded::Document(document)) => {
                (document.issuer.clone(), document.note.is_some())
            }
            _ => (None, false),
        };
        assert_eq!((found.as_deref(), is_noted), (issuer, issuer.is_some()));
    }
}

#[tokio::test]
async fn what_was_loaded_wants_to_be_asked_for_again_when_its_server_says() {
    let (server, channel) = server();
    let loader = loader(&server, &channel);
    for (status, headers, age) in [
        ("200 OK", &["ETag: 1", "Cache-Control: max-age=60"][..], Some(60)),
        ("304 Not Modified", &["Cache-Control: max-age=70"], Some(70)),
        ("304 Not Modified", &[], None),
        ("200 OK", &[], None),
    ] {
        server.on("/keys", [Answer::new(status, headers, EMPTY)]);
        let earliest = now();
        let brought = loader.load(&issuers(), true).await.unwrap();
        let latest = now();
        let fresh_until = match brought {
            loader::Loaded::Document(document) => document.fresh_until,
            loader::Loaded::NotModified { fresh_until } => fresh_until,
        };
        assert_eq!(fresh_until.is_some(), age.is_some(), "{status} {headers:?}");
        if let (Some(until), Some(age)) = (fresh_until, age) {
            assert!((earliest + age..=latest + age).contains(&until), "{status} {until}");
        }
    }
}
