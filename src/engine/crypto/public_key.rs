//! Public keys: RSA, and EC on the three curves of RFC 7518.
//!
//! The one rule: what is wrong with a key is found when it is loaded, so that a signature that does
//! not verify is the signature's fault. jsonwebtoken verifies, and nothing else of it is used; it
//! has no ES512, which its own backend verifies here.

use super::Fingerprint;
use crate::engine::token::Algorithm;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED,
    EcdsaVerificationAlgorithm, ParsedPublicKey,
};
use jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER;
use jsonwebtoken::{Algorithm as Jose, DecodingKey};

/// A public key that serves at least one algorithm.
pub struct PublicKey {
    form: Form,
    fingerprint: Fingerprint,
}

enum Form {
    P256(DecodingKey),
    P384(DecodingKey),
    P521(ParsedPublicKey),
    Rsa { key: DecodingKey, bits: usize },
}

/// A curve of RFC 7518 section 6.2.1.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Curve {
    /// Of ES256.
    P256,
    /// Of ES384.
    P384,
    /// Of ES512.
    P521,
}

/// Why a public key is none that could be used. It is the fault of who publishes the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// A coordinate does not fit the curve.
    #[error("EC JWK has a coordinate longer than those of curve [{}]", .curve.name())]
    CoordinateTooLong {
        /// The curve.
        curve: Curve,
    },
    /// The exponent is even, or 1.
    #[error("RSA JWK exponent is even or less than [3]")]
    Exponent,
    /// The exponent would make every verification slow.
    #[error("RSA JWK exponent [{bits}] bits too large, maximum [{MAX_EXPONENT_BITS}]")]
    ExponentTooLarge {
        /// Of the exponent.
        bits: usize,
    },
    /// No product of primes.
    #[error("RSA JWK modulus is even")]
    Modulus,
    /// The point solves another equation, or none.
    #[error("EC JWK point is not on curve [{}]", .curve.name())]
    NotOnCurve {
        /// The curve.
        curve: Curve,
    },
    /// The modulus would make every verification slow.
    #[error("RSA JWK [{bits}] bits too large, maximum [{MAX_MODULUS_BITS}]")]
    TooLarge {
        /// Of the modulus.
        bits: usize,
    },
    /// The modulus can be factored.
    #[error("RSA JWK [{bits}] bits too small for every algorithm, minimum [{MIN_MODULUS_BITS}]")]
    TooSmall {
        /// Of the modulus.
        bits: usize,
    },
}

/// Those of RFC 7518 section 3.3.
const MIN_MODULUS_BITS: usize = 2048;
/// The most that the backend takes.
const MAX_MODULUS_BITS: usize = 8192;
/// The most that the backend takes.
const MAX_EXPONENT_BITS: usize = 33;

impl PublicKey {
    /// The RSA key of modulus `n` and exponent `e`, big-endian. Leading zero octets do not count.
    pub fn rsa(n: &[u8], e: &[u8]) -> Result<Self, KeyFault> {
        let (n, e) = (stripped(n), stripped(e));
        match bits(n) {
            bits @ ..MIN_MODULUS_BITS => return Err(KeyFault::TooSmall { bits }),
            MIN_MODULUS_BITS..=MAX_MODULUS_BITS if is_odd(n) => {}
            MIN_MODULUS_BITS..=MAX_MODULUS_BITS => return Err(KeyFault::Modulus),
            bits => return Err(KeyFault::TooLarge { bits }),
        }
        match bits(e) {
            2..=MAX_EXPONENT_BITS if is_odd(e) => {}
            ..=MAX_EXPONENT_BITS => return Err(KeyFault::Exponent),
            bits => return Err(KeyFault::ExponentTooLarge { bits }),
        }
        let key = DecodingKey::from_rsa_raw_components(n, e);
        let fingerprint = Fingerprint::of_parts(&[b"RSA", n, e]);
        Ok(Self { form: Form::Rsa { key, bits: bits(n) }, fingerprint })
    }

