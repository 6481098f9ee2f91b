//! Clients that would like to be somebody else: nothing of what they send reaches the upstream.
//!
//! Rule: the same rows in every form in which Envoy can show a request to Realmgate; they are run
//! against every Envoy that the README names (`REALMGATE_ENVOY_VERSION=1.36.4 cargo test spoof`).

use super::kit::bootstrap::Bootstrap;
use super::kit::guide;
use super::kit::http::Request;
use super::kit::upstream::Upstream;
use super::scene::{CREDENTIALS, IDENTITY, Outcome, Scene, first_of, good, identity_in};

/// Stands in every spoofed value, and must stand in nothing that the upstream sees.
const MARK: &str = "mallory";

/// What must come of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expect {
    /// Let in as the guide's user.
    In,
    /// Turned away with this status.
    Out(u16),
}
use Expect::{In, Out};

/// How Envoy is configured.
#[derive(Clone, Copy, Debug)]
enum Form {
    /// As shipped: a name with an underscore is 400.
    Shipped,
    /// Underscores pass; repeats arrive joined.
    Joined,
    /// Underscores pass; every header line arrives by itself.
    Raw,
}

impl Form {
    fn of(self, bootstrap: Bootstrap) -> Bootstrap {
        let lenient =
            |bootstrap: Bootstrap| bootstrap.edit("action: REJECT_REQUEST", "action: ALLOW");
        match self {
            Self::Shipped => bootstrap,
            Self::Joined => lenient(bootstrap),
            Self::Raw => lenient(bootstrap).ext_authz_with("encode_raw_headers: true"),
        }
    }
}

type Lines<'a> = Vec<(&'a str, String)>;

/// Names that are Realmgate's, or that an upstream behind it may trust, in spellings of hyphens.
const OURS: &[&str] = &[
    "x-es-username",
    "X-ES-Roles",
    "X-Es-Authenticated-User",
    "x-es-realm",
    "x-es-lookup-realm",
    "x-es-groups",
    "x-es-full-name",
    "x-es-email",
    "x-es-dn",
    "x-es-metadata",
    "ES-Secondary-Authorization",
    "X-Forwarded-User",
    "x-proxy-user",
    "x-proxy-roles",
];

/// The same with underscores, all of them or some.
const FOLDED: &[&str] = &[
    "x_es_username",
    "x-es_username",
    "X_ES-Roles",
    "x_es_authenticated_user",
    "x-es-authenticated_user",
    "es_client_authentication",
    "es-client_authentication",
    "es_security_runas_user",
    "es-security_runas-user",
    "es_secondary-authorization",
    "opendistro_security_impersonate_as",
    "opendistro-security_impersonate-as",
    "x_forwarded-user",
    "x_proxy_roles",
];

/// What Realmgate never sets by default, and other gateways and their upstreams know.
const FOREIGN: &[&str] = &[
    "es-secondary-authorization",
    "opendistro-security-impersonate-as",
    "x-forwarded-user",
    "x-proxy-user",
    "x-proxy-roles",
];

#[test]
fn spoofed_identities_never_reach_the_upstream_as_shipped() {
    play(Form::Shipped);
}

#[test]
fn spoofed_identities_never_reach_the_upstream_where_underscores_pass() {
    play(Form::Joined);
}

#[test]
fn spoofed_identities_never_reach_the_upstream_where_headers_come_raw() {
    play(Form::Raw);
}

#[test]
fn spoofed_identities_do_reach_an_upstream_that_realmgate_does_not_guard() {
    // The control: nobody decides, and Envoy is told to let everybody in.
    let upstream = Upstream::start().unwrap();
    let nobody = "127.0.0.1:1".parse().unwrap();
    let bootstrap = Form::Raw.of(Bootstrap::shipped(nobody, upstream.address()));
    let open = bootstrap.edit("failure_mode_allow: false", "failure_mode_allow: true");
    let envoy = super::envoy(&open);
    let names = || OURS.iter().chain(FOLDED);
    let request = names().fold(good("/spoof"), |request, name| request.header(name, MARK));
    assert_eq!(request.send(envoy.address()).unwrap().status, 200);
    let seen = upstream.last().expect("the upstream is asked");
    for name in names() {
        assert_eq!(seen.all(name), [MARK], "{name} does not arrive");
    }
}

