import json
from datetime import UTC, datetime
from unittest import TestCase

from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_core.connector import (
    MISSHAPEN,
    Delivery,
    Request,
    Response,
)
from odoo.addons.finance_core.errors import (
    MalformedPayload,
    Refused,
    RetryLater,
)

from .. import const
from .common import SAMPLES, connector, documents, sample

STREAM = "balance_transactions"


class Account:
    """Stripe's end of a list: newest first, filtered and paged as documented."""

    def __init__(self):
        self.objects = []

    def add(self, seconds):
        """Something happens ``seconds`` after the thing before it."""
        created = (self.objects[-1]["created"] if self.objects else 10**9) + seconds
        self.objects.append({"id": f"txn_{len(self.objects)}", "created": created})

    def answer(self, request):
        query = dict(request.query)
        since = int(query.get("created[gte]", 0))
        found = [o for o in reversed(self.objects) if o["created"] >= since]
        ids = [o["id"] for o in found]
        start = (
            ids.index(query["starting_after"]) + 1 if "starting_after" in query else 0
        )
        limit = int(query["limit"])
        rest = found[start:]
        page = {"data": rest[:limit], "has_more": len(rest) > limit}
        return Response(200, body=json.dumps(page).encode())


class PullMissesNothing(TestCase):
    @given(st.data())
    def test_any_interruption_resumes_without_a_gap(self, data):
        """FAULTS 26: whatever is added between pages and wherever a pull is cut off,
        everything is seen in the end, and nothing is read again but the overlap."""
        size, const.PAGE_SIZE = const.PAGE_SIZE, 3
        self.addCleanup(setattr, const, "PAGE_SIZE", size)
        account, cursor, seen = Account(), {}, set()
        steps = st.lists(st.integers(0, 5000), max_size=8)
        for _pull in range(data.draw(st.integers(1, 6))):
            for seconds in data.draw(steps):
                account.add(seconds)
            cursor = self.pull(account, cursor, seen, data)
        cursor = self.pull(account, cursor, seen)  # ends the one cut off
        self.pull(account, cursor, seen)
        self.assertEqual(seen, {o["id"] for o in account.objects})

    def pull(self, account, cursor, seen, data=None):
        request = connector.next_page(STREAM, "", cursor, None)
        while request is not None:
            response = account.answer(request)
            page = json.loads(response.body)
            seen.update(o["id"] for o in page["data"])
            request = connector.next_page(STREAM, "", cursor, response)
            cursor = connector.advance(STREAM, cursor, response)
            self.assertEqual(request is None, "starting_after" not in cursor)
            if data and data.draw(st.booleans()):
                account.add(data.draw(st.integers(0, 5000)))
            if data and data.draw(st.booleans()):
                break
        return cursor

    def test_high_water_mark_moves_only_after_the_last_page(self):
        newest = [{"id": "txn_9", "created": 900}, {"id": "txn_8", "created": 800}]
        first = {"data": newest, "has_more": True}
        last = {"data": [{"id": "txn_1", "created": 100}], "has_more": False}
        cursor = {"since": "50"}
        cursor = connector.advance(STREAM, cursor, body(first))
        self.assertEqual(
            cursor, {"since": "50", "starting_after": "txn_8", "high": "900"}
        )
        cursor = connector.advance(STREAM, cursor, body(last))
        self.assertEqual(cursor, {"since": "900"})

    def test_an_empty_page_is_the_end_whatever_it_says(self):
        empty = body({"data": [], "has_more": True})
        self.assertIsNone(connector.next_page(STREAM, "", {}, empty))

    def test_nothing_new_keeps_the_cursor(self):
        empty = {"data": [], "has_more": False}
        self.assertEqual(
            connector.advance(STREAM, {"since": "50"}, body(empty)), {"since": "50"}
        )
        self.assertEqual(connector.advance(STREAM, {}, body(empty)), {})

    def test_transactions_of_a_payout_are_asked_by_payout_and_not_by_time(self):
        more = {"data": [{"id": "txn_9", "created": 900}], "has_more": True}
        request = connector.next_page("payout_transactions", "po_1", {}, None)
        self.assertEqual(dict(request.query)["payout"], "po_1")
        cursor = connector.advance("payout_transactions", {}, body(more))
        request = connector.next_page("payout_transactions", "po_1", cursor, None)
        self.assertEqual(dict(request.query)["starting_after"], "txn_9")
        end = body(more | {"has_more": False})
        self.assertEqual(connector.advance("payout_transactions", cursor, end), {})

    def test_payouts_are_read_again_for_thirty_days(self):
        cursor = {"since": str(10**9)}
        request = connector.next_page("payouts", "", cursor, None)
        self.assertEqual(dict(request.query)["created[gte]"], str(10**9 - 30 * 86400))

    def test_balance_is_one_request(self):
        self.assertEqual(
            connector.next_page("balance", "", {}, None), Request("GET", "/v1/balance")
        )
        response = Response(200, body=(SAMPLES / "pages/balance.json").read_bytes())
        self.assertIsNone(connector.next_page("balance", "", {}, response))
        self.assertEqual(connector.advance("balance", {}, response), {})

    def test_pages_differ_by_what_was_asked_and_what_came(self):
        asked = [(b"{}", STREAM, ""), (b"{} ", STREAM, ""), (b"{}", "events", "")]
        asked += [(b"{}", "payout_transactions", scope) for scope in ("po_1", "po_2")]
        found = {
            connector.identify(Delivery(content, stream=stream, scope=scope))
            for content, stream, scope in asked
        }
        self.assertEqual(len(found), len(asked))

    def test_hostile_pages_are_malformed(self):
        """FAULTS 15–19 on the way of a pull."""
        hostile = [b"", b"[]", b"{", b'{"data": 1}', b'{"data": [1]}', b"[" * 100_000]
        for content in (*hostile, b'{"data": [{"id": "x", "created": NaN}]}'):
            with self.subTest(content[:40]), self.assertRaises(MalformedPayload):
                connector.advance(STREAM, {}, Response(200, body=content))


