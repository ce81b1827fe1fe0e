"""The circuit breaker and the pace of calls. FAULTS 30, 39."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_core import states
from odoo.addons.finance_core.breaker import Breaker, BreakerPolicy
from odoo.addons.finance_core.pacing import BURST, MAX_WAIT, reserve

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
POLICY = BreakerPolicy(jitter=0)
RNG = Random(0)


def later(seconds):
    return NOW + timedelta(seconds=seconds)


def called(breaker, *answers, at=NOW):
    """``breaker`` after calls that all were admitted and ended at once."""
    for answered in answers:
        breaker, wait = POLICY.admit(breaker, at)
        assert wait == 0
        breaker = POLICY.settle(breaker, breaker.turn, answered, at, RNG)
    return breaker


OPEN = called(Breaker(), *[False] * 5)


def test_half_of_five_calls_failing_open_it():
    assert called(Breaker(), *[False] * 4).state == "closed"
    assert called(Breaker(), True, True, True, False, False).state == "closed"
    assert called(Breaker(), True, True, False, False, False).state == "open"
    assert OPEN.until == later(60)


def test_failures_of_different_windows_do_not_add_up():
    breaker = called(Breaker(), *[False] * 4)
    breaker = called(breaker, *[False] * 4, at=later(POLICY.window))
    assert (breaker.state, breaker.calls) == ("closed", 4)


def test_nothing_leaves_while_it_is_open():
    assert POLICY.admit(OPEN, NOW) == (OPEN, 61)
    assert POLICY.admit(OPEN, later(59.5)) == (OPEN, 1)


def test_faults_39_one_probe_leaves_and_the_others_look_again():
    probing, wait = POLICY.admit(OPEN, later(60))
    assert (probing.state, wait) == ("half_open", 0)
    for _other in range(1000):
        again, wait = POLICY.admit(probing, later(61))
        assert again == probing
        assert wait == POLICY.peek + 1


def test_a_probe_that_is_answered_closes_it():
    probing, _wait = POLICY.admit(OPEN, later(60))
    closed = POLICY.settle(probing, probing.turn, True, later(61), RNG)
    assert (closed.state, closed.until, closed.calls) == ("closed", None, 0)


def test_pauses_grow_while_probes_fail_and_end_with_a_good_window():
    breaker, at, pauses = OPEN, NOW, []
    for _probe in range(8):
        at = breaker.until
        breaker = called(breaker, False, at=at)
        pauses.append((breaker.until - at).total_seconds())
    assert pauses == [120, 300, 900, 1800, 3600, 3600, 3600, 3600]
    at = breaker.until
    breaker = called(breaker, True, at=at)
    again = called(breaker, *[False] * 5, at=at)
    assert (again.until - at).total_seconds() == 3600, "it had hardly recovered"
    well = at + timedelta(seconds=POLICY.window)
    breaker = called(breaker, True, *[False] * 4, at=well)
    assert (breaker.until - well).total_seconds() == 60


def test_faults_29_a_late_answer_of_an_earlier_turn_says_nothing():
    assert POLICY.settle(OPEN, 0, True, NOW, RNG) == OPEN
    probing, _wait = POLICY.admit(OPEN, later(60))
    assert POLICY.settle(probing, OPEN.turn - 1, True, later(61), RNG) == probing


def test_faults_26_a_probe_that_was_killed_is_followed_by_another():
    probing, _wait = POLICY.admit(OPEN, later(60))
    other, wait = POLICY.admit(probing, later(60 + POLICY.lease))
    assert (other.state, wait) == ("half_open", 0)
    assert other.turn == probing.turn + 1
    assert POLICY.settle(other, probing.turn, True, later(400), RNG) == other


def test_faults_30_a_clock_set_back_does_not_lengthen_the_pause():
    _breaker, wait = POLICY.admit(OPEN, NOW - timedelta(hours=2))
    assert wait == 0


@given(st.lists(st.tuples(st.booleans(), st.integers(-4000, 4000)), max_size=60))
def test_any_calls_at_any_time_keep_to_the_state_table(calls):
    """Every step is one of the table, and never are two probes under way."""
    breaker, now, probes = Breaker(), NOW, 0
    for answered, seconds in calls:
        now += timedelta(seconds=seconds)
        before = breaker
        breaker, wait = POLICY.admit(breaker, now)
        states.check(states.BREAKER, before.state, breaker.state)
        if wait:
            assert breaker == before
            assert breaker.state != "closed"
            continue
        admitted = breaker
        probes = admitted.state == "half_open"
        if probes:
            assert POLICY.admit(admitted, now)[1] > 0
        breaker = POLICY.settle(admitted, admitted.turn, answered, now, RNG)
        states.check(states.BREAKER, admitted.state, breaker.state)
        assert breaker.failures <= breaker.calls
        assert (breaker.until is not None) == (breaker.state != "closed")


# -- pace ---------------------------------------------------------------------------


def test_a_burst_leaves_at_once_and_the_rest_at_the_rate():
    full_at, waits = None, []
    for _call in range(BURST + 3):
        wait, full_at = reserve(full_at, NOW, 10)
        waits.append(round(wait, 3))
    assert waits == [0] * BURST + [0.1, 0.2, 0.3]


@given(
    st.lists(st.floats(0, 2), min_size=1, max_size=50),
    st.floats(0.5, 50),
    st.integers(1, 10),
)
def test_no_span_of_time_sees_more_than_the_rate_and_a_burst(pauses, rate, burst):
    full_at, now, starts = None, NOW, []
    for pause in pauses:
        now += timedelta(seconds=pause)
        wait, reserved = reserve(full_at, now, rate, burst)
        if wait <= MAX_WAIT:
            full_at = reserved
            starts.append((now - NOW).total_seconds() + wait)
    for first, begin in enumerate(starts):
        for last in range(first, len(starts)):
            span = starts[last] - begin
            assert last - first + 1 <= rate * span + burst + 0.01


@pytest.mark.parametrize("hours", (1, -1))
def test_faults_30_a_clock_that_jumps_does_not_stop_the_pace(hours):
    _wait, full_at = reserve(None, NOW, 10)
    wait, _full_at = reserve(full_at, NOW + timedelta(hours=hours), 10)
    assert wait == 0
