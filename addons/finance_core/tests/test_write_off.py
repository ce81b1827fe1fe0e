"""What a person may write off, and where it goes: exactly up to the limit."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_core.controls import Control
from odoo.addons.finance_core.errors import NeedsPerson
from odoo.addons.finance_core.mapping import MappingRule, MappingTable
from odoo.addons.finance_core.write_off import Destination, Missing, destination

DAY = date(2026, 3, 10)
CLEARING, GAIN, LOSS, JOURNAL = 1, 2, 3, 4
CENT = Decimal("0.01")


RULES = (
    MappingRule(("clearing", "EUR"), CLEARING),
    MappingRule(("clearing", "JPY"), CLEARING),
    MappingRule(("settlement_gain", "*"), GAIN),
    MappingRule(("settlement_loss", "*"), LOSS),
)
MAPPINGS = {
    "account": [MappingTable("Accounts", 1, RULES)],
    "journal": [MappingTable("Journals", 2, [MappingRule(("gateway",), JOURNAL)])],
}
LIMIT = Control(write_off_limit=Decimal("1.00"))


def missing(amount):
    return Missing(Decimal(amount), "EUR", Decimal(amount), "EUR")


@given(st.decimals("0.01", "1.00", places=2))
def test_what_is_lacking_is_a_gain_and_what_is_too_much_a_loss(amount):
    found = destination(missing(amount), DAY, LIMIT, MAPPINGS)
    assert found == Destination(JOURNAL, CLEARING, GAIN)
    found = destination(missing(-amount), DAY, LIMIT, MAPPINGS)
    assert found == Destination(JOURNAL, CLEARING, LOSS)


@given(st.decimals("0.00", "99.00", places=2), st.sampled_from([1, -1]))
def test_a_cent_above_the_limit_is_refused(limit, sign):
    control = Control(write_off_limit=limit)
    if limit:
        destination(missing(sign * limit), DAY, control, MAPPINGS)
    with pytest.raises(NeedsPerson, match="more than") as refused:
        destination(missing(sign * (limit + CENT)), DAY, control, MAPPINGS)
    assert "Configuration › Controls" in refused.value.remedy


def test_the_limit_is_in_company_currency():
    yen = Missing(Decimal("100"), "JPY", Decimal("0.61"), "EUR")
    assert destination(yen, DAY, LIMIT, MAPPINGS).clearing == CLEARING
    with pytest.raises(NeedsPerson, match="more than"):
        destination(replace(yen, value=Decimal("1.01")), DAY, LIMIT, MAPPINGS)


def test_without_a_limit_not_even_what_is_worth_nothing_is_written_off():
    tiny = Missing(Decimal("0.5"), "JPY", Decimal("0.00"), "EUR")
    with pytest.raises(NeedsPerson, match="more than"):
        destination(tiny, DAY, Control(), MAPPINGS)


@pytest.mark.parametrize("mapping", ["account", "journal"])
def test_without_a_mapping_it_asks_for_one(mapping):
    with pytest.raises(NeedsPerson, match="has no target"):
        destination(missing("0.50"), DAY, LIMIT, {**MAPPINGS, mapping: []})