class Census(TestCase):
    START = datetime(2026, 1, 1, tzinfo=UTC)
    END = datetime(2026, 1, 2, tzinfo=UTC)

    def test_census_counts_what_the_documents_of_the_page_say(self):
        page = sample("pages/balance_transactions") | {"has_more": False}
        counted, following = connector.counted(STREAM, {}, body(page))
        self.assertIsNone(following)
        made = documents(page, STREAM)
        self.assertEqual(
            [(each.source_id, each.at, each.currency, each.amount) for each in counted],
            [(d.source_id, d.occurred_at, d.currency, d.amount) for d in made],
        )

    def test_census_asks_for_the_period_page_by_page(self):
        page = sample("pages/balance_transactions") | {"has_more": True}
        _counted, following = connector.counted(STREAM, {}, body(page))
        last = page["data"][-1]["id"]
        self.assertEqual(following, {"starting_after": last})
        request = connector.census(STREAM, self.START, self.END, following)
        query = dict(request.query)
        self.assertEqual(query["created[gte]"], "1767225600")
        self.assertEqual(query["created[lt]"], "1767312000")
        self.assertEqual(query["starting_after"], last)

    def test_page_of_a_census_is_a_delivery_of_the_stream(self):
        asked = connector.census(STREAM, self.START, self.END, {})
        pulled = connector.next_page(STREAM, "", {}, None)
        self.assertEqual(asked.path, pulled.path)
        self.assertLessEqual(set(pulled.query), set(asked.query))

    def test_hostile_census_is_malformed(self):
        """FAULTS 15–19 on the way of a census."""
        for content in (b"", b"[]", b'{"data": 1}', b'{"data": [1], "has_more": 0}'):
            with self.subTest(content), self.assertRaises(MISSHAPEN):
                connector.counted(STREAM, {}, Response(200, body=content))


class Requests(TestCase):
    def test_version_is_pinned_and_the_key_is_not_shown(self):
        request = connector.next_page(STREAM, "", {}, None)
        request = connector.authorize(request, ["rk_test_hush", "rk_test_old"])
        self.assertEqual(request.headers["authorization"], "Bearer rk_test_hush")
        self.assertEqual(request.headers["stripe-version"], const.API_VERSION)
        self.assertNotIn("hush", repr(request))

    def test_without_a_key_nothing_is_sent(self):
        """FAULTS 5."""
        with self.assertRaises(Refused):
            connector.authorize(Request("GET", "/v1/balance"), [])

    def test_outcomes(self):
        connector.outcome(Response(200))
        for status in (409, 424, 429, 500, 503):
            with self.subTest(status), self.assertRaises(RetryLater):
                connector.outcome(Response(status))
        for status in (302, 400, 401, 403, 404):
            with self.subTest(status), self.assertRaises(Refused):
                connector.outcome(Response(status))


def body(page):
    return Response(200, body=json.dumps(page).encode())
