"""File locks that end with the process that holds them, however it ends."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .console import say


@contextmanager
def exclusive(path: Path, waiting: str) -> Iterator[None]:
    """Hold `path` alone; say what is waited for when another process has it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as handle:
        if not try_exclusive(handle):
            say(waiting)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def try_exclusive(handle) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
