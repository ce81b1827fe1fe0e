"""Deliveries from the samples: synthetic, in the shape Stripe documents."""

import json
from datetime import UTC, datetime
from pathlib import Path

from odoo.addons.finance_core.connector import Delivery

from ..connector import StripeConnector

SAMPLES = Path(__file__).parent / "samples"
READ_AT = datetime(2026, 11, 1, tzinfo=UTC)
connector = StripeConnector()


def sample(name):
    """The decoded body of a sample."""
    return json.loads((SAMPLES / f"{name}.json").read_text())


def documents(body, stream="", scope=""):
    """What the connector makes of ``body``, as a webhook or a page of ``stream``."""
    data = json.dumps(body).encode()
    delivery = Delivery(data, stream=stream, scope=scope, received_at=READ_AT)
    return list(connector.parse(delivery))


def told(name, **changes):
    """The one document of a webhook sample, its object changed by ``changes``."""
    event = sample(name)
    event["data"]["object"].update(changes)
    [document] = documents(event)
    return document


def moved(number=1, **changes):
    """The document of one balance transaction of the sample page, changed."""
    page = sample("pages/balance_transactions")
    [txn] = (t for t in page["data"] if t["id"] == f"txn_sample{number}")
    page["data"] = [txn | changes]
    [document] = documents(page, "balance_transactions")
    return document
