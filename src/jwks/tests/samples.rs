//! The samples' sets and signatures.

use super::*;

/// The samples' profile of this name.
fn profile(name: &str) -> Value {
    let profiles = include_str!("../../../tests/vectors/profiles.json");
    serde_json::from_str::<Value>(profiles).unwrap()[name].take()
}

/// Every key of a realm of the samples.
fn sets(realm: &Value) -> Vec<Arc<KeySet>> {
    let secret = |name: &str| realm["secure"][name].as_str();
    let public =
        realm["jwks"].is_object().then(|| read(&realm["jwks"].to_string(), Family::Public));
    let hmac = secret("hmac_jwkset").map(|text| read(text, Family::Hmac));
    let text = secret("hmac_key").map(|text| Arc::new(KeySet::of_text(&Secret::new(text))));
    [public, hmac].into_iter().flatten().map(|parsed| parsed.keys).chain(text).collect()
}

#[test]
fn the_unusual_sets_of_the_samples_are_taken_but_for_what_is_wrong_in_them() {
    let realm = profile("jwks_odd")["realms"][0].take();
    let parsed = read(&realm["jwks"].to_string(), Family::Public);
    let passed_over: Vec<_> =
        parsed.passed_over.iter().map(|key| key.kid.as_deref().unwrap()).collect();
    let unusable =
        ["rsa-1024", "rsa-2047", "rsa-e1", "ec-256k", "ed-25519", "future-kty", "oct-in-pkc"];
    assert_eq!(passed_over, unusable);
}

#[test]
fn every_token_of_the_samples_that_is_let_in_has_a_signature_of_one_of_its_realms_keys() {
    let mut rows = 0;
    for line in include_str!("../../../tests/vectors/token-cases.jsonl").lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        if row["expect"] != "allow" {
            continue;
        }
        let id = row["id"].as_str().unwrap();
        let profile = profile(row["profile"].as_str().unwrap());
        let sets: Vec<_> = profile["realms"].as_array().unwrap().iter().flat_map(sets).collect();
        let token = bearer(&row);
        let (input, signature) = token.rsplit_once('.').unwrap();
        let header = URL_SAFE_NO_PAD.decode(input.split_once('.').unwrap().0).unwrap();
        let header: Value = serde_json::from_slice(&header).unwrap();
        let algorithm = Algorithm::parse(header["alg"].as_str().unwrap()).unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        let mut candidates =
            sets.iter().flat_map(|set| set.candidates(algorithm, header["kid"].as_str()));
        let verifies = candidates.any(|key| key.verifies(algorithm, input.as_bytes(), &signature));
        assert!(verifies, "{id}");
        rows += 1;
    }
    assert_eq!(rows, 195);
}

/// The token of a row; long ones are given as texts and how often each is repeated.
fn bearer(row: &Value) -> String {
    let repeated = |part: &Value| {
        let times = usize::try_from(part[1].as_u64().unwrap()).unwrap();
        part[0].as_str().unwrap().repeat(times)
    };
    let generated = &row["headers_gen"]["authorization"];
    let generated = generated.as_array().into_iter().flatten().map(repeated).collect();
    let header = row["headers"]["authorization"].as_str().map_or(generated, str::to_owned);
    header.split_once(' ').unwrap().1.trim().to_owned()
}
