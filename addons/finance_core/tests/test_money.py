"""Money is exact to the minor unit and never lost by arithmetic (FAULTS 48)."""

from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_core.currency import (
    MINOR_UNITS,
    UnknownCurrencyError,
    currency_code,
)
from odoo.addons.finance_core.errors import MalformedPayload
from odoo.addons.finance_core.money import InvalidMoneyError, Money, decimal, exact

currencies = st.sampled_from(["JPY", "EUR", "KWD", "CLF"])
minors = st.integers(-(10**14), 10**14)
weights = st.lists(
    st.one_of(
        st.integers(0, 10**6),
        st.decimals(0, 100, places=4, allow_nan=False, allow_infinity=False),
    ),
    min_size=1,
    max_size=12,
).filter(any)


@pytest.mark.parametrize(
    ("code", "digits"),
    [("JPY", 0), ("ISK", 0), ("EUR", 2), ("HUF", 2), ("KWD", 3), ("CLF", 4)],
)
def test_minor_units_follow_iso_4217(code, digits):
    assert MINOR_UNITS[code] == digits


def test_the_table_holds_every_active_code_once():
    """139 + 17 + 7 + 2 codes with a minor unit on 2026-01-01, and six withdrawn."""
    assert len(MINOR_UNITS) == 139 + 17 + 7 + 2 + 6


@pytest.mark.parametrize("value", ["eur", "EURO", "", "XXX", "XAU", None, 1, ["EUR"]])
def test_what_is_no_currency_is_refused(value):
    with pytest.raises(UnknownCurrencyError):
        currency_code(value)


@pytest.mark.parametrize(
    ("amount", "code"),
    [("0.5", "JPY"), ("1.005", "EUR"), ("1.0001", "KWD"), ("1e-400", "EUR")],
)
def test_more_decimals_than_the_currency_has_are_refused_not_rounded(amount, code):
    """FAULTS 48"""
    with pytest.raises(InvalidMoneyError):
        Money(Decimal(amount), code)


@pytest.mark.parametrize(
    "value",
    [1.5, True, None, b"1", "1e3", "NaN", "+1", " 1", "1\n", "١", "1.", ".5", "", "1_0"]
    + [Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), Decimal("1e15"), 10**15]
    + [10**4000, Decimal("-1e999999"), "1" * 16],
)
def test_what_is_no_plain_finite_number_is_refused(value):
    """FAULTS 17, 18"""
    with pytest.raises(InvalidMoneyError):
        decimal(value)


def test_a_refusal_is_a_malformed_payload_and_quotes_nothing():
    with pytest.raises(MalformedPayload) as refusal:
        Money(Decimal("777.777"), "EUR")
    assert "777" not in str(refusal.value)


def test_there_is_no_negative_zero():
    assert str(exact(Decimal("-0.000"), "EUR")) == "0.00"


def test_equal_money_looks_equal():
    assert repr(Money(Decimal("1E+1"), "EUR")) == repr(Money(10, "EUR"))
    assert hash(Money(Decimal("10.000"), "EUR")) == hash(Money(10, "EUR"))


@pytest.mark.parametrize("minor", [1.0, True, "1", None, Decimal(1), 10**18])
def test_minor_units_are_whole_bounded_numbers(minor):
    with pytest.raises(InvalidMoneyError):
        Money.from_minor(minor, "EUR")


@given(minors, currencies)
def test_minor_units_there_and_back(minor, code):
    """FAULTS 48"""
    assert Money.from_minor(minor, code).to_minor() == minor


@given(minors, minors, currencies)
def test_sum_and_difference_are_exact(one, other, code):
    first, second = Money.from_minor(one, code), Money.from_minor(other, code)
    assert (first + second).to_minor() == one + other
    assert (first - second).to_minor() == one - other
    assert (-first).to_minor() == -one
    assert (first < second) == (one < other)
    assert (first >= second) == (one >= other)
    assert bool(first) == bool(one)


