from typing import Literal

from ._invoice import Invoice
from .fields import Identifier


class CreditNote(Invoice):
    """What was credited to ``party``: amounts have the signs of an invoice.

    ``direction`` tells whose invoice it corrects, ``invoice_number`` which one.
    """

    type: Literal["credit_note"] = "credit_note"
    direction: Literal["sale", "purchase"] = "sale"
    invoice_number: Identifier | None = None
