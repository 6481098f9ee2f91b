//! The identity headers: what the upstream is told of the user, and what a client can never say.
//!
//! The one rule: a name that carries identity is set by us or removed, on every allow, in every
//! spelling that an upstream could take for it, and never both.

mod encode;
mod settings;

pub use encode::encode;
pub use settings::{DynamicMetadata, Forward, HeaderNames, IdentitySettings, Preset, Remove};

use crate::engine::decision::Allow;
use crate::engine::header::{
    AUTHORIZATION, CLIENT_AUTHENTICATION, CREDENTIALS, RUN_AS, folded, is_token,
};
use crate::engine::request::RequestView;
use crate::engine::secret::Secret;
use crate::engine::user::User;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use encode::encode_list;
use std::borrow::Cow;
use std::collections::HashSet;

/// The user cannot be said in the headers. Holds the encoded name.
#[derive(Debug)]
pub struct NotRepresentable(pub String);

/// The identity headers of one configuration.
#[derive(Debug)]
pub struct Identity {
    settings: IdentitySettings,
    size: usize,
    always_removed: Vec<String>,
    /// Names that an allow may set: each is removed where it does not.
    settable: Vec<String>,
    /// Names that are ours, with every `_` as `-`.
    owned: HashSet<String>,
    /// Prefixes that are removed, with every `_` as `-`.
    prefixes: Vec<String>,
}

/// The most that a user's name may have, encoded, in bytes.
const NAME_SIZE: usize = 1024;

/// What other proxies and plug-ins take for an identity.
const FOREIGN: [&str; 5] = [
    "es-secondary-authorization",
    "opendistro_security_impersonate_as",
    "x-forwarded-user",
    "x-proxy-user",
    "x-proxy-roles",
];

/// Names that are somebody else in a cluster: its built-in users.
const BUILT_IN_USERS: [&str; 7] = [
    "elastic",
    "kibana",
    "kibana_system",
    "logstash_system",
    "beats_system",
    "apm_system",
    "remote_monitoring_user",
];

impl Identity {
    /// Works out once what every allow of these settings removes. All identity headers together
    /// may have `size` bytes in names and values.
    pub fn new(settings: IdentitySettings, size: usize) -> Self {
        let owned = owned(&settings);
        let settable: Vec<String> =
            settable(&settings.preset).into_iter().map(str::to_owned).collect();
        let mut always_removed: Vec<String> = owned
            .iter()
            .flat_map(|name| [name.clone(), name.replace('-', "_"), folded(name)])
            .filter(|name| !settable.contains(name) && !is_forwarded(settings.forward, name))
            .collect();
        always_removed.sort_unstable();
        always_removed.dedup();
        let prefixes = settings.remove.iter().filter_map(|remove| match remove {
            Remove::Prefix(prefix) => Some(folded(prefix)),
            Remove::Exact(_) => None,
        });
        Self {
            prefixes: prefixes.collect(),
            owned: owned.iter().map(|name| folded(name)).collect(),
            always_removed,
            settable,
            size,
            settings,
        }
    }

    /// Names that every allow removes.
    pub fn always_removed(&self) -> &[String] {
        &self.always_removed
    }

    /// Whether the headers carry the user's metadata.
    pub fn wants_metadata(&self) -> bool {
        self.settings.metadata
    }

    /// Whether `es-security-runas-user` is passed on to the upstream.
    pub fn forwards_run_as(&self) -> bool {
        self.settings.forward.run_as
    }

    /// How much Envoy is told.
    pub fn dynamic_metadata(&self) -> DynamicMetadata {
        self.settings.dynamic_metadata
    }

    /// Whether this request can be cleaned: prefixes can be removed only where every header shows.
    pub fn can_clean(&self, request: &RequestView<'_>) -> bool {
        self.prefixes.is_empty() || request.shows_all_headers()
    }