    /// The EC key at the point `x`, `y`, big-endian. Leading zero octets do not count.
    pub fn ec(curve: Curve, x: &[u8], y: &[u8]) -> Result<Self, KeyFault> {
        let point = curve.point(x, y)?;
        // This is where the backend looks whether the point is on the curve.
        let parsed = ParsedPublicKey::new(curve.verification(), &point)
            .map_err(|_| KeyFault::NotOnCurve { curve })?;
        let form = match curve {
            Curve::P256 => Form::P256(DecodingKey::from_ec_der(&point)),
            Curve::P384 => Form::P384(DecodingKey::from_ec_der(&point)),
            Curve::P521 => Form::P521(parsed),
        };
        let fingerprint = Fingerprint::of_parts(&[b"EC", curve.name().as_bytes(), &point]);
        Ok(Self { form, fingerprint })
    }

    /// Whether the key is of the kind that `algorithm` needs.
    pub fn serves(&self, algorithm: Algorithm) -> bool {
        match algorithm {
            Algorithm::Es256 => matches!(self.form, Form::P256(_)),
            Algorithm::Es384 => matches!(self.form, Form::P384(_)),
            Algorithm::Es512 => matches!(self.form, Form::P521(_)),
            Algorithm::Hs256 | Algorithm::Hs384 | Algorithm::Hs512 => false,
            Algorithm::Ps256
            | Algorithm::Ps384
            | Algorithm::Ps512
            | Algorithm::Rs256
            | Algorithm::Rs384
            | Algorithm::Rs512 => matches!(self.form, Form::Rsa { .. }),
        }
    }

    /// Whether a verification takes several times as long as one with a usual key.
    pub fn is_slow(&self) -> bool {
        match self.form {
            Form::P256(_) => false,
            Form::P384(_) | Form::P521(_) => true,
            Form::Rsa { bits, .. } => bits > MIN_MODULUS_BITS,
        }
    }

    /// Whether `signature` is this key's over `message`; `None` if the key does not serve
    /// `algorithm`. An ECDSA signature is r and s in the fixed form, the salt of a PSS signature
    /// as long as the hash (RFC 7518 sections 3.4 and 3.5).
    pub fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> Option<bool> {
        if !self.serves(algorithm) {
            return None;
        }
        match &self.form {
            Form::P256(key) | Form::P384(key) | Form::Rsa { key, .. } => {
                let verifier = (DEFAULT_PROVIDER.verifier_factory)(&jose(algorithm)?, key);
                Some(verifier.is_ok_and(|key| key.verify(message, &signature.to_vec()).is_ok()))
            }
            Form::P521(key) => Some(key.verify_sig(message, signature).is_ok()),
        }
    }

    /// Of the kind of key and its numbers, in their shortest form.
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }
}

impl Curve {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::P256, Self::P384, Self::P521];

    /// The name as it stands in a key's `crv`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
        }
    }

    /// The curve of this exact name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|curve| curve.name() == name)
    }

    /// Octets of a coordinate.
    const fn width(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    fn verification(self) -> &'static EcdsaVerificationAlgorithm {
        match self {
            Self::P256 => &ECDSA_P256_SHA256_FIXED,
            Self::P384 => &ECDSA_P384_SHA384_FIXED,
            Self::P521 => &ECDSA_P521_SHA512_FIXED,
        }
    }

    /// The point in the uncompressed form: a 4 and both coordinates at full length.
    fn point(self, x: &[u8], y: &[u8]) -> Result<Vec<u8>, KeyFault> {
        let mut point = vec![4];
        for coordinate in [stripped(x), stripped(y)] {
            let missing = self.width().checked_sub(coordinate.len());
            let missing = missing.ok_or(KeyFault::CoordinateTooLong { curve: self })?;
            point.resize(point.len() + missing, 0);
            point.extend_from_slice(coordinate);
        }
        Ok(point)
    }
}

/// jsonwebtoken's name for what it verifies with public keys.
const fn jose(algorithm: Algorithm) -> Option<Jose> {
    match algorithm {
        Algorithm::Es256 => Some(Jose::ES256),
        Algorithm::Es384 => Some(Jose::ES384),
        Algorithm::Ps256 => Some(Jose::PS256),
        Algorithm::Ps384 => Some(Jose::PS384),
        Algorithm::Ps512 => Some(Jose::PS512),
        Algorithm::Rs256 => Some(Jose::RS256),
        Algorithm::Rs384 => Some(Jose::RS384),
        Algorithm::Rs512 => Some(Jose::RS512),
        Algorithm::Es512 | Algorithm::Hs256 | Algorithm::Hs384 | Algorithm::Hs512 => None,
    }
}

