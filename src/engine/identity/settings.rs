//! What an operator can choose about the identity headers.

use crate::engine::secret::Secret;

/// The names of the identity headers, in lower case; `None` leaves the header out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderNames {
    /// The effective user.
    pub username: Option<String>,
    /// The user who authenticated.
    pub authenticated_user: Option<String>,
    /// The realm that authenticated.
    pub realm: Option<String>,
    /// The realm that the effective user was looked up in.
    pub lookup_realm: Option<String>,
    /// The effective user's roles.
    pub roles: Option<String>,
    /// The user's groups.
    pub groups: Option<String>,
    /// The user's full name.
    pub full_name: Option<String>,
    /// The user's e-mail address.
    pub email: Option<String>,
    /// The user's distinguished name.
    pub dn: Option<String>,
    /// The user's metadata.
    pub metadata: Option<String>,
}

impl Default for HeaderNames {
    fn default() -> Self {
        let name = |name: &str| Some(name.to_owned());
        Self {
            username: name("x-es-username"),
            authenticated_user: name("x-es-authenticated-user"),
            realm: name("x-es-realm"),
            lookup_realm: name("x-es-lookup-realm"),
            roles: name("x-es-roles"),
            groups: name("x-es-groups"),
            full_name: name("x-es-full-name"),
            email: name("x-es-email"),
            dn: name("x-es-dn"),
            metadata: name("x-es-metadata"),
        }
    }
}

impl HeaderNames {
    /// The names that are not left out.
    pub(super) fn all(&self) -> impl Iterator<Item = &String> {
        [
            &self.username,
            &self.authenticated_user,
            &self.realm,
            &self.lookup_realm,
            &self.roles,
            &self.groups,
            &self.full_name,
            &self.email,
            &self.dn,
            &self.metadata,
        ]
        .into_iter()
        .flatten()
    }
}

/// Which set of headers an allow carries.
#[expect(clippy::large_enum_variant, reason = "there is one of it in a configuration")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Preset {
    /// Headers of these names, their values encoded.
    Headers(HeaderNames),
    /// What makes an Elasticsearch cluster take the user: a service credential and run-as.
    ElasticsearchRunAs {
        /// The value of `authorization`.
        authorization: Secret,
    },
}

/// A header that is removed besides our own, in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remove {
    /// Of this name.
    Exact(String),
    /// Of every name that begins so.
    Prefix(String),
}

/// How much of a decision Envoy's access logs and filters are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DynamicMetadata {
    /// `decision`, `reason`, `realm` and `run_as`.
    Decision,
    /// These and who is calling.
    Full,
    /// Nothing.
    None,
}

/// The credential headers that the upstream gets as the client sent them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forward {
    /// `Authorization`.
    pub authorization: bool,
    /// `ES-Client-Authentication`.
    pub client_authentication: bool,
    /// `es-security-runas-user`.
    pub run_as: bool,
}

/// The identity's settings, as they were validated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentitySettings {
    /// Which headers.
    pub preset: Preset,
    /// Whether metadata is among them.
    pub metadata: bool,
    /// What is removed besides.
    pub remove: Vec<Remove>,
    /// How much Envoy is told.
    pub dynamic_metadata: DynamicMetadata,
    /// Which credentials are passed on.
    pub forward: Forward,
}
