"""Schemes whose signature stands in a header: one road, data says the rest."""

import base64
import hmac
import secrets as random_secrets
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from string import Formatter
from typing import Any, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from ..connector import NO_ITEMS, Delivery
from ..errors import SignatureRefused
from .scheme import (
    MAX_SIGNATURES,
    Keys,
    check_fresh,
    decode_base64,
    read_header,
    read_keys,
    read_unix_time,
)


@dataclass(frozen=True, kw_only=True)
class HeaderSignature(ABC):
    """Where the signature stands and what it covers. Header names are lower-case.

    ``separator`` splits the header into items (empty: it is one item); items that
    start with ``prefix`` are signatures, the one that starts with
    ``timestamp_prefix`` is the time, others are ignored. ``timestamp_header`` is for
    systems that send the time in a header of its own. Times are Unix seconds, good
    for ``tolerance`` seconds either way; a scheme without a time leaves replays to
    the identity of the delivery.

    ``signed`` is a template of what is signed: ``{body}``, ``{timestamp}``,
    ``{url}`` or ``{name of a header}``.
    """

    header: str
    signed: str = "{body}"
    separator: str = ""
    prefix: str = ""
    timestamp_prefix: str = ""
    timestamp_header: str = ""
    tolerance: int = 300

    @property
    def timed(self) -> bool:
        return bool(self.timestamp_prefix or self.timestamp_header)

    def verify(self, delivery: Delivery, secrets: Sequence[str], now: datetime) -> None:
        keys = read_keys(secrets, self._read_verifying)
        value = read_header(delivery, self.header)
        items = value.split(self.separator) if self.separator else [value]
        candidates = _after(self.prefix, items)
        if not 0 < len(candidates) <= MAX_SIGNATURES:
            raise SignatureRefused(f"{len(candidates)} signatures in the header")
        timestamp = self._timestamp(delivery, items)
        if timestamp is not None:
            check_fresh(read_unix_time(timestamp), now, self.tolerance, self.tolerance)
        message = self._message(delivery, timestamp)
        if not any(self._matches(k, message, c) for k in keys for c in candidates):
            raise SignatureRefused("no signature matches")

    def sign(
        self,
        body: bytes,
        secret: str,
        now: datetime,
        url: str = "",
        headers: Mapping[str, str] = NO_ITEMS,
    ) -> dict[str, str]:
        [key] = read_keys([secret], self._read_signing)
        timestamp = str(int(now.timestamp()))
        sent = dict(headers)
        if self.timestamp_header:
            sent[self.timestamp_header] = timestamp
        delivery = Delivery(body=body, headers=sent, url=url)
        items = [self.prefix + self._signature(key, self._message(delivery, timestamp))]
        if self.timestamp_prefix:
            items.insert(0, self.timestamp_prefix + timestamp)
        sent[self.header] = self.separator.join(items)
        return sent

    def _timestamp(self, delivery: Delivery, items: Sequence[str]) -> str | None:
        """The text of the time as sent, ``None`` for a scheme without one."""
        if self.timestamp_header:
            return read_header(delivery, self.timestamp_header)
        if not self.timestamp_prefix:
            return None
        times = _after(self.timestamp_prefix, items)
        if len(times) != 1:
            raise SignatureRefused(f"{len(times)} timestamps in the header")
        return times[0]

    def _message(self, delivery: Delivery, timestamp: str | None) -> bytes:
        """The bytes that are signed."""
        known = {"body": delivery.body, "timestamp": (timestamp or "").encode("ascii")}
        message = b""
        for literal, name, _spec, _conversion in Formatter().parse(self.signed):
            message += literal.encode("ascii")
            if name in known:
                message += known[name]
            elif name == "url":
                message += _ascii_url(delivery.url)
            elif name:
                message += read_header(delivery, name).encode("ascii")
        return message

    @abstractmethod
    def new_keys(self) -> Keys:
        """Fresh random keys in the form this scheme's system hands them out."""

    @abstractmethod
    def _read_verifying(self, secret: str) -> Any:
        """The key that verifies. Raises ValueError."""

    @abstractmethod
    def _read_signing(self, secret: str) -> Any:
        """The key that signs. Raises ValueError."""

    @abstractmethod
    def _signature(self, key: Any, message: bytes) -> str:
        """The signature's text, without prefix."""

    @abstractmethod
    def _matches(self, key: Any, message: bytes, candidate: str) -> bool:
        """Whether ``candidate`` (ASCII, else anything) signs ``message``."""


