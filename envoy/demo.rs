//! Trial.
#[allow(dead_code, reason = "shared with the tests")]
#[path = "kit/mod.rs"]
mod kit;
#[allow(clippy::print_stdout)]
fn main() {
    let found = kit::find::find(&|what| println!("{what}")).unwrap_or_else(|w| panic!("{w}"));
    println!("{found:?}");
    let up = kit::upstream::Upstream::start().unwrap();
    let envoy = kit::run::Envoy::start(
        &found.path,
        &kit::bootstrap::Bootstrap::shipped("127.0.0.1:1".parse().unwrap(), up.address()),
    )
    .unwrap();
    println!("{:?}", envoy.address());
    let r = kit::http::Request::get("/x").send(envoy.address()).unwrap();
    println!("{} {:?} {}", r.status, r.headers, r.text());
    let r = kit::http::Request::get("/x").send(up.address()).unwrap();
    println!("{} {:?} {}", r.status, r.headers, r.text());
}