fn stripped(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|octet| **octet == 0).count();
    &number[zeros..]
}

/// How many bits a number without leading zero octets has.
fn bits(number: &[u8]) -> usize {
    number.first().map_or(0, |first| number.len() * 8 - first.leading_zeros() as usize)
}

fn is_odd(number: &[u8]) -> bool {
    number.last().is_some_and(|last| last % 2 == 1)
}

#[cfg(test)]
mod tests {
    use super::super::testing::Pair;
    use super::*;
    use aws_lc_rs::signature::{RSA_PSS_SHA256, RsaPssSaltLength, RsaSignatureEncoding};
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use proptest::prelude::*;

    const MESSAGE: &[u8] = b"message";

    #[test]
    fn a_key_verifies_the_algorithms_of_its_kind_and_serves_no_other() {
        for pair in Pair::all() {
            let key = pair.public();
            for algorithm in Algorithm::ALL {
                let is_of_kind = pair.algorithms().contains(&algorithm);
                let name = algorithm.name();
                assert_eq!(key.serves(algorithm), is_of_kind, "{name}");
                if is_of_kind {
                    let signature = pair.sign(algorithm, MESSAGE);
                    let verifies = |message| key.verifies(algorithm, message, &signature);
                    assert_eq!(verifies(MESSAGE), Some(true), "{name}");
                    assert_eq!(verifies(b"massage"), Some(false), "{name}");
                    assert_eq!(verifies(b""), Some(false), "{name}");
                } else {
                    assert_eq!(key.verifies(algorithm, MESSAGE, &[7; 256]), None, "{name}");
                }
            }
        }
    }

    #[test]
    fn a_signature_of_another_algorithm_of_the_same_key_does_not_verify() {
        let (pair, key) = (Pair::rsa_2048(), Pair::rsa_2048().public());
        for signed in pair.algorithms() {
            let signature = pair.sign(*signed, MESSAGE);
            for claimed in pair.algorithms() {
                let verifies = key.verifies(*claimed, MESSAGE, &signature);
                assert_eq!(verifies, Some(signed == claimed), "{signed:?} as {claimed:?}");
            }
        }
    }

    #[test]
    fn keys_that_are_slow_are_those_that_take_longer_than_rsa_2048_and_p_256() {
        let slow = Pair::all().map(|pair| pair.public().is_slow());
        assert_eq!(slow, [false, true, false, true, true]);
        let longer = PublicKey::rsa(&number(2049), &[3]).ok().map(|key| key.is_slow());
        assert_eq!(longer, Some(true));
    }

    /// An odd number of exactly so many bits.
    fn number(bits: usize) -> Vec<u8> {
        let mut number = vec![0xff; bits.div_ceil(8)];
        number[0] >>= number.len() * 8 - bits;
        number
    }

    #[test]
    fn an_rsa_key_has_2048_to_8192_bits_and_every_bit_counts() {
        for (bits, fault) in [
            (1024, Some(KeyFault::TooSmall { bits: 1024 })),
            (2040, Some(KeyFault::TooSmall { bits: 2040 })),
            (2041, Some(KeyFault::TooSmall { bits: 2041 })),
            (2047, Some(KeyFault::TooSmall { bits: 2047 })),
            (2048, None),
            (2049, None),
            (8192, None),
            (8193, Some(KeyFault::TooLarge { bits: 8193 })),
            (80_000, Some(KeyFault::TooLarge { bits: 80_000 })),
        ] {
            for zeros in [0, 1, 9] {
                let n = [vec![0; zeros], number(bits)].concat();
                assert_eq!(PublicKey::rsa(&n, &[3]).err(), fault, "{bits} bits, {zeros} zeros");
            }
        }
        for none in [&[][..], &[0; 256]] {
            assert_eq!(PublicKey::rsa(none, &[3]).err(), Some(KeyFault::TooSmall { bits: 0 }));
        }
        let mut even = number(2048);
        even[255] = 0xfe;
        assert_eq!(PublicKey::rsa(&even, &[3]).err(), Some(KeyFault::Modulus));
    }

