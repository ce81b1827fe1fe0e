"""Kill -9, again and again, while money travels; at the end nothing is lost or twice.

Each round sends deliveries as a real sender does (again until it hears a 2xx) and
kills something: the process that reaches a chosen point, any child of the server, a
connection of PostgreSQL, or all of PostgreSQL. Then everything has to come to rest by
itself. ``setup/test --chaos 200`` plays 200 rounds; without it every kind has one.
"""

import os
import random
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from decimal import Decimal
from http.client import HTTPException
from pathlib import Path
from threading import Event, Thread

import psycopg2
import pytest
from door import (
    DATABASE,
    ENV,
    Door,
    children,
    eventually,
    furnish,
    new_id,
    order,
    start,
)
from lib import database, odoo_server, postgres
from lib.console import SetupError
from lib.paths import LOCAL, ODOO_BIN, PYTHON

CLUSTER = postgres.Cluster(LOCAL / "pg-chaos")  # nobody else works in it
POINT = LOCAL / "failpoint"
FAILPOINTS = {
    "FINANCE_FAILPOINT": str(POINT),
    "ODOO_QUEUE_JOB_CHANNELS": "root:2",
}
OPTIONS = {
    "server_wide_modules": "base,rpc,web,queue_job,finance_failpoints",
    "addons": Path(__file__).with_name("failpoints"),
}
DELIVERIES = 24  # a round
SENDERS = 4
PATIENCE = 300  # seconds until a delivery is taken, or all is at rest
MOVED = "finance_document_move_rel"
STORED = "INSERT INTO finance_message"


def at(moment, text):
    """A kind of chaos: whoever reaches this point of a transaction dies."""

    def arm(_door):
        POINT.write_text(f"{moment}:{text}")

    return arm


def kill_a_child(door: Door):
    """A worker, the job runner or the scheduler, whichever it hits."""
    _wait_a_moment()
    if pids := door.workers():
        _kill(random.choice(pids))


def kill_every_child(door: Door):
    _wait_a_moment()
    for child in door.workers():
        _kill(child)


