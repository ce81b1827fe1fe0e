"""Seals are kept outside, where the owner of the database cannot write."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from odoo.tests import tagged

from ..seals import exported_hashes
from .common import HubCase

KEY = "the key of the store"


class Store:
    """Keeps the files that are put there; ``status`` is what it answers."""

    def __init__(self):
        self.files = {}
        self.status = 201

    @contextmanager
    def open(self):
        store = self

        class Handler(BaseHTTPRequestHandler):
            def do_PUT(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                known = self.headers.get("Authorization") == f"Bearer {KEY}"
                status = store.status if known else 401
                if status == 201:
                    store.files[self.path] = body
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args):
                """Stay silent."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            server.server_close()


@tagged("post_install", "-at_install")
class SealStore(HubCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.seals = cls.env["finance.log.seal"]

    def setUp(self):
        super().setUp()
        self.store_ = Store()
        url = self.enterContext(self.store_.open())
        self.outside = self.env["finance.system"].create(
            {
                "name": "Safe",
                "code": "safe",
                "connector": "seal_store",
                "company_id": self.company.id,
                "base_url": url,
                "environment": "test",
            }
        )
        self.env["finance.credential"].create(
            {"system_id": self.outside.id, "kind": "api", "secret": KEY}
        )
        self.flow = self.outside.flow_ids
        self.call_in_this_transaction()
        self.seal_more()

    def seal_more(self):
        self.env["finance.log"]._append([{"event": "made.up"}])
        self.env.cr.execute("SELECT max(id) FROM finance_log")
        [(last,)] = self.env.cr.fetchall()
        while self.seals._seal_block(last):
            pass

    def send(self):
        return self.seals._send_next(self.flow)

    def sent(self):
        found = {}
        for body in self.store_.files.values():
            found |= exported_hashes(body)
        return found

    def exception(self):
        return self.env["finance.exception"].search(
            [("system_id", "=", self.outside.id), ("state", "=", "open")]
        )

    def test_every_seal_is_sent_once(self):
        self.send()
        self.assertEqual(self.send(), 0)
        self.seal_more()
        self.assertEqual(self.send(), 1)
        self.assertEqual(
            self.sent(), exported_hashes("".join(self.seals._export()).encode())
        )

    def test_a_rewritten_chain_is_found_by_what_was_sent(self):
        self.send()
        self.assertIsNone(self.seals._verify(self.sent()).fault)
        self.env.cr.execute(
            "ALTER TABLE finance_log_seal DISABLE TRIGGER finance_append_only;"
            "DELETE FROM finance_log_seal WHERE id ="
            " (SELECT max(id) FROM finance_log_seal)"
        )
        self.env["finance.log"]._append([{"event": "slipped.in"}])
        self.seal_more()
        self.assertIsNone(self.seals._verify().fault)
        self.assertEqual(self.seals._verify(self.sent()).fault.kind, "foreign")

    def test_a_store_that_takes_nothing_is_told_of_and_asked_again(self):
        for status in (500, 403, 429):
            self.store_.status = status
            self.assertEqual(self.send(), 0)
            self.assertEqual(len(self.exception()), 1)
            self.assertNotIn(KEY, self.exception().name)
        self.store_.status = 201
        self.assertTrue(self.send())
        self.assertFalse(self.exception())
        self.assertTrue(self.sent())

    def test_without_a_key_nothing_is_sent(self):
        self.env["finance.credential"].search(
            [("system_id", "=", self.outside.id)]
        ).unlink()
        self.assertEqual(self.send(), 0)
        self.assertFalse(self.store_.files)
        self.assertIn("no API key", self.exception().name)

    def test_the_schedule_is_that_of_the_flow(self):
        self.send()
        self.seal_more()
        before = len(self.store_.files)
        self.env.flush_all()
        # a cursor of which a commit is a savepoint
        with self.registry.cursor() as cr:
            env = self.env(cr=cr)
            env["finance.log.seal"]._cron_send()
            self.assertEqual(len(self.store_.files), before)
            self.flow.with_env(env).pulled_at = False
            env["finance.log.seal"]._cron_send()
        self.assertEqual(len(self.store_.files), before + 1)
