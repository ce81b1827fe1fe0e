"""What the network can do to a call: FAULTS 35 to 37, against real servers here."""

import contextlib
import itertools
import socket
import ssl
import struct
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch

import requests.adapters
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from odoo.tests import tagged
from odoo.tests.common import _super_send

from odoo.addons.finance_core.connector import Request
from odoo.addons.finance_core.errors import Refused, RetryLater
from odoo.addons.finance_core.tests import certificates

from .. import transport
from ..models import finance_sender
from .common import HubCase

ASK = Request("GET", "/documents")
OK = b"HTTP/1.1 200 OK\r\n"
DRIP = 0.05  # seconds between two bytes


class Server:
    """Lets ``behave`` answer every connection, after what was asked is read."""

    def __init__(self, behave, context=None):
        self.behave = behave
        self.context = context
        self.asked = []

    @contextlib.contextmanager
    def open(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.port = listener.getsockname()[1]
            threading.Thread(target=self._serve, args=[listener], daemon=True).start()
            yield self

    def _serve(self, listener):
        with contextlib.suppress(OSError):  # closed: the test is over
            while True:
                connection, _address = listener.accept()
                threading.Thread(
                    target=self._answer, args=[connection], daemon=True
                ).start()

    def _answer(self, connection):
        with contextlib.suppress(OSError), connection:
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
            self.asked.append(connection.recv(65536))
            self.behave(connection)


def says(*parts):
    """Behaviour: send these bytes, then end the connection."""

    def behave(connection):
        for part in parts:
            connection.sendall(part)

    return behave


def drips(start, parts):
    """Behaviour: send ``start``, then the parts one by one, slowly and for long."""

    def behave(connection):
        connection.sendall(start)
        for part in parts:
            time.sleep(DRIP)
            connection.sendall(part)

    return behave


def resets(*parts):
    """Behaviour: send these bytes, then reset the connection (RST)."""

    def behave(connection):
        says(*parts)(connection)
        linger = struct.pack("ii", 1, 0)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        connection.close()

    return behave


@tagged("post_install", "-at_install")
class Network(HubCase):
    @classmethod
    def _request_handler(cls, session, request, /, **kwargs):
        """All names used here end at this machine, and timeouts are what is tested:
        Odoo's guard would hide both."""
        return _super_send(session, request, **kwargs)

    def setUp(self):
        super().setUp()
        self.system.environment = "test"
        self.env["finance.credential"].create(
            {"system_id": self.system.id, "kind": "api", "secret": "network-key"}
        )
        self.call_in_this_transaction()

    def serve(self, behave, context=None, host="127.0.0.1"):
        server = self.enterContext(Server(behave, context).open())
        scheme = "https" if context else "http"
        self.reach(f"{scheme}://{host}:{server.port}")
        return server

    def reach(self, url):
        self.system.base_url = url
        self.env["finance.credential"].search([]).write({"valid_to": False})
        self.env.flush_all()

    def call(self):
        self.env["finance.breaker"].search([]).unlink()
        return self.env["finance.sender"]._send(self.system, ASK)

    def assert_no_answer(self, within=5):
        start = time.monotonic()
        with self.assertRaises(RetryLater):
            self.call()
        self.assertLess(time.monotonic() - start, within)

    def hurry(self, **limits):
        for name, value in limits.items():
            for module in (transport, finance_sender):
                if hasattr(module, name):
                    self.enterContext(patch.object(module, name, value))

    # -- 35 ------------------------------------------------------------------------

    def test_faults_35_silent_answer(self):
        self.hurry(TIMEOUT=0.5)
        self.serve(lambda _connection: time.sleep(3))
        self.assert_no_answer(within=2.5)

    def test_faults_35_answers_that_drip_for_ever(self):
        self.hurry(DEADLINE=1)
        chunked = OK + b"Transfer-Encoding: chunked\r\n\r\n"
        for words, behave in (
            ("body", drips(OK + b"\r\n", itertools.repeat(b"x"))),
            ("chunks", drips(chunked, itertools.repeat(b"1\r\nx\r\n"))),
            ("header", drips(OK + b"X-Slow: ", itertools.repeat(b"x"))),
            ("headers", drips(OK, (b"X-%d: x\r\n" % n for n in itertools.count()))),
            ("interim", drips(b"", itertools.repeat(b"HTTP/1.1 100 Continue\r\n\r\n"))),
        ):
            self.serve(behave)
            with self.subTest(words):
                self.assert_no_answer(within=4)

    def test_faults_35_endless_body(self):
        self.hurry(MAX_RESPONSE_BYTES=100_000)
        self.serve(says(OK + b"\r\n", *itertools.repeat(b"x" * 9000, 1000)))
        with self.assertRaises(Refused) as refused:
            self.call()
        self.assertIn("too large", str(refused.exception))

    def test_faults_35_giant_headers(self):
        many = b"".join(b"X-%d: x\r\n" % n for n in range(1000))
        for words, headers in (
            ("long", b"X-Giant: " + b"x" * 10**6 + b"\r\n"),
            ("many", many),
        ):
            self.serve(says(OK + headers + b"\r\n"))
            with self.subTest(words):
                self.assert_no_answer()

    # -- 36 ------------------------------------------------------------------------

    def test_faults_36_reset_before_in_and_after_the_body(self):
        length = OK + b"Content-Length: 10\r\n\r\n"
        for words, behave in (
            ("before", resets()),
            ("200 then reset", resets(OK)),
            ("in the body", resets(length + b"{")),
            ("cut off", says(length + b"{")),
            ("cut off chunk", says(OK + b"Transfer-Encoding: chunked\r\n\r\n9\r\n{")),
        ):
            self.serve(behave)
            with self.subTest(words):
                self.assert_no_answer()

    def test_faults_36_certificate_expired_self_signed_or_of_another_host(self):
        now = datetime.now(UTC)
        root, key = certificates.new_key(), certificates.new_key()
        authority = certificates.authority("A", root, "A", root, now)
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        trusted = folder / "trusted.pem"
        trusted.write_bytes(certificates.pem(authority))
        bundle = patch.object(requests.adapters, "DEFAULT_CA_BUNDLE_PATH", str(trusted))
        self.enterContext(bundle)

        def host(*names, issuer=root, **options):
            made = certificates.host(names, key, "A", issuer, now, **options)
            return self._context(folder, key, made)

        answer = says(OK + b"Content-Length: 2\r\n\r\n{}")
        good = host("localhost")
        self.serve(answer, good, "localhost")
        self.assertEqual(self.call().body, b"{}", "the control")
        for words, context in (
            ("expired", host("localhost", days=(30, -1))),
            ("not yet valid", host("localhost", days=(-1, 30))),
            ("self-signed", host("localhost", issuer=key)),
            ("another host", host("elsewhere.example")),
        ):
            server = self.serve(answer, context, "localhost")
            with self.subTest(words):
                self.assert_no_answer()
                self.assertFalse(server.asked, "no key was shown")

    def _context(self, folder, key, certificate):
        file = folder / "host.pem"
        secret = key.private_bytes(
            Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
        )
        file.write_bytes(secret + certificates.pem(certificate))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    # -- 37 ------------------------------------------------------------------------

    def test_faults_37_redirect_is_not_followed(self):
        inside = self.enterContext(Server(says(OK + b"\r\n")).open())
        for status in (301, 302, 303, 307, 308):
            location = f"Location: http://127.0.0.1:{inside.port}/\r\n\r\n"
            answer = f"HTTP/1.1 {status} Go\r\nContent-Length: 0\r\n{location}"
            self.serve(says(answer.encode()))
            with self.subTest(status), self.assertRaises(Refused):
                self.call()
        self.assertFalse(inside.asked)

    def test_faults_37_host_written_in_another_way(self):
        """Decimal, octal, hexadecimal, short, mapped into IPv6, or just named."""
        server = self.serve(says(OK + b"\r\n"))
        self.system.environment = "production"
        for host in (
            "2130706433 017700000001 0177.0.0.1 0x7f.0.0.1 0x7f000001 127.1 0"
            " [::ffff:127.0.0.1] [::ffff:7f00:1] localhost"
        ).split():
            self.reach(f"https://{host}:{server.port}")
            with self.subTest(host), self.assertRaises(Refused) as refused:
                self.call()
            self.assertIn("internet", str(refused.exception))
        self.assertFalse(any(server.asked), "not a byte was said")

    def test_faults_37_name_that_changes_its_answer(self):
        """Whatever was looked up before, the connection itself is looked at."""
        server = self.serve(says(OK + b"\r\n"))
        self.system.environment = "production"
        self.reach(f"https://rebound.example:{server.port}")
        answers = iter(["93.184.215.14", "127.0.0.1"])
        real = socket.getaddrinfo

        def resolve(_host, port, *args, **kwargs):
            return real(next(answers), port, *args, **kwargs)

        with patch.object(socket, "getaddrinfo", resolve):
            looked_up = socket.getaddrinfo("rebound.example", 443)[0][4][0]
            self.assertTrue(transport.is_public(looked_up))
            with self.assertRaises(Refused):
                self.call()
        self.assertFalse(any(server.asked), "not a byte was said")

    def test_faults_37_plain_http_never_leaves_a_production_system(self):
        with (
            transport.open_session(inside=False) as session,
            self.assertRaises(requests.exceptions.InvalidSchema),
        ):
            session.get("http://example.com", timeout=1)