def kill_a_connection(door: Door):
    """PostgreSQL takes that for a crash: it ends all others and recovers."""
    _wait_a_moment()
    backends = door.rows(
        "SELECT pid FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    if backends:
        _kill(random.choice(backends)[0])


def kill_postgresql(_door: Door):
    """FAULTS 27: all of it at once, and start it again."""
    _wait_a_moment()
    postmaster = CLUSTER.pid()
    for pid in (postmaster, *children(postmaster)):
        _kill(pid)
    eventually(lambda: not Path(f"/proc/{postmaster}").exists())
    CLUSTER.start()


CHAOS = {
    "before_the_delivery_is_stored": at("statement", STORED),
    # the statement that stores a delivery commits it too
    "delivery_stored_not_acknowledged": at("commit", STORED),
    "delivery_committed_not_acknowledged": at("committed", STORED),
    "before_the_effect": at("statement", 'INSERT INTO "account_move"'),
    "in_the_effect": at("statement", MOVED),
    "after_the_effect": at("commit", MOVED),
    "effect_committed_not_acknowledged": at("committed", MOVED),
    "any_child": kill_a_child,
    "every_child": kill_every_child,
    "a_connection": kill_a_connection,
    "all_of_postgresql": kill_postgresql,
}


def pytest_generate_tests(metafunc):
    if "kind" not in metafunc.fixturenames:
        return
    rounds = metafunc.config.getoption("--chaos") or len(CHAOS)
    names = [list(CHAOS)[number % len(CHAOS)] for number in range(rounds)]
    metafunc.parametrize("kind", names, ids=_numbered(names))


def _numbered(names):
    return [f"{number}-{name}" for number, name in enumerate(names, 1)]


class Supervisor(Thread):
    """Starts Odoo again when it ends, as a service manager does: its first process
    gives up when it must start a worker while PostgreSQL recovers."""

    def __init__(self, door: Door):
        super().__init__()
        self.door = door
        self.ending = Event()

    def run(self):
        while not self.ending.is_set():
            with suppress(SetupError), start(self.door, **FAILPOINTS) as running:
                self.door.pid = running.pid
                while running.alive and not self.ending.wait(0.2):
                    pass


@pytest.fixture(scope="module")
def door():
    POINT.unlink(missing_ok=True)
    with postgres.running() as server, CLUSTER.running() as own:
        database.renew(server, DATABASE)
        database.carry(DATABASE, server, own)
        door = furnish(own, options=OPTIONS)
        supervisor = Supervisor(door)
        supervisor.start()
        try:
            eventually(lambda: door.pid and door.answers(), PATIENCE)
            yield door
        finally:
            supervisor.ending.set()
            supervisor.join()


@pytest.fixture(scope="module")
def sent():
    """{identity: amount} of everything a sender was told is accepted."""
    return {}


def test_whatever_is_killed_and_whenever_the_books_are_right(door, sent, kind):
    """FAULTS 26, 27, 29: received = posted + held + …, every amount ties, nothing is
    there twice."""
    chaos = CHAOS[kind]
    bodies = _bodies()
    with ThreadPoolExecutor(SENDERS + 1) as pool:
        disturbance = pool.submit(chaos, door)
        for identity, amount in pool.map(lambda each: _send(door, *each), bodies):
            sent[identity] = amount
        disturbance.result()
    _come_to_rest(door)
    assert not POINT.exists(), "nobody came by the chosen point"
    _check_books(door, sent)


def test_the_chain_of_the_log_is_whole(door):
    """FAULTS 47, after everything above."""
    command = [PYTHON, ODOO_BIN, "finance_log", "verify", "-d", DATABASE]
    env = odoo_server.environment(door.server, **ENV, **odoo_server.NO_JOBS)
    env["FINANCE_FAILPOINT"] = str(POINT)
    subprocess.run(command, env=env, check=True, timeout=120)


def _bodies():
    """(identity, amount, bytes): payments, one of them a duplicate, one unmapped."""
    found = []
    for number in range(DELIVERIES):
        identity, amount = new_id(), Decimal(random.randint(1, 99999)) / 100
        text = f"{amount:.2f}"
        more = {"category": "never_heard_of"} if number == 0 else {}
        body = order(identity, amount=text, net=text, **more)
        found.append((identity, None if more else amount, body))
    return [*found, found[-1]]


def _send(door: Door, identity, amount, body):
    """Until it is taken, as the senders of the world do."""

    def taken():
        try:
            return door.deliver("demo", body).status == 202
        except (AssertionError, OSError, ValueError, EOFError, HTTPException):
            return False  # no answer, half of one, or Odoo's while PostgreSQL is away

    eventually(taken, PATIENCE)
    return identity, amount


def _come_to_rest(door: Door):
    """Nothing waits any more. The scheduler runs each minute; it is asked to now."""

    def rested():
        try:
            _wake_the_scheduler(door)
            return not any(_waiting(door))
        except psycopg2.Error:
            return False

    eventually(rested, PATIENCE)


def _waiting(door: Door):
    yield door.rows(
        "SELECT count(*) FROM finance_message WHERE state IN ('received', 'retrying')"
    )[0][0]
    yield door.rows(
        "SELECT count(*) FROM finance_document"
        " WHERE state IN ('normalised', 'mapped', 'ready')"
    )[0][0]


def _wake_the_scheduler(door: Door):
    door.rows(
        "INSERT INTO ir_cron_trigger (cron_id, call_at)"
        " SELECT res_id, now() AT TIME ZONE 'UTC' FROM ir_model_data"
        "  WHERE module = 'finance_integration' AND name = 'cron_sweep'"
        " RETURNING id"
    )
    door.rows("SELECT pg_notify('cron_trigger', current_database())")
    time.sleep(0.5)


def _check_books(door: Door, sent):
    system = door.systems["demo"]["id"]
    states = dict(
        door.rows(
            "SELECT state, count(*) FROM finance_document WHERE system_id = %s"
            " GROUP BY state",
            system,
        )
    )
    payments = [amount for amount in sent.values() if amount is not None]
    assert door.count("demo") == len(sent)
    assert sum(states.values()) == len(sent)
    assert states.get("posted", 0) + states.get("reconciled", 0) == len(payments)
    assert states.get("held", 0) == len(sent) - len(payments)
    entries = door.rows(
        """SELECT count(DISTINCT rel.move_id), count(*), count(DISTINCT document_id),
                  (SELECT count(*) FROM account_move WHERE state = 'posted'),
                  (SELECT count(*) FROM account_move)
             FROM finance_document_move_rel rel"""
    )
    assert entries == [(len(payments),) * 5]
    [(debit, balance)] = door.rows(
        "SELECT sum(debit)::text, sum(balance)::text FROM account_move_line"
        " WHERE parent_state = 'posted'"
    )
    assert (Decimal(debit), Decimal(balance)) == (sum(payments), 0)


def _wait_a_moment():
    time.sleep(random.uniform(0, 3))


def _kill(pid: int):
    with suppress(ProcessLookupError):  # it ended by itself
        os.kill(pid, signal.SIGKILL)
