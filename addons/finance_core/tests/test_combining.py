"""One entry for many documents: nothing is lost, each month stays balanced."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_core.combining import by_month, combine
from odoo.addons.finance_core.errors import NeedsPerson
from odoo.addons.finance_core.posting import DraftLine, EntryDraft, Rule

RULE = Rule(1, 1, "balance_transaction")
DAY = date(2026, 10, 5)


def draft(amount, day=DAY, journal=7, account=2):
    """An entry of ``amount`` EUR on the clearing account 1 against ``account``."""
    amount = Decimal(amount)
    lines = (
        DraftLine(1, amount, "EUR", amount, "in"),
        DraftLine(account, -amount, "EUR", -amount, "out"),
    )
    return EntryDraft(day, journal, "ref", lines, RULE)


def by_account(lines):
    sums = {}
    for line in lines:
        sums[line.account_id] = sums.get(line.account_id, 0) + line.balance
    return {account: balance for account, balance in sums.items() if balance}


drafts = st.lists(
    st.builds(
        draft,
        st.decimals(-999, 999, places=2),
        st.dates(date(2026, 9, 1), date(2026, 11, 30)),
        account=st.integers(2, 4),
    ),
    min_size=1,
    max_size=12,
)


@given(drafts)
def test_a_combined_entry_is_the_sum_of_its_parts(parts):
    whole = combine(parts, "po_1")
    assert by_account(whole.lines) == by_account(
        line for part in parts for line in part.lines
    )
    assert sum(line.balance for line in whole.lines) == 0
    assert whole.date == max(part.date for part in parts)
    assert whole.ref == "po_1"


@given(drafts)
def test_each_month_has_its_own_drafts_and_none_is_lost(parts):
    named = dict(enumerate(parts))
    months = by_month(named)
    assert {name: part for month in months for name, part in month.items()} == named
    days = [{part.date.replace(day=1) for part in month.values()} for month in months]
    assert all(len(each) == 1 for each in days)
    assert sorted(set().union(*days)) == [min(each) for each in days]


def test_nothing_cannot_be_combined():
    with pytest.raises(ValueError, match="nothing"):
        combine([], "po_1")


def test_drafts_of_two_journals_are_left_to_a_person():
    with pytest.raises(NeedsPerson) as need:
        combine([draft("1"), draft("2", journal=8)], "po_1")
    assert need.value.cause == "journal:po_1"
    assert need.value.remedy
