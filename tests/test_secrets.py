"""After real traffic no secret is in a dump of the database, a job or a log."""

import base64
import subprocess
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from door import (
    DATABASE,
    KEY_FILE,
    LOG,
    Door,
    eventually,
    new_id,
    order,
    serving,
)
from lib import postgres

JOBS = {"ODOO_QUEUE_JOB_CHANNELS": "root:2"}


class Echo(BaseHTTPRequestHandler):
    """A provider that quotes the key it was sent: in its answer and its headers."""

    seen: list[str] = []

    def do_GET(self):
        key = self.headers.get("Authorization", "")
        self.seen.append(key)
        body = f'{{"error": "the key {key} is not valid"}}'.encode()
        self.send_response(401, f"{key} is not valid")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Quoted", key)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words):
        pass


@contextmanager
def echoing():
    """The address of a provider that is told a key and quotes it."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def traffic():
    """(door, what was stored and written) after every kind of traffic."""
    with (
        postgres.running() as server,
        echoing() as url,
        serving(server, url, **JOBS) as door,
    ):
        identity = new_id()
        for _time in range(3):
            assert door.deliver("demo", order(identity)).status == 202
        eventually(lambda: posted(door, identity), 90)
        for secret in ("whsec_wrong", door.systems["other"]["secrets"]["now"]):
            assert door.deliver("demo", order(), secret=secret).status == 401
        assert door.deliver("demo", b"{").status == 400
        assert door.deliver("strict", order("same")).status == 202
        assert door.deliver("strict", order("same", description="x")).status == 409
        eventually(lambda: Echo.seen, 90)
        eventually(lambda: refused(door), 90)
        yield door, dump(server)


def posted(door: Door, identity: str) -> list[tuple]:
    return door.rows(
        "SELECT document.id, move.move_id FROM finance_document document"
        " JOIN finance_document_move_rel move ON move.document_id = document.id"
        " WHERE source_id = %s",
        f"txn-{identity}",
    )


def refused(door: Door) -> list[tuple]:
    """The exception about the key that the provider refused."""
    return door.rows(
        "SELECT id FROM finance_exception WHERE system_id = %s AND cause LIKE %s",
        door.systems["pulling"]["id"],
        "pull:%",
    )


def dump(server: postgres.Server) -> bytes:
    run = subprocess.run(
        [postgres.BIN / "pg_dump", DATABASE],
        env=server.environment(),
        capture_output=True,
        check=True,
        timeout=300,
    )
    return run.stdout


def secrets_of(door: Door) -> dict[str, bytes]:
    """Everything that must not be found, by name."""
    found = {
        f"{code} {name}": secret.encode()
        for code, system in door.systems.items()
        for name, secret in system["secrets"].items()
    }
    keys = {f"key file {n}": key for n, key in enumerate(KEY_FILE.read_bytes().split())}
    assert any(name.endswith(" api") for name in found) and keys
    return found | keys


def leaks(door: Door, text: bytes) -> list[str]:
    """The names of the secrets ``text`` holds, plain, as hex or as base64."""
    return [
        name
        for name, secret in secrets_of(door).items()
        for form in (
            secret,
            secret.hex().encode(),
            base64.b64encode(secret).rstrip(b"="),
            base64.urlsafe_b64encode(secret).rstrip(b"="),
        )
        if form in text
    ]


def test_three_deliveries_of_one_id_became_one_document_and_one_entry(traffic):
    """FAULTS 1."""
    door, _dump = traffic
    [(source,)] = door.rows(
        "SELECT min(source_id) FROM finance_document WHERE system_id = %s"
        " AND state IN ('posted', 'reconciled')",
        door.systems["demo"]["id"],
    )
    assert len(posted(door, source.removeprefix("txn-"))) == 1
    assert len(door.messages("demo", source.removeprefix("txn-"))) == 1


def test_dump_of_the_database_holds_no_secret(traffic):
    door, text = traffic
    assert b"pulling" in text and b"delivery.refused" in text  # a whole dump
    assert leaks(door, text) == []


def test_arguments_of_jobs_hold_no_secret_and_no_payload(traffic):
    door, _dump = traffic
    jobs = door.rows(
        "SELECT concat_ws(' ', name, func_string, records::text, args::text,"
        " kwargs::text, exc_info, exc_message, result) FROM queue_job"
    )
    text = "\n".join(job for (job,) in jobs).encode()
    assert b"_job_drain" in text and b"_job_pull" in text
    assert leaks(door, text) == []
    assert b"txn-" not in text and b"10.00" not in text


def test_log_of_the_server_holds_no_secret(traffic):
    door, _dump = traffic
    text = LOG.read_bytes()
    assert b"/finance/webhook/demo" in text
    assert leaks(door, text) == []


def test_payloads_are_not_readable_in_the_dump(traffic):
    _door, text = traffic
    assert b'"documents": [{' not in text


def test_provider_was_really_shown_the_key(traffic):
    """Else the tests above would show nothing."""
    door, _dump = traffic
    key = door.systems["pulling"]["secrets"]["api"]
    assert f"Bearer {key}" in Echo.seen
