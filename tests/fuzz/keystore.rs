//! Fuzzes the keystore: the input is its entries, each a name, a line end and a content, between
//! lines of `---`.
//! Rule: it ends in settings that hold the very secrets or in a line that says why not, and what
//! the lines say does not change with a secret's letters.

#![no_main]

mod lines;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use realmgate::engine::Secret;
use realmgate::settings::{self, Loaded, Problems};

const CLIENT_SECRET: &str =
    "xpack.security.authc.realms.jwt.r1.client_authentication.shared_secret";

/// Realms with and without a client secret.
const CONFIG: &str = "
xpack.security.authc.realms.jwt.r1:
  order: 1
  allowed_issuer: iss
  allowed_audiences: aud
  allowed_signature_algorithms: HS256
  claims.principal: sub
xpack.security.authc.realms.jwt.r2:
  order: 2
  allowed_issuer: iss
  allowed_audiences: aud
  claims.principal: sub
  client_authentication.type: none
xpack.security.authc.realms.jwt.off: { order: 3, enabled: false }
";

/// The same with a service credential.
const PRESET: &str = "realmgate.identity.preset: elasticsearch_run_as\n";

/// The entries by their names; of two files of one name there is the last.
type Entries<'i> = BTreeMap<&'i str, &'i [u8]>;

static SEEDS: LazyLock<()> = LazyLock::new(|| {
    // Where nothing at all is served, the target would prove nothing.
    let served = read(CONFIG, &entries(include_bytes!("seeds/keystore/served")));
    assert!(served.is_ok(), "the seed is not served any more: {}", served.unwrap_err());
    let credential = entries(include_bytes!("seeds/keystore/service_credential"));
    let served = read(&format!("{CONFIG}{PRESET}"), &credential);
    assert!(served.is_ok(), "the seed is not served any more: {}", served.unwrap_err());
});

fuzz_target!(|input: &[u8]| {
    LazyLock::force(&SEEDS);
    let entries = entries(input);
    let others: Vec<_> =
        entries.iter().map(|(name, content)| (*name, other(name, content))).collect();
    let others = others.iter().map(|(name, content)| (*name, content.as_slice())).collect();
    for config in [CONFIG.to_owned(), format!("{CONFIG}{PRESET}")] {
        let made = read(&config, &entries);
        if let Ok(loaded) = &made {
            must_be_the_secret(loaded, &entries);
        }
        let problems = problems(&made);
        lines::must_be_lines(problems);
        let made_of_others = read(&config, &others);
        assert_eq!(made.is_ok(), made_of_others.is_ok(), "{problems}");
        assert_eq!(*problems, *self::problems(&made_of_others), "a secret is told");
    }
});

fn read(config: &str, entries: &Entries<'_>) -> Result<Loaded, Problems> {
    let entries: Vec<_> = entries.iter().map(|(name, content)| (*name, *content)).collect();
    settings::parse(config.as_bytes(), &entries, &|_| None)
}

fn problems(made: &Result<Loaded, Problems>) -> &Problems {
    match made {
        Ok(loaded) => &loaded.warnings,
        Err(problems) => {
            assert!(problems.refusals().next().is_some(), "refused, and nobody says why");
            problems
        }
    }
}

fn entries(input: &[u8]) -> Entries<'_> {
    let mut entries = Entries::new();
    let mut rest = input;
    while !rest.is_empty() {
        let (entry, after) = split(rest, b"\n---\n");
        let (name, content) = split(entry, b"\n");
        if let Ok(name) = std::str::from_utf8(name) {
            entries.insert(name, content);
        }
        rest = after;
    }
    entries
}

/// What stands before and after the first `at`.
fn split<'i>(input: &'i [u8], at: &[u8]) -> (&'i [u8], &'i [u8]) {
    match input.windows(at.len()).position(|part| part == at) {
        Some(place) => (&input[..place], &input[place + at.len()..]),
        None => (input, &[]),
    }
}

/// Another content that is as good or bad as this one: other letters and digits, but for those of a
/// scheme at its beginning, and in a key set those of the keys alone.
fn other(name: &str, content: &[u8]) -> Vec<u8> {
    let mut other = content.to_vec();
    if name.ends_with(".hmac_jwkset") {
        let mut from = 0;
        while let Some(key) = key(&other[from..]) {
            change(&mut other[from + key.start..from + key.end]);
            from += key.end;
        }
    } else {
        let schemes = [&b"Basic "[..], b"ApiKey "];
        let scheme = schemes.iter().find(|scheme| content.starts_with(scheme));
        change(&mut other[scheme.map_or(0, |scheme| scheme.len())..]);
    }
    other
}

/// Where the next key of a key set stands, but for its last letters: they say how long it is.
fn key(set: &[u8]) -> Option<Range<usize>> {
    const BEFORE: &[u8] = b"\"k\":\"";
    let start = set.windows(BEFORE.len()).position(|part| part == BEFORE)? + BEFORE.len();
    let is_key = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let length = set[start..].iter().take_while(|byte| is_key(byte)).count();
    Some(start..start + length.saturating_sub(4))
}

fn change(bytes: &mut [u8]) {
    for byte in bytes {
        *byte = match *byte {
            b'A'..=b'Z' => b'Z',
            b'a'..=b'z' => b'z',
            b'0'..=b'9' => b'9',
            same => same,
        };
    }
}

/// The secret is the content but for one newline at its end.
fn must_be_the_secret(loaded: &Loaded, entries: &Entries<'_>) {
    let content = entries.get(CLIENT_SECRET).expect("r1 is served with its client's secret");
    let secret = content.strip_suffix(b"\n").unwrap_or(content);
    let realm = loaded.settings.realms.iter().find(|realm| realm.name == "r1");
    let served = realm.and_then(|realm| realm.client.secret.as_ref());
    assert_eq!(served.map(Secret::expose), Some(secret));
    assert!(std::str::from_utf8(secret).is_ok_and(|text| !text.trim().is_empty()));
}
