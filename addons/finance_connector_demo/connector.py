"""A made-up shop that speaks canonical documents: the smallest whole connector.

One delivery, pushed or pulled, is ``{"id": "d-1", "documents": [{…}, …]}``; a pulled
page has ``"next": "<page>"`` while more follow.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from types import MappingProxyType

from odoo.addons.finance_core import strict_json
from odoo.addons.finance_core.connector import (
    Connector,
    Counted,
    Cursor,
    Delivery,
    Request,
    Response,
    Stream,
    Unreadable,
    read_each,
)
from odoo.addons.finance_core.contract import TYPES, document_from_fields
from odoo.addons.finance_core.contract.envelope import Document
from odoo.addons.finance_core.errors import MalformedPayload, Refused
from odoo.addons.finance_core.signature import HmacSignature


class DemoConnector(Connector):
    code = "demo"
    label = "Demo shop"
    api_version = "1"
    doc_urls = ("https://github.com/finance-integration/finance-integration",)
    base_url = "http://127.0.0.1:8765"
    signature = HmacSignature(
        header="x-demo-signature",
        separator=",",
        prefix="v1=",
        timestamp_prefix="t=",
        signed="{timestamp}.{body}",
    )
    allows_revisions = True
    streams = (Stream("documents", "Documents", interval=60),)
    document_types = tuple(TYPES)
    census_types = MappingProxyType({"documents": "balance_transaction"})

    def identify(self, delivery: Delivery) -> str:
        identity = self._read(delivery.body).get("id")
        if not isinstance(identity, str):
            raise MalformedPayload("The delivery has no id.")
        if not (0 < len(identity) <= 255 and identity.isprintable()):
            raise MalformedPayload("The delivery has no usable id.")
        return identity

    def parse(self, delivery: Delivery) -> Iterable[Document | Unreadable]:
        found = self._read(delivery.body).get("documents")
        if not isinstance(found, list) or not found:
            raise MalformedPayload("The delivery has no documents.")
        return list(read_each(found, document_from_fields))

    def next_page(
        self, stream: str, scope: str, cursor: Cursor, response: Response | None
    ) -> Request | None:
        """Pages are numbered by the shop; the cursor holds the one to read next."""
        page = cursor.get("page", "1")
        if response is not None:
            page = self._read(response.body).get("next")
        return Request("GET", "/documents", (("page", page),)) if page else None

    def advance(self, stream: str, cursor: Cursor, response: Response) -> Cursor:
        page = self._read(response.body).get("next")
        return {"page": page} if page else cursor

    def census(
        self, stream: str, start: datetime, end: datetime, cursor: Cursor
    ) -> Request:
        period = (("from", start.isoformat()), ("to", end.isoformat()))
        return Request(
            "GET", "/documents", (*period, ("page", cursor.get("page", "1")))
        )

    def counted(
        self, stream: str, cursor: Cursor, response: Response
    ) -> tuple[Sequence[Counted], Cursor | None]:
        page = self._read(response.body)
        read = map(document_from_fields, page["documents"])
        counted = [
            Counted(each.source_id, each.occurred_at, each.currency, each.amount)
            for each in read
            if each.type == self.census_types[stream]
        ]
        return counted, {"page": page["next"]} if page.get("next") else None

    def authorize(self, request: Request, secrets: Sequence[str]) -> Request:
        """Raises Refused without a key."""
        if not secrets:
            raise Refused("There is no API key for the demo shop; enter one.")
        return request.with_headers(authorization=f"Bearer {secrets[0]}")

    def _read(self, body: bytes) -> dict:
        content = strict_json.loads(body)
        if not isinstance(content, dict):
            raise MalformedPayload("The shop sends JSON objects only.")
        return content
