"""Stripe: webhooks for speed, pulled lists for completeness.

Money is told by balance transactions only; payments, refunds, disputes and payouts
say what it was about and make the connector ask for the money at once.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from odoo.addons.finance_core import strict_json
from odoo.addons.finance_core.connector import (
    MISSHAPEN,
    Connector,
    Counted,
    Cursor,
    Delivery,
    Pull,
    Request,
    Response,
    Stream,
    Unreadable,
    read_each,
)
from odoo.addons.finance_core.contract.envelope import Document
from odoo.addons.finance_core.errors import MalformedPayload, Refused, RetryLater
from odoo.addons.finance_core.signature import presets

from . import const, documents

MONEY_MOVERS = ("payment", "refund", "dispute", "payout")


class StripeConnector(Connector):
    code = "stripe"
    label = "Stripe"
    api_version = const.API_VERSION
    doc_urls = (
        "https://docs.stripe.com/webhooks",
        "https://docs.stripe.com/api/balance_transactions",
        "https://docs.stripe.com/reports/reporting-categories",
        "https://docs.stripe.com/payouts/reconciliation",
    )
    base_url = "https://api.stripe.com"
    signature = presets.STRIPE
    # pending_webhooks in an event counts down from one delivery to the next
    allows_revisions = True
    fee_kinds = const.FEE_KINDS
    rate_per_second = 25  # https://docs.stripe.com/rate-limits: one endpoint
    streams = (
        Stream("balance_transactions", "Balance transactions", 900),
        Stream("payouts", "Payouts", 3600),
        Stream("payout_transactions", "Transactions of a payout", scoped=True),
        Stream("events", "Events", 3600),
        Stream("balance", "Balance", 86400),
    )
    document_types = (
        "balance",
        "balance_transaction",
        "customer_invoice",
        "dispute",
        "event",
        "payment",
        "payout",
        "refund",
        "settlement",
    )

    census_types = MappingProxyType({"balance_transactions": "balance_transaction"})

    def identify(self, delivery: Delivery) -> str:
        """The event's id; for a page what was asked for and its content."""
        if delivery.stream:
            digest = hashlib.sha256(delivery.body).hexdigest()
            return f"{delivery.stream}:{delivery.scope}:{digest}"
        event = self._read(delivery.body)
        identity = event.get("id")
        if event.get("object") != "event" or not isinstance(identity, str):
            raise MalformedPayload("This is not an event of Stripe.")
        if not (0 < len(identity) <= 255 and identity.isprintable()):
            raise MalformedPayload("The event has no usable id.")
        return identity

    def parse(self, delivery: Delivery) -> Iterable[Document | Unreadable]:
        content = self._read(delivery.body)
        try:
            return self._documents(delivery, content)
        except MalformedPayload:
            raise
        except MISSHAPEN as error:
            raise MalformedPayload(
                f"Stripe's {delivery.stream or 'event'} is not shaped as documented"
                f" ({type(error).__name__})."
            ) from None

    def _documents(self, delivery: Delivery, content: Mapping) -> list:
        if not delivery.stream:
            return [documents.document_of(content)]
        if delivery.stream == "balance":
            return [documents.balance(content, delivery.received_at)]
        read = {
            "events": documents.document_of,
            "payouts": documents.payout,
        }.get(delivery.stream, documents.balance_transaction)
        found = list(read_each(content["data"], read))
        if delivery.stream == "payout_transactions":
            found.append(documents.settlement(delivery.scope, content))
        return found

    def follow_ups(self, document: Document) -> Iterable[Pull]:
        """The money behind what a document tells of. A payout names its transactions
        only if it is automatic:
        https://docs.stripe.com/payouts/reconciliation"""
        if document.type in MONEY_MOVERS:
            yield Pull("balance_transactions")
        automatic = document.type == "payout" and document.automatic
        if automatic and document.status in ("paid", "failed"):
            yield Pull("payout_transactions", document.source_id)
        if document.type == "balance" and document.recorded_at:  # told by an event
            yield Pull("balance")

    def next_page(
        self, stream: str, scope: str, cursor: Cursor, response: Response | None
    ) -> Request | None:
        if response is not None:
            page = self._read(response.body)
            if not (page.get("has_more") and page.get("data")):
                return None
            cursor = self.advance(stream, cursor, response)
        path, query = const.ENDPOINTS[stream]
        if stream != "balance":
            query = (*query, *self._filters(stream, scope, cursor))
        return Request("GET", path, query)

    @staticmethod
    def _filters(stream: str, scope: str, cursor: Cursor) -> Iterable[tuple[str, str]]:
        yield "limit", str(const.PAGE_SIZE)
        if scope:
            yield "payout", scope
        if cursor.get("since"):
            since = int(cursor["since"]) - const.OVERLAPS[stream]
            yield "created[gte]", str(max(since, 0))
        if cursor.get("starting_after"):
            yield "starting_after", cursor["starting_after"]

    def advance(self, stream: str, cursor: Cursor, response: Response) -> Cursor:
        """``since`` is the newest object of the last complete pull, ``high`` the
        newest of this one, in epoch seconds. Lists start with the newest, so
        ``high`` may become ``since`` only when the last page is stored."""
        page = self._read(response.body)
        if stream == "balance":
            return cursor
        try:
            created = [obj["created"] for obj in page["data"]]
            high = max([int(cursor.get("high") or cursor.get("since") or 0), *created])
            ids = [obj["id"] for obj in page["data"]]
        except MISSHAPEN:
            raise MalformedPayload(
                "Stripe's list is not shaped as documented."
            ) from None
        if page.get("has_more") and ids:
            return {**cursor, "starting_after": ids[-1], "high": str(high)}
        return {"since": str(high)} if high and stream in const.OVERLAPS else {}

    def census(
        self, stream: str, start: datetime, end: datetime, cursor: Cursor
    ) -> Request:
        """https://docs.stripe.com/api/balance_transactions/list, by ``created``."""
        path, query = const.ENDPOINTS[stream]
        bounds = (
            ("limit", str(const.PAGE_SIZE)),
            ("created[gte]", str(int(start.timestamp()))),
            ("created[lt]", str(int(end.timestamp()))),
        )
        return Request("GET", path, (*query, *bounds, *cursor.items()))

    def counted(
        self, stream: str, cursor: Cursor, response: Response
    ) -> tuple[Sequence[Counted], Cursor | None]:
        page = self._read(response.body)
        counted = [self._counted(txn) for txn in page["data"]]
        more = page["has_more"] and counted
        return counted, {"starting_after": counted[-1].source_id} if more else None

    @staticmethod
    def _counted(txn: Mapping) -> Counted:
        code = documents.currency(txn)
        amount = documents.money(txn["amount"], code)
        return Counted(txn["id"], documents.at(txn["created"]), code, amount)

    def authorize(self, request: Request, secrets: Sequence[str]) -> Request:
        """Bearer authentication; the API version is pinned on every request:
        https://docs.stripe.com/api/versioning. Raises Refused without a key."""
        if not secrets:
            raise Refused("There is no API key for Stripe; enter a restricted key.")
        return request.with_headers(
            authorization=f"Bearer {secrets[0]}", stripe_version=self.api_version
        )

    def outcome(self, response: Response) -> None:
        """409 (a conflicting request) and 424 (a dependency of Stripe failed) pass:
        https://docs.stripe.com/api/errors"""
        if response.status in (409, 424):
            raise RetryLater(f"Stripe answered {response.status}.")
        return super().outcome(response)

    def _read(self, body: bytes) -> Mapping:
        content = strict_json.loads(body)
        if not isinstance(content, dict):
            raise MalformedPayload("Stripe sends JSON objects only.")
        return content