@pytest.mark.parametrize("other", [Money(1, "USD"), 1, Decimal(1), None])
@pytest.mark.parametrize("operation", ["__add__", "__sub__", "__lt__", "__ge__"])
def test_money_of_two_currencies_does_not_mix(operation, other):
    with pytest.raises(InvalidMoneyError):
        getattr(Money(1, "EUR"), operation)(other)


@given(minors, currencies, weights)
def test_allocated_parts_add_up_and_stay_within_one_minor_unit(minor, code, parts):
    """FAULTS 48: largest remainder, sign and order kept."""
    whole = Money.from_minor(minor, code)
    shares = [share.to_minor() for share in whole.allocate(parts)]
    assert sum(shares) == minor
    with localcontext() as context:
        context.prec = 60
        for share, weight in zip(shares, parts, strict=True):
            assert abs(share - minor * Decimal(weight) / sum(map(Decimal, parts))) < 1
    assert all(
        share == 0 for share, weight in zip(shares, parts, strict=True) if not weight
    )


@given(minors, currencies, st.integers(1, 50))
def test_split_parts_differ_by_at_most_one_minor_unit(minor, code, parts):
    """FAULTS 48"""
    shares = [part.to_minor() for part in Money.from_minor(minor, code).split(parts)]
    assert sum(shares) == minor
    assert max(shares) - min(shares) <= 1
    assert sorted(shares, key=abs, reverse=True) == shares


@pytest.mark.parametrize(
    ("amount", "code", "parts"),
    [
        ("100", "EUR", ["33.34", "33.33", "33.33"]),
        ("-100", "EUR", ["-33.34", "-33.33", "-33.33"]),
        ("100", "JPY", ["34", "33", "33"]),
        ("0.001", "KWD", ["0.001", "0.000", "0.000"]),
    ],
)
def test_a_total_split_in_three_loses_nothing(amount, code, parts):
    """FAULTS 48"""
    shares = Money(Decimal(amount), code).split(3)
    assert [str(share.amount) for share in shares] == parts


def test_a_left_over_unit_goes_to_the_largest_remainder():
    shares = Money.from_minor(100, "EUR").allocate([1, 1, 4])
    assert [share.to_minor() for share in shares] == [17, 17, 66]
    shares = Money.from_minor(10, "EUR").allocate([Decimal("0.4"), Decimal("2.6")])
    assert [share.to_minor() for share in shares] == [1, 9]


@pytest.mark.parametrize("parts", [[], [0], [0, 0], [1, -1], [Decimal("NaN")], [1.0]])
def test_unusable_weights_are_refused(parts):
    with pytest.raises(InvalidMoneyError):
        Money(1, "EUR").allocate(parts)


@pytest.mark.parametrize(
    ("amount", "rate", "code", "result"),
    [
        ("0.05", "0.1", "EUR", "0.01"),  # 0.005 goes up
        ("-0.05", "0.1", "EUR", "-0.01"),  # and down: away from zero
        ("0.05", "0.0999999", "EUR", "0.00"),
        ("60", "0.88", "JPY", "53"),
        ("1", "0.30675", "KWD", "0.307"),
    ],
)
def test_conversion_rounds_half_away_from_zero(amount, rate, code, result):
    """FAULTS 48: as odoo.tools.float_round does by default."""
    converted = Money(Decimal(amount), "USD").convert(Decimal(rate), code)
    assert converted == Money(Decimal(result), code)


def test_conversion_rounds_once():
    """Whatever precision the surroundings set, here six digits."""
    with localcontext() as context:
        context.prec = 6
        converted = Money(Decimal("999999999999.99"), "EUR").convert(
            Decimal("1.000000000005"), "EUR"
        )
    assert converted.amount == Decimal("1000000000004.99")


@pytest.mark.parametrize("rate", [0, -1, 1.1, Decimal("Infinity")])
def test_a_rate_is_an_exact_number_above_zero(rate):
    with pytest.raises(InvalidMoneyError):
        Money(1, "EUR").convert(rate, "USD")
