//! Known signatures, by which a process can tell that its crypto backend works before it serves.
//!
//! The one rule: one vector for each family of algorithms, made by others.

use super::{Curve, HmacKey, PublicKey};
use crate::engine::secret::Secret;
use crate::engine::token::Algorithm;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// A signature that is known to be good.
struct Vector {
    algorithm: Algorithm,
    key: Known,
    message: &'static str,
    signature: &'static str,
}

/// A key, in base64url.
enum Known {
    Ec(Curve, &'static str, &'static str),
    Hmac(&'static str),
    /// Its modulus; the exponent is 65537.
    Rsa(&'static str),
}

/// Whether every family of algorithms verifies what it should and refuses what it should not.
/// A build without one of them would otherwise be noticed by users alone.
pub fn self_test() -> bool {
    VECTORS.iter().all(|vector| {
        let answers = [vector.message, "another message"].map(|message| vector.verify(message));
        answers == [Some(true), Some(false)]
    })
}

impl Vector {
    fn verify(&self, message: &str) -> Option<bool> {
        let signature = decoded(self.signature)?;
        match self.key {
            Known::Ec(curve, x, y) => PublicKey::ec(curve, &decoded(x)?, &decoded(y)?)
                .ok()?
                .verifies(self.algorithm, message.as_bytes(), &signature),
            Known::Hmac(k) => HmacKey::new(&Secret::new(decoded(k)?)).verifies(
                self.algorithm,
                message.as_bytes(),
                &signature,
            ),
            Known::Rsa(n) => PublicKey::rsa(&decoded(n)?, &[1, 0, 1]).ok()?.verifies(
                self.algorithm,
                message.as_bytes(),
                &signature,
            ),
        }
    }
}

fn decoded(base64url: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(base64url).ok()
}

const VECTORS: &[Vector] = &[
    // RFC 7520 section 4.4
    Vector {
        algorithm: Algorithm::Hs256,
        key: Known::Hmac("hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg"),
        message: "eyJhbGciOiJIUzI1NiIsImtpZCI6IjAxOGMwYWU1LTRkOWItNDcxYi1iZmQ2LWVlZjMxNG\
         JjNzAzNyJ9.SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V\
         0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250byB0aGUgcm9hZCwgYW5kIGlmIHlvdSBkb24nd\
         CBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW91IG1pZ2h\
         0IGJlIHN3ZXB0IG9mZiB0by4",
        signature: "s0h6KThzkfBBBkLspW1h84VsJZFTsPPqMDA7g1Md7p0",
    },
    // RFC 7515 appendix A.2
    Vector {
        algorithm: Algorithm::Rs256,
        key: Known::Rsa(
            "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4\
         qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2j\
         Z47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7W\
         TBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK\
         -DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
        ),
        message: "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogI\
         mh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ",
        signature: "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm\
         4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--\
         f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383Lc\
         OLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUi\
         pUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
    },
    // RFC 7520 section 4.2
    Vector {
        algorithm: Algorithm::Ps384,
        key: Known::Rsa(
            "n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jRojdNhxJW\
         TDvNd7nqQ0VEiZQHz_AJmSCpMaJMRBSFKrKb2wqVwGU_NsYOYL-QtiWN2lbzcEe6XC0dAp\
         r5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHYpPe7Tpe-OfVfHd1E6cS6M1FZcD1NNLYD5lFH\
         pPI9bTwJlsde3uhGqC0ZCuEHg8lhzwOHrtIQbS0FVbb9k3-tVTU4fg_3L_vniUFAKwuCLq\
         KnS2BYwdq_mzSnbLY7h_qixoR7jig3__kRhuaxwUkRz5iaiQkqgc5gHdrNP5zw",
        ),
        message: "eyJhbGciOiJQUzM4NCIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZS\
         J9.SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXI\
         gZG9vci4gWW91IHN0ZXAgb250byB0aGUgcm9hZCwgYW5kIGlmIHlvdSBkb24ndCBrZWVwI\
         HlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW91IG1pZ2h0IGJlIHN\
         3ZXB0IG9mZiB0by4",
        signature: "cu22eBqkYDKgIlTpzDXGvaFfz6WGoz7fUDcfT0kkOy42miAh2qyBzk1xEsnk2IpN6-tPid\
         6VrklHkqsGqDqHCdP6O8TTB5dDDItllVo6_1OLPpcbUrhiUSMxbbXUvdvWXzg-UD8biiRe\
         QFlfz28zGWVsdiNAUf8ZnyPEgVFn442ZdNqiVJRmBqrYRXe8P_ijQ7p8Vdz0TTrxUeT3lm\
         8d9shnr2lfJT8ImUjvAA2Xez2Mlp8cBE5awDzT0qI0n6uiP1aCN_2_jLAeQTlqRHtfa64Q\
         QSUmFAAjVKPbByi7xho0uTOcbH510a6GYmJUAfmWjwZ6oD4ifKo8DYM-X72Eaw",
    },
    // RFC 7515 appendix A.3
    Vector {
        algorithm: Algorithm::Es256,
        key: Known::Ec(
            Curve::P256,
            "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        ),
        message: "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogI\
         mh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ",
        signature: "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxf\
         KTUJqPP3-Kg6NU1Q",
    },
    // No RFC has one; made by OpenSSL 3.0.
    Vector {
        algorithm: Algorithm::Es384,
        key: Known::Ec(
            Curve::P384,
            "iQTl6GN59uf14A1e7FvOI84spd4S_ArA5Iof81uLP5OXRUEEBDjDyfmoSIz8Q71i",
            "N7DJq6aMLOh7TDUeYiwNb57fxFd-ea-FsMMArQuJPtTLjkdBBVVHFxg2NI6aXPRi",
        ),
        message: "Realmgate",
        signature: "oAo1jzwv5HmQnAUSC8k0CfDpV3VR5uUV-UrmitLGQ8q9k2gYwm7-hMTkv7OH2q_rsBDHzl\
         1H8087vB91RDWcQjuBBt3M_NF5LBx-KuJmNt7YkNA0BaNoXYfYGOINXDsq",
    },
    // RFC 7515 appendix A.4
    Vector {
        algorithm: Algorithm::Es512,
        key: Known::Ec(
            Curve::P521,
            "AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSf\
         S9tsz4qUxcWceqwQGk",
            "ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZM\
         aZmh9ubmf63e3kyMj2",
        ),
        message: "eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA",
        signature: "AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI\
         -KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO\
         7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_signature_verifies_over_its_own_message_only() {
        for vector in VECTORS {
            let name = vector.algorithm.name();
            assert_eq!(vector.verify(vector.message), Some(true), "{name}");
            assert_eq!(vector.verify("another message"), Some(false), "{name}");
        }
        assert!(self_test());
    }
}
