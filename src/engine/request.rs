//! What a decision reads of a request, borrowed from whoever received it.
//!
//! The one rule: a credential header has at most one value. Whatever way a second one arrives (a
//! repeated entry, a joined value, two header forms that disagree) makes it a
//! [`Credential::Contradiction`], never a choice between them.

use super::header::{AUTHORIZATION, CLIENT_AUTHENTICATION, RUN_AS};

/// How a host hands over headers that were sent more than once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Values of one name are already joined by commas.
    Joined,
    /// Every header stands by itself.
    Separate,
}

/// One header as the host shows it. Names compare without letter case.
#[derive(Clone, Copy, Debug)]
pub struct Header<'a> {
    /// The name.
    pub name: &'a [u8],
    /// The value; not necessarily UTF-8.
    pub value: &'a [u8],
    /// In which of the two ways it came.
    pub form: Form,
}

/// A credential header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credential<'a> {
    /// Not sent.
    Absent,
    /// Sent more than once, in whatever way.
    Contradiction,
    /// Sent once.
    One(&'a [u8]),
}

/// The credential headers of a request that sent none of them twice.
#[derive(Debug)]
pub struct Sent<'a> {
    /// `Authorization`.
    pub authorization: Option<&'a [u8]>,
    /// `ES-Client-Authentication`.
    pub client_authentication: Option<&'a [u8]>,
    /// `es-security-runas-user`.
    pub run_as: Option<&'a [u8]>,
}

impl<'a> Sent<'a> {
    /// The bearer value, never empty. The scheme's letter case matters, as it does to the realm.
    pub fn bearer(&self) -> Option<&'a [u8]> {
        after_scheme(self.authorization?, "Bearer", true).filter(|value| !value.is_empty())
    }

    /// Whether something stands behind `Bearer` in any letter case: then the caller did send
    /// credentials, if unreadable ones.
    pub fn shows_a_bearer(&self) -> bool {
        let value = self.authorization.and_then(|value| after_scheme(value, "Bearer", false));
        value.is_some_and(|value| !value.is_empty())
    }
}

/// There is no HTTP request that could be decided: no method, or a path that is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, thiserror::Error)]
#[error("no usable HTTP request in the check")]
pub struct Unusable {
    /// Whether its caller is known to speak gRPC all the same.
    pub is_grpc: bool,
}

/// The request of one check.
#[derive(Debug)]
pub struct RequestView<'a> {
    /// The method, never empty; compared exactly.
    pub method: &'a [u8],
    /// The path with its query, as it was sent.
    pub path: &'a [u8],
    /// The host with its port, as it was sent.
    pub host: &'a [u8],
    /// `Authorization`.
    pub authorization: Credential<'a>,
    /// `ES-Client-Authentication`.
    pub client_authentication: Credential<'a>,
    /// `es-security-runas-user`.
    pub run_as: Credential<'a>,
    headers: Vec<Header<'a>>,
    route_hints: bool,
}

/// Prefix of the per-route hints that are ours.
const HINT_PREFIX: &[u8] = b"realmgate.";

impl<'a> RequestView<'a> {
    /// Takes a request apart. `hints` are the names of what the host was configured to say about
    /// the route.
    pub fn new(
        method: &'a [u8],
        path: &'a [u8],
        host: &'a [u8],
        headers: Vec<Header<'a>>,
        mut hints: impl Iterator<Item = &'a [u8]>,
    ) -> Result<Self, Unusable> {
        let connect = method == b"CONNECT";
        if method.is_empty() || !(connect || path.starts_with(b"/") || path == b"*") {
            return Err(Unusable { is_grpc: is_grpc(&headers) });
        }
        Ok(Self {
            method,
            path,
            host,
            authorization: authorization(&headers),
            client_authentication: client_authentication(&headers),
            run_as: run_as(&headers),
            route_hints: hints.any(|name| name.starts_with(HINT_PREFIX)),
            headers,
        })
    }

