//! Which keys are taken, and which signatures of them.

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
    for (curve, pair) in Curve::ALL.into_iter().zip([Pair::p256(), Pair::p384(), Pair::p521()]) {
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
        0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc,
        0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25,
        0x51_u8,
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
