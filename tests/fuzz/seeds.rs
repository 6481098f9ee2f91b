//! Writes the seeds of the target `check`: requests that no well-behaved Envoy sends, beside those
//! that one did send (`tests/vectors/check-requests`).
//! Rule: each is small and differs from the allowed one in what its name says.

use std::collections::HashMap;
use std::path::Path;
use std::{fs, io};

use envoy_types::pb::envoy::config::core::v3::{HeaderMap, HeaderValue};
use envoy_types::pb::envoy::service::auth::v3::attribute_context::{HttpRequest, Request};
use envoy_types::pb::envoy::service::auth::v3::{AttributeContext, CheckRequest};
use prost::Message;

/// The token of the guide's realm `jwt8`, and its client's header.
const BEARER: &str = "Bearer eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJpc3M4IiwiYXVkIjoi\
    YXVkOCIsInN1YiI6InNlY3VyaXR5X3Rlc3RfdXNlciIsImV4cCI6NDA3MDkwODgwMCwiaWF0Ijo5NDY2ODQ4MDB9.Unn\
    FmsoFKfNmKMsVoDQmKI_3-j95PCaKdgqqau3jPMY";
const CLIENT: &str = "SharedSecret client-shared-secret-string";
/// Those of its realm `jwt2`.
const BEARER_2: &str = "Bearer eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJhdWQiOlsiZXMwMSIsImVzMDIiL\
    CJlczAzIl0sInN1YiI6InVzZXIyIiwiaXNzIjoibXktaXNzdWVyIiwiZXhwIjo0MDcwOTA4ODAwLCJpYXQiOjk0NjY4ND\
    gwMCwiZW1haWwiOiJ1c2VyMkBzb21ldGhpbmcuZXhhbXBsZS5jb20ifQ.UgO_9w--EoRyUKcWM5xh9SimTfMzl1aVu6Z\
    BsRWhxQA";
const CLIENT_2: &str = "SharedSecret test-secret";

fn main() -> io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds/check");
    for (name, request) in credentials().into_iter().chain(requests()) {
        fs::write(folder.join(name), request.encode_to_vec())?;
    }
    fs::write(folder.join("empty"), [])?;
    let mut cut = check(allowed()).encode_to_vec();
    cut.truncate(cut.len() - 9);
    fs::write(folder.join("cut_off"), cut)
}

/// A seed's name and its request.
type Seed = (&'static str, CheckRequest);

/// The allowed request with a change.
fn changed(name: &'static str, change: impl FnOnce(&mut HttpRequest)) -> Seed {
    let mut http = allowed();
    change(&mut http);
    (name, check(http))
}

/// The allowed request with this value of a header, or with this header besides.
fn header(seed: &'static str, name: &str, value: &str) -> Seed {
    changed(seed, |http| drop(http.headers.insert(name.to_owned(), value.to_owned())))
}

/// The allowed request in the other form, with one entry more.
fn entry(seed: &'static str, name: &str, value: &[u8]) -> Seed {
    let mut http = allowed_separate();
    http.header_map.get_or_insert_default().headers.push(separate(name, value));
    (seed, check(http))
}

fn credentials() -> Vec<Seed> {
    const CLIENT: &str = "es-client-authentication";
    const RUN_AS: &str = "es-security-runas-user";
    vec![
        header("allowed_lower_case", CLIENT, "sharedsecret client-shared-secret-string"),
        changed("jwt2", |http| {
            http.headers.insert("authorization".to_owned(), BEARER_2.to_owned());
            http.headers.insert(CLIENT.to_owned(), CLIENT_2.to_owned());
        }),
        header("client_secret_of_another", CLIENT, CLIENT_2),
        changed("client_secret_absent", |http| drop(http.headers.remove(CLIENT))),
        header("client_secret_blank", CLIENT, "SharedSecret  "),
        header("client_secret_repeated", CLIENT, "SharedSecret a, SharedSecret b"),
        header("client_secret_wrong", CLIENT, "SharedSecret x"),
        changed("credentials_absent", |http| http.headers.clear()),
        header("authorization_basic", "authorization", "Basic dXNlcjpwYXNz"),
        header("authorization_joined", "authorization", "Bearer a.b.c,Bearer d.e.f"),
        entry("authorization_twice", "Authorization", b"Bearer a.b.c"),
        header("run_as", RUN_AS, "other"),
        header("run_as_empty", RUN_AS, ""),
        entry("run_as_not_utf8", RUN_AS, b"\xff\xfe\x00"),
        entry("run_as_mixed_form", "es_security-runas_user", b"other"),
        entry("spoofed_name", "x_es-username", b"admin"),
    ]
}

fn requests() -> Vec<Seed> {
    let (method, path) = (
        |http: &mut HttpRequest, name: &str| name.clone_into(&mut http.method),
        |http: &mut HttpRequest, path: &str| path.clone_into(&mut http.path),
    );
    let both = HttpRequest { headers: allowed().headers, ..allowed_separate() };
    let mut disagree = both.clone();
    disagree.headers.insert("authorization".to_owned(), "Bearer a.b.c".to_owned());
    let mut hinted = check(allowed());
    let attributes = hinted.attributes.get_or_insert_default();
    attributes.context_extensions.insert("realmgate.access".to_owned(), "public".to_owned());
    vec![
        ("allowed", check(allowed())),
        ("allowed_separate", check(allowed_separate())),
        ("both_forms_agree", check(both)),
        ("both_forms_disagree", check(disagree)),
        header("grpc_caller", "content-type", "application/grpc+proto"),
        changed("connect", |http| method(http, "CONNECT")),
        changed("method_absent", |http| method(http, "")),
        changed("path_without_slash", |http| path(http, "admin")),
        changed("path_asterisk", |http| path(http, "*")),
        changed("path_with_text", |http| path(http, "/a?\"\\\u{7f}é=%0d%0a&ü")),
        changed("filtered_headers", |http| drop(http.headers.remove(":method"))),
        ("route_hint", hinted),
        ("network_filter", CheckRequest { attributes: Some(AttributeContext::default()) }),
    ]
}

fn check(http: HttpRequest) -> CheckRequest {
    let request = Some(Request { http: Some(http), ..Request::default() });
    CheckRequest { attributes: Some(AttributeContext { request, ..AttributeContext::default() }) }
}

fn headers() -> [(&'static str, &'static str); 5] {
    [
        (":method", "GET"),
        (":path", "/orders"),
        ("authorization", BEARER),
        ("es-client-authentication", CLIENT),
        ("user-agent", "seed"),
    ]
}

/// A request that the quickstart lets in, in the joined form.
fn allowed() -> HttpRequest {
    let header = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    HttpRequest {
        method: "GET".to_owned(),
        path: "/orders".to_owned(),
        host: "localhost".to_owned(),
        headers: headers().into_iter().map(header).collect(),
        ..HttpRequest::default()
    }
}

/// The same with each header by itself.
fn allowed_separate() -> HttpRequest {
    let headers =
        headers().into_iter().map(|(name, value)| separate(name, value.as_bytes())).collect();
    HttpRequest { headers: HashMap::new(), header_map: Some(HeaderMap { headers }), ..allowed() }
}

fn separate(name: &str, value: &[u8]) -> HeaderValue {
    HeaderValue { key: name.to_owned(), raw_value: value.to_vec(), ..HeaderValue::default() }
}
