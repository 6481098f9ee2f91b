//! The settings, as they were validated.

use crate::engine::Secret;
use crate::engine::identity::{DynamicMetadata, Forward, HeaderNames, Preset, Remove};
use crate::engine::token::Algorithm;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Settings {
    pub grpc_address: GrpcAddress,
    pub http_address: SocketAddr,
    pub limits: Limits,
    pub drain: Drain,
    pub log: Log,
    pub identity: Identity,
    pub realms: Vec<JwtRealm>,
    pub quickstart: bool,
}
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum GrpcAddress {
    Tcp(SocketAddr),
    Unix(PathBuf),
}
impl fmt::Display for GrpcAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(a) => a.fmt(f),
            Self::Unix(p) => write!(f, "unix:{}", p.display()),
        }
    }
}
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Limits {
    pub token_size: usize,
    pub identity_size: usize,
    pub deadline: Duration,
    pub checks_in_flight: usize,
}
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Drain {
    pub grace: Duration,
    pub timeout: Duration,
}
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Log {
    pub decisions: Decisions,
    pub lines_per_second: u32,
}
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub enum Decisions {
    All,
    Denied,
    None,
    RunAs,
}
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Identity {
    pub preset: Preset,
    pub metadata: bool,
    pub remove: Vec<Remove>,
    pub dynamic_metadata: DynamicMetadata,
    pub forward: Forward,
}
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct JwtRealm {
    pub name: String,
    pub order: i32,
    pub allowed_issuer: String,
    pub allowed_audiences: Vec<String>,
    pub allowed_subjects: Option<Vec<String>>,
    pub allowed_algorithms: Vec<Algorithm>,
    pub clock_skew_seconds: i64,
    pub principal_claim: String,
    pub groups_claim: Option<String>,
    pub dn_claim: Option<String>,
    pub mail_claim: Option<String>,
    pub name_claim: Option<String>,
    pub populate_user_metadata: bool,
    pub client_secret: Option<Secret>,
    pub hmac_key: Secret,
}
/// Stand-in until the settings land.
pub fn quickstart(grpc: Option<&str>, http: Option<&str>) -> Result<Settings, String> {
    let at = |a: Option<&str>, port| {
        a.map_or(Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, port))), |a| {
            a.parse().map_err(|_| a.to_owned())
        })
    };
    Ok(Settings {
        grpc_address: GrpcAddress::Tcp(at(grpc, 9191)?),
        http_address: at(http, 9192)?,
        limits: Limits {
            token_size: 16384,
            identity_size: 8192,
            deadline: Duration::from_secs(5),
            checks_in_flight: 10000,
        },
        drain: Drain { grace: Duration::from_secs(5), timeout: Duration::from_secs(30) },
        log: Log { decisions: Decisions::Denied, lines_per_second: 100 },
        identity: Identity {
            preset: Preset::Headers(HeaderNames::default()),
            metadata: false,
            remove: vec![],
            dynamic_metadata: DynamicMetadata::Full,
            forward: Forward::default(),
        },
        realms: vec![JwtRealm {
            name: "jwt8".into(),
            order: 8,
            allowed_issuer: "iss8".into(),
            allowed_audiences: vec!["aud8".into()],
            allowed_subjects: None,
            allowed_algorithms: vec![Algorithm::Hs256],
            clock_skew_seconds: 60,
            principal_claim: "sub".into(),
            groups_claim: None,
            dn_claim: None,
            mail_claim: None,
            name_claim: None,
            populate_user_metadata: true,
            client_secret: Some(Secret::new("client-shared-secret-string")),
            hmac_key: Secret::new("hmac-oidc-key-string-for-hs256-algorithm"),
        }],
        quickstart: true,
    })
}