    /// The credentials, if each was sent once at most; otherwise the name, as Elasticsearch
    /// registers it, of a header that was sent more than once.
    pub fn sent(&self) -> Result<Sent<'a>, &'static str> {
        let once = |credential, name| match credential {
            Credential::Absent => Ok(None),
            Credential::Contradiction => Err(name),
            Credential::One(value) => Ok(Some(value)),
        };
        Ok(Sent {
            authorization: once(self.authorization, "Authorization")?,
            client_authentication: once(self.client_authentication, "ES-Client-Authentication")?,
            run_as: once(self.run_as, "es-security-runas-user")?,
        })
    }

    /// The path without query and fragment.
    pub fn bare_path(&self) -> &'a [u8] {
        self.path.split(|byte| matches!(byte, b'?' | b'#')).next().unwrap_or_default()
    }

    /// The name in `es-security-runas-user`, if it was sent once.
    pub fn run_as_target(&self) -> Option<&'a [u8]> {
        match self.run_as {
            Credential::One(target) => Some(target),
            Credential::Absent | Credential::Contradiction => None,
        }
    }

    /// Whether this is a `CONNECT`, which has a host and no path.
    pub fn is_connect(&self) -> bool {
        self.method == b"CONNECT"
    }

    /// Whether the host gives hints of ours for this route.
    pub fn has_route_hints(&self) -> bool {
        self.route_hints
    }

    /// The first value of the header `name`, given in lower case.
    pub fn header(&self, name: &str) -> Option<&'a [u8]> {
        header(&self.headers, name)
    }

    /// The names of all headers that were shown, in the letter case that they came in.
    pub fn header_names(&self) -> impl Iterator<Item = &'a [u8]> {
        self.headers.iter().map(|header| header.name)
    }

    /// Whether the host shows every header: Envoy leaves pseudo-headers out only where it was
    /// told to filter.
    pub fn shows_all_headers(&self) -> bool {
        self.header(":method").is_some()
    }

    /// Whether the caller speaks gRPC, and so wants the error as plain text.
    pub fn is_grpc(&self) -> bool {
        is_grpc(&self.headers)
    }
}

fn header<'a>(headers: &[Header<'a>], name: &str) -> Option<&'a [u8]> {
    let found = headers.iter().find(|header| header.name.eq_ignore_ascii_case(name.as_bytes()));
    found.map(|header| header.value)
}

fn is_grpc(headers: &[Header<'_>]) -> bool {
    header(headers, "content-type").is_some_and(|value| value.starts_with(b"application/grpc"))
}

/// What follows `scheme` and one blank, trimmed of everything up to U+0020 at both ends.
/// `None` if the value does not begin so.
pub fn after_scheme<'a>(value: &'a [u8], scheme: &str, exact_case: bool) -> Option<&'a [u8]> {
    let (word, rest) = value.split_at_checked(scheme.len())?;
    let same = if exact_case {
        word == scheme.as_bytes()
    } else {
        word.eq_ignore_ascii_case(scheme.as_bytes())
    };
    let rest = rest.strip_prefix(b" ").filter(|_| same)?;
    Some(trim(rest))
}

/// `text` without bytes up to U+0020 at both ends.
fn trim(text: &[u8]) -> &[u8] {
    let Some(start) = text.iter().position(|byte| *byte > b' ') else { return &[] };
    let end = text.iter().rposition(|byte| *byte > b' ').map_or(start, |last| last + 1);
    &text[start..end]
}

/// A JWT holds no comma, so one in a `Bearer` value is a repeat that somebody joined: Envoy's
/// codec does so before any filter sees the request, in both forms.
fn authorization<'a>(headers: &[Header<'a>]) -> Credential<'a> {
    let repeat = |value: &[u8]| value.starts_with(b"Bearer") && value.contains(&b',');
    single(headers, AUTHORIZATION, Equal::Repeat, |_, value| repeat(value))
}

/// A secret may hold commas; one that begins another `SharedSecret` is a repeat.
fn client_authentication<'a>(headers: &[Header<'a>]) -> Credential<'a> {
    single(headers, CLIENT_AUTHENTICATION, Equal::One, |form, value| {
        form == Form::Joined
            && value
                .split(|byte| *byte == b',')
                .skip(1)
                .any(|part| after_scheme(trim_start(part), "SharedSecret", false).is_some())
    })
}

/// A user's name may hold commas, so a joined value is one name.
fn run_as<'a>(headers: &[Header<'a>]) -> Credential<'a> {
    single(headers, RUN_AS, Equal::One, |_, _| false)
}

