"""Running Odoo: one command in the foreground, or a server for a while."""

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from .console import SetupError, last_line, say
from .paths import LOGS, ODOO_BIN, ODOO_CONF, PYTHON, ROOT
from .postgres import BIN, Server

EVENTED = 3  # this many above the port of the workers
START_LIMIT = 90  # seconds
STOP_LIMIT = 30  # seconds
# A capacity of 0 would mean without limit.
NO_JOBS = {"ODOO_QUEUE_JOB_CHANNELS": "root:1:paused"}


@dataclass(frozen=True)
class OdooServer:
    """A running Odoo: its port on 127.0.0.1, database and process."""

    port: int
    database: str
    process: subprocess.Popen = field(repr=False)

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def evented_port(self) -> int:
        """Where websockets are answered."""
        return self.port + EVENTED


def environment(server: Server, **more: str) -> dict[str, str]:
    """What every program of ours is started with."""
    return {
        **os.environ,
        **server.environment(),
        "ODOO_RC": str(ODOO_CONF),
        "PATH": f"{os.environ['PATH']}{os.pathsep}{BIN}",
        "PYTHONPATH": str(ROOT / "setup"),
        **more,
    }


def foreground(command: list, env: dict[str, str]) -> int:
    """Run a command to its end on this terminal and return its exit status.

    Ctrl-C reaches the child by itself; SIGTERM to us is handed on to it.
    """
    process = subprocess.Popen([str(word) for word in command], env=env)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    try:
        return process.wait()
    finally:
        signal.signal(signal.SIGINT, before)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


@contextmanager
def serving(
    server: Server, database: str, port: int = 8069, workers: int = 3, **env: str
) -> Iterator[OdooServer]:
    """Odoo on 127.0.0.1:`port`, queue_job's runner included, until the block ends.

    `env` is added to its environment.
    Raises SetupError when a port is taken or Odoo does not answer /web/health.
    """
    for number in (port, port + EVENTED):
        need_free(number)
    log = LOGS / f"odoo-{database}.log"
    command = [PYTHON, ODOO_BIN, "-d", database, "--workers", workers, "-p", port]
    command += ["--gevent-port", port + EVENTED]
    with log.open("ab") as output:
        process = subprocess.Popen(
            [str(word) for word in command],
            env=environment(server, **env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C is for us: we stop it in good order
        )
    try:
        running = OdooServer(port, database, process)
        _wait_until_healthy(process, running.url, log)
        yield running
    finally:
        _stop(process)


def need_free(port: int) -> None:
    """Raise SetupError when something listens on 127.0.0.1:`port` already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise SetupError(
                f"Port {port} is already in use: stop the program that uses it "
                "or choose another with --port."
            ) from None


def _wait_until_healthy(process: subprocess.Popen, url: str, log) -> None:
    say(f"Starting Odoo at {url} …")
    end = time.monotonic() + START_LIMIT
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/web/health", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise SetupError(f"Odoo did not start: {last_line(log)} Log: {log}")


def _stop(process: subprocess.Popen) -> None:
    """In good order; then whatever is left of it, as a service manager does: Odoo's
    first process may leave the one for websockets behind, with its port."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=STOP_LIMIT)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
