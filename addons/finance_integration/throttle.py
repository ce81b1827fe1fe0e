"""What this process remembers: how often something is allowed, what was found."""

import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

MAX_KEYS = 1000


class Throttle:
    """Allows ``per_second`` events a second for each key, ``burst`` at once."""

    def __init__(self, per_second: float, burst: float = 1):
        self.per_second = per_second
        self.burst = burst
        self._buckets: OrderedDict = OrderedDict()
        self._lock = Lock()

    def allows(self, key) -> bool:
        now = time.monotonic()
        with self._lock:
            tokens, since = self._buckets.pop(key, (self.burst, now))
            tokens = min(self.burst, tokens + (now - since) * self.per_second)
            allowed = tokens >= 1
            self._buckets[key] = (tokens - 1 if allowed else tokens, now)
            if len(self._buckets) > MAX_KEYS:
                self._buckets.popitem(last=False)
            return allowed


class Remembered:
    """What was found out lately: an answer is good for ``seconds``."""

    def __init__(self, seconds: float):
        self.seconds = seconds
        self._known: OrderedDict = OrderedDict()
        self._lock = Lock()

    def get(self, key, find_out: Callable):
        """What ``find_out()`` returned for this key, now or a moment ago."""
        now = time.monotonic()
        with self._lock:
            answer, since = self._known.get(key, (None, None))
        if since is not None and now - since < self.seconds:
            return answer
        answer = find_out()
        with self._lock:
            self._known[key] = (answer, now)
            self._known.move_to_end(key)
            if len(self._known) > MAX_KEYS:
                self._known.popitem(last=False)
        return answer