fn trim_start(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|byte| !matches!(byte, b' ' | b'\t')).unwrap_or(text.len());
    &text[start..]
}

/// What two equal entries of one name are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Equal {
    One,
    Repeat,
}

/// The one value of the header `name`. Where both forms hold it, the separate one is it, and
/// everything in the joined one must stand there too. `is_repeat` tells of one value that it is
/// several, given the form that the value is taken from.
fn single<'a>(
    headers: &[Header<'a>],
    name: &str,
    equal: Equal,
    is_repeat: impl Fn(Form, &[u8]) -> bool,
) -> Credential<'a> {
    let named = || {
        headers.iter().filter(|header| {
            header.name.len() == name.len() && header.name.eq_ignore_ascii_case(name.as_bytes())
        })
    };
    let of = |form| named().filter(move |header| header.form == form).map(|header| header.value);
    let form = if of(Form::Separate).next().is_some() { Form::Separate } else { Form::Joined };
    let Some(value) = of(form).next() else { return Credential::Absent };
    let repeated = |form| match equal {
        Equal::Repeat => of(form).count() > 1,
        Equal::One => of(form).any(|other| Some(other) != of(form).next()),
    };
    let agrees = |joined: &[u8]| {
        joined == value || joined.split(|byte| *byte == b',').all(|part| trim(part) == trim(value))
    };
    let disagree = form == Form::Separate && !of(Form::Joined).all(agrees);
    let repeats = named().any(|header| is_repeat(form, header.value));
    if repeats || repeated(Form::Separate) || repeated(Form::Joined) || disagree {
        return Credential::Contradiction;
    }
    Credential::One(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers<'a>(
        joined: &[(&'a str, &'a str)],
        separate: &[(&'a str, &'a str)],
    ) -> Vec<Header<'a>> {
        let header = |form| {
            move |(name, value): &(&'a str, &'a str)| Header {
                name: name.as_bytes(),
                value: value.as_bytes(),
                form,
            }
        };
        joined
            .iter()
            .map(header(Form::Joined))
            .chain(separate.iter().map(header(Form::Separate)))
            .collect()
    }

    fn view<'a>(
        method: &'a str,
        path: &'a str,
        headers: Vec<Header<'a>>,
    ) -> Result<RequestView<'a>, Unusable> {
        RequestView::new(method.as_bytes(), path.as_bytes(), b"host", headers, std::iter::empty())
    }

    #[test]
    fn a_request_needs_a_method_and_a_path() {
        for (method, path, usable) in [
            ("GET", "/", true),
            ("OPTIONS", "*", true),
            ("CONNECT", "", true),
            ("CONNECT", "host:443", true),
            ("", "/", false),
            ("GET", "", false),
            ("GET", "x", false),
            ("GET", "http://host/", false),
            ("GET", "**", false),
        ] {
            assert_eq!(view(method, path, Vec::new()).is_ok(), usable, "{method} {path}");
        }
    }

    #[test]
    fn only_route_hints_of_ours_count() {
        for (hint, ours) in [("realmgate.access", true), ("realmgate.", true), ("other", false)] {
            let hints = [hint.as_bytes()].into_iter();
            let view = RequestView::new(b"GET", b"/", b"", Vec::new(), hints).unwrap();
            assert_eq!(view.has_route_hints(), ours, "{hint}");
        }
    }

    #[test]
    fn a_value_is_what_follows_the_scheme_and_one_blank() {
        for (value, exact_case, rest) in [
            ("Bearer x", true, Some("x")),
            ("Bearer \0 x y\t ", true, Some("x y")),
            ("Bearer   ", true, Some("")),
            ("Bearer", true, None),
            ("Bearer\tx", true, None),
            ("bearer x", true, None),
            ("bearer x", false, Some("x")),
            (" Bearer x", true, None),
            ("Bearerx y", true, None),
        ] {
            let found = after_scheme(value.as_bytes(), "Bearer", exact_case);
            assert_eq!(found, rest.map(str::as_bytes), "{value:?}");
        }
    }

    #[test]
    fn authorization_is_contradicted_by_any_second_value() {
        const A: &str = "authorization";
        for (joined, separate, expected) in [
            (vec![], vec![], Credential::Absent),
            (vec![(A, "Bearer a")], vec![], Credential::One(b"Bearer a".as_slice())),
            (vec![], vec![("Authorization", "Bearer a")], Credential::One(b"Bearer a")),
            (vec![(A, "Bearer a")], vec![(A, "Bearer a")], Credential::One(b"Bearer a")),
            (vec![(A, "Basic a,b")], vec![], Credential::One(b"Basic a,b")),
            (vec![(A, "")], vec![], Credential::One(b"")),
            (vec![(A, "Bearer a,")], vec![], Credential::Contradiction),
            (vec![(A, "Bearer a,Bearer a")], vec![], Credential::Contradiction),
            (vec![(A, "Bearer a"), (A, "Bearer a")], vec![], Credential::Contradiction),
            (vec![], vec![(A, "Bearer a,Bearer b")], Credential::Contradiction),
            (vec![], vec![(A, "Bearer a"), (A, "Bearer a")], Credential::Contradiction),
            (vec![(A, "Bearer a")], vec![(A, "Bearer b")], Credential::Contradiction),
            (vec![(A, "Bearer a,Bearer a")], vec![(A, "Bearer a")], Credential::Contradiction),
        ] {
            assert_eq!(
                authorization(&headers(&joined, &separate)),
                expected,
                "{joined:?} {separate:?}"
            );
        }
    }

    #[test]
    fn a_comma_in_a_client_secret_is_a_repeat_only_before_another_scheme() {
        const C: &str = "es-client-authentication";
        for (joined, separate, expected) in [
            (
                vec![(C, "SharedSecret a,b")],
                vec![],
                Credential::One(b"SharedSecret a,b".as_slice()),
            ),
            (vec![(C, "SharedSecret a,")], vec![], Credential::One(b"SharedSecret a,")),
            (
                vec![(C, "SharedSecret a,sharedsecretx")],
                vec![],
                Credential::One(b"SharedSecret a,sharedsecretx"),
            ),
            (vec![(C, "SharedSecret a, \tSHAREDSECRET a")], vec![], Credential::Contradiction),
            (vec![(C, "SharedSecret a,SharedSecret a")], vec![], Credential::Contradiction),
            (
                vec![],
                vec![(C, "SharedSecret a,SharedSecret a")],
                Credential::One(b"SharedSecret a,SharedSecret a"),
            ),
            (
                vec![],
                vec![(C, "SharedSecret a"), (C, "SharedSecret a")],
                Credential::One(b"SharedSecret a"),
            ),
            (vec![], vec![(C, "SharedSecret a"), (C, "SharedSecret b")], Credential::Contradiction),
            (
                vec![(C, "SharedSecret a,b")],
                vec![(C, "SharedSecret a,b")],
                Credential::One(b"SharedSecret a,b"),
            ),
            (
                vec![(C, "SharedSecret a,SharedSecret a")],
                vec![(C, "SharedSecret a"), (C, "SharedSecret a")],
                Credential::One(b"SharedSecret a"),
            ),
            (vec![(C, "SharedSecret b")], vec![(C, "SharedSecret a")], Credential::Contradiction),
        ] {
            assert_eq!(
                client_authentication(&headers(&joined, &separate)),
                expected,
                "{joined:?} {separate:?}"
            );
        }
    }

    #[test]
    fn a_run_as_name_is_taken_as_it_stands() {
        const R: &str = "es-security-runas-user";
        for (joined, separate, expected) in [
            (vec![(R, "a,b")], vec![], Credential::One(b"a,b".as_slice())),
            (vec![(R, "")], vec![], Credential::One(b"")),
            (vec![], vec![(R, "a"), (R, "a")], Credential::One(b"a")),
            (vec![], vec![(R, "a"), (R, "b")], Credential::Contradiction),
            (vec![(R, "a,a")], vec![(R, "a"), (R, "a")], Credential::One(b"a")),
            (vec![(R, "a,b")], vec![(R, "a")], Credential::Contradiction),
        ] {
            assert_eq!(run_as(&headers(&joined, &separate)), expected, "{joined:?} {separate:?}");
        }
    }
}
