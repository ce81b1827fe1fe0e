"""Where benchmarks run: a fresh copy of a prepared database, and servers for it."""

import configparser
import json
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lib import config, database, odoo_server
from lib.paths import LOCAL, ODOO_CONF, PYTHON
from lib.postgres import Server

ADDONS = Path(__file__).parent / "addons"
CONF = LOCAL / "bench.conf"
TEMPLATE = config.BENCH_DATABASE
DATABASE = f"{config.BENCH_DATABASE}_run"
MODULES = ("finance_bench",)
WORKERS = 2
ENV = {"ODOO_RC": str(CONF)}


class Place:
    """A database made anew and what runs on it.

    ``systems`` are the prepared systems as ``_inside.prepare`` tells them.
    """

    def __init__(self, server: Server):
        self.server = server
        _write_config()
        database.ensure(server, TEMPLATE, MODULES, **ENV)
        database.copy(server, TEMPLATE, DATABASE)
        self.systems = self.inside("prepare")

    @contextmanager
    def odoo(self, **env: str) -> Iterator[int]:
        """The port of a prefork Odoo with two workers and the job runner."""
        with odoo_server.serving(
            self.server, DATABASE, _free_port(), WORKERS, **ENV, **env
        ) as running:
            yield int(running.url.rpartition(":")[2])

    def start_inside(self, job: str, *arguments) -> subprocess.Popen:
        """A process that runs ``_inside.<job>(env, *arguments)`` with Odoo."""
        return subprocess.Popen(
            [PYTHON, "-m", "benches._inside", DATABASE, job, json.dumps(arguments)],
            env=odoo_server.environment(self.server, **ENV),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def inside(self, job: str, *arguments):
        """What ``_inside.<job>`` returns, which is plain data."""
        with self.start_inside(job, *arguments) as process:
            told, _ = process.communicate("\n")
        if process.returncode:
            raise RuntimeError(f"benches._inside {job} failed")
        return json.loads(told.splitlines()[-1])


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
