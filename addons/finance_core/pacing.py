"""How fast calls may follow each other: a token bucket as one moment.

A bucket of ``burst`` tokens that fills with ``per_second`` is kept as the time at
which it will be full again (the "theoretical arrival time" of the generic cell rate
algorithm, ITU-T I.371 annex A), so that one value is all that workers share.
"""

from datetime import datetime, timedelta

BURST = 5  #: calls at once after a quiet moment
MAX_WAIT = 10  #: seconds a call waits for its turn; past that it comes again later


def reserve(
    full_at: datetime | None, now: datetime, per_second: float, burst: int = BURST
) -> tuple[float, datetime]:
    """Take a token: (seconds to wait before the call, when the bucket is full then).

    Who does not want to wait so long keeps the old moment. A moment that no
    reservation can have set was set by another clock, and is forgotten.
    """
    gap = timedelta(seconds=1 / per_second)
    furthest = now + timedelta(seconds=MAX_WAIT) + burst * gap
    if full_at is None or full_at > furthest:
        full_at = now
    start = max(now, full_at - (burst - 1) * gap)
    return (start - now).total_seconds(), max(full_at, start) + gap
