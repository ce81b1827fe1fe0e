"""When what has arrived may be taken: pure functions of a moment.

A schedule has ``next_run(now)``: the first moment, ``now`` or later, at which waiting
things may be taken. Moments are aware; zones are those of the IANA database.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from typing import Protocol
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EVERY_DAY = frozenset(range(7))


class Schedule(Protocol):
    def next_run(self, now: datetime) -> datetime: ...


@dataclass(frozen=True)
class Every:
    """A run every so many ``seconds``, on a grid that does not depend on who asks: so
    all that arrives between two runs is taken together."""

    seconds: int

    def next_run(self, now: datetime) -> datetime:
        step = timedelta(seconds=self.seconds)
        return now + (EPOCH - now) % step


@dataclass(frozen=True)
class Windows:
    """A window of some ``length`` from each of ``starts``, wall-clock times of
    ``zone``, on these ``weekdays`` (0 is Monday) but not on ``days_off``.

    A window belongs to the day it begins on, may go on after midnight and comes once a
    day: a time that the clock skips is as much later, of one that comes twice the first
    counts (PEP 495, ``fold=0``).
    """

    zone: ZoneInfo
    starts: tuple[time, ...]
    length: timedelta
    weekdays: frozenset[int] = EVERY_DAY
    days_off: frozenset[date] = frozenset()

    def __post_init__(self):
        if not (self.starts and self.weekdays & EVERY_DAY and self.length):
            raise ValueError("A schedule without a window would never run.")

    def next_run(self, now: datetime) -> datetime:
        return next(
            max(now, opens)
            for opens in self._openings(now)
            if now < opens + self.length
        )

    def _openings(self, now: datetime) -> Iterator[datetime]:
        """Beginnings of windows in order, from those that may still be open on."""
        first = (now - self.length).astimezone(self.zone).date() - timedelta(days=1)
        for number in count():
            day = first + timedelta(days=number)
            if day.weekday() in self.weekdays and day not in self.days_off:
                yield from sorted(self._moment(day, start) for start in self.starts)

    def _moment(self, day: date, start: time) -> datetime:
        return datetime.combine(day, start, tzinfo=self.zone).astimezone(UTC)


@dataclass(frozen=True)
class AtOnceInClose:
    """As usual, but at once during ``periods``: (begin, end) with the end outside."""

    usual: Schedule
    periods: tuple[tuple[datetime, datetime], ...]

    def next_run(self, now: datetime) -> datetime:
        closing = (max(now, begin) for begin, end in self.periods if now < end)
        return min([self.usual.next_run(now), *closing])


@dataclass(frozen=True)
class NotInClose:
    """As usual, but only outside ``periods``: (begin, end) with the end outside, one
    after the other."""

    usual: Schedule
    periods: tuple[tuple[datetime, datetime], ...]

    def next_run(self, now: datetime) -> datetime:
        at = self.usual.next_run(now)
        for begin, end in self.periods:
            if begin <= at < end:
                at = self.usual.next_run(end)
        return at


def parse_times(words: str) -> tuple[time, ...]:
    """Times of day as people write them: “06:00, 22:30”. Raises ValueError."""
    return tuple(
        datetime.strptime(each.strip(), "%H:%M").time()  # noqa: DTZ007 of no day
        for each in words.split(",")
    )
