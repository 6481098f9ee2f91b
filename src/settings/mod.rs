//! The configuration: files in, validated settings out, or everything that is wrong with them.
//!
//! A file is flattened once to (dotted key, line, value), and each setting is read from that list
//! by its key. The one rule: past this module every value is known to be good, and whatever is
//! written is acted on, refused or warned about.

mod document;
mod files;
mod identity;
mod key_files;
mod key_urls;
mod keystore;
mod nearest;
mod problems;
pub mod quickstart;
mod realm;
mod realms;
mod section;
mod service;
mod sources;
mod values;
mod watch;
mod xpack;

pub use files::Reading;
pub use key_files::{KeyFile, KeyFileFault, KeyFiles, key_warnings, read_key_file};
pub use key_urls::{Fetched, KeyUrls};
pub use problems::Problems;
pub use quickstart::quickstart;
pub use realm::{
    CacheSettings, Claim, ClaimSettings, ClientSettings, ClockSkew, HmacKeys, JwtRealm, KeyReload,
    KeySources, PublicKeys, TokenSettings,
};
pub use service::{Decisions, DirectoryPaths, Drain, Grpc, GrpcTls, Jwks, Limits, Log, LogFormat};
pub use sources::{Sources, Version};
pub use values::GrpcAddress;
pub use watch::{Look, Watch};

use crate::engine::identity::IdentitySettings;
use document::Document;
use files::{Files, Reader};
use keystore::Keystore;
use problems::Read;
use section::{Checked, Section};
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::Path;

/// Everything that was configured, also what nothing acts on yet: the tables say which that is.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch that somebody sets by itself")]
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Where checks are answered.
    pub grpc_address: GrpcAddress,
    /// How connections to there are treated.
    pub grpc: Grpc,
    /// Where metrics and health are shown.
    pub http_address: SocketAddr,
    /// Whether tokens can be tried there.
    pub http_security_api: bool,
    /// Where users and roles are told, besides tokens.
    pub directory_paths: DirectoryPaths,
    /// What holds of all sources of keys.
    pub jwks: Jwks,
    /// Whether a CORS preflight passes without credentials.
    pub allow_cors_preflight: bool,
    /// What one check may cost.
    pub limits: Limits,
    /// How the service ends.
    pub drain: Drain,
    /// What is logged.
    pub log: Log,
    /// What the upstream is told.
    pub identity: IdentitySettings,
    /// The chain, in order; never empty.
    pub realms: Vec<JwtRealm>,
    /// Whether a user who may can act as another.
    pub run_as_enabled: bool,
    /// Whether the secrets are the public ones of the quickstart.
    pub quickstart: bool,
}

/// Settings that can be served.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded {
    /// The settings.
    pub settings: Settings,
    /// What the operator should know.
    pub warnings: Problems,
    /// Where what is to be fetched is written.
    pub key_urls: KeyUrls,
}

/// Reads a configuration that stands in no file: the content of the config file, the names and
/// contents of the keystore's entries, and the environment's variables. In what is said of it the
/// file is called `realmgate.yml` and the keystore `keystore`; relative paths stand in `/`, and PEM
/// files that it names are read there.
pub fn parse(
    config: &[u8],
    secrets: &[(&str, &[u8])],
    environment: &dyn Fn(&str) -> Option<OsString>,
) -> Result<Loaded, Problems> {
    let mut problems = Problems::new(Path::new("realmgate.yml"), Some(Path::new("keystore")));
    let keystore = Keystore::of(secrets);
    let files = Files { folder: Path::new("/"), reader: &Reader::default() };
    let made = document::read(config, environment, &mut problems).and_then(|document| {
        let settings = assemble(&document, &keystore, files, &mut problems)?;
        let key_urls = KeyUrls::new(&document, &settings, &problems);
        Ok((settings, key_urls))
    });
    loaded(made, problems)
}

fn loaded(made: Read<(Settings, KeyUrls)>, problems: Problems) -> Result<Loaded, Problems> {
    let ((settings, key_urls), warnings) = sound(made, problems)?;
    Ok(Loaded { settings, warnings, key_urls })
}

/// What was made and the warnings, unless something is wrong.
fn sound<T>(made: Read<T>, problems: Problems) -> Result<(T, Problems), Problems> {
    match made {
        Ok(made) if problems.only_warnings() => Ok((made, problems)),
        Ok(_) | Err(_) => Err(problems),
    }
}

/// A line of the documentation: a setting's key, its default and what it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Documented {
    /// The full key; that of a realm's setting has `<name>` for the realm's name.
    pub key: String,
    /// What holds where it is left out; empty where nothing does.
    pub default: &'static str,
    /// What it does, and whether it is a secret or not acted on.
    pub meaning: String,
}

/// Every setting that is acted on or will be, those of a realm first.
pub fn documented() -> impl Iterator<Item = Documented> {
    let realm = format!("{}<name>.", realm::PREFIX);
    let realms = realm::TABLE.iter().map(move |known| known.documented(&realm));
    let xpack = xpack::TABLE.iter().map(|known| known.documented(xpack::PREFIX));
    let service = service::TABLE.iter().map(|known| known.documented(service::PREFIX));
    realms.chain(xpack).chain(service).flatten()
}

/// Makes settings of a document, its secrets, and the files that they name.
fn assemble(
    document: &Document,
    keystore: &Keystore,
    files: Files<'_>,
    problems: &mut Problems,
) -> Read<Settings> {
    let realms = realms::read(document, keystore, files, problems);
    let run_as = xpack::run_as(document, problems);
    let service = Section::new(service::PREFIX, document, service::TABLE);
    let known = service.check_keys(Checked::All, problems);
    let known = known.and(service.check_secrets(keystore, problems));
    let grpc_address = service::grpc_address(&service, files.folder, problems);
    let grpc = service::grpc(&service, files.folder, problems);
    let http_address = service::http_address(&service, problems);
    let security_api = service::security_api(&service, &http_address, problems);
    let directory_paths = service::directory_paths(&service, files.folder, problems);
    let jwks = service::jwks(&service, problems);
    let preflight = service::allow_cors_preflight(&service, problems);
    let limits = service::limits(&service, problems);
    let drain = service::drain(&service, problems);
    let log = service::log(&service, problems);
    let identity = identity::read(&service, keystore, &grpc_address, problems);
    known?;
    Ok(Settings {
        grpc_address: grpc_address?,
        grpc: grpc?,
        http_address: http_address?,
        http_security_api: security_api?,
        directory_paths: directory_paths?,
        jwks: jwks?,
        allow_cors_preflight: preflight?,
        limits: limits?,
        drain: drain?,
        log: log?,
        identity: identity?,
        realms: realms?,
        run_as_enabled: run_as?,
        quickstart: false,
    })
}

#[cfg(test)]
pub(crate) mod tests;
