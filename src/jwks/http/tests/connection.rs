//! The connection of a load: TLS as it is set, and the proxy.

use super::*;
use crate::engine::Secret;
use crate::jwks::back_channel::Verification::{Certificate, Full};
use std::net::{SocketAddr, TcpListener};

/// What a server with this certificate is to a client that looks at it so.
async fn verified(
    flaw: Flaw,
    by: &Authority,
    trusted: &Authority,
    verification: Verification,
) -> Result<(), String> {
    let server = Server::start(&by.server(flaw));
    server.on("/keys", [Answer::ok(EMPTY)]);
    let mut channel = channel(trusted);
    channel.tls.verification = verification;
    let loaded = load(&server, &channel).await;
    loaded.map(drop).map_err(|fault| shown(&server, &fault))
}

#[tokio::test]
async fn a_certificate_is_looked_at_as_far_as_is_set() {
    let (ours, other) = (Authority::new("ours"), Authority::new("other"));
    for (name, flaw, by, wrong, good) in [
        ("good", Flaw::None, &ours, &[][..], &[Full, Certificate, Verification::None][..]),
        ("name", Flaw::OtherName, &ours, &[Full], &[Certificate, Verification::None]),
        ("expired", Flaw::Expired, &ours, &[Full, Certificate], &[Verification::None]),
        ("not yet", Flaw::NotYet, &ours, &[Full, Certificate], &[Verification::None]),
        ("authority", Flaw::None, &other, &[Full, Certificate], &[Verification::None]),
        (
            "name of another authority",
            Flaw::OtherName,
            &other,
            &[Full, Certificate],
            &[Verification::None],
        ),
    ] {
        for verification in good {
            let verified = verified(flaw, by, &ours, *verification).await;
            assert_eq!(verified, Ok(()), "{name} {verification:?}");
        }
        for verification in wrong {
            let fault = verified(flaw, by, &ours, *verification).await.unwrap_err();
            let expected = "Get [https://HOST/keys] failed: TLS failed: invalid peer certificate: ";
            assert!(fault.starts_with(expected), "{name} {verification:?}: {fault}");
        }
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_certificate_is_told() {
    let (ours, other) = (Authority::new("ours"), Authority::new("other"));
    for (flaw, by, part) in [
        (Flaw::OtherName, &ours, "elsewhere.example.com"),
        (Flaw::Expired, &ours, "certificate expired"),
        (Flaw::NotYet, &ours, "certificate not valid yet"),
        (Flaw::None, &other, "UnknownIssuer"),
        (Flaw::Authority, &ours, "authority's own certificate"),
    ] {
        let fault = verified(flaw, by, &ours, Verification::Full).await.unwrap_err();
        assert!(fault.contains(part), "{fault}");
    }
}

#[tokio::test]
async fn every_authority_of_the_files_is_trusted_and_no_other() {
    let (one, two) = (Authority::new("one"), Authority::new("two"));
    let mut channel = channel(&one);
    let both = one.pem() + &two.pem();
    channel.tls.authorities = Authorities::These(pem::certificates(both.as_bytes()).unwrap());
    for authority in [&one, &two] {
        let server = Server::start(&authority.server(Flaw::None));
        server.on("/keys", [Answer::ok(EMPTY)]);
        assert!(load(&server, &channel).await.is_ok());
    }
    // Nobody's system trusts what a test has made.
    channel.tls.authorities = Authorities::System;
    let server = Server::start(&one.server(Flaw::None));
    let fault = load(&server, &channel).await.unwrap_err();
    assert!(matches!(fault.cause, Cause::Tls(_) | Cause::Unready(_)), "{fault:?}");
}

#[tokio::test]
async fn a_version_of_tls_is_spoken_only_if_it_is_set() {
    let authority = Authority::new("authority");
    for (versions, (tls13, tls12), is_good) in [
        (Versions::Only13, (true, true), true),
        (Versions::Only12, (true, true), true),
        (Versions::Only13, (true, false), true),
        (Versions::Only13, (false, true), false),
        (Versions::Only12, (true, false), false),
        (Versions::Only12, (false, true), true),
    ] {
        let server = Server::start(&authority.server_with(Flaw::None, versions, None));
        server.on("/keys", [Answer::ok(EMPTY)]);
        let mut channel = channel(&authority);
        (channel.tls.tls13, channel.tls.tls12) = (tls13, tls12);
        let loaded = load(&server, &channel).await;
        assert_eq!(loaded.is_ok(), is_good, "{versions:?} {tls13} {tls12}");
        assert!(loaded.err().is_none_or(|fault| matches!(fault.cause, Cause::Tls(_))));
    }
}

#[tokio::test]
async fn a_client_certificate_is_shown_to_a_server_that_asks() {
    let (authority, clients) = (Authority::new("authority"), Authority::new("clients"));
    let identity = authority.server_with(Flaw::None, Versions::Both, Some(&clients));
    let server = Server::start(&identity);
    server.on("/keys", [Answer::ok(EMPTY)]);
    let mut channel = channel(&authority);
    let fault = load(&server, &channel).await.unwrap_err();
    assert!(matches!(fault.cause, Cause::Tls(_)), "without one: {fault:?}");
    for (who, is_good) in [(&authority, false), (&clients, true)] {
        let Pem { certificate, key } = who.client("client");
        let chain = pem::certificates(certificate.as_bytes()).unwrap();
        let client = pem::client_certificate(chain, key.as_bytes(), None).unwrap();
        channel.tls.client = Some(client);
        for (tls13, tls12) in [(true, false), (false, true)] {
            (channel.tls.tls13, channel.tls.tls12) = (tls13, tls12);
            let loaded = load(&server, &channel).await;
            assert_eq!(loaded.is_ok(), is_good, "{loaded:?}");
        }
    }
    assert_eq!(channel.tls.client.map(|client| client.key == Secret::new("")), Some(false));
}

fn over(address: SocketAddr, scheme: ProxyScheme) -> Proxy {
    Proxy { scheme, host: address.ip().to_string(), port: address.port() }
}

#[tokio::test]
async fn a_proxy_is_asked_instead_of_the_host() {
    let authority = Authority::new("authority");
    let identity = authority.server(Flaw::None);
    let server = Server::start(&identity);
    server.on("/keys", [Answer::ok(EMPTY)]);
    for (scheme, identity) in [(ProxyScheme::Http, None), (ProxyScheme::Https, Some(&identity))] {
        // The host itself cannot be found: nobody but the proxy knows it.
        let proxy = https::Proxy::start(identity, server.address());
        let mut channel = channel(&authority);
        channel.proxy = Some(over(proxy.address(), scheme));
        channel.tls.verification = Verification::Certificate;
        let loaded = load_from("https://keys.invalid/keys", &channel).await;
        assert!(loaded.is_ok(), "{loaded:?}");
        assert_eq!(proxy.asked(), ["CONNECT keys.invalid:443 HTTP/1.1"]);
    }
}

#[tokio::test]
async fn a_proxy_that_is_not_trusted_or_not_there_is_told() {
    let (authority, other) = (Authority::new("authority"), Authority::new("other"));
    let (server, _) = server();
    let proxy = https::Proxy::start(Some(&other.server(Flaw::None)), server.address());
    let mut channel = channel(&authority);
    channel.proxy = Some(over(proxy.address(), ProxyScheme::Https));
    let fault = load(&server, &channel).await.unwrap_err();
    assert!(matches!(fault.cause, Cause::Tls(_)), "{fault:?}");
    let shown = format!("/keys] over the proxy [https://{}] failed: TLS", proxy.address());
    assert!(fault.to_string().contains(&shown), "{fault}");
    let refusing = https::Proxy::refusing();
    channel.proxy = Some(over(refusing.address(), ProxyScheme::Http));
    let fault = load(&server, &channel).await.unwrap_err();
    assert!(matches!(fault.cause, Cause::Connection(_)), "{fault:?}");
    channel.proxy = Some(over(nobody(), ProxyScheme::Http));
    let fault = load(&server, &channel).await.unwrap_err();
    assert!(matches!(fault.cause, Cause::Connection(_)), "{fault:?}");
    assert_eq!(server.connections(), 0);
}

/// An address on which nobody listens.
fn nobody() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

#[tokio::test]
async fn a_host_that_is_not_there_is_told() {
    let channel = channel(&Authority::new("authority"));
    let url = format!("https://{}/keys?token=hunter2", nobody());
    let fault = load_from(&url, &channel).await.unwrap_err();
    let expected = format!(
        "Get [{}\u{2026}] failed: there is no connection: ",
        url.trim_end_matches("token=hunter2")
    );
    assert!(fault.to_string().starts_with(&expected), "{fault}");
    let fault = load_from("https://keys.invalid/", &channel).await.unwrap_err();
    assert!(matches!(fault.cause, Cause::Host(_)), "{fault:?}");
    // It speaks no TLS, and not a word otherwise.
    let plain = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/", plain.local_addr().unwrap());
    let hasty = BackChannel { connect_timeout: SHORT, ..channel };
    let fault = load_from(&url, &hasty).await.unwrap_err();
    let expected = "failed: there was no connection within [http.connect_timeout] of 200ms";
    assert!(fault.to_string().ends_with(expected), "{fault}");
}

#[tokio::test]
async fn a_slow_connection_is_no_silence() {
    let authority = Authority::new("authority");
    let server = Server::start_slow(&authority.server(Flaw::None), SHORT * 2);
    server.on("/keys", [Answer::ok(EMPTY), Answer::silence()]);
    let channel = BackChannel { socket_timeout: SHORT, ..channel(&authority) };
    assert!(load(&server, &channel).await.is_ok());
    let fault = load(&server, &channel).await.unwrap_err();
    assert!(matches!(fault.cause, Cause::SocketTimeout(_)), "{fault:?}");
}

#[tokio::test]
async fn a_load_that_is_dropped_leaves_no_connection() {
    let (server, channel) = server();
    for (count, answer) in (1..).zip([Answer::silence(), Answer::stalled_body()]) {
        server.on("/keys", [answer]);
        let fetcher = fetcher(&server.url("/keys"), &channel);
        let load = tokio::spawn(async move { fetcher.load(&issuers(), None).await.is_ok() });
        server.asked(count).await;
        load.abort();
        server.left().await;
        assert!(load.await.unwrap_err().is_cancelled());
    }
}
