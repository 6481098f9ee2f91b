"""Judges tokens by joserfc over OpenSSL, as a JWT realm with the same keys and rules should.

Reads one JSON object a line from standard input and writes one for each. The first holds `keys`
(a JWK set) and `rules`; every other is one of

* `{"judge": TOKEN}`: answered with `{"allowed": true, "user": …}` or `{"allowed": false, "why": …}`;
* `{"encode": {"header": …, "claims": …, "key": …}}`: answered with a token that joserfc makes;
* `{"pss": {"input": …, "hash": …, "salt": …, "key": …}}`: with one whose salt is so long.

A `key` is base64 of a PKCS#8 document, or of the octets of an `oct` key. What joserfc leaves to
its caller is written out here: which keys of a set may have signed a token, and how long they
must be (RFC 7518, 3.2 and 3.3).
"""

import base64
import json
import sys
import warnings

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_private_key
from joserfc import jwk, jws, jwt
from joserfc.errors import JoseError

warnings.simplefilter("ignore")

LEEWAY = 60
LEAST_RSA_BITS = 2048
LEAST_OCTETS = {"HS256": 32, "HS384": 48, "HS512": 64}
# What any of these raises is about the token.
FAULTS = (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError)


class Judge:
    def __init__(self, keys, rules):
        self.keys = list(usable(keys["keys"]))
        self.types = rules["types"]
        # Members of a header that it does not know say nothing to it.
        self.registry = jws.JWSRegistry(algorithms=rules["algorithms"], strict_check_header=False)
        self.registry.max_header_length = self.registry.max_signature_length = 1 << 20
        self.claims = jwt.JWTClaimsRegistry(
            leeway=LEEWAY,
            iss={"essential": True, "value": rules["issuer"]},
            aud={"essential": True, "values": rules["audiences"]},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
        )

    def judge(self, token):
        try:
            return {"allowed": True, "user": self.user(token)}
        except FAULTS as fault:
            return {"allowed": False, "why": f"{type(fault).__name__}: {fault}"}

    def user(self, token):
        verified = self.verified(token)
        if verified.header.get("typ", "JWT").lower() not in self.types:
            raise ValueError("a token of another type")
        self.claims.validate(verified.claims)
        return verified.claims["sub"]

    def verified(self, token):
        header = jws.extract_compact(token.encode(), registry=self.registry).headers()
        why = ValueError("no key")
        for key in self.keys:
            if may_have_signed(key, header):
                try:
                    return jwt.decode(token, key, registry=self.registry)
                except FAULTS as fault:
                    why = fault
        raise why


def usable(keys):
    for key in keys:
        try:
            yield jwk.import_key(key)
        except (*FAULTS, UnsupportedAlgorithm):
            continue


def may_have_signed(key, header):
    if None not in (key.kid, header.get("kid")) and key.kid != header["kid"]:
        return False
    if key.key_type == "oct":
        return len(key.raw_value) >= LEAST_OCTETS.get(header["alg"], 0)
    return key.key_type != "RSA" or key.raw_value.key_size >= LEAST_RSA_BITS


def private_key(encoded):
    octets = base64.b64decode(encoded)
    try:
        return load_der_private_key(octets, None)
    except ValueError:
        return octets


def encode(header, claims, key):
    raw = private_key(key)
    kinds = {bytes: jwk.OctKey, rsa.RSAPrivateKey: jwk.RSAKey}
    kind = next((kind for of, kind in kinds.items() if isinstance(raw, of)), jwk.ECKey)
    registry = jws.JWSRegistry(algorithms=[header["alg"]], strict_check_header=False)
    key = kind.import_key(raw)
    return jwt.encode(header, claims, key, registry=registry, default_type=None)


def pss(input, hash, salt, key):
    digest = getattr(hashes, hash)()
    scheme = padding.PSS(mgf=padding.MGF1(digest), salt_length=salt)
    signature = private_key(key).sign(input.encode(), scheme, digest)
    return f"{input}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def main():
    judge = Judge(**json.loads(sys.stdin.readline()))
    verbs = {
        "judge": judge.judge,
        "encode": lambda order: encode(**order),
        "pss": lambda order: pss(**order),
    }
    for line in sys.stdin:
        [(verb, order)] = json.loads(line).items()
        print(json.dumps(verbs[verb](order)))


main()