    #[test]
    fn an_rsa_exponent_is_odd_at_least_3_and_at_most_33_bits_long() {
        for (e, fault) in [
            (&[][..], Some(KeyFault::Exponent)),
            (&[0], Some(KeyFault::Exponent)),
            (&[1], Some(KeyFault::Exponent)),
            (&[0, 1], Some(KeyFault::Exponent)),
            (&[2], Some(KeyFault::Exponent)),
            (&[3], None),
            (&[0, 0, 3], None),
            (&[4], Some(KeyFault::Exponent)),
            (&[1, 0, 0], Some(KeyFault::Exponent)),
            (&[1, 0, 1], None),
            (&[1, 0, 0, 0, 1], None),
            (&[1, 0xff, 0xff, 0xff, 0xff], None),
            (&[2, 0, 0, 0, 0], Some(KeyFault::ExponentTooLarge { bits: 34 })),
            (&[2, 0, 0, 0, 1], Some(KeyFault::ExponentTooLarge { bits: 34 })),
            (&[1, 0, 0, 0, 0, 0, 0, 0, 1], Some(KeyFault::ExponentTooLarge { bits: 65 })),
        ] {
            assert_eq!(PublicKey::rsa(&number(2048), e).err(), fault, "{e:?}");
        }
    }

    /// Made by OpenSSL: the backend takes the longest exponent that we take.
    #[test]
    fn a_signature_of_a_key_with_an_exponent_of_33_bits_verifies() {
        let decoded = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
        let n = decoded(
            "uUWAG6zUR4FL4Vo7dkrU9TzJaqNCTit_5MGU2kZo882W46fT3DKuAwxZJIGP3gziiRuMqYFED9XoK-dqqX08-\
             FU4AYueFg6z8ipK8LsMaD0ricT0l50fCMLzJm46Mwg5v0DncUZlk9Vehbu9ee_H2ZUZnT5BLHwky6RjD1utH\
             BG2gpkf5TsyokO4AxkBoNfxPLVh1wmGExVJESD0uRyGK3toM96zeUKpVkqi-mxbW55JtCaruiMLcW2o89U55\
             L32Vv82rJQLV-gQDjSpK11AekOfpc2hEkBp5PID9u4RFuen6OCB452tMsK0z8wm6UTS91j2LPmHT6cxNfdvN\
             blN8Q",
        );
        let signature = decoded(
            "AYjuWd3WtP2RubZ5Ol91z4RuyAlAdiN1IFJuBOsqoJEZATBcSI03gY7KXUfxieMZuQs58LaTm8G3GnBTCPLZm\
             O3DiVliQH1TEs7KVGpMb2sdCZ42i0XlbmidwwauEswFuczq-WPSSeh1PL73j5CiEF0xG9lq1tHEUqyyDnReS\
             4waSSd16qFUFfOwgj3QAwndYkHNQtCRD_AqlmZL9_YvHb1kVTDiiyFYkvy6yAAyXkXkMEIw4rB0IM6HVN0AP\
             CEh2T7wRelFqCmH6ATqpyhNC929aicf7-nrQgd24HydAHkTPmwQYJdy8iNW1nl2ixn60Cp7js32Uc8MpdgBQ\
             CYPeA",
        );
        let key = PublicKey::rsa(&n, &[1, 0xff, 0xff, 0xff, 0xff]).ok().unwrap();
        assert_eq!(key.verifies(Algorithm::Rs256, MESSAGE, &signature), Some(true));
    }

    #[test]
    fn leading_zeros_of_a_number_make_no_other_key() {
        for pair in Pair::all() {
            let [first, second] = pair.numbers().map(|number| [vec![0; 3], number].concat());
            let key = match pair {
                Pair::Ec(curve, _) => PublicKey::ec(*curve, &first, &second),
                Pair::Rsa(_) => PublicKey::rsa(&first, &second),
            };
            let (key, algorithm) = (key.ok().unwrap(), pair.algorithms()[0]);
            assert_eq!(key.fingerprint(), pair.public().fingerprint());
            let signature = pair.sign(algorithm, MESSAGE);
            assert_eq!(key.verifies(algorithm, MESSAGE, &signature), Some(true), "{algorithm:?}");
        }
    }

