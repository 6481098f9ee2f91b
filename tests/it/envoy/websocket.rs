//! A WebSocket: checked once, when it is opened, and then left alone.
//!
//! Rule: the handshake is a request like any other.

use std::io::{Read, Write};

use super::kit::http::Request;
use super::scene::{CREDENTIALS, Scene, assert_absent, assert_identity, credentials};

fn handshake() -> Request {
    Request::get("/chat")
        .header("Connection", "Upgrade")
        .header("Upgrade", "websocket")
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
}

#[test]
fn a_websocket_opens_for_the_guides_user_and_carries_bytes() {
    let scene = Scene::shipped();
    let (response, mut stream) = credentials(handshake()).upgrade(scene.envoy.address()).unwrap();
    assert_eq!(response.status, 101);
    stream.get_mut().write_all(b"\x81\x05hello").unwrap();
    let mut echoed = [0; 7];
    stream.read_exact(&mut echoed).unwrap();
    assert_eq!(&echoed, b"\x81\x05hello");
    let seen = scene.upstream.last().expect("the upstream is asked");
    assert_identity(&seen.headers);
    assert_absent(&seen.headers, CREDENTIALS);
}

#[test]
fn a_websocket_without_credentials_never_opens() {
    let scene = Scene::shipped();
    let (response, _) = handshake().upgrade(scene.envoy.address()).unwrap();
    assert_eq!(response.status, 401);
    assert_eq!(scene.upstream.hits(), 0);
}
