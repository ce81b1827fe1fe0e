"""The circuit breaker of one system: values and pure functions.

Closed: calls leave, and are counted in windows. Too many failures open it: nothing
leaves until a pause is over. Then it is half-open: one call at a time leaves as a
probe, which closes it or opens it for a longer pause. After
https://learn.microsoft.com/azure/architecture/patterns/circuit-breaker
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from . import states

MINUTE, HOUR = 60, 3600


@dataclass(frozen=True)
class Breaker:
    """Where a breaker stands. Times are aware.

    ``turn`` counts the changes of state: a call that ends in another turn than it
    began in says nothing any more. ``calls`` and ``failures`` are those since
    ``since``; ``openings`` in a row make the pauses grow. ``until`` is when the next
    probe may leave: after the pause, or when the one under way counts as lost.
    """

    state: str = "closed"
    turn: int = 0
    since: datetime | None = None
    calls: int = 0
    failures: int = 0
    openings: int = 0
    until: datetime | None = None


@dataclass(frozen=True)
class BreakerPolicy:
    """It opens when, in a ``window`` of seconds, of at least ``min_calls`` calls the
    share ``ratio`` failed. ``pauses`` (seconds, the last one repeats) are stretched
    at random by up to ``jitter`` of themselves. A probe without an outcome counts as
    lost after ``lease`` seconds; who finds one under way looks again after ``peek``.
    """

    window: int = 10 * MINUTE
    min_calls: int = 5
    ratio: float = 0.5
    pauses: tuple[int, ...] = (60, 120, 300, 900, 1800, HOUR)
    jitter: float = 0.1
    lease: int = 3 * MINUTE
    peek: int = 15

    def admit(self, breaker: Breaker, now: datetime) -> tuple[Breaker, int]:
        """The breaker after a wish to call, and the seconds to wait; 0: call now."""
        if breaker.state == "closed":
            return breaker, 0
        wait = (breaker.until - now).total_seconds()
        if 0 < wait <= self._longest():  # else the pause is over, or a clock was set
            looks = breaker.state == "half_open"
            return breaker, int(min(wait, self.peek) if looks else wait) + 1
        lease = now + timedelta(seconds=self.lease)
        return replace(_become(breaker, "half_open"), until=lease), 0

    def settle(
        self, breaker: Breaker, turn: int, answered: bool, now: datetime, rng: Random
    ) -> Breaker:
        """The breaker after a call admitted in ``turn`` got an answer or none."""
        if turn != breaker.turn:
            return breaker
        if breaker.state == "half_open":
            closed = replace(_become(breaker, "closed"), until=None)
            fresh = replace(closed, since=now, calls=0, failures=0)
            return fresh if answered else self._open(breaker, now, rng)
        current = self._count(breaker, answered, now)
        enough = current.calls >= self.min_calls
        if enough and current.failures >= self.ratio * current.calls:
            return self._open(current, now, rng)
        return current

    def _count(self, breaker: Breaker, answered: bool, now: datetime) -> Breaker:
        """One more call in the window; a window that passed well ends the row of
        openings."""
        end = breaker.since and breaker.since + timedelta(seconds=self.window)
        if not (end and breaker.since <= now < end):
            openings = 0 if end else breaker.openings
            breaker = replace(
                breaker, since=now, calls=0, failures=0, openings=openings
            )
        failures = breaker.failures + (not answered)
        return replace(breaker, calls=breaker.calls + 1, failures=failures)

    def _open(self, breaker: Breaker, now: datetime, rng: Random) -> Breaker:
        pause = self.pauses[min(breaker.openings, len(self.pauses) - 1)]
        until = now + timedelta(seconds=pause * rng.uniform(1, 1 + self.jitter))
        openings = breaker.openings + 1
        return replace(_become(breaker, "open"), until=until, openings=openings)

    def _longest(self) -> float:
        return max(*self.pauses, self.lease) * (1 + self.jitter)


def _become(breaker: Breaker, state: str) -> Breaker:
    """``breaker`` in a new turn; a half-open one that lost its probe stays so."""
    states.check(states.BREAKER, breaker.state, state)
    return replace(breaker, state=state, turn=breaker.turn + 1)