    /// The headers that say `user` of `realm` to the upstream.
    pub fn allow<'s>(
        &'s self,
        request: &RequestView<'_>,
        realm: &'s str,
        user: &User,
    ) -> Result<Allow<'s>, NotRepresentable> {
        let set = match &self.settings.preset {
            Preset::Headers(names) => self.headers(names, realm, user)?,
            Preset::ElasticsearchRunAs { authorization } => run_as(authorization, user)?,
        };
        let is_set = |name: &str| set.iter().any(|(given, _)| *given == name);
        let unset = self.settable.iter().filter(|name| !is_set(name));
        let mut also_removed: Vec<Cow<'s, str>> =
            unset.map(|name| Cow::Borrowed(name.as_str())).collect();
        for name in request.header_names() {
            if let Some(name) = self.mixed_form(name)
                && !is_set(&name)
            {
                also_removed.push(Cow::Owned(name));
            }
        }
        Ok(Allow { set, always_removed: &self.always_removed, also_removed })
    }

    /// `name`, in lower case, if it is another spelling of a name of ours or has a removed prefix.
    /// Only a name that holds `_` can be a spelling that the fixed list lacks. What is no header
    /// name reaches no upstream, and must not stand in an answer.
    fn mixed_form(&self, name: &[u8]) -> Option<String> {
        if self.prefixes.is_empty() && !name.contains(&b'_') {
            return None;
        }
        if !name.iter().copied().all(is_token) {
            return None;
        }
        let name = String::from_utf8_lossy(name).to_ascii_lowercase();
        let folded = folded(&name);
        let ours = (name.contains('_') && self.owned.contains(&folded))
            || self.prefixes.iter().any(|prefix| folded.starts_with(prefix));
        let kept = is_forwarded(self.settings.forward, &name);
        (ours && !kept).then_some(name)
    }

    /// The encoded headers, within the size: what does not fit is left out whole, least needed
    /// first, but never the names.
    fn headers<'s>(
        &self,
        names: &'s HeaderNames,
        realm: &'s str,
        user: &User,
    ) -> Result<Vec<(&'s str, Cow<'s, str>)>, NotRepresentable> {
        let name = encode(user.name.as_bytes(), b"");
        if name.len() > NAME_SIZE {
            return Err(NotRepresentable(name.into_owned()));
        }
        let said = |header: &'s Option<String>, value: Option<Cow<'s, str>>| {
            Some((header.as_deref()?, value?))
        };
        let own = || Some(Cow::Owned(name.to_string()));
        let mut set = Vec::with_capacity(8);
        set.extend(said(&names.username, own()));
        set.extend(said(&names.authenticated_user, own()));
        set.extend(said(&names.realm, Some(Cow::Borrowed(realm))));
        let needed = set.len();
        let text = |value: &Option<String>| {
            value.as_ref().map(|value| Cow::Owned(encode(value.as_bytes(), b"").into_owned()))
        };
        let groups = (!user.groups.is_empty()).then(|| Cow::Owned(encode_list(&user.groups)));
        // From the most to the least needed.
        set.extend(said(&names.email, text(&user.email)));
        set.extend(said(&names.full_name, text(&user.full_name)));
        set.extend(said(&names.dn, text(&user.dn)));
        set.extend(said(&names.groups, groups));
        // A remembered user may have been made for somebody who wanted it.
        let metadata = user.metadata.as_deref().filter(|_| self.settings.metadata);
        let metadata = metadata.map(|json| URL_SAFE_NO_PAD.encode(json));
        set.extend(said(&names.metadata, metadata.map(Cow::Owned)));
        while size(&set) > self.size {
            if set.len() == needed {
                return Err(NotRepresentable(name.into_owned()));
            }
            set.pop();
        }
        Ok(set)
    }
}

