"""When to try again. FAULTS 30, 34."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_core.connector import Connector, Response
from odoo.addons.finance_core.errors import Refused, RetryLater
from odoo.addons.finance_core.retry import (
    DAY,
    HOUR,
    MAX_ASKED,
    POLICIES,
    Decision,
    RetryPolicy,
    asked_pause,
    parse_retry_after,
)

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
WEBHOOKS = POLICIES["webhooks"]
EXACT = RetryPolicy((5, 300), limit=HOUR, jitter=0)

policies = st.sampled_from(sorted(POLICIES)).map(POLICIES.get)
pauses = st.none() | st.integers(-(10**9), 10**9)


def after(attempt, *, policy=EXACT, first_at=NOW, now=NOW, asked=None, seed=0):
    return policy.next_attempt(attempt, first_at, now, asked, Random(seed))


def test_pauses_follow_the_steps_and_end_with_them():
    assert after(1) == Decision(NOW + timedelta(seconds=5))
    assert after(2) == Decision(NOW + timedelta(seconds=300))
    assert after(3) == Decision(None, "All 3 attempts failed.")


def test_the_limit_ends_what_the_steps_would_go_on_with():
    first_at = NOW - timedelta(seconds=HOUR - 5)
    assert after(1, first_at=first_at).at == first_at + timedelta(seconds=HOUR)
    decision = after(2, first_at=first_at)
    assert decision == Decision(None, "It did not succeed within 1 h.")


def test_faults_34_a_pause_asked_for_is_kept():
    assert after(1, asked=120).at == NOW + timedelta(seconds=120)


@pytest.mark.parametrize(("asked", "kept"), ((0, 1), (-5, 1), (10**9, 600)))
def test_faults_34_a_pause_asked_for_is_kept_within_bounds(asked, kept):
    policy = RetryPolicy((5,), limit=HOUR, jitter=0, asked_max=600)
    assert after(1, policy=policy, asked=asked).at == NOW + timedelta(seconds=kept)


def test_faults_34_waiting_longer_than_the_limit_is_giving_up():
    assert after(1, asked=2 * HOUR).at is None


@given(policies, st.integers(1, 40), pauses, st.integers())
def test_no_attempt_comes_earlier_than_scheduled_or_later_than_the_limit(
    policy, attempt, asked, seed
):
    decision = after(attempt, policy=policy, asked=asked, seed=seed)
    if decision.at is None:
        assert decision.reason
        return
    planned = policy.steps[attempt - 1]
    least = planned if asked is None else min(max(asked, 1), DAY)
    pause = (decision.at - NOW).total_seconds()
    assert least <= pause <= least * (1 + policy.jitter) + 0.001
    assert decision.at <= NOW + timedelta(seconds=policy.limit)


@given(policies, pauses, st.integers())
def test_every_policy_gives_up_in_the_end(policy, asked, seed):
    now, attempt, rng = NOW, 1, Random(seed)
    while (at := policy.next_attempt(attempt, NOW, now, asked, rng).at) is not None:
        assert at > now
        now, attempt = at, attempt + 1
    assert now <= NOW + timedelta(seconds=policy.limit)
    assert attempt <= len(policy.steps) + 1


@given(policies, st.integers(1, 7), st.integers())
def test_the_same_chance_decides_the_same(policy, attempt, seed):
    again = after(attempt, policy=policy, seed=seed)
    assert after(attempt, policy=policy, seed=seed) == again


def test_what_failed_together_does_not_come_back_together():
    times = {after(4, policy=WEBHOOKS, seed=seed).at for seed in range(100)}
    assert len(times) == 100


@pytest.mark.parametrize("hours", (1, -1))
def test_faults_30_a_clock_that_jumps_an_hour_moves_the_attempt_not_the_pause(hours):
    now = NOW + timedelta(hours=hours)
    decision = after(1, policy=WEBHOOKS, now=now)
    assert 5 <= (decision.at - now).total_seconds() <= 5.5


@pytest.mark.parametrize(
    ("value", "seconds"),
    (
        ("0", 0),
        ("120", 120),
        ("007", 7),
        ("86400", DAY),
        ("86401", DAY),
        ("9" * 40, DAY),
        ("9" * 10000, DAY),
        ("Sat, 21 Nov 2026 12:02:00 GMT", 120),
        ("Sat, 21 Nov 2026 11:00:00 GMT", 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", DAY),
        ("-5", None),
        ("+5", None),
        ("1.5", None),
        ("1e3", None),
        ("", None),
        (" ", None),
        ("soon", None),
        ("٣٣", None),
        ("120, 240", None),
        ("Sat, 21 Nov 2026 12:02:00 +0100", None),
        ("Sat, 32 Nov 2026 12:02:00 GMT", None),
        ("Sat, 21 Nov 99999 12:02:00 GMT", None),
        ("Sat, 99999999999999999999 Nov 2026 12:02:00 GMT", None),
        ("GMT", None),
        (" GMT", None),
        ("Sat, 21 Nov 2026 12:02:00" + " " * 50 + " GMT", None),
    ),
    ids=lambda value: repr(value)[:40],
)
def test_faults_34_retry_after_as_seconds_date_negative_huge_or_garbage(value, seconds):
    assert parse_retry_after(value, NOW) == seconds


@given(st.text() | st.text("0123456789-+: GMTSatNov,"), st.booleans())
def test_faults_34_any_retry_after_is_seconds_or_nothing(value, dated):
    for text in (value, value + " GMT"):
        seconds = parse_retry_after(text, NOW if dated else None)
        assert seconds is None or 0 <= seconds <= MAX_ASKED


def test_faults_34_a_date_is_measured_against_the_answering_clock():
    """Its clock may be hours off; the difference of its own two dates is not."""
    headers = {
        "date": "Sat, 21 Nov 2026 02:00:00 GMT",
        "retry-after": "Sat, 21 Nov 2026 02:00:30 GMT",
    }
    assert asked_pause(headers) == 30
    assert asked_pause({**headers, "date": "garbage"}) is None
    assert asked_pause({**headers, "retry-after": "7"}) == 7
    assert asked_pause({}) is None


@pytest.mark.parametrize("status", (429, 500, 503, 599))
def test_faults_34_a_busy_system_is_asked_again_when_it_says_so(status):
    with pytest.raises(RetryLater) as caught:
        Connector().outcome(Response(status, {"retry-after": "17"}))
    assert caught.value.after == 17


@pytest.mark.parametrize("status", (300, 301, 400, 404, 410))
def test_what_is_refused_is_not_asked_again(status):
    with pytest.raises(Refused):
        Connector().outcome(Response(status))


def test_a_source_that_cannot_be_asked_what_it_has_says_so():
    with pytest.raises(Refused, match="cannot be asked"):
        Connector().census("documents", NOW, NOW, {})
    assert not Connector.census_types
