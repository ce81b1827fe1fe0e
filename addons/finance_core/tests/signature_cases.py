"""Shared material of the signature tests: one delivery, and all there is to spoil."""

from datetime import UTC, datetime

from hypothesis import strategies as st

from odoo.addons.finance_core.connector import Delivery
from odoo.addons.finance_core.errors import SignatureRefused

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
URL = "https://books.example.com/finance/webhook/x"
BODY = b'{"id":"evt_1","amount":1999,"note":"caf\xc3\xa9"}'
WEBHOOK_ID = {"webhook-id": "msg_1"}

HOSTILE_HEADERS = (
    "",
    " ",
    ",",
    "=",
    "t=,v1=",
    "t=1,t=2,v1=00",
    "t=-1,v1=00",
    "t=1e9,v1=00",
    "t=" + "9" * 5000 + ",v1=00",
    "t=٣٣٣,v1=00",
    "v1=00",
    "v1," + "A" * 5000,
    "v1,é",
    "v1=\ud800",
    "sha256=",
    "sha256=zz",
    "\x00",
    "é" * 44,
    "=" * 44,
    "A" * 43 + "é",
    "v1,a " * 2000,
    "e30..e30",
    "e30.e30.e30",
    "....",
    "eyJhbGciOiJub25lIn0.e30.",
)

hostile_text = st.one_of(
    st.text(), st.binary().map(lambda raw: raw.decode("latin-1")), st.none()
)


def refusal(scheme, delivery, secrets, now=NOW) -> SignatureRefused | None:
    """Why ``scheme`` refuses, ``None`` if it accepts; any other error escapes."""
    try:
        scheme.verify(delivery, secrets, now)
    except SignatureRefused as error:
        return error
    return None


def signed(scheme, secret, body=BODY, now=NOW) -> Delivery:
    """A delivery as the system would send it."""
    headers = scheme.sign(body, secret, now, url=URL, headers=WEBHOOK_ID)
    return Delivery(body=body, headers=headers, url=URL)
