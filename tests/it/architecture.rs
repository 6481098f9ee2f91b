//! Keeps the arrows pointing downwards: what decides knows nothing of how it is fed or served.
//!
//! Rule: it reads the sources as text (without comments and test modules), so that a new import
//! is noticed where it is written, and the README, so that it cannot promise another vocabulary.

use std::fs;
use std::path::{Path, PathBuf};

use realmgate::engine::Reason;
use realmgate::settings::{Documented, documented};

/// What a band of the house must not name.
struct Wall {
    band: &'static str,
    forbidden: &'static [&'static str],
    /// Files of the band for which one word is allowed all the same.
    doors: &'static [(&'static str, &'static str)],
}

const WALLS: &[Wall] = &[
    Wall {
        band: "engine",
        forbidden: &[
            "tokio",
            "tonic",
            "hyper",
            "axum",
            "reqwest",
            "prost",
            "envoy_types",
            "prometheus",
            "tracing",
            "arc_swap",
            "std::fs",
            "std::net",
            "std::thread",
            "std::env",
            "SystemTime",
            "Instant",
            "aws_lc_rs",
            "jsonwebtoken",
            "crate::settings",
            "crate::server",
            "crate::http",
            "crate::observe",
            "crate::app",
            "crate::cli",
            "crate::jwks",
            "crate::directory",
        ],
        doors: &[
            ("engine/crypto/hmac_key.rs", "aws_lc_rs"),
            ("engine/crypto/mod.rs", "aws_lc_rs"),
            ("engine/crypto/public_key.rs", "aws_lc_rs"),
            ("engine/crypto/public_key.rs", "jsonwebtoken"),
            ("engine/crypto/testing.rs", "aws_lc_rs"),
        ],
    },
    Wall { band: "settings", forbidden: ABOVE_KNOWS, doors: &[] },
    Wall { band: "jwks", forbidden: ABOVE_KNOWS, doors: &[] },
    Wall { band: "jwks", forbidden: &["crate::settings"], doors: &[] },
    Wall { band: "directory", forbidden: ABOVE_KNOWS, doors: &[] },
    Wall { band: "server", forbidden: BESIDE_SERVES, doors: &[] },
    Wall { band: "http", forbidden: BESIDE_SERVES, doors: &[] },
    Wall {
        band: "observe",
        forbidden: &[
            "tokio",
            "tonic",
            "hyper",
            "axum",
            "reqwest",
            "prost",
            "crate::settings",
            "crate::server",
            "crate::http",
            "crate::jwks",
            "crate::directory",
            "crate::app",
            "crate::cli",
        ],
        doors: &[],
    },
    Wall { band: "app.rs", forbidden: &["crate::cli"], doors: &[] },
];

const ABOVE_KNOWS: &[&str] = &["crate::server", "crate::http", "crate::app", "crate::cli"];

const BESIDE_SERVES: &[&str] = &[
    "crate::jwks",
    "crate::directory",
    "crate::settings",
    "engine::token",
    "crate::app",
    "crate::cli",
];

#[test]
fn imports_run_downwards_only() {
    let mut found = Vec::new();
    for (name, source) in sources().into_iter().filter(|(name, _)| !is_of_tests(name)) {
        let walls = WALLS.iter().filter(|wall| name.split('/').next() == Some(wall.band));
        for word in walls.flat_map(|wall| forbidden_in(wall, &name)) {
            let lines = code(&source).filter(|(_, line)| names(line, word));
            found.extend(lines.map(|(n, line)| format!("src/{name}:{n}: {word}: {}", line.trim())));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Whether a whole source is tests, as the end of others is.
fn is_of_tests(name: &str) -> bool {
    name.ends_with("/tests.rs") || name.contains("/tests/")
}

fn forbidden_in(wall: &Wall, name: &str) -> Vec<&'static str> {
    let open = |word: &&str| !wall.doors.contains(&(name, word));
    wall.forbidden.iter().copied().filter(open).collect()
}

/// The lines of a source with their numbers, without comments and without its tests, which stand
/// at its end.
fn code(source: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = source.lines().enumerate().map(|(n, line)| (n + 1, line));
    lines
        .take_while(|(_, line)| line.trim() != "#[cfg(test)]")
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// Whether a line names this path or identifier, as a whole word.
fn names(line: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        !before.is_some_and(part) && !after.is_some_and(part)
    })
}

#[test]
fn crate_paths_are_written_out_one_by_one() {
    // A group (`use crate::{…}`) would hide its names from the walls.
    let grouped: Vec<_> = sources()
        .iter()
        .filter(|(_, source)| code(source).any(|(_, line)| line.contains("crate::{")))
        .map(|(name, _)| name.clone())
        .collect();
    assert!(grouped.is_empty(), "{grouped:?}");
}

#[test]
fn the_search_for_forbidden_words_finds_one() {
    // The control: without it a slip in the search would make every wall stand.
    assert!(names("use tokio::sync::watch;", "tokio"));
    assert!(names("    let now = std::time::Instant::now();", "Instant"));
    assert!(!names("fn tokio_free() {}", "tokio"));
    let engine: Vec<_> =
        sources().into_iter().filter(|(name, _)| name.starts_with("engine/")).collect();
    assert!(engine.len() > 10, "{} sources of the engine", engine.len());
    let crypto = engine.iter().find(|(name, _)| name == "engine/crypto/mod.rs").unwrap();
    assert!(code(&crypto.1).any(|(_, line)| names(line, "aws_lc_rs")));
}

#[test]
fn every_source_opens_with_what_it_is() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in ["src", "tests", "envoy"] {
        collect(&root.join(folder), &mut files);
    }
    files.push(root.join("build.rs"));
    let silent: Vec<_> = files
        .iter()
        .filter(|file| !fs::read_to_string(file).unwrap().starts_with("//!"))
        .map(|file| file.strip_prefix(root).unwrap().display().to_string())
        .collect();
    assert!(silent.is_empty(), "no `//!` at the top of {silent:?}");
}

