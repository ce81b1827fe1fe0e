"""What would change is said exactly: document by document, and by account."""

from collections import defaultdict
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_core.errors import NeedsPerson
from odoo.addons.finance_core.impact import Sum, Totals, amounts, compare
from odoo.addons.finance_core.posting import DraftLine, EntryDraft, Ignored, Rule

DAY = date(2026, 3, 10)
RULE = Rule(1, 1, "payment")
NEXT = Rule(1, 2, "payment")
CLEARING, SALES, FEES = 1, 2, 3


def line(account, amount, currency="EUR", **changes):
    amount = Decimal(amount)
    return DraftLine(account, amount, currency, amount, "Sold", **changes)


def entry(*lines, rule=RULE, journal=7, day=DAY):
    return EntryDraft(day, journal, "txn_1", lines, rule)


def need(cause, message="Add it."):
    return NeedsPerson(cause, message, "Do it.")


SALE = entry(line(CLEARING, "100"), line(SALES, "-100"))
MISSING = need("mapping:fee:odd")
NOTHING = Ignored(RULE, "Posted elsewhere.")
amount = st.decimals(-1000, 1000, places=2)
lines = st.builds(
    line, st.sampled_from([CLEARING, SALES, FEES]), amount, st.sampled_from(["EUR"])
)
outcomes = st.one_of(
    st.lists(lines, max_size=4).map(lambda several: entry(*several)),
    st.just(MISSING),
    st.just(NOTHING),
)
documents = st.lists(st.tuples(outcomes, outcomes))


@pytest.mark.parametrize("outcome", [SALE, MISSING, NOTHING])
def test_what_stays_as_it_is_is_no_change(outcome):
    assert compare(outcome, outcome) is None


def test_another_version_that_says_the_same_is_no_change():
    again = entry(*reversed(SALE.lines), rule=NEXT)
    assert compare(SALE, again) is None
    assert compare(NOTHING, Ignored(NEXT, NOTHING.reason)) is None


def test_the_same_case_in_other_words_is_no_change():
    assert compare(MISSING, need(MISSING.cause, "Please add it.")) is None


@pytest.mark.parametrize(
    "after",
    [
        entry(*SALE.lines, journal=8),
        entry(*SALE.lines, day=date(2026, 3, 11)),
        entry(line(CLEARING, "100"), line(SALES, "-100", partner_id=5)),
        entry(*SALE.lines, *SALE.lines),
    ],
)
def test_another_journal_date_partner_or_number_of_lines_is_a_change(after):
    assert compare(SALE, after)


def test_a_change_names_the_accounts_that_get_other_lines_only():
    after = entry(line(CLEARING, "100"), line(SALES, "-90"), line(FEES, "-10"))
    assert compare(SALE, after).accounts == {SALES, FEES}


def test_what_waited_and_gets_an_entry_posts():
    change = compare(MISSING, SALE)
    assert (change.posts, change.holds) == (True, False)


def test_what_had_an_entry_and_waits_is_held():
    change = compare(SALE, MISSING)
    assert (change.posts, change.holds) == (False, True)


def test_what_waits_for_something_else_is_not_held_anew():
    change = compare(MISSING, need("rate:USD"))
    assert (change.posts, change.holds) == (False, False)


def test_totals_keep_debit_and_credit_apart():
    totals = Totals()
    totals.add(SALE, entry(line(FEES, "-5"), line(FEES, "7")))
    assert list(totals) == [
        ((CLEARING, "EUR"), Sum(Decimal(100), Decimal(0), Decimal(100)), Sum()),
        ((SALES, "EUR"), Sum(Decimal(0), Decimal(100), Decimal(-100)), Sum()),
        ((FEES, "EUR"), Sum(), Sum(Decimal(7), Decimal(5), Decimal(2))),
    ]


@given(documents)
def test_the_changes_add_up_to_the_difference_of_the_totals(pairs):
    totals, changed = Totals(), defaultdict(Decimal)
    for before, after in pairs:
        totals.add(before, after)
        if compare(before, after):
            for place, moved in amounts(after).items():
                changed[place] += moved
            for place, moved in amounts(before).items():
                changed[place] -= moved
    for place, before, after in totals:
        difference = after.debit - after.credit - before.debit + before.credit
        assert difference == changed[place]


@given(documents)
def test_totals_do_not_depend_on_the_order_of_documents(pairs):
    forward, backward = Totals(), Totals()
    for pair in pairs:
        forward.add(*pair)
    for pair in reversed(pairs):
        backward.add(*pair)
    assert list(forward) == list(backward)
