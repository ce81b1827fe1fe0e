"""The smallest connector that keeps the contract, for the test of the contract.

A delivery is ``{"id": …, "type": "sale", "at": …, "total": …, "cost": …}``; a page is
``{"sales": [delivery, …], "next": "…"}``.
"""

from decimal import Decimal

from odoo.addons.finance_core import strict_json
from odoo.addons.finance_core.connector import Connector, Request, Stream
from odoo.addons.finance_core.contract import document_from_fields
from odoo.addons.finance_core.errors import MalformedPayload
from odoo.addons.finance_core.signature import HmacSignature

SALE = b'{"id":"s-1","type":"sale","at":"2026-03-31T08:00:00Z","total":100,"cost":3.81}'
SAMPLES = {
    "sale.json": SALE,
    "unknown_type.json": b'{"id":"s-2","type":"poem","at":"2026-03-31T08:00:00Z"}',
    "pages/sales.json": b'{"sales":[%b],"next":"2"}' % SALE,
}


class ShopConnector(Connector):
    code = "shop"
    label = "Shop"
    api_version = "1"
    doc_urls = ("https://shop.example.com/docs",)
    base_url = "https://shop.example.com"
    signature = HmacSignature(
        header="x-shop-signature",
        separator=",",
        prefix="v1=",
        timestamp_prefix="t=",
        signed="{timestamp}.{body}",
    )
    streams = (Stream("sales", "Sales"),)
    document_types = ("balance_transaction", "event")

    def identify(self, delivery):
        content = self.read(delivery.body)
        identity = content.get("next" if delivery.stream else "id")
        if not isinstance(identity, str) or not 0 < len(identity) < 200:
            raise MalformedPayload("There is no id.")
        if not identity.isprintable():
            raise MalformedPayload("The id is not printable.")
        return f"{delivery.stream}:{identity}"

    def parse(self, delivery):
        content = self.read(delivery.body)
        sales = content.get("sales") if delivery.stream else [content]
        if not isinstance(sales, list) or not sales:
            raise MalformedPayload("There are no sales.")
        return [self.document(sale) for sale in sales]

    def document(self, sale):
        if not isinstance(sale, dict):
            raise MalformedPayload("A sale is an object.")
        fields = {"source_id": sale.get("id"), "occurred_at": sale.get("at")}
        if sale.get("type") != "sale":
            fields |= {"type": "event", "name": sale.get("type")}
            return document_from_fields(fields)
        total, cost = sale.get("total"), sale.get("cost")
        if not all(isinstance(amount, int | Decimal) for amount in (total, cost)):
            raise MalformedPayload("An amount is a number.")
        fields |= {
            "type": "balance_transaction",
            "category": "payment",
            "currency": "EUR",
            "amount": total,
            "fee": cost,
            "net": total - cost,
        }
        return document_from_fields(fields)

    def next_page(self, stream, scope, cursor, response):
        page = cursor.get("page", "1")
        if response is not None:
            page = self.read(response.body).get("next")
        if page is not None and not isinstance(page, str):
            raise MalformedPayload("A page is a text.")
        return Request("GET", "/sales", (("page", page),)) if page else None

    def advance(self, stream, cursor, response):
        page = self.read(response.body).get("next")
        return {"page": page} if isinstance(page, str) else cursor

    def authorize(self, request, secrets):
        return request.with_headers(authorization=f"Bearer {secrets[0]}")

    def read(self, body):  # pylint: disable=method-required-super
        content = strict_json.loads(body)
        if not isinstance(content, dict):
            raise MalformedPayload("The shop sends objects.")
        return content
