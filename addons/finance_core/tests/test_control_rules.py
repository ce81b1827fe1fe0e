"""The control step is pure: the same facts stop the same documents."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_posting import DAY, snapshot, transaction

from odoo.addons.finance_core.contract.journal_entry import JournalEntry
from odoo.addons.finance_core.controls import (
    DEFAULT,
    Books,
    Control,
    Decision,
    Limit,
    Twin,
    check,
    find_control,
    likeness,
    total,
    verdict,
)
from odoo.addons.finance_core.errors import NeedsPerson
from odoo.addons.finance_core.posting import translate

BOOKS = Books("EUR")
AT = datetime(2026, 10, 5, 12, tzinfo=UTC)


def checked(document, control=DEFAULT, books=BOOKS, twins=(), decisions=()):
    draft = translate(document, snapshot())
    return check(document, draft, control, books, twins, decisions)


def cause(*args, **kwargs):
    with pytest.raises(NeedsPerson) as stopped:
        checked(*args, **kwargs)
    return stopped.value.cause.split(":")[0]


def test_without_a_control_everything_open_passes_unchanged():
    document = transaction("999999")
    assert checked(document).draft == translate(document, snapshot())


def test_own_type_goes_before_all_and_dates_are_those_of_today():
    every, own = Control(1), Control(2, document_type="payment")
    ended = replace(own, valid_to=DAY - timedelta(1))
    assert find_control("payment", DAY, [every, own]) is own
    assert find_control("payment", DAY, [ended, every]) is every
    assert find_control("payout", DAY, [own]) is DEFAULT


def test_flow_goes_before_type_and_both_before_either():
    every, kind = Control(1), Control(2, document_type="payment")
    flow, both = Control(3, 7), Control(4, 7, "payment")
    known = [every, kind, flow, both]
    assert find_control("payment", DAY, known, 7) is both
    assert find_control("payment", DAY, known[:3], 7) is flow
    assert find_control("payment", DAY, known, 8) is kind
    assert find_control("payout", DAY, known, 7) is flow
    assert find_control("payout", DAY, known, 8) is every
    assert find_control("payment", DAY, known) is kind


@given(st.decimals("0.01", "9999", places=2), st.decimals("0.01", "9999", places=2))
def test_exactly_what_is_above_the_limit_waits(amount, limit):
    control = Control(limits=(Limit(limit),))
    document = transaction(str(amount))
    if amount > limit:
        assert cause(document, control) == "limit"
    else:
        checked(document, control)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["approve", "reject", "revoke", "distinct"]),
            st.sampled_from([None, 7, 8]),
            st.sampled_from([None, "100.00", "99.00"]),
        ),
        max_size=6,
    )
)
def test_only_the_last_decision_that_counts_decides(told):
    decisions = [
        Decision(word, AT, "", decider, amount and Decimal(amount), "EUR")
        for word, decider, amount in told
    ]
    counting = [
        each.verdict
        for each in decisions
        if each.verdict != "distinct"
        and each.decider in (None, 7)
        and each.amount in (None, Decimal(100))
    ]
    last = verdict(transaction("100"), Control(decider=7), decisions)
    assert (last and last.verdict) == (counting[-1] if counting else None)


def test_a_risk_system_does_not_overrule_by_its_clock_who_decided_after_it():
    decisions = [
        Decision("revoke", AT + timedelta(days=9), "", 7),
        Decision("approve", AT, ""),
    ]
    last = verdict(transaction(), Control(decider=7), decisions)
    assert last.verdict == "approve"


def test_of_one_decider_the_later_moment_counts_whichever_arrived_first():
    late = Decision("reject", AT + timedelta(hours=1), "", 7)
    early = Decision("approve", AT, "", 7)
    for decisions in ([late, early], [early, late]):
        last = verdict(transaction(), Control(decider=7), decisions)
        assert last.verdict == "reject"
    decisions = [Decision("reject", AT, "", 7, revision=2), early]
    assert verdict(transaction(), Control(decider=7), decisions).verdict == "reject"


def test_what_a_decider_told_late_does_not_renew_what_a_person_overruled():
    decisions = [
        Decision("reject", AT + timedelta(hours=1), "", 7),
        Decision("approve", AT + timedelta(hours=2), ""),
        Decision("approve", AT, "", 7),
        Decision("revoke", AT, "", 7),
    ]
    last = verdict(transaction(), Control(decider=7), decisions)
    assert (last.verdict, last.decider) == ("approve", None)


@given(
    st.dictionaries(
        st.sampled_from(["fiscalyear", "hard", "sale", "purchase", "tax"]),
        st.dates(DAY - timedelta(40), DAY + timedelta(40)),
    ),
    st.sampled_from(["general", "sale", "purchase"]),
)
def test_first_open_day_is_after_every_lock_that_applies(locks, journal):
    books = Books("EUR", locks, {77: journal})
    passed = checked(transaction(), Control(period="first_open"), books)
    applying = [locks[n] for n in ("fiscalyear", "hard", journal) if n in locks]
    day = passed.draft.date
    assert day == max([DAY, *(lock + timedelta(1) for lock in applying)])
    assert passed.draft.original_date == (DAY if day != DAY else None)
    assert bool(passed.notes) == (day != DAY)


def test_hold_and_refuse_are_told_apart_by_their_cause():
    books = Books("EUR", {"hard": DAY})
    for policy in ("hold", "refuse"):
        with pytest.raises(NeedsPerson, match="locked period") as stopped:
            checked(transaction(), Control(period=policy), books)
        assert stopped.value.cause == f"period:{policy}:hard:{DAY}"


def test_twins_outside_the_window_are_none():
    control = Control(duplicates="hold", window=3)
    assert checked(transaction(), control, twins=[Twin("a", 4)]).notes == ()
    assert cause(transaction(), control, twins=[Twin("a", 3)]) == "duplicate"


def test_likeness_needs_a_reference():
    document = transaction()
    assert likeness(document, translate(document, snapshot())) is None


def test_a_document_without_amount_is_measured_by_its_debits():
    document = JournalEntry(
        source_id="j",
        occurred_at=AT,
        currency="EUR",
        date=date(2026, 10, 5),
        lines=(
            {"account": "1", "debit": "70"},
            {"account": "2", "debit": "30"},
            {"account": "3", "credit": "100"},
        ),
    )
    draft = translate(transaction("100"), snapshot())
    assert total(document, draft) == (Decimal(100), "EUR")
