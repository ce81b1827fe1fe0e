"""A copy of a database that is at work, made harmless by Odoo's own `neutralize`."""

import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from door import DATABASE, ENV, Door, eventually, order, prepare
from lib import database, odoo_server, postgres
from lib.paths import ODOO_BIN, PYTHON

COPY = f"{DATABASE}_copy"
JOBS = {"ODOO_QUEUE_JOB_CHANNELS": "root:2"}
STORE_KEY = "sk_of_the_store"
LIMIT = 300  # seconds
# What would run by itself, of ours: scheduled actions, and jobs of any kind.
WAITING = """SELECT cron.cron_name FROM ir_cron cron JOIN ir_model_data data
                  ON data.res_id = cron.id AND data.model = 'ir.cron'
               WHERE cron.active AND starts_with(data.module, 'finance_')
              UNION ALL
             SELECT name FROM queue_job
              WHERE state NOT IN ('done', 'cancelled', 'failed')"""


@contextmanager
def listening() -> Iterator[tuple[str, list]]:
    """The address of a provider, and what it was asked: (method, key)."""
    asked = []

    class Provider(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append((self.command, self.headers["Authorization"]))
            self.send_response(401)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_PUT = do_GET

        def log_message(self, *_words):
            """Stay silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Provider) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


def inside(server: postgres.Server, name: str, *words: str):
    """What a function of copy_inside.py returns, in database ``name``."""
    run = subprocess.run(
        [PYTHON, Path(__file__).with_name("copy_inside.py"), name, *words],
        env=odoo_server.environment(server, **ENV),
        stdout=subprocess.PIPE,
        check=True,
        timeout=LIMIT,
    )
    return json.loads(run.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def copied():
    """(the door of the original, which now leads to the copy; what was seen in each
    database; what the provider is asked from now on). The copy has the key file of the
    original, as a careless one would."""
    with postgres.running() as server, listening() as (url, asked):
        door = prepare(server, url)
        inside(server, DATABASE, "fill", url, STORE_KEY)
        database.copy(server, DATABASE, COPY)
        words = [PYTHON, ODOO_BIN, "neutralize", "-d", COPY]
        env = odoo_server.environment(server, **ENV)
        subprocess.run(words, env=env, check=True, timeout=LIMIT)
        told = {"waiting": database.rows(server, COPY, WAITING)}
        for name in (COPY, DATABASE):
            told[name] = inside(server, name, "live") | {"asked": asked[:]}
        asked.clear()
        with odoo_server.serving(server, COPY, door.port, **ENV, **JOBS):
            yield door, told, asked
        database.drop(server, COPY)


def of_copy(door: Door, query: str) -> list[tuple]:
    return database.rows(door.server, COPY, query)


def test_the_original_calls_out_with_its_keys(copied):
    """Else the tests below would show nothing."""
    door, told, _asked = copied
    key = door.systems["pulling"]["secrets"]["api"]
    assert ("GET", f"Bearer {key}") in told[DATABASE]["asked"]
    assert ("PUT", f"Bearer {STORE_KEY}") in told[DATABASE]["asked"]
    assert {key, STORE_KEY} <= set(told[DATABASE]["secrets"])


def test_no_secret_of_the_copy_can_be_read(copied):
    door, told, _asked = copied
    assert told[COPY]["secrets"] == []
    assert of_copy(door, "SELECT FROM finance_credential WHERE ciphertext > ''") == []


def test_the_copy_calls_nobody_even_when_its_actions_and_jobs_are_run(copied):
    _door, told, _asked = copied
    assert told[COPY]["asked"] == []


def test_nothing_in_the_copy_waits_to_run(copied):
    door, told, asked = copied
    assert database.rows(door.server, DATABASE, WAITING)
    assert told["waiting"] == []
    assert asked == []


def test_the_door_of_the_copy_believes_no_delivery(copied):
    door, _told, _asked = copied
    first = {code: door.deliver(code, order()).status for code in door.systems}
    assert first == dict.fromkeys(door.systems, 404)
    of_copy(door, "UPDATE finance_flow SET active = true")
    of_copy(door, "INSERT INTO orm_signaling_default DEFAULT VALUES")
    eventually(lambda: door.deliver("demo", order()).status != 404)
    again = {code: door.deliver(code, order()).status for code in door.systems}
    assert again == dict.fromkeys(door.systems, 401)
