//! A real OpenID provider, a process of its own on loopback, and the realms that trust it.
//!
//! Rule: every token is one that the provider has issued, got from it as an application gets it.

use std::io::Write;
use std::process::ChildStdin;

use serde_json::{Value, json};

use crate::support::folder::Folder;
use crate::support::gate::Setup;
use crate::support::https::{Authority, Flaw};
use crate::support::process::Running;
use crate::support::tools;

/// The file of whom the gate trusts, beside its configuration.
const AUTHORITY: &str = "provider.pem";

/// Whom access tokens are for.
const AUDIENCE: &str = "https://orders.example.com";

/// The provider's client, for whom ID tokens are and whose name is the subject of access tokens.
pub(super) const CLIENT: &str = "realmgate-client";

/// The provider's user.
pub(super) const USER: &str = "jane";

/// The realm of access tokens, with the provider's keys by the URL of its JWKS.
pub(super) const BY_JWKS: &str = "by-jwks";

/// The realm of ID tokens, with its keys by its discovery document.
pub(super) const BY_DISCOVERY: &str = "by-discovery";

/// A running provider.
pub(super) struct Provider {
    process: Running,
    stdin: ChildStdin,
    /// How much it has been told.
    told: usize,
    issuer: String,
    authority: Authority,
    _folder: Folder,
}

/// A token of each realm.
#[derive(Clone, Debug)]
pub(super) struct Tokens {
    /// One that an application got for itself.
    pub(super) access: String,
    /// One that it got for its user.
    pub(super) id: String,
}

impl Provider {
    /// One with a key.
    pub(super) fn start() -> Self {
        let (authority, folder) = (Authority::new("the provider's"), Folder::new());
        let server = authority.server_pem(Flaw::None);
        let mut command = tools::node("provider.js");
        command
            .arg(folder.write("certificate.pem", server.certificate))
            .arg(folder.write("key.pem", server.key))
            .env("NODE_EXTRA_CA_CERTS", folder.write("authority.pem", authority.pem()));
        let (mut process, stdin) = Running::spawn_told(command);
        let issuer = said(&mut process, "ready ");
        Self { process, stdin, told: 0, issuer, authority, _folder: folder }
    }

    /// Lets a new key sign; those before it stay published.
    pub(super) fn rotate(&mut self) {
        self.tell("rotate");
    }

    /// Withdraws all keys but the one that signs.
    pub(super) fn retire(&mut self) {
        self.tell("retire");
    }

    /// New tokens, by the key that signs.
    pub(super) fn issue(&mut self) -> Tokens {
        Tokens { access: self.access_token(AUDIENCE), id: self.tell("id-token") }
    }

    /// A new access token for this audience.
    pub(super) fn access_token(&mut self, audience: &str) -> String {
        self.tell(&format!("access-token {audience}"))
    }

    fn tell(&mut self, what: &str) -> String {
        writeln!(self.stdin, "{what}").unwrap();
        self.told += 1;
        said(&mut self.process, &format!("{}: ", self.told))
    }

    /// Both realms, polled every second.
    pub(super) fn setup(&self) -> Setup {
        let by_jwks = [
            ("order", json!(1)),
            ("token_type", json!("access_token")),
            ("allowed_audiences", json!([AUDIENCE])),
            ("allowed_subjects", json!([CLIENT])),
            ("pkc_jwkset_path", json!(format!("{}/jwks", self.issuer))),
        ];
        let discovery = format!("{}/.well-known/openid-configuration", self.issuer);
        let by_discovery = [
            ("order", json!(2)),
            ("allowed_audiences", json!([CLIENT])),
            ("pkc_jwkset_path", json!(discovery)),
        ];
        let setup = Setup::json(json!({})).file(AUTHORITY, self.authority.pem());
        self.realm(self.realm(setup, BY_JWKS, by_jwks), BY_DISCOVERY, by_discovery)
    }

    fn realm<const N: usize>(&self, setup: Setup, name: &str, own: [(&str, Value); N]) -> Setup {
        let both = [
            ("allowed_issuer", json!(self.issuer)),
            ("claims.principal", json!("sub")),
            ("client_authentication.type", json!("none")),
            ("pkc_jwkset_reload.url_interval_min", json!("1s")),
            ("pkc_jwkset_reload.url_interval_max", json!("1s")),
            ("ssl.certificate_authorities", json!([AUTHORITY])),
        ];
        let set = |setup: Setup, (setting, value): (&str, Value)| {
            setup.set(&format!("xpack.security.authc.realms.jwt.{name}.{setting}"), value)
        };
        own.into_iter().chain(both).fold(setup, set)
    }
}

fn said(process: &mut Running, beginning: &str) -> String {
    let line = process.wait_for_stdout(beginning);
    let line = line.unwrap_or_else(|ended| panic!("the provider has ended: {ended:#?}"));
    line.strip_prefix(beginning).unwrap().to_owned()
}
