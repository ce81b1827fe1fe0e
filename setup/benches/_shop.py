"""Payments of the demo shop: signed deliveries, and the entries they become."""

import itertools
import json
from datetime import UTC, datetime, timedelta

from odoo.addons.finance_connector_demo.connector import DemoConnector

from ._load import request

START = datetime(2026, 10, 1, tzinfo=UTC)
_numbers = itertools.count(1)


def occurred_at(number: int) -> datetime:
    """A minute after the one before, again from the start after four weeks."""
    return START + timedelta(minutes=number % 40000)


def payment(number: int) -> dict:
    """A card payment with its fee, in the shop's words."""
    return {
        "version": 1,
        "type": "balance_transaction",
        "category": "payment",
        "source_id": f"txn_{number:09}",
        "occurred_at": occurred_at(number).isoformat(),
        "currency": "EUR",
        "amount": "100.00",
        "fee": "3.20",
        "net": "96.80",
        "fees": [{"type": "fee", "amount": "3.20", "description": "Card fee"}],
        "references": [
            {"role": "payment", "value": f"pay_{number:09}"},
            {"role": "order", "value": f"order_{number:09}"},
            {"role": "customer", "value": f"customer_{number % 997:04}"},
        ],
        "description": f"Order {number}",
    }


def move_vals(entry: dict, number: int) -> dict:
    """The entry of such a payment as Odoo's create takes it."""
    return {
        "move_type": "entry",
        "date": occurred_at(number).date().isoformat(),
        "journal_id": entry["journal_id"],
        "ref": f"bench {number}",
        "line_ids": [(0, 0, line) for line in entry["lines"]],
    }


def deliveries(system: dict, count: int, documents: int) -> list[bytes]:
    """``count`` requests to a system's door with so many new payments each."""
    now = datetime.now(UTC)
    return [_delivery(system, documents, now) for _ in range(count)]


def _delivery(system: dict, documents: int, now: datetime) -> bytes:
    numbers = list(itertools.islice(_numbers, documents))
    content = {
        "id": f"d-{numbers[0]:09}",
        "documents": [payment(number) for number in numbers],
    }
    body = json.dumps(content).encode()
    headers = DemoConnector.signature.sign(body, system["secret"], now)
    return request(f"/finance/webhook/{system['code']}", body, headers)
