"""JSON as RFC 8259 means it and finance needs it: exact, unambiguous, bounded.

Numbers become ``int`` or ``Decimal``, never ``float``. Refused are: anything but
UTF-8, a byte order mark, lone surrogates, NaN and infinities, numbers of more digits
or larger exponents than money and identifiers have, duplicate keys, deep nesting,
trailing text. Every refusal is a MalformedPayload that quotes nothing of the input.
"""

import json
import re
from decimal import Decimal, InvalidOperation

from .errors import MalformedPayload

MAX_BYTES = 8 * 1024 * 1024
MAX_DEPTH = 64
MAX_DIGITS = 40  #: characters of a number
MAX_EXPONENT = 30  #: powers of ten of its first digit

# Possessive, and matching an unterminated string too, so that the time stays linear.
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_NO_BRACKET = bytes(set(range(256)) - set(b"[]{}"))
_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"  # a pair
    r"|(?P<lone>u[dD][89a-fA-F])"
    r"|.)",
    re.DOTALL,
)


def loads(
    data: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH
) -> object:
    """The value of one JSON text. Raises MalformedPayload."""
    if len(data) > max_bytes:
        raise MalformedPayload(f"The JSON is longer than {max_bytes} bytes.")
    _check_depth(data, max_depth)
    try:
        text = data.decode("utf-8")
        value = _DECODER.decode(text)
    except UnicodeDecodeError as error:
        raise MalformedPayload(f"Not UTF-8 at byte {error.start}.") from None
    except json.JSONDecodeError as error:
        raise MalformedPayload(
            f"Not JSON: {error.msg} at line {error.lineno}, column {error.colno}."
        ) from None
    if ("\\ud" in text or "\\uD" in text) and _has_lone_surrogate(text):
        raise MalformedPayload("The JSON holds half of a surrogate pair.")
    return value


def _check_depth(data: bytes, max_depth: int) -> None:
    # Without enough opening brackets it cannot be deep: true of nearly every webhook.
    if data.count(b"[") + data.count(b"{") <= max_depth:
        return
    depth = 0
    for bracket in _STRING.sub(b"", data).translate(None, _NO_BRACKET):
        depth += 1 if bracket in b"[{" else -1
        if depth > max_depth:
            raise MalformedPayload(f"The JSON nests deeper than {max_depth}.")


def _has_lone_surrogate(text: str) -> bool:
    return any(escape["lone"] for escape in _ESCAPE.finditer(text))


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise MalformedPayload("The JSON has an object with the same key twice.")
    return result


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise MalformedPayload(f"The JSON has a number above {MAX_DIGITS} digits.")
    return int(digits)


def _fraction(digits: str) -> Decimal:
    if len(digits) > MAX_DIGITS:
        raise MalformedPayload(f"The JSON has a number above {MAX_DIGITS} digits.")
    try:
        value = Decimal(digits)
    except InvalidOperation:  # the exponent is beyond what Decimal can hold
        value = Decimal("Infinity")
    if not value.is_finite() or abs(value.adjusted()) > MAX_EXPONENT:
        raise MalformedPayload("The JSON has a number with a huge exponent.")
    return value


def _constant(name: str) -> None:
    raise MalformedPayload(f"The JSON has {name}, which is not a number.")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_float=_fraction,
    parse_int=_integer,
    parse_constant=_constant,
)
