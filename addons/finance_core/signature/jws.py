"""JSON Web Signatures (RFC 7515, compact) in a header, with ECDSA keys.

Keys are JSON Web Keys (RFC 7517) with a ``kid``, as text. The algorithm is the
scheme's, never the token's, and it is checked before any key is looked at
(RFC 8725 §3.1). Keys come from configuration: a token's own ``jku``, ``jwk`` or
``x5u`` never leads to a key.
"""

import base64
import hashlib
import hmac
import json
import secrets as random_secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, NamedTuple
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

from .. import strict_json
from ..connector import NO_ITEMS, Delivery
from ..errors import MalformedPayload, SignatureRefused
from .scheme import (
    Keys,
    check_fresh,
    decode_base64,
    read_header,
    read_iso_time,
    read_keys,
)


class Algorithm(NamedTuple):
    """RFC 7518 §3.4: curve, its name in a key, digest, bytes of one coordinate."""

    curve: ec.EllipticCurve
    crv: str
    digest: hashes.HashAlgorithm
    size: int


ALGORITHMS = {
    "ES256": Algorithm(ec.SECP256R1(), "P-256", hashes.SHA256(), 32),
    "ES512": Algorithm(ec.SECP521R1(), "P-521", hashes.SHA512(), 66),
}


class NamedKey(NamedTuple):
    """A key and the ``kid`` tokens name it by."""

    kid: str
    key: Any


@dataclass(frozen=True, kw_only=True)
class JwsSignature:
    """What both kinds share: a token in ``header``, signed with ``algorithm``, its
    time good for ``tolerance`` seconds either way."""

    timed: ClassVar[bool] = True

    header: str
    algorithm: str = "ES256"
    tolerance: int = 300

    def new_keys(self) -> Keys:
        algorithm = ALGORITHMS[self.algorithm]
        numbers = ec.generate_private_key(algorithm.curve).private_numbers()
        point = numbers.public_numbers
        public = {
            "kty": "EC",
            "crv": algorithm.crv,
            "kid": random_secrets.token_hex(8),
            "x": _encode(point.x.to_bytes(algorithm.size)),
            "y": _encode(point.y.to_bytes(algorithm.size)),
        }
        secret = {"d": _encode(numbers.private_value.to_bytes(algorithm.size))}
        return Keys(json.dumps(public | secret), json.dumps(public))

    def _read_header(self, token: str) -> dict:
        """The token's own header, its algorithm checked."""
        try:
            header = _object(_decode(token.partition(".")[0]))
        except ValueError:
            raise SignatureRefused("the token's header is malformed") from None
        if header.get("alg") != self.algorithm:
            raise SignatureRefused("another algorithm than the one expected")
        if "crit" in header:  # RFC 7515 §4.1.11: what is not understood is refused
            raise SignatureRefused("the token demands an extension")
        return header

    def _check(self, token: str, header: dict, secrets: Sequence[str]) -> None:
        """That one of the keys ``header`` names signed ``token``."""
        keys = read_keys(secrets, self._read_public)
        message, _dot, signature = token.rpartition(".")
        algorithm = ALGORITHMS[self.algorithm]
        try:
            pair = _decode(signature)
        except ValueError:
            raise SignatureRefused("the signature is malformed") from None
        if len(pair) != 2 * algorithm.size:
            raise SignatureRefused("the signature has the wrong length")
        halves = pair[: algorithm.size], pair[algorithm.size :]
        der = encode_dss_signature(*map(int.from_bytes, halves))
        scheme = ec.ECDSA(algorithm.digest)
        for kid, key in keys:
            if kid == header.get("kid") and _signs(key, der, message, scheme):
                return
        raise SignatureRefused("no signature matches")

    def _token(self, header: dict, payload: bytes, secret: str) -> str:
        """A signed token: ``header.payload.signature``."""
        [(kid, key)] = read_keys([secret], self._read_private)
        algorithm = ALGORITHMS[self.algorithm]
        protected = {"alg": self.algorithm, "kid": kid, **header}
        message = _encode(json.dumps(protected).encode()) + "." + _encode(payload)
        der = key.sign(message.encode("ascii"), ec.ECDSA(algorithm.digest))
        pair = [part.to_bytes(algorithm.size) for part in decode_dss_signature(der)]
        return message + "." + _encode(b"".join(pair))

    def _read_public(self, secret: str) -> NamedKey:
        kid, x, y = self._read_jwk(secret, "kid", "x", "y")
        curve = ALGORITHMS[self.algorithm].curve
        numbers = ec.EllipticCurvePublicNumbers(_integer(x), _integer(y), curve)
        return NamedKey(kid, numbers.public_key())

    def _read_private(self, secret: str) -> NamedKey:
        kid, d = self._read_jwk(secret, "kid", "d")
        curve = ALGORITHMS[self.algorithm].curve
        return NamedKey(kid, ec.derive_private_key(_integer(d), curve))

    def _read_jwk(self, secret: str, *names: str) -> list[str]:
        jwk = _object(secret.encode())
        if (jwk.get("kty"), jwk.get("crv")) != ("EC", ALGORITHMS[self.algorithm].crv):
            raise ValueError("a key of another kind")
        values = [jwk.get(name) for name in names]
        if not all(isinstance(value, str) and value for value in values):
            raise ValueError("the key is incomplete")
        return values