fn play(form: Form) {
    let scene = Scene::edited(|bootstrap| form.of(bootstrap));
    let mut wrong = Vec::new();
    for (lines, expected) in rows(form) {
        let add = |request: Request, (name, value): &(&str, String)| request.header(name, value);
        let outcome = scene.ask(&lines.iter().fold(good("/spoof"), add));
        if let Err(why) = judge(&outcome, expected) {
            wrong.push(format!("{form:?} {lines:?}: {why}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn judge(outcome: &Outcome, expected: Expect) -> Result<(), String> {
    let headers = match (expected, &outcome.seen) {
        (Out(status), None) if outcome.response.status == status => return Ok(()),
        (In, Some(seen)) => &seen.headers,
        (_, seen) => return Err(format!("got {}, upstream {seen:?}", outcome.response.status)),
    };
    let strange = spoofed(headers).or(first_of(CREDENTIALS, headers));
    if let Some((name, value)) = strange.or(first_of(FOREIGN, headers)) {
        return Err(format!("the upstream was sent {name}: {value}"));
    }
    let identity = identity_in(headers);
    if identity == IDENTITY { Ok(()) } else { Err(format!("the upstream was sent {identity:?}")) }
}

/// A header that carries what the client made up.
fn spoofed(headers: &[(String, String)]) -> Option<&(String, String)> {
    headers.iter().find(|(name, value)| name.contains(MARK) || value.contains(MARK))
}

fn rows(form: Form) -> Vec<(Lines<'static>, Expect)> {
    let mut rows: Vec<(Lines<'static>, Expect)> = Vec::new();
    for name in OURS {
        rows.push((vec![(name, MARK.to_owned())], In));
        rows.push((vec![(name, MARK.to_owned()), (name, format!("{MARK}-too"))], In));
        // Named in `Connection`, a header is dropped before Realmgate is asked; what it sets stays.
        rows.push((vec![("Connection", format!("close, {name}")), (name, MARK.to_owned())], In));
    }
    let underscores = match form {
        Form::Shipped => Out(400),
        Form::Joined | Form::Raw => In,
    };
    for name in FOLDED {
        rows.push((vec![(name, MARK.to_owned())], underscores));
        rows.push((vec![(name, MARK.to_owned()), ("x-es-username", MARK.to_owned())], underscores));
    }
    rows.extend(credentials(form));
    rows
}

/// A second one beside the good one, which always stands first.
fn credentials(form: Form) -> Vec<(Lines<'static>, Expect)> {
    let authorization = |value: String| ("Authorization", value);
    let client = |value: String| ("ES-Client-Authentication", value);
    let run_as = |value: &str| ("es-security-runas-user", value.to_owned());
    // Equal lines that Envoy shows one by one are one value, as in Elasticsearch.
    let equal_clients = if let Form::Raw = form { In } else { Out(400) };
    vec![
        (vec![authorization(guide::bearer(guide::TOKEN))], Out(400)),
        (vec![authorization(guide::bearer(&guide::forged()))], Out(400)),
        (vec![authorization(format!("Basic {MARK}"))], Out(400)),
        (vec![client(guide::shared_secret("wrong-secret"))], Out(400)),
        (vec![client(guide::shared_secret(guide::SECRET))], equal_clients),
        (vec![run_as(MARK)], Out(403)),
        (vec![run_as(MARK), run_as("other")], Out(if let Form::Raw = form { 400 } else { 403 })),
        (vec![run_as("")], Out(401)),
        (vec![("Connection", "close, es-security-runas-user".to_owned()), run_as(MARK)], In),
    ]
}
