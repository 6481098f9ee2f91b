//! `realmgate explain` of a realm whose keys are behind a URL.

use serde_json::Value;

use crate::support::corp;
use crate::support::issuer::{Issuer, key};
use crate::support::process::{realmgate, run};
use crate::support::token::Claims;

#[test]
fn an_explanation_fetches_the_keys_as_a_start_does_unless_it_is_offline() {
    let good = key("a");
    let issuer = Issuer::publishing([&good]);
    let setup = issuer.setup();
    setup.write();
    let file = setup.config_file().display().to_string();
    let token = good.token(&Claims::good(), good.alg());
    let headers = [
        format!("authorization: Bearer {token}"),
        format!("es-client-authentication: SharedSecret {}", corp::SECRET),
    ];
    for (options, status, reason, fetches) in
        [(&[][..], 0, "ok", 1), (&["--offline"], 1, "keys_unavailable", 1)]
    {
        let fixed = ["explain", "--config", &file, "--json", "-H", &headers[0], "-H", &headers[1]];
        let ended = run(realmgate([&fixed[..], options].concat()));
        assert_eq!(ended.status, Some(status), "{options:?}: {ended:?}");
        let told: Value = serde_json::from_str(&ended.stdout).unwrap();
        assert_eq!(told["reason"], reason, "{options:?}: {told}");
        assert_eq!(issuer.fetches(), fetches, "{options:?}");
    }
}
