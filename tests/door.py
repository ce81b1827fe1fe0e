"""A real prefork Odoo with three workers, and a sender that can also misbehave."""

import base64
import configparser
import http.client
import itertools
import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType

import psycopg2
from lib import database, odoo_server
from lib.paths import LOCAL, LOGS, ODOO_CONF, PYTHON
from lib.postgres import Server

from odoo.addons.finance_connector_demo.connector import DemoConnector
from odoo.addons.finance_connector_stripe.connector import StripeConnector

# Of several processes of pytest-xdist each has servers of its own.
NAME = f"e2e{os.environ.get('PYTEST_XDIST_WORKER', '')}"
DATABASE = f"finance_{NAME}_run"
CONF = LOCAL / f"{NAME}.conf"
KEY_FILE = LOCAL / f"{NAME}.key"
ENV = {"ODOO_RC": str(CONF)}
LOG = LOGS / f"odoo-{DATABASE}.log"
SCHEMES = {"stripe": StripeConnector.signature}
NOWHERE = "http://127.0.0.1:9"
NO_OPTIONS: Mapping = MappingProxyType({})
TIMEOUT = 30  # seconds for one answer
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Answer:
    """What the door said; ``headers`` have lower-case names."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def told(self) -> dict:
        return json.loads(self.body)


@dataclass
class Door:
    """One running server, its database and what its senders know."""

    port: int
    pid: int
    server: Server
    systems: dict = field(repr=False)

    # -- sending -------------------------------------------------------------------

    def post(self, code: str, body: bytes, headers=(), path: str = "") -> Answer:
        """POST with exactly these headers besides length, type and host."""
        pairs = [*dict(headers).items()] if isinstance(headers, dict) else [*headers]
        names = {name.lower() for name, _value in pairs}
        for name, value in (
            ("host", "localhost"),
            ("content-type", "application/json"),
            ("content-length", str(len(body))),
        ):
            if name not in names:
                pairs.append((name, value))
        target = path or f"/finance/webhook/{code}"
        head = f"POST {target} HTTP/1.1\r\n".encode() + b"".join(
            _bytes(name) + b": " + _bytes(value) + b"\r\n" for name, value in pairs
        )
        return self.send(head + b"connection: close\r\n\r\n" + body)

    def send(self, data: bytes) -> Answer:
        """Bytes as they are; whatever they are, the answer keeps the promises."""
        with closing(self.connect()) as connection:
            try:
                connection.sendall(data)
            except (BrokenPipeError, ConnectionResetError):
                pass  # refused before it was read whole; the answer tells
            return keep_promises(_read(connection))

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=TIMEOUT)

    def deliver(
        self, code: str, body: bytes, *, secret="now", late=0, **more
    ) -> Answer:
        """A delivery signed as its system signs, ``late`` seconds ago."""
        return self.post(code, body, self.sign(code, body, secret, late), **more)

    def sign(self, code: str, body: bytes, secret="now", late=0) -> dict[str, str]:
        key = self.systems[code]["secrets"].get(secret, secret)
        moment = datetime.now(UTC) - timedelta(seconds=late)
        return scheme(code).sign(body, key, moment)

    # -- the database --------------------------------------------------------------

    def rows(self, query: str, *values) -> list[tuple]:
        """What is committed."""
        with closing(self.database()) as connection, connection.cursor() as cursor:
            cursor.execute(query, values)
            return cursor.fetchall()

    def database(self):
        connection = psycopg2.connect(
            host=self.server.host,
            port=self.server.port,
            user=self.server.user,
            password=self.server.password,
            dbname=DATABASE,
            connect_timeout=10,
        )
        connection.autocommit = True
        return connection

    def messages(self, code: str, identity: str) -> list[tuple]:
        """(id, revision, state) of every message of that identity."""
        return self.rows(
            "SELECT id, revision, state FROM finance_message"
            " WHERE system_id = %s AND identity = %s ORDER BY revision",
            self.systems[code]["id"],
            identity,
        )

    def count(self, code: str) -> int:
        """How many messages the system has."""
        system = self.systems[code]["id"]
        query = "SELECT count(*) FROM finance_message WHERE system_id = %s"
        return self.rows(query, system)[0][0]

    def log(self, code: str, event: str) -> list[str]:
        """The details of the system's log entries of that kind, oldest first."""
        return [
            detail
            for (detail,) in self.rows(
                "SELECT detail FROM finance_log WHERE system_id = %s AND event = %s"
                " ORDER BY id",
                self.systems[code]["id"],
                event,
            )
        ]

    # -- its processes -------------------------------------------------------------

    def workers(self) -> list[int]:
        """The process ids of the server's children."""
        return children(self.pid)

    def kill_workers(self) -> None:
        """kill -9, and wait until new ones answer."""
        for pid in self.workers():
            os.kill(pid, 9)
        eventually(self.answers)

    def answers(self) -> bool:
        try:
            return (
                self.send(b"GET /web/health HTTP/1.0\r\nhost: x\r\n\r\n").status == 200
            )
        except (OSError, http.client.HTTPException):  # no worker yet
            return False