@dataclass(frozen=True, kw_only=True)
class HmacSignature(HeaderSignature):
    """HMAC (RFC 2104) with a shared secret: most systems.

    ``secret_form`` says how the secret's text becomes the key, after
    ``secret_prefix`` is taken off.
    """

    encoding: Literal["hex", "base64"] = "hex"
    algorithm: Literal["sha256", "sha512"] = "sha256"
    secret_form: Literal["text", "hex", "base64"] = "text"
    secret_prefix: str = ""

    def new_keys(self) -> Keys:
        raw = random_secrets.token_bytes(32)
        encode = _ENCODERS["base64" if self.secret_form == "base64" else "hex"]
        secret = self.secret_prefix + encode(raw)
        return Keys(secret, secret)

    def _read_verifying(self, secret: str) -> bytes:
        text = secret.removeprefix(self.secret_prefix)
        key = _KEY_READERS[self.secret_form](text)
        if not key:
            raise ValueError("the key is empty")
        return key

    _read_signing = _read_verifying

    def _signature(self, key: bytes, message: bytes) -> str:
        digest = hmac.digest(key, message, self.algorithm)
        return _ENCODERS[self.encoding](digest)

    def _matches(self, key: bytes, message: bytes, candidate: str) -> bool:
        # Texts are compared, not bytes: nothing hostile is decoded, and there is
        # exactly one text for one signature.
        return hmac.compare_digest(self._signature(key, message), candidate)


@dataclass(frozen=True, kw_only=True)
class Ed25519Signature(HeaderSignature):
    """Ed25519 (RFC 8032), keys and signatures in base64: Standard Webhooks v1a.

    The system signs with ``whsk_…``, we hold its public ``whpk_…``.
    """

    def new_keys(self) -> Keys:
        key = Ed25519PrivateKey.generate()
        return Keys(
            "whsk_" + base64.b64encode(key.private_bytes_raw()).decode(),
            "whpk_" + base64.b64encode(key.public_key().public_bytes_raw()).decode(),
        )

    def _read_verifying(self, secret: str) -> Ed25519PublicKey:
        raw = decode_base64(secret.removeprefix("whpk_"))
        return Ed25519PublicKey.from_public_bytes(raw)

    def _read_signing(self, secret: str) -> Ed25519PrivateKey:
        raw = decode_base64(secret.removeprefix("whsk_"))
        return Ed25519PrivateKey.from_private_bytes(raw[:32])  # seed, public key

    def _signature(self, key: Ed25519PrivateKey, message: bytes) -> str:
        return base64.b64encode(key.sign(message)).decode("ascii")

    def _matches(self, key: Ed25519PublicKey, message: bytes, candidate: str) -> bool:
        try:
            key.verify(decode_base64(candidate), message)
        except (ValueError, InvalidSignature):
            return False
        return True


def _after(prefix: str, items: Sequence[str]) -> list[str]:
    return [item[len(prefix) :] for item in items if item.startswith(prefix)]


def _ascii_url(url: str) -> bytes:
    if not url or not url.isascii():
        raise SignatureRefused("the URL that is signed is not known")
    return url.encode("ascii")


_KEY_READERS = {"text": str.encode, "hex": bytes.fromhex, "base64": decode_base64}
_ENCODERS = {
    "hex": bytes.hex,
    "base64": lambda digest: base64.b64encode(digest).decode("ascii"),
}
