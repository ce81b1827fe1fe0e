"""Where benchmarks run: a fresh copy of a prepared database, and servers for it."""

import configparser
import json
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lib import config, database, odoo_server
from lib.console import SetupError
from lib.paths import LOCAL, ODOO_CONF, PYTHON
from lib.postgres import Server

ADDONS = Path(__file__).parent / "addons"
CONF = LOCAL / "bench.conf"
INSTALLED = config.BENCH_DATABASE
PREPARED = f"{INSTALLED}_prepared"
DATABASE = f"{INSTALLED}_run"
MODULES = ("finance_bench",)
WORKERS = 3  # jobs take two at most
ENV = {"ODOO_RC": str(CONF)}


class Place:
    """A prepared database, servers on fresh copies of it and what runs beside them.

    ``systems`` are the prepared systems as ``_inside.prepare`` tells them.
    """

    def __init__(self, server: Server):
        self.server = server
        _write_config()
        database.ensure(server, INSTALLED, MODULES, **ENV)
        database.copy(server, INSTALLED, PREPARED)
        self.systems = run_together([self._start(PREPARED, "prepare")])[0]

    @contextmanager
    def odoo(self, **env: str) -> Iterator[int]:
        """The port of a prefork Odoo with three workers and the job runner, on a copy
        of the database that nothing has been delivered to."""
        self.renew()
        with odoo_server.serving(
            self.server, DATABASE, _free_port(), WORKERS, **ENV, **env
        ) as running:
            yield running.port

    def renew(self, name: str = DATABASE) -> None:
        """Begin with a copy of the database that nothing has been delivered to."""
        database.copy(self.server, PREPARED, name)

    def drop(self, name: str) -> None:
        """Give the disk back."""
        database.drop(self.server, name)

    def start_inside(
        self, job: str, *arguments, name: str = DATABASE
    ) -> subprocess.Popen:
        """A process that runs ``_inside.<job>(env, *arguments)`` on the copy."""
        return self._start(name, job, *arguments)

    def _start(self, name: str, job: str, *arguments) -> subprocess.Popen:
        return subprocess.Popen(
            [PYTHON, "-m", "benches._inside", name, job, json.dumps(arguments)],
            env=odoo_server.environment(self.server, **ENV),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def inside(self, job: str, *arguments, name: str = DATABASE):
        """What ``_inside.<job>`` returns, which is plain data."""
        return run_together([self.start_inside(job, *arguments, name=name)])[0]

    def query(self, text: str) -> tuple:
        """The first row of a query."""
        return database.rows(self.server, DATABASE, text)[0]


def run_together(processes: list[subprocess.Popen]) -> list:
    """What processes of :meth:`Place.start_inside` return, started at one time."""
    for process in processes:
        process.stdout.readline()  # it has loaded Odoo
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    told = [process.communicate()[0] for process in processes]
    if any(process.returncode for process in processes):
        raise SetupError("A process inside Odoo failed.")
    return [json.loads(each) for each in told]


def _write_config() -> None:
    """This clone's odoo.conf with the addon of the benchmarks on its path."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(ODOO_CONF)
    parser["options"]["addons_path"] += f",{ADDONS}"
    CONF.touch(mode=0o600)
    with CONF.open("w") as output:
        parser.write(output)


def _free_port() -> int:
    """A port with a free one three above it, where the websocket worker goes."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 3))
            except OSError:
                continue
            return port
