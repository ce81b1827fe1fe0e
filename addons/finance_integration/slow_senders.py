"""Slow senders hold few of the server's workers, and none of them for long.

A worker of Odoo serves one request at a time, so a body that drips in keeps it from
people. Only so many workers at a time read bodies, and each only for so long.
"""

import fcntl
import logging
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from odoo.tools import config

_logger = logging.getLogger(__name__)

WAIT = 0.25  #: seconds for a turn to read
AGAIN = 0.001  #: seconds to the next try
READ = 10  #: seconds for a body, from its first byte to its last
#: half of the workers at the most
TURNS = max(1, config["workers"] // 2)


class NoTurn(Exception):
    """As many as may are reading: come again later."""


def read_body(httprequest) -> bytes:
    """All bytes of a body whose length is told. Raises NoTurn; OSError when they do
    not come in READ seconds or the sender hangs up."""
    environ = _environ(httprequest)
    with _turn():
        return _read(environ["wsgi.input"], httprequest.content_length)


def stop_reading(httprequest) -> None:
    """Werkzeug reads what is left of a body after the answer, however slowly it comes;
    a worker that turns a sender away has no time for that."""
    connection = _environ(httprequest).get("werkzeug.socket")
    if connection:
        with suppress(OSError):  # the sender has hung up
            connection.shutdown(socket.SHUT_RD)


def _environ(httprequest) -> dict:
    """With the connection, which Odoo keeps from the environ it shows; its own
    websockets take it from here too."""
    return httprequest._HTTPRequest__environ


def _read(stream, size: int) -> bytes:
    """What one packet brought at a time: so no sender decides how long one call
    takes. The server's time limit for a socket bounds it."""
    end = time.monotonic() + READ
    body = bytearray()
    while len(body) < size:
        part = stream.read1(size - len(body))
        if not part or time.monotonic() > end:
            raise OSError("The body did not come in time.")
        body += part
    return bytes(body)


@contextmanager
def _turn() -> Iterator[None]:
    """One of TURNS turns of all workers of this server. Raises NoTurn.

    Locks of files, since they end with their process however it ends.
    https://man7.org/linux/man-pages/man2/flock.2.html
    """
    end = time.monotonic() + WAIT
    with ExitStack() as opened:
        while not _take_one(opened):
            if time.monotonic() > end:
                raise NoTurn
            time.sleep(AGAIN)
        yield


def _take_one(opened: ExitStack) -> bool:
    """Raises NoTurn where this server's files cannot be locked: that is no fault of
    the sender."""
    try:
        files = [opened.enter_context(_file(n).open("ab")) for n in range(TURNS)]
        return any(_lock(file) for file in files)
    except OSError as error:
        _logger.error("Deliveries are refused: %s", error)
        raise NoTurn from None


def _file(number: int) -> Path:
    return Path(config["data_dir"]) / f"finance_integration.turn{number}"


def _lock(file) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