def children(pid: int) -> list[int]:
    """The process ids of a process' children; none when it has ended."""
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except FileNotFoundError:
        return []
    return [int(each) for each in text.split()]


def scheme(code: str):
    """How the system's sender signs."""
    return SCHEMES.get(code, DemoConnector.signature)


def keep_promises(answer: Answer) -> Answer:
    """Never a cookie, never a redirect, never a 5xx but 503 with Retry-After."""
    assert "set-cookie" not in answer.headers, answer
    assert "location" not in answer.headers, answer
    assert not 300 <= answer.status < 400, answer
    assert answer.status < 500 or answer.status == 503, answer
    assert answer.status != 503 or int(answer.headers["retry-after"]) > 0
    return answer


def eventually(check, seconds: float = 30):
    """The first true result of ``check``; fails after ``seconds``."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if result := check():
            return result
        time.sleep(0.1)
    raise AssertionError(f"{check} did not become true in {seconds} s")


def new_id() -> str:
    return f"d-{next(_numbers)}"


def order(identity: str = "", **fields) -> bytes:
    """The bytes of a demo delivery: one payment of 10 EUR without an invoice."""
    identity = identity or new_id()
    document = {
        "type": "balance_transaction",
        "source_id": f"txn-{identity}",
        "occurred_at": "2026-03-10T10:00:00Z",
        "currency": "EUR",
        "category": "payment",
        "amount": "10.00",
        "net": "10.00",
        **fields,
    }
    return json.dumps({"id": identity, "documents": [document]}).encode()


def stripe_event(identity: str = "", **fields) -> bytes:
    """The bytes of a Stripe event of a type nobody knows."""
    return json.dumps(
        {
            "id": identity or f"evt_{new_id()}",
            "object": "event",
            "type": "something.new",
            "created": 1772359200,
            "data": {"object": {"id": "x_1", "object": "thing"}},
            **fields,
        }
    ).encode()


@contextmanager
def serving(server: Server, url: str = NOWHERE, **env: str) -> Iterator[Door]:
    """A door on a fresh database with a key of its own. One system pulls from
    ``url``; ``env`` is added to the server's environment."""
    door = prepare(server, url)
    with start(door, **env) as running:
        door.pid = running.pid
        yield door


def prepare(server: Server, url: str = NOWHERE) -> Door:
    """A door on a fresh database that nobody has opened yet."""
    database.renew(server, DATABASE)
    return furnish(server, url)


def furnish(server: Server, url: str = NOWHERE, options: Mapping = NO_OPTIONS) -> Door:
    """A door on the database as ``server`` has it. ``options`` are more lines of
    odoo.conf, ``addons`` among them is a folder of more modules."""
    _write_config(server, options)
    LOG.unlink(missing_ok=True)
    return Door(_free_port(), 0, server, _prepare(server, url))


def start(door: Door, **env: str):
    """The server behind a prepared door, until the block ends."""
    return odoo_server.serving(door.server, DATABASE, door.port, **ENV, **env)


def _prepare(server: Server, url: str) -> dict:
    run = subprocess.run(
        [PYTHON, Path(__file__).with_name("inside_odoo.py"), DATABASE, url],
        env=odoo_server.environment(server, **ENV),
        stdout=subprocess.PIPE,
        check=True,
        timeout=300,
    )
    return json.loads(run.stdout.splitlines()[-1])


def _write_config(server: Server, options: Mapping) -> None:
    """This clone's odoo.conf for ``server``, with a key that can be taken away, and
    ``options``."""
    KEY_FILE.touch(mode=0o600)
    KEY_FILE.write_bytes(base64.urlsafe_b64encode(os.urandom(32)))
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(ODOO_CONF)
    parser["finance_integration"]["key_file"] = str(KEY_FILE)
    more = {**server.options(), **options}
    if folder := more.pop("addons", None):
        more["addons_path"] = f"{parser['options']['addons_path']},{folder}"
    parser["options"].update(more)
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


def _read(connection: socket.socket) -> Answer:
    response = http.client.HTTPResponse(connection)
    response.begin()
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, headers, response.read())


def _bytes(value) -> bytes:
    return value if isinstance(value, bytes) else value.encode("latin-1")