#[test]
fn the_readmes_reason_codes_are_the_enums() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = fs::read_to_string(readme).unwrap();
    let rows = readme.lines().filter_map(reason_row);
    let wanted = Reason::ALL.iter().map(|reason| {
        let status = reason.status().http();
        let status = if status == 200 { "allow".to_owned() } else { status.to_string() };
        (status, reason.code().to_owned(), reason.meaning().to_owned())
    });
    assert!(rows.eq(wanted.clone()), "the table is:\n{}", table(wanted));
}

/// Status, code and meaning of a line like ``| 401 | `not_a_jwt` | … |``.
fn reason_row(line: &str) -> Option<(String, String, String)> {
    let line = line.strip_prefix("| ")?.strip_suffix(" |")?;
    let [status, code, meaning] = line.splitn(3, " | ").collect::<Vec<_>>().try_into().ok()?;
    let code = code.strip_prefix('`')?.strip_suffix('`')?;
    let known = status == "allow" || (status.len() == 3 && status.parse::<u16>().is_ok());
    known.then(|| (status.to_owned(), code.to_owned(), meaning.to_owned()))
}

fn table(rows: impl Iterator<Item = (String, String, String)>) -> String {
    let line = |(status, code, meaning)| format!("| {status} | `{code}` | {meaning} |");
    rows.map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_readmes_settings_are_the_codes() {
    const REALM: &str = "xpack.security.authc.realms.jwt.<name>.";
    const OURS: &str = "realmgate.";
    type Of<'w> = &'w dyn Fn(&str) -> Option<&str>;
    let of_all_realms = |key: &str| !key.starts_with(REALM) && !key.starts_with(OURS);
    let tables: [(&str, usize, Of<'_>); 3] = [
        ("realm settings", 40, &|key| key.strip_prefix(REALM)),
        ("settings of all realms", 1, &|key| of_all_realms(key).then_some(key)),
        ("service settings", 40, &|key| key.strip_prefix(OURS)),
    ];
    for (name, least, shown) in tables {
        let row = |setting: Documented| Some(setting_row(shown(&setting.key)?, &setting));
        let rows: Vec<_> = documented().filter_map(row).collect();
        assert!(rows.len() >= least, "{} {name}", rows.len());
        let rows = rows.join("\n");
        let wanted = format!("| setting | default | meaning |\n|---|---|---|\n{rows}");
        assert!(marked(name) == wanted, "the table of {name} is:\n{wanted}");
    }
}

/// What stands in the README between `<!-- NAME: … -->` and `<!-- /NAME -->`.
pub(crate) fn marked(name: &str) -> String {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = fs::read_to_string(readme).unwrap();
    let begins = format!("<!-- {name}: ");
    let lines = readme.lines().skip_while(|line| !line.starts_with(&begins)).skip(1);
    let end = format!("<!-- /{name} -->");
    lines.take_while(|line| *line != end).collect::<Vec<_>>().join("\n")
}

fn setting_row(suffix: &str, Documented { default, meaning, .. }: &Documented) -> String {
    // A text of our own is no value that could be written.
    let is_value = !matches!(*default, "" | "any" | "none") && !default.contains(' ');
    let default = if is_value { format!("`{default}`") } else { (*default).to_owned() };
    format!("| `{suffix}` | {default} | {} |", meaning.replace('|', "\\|"))
}

#[test]
fn reason_codes_are_the_contracts_with_their_statuses() {
    // Written out, since a code is a public name: add, never rename.
    let contract = [
        (200, "ok"),
        (
            401,
            "no_credentials not_a_jwt token_too_large client_secret_missing \
             client_secret_mismatch typ_not_allowed issuer_mismatch subject_mismatch \
             audience_mismatch algorithm_not_allowed claim_missing claim_malformed token_expired \
             token_not_yet_valid required_claim_mismatch no_usable_key signature_invalid \
             principal_missing property_malformed run_as_empty",
        ),
        (403, "run_as_denied rule_denied identity_not_representable"),
        (400, "multiple_header_values bad_request"),
        (503, "deadline_exceeded overloaded internal_error"),
    ];
    for (status, codes) in contract {
        for code in codes.split(' ') {
            let reason = Reason::ALL.iter().find(|reason| reason.code() == code);
            let reason = reason.unwrap_or_else(|| panic!("no reason {code}"));
            assert_eq!(reason.status().http(), status, "{code}");
        }
    }
}

/// Every source under `src`, by its path in there.
fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    let name = |file: &PathBuf| file.strip_prefix(&root).unwrap().display().to_string();
    files.iter().map(|file| (name(file), fs::read_to_string(file).unwrap())).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().is_some_and(|name| name == "target") {
            continue; // A package of its own below builds there.
        }
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            files.push(path);
        }
    }
}
