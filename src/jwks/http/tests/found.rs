//! Loads that find something: the set, what it is known by, and the way to it.

use super::*;

#[tokio::test]
async fn a_set_is_loaded_with_a_plain_request() {
    let (server, channel) = server();
    let text = r#"{"keys":[{"kty":"oct","kid":"k"}]}"#;
    let headers = ["ETag: \"1\"", "Cache-Control: max-age=60", "Set-Cookie: a=b"];
    server.on("/keys?a=b", [Answer::new("200 OK", &headers, text)]);
    let document = load_from(&server.url("/keys?a=b"), &channel).await.unwrap();
    assert_eq!(document.text, Fingerprint::of(text.as_bytes()));
    assert_eq!(document.parsed.passed_over.len(), 1);
    assert_eq!(document.followed, None);
    assert_eq!(document.freshness.target(1000), Some(1060));
    let requests = server.requests();
    let [request] = requests.as_slice() else { panic!("{requests:?}") };
    let mut names: Vec<_> = request.headers.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["accept", "host", "user-agent"]);
    let agent = format!("realmgate/{}", env!("CARGO_PKG_VERSION"));
    assert_eq!(request.header("user-agent"), Some(&*agent));
}

#[tokio::test]
async fn a_version_that_is_known_is_asked_for_and_not_read_again() {
    let (server, channel) = server();
    let validators = ["ETag: W/\"1\"", "Last-Modified: Fri, 15 Jan 2027 08:00:00 GMT"];
    let newer = Answer::new("200 OK", &["ETag: \"2\""], EMPTY);
    server.on(
        "/keys",
        [
            Answer::new("200 OK", &validators, EMPTY),
            Answer::new("304 Not Modified", &["Cache-Control: max-age=60"], ""),
            newer,
        ],
    );
    let fetcher = fetcher(&server.url("/keys"), &channel);
    let Ok(Loaded::Document(first)) = fetcher.load(&issuers(), Some(&Validators::default())).await
    else {
        panic!("nothing was known")
    };
    let Ok(Loaded::NotModified(freshness)) =
        fetcher.load(&issuers(), Some(&first.validators)).await
    else {
        panic!("it is known")
    };
    assert_eq!(freshness.target(1000), Some(1060));
    let Ok(Loaded::Document(second)) = fetcher.load(&issuers(), Some(&first.validators)).await
    else {
        panic!("it is new")
    };
    assert!(!second.validators.is_empty() && second.validators != first.validators);
    let requests = server.requests();
    assert_eq!(requests[0].header("if-none-match"), None);
    assert_eq!(requests[0].header("if-modified-since"), None);
    for request in &requests[1..] {
        assert_eq!(request.header("if-none-match"), Some("W/\"1\""));
        let date = "Fri, 15 Jan 2027 08:00:00 GMT";
        assert_eq!(request.header("if-modified-since"), Some(date));
    }
}

#[tokio::test]
async fn redirects_are_followed_as_far_as_three() {
    let (server, channel) = server();
    for (status, target) in [
        ("301 Moved Permanently", "/b"),
        ("302 Found", "b"),
        ("303 See Other", "//HOST/b"),
        ("307 Temporary Redirect", "https://HOST/b"),
        ("308 Permanent Redirect", "?c"),
    ] {
        let target = target.replace("HOST", &server.address().to_string());
        let location = format!("Location: {target}");
        server.on("/keys", [Answer::new(status, &[&location], "not a set")]);
        server.on("/b", [Answer::redirect("/c")]).on("/keys?c", [Answer::redirect("/c")]);
        server.on("/c", [Answer::redirect("/d")]).on("/d", [Answer::ok(EMPTY)]);
        assert!(load(&server, &channel).await.is_ok(), "{status} {target}");
    }
    assert_eq!(server.requests().len(), 20);
    assert_eq!(server.connections(), 20, "each on a connection of its own");
}

