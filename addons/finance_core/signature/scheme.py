"""What every signature scheme shares: the protocol, and reading with suspicion."""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol, TypeVar

from ..connector import NO_ITEMS, Delivery
from ..errors import SignatureRefused

MAX_HEADER = 8192  #: characters; real ones stay below 2,000
MAX_SIGNATURES = 16  #: in one header; each costs work a stranger makes us do

Key = TypeVar("Key")


class Keys(NamedTuple):
    """What signs and what verifies; equal for shared secrets."""

    signing: str
    verifying: str


class Scheme(Protocol):
    """How a system proves that a delivery is its own.

    ``timed`` says that a time is part of the proof, so that old deliveries and
    those of the future are refused."""

    timed: bool

    def verify(self, delivery: Delivery, secrets: Sequence[str], now: datetime) -> None:
        """Returns if ``delivery`` is authentic under one of ``secrets`` (several
        while a secret rotates). ``now`` is aware.

        Raises SignatureRefused, and nothing else, for any bytes and any header, and
        if there is no secret or one that cannot be used."""

    def sign(
        self,
        body: bytes,
        secret: str,
        now: datetime,
        url: str = "",
        headers: Mapping[str, str] = NO_ITEMS,
    ) -> dict[str, str]:
        """``headers`` with those added that make ``body`` authentic at ``now``, as
        the system itself would send them; names are lower-case. ``url`` is where
        the delivery goes. Raises SignatureRefused if ``secret`` cannot be used or a
        header that is part of what is signed is not given."""

    def new_keys(self) -> Keys:
        """Fresh random keys in the form this scheme's system hands them out."""


def read_header(delivery: Delivery, name: str) -> str:
    """The header's value: ASCII, not empty, of bounded length."""
    value = delivery.headers.get(name)
    if not isinstance(value, str) or not value:
        raise SignatureRefused(f"header {name} is missing")
    if not value.isascii() or len(value) > MAX_HEADER:
        raise SignatureRefused(f"header {name} is malformed")
    return value


def read_keys(secrets: Sequence[str], read: Callable[[str], Key]) -> list[Key]:
    """``secrets`` read by ``read``, which raises ValueError for a bad one.

    No secret, an empty one or an unreadable one refuses everything (fail closed): a
    half-configured system must be noticed, not half protected. A lone string is
    refused too, it would count as a list of one-letter secrets."""
    if isinstance(secrets, str | bytes) or not secrets:
        raise SignatureRefused("no secret is configured")
    if not all(isinstance(secret, str) and secret.strip() for secret in secrets):
        raise SignatureRefused("a configured secret is empty")
    try:
        return [read(secret) for secret in secrets]
    except ValueError:
        # The cause would carry the secret.
        raise SignatureRefused("a configured secret cannot be read") from None


def read_unix_time(text: str) -> int:
    """Seconds since 1970 from at most 11 digits of ASCII text."""
    if not (text.isdigit() and len(text) <= 11):
        raise SignatureRefused("the timestamp is malformed")
    return int(text)


def read_iso_time(text: str) -> int:
    """Unix seconds of an ISO 8601 time with a zone."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise SignatureRefused("the timestamp is malformed") from None
    if moment.tzinfo is None:
        raise SignatureRefused("the timestamp has no zone")
    return int(moment.timestamp())


def check_fresh(sent: int, now: datetime, past: int, future: int) -> None:
    """Refuses a time ``sent`` (Unix seconds) over ``past`` seconds ago or over
    ``future`` seconds ahead of ``now``."""
    age = int(now.timestamp()) - sent
    if age > past:
        raise SignatureRefused("the timestamp is too old")
    if age < -future:
        raise SignatureRefused("the timestamp is in the future")


def decode_base64(text: str, altchars: bytes | None = None) -> bytes:
    """Bytes of canonical base64: one text per value, so that a changed bit of the
    text is always a changed value. Raises ValueError for everything else."""
    value = base64.b64decode(text.encode("ascii"), altchars, validate=True)
    if base64.b64encode(value, altchars) != text.encode("ascii"):
        raise binascii.Error("not canonical")
    return value
