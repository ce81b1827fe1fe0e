"""The kinds of values documents are made of. Plain functions check them: they are
fast, refuse what pydantic would coerce (floats, epoch numbers, bytes) and never
quote the value they refuse.
"""

import re
import unicodedata
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated

from pydantic import (
    BeforeValidator,
    Field,
    PlainSerializer,
    StrictBool,
    StringConstraints,
    WithJsonSchema,
)

from ..currency import currency_code
from ..money import WIDE, InvalidMoneyError, decimal

MAX_TEXT = 500
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _identifier(value: object) -> str:
    if isinstance(value, str) and 0 < len(value) <= 255 and value.isprintable():
        return value
    raise ValueError("must be 1 to 255 printable characters")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a text")
    if not value.isprintable():
        value = "".join(map(_printable, value))
    return value[:MAX_TEXT]


def _printable(character: str) -> str:
    """Line ends and tabs become a space; other control characters and halves of
    surrogate pairs, which no database takes, go."""
    if character in "\t\n\r":
        return " "
    return "" if unicodedata.category(character) in ("Cc", "Cs") else character


def _instant(value: object) -> datetime:
    """An aware time, in UTC."""
    with suppress(ValueError, OverflowError):  # their texts quote the value
        instant = datetime.fromisoformat(value) if isinstance(value, str) else value
        if isinstance(instant, datetime) and instant.tzinfo is not None:
            return instant.astimezone(UTC)
    raise ValueError("must be an ISO 8601 time with its time zone")


def _day(value: object) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and _DAY.fullmatch(value):
        with suppress(ValueError):
            return date.fromisoformat(value)
    raise ValueError("must be a day as YYYY-MM-DD")


def _quantity(value: object) -> Decimal:
    """Any exact number, without trailing zeros, so that equal numbers look equal."""
    number = decimal(value).normalize(WIDE)
    if number.as_tuple().exponent < -18:
        raise InvalidMoneyError("must have at most 18 decimals")
    return number


def _positive(number: Decimal) -> Decimal:
    if number <= 0:
        raise ValueError("must be above zero")
    return number


def _not_negative(number: Decimal) -> Decimal:
    if number < 0:
        raise ValueError("must not be negative")
    return number


def _schema(**schema: object) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", **schema})


@dataclass(frozen=True)
class InCurrency:
    """Marks money and names the field beside it that holds its currency.

    Where that field is missing or empty, the currency of the document counts.
    """

    field: str = "currency"


_PLAIN_DIGITS = PlainSerializer(
    lambda number: format(number, "f"), str, when_used="json"
)
_MONEY = _schema(pattern=r"^-?[0-9]{1,15}(\.[0-9]{1,4})?$")
_UNSIGNED = _schema(pattern=r"^[0-9]{1,15}(\.[0-9]{1,4})?$")

Identifier = Annotated[
    str, BeforeValidator(_identifier), _schema(minLength=1, maxLength=255)
]
"""A foreign identifier, untouched: 1 to 255 printable characters."""

Text = Annotated[str, BeforeValidator(_text), _schema(maxLength=MAX_TEXT)]
"""Words for people: control characters removed, cut at 500 characters (the whole is
kept in the message)."""

Token = Annotated[str, StringConstraints(strict=True, pattern="^[a-z][a-z0-9_]{0,63}$")]
"""A word of a vocabulary: lower_snake, up to 64 characters."""

Country = Annotated[str, StringConstraints(strict=True, pattern="^[A-Z]{2}$")]
"""ISO 3166-1 alpha-2."""

CurrencyCode = Annotated[
    str, BeforeValidator(currency_code), _schema(pattern="^[A-Z]{3}$")
]
"""ISO 4217, upper case, known."""

Instant = Annotated[datetime, BeforeValidator(_instant), _schema(format="date-time")]
"""A point in time, aware; kept in UTC."""

Day = Annotated[date, BeforeValidator(_day), _schema(format="date")]
"""A calendar day as the source tells it, without time zone."""

Bool = StrictBool
"""True or false, and nothing that merely looks like it."""

Revision = Annotated[int, Field(strict=True, ge=0, lt=2**53)]

Amount = Annotated[Decimal, BeforeValidator(decimal), _MONEY, InCurrency()]
"""Money of the document's currency in major units, exact to the minor unit."""

PositiveAmount = Annotated[
    Decimal,
    BeforeValidator(lambda value: _positive(decimal(value))),
    _UNSIGNED,
    InCurrency(),
]
UnsignedAmount = Annotated[
    Decimal,
    BeforeValidator(lambda value: _not_negative(decimal(value))),
    _UNSIGNED,
    InCurrency(),
]

Number = Annotated[
    Decimal,
    BeforeValidator(_quantity),
    _PLAIN_DIGITS,
    _schema(pattern=r"^-?[0-9]{1,15}(\.[0-9]{1,18})?$"),
]
"""An exact number that is no amount: a quantity, a unit price, a percentage."""

Rate = Annotated[
    Decimal,
    BeforeValidator(lambda value: _positive(_quantity(value))),
    _PLAIN_DIGITS,
    _schema(pattern=r"^[0-9]{1,15}(\.[0-9]{1,18})?$"),
]
"""An exchange rate, above zero."""


def amount_in(field: str) -> object:
    """The type of money whose currency stands in ``field``."""
    return Annotated[Decimal, BeforeValidator(decimal), _MONEY, InCurrency(field)]