    #[test]
    fn short_coordinates_are_padded() {
        for curve in Curve::ALL {
            // One in 128 keys has a coordinate with a leading zero octet; on P-521 every other one.
            let pair = std::iter::repeat_with(|| Pair::ec(curve))
                .find(|pair| pair.numbers().iter().any(|coordinate| coordinate[0] == 0))
                .unwrap();
            let [x, y] = pair.numbers();
            let key = PublicKey::ec(curve, stripped(&x), stripped(&y)).ok().unwrap();
            let signature = pair.sign(pair.algorithms()[0], MESSAGE);
            let verifies = key.verifies(pair.algorithms()[0], MESSAGE, &signature);
            assert_eq!(verifies, Some(true), "{}", curve.name());
        }
    }

    #[test]
    fn a_point_that_is_not_on_the_curve_is_refused() {
        for (curve, pair) in Curve::ALL.into_iter().zip([Pair::p256(), Pair::p384(), Pair::p521()])
        {
            let [x, y] = pair.numbers();
            let mut other = y.clone();
            *other.last_mut().unwrap() ^= 1;
            let width = curve.width();
            for (what, x, y) in [
                ("another y", &*x, &*other),
                ("coordinates swapped", &*y, &*x),
                ("nothing", &[], &[]),
                ("infinity", &vec![0; width], &vec![0; width]),
                ("no x", &[], &*y),
                ("beyond the prime", &vec![0xff; width], &*y),
            ] {
                let fault = PublicKey::ec(curve, x, y).err();
                assert_eq!(fault, Some(KeyFault::NotOnCurve { curve }), "{what}");
            }
            let long = [&[1][..], &x].concat();
            for (x, y) in [(&*long, &*y), (&*x, &*long)] {
                let fault = PublicKey::ec(curve, x, y).err();
                assert_eq!(fault, Some(KeyFault::CoordinateTooLong { curve }));
            }
        }
        let [x, y] = Pair::p256().numbers();
        let fault = PublicKey::ec(Curve::P384, &x, &y).err();
        assert_eq!(fault, Some(KeyFault::NotOnCurve { curve: Curve::P384 }), "another curve's");
    }

    #[test]
    fn an_ecdsa_signature_is_r_and_s_at_full_length_and_neither_is_zero() {
        for pair in [Pair::p256(), Pair::p384(), Pair::p521()] {
            let (key, algorithm) = (pair.public(), pair.algorithms()[0]);
            let good = pair.sign(algorithm, MESSAGE);
            let (r, s) = good.split_at(good.len() / 2);
            let zero = vec![0; r.len()];
            for (what, signature) in [
                ("nothing", vec![]),
                ("all zero", [&*zero, &zero].concat()),
                ("r zero", [&*zero, s].concat()),
                ("s zero", [r, &zero].concat()),
                ("all ones", vec![0xff; good.len()]),
                ("swapped", [s, r].concat()),
                ("cut", good[..good.len() - 1].to_vec()),
                ("half", r.to_vec()),
                ("longer", [&*good, &[0]].concat()),
                ("zero before", [&[0], &*good].concat()),
                ("zero before each", [&[0], r, &[0], s].concat()),
                ("DER", der(r, s)),
            ] {
                let verifies = key.verifies(algorithm, MESSAGE, &signature);
                assert_eq!(verifies, Some(false), "{what} with {}", algorithm.name());
            }
            assert_eq!(key.verifies(algorithm, MESSAGE, &good), Some(true));
        }
    }

    /// The signature as X.509 has it.
    fn der(r: &[u8], s: &[u8]) -> Vec<u8> {
        let integer = |number: &[u8]| {
            let number = [&[0], stripped(number)].concat();
            [&[2, u8::try_from(number.len()).unwrap()], &*number].concat()
        };
        let body = [integer(r), integer(s)].concat();
        let length = u8::try_from(body.len()).unwrap();
        let head = if length < 0x80 { vec![0x30, length] } else { vec![0x30, 0x81, length] };
        [head, body].concat()
    }

    /// ECDSA is made so. Nothing of ours depends on a signature being the only one of its token.
    #[test]
    fn the_other_ecdsa_signature_of_r_and_n_minus_s_verifies_as_in_every_jose_library() {
        let pair = Pair::p256();
        let mut signature = pair.sign(Algorithm::Es256, MESSAGE);
        let order = [
            0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
            0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63,
            0x25, 0x51_u8,
        ];
        let mut borrow = 0;
        for (s, n) in signature[32..].iter_mut().zip(order).rev() {
            let difference = i16::from(n) - i16::from(*s) - borrow;
            borrow = i16::from(difference < 0);
            *s = difference.to_be_bytes()[1];
        }
        let verifies = pair.public().verifies(Algorithm::Es256, MESSAGE, &signature);
        assert_eq!(verifies, Some(true));
    }

