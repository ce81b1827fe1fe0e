"""Encryption at rest with a key that is kept outside the database.

The key file (``key_file`` in section ``[finance_integration]`` of odoo.conf) has one
Fernet key a line: the first encrypts, all of them decrypt, so a key is rotated by
putting a new one on top. Without a readable key everything here refuses (fail closed).
"""

import zlib
from configparser import ConfigParser
from functools import cache, lru_cache
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from odoo.tools import config

from odoo.addons.finance_core.errors import Refused

MAX_PLAIN_BYTES = 64 * 1024 * 1024


class NoKey(Refused):
    """The server has no usable encryption key."""

    code = "no_key"


def _fernet() -> MultiFernet:
    path = _path(config["config"])
    try:
        return _read(path, Path(path).stat().st_mtime_ns)
    except OSError as error:
        raise NoKey("The file named by key_file cannot be read.") from error


@cache
def _path(configuration: str) -> str:
    """Where the key file is. A section of our own, as Odoo warns of options it does
    not know in its own."""
    parser = ConfigParser(interpolation=None)
    parser.read(configuration)
    path = parser.get("finance_integration", "key_file", fallback="")
    if not path:
        raise NoKey(
            "key_file is missing in section [finance_integration] of odoo.conf."
        )
    return path


@lru_cache(maxsize=4)
def _read(path: str, _changed_at: int) -> MultiFernet:
    try:
        keys = [Fernet(line) for line in Path(path).read_text().split()]
        return MultiFernet(keys)
    except ValueError as error:
        raise NoKey("The file named by key_file holds no Fernet key.") from error


def encrypt(plain: bytes) -> bytes:
    """Compressed and encrypted; printable ASCII. Raises NoKey."""
    return _fernet().encrypt(zlib.compress(plain, 1))


def decrypt(token: bytes) -> bytes:
    """The bytes given to :func:`encrypt`. Raises NoKey, also for a lost key."""
    try:
        packed = _fernet().decrypt(bytes(token))
    except InvalidToken as error:
        raise NoKey(
            "This was encrypted with a key the server no longer has."
        ) from error
    return zlib.decompressobj().decompress(packed, MAX_PLAIN_BYTES)
