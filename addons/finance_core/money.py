"""Money: an exact decimal amount of one currency.

An amount that is not exact to the currency's minor unit is refused, never rounded;
only :meth:`Money.convert` rounds, and says how.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import total_ordering

from .currency import MINOR_UNITS, currency_code
from .errors import MalformedPayload

LIMIT = Decimal(10) ** 15
"""Amounts are smaller than this, in major units, whatever their sign."""

_PLAIN = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,18})?")
WIDE = Context(prec=100, rounding=ROUND_HALF_UP)
"""Wide enough for any amount times any rate, so that rounding happens only once."""

_UNIT = {digits: Decimal(1).scaleb(-digits) for digits in set(MINOR_UNITS.values())}


class InvalidMoneyError(MalformedPayload, ValueError):
    """Not an amount of money. The message never quotes the value."""

    code = "invalid_money"


def decimal(value: object) -> Decimal:
    """A finite Decimal below LIMIT from a Decimal, an int or plain digits.

    Floats are refused (they have lost the exact value already), and so are
    exponents in text, NaN and infinities. Raises InvalidMoneyError.
    """
    if isinstance(value, str):
        if not _PLAIN.fullmatch(value):
            raise InvalidMoneyError("must be a plain decimal number")
        return Decimal(value)
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise InvalidMoneyError("must be an exact decimal number, not a float")
    number = Decimal(value)
    if not number.is_finite() or abs(number) >= LIMIT:
        raise InvalidMoneyError("must be finite and below 10^15")
    return number


def exact(amount: Decimal, currency: str) -> Decimal:
    """``amount`` with exactly the decimals of ``currency``, its value unchanged.

    Raises InvalidMoneyError if it has more decimals, UnknownCurrencyError.
    """
    digits = MINOR_UNITS[currency_code(currency)]
    result = amount.quantize(_UNIT[digits], context=WIDE)
    if result != amount:
        raise InvalidMoneyError(f"must have at most {digits} decimals in {currency}")
    return result if result else abs(result)  # there is no negative zero


@total_ordering
@dataclass(frozen=True, slots=True)
class Money:
    """``amount`` in major units of ``currency``, exact to its minor unit.

    >>> Money(Decimal("10"), "EUR").split(3)
    (Money('3.34', 'EUR'), Money('3.33', 'EUR'), Money('3.33', 'EUR'))
    """

    amount: Decimal
    currency: str

    def __post_init__(self):
        amount = exact(decimal(self.amount), self.currency)
        object.__setattr__(self, "amount", amount)

    def __repr__(self):
        return f"Money('{self.amount}', '{self.currency}')"

    @classmethod
    def from_minor(cls, minor: int, currency: str) -> "Money":
        """From whole minor units (cents).

        Raises InvalidMoneyError, UnknownCurrencyError.
        """
        if isinstance(minor, bool) or not isinstance(minor, int):
            raise InvalidMoneyError("minor units must be a whole number")
        digits = MINOR_UNITS[currency_code(currency)]
        if abs(minor) >= 10 ** (15 + digits):
            raise InvalidMoneyError("must be finite and below 10^15")
        return cls(Decimal(minor).scaleb(-digits), currency)

    def to_minor(self) -> int:
        """The amount in whole minor units."""
        return int(self.amount.scaleb(MINOR_UNITS[self.currency]))

    def __add__(self, other: "Money") -> "Money":
        return Money(self.amount + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.amount - self._same(other), self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.amount, self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.amount < self._same(other)

    def __bool__(self) -> bool:
        return bool(self.amount)

    def allocate(self, weights: Sequence[Decimal | int]) -> tuple["Money", ...]:
        """Parts in proportion to ``weights`` (none negative, not all zero) that add
        up to the whole. Minor units left over go to the largest remainders, equal
        remainders to the earlier part. Raises InvalidMoneyError for unusable weights.
        """
        exact_weights = [decimal(weight) for weight in weights]
        if not any(exact_weights) or min(exact_weights) < 0:
            raise InvalidMoneyError("weights must not be negative nor all zero")
        shares = _largest_remainder(abs(self.to_minor()), _whole(exact_weights))
        sign = -1 if self.amount < 0 else 1
        return tuple(Money.from_minor(sign * share, self.currency) for share in shares)

    def split(self, parts: int) -> tuple["Money", ...]:
        """``parts`` equal parts, the first ones a minor unit larger if need be."""
        return self.allocate([1] * parts)

    def convert(self, rate: Decimal, currency: str) -> "Money":
        """This times ``rate`` (units of ``currency`` for one of ours), rounded half
        away from zero to the minor unit, as ``odoo.tools.float_round`` does.
        Raises InvalidMoneyError, UnknownCurrencyError.
        """
        factor = decimal(rate)
        if factor <= 0:
            raise InvalidMoneyError("a rate must be above zero")
        unit = _UNIT[MINOR_UNITS[currency_code(currency)]]
        product = WIDE.multiply(self.amount, factor)
        return Money(product.quantize(unit, context=WIDE), currency)

    def _same(self, other: "Money") -> Decimal:
        if not isinstance(other, Money):
            raise InvalidMoneyError("money only goes with money")
        if other.currency != self.currency:
            raise InvalidMoneyError(
                f"{self.currency} does not go with {other.currency}"
            )
        return other.amount


def _whole(weights: Sequence[Decimal]) -> list[int]:
    """The weights scaled to integers by one common power of ten."""
    digits = max(0, *(-weight.as_tuple().exponent for weight in weights))
    return [int(weight.scaleb(digits, context=WIDE)) for weight in weights]


def _largest_remainder(total: int, weights: Sequence[int]) -> list[int]:
    """Integers in proportion to ``weights`` that sum to ``total`` (Hamilton)."""
    whole = sum(weights)
    shares = [total * weight // whole for weight in weights]
    remainders = [total * weight % whole for weight in weights]
    order = sorted(range(len(weights)), key=lambda i: -remainders[i])
    for i in order[: total - sum(shares)]:
        shares[i] += 1
    return shares
