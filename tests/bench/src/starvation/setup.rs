//! Realmgate's configuration for the flood: the quickstart's realm `jwt8`, and one of ES512 tokens.
//! Rule: it is written to a folder of its own, which is gone when this is.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, process};

use envoy_types::pb::envoy::service::auth::v3::CheckRequest;
use prost::Message;
use serde_json::Value;

use super::tokens::{AUDIENCE, ISSUER};
use crate::process::Process;

/// What clients of both realms present.
const CLIENT_SECRET: &str = "client-shared-secret-string";
const KEYSTORE: [(&str, &str); 3] = [
    ("jwt8.hmac_key", "hmac-oidc-key-string-for-hs256-algorithm"),
    ("jwt8.client_authentication.shared_secret", CLIENT_SECRET),
    ("es512.client_authentication.shared_secret", CLIENT_SECRET),
];

/// The file of the realm's keys.
const KEY_SET: &str = "es512.json";

/// The second realm, which remembers no token: each is verified whenever it comes.
fn config() -> String {
    format!(
        "\
realmgate:
  grpc.address: 127.0.0.1:0
  http.address: 127.0.0.1:0
xpack.security.authc.realms.jwt.jwt8:
  order: 8
  token_type: id_token
  client_authentication.type: shared_secret
  allowed_issuer: iss8
  allowed_audiences: [aud8]
  allowed_signature_algorithms: [HS256]
  claims.principal: sub
xpack.security.authc.realms.jwt.es512:
  order: 9
  token_type: id_token
  client_authentication.type: shared_secret
  allowed_issuer: {ISSUER}
  allowed_audiences: [{AUDIENCE}]
  allowed_signature_algorithms: [ES512]
  claims.principal: sub
  pkc_jwkset_path: {KEY_SET}
  jwt.cache.size: 0
"
    )
}

/// The folder.
pub(super) struct Setup(PathBuf);

impl Setup {
    /// Writes everything that Realmgate reads.
    pub(super) fn write(key_set: &Value) -> Result<Self, String> {
        let folder = env::temp_dir().join(format!("realmgate-bench-{}", process::id()));
        // It must be new: what someone else has put in its place is not followed.
        fs::create_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let setup = Self(folder);
        setup.file("realmgate.yml", &config())?;
        setup.file(KEY_SET, &key_set.to_string())?;
        let keystore = setup.0.join("keystore");
        fs::create_dir(&keystore).map_err(|error| format!("{}: {error}", keystore.display()))?;
        for (name, secret) in KEYSTORE {
            setup.file(&format!("keystore/xpack.security.authc.realms.jwt.{name}"), secret)?;
        }
        Ok(setup)
    }

    fn file(&self, name: &str, content: &str) -> Result<(), String> {
        let path = self.0.join(name);
        fs::write(&path, content).map_err(|error| format!("{}: {error}", path.display()))
    }

    /// Starts Realmgate with it.
    pub(super) fn start(&self, binary: &Path) -> Result<Process, String> {
        let config = self.0.join("realmgate.yml");
        Process::start(Command::new(binary).args(["serve", "--config"]).arg(config), &[])
    }
}

impl Drop for Setup {
    fn drop(&mut self) {
        // What cannot be removed is left to who cleans the folder of temporary files.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A check request with another bearer token.
pub(super) fn with_token(request: &[u8], token: &str) -> Result<Vec<u8>, String> {
    let mut request = CheckRequest::decode(request).map_err(|error| error.to_string())?;
    let attributes = request.attributes.as_mut().and_then(|attributes| attributes.request.as_mut());
    let headers =
        attributes.and_then(|request| request.http.as_mut()).map(|http| &mut http.headers);
    let authorization = headers.and_then(|headers| headers.get_mut("authorization"));
    *authorization.ok_or("the request has no token")? = format!("Bearer {token}");
    Ok(request.encode_to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::realmgate;
    use crate::rounds::REQUEST;
    use serde_json::json;

    #[test]
    fn another_token_stands_where_the_first_one_stood() {
        let request = fs::read(realmgate::root().join(REQUEST)).unwrap();
        let changed = with_token(&request, "a.b.c").unwrap();
        let (before, after) = (
            CheckRequest::decode(&request[..]).unwrap(),
            CheckRequest::decode(&changed[..]).unwrap(),
        );
        assert_ne!(before, after);
        let text = format!("{after:?}");
        assert!(text.contains("\"Bearer a.b.c\""), "{text}");
        assert!(!text.contains("Bearer ey"), "{text}");
        assert!(with_token(&[], "a.b.c").is_err());
    }

    #[test]
    fn the_folder_is_gone_with_its_value() {
        let setup = Setup::write(&json!({"keys": []})).unwrap();
        let folder = setup.0.clone();
        assert!(folder.join(KEY_SET).is_file());
        drop(setup);
        assert!(!folder.exists());
    }
}
