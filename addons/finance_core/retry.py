"""When to try again, and when to give up: data and one pure function."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from random import Random
from types import MappingProxyType

MINUTE, HOUR, DAY = 60, 3600, 86400
MAX_ASKED = DAY  #: seconds; a longer wish is no order
_MAX_TEXT = 64  #: characters of a ``Retry-After``


@dataclass(frozen=True)
class Decision:
    """Try again ``at`` a time, or never (``None``) and why."""

    at: datetime | None
    reason: str = ""


@dataclass(frozen=True)
class RetryPolicy:
    """``steps`` are the pauses after the first, second… attempt and ``limit`` the
    whole time from the first one, in seconds. A pause the other side asks for takes
    the place of a step, between ``asked_min`` and ``asked_max``. Every pause is
    stretched at random by up to ``jitter`` of itself, so that what failed together
    does not come back together, and is never shorter than scheduled or asked."""

    steps: tuple[int, ...]
    limit: int
    jitter: float = 0.1
    asked_min: int = 1
    asked_max: int = MAX_ASKED

    def next_attempt(
        self,
        attempt: int,
        first_at: datetime,
        now: datetime,
        asked: int | None,
        rng: Random,
    ) -> Decision:
        """What to do after failed attempt number ``attempt`` (from 1).

        ``first_at`` is when the first attempt was made, ``asked`` the seconds of a
        ``Retry-After``. Times are aware."""
        if attempt > len(self.steps):
            return Decision(None, f"All {attempt} attempts failed.")
        pause = self.steps[attempt - 1]
        if asked is not None:
            pause = min(max(asked, self.asked_min), self.asked_max)
        at = now + timedelta(seconds=pause * rng.uniform(1, 1 + self.jitter))
        if at > first_at + timedelta(seconds=self.limit):
            hours = self.limit // HOUR
            return Decision(None, f"It did not succeed within {hours} h.")
        return Decision(at)


#: Schedules a flow chooses from.
POLICIES: Mapping[str, RetryPolicy] = MappingProxyType(
    {
        # Our own work: doubles from a minute to about nine hours.
        "doubling": RetryPolicy(
            (*(MINUTE * 2**step for step in range(10)), *(512 * MINUTE,) * 20),
            limit=75 * HOUR,
        ),
        # A source that gives no answer: a person should hear of it within two hours.
        "quick": RetryPolicy(
            tuple(MINUTE * minutes for minutes in (1, 2, 5, 10, 30, 60)), limit=2 * DAY
        ),
        # "Deliverability and reliability", about 75 hours in all:
        # https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
        "webhooks": RetryPolicy(
            (
                5,
                *(MINUTE * minutes for minutes in (5, 30)),
                *(HOUR * hours for hours in (2, 5, 10, 14, 20, 24)),
            ),
            limit=120 * HOUR,
        ),
    }
)


def asked_pause(headers: Mapping[str, str]) -> int | None:
    """Seconds a response (lower-case header names) asks us to wait. A date is
    measured against the answering clock, which is the one that wrote it."""
    answered_at = _http_date(headers.get("date", ""))
    return parse_retry_after(headers.get("retry-after", ""), answered_at)


def parse_retry_after(value: str, now: datetime | None) -> int | None:
    """Seconds of a ``Retry-After`` (RFC 9110 §10.2.3: seconds or a date), 0 to
    MAX_ASKED; ``None`` for everything else, as a wrong value is no order. A date
    needs ``now``, which is aware."""
    if value.isascii() and value.isdigit():
        return min(int(value[:_MAX_TEXT]), MAX_ASKED)
    moment = _http_date(value)
    if moment is None or now is None:
        return None
    return min(max(int((moment - now).total_seconds()), 0), MAX_ASKED)


def _http_date(value: str) -> datetime | None:
    """The moment of an HTTP date (RFC 9110 §5.6.7), ``None`` for anything else."""
    if not value.endswith(" GMT") or len(value) > _MAX_TEXT:
        return None
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    return moment.replace(tzinfo=UTC)
