"""A light HTTP client: ready bytes over plain sockets, so that the server is what is
measured. Odoo's prefork server closes a connection after each answer."""

import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lib.console import SetupError

TIMEOUT = 60  # seconds
LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)
NO_HEADERS: Mapping[str, str] = {}


@dataclass(frozen=True)
class Load:
    """What came of it. ``client_share`` is the client's part of one core."""

    seconds: float
    per_second: float
    client_share: float


def request(path: str, body: bytes, headers: Mapping[str, str] = NO_HEADERS) -> bytes:
    """A POST of JSON as it goes over the wire."""
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


def fire(port: int, requests: Sequence[bytes], connections: int, status: int) -> Load:
    """Send every request once, from ``connections`` threads.

    Raises SetupError when an answer has another status.
    """
    waiting = iter(requests)
    lock = threading.Lock()
    statuses: Counter = Counter()

    def work():
        while True:
            with lock:
                data = next(waiting, None)
            if data is None:
                return
            answer = send(port, data)
            with lock:
                statuses[answer[9:12]] += 1

    threads = [threading.Thread(target=work) for _ in range(connections)]
    start, cpu = time.monotonic(), time.process_time()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds, cpu = time.monotonic() - start, time.process_time() - cpu
    if statuses != {str(status).encode(): len(requests)}:
        raise SetupError(f"Answers were {dict(statuses)}, not {status} only.")
    return Load(seconds, len(requests) / seconds, cpu / seconds)


def send(port: int, data: bytes) -> bytes:
    """One request on a connection of its own; the whole answer.

    Closed as soon as the answer is complete: werkzeug holds its worker for 10 ms
    more while a client only waits for the end of the stream.
    """
    with socket.create_connection(("127.0.0.1", port), TIMEOUT) as connection:
        connection.sendall(data)
        answer = b""
        while not _complete(answer) and (chunk := connection.recv(65536)):
            answer += chunk
    return answer


def _complete(answer: bytes) -> bool:
    head, end, body = answer.partition(b"\r\n\r\n")
    length = LENGTH.search(head)
    return bool(end and length) and len(body) >= int(length[1])
