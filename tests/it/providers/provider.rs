//! What a provider issues and publishes, and the realm that takes it.
//!
//! Rule: shapes are the provider's (names, types, order of nesting, members that nobody asked
//! for), keys and names are ours, and times are those of every good token here.

use std::sync::LazyLock;

use aws_lc_rs::rsa::KeySize;
use serde_json::{Map, Value, json};

use crate::support::check::Check;
use crate::support::gate::Setup;
use crate::support::keys::{self, Key};

/// What the client of every realm here presents.
pub(super) const SECRET: &str = "the-client-secret-of-the-providers";

/// One kind of tokens of one provider.
#[derive(Debug)]
pub(super) struct Provider {
    pub(super) name: &'static str,
    /// Which of its tokens.
    pub(super) token: &'static str,
    /// The realm's name here.
    pub(super) realm: &'static str,
    /// `allowed_issuer` as the README shows it.
    pub(super) issuer_form: &'static str,
    /// Where the value of `allowed_audiences` comes from.
    pub(super) audience_from: &'static str,
    /// Where the provider publishes its keys.
    pub(super) keys_at: &'static str,
    /// What else whoever sets this up should know.
    pub(super) remarks: &'static str,
    /// The realm's settings but for those that all have.
    pub(super) settings: Value,
    /// Every document that it may publish its keys in.
    pub(super) key_sets: Vec<KeySet>,
    /// The header's text with `KID` for the key's name.
    pub(super) header: &'static str,
    pub(super) claims: Value,
    /// What the upstream is told besides the realm.
    pub(super) identity: Identity,
    pub(super) mistakes: Vec<Mistake>,
}

/// A document of keys and the one that signs.
#[derive(Debug)]
pub(super) struct KeySet {
    pub(super) signer: Key,
    pub(super) document: Value,
}

/// A user as the upstream gets to know one.
#[derive(Debug, Default)]
pub(super) struct Identity {
    pub(super) username: &'static str,
    pub(super) groups: Option<&'static str>,
    pub(super) email: Option<&'static str>,
    pub(super) full_name: Option<&'static str>,
}

/// What people get wrong, and the reason that they find in the log.
#[derive(Debug)]
pub(super) struct Mistake {
    pub(super) what: &'static str,
    pub(super) change: Change,
    pub(super) reason: &'static str,
}