@dataclass(frozen=True, kw_only=True)
class BodyHashJwt(JwsSignature):
    """A JWT that carries the SHA-256 of the body and its time (``iat``): Plaid.

    https://plaid.com/docs/api/webhooks/webhook-verification/ (read November 2026)
    """

    def verify(self, delivery: Delivery, secrets: Sequence[str], now: datetime) -> None:
        token = read_header(delivery, self.header)
        self._check(token, self._read_header(token), secrets)
        claims = _claims(token)
        sent, digest = claims.get("iat"), claims.get("request_body_sha256")
        if not isinstance(sent, int) or not isinstance(digest, str):
            raise SignatureRefused("the token lacks its time or the body's digest")
        check_fresh(sent, now, self.tolerance, self.tolerance)
        actual = hashlib.sha256(delivery.body).hexdigest()
        if not hmac.compare_digest(actual.encode(), digest.encode()):
            raise SignatureRefused("the token is for another body")

    def sign(
        self,
        body: bytes,
        secret: str,
        now: datetime,
        url: str = "",
        headers: Mapping[str, str] = NO_ITEMS,
    ) -> dict[str, str]:
        claims = {
            "iat": int(now.timestamp()),
            "request_body_sha256": hashlib.sha256(body).hexdigest(),
        }
        token = self._token({"typ": "JWT"}, json.dumps(claims).encode(), secret)
        return {**headers, self.header: token}


@dataclass(frozen=True, kw_only=True)
class DetachedJws(JwsSignature):
    """A token without its payload (RFC 7515 appendix F), which is made again from
    method, path, the headers the token names, and body: TrueLayer and its like.

    https://github.com/TrueLayer/truelayer-signing (read November 2026)
    ``time_header`` (ISO 8601) must be among the headers that are signed;
    ``key_urls`` are the values ``jku`` may have. It is compared, never fetched.
    """

    algorithm: str = "ES512"
    headers_field: str = "tl_headers"
    time_header: str = "X-TL-Webhook-Timestamp"
    key_urls: frozenset[str]

    def verify(self, delivery: Delivery, secrets: Sequence[str], now: datetime) -> None:
        start, _dot, signature = read_header(delivery, self.header).partition("..")
        header = self._read_header(start)
        if not any(header.get("jku") == url for url in self.key_urls):
            raise SignatureRefused("the token's keys are elsewhere")
        names = self._signed_headers(header)
        payload = _encode(_request(delivery, names))
        self._check(f"{start}.{payload}.{signature}", header, secrets)
        sent = read_iso_time(read_header(delivery, self.time_header.lower()))
        check_fresh(sent, now, self.tolerance, self.tolerance)

    def sign(
        self,
        body: bytes,
        secret: str,
        now: datetime,
        url: str = "",
        headers: Mapping[str, str] = NO_ITEMS,
    ) -> dict[str, str]:
        sent = {**headers, self.time_header.lower(): now.isoformat()}
        payload = _request(Delivery(body, sent, url=url), [self.time_header])
        header = {
            "jku": min(self.key_urls),
            self.headers_field: self.time_header,
        }
        start, _payload, signature = self._token(header, payload, secret).split(".")
        return {**sent, self.header: f"{start}..{signature}"}

    def _signed_headers(self, header: dict) -> list[str]:
        listed = header.get(self.headers_field)
        names = listed.split(",") if isinstance(listed, str) else []
        if self.time_header.lower() not in map(str.lower, names):
            raise SignatureRefused("the token does not cover its time")
        return names


def _signs(key, der: bytes, message: str, scheme: ec.ECDSA) -> bool:
    try:
        key.verify(der, message.encode("ascii"), scheme)
    except InvalidSignature:
        return False
    return True


def _claims(token: str) -> dict:
    """The payload of a token whose signature was checked."""
    try:
        return _object(_decode(token.split(".")[1]))
    except ValueError:
        raise SignatureRefused("the token's claims are malformed") from None


def _request(delivery: Delivery, names: Sequence[str]) -> bytes:
    """Method, path, named headers and body as one text, names spelt as listed."""
    try:
        path = urlsplit(delivery.url).path
    except ValueError:
        raise SignatureRefused("the URL that is signed is malformed") from None
    lines = [f"POST {path}\n"]
    lines += [f"{name}: {read_header(delivery, name.lower())}\n" for name in names]
    return "".join(lines).encode("utf-8", "backslashreplace") + delivery.body


def _object(data: bytes) -> dict:
    """A JSON object. Raises ValueError."""
    try:
        value = strict_json.loads(data)
    except MalformedPayload:
        raise ValueError("not JSON") from None
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return value


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _decode(text: str) -> bytes:
    return decode_base64(text + "=" * (-len(text) % 4), b"-_")


def _integer(text: str) -> int:
    return int.from_bytes(_decode(text))
