//! The configuration: files in, validated settings out, or everything that is wrong with them.
//!
//! A file is flattened once to (dotted key, line, value), and each setting is read from that list
//! by its key. The one rule: past this module every value is known to be good, and whatever is
//! written is acted on, refused or warned about.

mod document;
mod files;
mod identity;
mod keystore;
mod nearest;
mod problems;
pub mod quickstart;
mod realm;
mod realms;
mod section;
mod service;
mod values;
mod xpack;

pub use problems::Problems;
pub use quickstart::quickstart;
pub use realm::{
    BackChannel, CacheSettings, Claim, ClaimSettings, ClientCertificate, ClientSettings, ClockSkew,
    FallbackClaims, HmacKeys, HttpsUrl, JwtRealm, KeyReload, KeySources, Proxy, ProxyScheme,
    PublicKeys, Subjects, Tls, TokenSettings, TokenType, Verification,
};
pub use service::{Decisions, Drain, Limits, Log, LogFormat};
pub use values::GrpcAddress;

use crate::engine::identity::IdentitySettings;
use document::Document;
use keystore::Keystore;
use problems::{Place, Read};
use section::{Checked, Section};
use std::net::SocketAddr;
use std::path::Path;

/// Everything that was configured.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where checks are answered.
    pub grpc_address: GrpcAddress,
    /// Where metrics and health are shown.
    pub http_address: SocketAddr,
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
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The settings.
    pub settings: Settings,
    /// What the operator should know.
    pub warnings: Problems,
}

/// Reads the file `config` and the folder `keystore`: the given one, or else the one that stands
/// beside the file, if there is one.
pub fn load(config: &Path, keystore: Option<&Path>) -> Result<Loaded, Problems> {
    let beside = config.with_file_name("keystore");
    let beside = || beside.is_dir().then_some(beside.as_path());
    let keystore = keystore.or_else(beside);
    let mut problems = Problems::new(config, keystore);
    let secrets = keystore.map(|path| Keystore::open(path, &mut problems)).unwrap_or_default();
    // Absolute, so that a path is the same for whoever reads it in a log.
    let file = std::path::absolute(config).unwrap_or_else(|_| config.to_owned());
    let folder = file.parent().unwrap_or(Path::new("/"));
    let settings = document(config, &mut problems)
        .and_then(|document| assemble(&document, &secrets, folder, &mut problems));
    match settings {
        Ok(settings) if problems.only_warnings() => Ok(Loaded { settings, warnings: problems }),
        Ok(_) | Err(_) => Err(problems),
    }
}

fn document(config: &Path, problems: &mut Problems) -> Read<Document> {
    match files::bounded(config, document::SIZE) {
        Ok(bytes) => document::read(&bytes, problems),
        Err(what) => Err(problems.report(Place::File, None, what)),
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

/// Makes settings of a document and its secrets. Relative paths stand in `folder`.
fn assemble(
    document: &Document,
    keystore: &Keystore,
    folder: &Path,
    problems: &mut Problems,
) -> Read<Settings> {
    let realms = realms::read(document, keystore, folder, problems);
    let run_as = xpack::run_as(document, problems);
    let service = Section::new(service::PREFIX, document, service::TABLE);
    let known = service.check_keys(Checked::All, problems);
    let known = known.and(service.check_secrets(keystore, problems));
    let grpc_address = service::grpc_address(&service, folder, problems);
    let http_address = service::http_address(&service, problems);
    let limits = service::limits(&service, problems);
    let drain = service::drain(&service, problems);
    let log = service::log(&service, problems);
    let identity = identity::read(&service, keystore, &grpc_address, problems);
    known?;
    Ok(Settings {
        grpc_address: grpc_address?,
        http_address: http_address?,
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
mod tests;