/// The headers that make an Elasticsearch cluster take the user. A cluster decodes nothing, so a
/// name that would need encoding cannot be said, and neither can one that is somebody else there.
fn run_as<'s>(
    authorization: &'s Secret,
    user: &User,
) -> Result<Vec<(&'s str, Cow<'s, str>)>, NotRepresentable> {
    let name = encode(user.name.as_bytes(), b"");
    let plain = matches!(name, Cow::Borrowed(_));
    let somebody_else = name.starts_with('_') || BUILT_IN_USERS.contains(&name.as_ref());
    let credential = std::str::from_utf8(authorization.expose()).ok();
    match credential {
        Some(credential) if plain && !somebody_else && name.len() <= NAME_SIZE => Ok(vec![
            (AUTHORIZATION, Cow::Borrowed(credential)),
            (RUN_AS, Cow::Owned(name.into_owned())),
        ]),
        _ => Err(NotRepresentable(name.into_owned())),
    }
}

/// What these headers have in names and values, in bytes.
fn size(set: &[(&str, Cow<'_, str>)]) -> usize {
    set.iter().map(|(header, value)| header.len() + value.len()).sum()
}

/// All names that are ours to say, in the spelling that they were configured in.
fn owned(settings: &IdentitySettings) -> Vec<String> {
    let mut owned: Vec<String> = HeaderNames::default().all().cloned().collect();
    if let Preset::Headers(names) = &settings.preset {
        owned.extend(names.all().cloned());
    }
    owned.extend(CREDENTIALS.map(str::to_owned));
    owned.extend(FOREIGN.map(str::to_owned));
    owned.extend(settings.remove.iter().filter_map(|remove| match remove {
        Remove::Exact(name) => Some(name.clone()),
        Remove::Prefix(_) => None,
    }));
    owned
}

fn settable(preset: &Preset) -> Vec<&str> {
    match preset {
        Preset::Headers(names) => [
            &names.username,
            &names.authenticated_user,
            &names.realm,
            &names.groups,
            &names.full_name,
            &names.email,
            &names.dn,
            &names.metadata,
        ]
        .into_iter()
        .flatten()
        .map(String::as_str)
        .collect(),
        Preset::ElasticsearchRunAs { .. } => vec![AUTHORIZATION, RUN_AS],
    }
}

/// Whether the credential header `name` is passed on.
fn is_forwarded(forward: Forward, name: &str) -> bool {
    match name {
        AUTHORIZATION => forward.authorization,
        CLIENT_AUTHENTICATION => forward.client_authentication,
        RUN_AS => forward.run_as,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::request::{Form, Header};

    fn settings() -> IdentitySettings {
        IdentitySettings {
            preset: Preset::Headers(HeaderNames::default()),
            metadata: false,
            remove: Vec::new(),
            dynamic_metadata: DynamicMetadata::Full,
            forward: Forward::default(),
        }
    }

    fn user(name: &str) -> User {
        User::named(name)
    }

    fn request<'a>(names: &[&'a str]) -> RequestView<'a> {
        let header =
            |name: &&'a str| Header { name: name.as_bytes(), value: b"x", form: Form::Joined };
        let headers = names.iter().map(header).collect();
        RequestView::new(b"GET", b"/", b"h", headers, std::iter::empty()).unwrap()
    }

    /// The answer's set headers and removed names, for a request that shows `shown`.
    fn answer(
        settings: &IdentitySettings,
        shown: &[&str],
        user: &User,
    ) -> (Vec<String>, Vec<String>) {
        let identity = Identity::new(settings.clone(), 8192);
        let allow = identity.allow(&request(shown), "r", user).unwrap();
        let set: Vec<_> =
            allow.set.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        let mut removed: Vec<_> = allow.always_removed.to_vec();
        removed.extend(allow.also_removed.iter().map(ToString::to_string));
        for (name, _) in &allow.set {
            assert!(!removed.iter().any(|gone| gone == name), "{name} is both set and removed");
        }
        (set, removed)
    }

    #[test]
    fn every_name_that_is_not_set_is_removed_in_both_spellings() {
        let (set, removed) = answer(&settings(), &[], &user("ana"));
        assert_eq!(set, ["x-es-username: ana", "x-es-authenticated-user: ana", "x-es-realm: r"]);
        for name in
            "x_es_username x_es_authenticated_user x_es_realm x-es-lookup-realm x_es_lookup_realm \
            x-es-roles x_es_roles x-es-groups x_es_groups x-es-full-name x_es_full_name x-es-email \
            x_es_email x-es-dn x_es_dn x-es-metadata x_es_metadata es-secondary-authorization \
            es_secondary_authorization opendistro_security_impersonate_as \
            opendistro-security-impersonate-as x-forwarded-user x_forwarded_user x-proxy-user \
            x_proxy_user x-proxy-roles x_proxy_roles authorization es-client-authentication \
            es_client_authentication es-security-runas-user es_security_runas_user"
                .split_whitespace()
        {
            assert!(removed.iter().any(|gone| gone == name), "{name}");
        }
    }

    #[test]
    fn metadata_that_nobody_wants_is_removed_though_the_user_has_it() {
        let mut user = user("ana");
        user.metadata = Some("{}".into());
        let (set, removed) = answer(&settings(), &[], &user);
        assert_eq!(set, ["x-es-username: ana", "x-es-authenticated-user: ana", "x-es-realm: r"]);
        assert!(removed.iter().any(|gone| gone == "x-es-metadata"));
    }

    #[test]
    fn a_known_property_is_set_and_not_removed() {
        let mut user = user("ana");
        user.groups = vec!["a".into(), "b,c".into()];
        user.full_name = Some("Ana A".into());
        user.email = Some("ana@x".into());
        user.dn = Some("cn=ana".into());
        user.metadata = Some("{}".into());
        let wanted = IdentitySettings { metadata: true, ..settings() };
        let (set, removed) = answer(&wanted, &[], &user);
        for header in [
            "x-es-groups: a,b%2Cc",
            "x-es-full-name: Ana A",
            "x-es-email: ana@x",
            "x-es-dn: cn=ana",
            "x-es-metadata: e30",
        ] {
            assert!(set.iter().any(|given| given == header), "{header}");
        }
        assert!(!removed.iter().any(|gone| gone == "x-es-groups"));
    }

    #[test]
    fn other_spellings_that_the_request_shows_are_removed() {
        let shown =
            ["X_es-Username", "x-es_roles", "es_client-authentication", "x_other", "x-my_thing"];
        let (_, removed) = answer(&settings(), &shown, &user("ana"));
        for name in ["x_es-username", "x-es_roles", "es_client-authentication"] {
            assert!(removed.iter().any(|gone| gone == name), "{name}");
        }
        assert!(!removed.iter().any(|gone| gone == "x_other" || gone == "x-my_thing"));
    }

    #[test]
    fn listed_names_and_prefixes_are_removed() {
        let settings = IdentitySettings {
            remove: vec![Remove::Exact("x-mine".into()), Remove::Prefix("x-proxy-ext-".into())],
            ..settings()
        };
        let (_, removed) =
            answer(&settings, &[":method", "X-Proxy_Ext-a", "x-proxy-ex", "x_mine"], &user("ana"));
        for name in ["x-mine", "x_mine", "x-proxy_ext-a"] {
            assert!(removed.iter().any(|gone| gone == name), "{name}");
        }
        assert!(!removed.iter().any(|gone| gone == "x-proxy-ex"));
        let identity = Identity::new(settings, 8192);
        assert!(!identity.can_clean(&request(&["x"])), "filtered headers may hide the prefix");
        assert!(identity.can_clean(&request(&[":method"])));
    }

    #[test]
    fn a_forwarded_credential_stays_but_not_its_other_spellings() {
        let forward = Forward { client_authentication: true, ..Forward::default() };
        let settings = IdentitySettings { forward, ..settings() };
        let (_, removed) = answer(&settings, &["es-client_authentication"], &user("ana"));
        assert!(!removed.iter().any(|gone| gone == "es-client-authentication"));
        for name in ["es_client_authentication", "es-client_authentication", "authorization"] {
            assert!(removed.iter().any(|gone| gone == name), "{name}");
        }
    }

    #[test]
    fn a_renamed_header_is_ours_beside_the_default_name() {
        let names = HeaderNames {
            username: Some("remote-user".into()),
            realm: None,
            ..HeaderNames::default()
        };
        let settings = IdentitySettings { preset: Preset::Headers(names), ..settings() };
        let (set, removed) = answer(&settings, &["remote_user"], &user("ana"));
        assert_eq!(set, ["remote-user: ana", "x-es-authenticated-user: ana"]);
        for name in ["x-es-username", "x-es-realm", "remote_user"] {
            assert!(removed.iter().any(|gone| gone == name), "{name}");
        }
    }

    #[test]
    fn what_does_not_fit_is_left_out_whole_least_needed_first() {
        let mut full = user("ana");
        full.groups = vec!["g".repeat(100)];
        full.full_name = Some("n".repeat(100));
        full.email = Some("e".repeat(100));
        full.dn = Some("d".repeat(100));
        full.metadata = Some("m".repeat(75).into());
        let identity =
            |size| Identity::new(IdentitySettings { metadata: true, ..settings() }, size);
        let headers = |size| {
            let identity = identity(size);
            let allow = identity.allow(&request(&[]), "r", &full).ok()?;
            Some(
                allow
                    .set
                    .iter()
                    .map(|(name, _)| name.trim_start_matches("x-es-").to_owned())
                    .collect::<Vec<_>>(),
            )
        };
        let all = [
            "username",
            "authenticated-user",
            "realm",
            "email",
            "full-name",
            "dn",
            "groups",
            "metadata",
        ];
        let mut size = 53 + all[3..].iter().map(|name| name.len() + 5 + 100).sum::<usize>();
        for kept in (3..=8).rev() {
            assert_eq!(
                headers(size).as_deref(),
                Some(all[..kept].map_owned().as_slice()),
                "{size}"
            );
            size -= 1;
            if kept > 3 {
                assert_eq!(headers(size).as_deref(), Some(all[..kept - 1].map_owned().as_slice()));
                size -= all[kept - 1].len() + 5 + 100 - 1;
            }
        }
        assert_eq!(headers(52), None);
    }

    trait MapOwned {
        fn map_owned(&self) -> Vec<String>;
    }

    impl MapOwned for [&str] {
        fn map_owned(&self) -> Vec<String> {
            self.iter().map(ToString::to_string).collect()
        }
    }

    #[test]
    fn a_name_of_more_than_a_kibibyte_encoded_cannot_be_said() {
        let identity = Identity::new(settings(), 8192);
        let sayable = |name: &str| identity.allow(&request(&[]), "r", &user(name)).is_ok();
        assert!(sayable(&"n".repeat(1024)));
        assert!(!sayable(&"n".repeat(1025)));
        assert!(!sayable(&"%".repeat(342)));
    }

    #[test]
    fn a_cluster_is_told_only_names_that_it_takes_as_they_are() {
        let authorization = Secret::new("Basic c2VjcmV0");
        let settings =
            IdentitySettings { preset: Preset::ElasticsearchRunAs { authorization }, ..settings() };
        let (set, removed) = answer(&settings, &[], &user("ana smith"));
        assert_eq!(set, ["authorization: Basic c2VjcmV0", "es-security-runas-user: ana smith"]);
        for name in ["x-es-username", "es_security_runas_user", "es-client-authentication"] {
            assert!(removed.iter().any(|gone| gone == name), "{name}");
        }
        let identity = Identity::new(settings, 8192);
        for name in ["elastic", "kibana_system", "_system", "caf\u{e9}", "a%b", " ana", "a\nb"] {
            assert!(identity.allow(&request(&[]), "r", &user(name)).is_err(), "{name}");
        }
        assert!(identity.allow(&request(&[]), "r", &user("Elastic")).is_ok());
    }
}
