//! Loads that find nothing: what a server can do wrong, and the line that tells of it.

use super::*;
use crate::jwks::MAX_SIZE;
use std::time::Instant;

#[tokio::test]
async fn each_wrong_answer_is_told_in_one_line() {
    let (server, channel) = server();
    server.on("/loop", [Answer::redirect("/loop")]);
    let elsewhere = "http://user:hunter2@127.0.0.1/keys?token=hunter2";
    let large = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", MAX_SIZE + 1);
    for (answer, expected) in [
        (Answer::new("404 Not Found", &[], EMPTY), " failed, status [404], reason [Not Found]."),
        (
            Answer::new("500 Oops", &[], EMPTY),
            " failed, status [500], reason [Internal Server Error].",
        ),
        (Answer::new("299 Odd", &[], EMPTY), " failed, status [299], reason []."),
        (Answer::new("204 No Content", &[], ""), " failed, status [204], reason [No Content]."),
        (
            Answer::new("206 Partial Content", &[], EMPTY),
            " failed, status [206], reason [Partial Content].",
        ),
        // Nobody asked for that.
        (Answer::new("304 Not Modified", &[], ""), " failed, status [304], reason [Not Modified]."),
        (
            Answer::new("300 Multiple Choices", &[], ""),
            " failed, status [300], reason [Multiple Choices].",
        ),
        (
            Answer::new("302 Found", &[], EMPTY),
            " failed: the redirect is refused: it does not say where to",
        ),
        (
            Answer::redirect(elsewhere),
            " failed: the redirect to [http://\u{2026}@127.0.0.1/keys?\u{2026}] is refused: it is \
             no https URL",
        ),
        (
            Answer::redirect("https://user:hunter2@127.0.0.1/"),
            " failed: the redirect to [https://\u{2026}@127.0.0.1/] is refused: it has user info",
        ),
        (
            Answer::redirect("https://[/"),
            " failed: the redirect to [https://[/] is refused: it cannot be parsed",
        ),
        (Answer::ok(""), " brought no key set: it is blank"),
        (
            Answer::ok("<html>hunter2"),
            " brought no key set: it is HTML or XML, not a JSON object with a list [keys]",
        ),
        (Answer::ok("{}"), " brought no key set: it is a JSON object without a list [keys]"),
        (
            Answer::ok(r#"{"kty":"RSA"}"#),
            " brought no key set: it is a single JWK, not a JSON object with a list [keys]",
        ),
        (Answer::raw(large), " failed: the answer is larger than 1048576 bytes"),
        (Answer::endless_body(), " failed: the answer is larger than 1048576 bytes"),
    ] {
        server.on("/keys", [answer]);
        let fault = fault(&server, &channel).await;
        assert_eq!(fault, format!("Get [https://HOST/keys]{expected}"));
    }
    server.on("/keys", [Answer::redirect("/loop?token=hunter2")]);
    server.on("/loop?token=hunter2", [Answer::redirect("/loop?token=hunter2")]);
    let expected = "Get [https://HOST/loop?\u{2026}] failed: there are more than 3 redirects";
    assert_eq!(fault(&server, &channel).await, expected);
}

#[tokio::test]
async fn an_answer_that_is_no_http_or_not_all_of_it_is_told() {
    let (server, channel) = server();
    let endless = format!("HTTP/1.1 200 OK\r\nA: {}", "x".repeat(1 << 20));
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "A: b\r\n".repeat(1000));
    for (name, answer, said) in [
        ("garbage", Answer::raw("SSH-2.0-OpenSSH_9.2\r\n"), "invalid HTTP"),
        ("closed", Answer::close(), "connection closed before message completed"),
        ("cut", Answer::truncated_body(), "the connection was cut"),
        (
            "ends early",
            Answer::raw("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"),
            "the connection was cut",
        ),
        ("endless head", Answer::raw(endless), "head is too large"),
        ("many headers", Answer::raw(many), "head is too large"),
    ] {
        server.on("/keys", [answer]);
        let fault = load(&server, &channel).await.unwrap_err();
        assert!(matches!(fault.cause, Cause::Http(_)), "{name}: {fault:?}");
        let line = shown(&server, &fault);
        let expected = "Get [https://HOST/keys] failed: the answer cannot be read: ";
        assert!(line.starts_with(expected) && line.contains(said), "{name}: {line}");
        assert!(!line.contains("OpenSSH"), "{name}: {line}");
    }
}

#[tokio::test]
async fn a_server_that_goes_silent_is_left() {
    let (server, channel) = server();
    let channel = BackChannel { socket_timeout: SHORT, ..channel };
    for answer in [Answer::silence(), Answer::stalled_body()] {
        server.on("/keys", [answer]);
        let started = Instant::now();
        let expected = "Get [https://HOST/keys] failed: nothing came within [http.socket_timeout] \
                        of 200ms";
        assert_eq!(fault(&server, &channel).await, expected);
        // Well before the load as a whole would have ended.
        assert!(started.elapsed() < LONG);
    }
}

#[tokio::test]
async fn a_load_ends_even_if_something_comes_all_the_time() {
    let (server, channel) = server();
    let channel = BackChannel { connect_timeout: SHORT, socket_timeout: SHORT, ..channel };
    server.on("/keys", [Answer::dripping_body(SHORT / 4)]);
    let expected = "Get [https://HOST/keys] failed: the load was not done within 400ms";
    assert_eq!(fault(&server, &channel).await, expected);
}

#[tokio::test]
async fn a_set_as_large_as_one_may_be_is_taken() {
    let (server, channel) = server();
    let mut text = EMPTY.to_owned();
    text.push_str(&" ".repeat(MAX_SIZE - text.len()));
    server.on("/keys", [Answer::ok(&text)]);
    assert!(load(&server, &channel).await.is_ok());
    server.on("/keys", [Answer::ok(text + " ")]);
    let expected = "Get [https://HOST/keys] failed: the answer is larger than 1048576 bytes";
    assert_eq!(fault(&server, &channel).await, expected);
}