/// Where the mistake is.
#[derive(Debug)]
pub(super) enum Change {
    /// There is none.
    Nothing,
    /// In the token: its claims, of which null takes one out.
    Claims(Value),
    /// In the token: its header.
    Header(&'static str),
    /// It is something else altogether.
    Text(&'static str),
    /// In the realm.
    Setting(&'static str, Value),
}

pub(super) fn mistake(what: &'static str, change: Change, reason: &'static str) -> Mistake {
    Mistake { what, change, reason }
}

/// An RSA key of 2048 bits; the same numbers are the same key under whichever name.
pub(super) fn rsa(number: usize) -> &'static Key {
    static KEYS: LazyLock<[Key; 3]> =
        LazyLock::new(|| std::array::from_fn(|_| Key::new_rsa(KeySize::Rsa2048)));
    &KEYS[number]
}

/// The document of these keys, the first of which signs.
pub(super) fn published(keys: &[Key]) -> KeySet {
    KeySet { document: keys::set(keys), signer: keys[0].clone() }
}

/// A certificate as it stands in `x5c`, base64 of DER. Nothing here reads it.
pub(super) const CERTIFICATE: &str =
    "MIICnTCCAYUCBgGB2m1kSDANBgkqhkiG9w0BAQsFADASMRAwDgYDVQQDDAdleGFtcGxl";

impl KeySet {
    /// A token of the signer's; `KID` in the header's text stands for the key's name.
    fn token(&self, header: &str, claims: &Value) -> String {
        let header = header.replace("KID", self.signer.kid().unwrap());
        let alg = serde_json::from_str::<Value>(&header).unwrap()["alg"].clone();
        self.signer.sign_texts(header, claims.to_string(), alg.as_str().unwrap())
    }
}

impl Provider {
    /// The lines of its realm, the settings spelt as the README shows them.
    pub(super) fn lines(&self, order: usize, change: &Change) -> String {
        let mut settings = self.settings.as_object().unwrap().clone();
        settings.insert("order".to_owned(), order.into());
        settings.insert("pkc_jwkset_path".to_owned(), self.file().into());
        settings.insert("client_authentication.type".to_owned(), "shared_secret".into());
        if let Change::Setting(suffix, value) = change {
            settings.insert((*suffix).to_owned(), value.clone());
        }
        settings.iter().fold(String::new(), |lines, (suffix, value)| {
            format!("{lines}{}: {}\n", self.key(suffix), yaml(value))
        })
    }

    /// Adds what stands beside the configuration: the key set, and what its clients present.
    pub(super) fn beside(&self, setup: Setup, document: &Value) -> Setup {
        setup
            .secret(&self.key("client_authentication.shared_secret"), SECRET)
            .file(&self.file(), document.to_string())
    }

    fn file(&self) -> String {
        format!("{}.json", self.realm)
    }

    /// The full name of a setting of its realm.
    fn key(&self, suffix: &str) -> String {
        format!("xpack.security.authc.realms.jwt.{}.{suffix}", self.realm)
    }

    /// A check with the token that it issues, or with what somebody sends by mistake.
    pub(super) fn check(&self, keys: &KeySet, change: &Change) -> Check {
        let (mut header, mut claims) = (self.header, self.claims.clone());
        match change {
            Change::Claims(patch) => merge(claims.as_object_mut().unwrap(), patch),
            Change::Header(other) => header = other,
            Change::Text(text) => return check(text),
            Change::Setting(..) | Change::Nothing => {}
        }
        check(&keys.token(header, &claims))
    }

    /// The headers that the upstream gets.
    pub(super) fn headers(&self) -> Value {
        let Identity { username, groups, email, full_name } = self.identity;
        let all = json!({
            "x-es-username": username,
            "x-es-authenticated-user": username,
            "x-es-realm": self.realm,
            "x-es-groups": groups,
            "x-es-email": email,
            "x-es-full-name": full_name,
        });
        let Value::Object(all) = all else { unreachable!("an object is an object") };
        all.into_iter().filter(|(_, value)| !value.is_null()).collect::<Map<_, _>>().into()
    }

    /// Its line of the README's table.
    pub(super) fn row(&self) -> String {
        const SHOWN: [&str; 3] = ["allowed_issuer", "allowed_audiences", "token_type"];
        let settings = self.settings.as_object().unwrap();
        let others = settings.iter().filter(|(suffix, _)| !SHOWN.contains(&suffix.as_str()));
        let others: Vec<_> =
            others.map(|(suffix, value)| format!("`{suffix}: {}`", yaml(value))).collect();
        let Self { name, token, issuer_form, audience_from, keys_at, remarks, .. } = self;
        let token_type = yaml(&settings["token_type"]);
        let others = others.join("<br>");
        format!(
            "| {name}, {token} | `{issuer_form}` | `{token_type}` | {audience_from} | {others} | \
             `{keys_at}` | {remarks} |"
        )
    }
}

/// As YAML's flow style has it, quoted where that is needed.
fn yaml(value: &Value) -> String {
    match value {
        Value::Array(list) => {
            format!("[{}]", list.iter().map(yaml).collect::<Vec<_>>().join(", "))
        }
        Value::String(text) => {
            let plain = |c: char| c.is_alphanumeric() || "-_./:@".contains(c);
            let bare = text.chars().all(plain) && !matches!(text.as_str(), "true" | "false");
            if bare { text.clone() } else { format!("'{text}'") }
        }
        other => other.to_string(),
    }
}

fn check(token: &str) -> Check {
    Check::get().bearer(token).client_secret(SECRET)
}

fn merge(claims: &mut Map<String, Value>, patch: &Value) {
    for (name, value) in patch.as_object().unwrap() {
        if value.is_null() {
            claims.remove(name);
        } else {
            claims.insert(name.clone(), value.clone());
        }
    }
}
