"""Approving a version leaves no day with two, and takes none before its own."""

from dataclasses import dataclass, replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_core.mapping import valid_on
from odoo.addons.finance_core.succession import succeed

START = date(2026, 1, 1)


@dataclass(frozen=True)
class Version:
    valid_from: date | None = None
    valid_to: date | None = None


days = st.integers(0, 60).map(lambda number: START + timedelta(number))


@st.composite
def versions(draw):
    begins, ends = draw(st.none() | days), draw(st.none() | days)
    if begins and ends:
        begins, ends = sorted((begins, ends))
    return Version(begins, ends)


def left(begins, others):
    """What is in force of ``others`` afterwards."""
    result = succeed(begins, others)
    ended = [replace(other, valid_to=day) for other, day in result.ended]
    return [*result.untouched, *ended]


@given(days, st.lists(versions()))
def test_from_its_first_day_on_no_other_version_is_in_force(begins, others):
    for number in range(100):
        assert not valid_on(begins + timedelta(number), left(begins, others))


@given(days, st.lists(versions()))
def test_before_its_first_day_everything_stays_as_it_was(begins, others):
    day = begins - timedelta(days=1)
    while day >= START:
        assert len(valid_on(day, left(begins, others))) == len(valid_on(day, others))
        day -= timedelta(days=1)


@given(st.lists(versions()))
def test_one_without_a_first_day_supersedes_all(others):
    result = succeed(None, others)
    assert result.superseded == tuple(others)
    assert not result.untouched and not result.ended


@given(days, st.lists(versions()))
def test_no_version_is_lost_or_counted_twice(begins, others):
    result = succeed(begins, others)
    ended = [other for other, _day in result.ended]
    together = [*result.untouched, *ended, *result.superseded]
    assert sorted(together, key=others.index) == sorted(others, key=others.index)
