"""Pulling pages from a real HTTP server on this machine."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from odoo.tests import tagged

from odoo.addons.finance_core.errors import Refused
from odoo.addons.queue_job.tests.common import trap_jobs

from .common import HubCase, txn

KEY = "pull-key-of-the-test"


class Shop:
    """Serves numbered pages; ``answers`` are statuses to give before the next page."""

    def __init__(self):
        self.pages = {}
        self.answers = []
        self.asked = []

    @contextmanager
    def open(self):
        server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            server.server_close()

    def _handler(self):
        shop = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                shop.asked.append(self.path)
                status, headers, body = shop.answer(self)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                """Stay silent."""

        return Handler

    def answer(self, request):
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return 401, {}, b"{}"
        if self.answers:
            return self.answers.pop(0)
        page = request.path.rpartition("=")[2]
        body = {"id": f"page-{page}", "documents": self.pages[page]}
        if str(int(page) + 1) in self.pages:
            body["next"] = str(int(page) + 1)
        return 200, {}, json.dumps(body).encode()


@tagged("post_install", "-at_install")
class Pulling(HubCase):
    def setUp(self):
        super().setUp()
        self.shop = Shop()
        self.shop.pages = {
            str(n): [txn(f"txn_{n}", "payment", "10.00")] for n in (1, 2, 3)
        }
        url = self.enterContext(self.shop.open())
        self.system.write({"base_url": url, "environment": "test"})
        self.env["finance.credential"].create(
            {"system_id": self.system.id, "kind": "api", "secret": KEY}
        )
        self.flow = self.system.flow_ids.filtered(lambda each: each.kind == "pull")
        self.call_in_this_transaction()

    def pull(self):
        self.env["finance.puller"]._pull(self.system, "documents")

    def messages(self):
        return self.env["finance.message"].search([("system_id", "=", self.system.id)])

    def test_every_page_becomes_a_message_and_is_posted(self):
        self.pull()
        self.drain()
        self.assertEqual(len(self.messages()), 3)
        states = [self.find(f"txn_{n}").state for n in (1, 2, 3)]
        self.assertEqual(states, ["posted"] * 3)
        self.assertTrue(self.flow.pulled_at)

    def test_pulling_the_same_again_changes_nothing(self):
        self.pull()
        self.flow.cursor = False
        self.pull()
        self.assertEqual(len(self.messages()), 3)

    def test_all_pages_of_a_scoped_list_are_told_again(self):
        """Which of them belong to the list of now, only that says."""
        for _time in range(2):
            self.env["finance.puller"]._pull(self.system, "documents", "po_1")
        self.drain()
        self.assertEqual(len(self.messages()), 6)
        self.assertEqual(len(self.find("txn_1")), 1)

    def test_a_busy_source_is_asked_again_when_it_said_and_from_where_it_stood(self):
        """FAULTS 34: what came before the 429 is kept."""
        first = json.dumps(
            {"id": "page-1", "documents": self.shop.pages["1"], "next": "2"}
        ).encode()
        self.shop.answers = [(200, {}, first), (429, {"Retry-After": "7"}, b"{}")]
        with trap_jobs() as trap:
            self.pull()
            later = [
                job for job in trap.enqueued_jobs if job.method_name == "_job_pull"
            ]
        self.assertEqual(len(later), 1)
        self.assertEqual(len(self.messages()), 1)
        self.assertFalse(self.flow.pulled_at, "a cut-off pull is not complete")
        self.env["finance.breaker"].search([]).unlink()  # 7 seconds later
        self.pull()
        self.assertEqual(
            self.shop.asked[-2:], ["/documents?page=2", "/documents?page=3"]
        )
        self.assertEqual(len(self.messages()), 3)

    def test_a_wrong_key_is_an_exception_until_a_pull_succeeds(self):
        credential = self.system.credential_ids
        credential.secret = "another-key-of-the-test"
        self.pull()
        exception = self.env["finance.exception"].search(
            [("system_id", "=", self.system.id), ("state", "=", "open")]
        )
        self.assertEqual(exception.category, "technical")
        self.assertNotIn("another-key", f"{exception.name} {exception.remedy}")
        credential.secret = KEY
        self.pull()
        self.assertEqual(exception.state, "resolved")

    def test_a_redirect_is_refused_not_followed(self):
        """FAULTS 37."""
        self.shop.answers = [(302, {"Location": "http://127.0.0.1:1/"}, b"")]
        self.pull()
        self.assertEqual(len(self.shop.asked), 1)
        self.assertFalse(self.messages())

    def test_without_https_only_a_test_system_on_this_machine_is_called(self):
        self.system.environment = "production"
        with self.assertRaises(Refused):
            self.env["finance.sender"]._url(
                self.system,
                self.system._plain_connector().next_page("documents", "", {}, None),
            )

    def test_one_unreadable_item_leaves_its_neighbours_alone(self):
        """FAULTS 22: the page is kept as rejected, and can be replayed."""
        bad = {**txn("txn_bad", "payment", "10.00"), "net": "9.00"}
        self.shop.pages = {"1": [txn("txn_1", "payment", "10.00"), bad]}
        self.pull()
        self.drain()
        self.assertEqual(self.find("txn_1").state, "posted")
        self.assertEqual(self.messages().state, "rejected")
        self.assertIn("1 of 2 items", self.messages().error)
        self.messages().with_user(self.make_user("operator")).action_replay()
        self.drain()
        self.assertEqual(len(self.find("txn_1")), 1)
