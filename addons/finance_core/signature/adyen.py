"""Adyen's standard webhooks: HMAC over named fields of each item in the body.

https://docs.adyen.com/development-resources/webhooks/secure-webhooks/verify-hmac-signatures
(read November 2026)
"""

import base64
import hmac
import json
import secrets as random_secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from .. import strict_json
from ..connector import NO_ITEMS, Delivery
from ..errors import MalformedPayload, SignatureRefused
from .scheme import Keys, read_keys

SIGNED_FIELDS = (
    "pspReference",
    "originalReference",
    "merchantAccountCode",
    "merchantReference",
    "amount.value",
    "amount.currency",
    "eventCode",
    "success",
)
#: Merchants choose it, so it may hold the separator. No other field does, which is
#: why the joined text can be read in one way only.
FREE_FIELD = "merchantReference"
SEPARATOR = ":"


@dataclass(frozen=True)
class AdyenSignature:
    """Keys in hex. Only ``signed_items`` of a body are proved: everything else in it
    may have been altered by a stranger. There is no time; replays are left to the
    identity of the delivery."""

    timed: ClassVar[bool] = False

    def verify(self, delivery: Delivery, secrets: Sequence[str], now: datetime) -> None:
        keys = read_keys(secrets, bytes.fromhex)
        for item in _items(_read(delivery.body)):
            found = _signature(item)
            message = _message(_signed_values(item))
            if not any(hmac.compare_digest(_hmac(k, message), found) for k in keys):
                raise SignatureRefused("no signature matches")

    def sign(
        self,
        body: bytes,
        secret: str,
        now: datetime,
        url: str = "",
        headers: Mapping[str, str] = NO_ITEMS,
    ) -> dict[str, str]:
        """``headers`` as they are: the signature travels in the body, see ``seal``."""
        return dict(headers)

    def seal(self, body: bytes, secret: str) -> bytes:
        """``body`` with each item signed. Raises SignatureRefused for another body."""
        [key] = read_keys([secret], bytes.fromhex)
        content = _read(body)
        for item in _items(content):
            signature = _hmac(key, _message(_signed_values(item)))
            item.setdefault("additionalData", {})["hmacSignature"] = signature
        return json.dumps(content).encode()

    def signed_items(self, body: bytes) -> list[dict[str, str]]:
        """Each item's signed fields, by the names of SIGNED_FIELDS, missing ones
        empty: all that a connector may use. Raises SignatureRefused."""
        return [_signed_values(item) for item in _items(_read(body))]

    def new_keys(self) -> Keys:
        key = random_secrets.token_hex(32).upper()
        return Keys(key, key)


def _read(body: bytes) -> object:
    try:
        return strict_json.loads(body)
    except MalformedPayload as error:
        raise SignatureRefused("the body is not JSON") from error


def _items(content: object) -> Iterator[dict]:
    """The items of a body, at least one."""
    match content:
        case {"notificationItems": [_, *_] as wrapped}:
            pass
        case _:
            raise SignatureRefused("the body has no items")
    for wrapper in wrapped:
        match wrapper:
            case {"NotificationRequestItem": dict() as item}:
                yield item
            case _:
                raise SignatureRefused("an item is malformed")


def _signature(item: dict) -> str:
    match item:
        case {"additionalData": {"hmacSignature": str(found)}} if found.isascii():
            return found
    raise SignatureRefused("an item has no signature")


def _signed_values(item: dict) -> dict[str, str]:
    return {name: _text(name, _value(item, name)) for name in SIGNED_FIELDS}


def _value(item: object, path: str) -> object:
    for name in path.split("."):
        item = item.get(name) if isinstance(item, dict) else None
    return item


def _text(name: str, value: object) -> str:
    if value is None:
        return ""
    if name == "amount.value" and isinstance(value, int):
        return str(value)
    if not isinstance(value, str):
        raise SignatureRefused(f"{name} is malformed")
    if SEPARATOR in value and name != FREE_FIELD:
        raise SignatureRefused(f"{name} holds the separator")
    return value


def _message(values: Mapping[str, str]) -> bytes:
    return SEPARATOR.join(values[name] for name in SIGNED_FIELDS).encode()


def _hmac(key: bytes, message: bytes) -> str:
    return base64.b64encode(hmac.digest(key, message, "sha256")).decode("ascii")
