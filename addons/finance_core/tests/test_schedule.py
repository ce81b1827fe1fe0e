"""When waiting things may be taken, whatever the clocks do."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_core.schedule import (
    AtOnceInClose,
    Every,
    NotInClose,
    Windows,
    parse_times,
)

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
BERLIN = ZoneInfo("Europe/Berlin")
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Gaza")
moments = st.datetimes(
    datetime(2024, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC)
)
every = st.integers(1, 86400).map(Every)
windows = st.builds(
    Windows,
    zone=st.sampled_from(ZONES).map(ZoneInfo),
    starts=st.lists(st.times(), min_size=1, max_size=4).map(tuple),
    length=st.timedeltas(timedelta(minutes=1), 2 * DAY),
    weekdays=st.frozensets(st.integers(0, 6), min_size=1),
    days_off=st.frozensets(st.dates(date(2024, 1, 1), date(2028, 1, 1)), max_size=5),
)


@st.composite
def closes(draw):
    begins = sorted(draw(st.lists(moments, max_size=3, unique=True)))
    ends = [*begins[1:], datetime(2029, 1, 1, tzinfo=UTC)]
    return tuple(
        (begin, min(end, begin + 9 * DAY))
        for begin, end in zip(begins, ends, strict=False)
    )


usual = every | windows
schedules = (
    usual
    | st.builds(AtOnceInClose, usual, closes())
    | st.builds(NotInClose, usual, closes())
)


@given(schedules, moments)
def test_a_run_is_never_before_now_and_its_own_time_is_a_run(schedule, now):
    at = schedule.next_run(now)
    assert at >= now
    assert schedule.next_run(at) == at


@given(schedules, moments, st.timedeltas(timedelta(0), 3 * DAY))
def test_what_comes_later_never_runs_earlier(schedule, now, later):
    assert schedule.next_run(now) <= schedule.next_run(now + later)


@given(schedules, moments)
def test_a_clock_an_hour_off_costs_at_most_one_run(schedule, now):
    """FAULTS 30."""
    right = schedule.next_run(now)
    assert schedule.next_run(now - HOUR) <= right
    assert right <= schedule.next_run(now + HOUR) <= schedule.next_run(right + HOUR)


@given(schedules, moments, st.sampled_from(ZONES))
def test_a_moment_means_the_same_in_every_zone(schedule, now, zone):
    assert schedule.next_run(now.astimezone(ZoneInfo(zone))) == schedule.next_run(now)


@given(windows, moments)
def test_a_run_lies_in_a_window_that_began_on_a_day_of_the_schedule(schedule, now):
    at = schedule.next_run(now)
    first = (at - schedule.length).astimezone(schedule.zone).date() - DAY
    days = [first + number * DAY for number in range(6)]
    opened = [
        datetime.combine(day, start, tzinfo=schedule.zone).astimezone(UTC)
        for day in days
        if day.weekday() in schedule.weekdays and day not in schedule.days_off
        for start in schedule.starts
    ]
    assert any(opens <= at < opens + schedule.length for opens in opened)


@given(st.sampled_from(ZONES), st.times(), moments)
def test_a_daily_window_comes_once_on_every_day_of_a_year(zone, start, now):
    """Also on the days on which clocks are put forward and back."""
    schedule = Windows(ZoneInfo(zone), (start,), timedelta(minutes=1))
    runs = []
    at = now
    for _day in range(370):
        at = schedule.next_run(at)
        runs.append(at)
        at += timedelta(minutes=2)
    gaps = {later - earlier for earlier, later in zip(runs, runs[1:], strict=False)}
    assert max(gaps) <= DAY + 2 * HOUR
    assert min(gaps) >= DAY - 2 * HOUR


def berlin(*parts):
    return datetime(*parts, tzinfo=BERLIN).astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "at"),
    [
        # 2026-03-29 02:00 becomes 03:00: half past two is half past three that day
        ((2026, 3, 28, 12), (2026, 3, 29, 3, 30)),
        ((2026, 3, 29, 12), (2026, 3, 30, 2, 30)),
        # 2026-10-25 03:00 becomes 02:00: the first half past two counts
        ((2026, 10, 24, 12), (2026, 10, 25, 2, 30)),
    ],
)
def test_wall_clock_times_are_kept_when_clocks_change(now, at):
    schedule = Windows(BERLIN, (time(2, 30),), timedelta(minutes=10))
    assert schedule.next_run(berlin(*now)) == berlin(*at)


def test_an_hour_that_comes_twice_brings_one_window():
    schedule = Windows(BERLIN, (time(2, 30),), timedelta(minutes=10))
    second = berlin(2026, 10, 25, 2, 30) + HOUR
    assert schedule.next_run(second) == berlin(2026, 10, 26, 2, 30)


def test_a_window_past_midnight_belongs_to_the_day_it_began_on():
    friday_night = Windows(BERLIN, (time(22),), 4 * HOUR, frozenset({4}))
    now = berlin(2026, 3, 14, 1, 59)  # a Saturday
    assert friday_night.next_run(now) == now
    late = berlin(2026, 3, 14, 2)
    assert friday_night.next_run(late) == berlin(2026, 3, 20, 22)


def test_days_off_have_no_window():
    schedule = Windows(
        BERLIN, (time(6),), HOUR, frozenset(range(5)), frozenset({date(2026, 12, 25)})
    )
    thursday = berlin(2026, 12, 24, 8)
    assert schedule.next_run(thursday) == berlin(2026, 12, 28, 6)


def test_micro_batches_of_one_interval_run_together():
    schedule = Every(30)
    first = datetime(2026, 3, 10, 10, 0, 1, tzinfo=UTC)
    runs = {schedule.next_run(first + timedelta(seconds=s)) for s in range(29)}
    assert runs == {datetime(2026, 3, 10, 10, 0, 30, tzinfo=UTC)}


def test_the_close_brings_runs_forward_or_puts_them_off():
    nightly = Windows(BERLIN, (time(22),), HOUR)
    close = ((berlin(2026, 4, 1), berlin(2026, 4, 4)),)
    noon = berlin(2026, 4, 2, 12)
    assert AtOnceInClose(nightly, close).next_run(noon) == noon
    assert NotInClose(nightly, close).next_run(noon) == berlin(2026, 4, 4, 22)
    before = berlin(2026, 3, 31, 23, 30)
    assert AtOnceInClose(nightly, close).next_run(before) == berlin(2026, 4, 1)


def test_a_schedule_that_never_runs_is_refused():
    with pytest.raises(ValueError):
        Windows(BERLIN, (), HOUR)
    with pytest.raises(ValueError):
        Windows(BERLIN, (time(1),), HOUR, frozenset())


def test_times_are_read_as_people_write_them():
    assert parse_times("06:00, 22:30") == (time(6), time(22, 30))
    for wrong in ("", "25:00", "6 o'clock", "06:00;07:00"):
        with pytest.raises(ValueError):
            parse_times(wrong)
