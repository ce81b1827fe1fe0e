"""A bounded share of this server's workers, so that one stays for people."""

import fcntl
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from odoo.tools import config

PATIENCE = 1  #: seconds the first one to find all slots taken waits for one
PAUSE = 0.002  #: seconds between two looks
A_SERVER = 4096  #: lock numbers of one server


class Slots:
    """All workers but one, and at least one, may be inside at the same time.

    A slot is a POSIX lock on one byte, numbered from the id of the workers' parent:
    a worker that is killed frees its own. The file itself stays empty.
    """

    def __init__(self, name: str):
        self._name = name
        self._patience = PATIENCE

    @contextmanager
    def taken(self) -> Iterator[bool]:
        """Whether a slot was free; it is held until the block ends.

        Who finds none waits a moment, once: as long as none gets free, those after
        it are told at once, so that the last worker is there for others.
        """
        if not config["workers"]:  # threads: no worker can be used up
            yield True
            return
        number = self._take()
        self._patience = 0 if number is None else PATIENCE
        try:
            yield number is not None
        finally:
            if number is not None:
                fcntl.lockf(_file(self._name), fcntl.LOCK_UN, 1, number)

    def _take(self) -> int | None:
        end = time.monotonic() + self._patience
        first = os.getppid() * A_SERVER
        numbers = range(first, first + max(1, config["workers"] - 1))
        while True:
            free = next((number for number in numbers if self._lock(number)), None)
            if free is not None or time.monotonic() >= end:
                return free
            time.sleep(PAUSE)

    def _lock(self, number: int) -> bool:
        try:
            fcntl.lockf(_file(self._name), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, number)
        except OSError:
            return False
        return True


@cache
def _file(name: str) -> int:
    """Opened once: closing any descriptor of it would free the process's locks."""
    path = Path(tempfile.gettempdir()) / f"odoo-{name}-{os.getuid()}.lock"
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