fn discovery(issuer: &str, jwks_uri: &str) -> Answer {
    Answer::ok(format!(r#"{{"issuer":"{issuer}","jwks_uri":"{jwks_uri}"}}"#))
}

#[tokio::test]
async fn a_discovery_document_is_followed_anew_each_time() {
    let (server, channel) = server();
    let keys = Answer::new("200 OK", &["ETag: \"k\"", "Cache-Control: max-age=60"], EMPTY);
    server
        .on("/keys", [discovery(ISSUER, &server.url("/a")), discovery(ISSUER, &server.url("/b"))]);
    server.on("/a", [keys.clone()]).on("/b", [Answer::redirect("/a")]);
    let fetcher = fetcher(&server.url("/keys"), &channel);
    for path in ["/a", "/b"] {
        let Ok(Loaded::Document(document)) = fetcher.load(&issuers(), None).await else {
            panic!("{path}")
        };
        let jwks_uri = HttpsUrl::parse(&server.url(path)).unwrap();
        assert_eq!(document.followed, Some(Followed { issuer: ISSUER.into(), jwks_uri }));
        assert_eq!(document.text, Fingerprint::of(EMPTY.as_bytes()));
        assert_eq!(document.freshness.target(1000), Some(1060));
        // The next load asks for the discovery document again.
        assert_eq!(document.validators, Validators::default());
    }
    let targets: Vec<_> = server.requests().into_iter().map(|request| request.target).collect();
    assert_eq!(targets, ["/keys", "/a", "/keys", "/b", "/a"]);
}

#[tokio::test]
async fn what_a_discovery_document_leads_to_is_never_asked_for_by_what_is_known() {
    let (server, channel) = server();
    server.on(
        "/keys",
        [Answer::new("200 OK", &["ETag: \"k\""], EMPTY), { discovery(ISSUER, &server.url("/a")) }],
    );
    server.on("/a", [Answer::ok(EMPTY)]);
    let known = load(&server, &channel).await.unwrap().validators;
    let fetcher = fetcher(&server.url("/keys"), &channel);
    assert!(matches!(fetcher.load(&issuers(), Some(&known)).await, Ok(Loaded::Document(_))));
    let requests = server.requests();
    assert_eq!(requests[1].header("if-none-match"), Some("\"k\""));
    assert_eq!(requests[2].header("if-none-match"), None);
}

#[tokio::test]
async fn a_discovery_document_that_leads_nowhere_is_told() {
    let (server, channel) = server();
    let other = discovery("https://third", &server.url("/a"));
    let plain = discovery(ISSUER, "http://127.0.0.1/a?token=hunter2");
    let again = discovery(ISSUER, &server.url("/again"));
    server.on("/again", [again.clone()]).on("/304", [Answer::new("304 Not Modified", &[], "")]);
    let document = "brought no key set: it is an OpenID discovery document";
    for (answer, expected) in [
        (
            other,
            format!(
                "Get [https://HOST/keys] {document} of the issuer [https://third], not of \
                 [https://other] or [https://issuer/]"
            ),
        ),
        (
            plain,
            format!(
                "Get [https://HOST/keys] {document} whose [jwks_uri] is unusable: it is no https URL"
            ),
        ),
        (
            again,
            "Get [https://HOST/again] brought no key set: it is a JSON object without a list [keys]"
                .to_owned(),
        ),
        (
            discovery(ISSUER, &server.url("/none")),
            "Get [https://HOST/none] failed, status [404], reason [Not Found].".to_owned(),
        ),
        (
            discovery(ISSUER, &server.url("/304")),
            "Get [https://HOST/304] failed, status [304], reason [Not Modified].".to_owned(),
        ),
    ] {
        server.on("/keys", [answer]);
        assert_eq!(fault(&server, &channel).await, expected);
    }
}

#[tokio::test]
async fn redirects_before_and_after_a_discovery_document_count_together() {
    let (server, channel) = server();
    server.on("/keys", [Answer::redirect("/b")]).on("/b", [Answer::redirect("/c")]);
    server.on("/c", [discovery(ISSUER, &server.url("/d"))]);
    server.on("/d", [Answer::redirect("/e")]).on("/e", [Answer::ok(EMPTY)]);
    assert!(load(&server, &channel).await.is_ok());
    server.on("/e", [Answer::redirect("/f")]).on("/f", [Answer::ok(EMPTY)]);
    let expected = "Get [https://HOST/e] failed: there are more than 3 redirects";
    assert_eq!(fault(&server, &channel).await, expected);
}
