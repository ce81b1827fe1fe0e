"""Identifiers that look like Stripe's and depend on nothing but a seed."""

import hashlib
import string
from collections import Counter

_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_LENGTH = 23


class Ids:
    """Draws ``<prefix>_1<23 letters and digits>``; same seed, same sequence."""

    def __init__(self, seed):
        self._seed = seed
        self._drawn = Counter()

    def new(self, prefix):
        """Return the next identifier of ``prefix``, such as ``ch_1Ab…``."""
        self._drawn[prefix] += 1
        name = f"{self._seed}:{prefix}:{self._drawn[prefix]}".encode()
        number = int.from_bytes(hashlib.sha256(name).digest(), "big")
        letters = []
        for _ in range(_LENGTH):
            number, letter = divmod(number, len(_ALPHABET))
            letters.append(_ALPHABET[letter])
        return f"{prefix}_1{''.join(letters)}"