    #[test]
    fn the_salt_of_a_pss_signature_is_as_long_as_the_hash() {
        const NONE: RsaSignatureEncoding =
            RSA_PSS_SHA256.with_pss_salt_length(RsaPssSaltLength::Custom(0));
        const SHORT: RsaSignatureEncoding =
            RSA_PSS_SHA256.with_pss_salt_length(RsaPssSaltLength::Custom(31));
        const EXACT: RsaSignatureEncoding =
            RSA_PSS_SHA256.with_pss_salt_length(RsaPssSaltLength::Custom(32));
        const LONG: RsaSignatureEncoding =
            RSA_PSS_SHA256.with_pss_salt_length(RsaPssSaltLength::Custom(33));
        const LONGEST: RsaSignatureEncoding =
            RSA_PSS_SHA256.with_pss_salt_length(RsaPssSaltLength::Max);
        let (pair, key) = (Pair::rsa_2048(), Pair::rsa_2048().public());
        let encodings = [&NONE, &SHORT, &EXACT, &LONG, &LONGEST];
        let verified = encodings.map(|encoding| {
            let signature = pair.sign_encoded(encoding, MESSAGE);
            key.verifies(Algorithm::Ps256, MESSAGE, &signature)
        });
        assert_eq!(verified, [false, false, true, false, false].map(Some));
    }

    #[test]
    fn an_rsa_signature_is_as_long_as_the_modulus() {
        let (pair, key) = (Pair::rsa_2048(), Pair::rsa_2048().public());
        for algorithm in pair.algorithms() {
            let good = pair.sign(*algorithm, MESSAGE);
            for signature in [
                vec![],
                vec![0; 256],
                vec![0xff; 256],
                good[..255].to_vec(),
                [&[0], &*good].concat(),
                [&*good, &[0]].concat(),
                [&*good, &good].concat(),
            ] {
                let verifies = key.verifies(*algorithm, MESSAGE, &signature);
                assert_eq!(verifies, Some(false), "{algorithm:?}, {} bytes", signature.len());
            }
        }
    }

    #[test]
    fn keys_of_other_numbers_have_other_fingerprints() {
        let mut fingerprints: Vec<_> =
            Pair::all().iter().map(|pair| pair.public().fingerprint()).collect();
        let [n, _] = Pair::rsa_2048().numbers();
        fingerprints.push(PublicKey::rsa(&n, &[3]).ok().unwrap().fingerprint());
        for (at, fingerprint) in fingerprints.iter().enumerate() {
            assert!(!fingerprints[at + 1..].contains(fingerprint), "{at}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_signature_with_another_byte_does_not_verify(
            pair in 0..5_usize,
            algorithm in any::<prop::sample::Index>(),
            at in any::<prop::sample::Index>(),
            change in 1..=u8::MAX,
        ) {
            let pair = Pair::all()[pair];
            let algorithm = *algorithm.get(pair.algorithms());
            let mut signature = pair.sign(algorithm, MESSAGE);
            *at.get_mut(&mut signature) ^= change;
            prop_assert_eq!(pair.public().verifies(algorithm, MESSAGE, &signature), Some(false));
        }

        #[test]
        fn no_bytes_are_a_signature(
            pair in 0..5_usize,
            algorithm in any::<prop::sample::Index>(),
            signature in prop::collection::vec(any::<u8>(), 0..600),
        ) {
            let pair = Pair::all()[pair];
            let algorithm = *algorithm.get(pair.algorithms());
            prop_assert_eq!(pair.public().verifies(algorithm, MESSAGE, &signature), Some(false));
        }

        #[test]
        fn any_numbers_are_a_key_or_a_fault(
            first in prop::collection::vec(any::<u8>(), 0..1100),
            second in prop::collection::vec(any::<u8>(), 0..70),
        ) {
            let _ = PublicKey::rsa(&first, &second);
            for curve in Curve::ALL {
                let fault = PublicKey::ec(curve, &first, &second).err();
                prop_assert!(fault.is_some(), "a point by chance");
            }
        }
    }
}
