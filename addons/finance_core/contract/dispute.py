from typing import ClassVar, Literal

from .envelope import Document
from .fields import CurrencyCode, Instant, Text, UnsignedAmount


class Dispute(Document):
    """A payer's bank takes a payment back (reference ``payment``), or asks about it
    (``inquiry``: no money has moved)."""

    category_field: ClassVar[str] = "status"
    #: Later news of a decided case come with times of their own.
    not_financial = Document.not_financial | {"occurred_at", "evidence_due_at"}

    type: Literal["dispute"] = "dispute"
    currency: CurrencyCode
    amount: UnsignedAmount
    status: Literal["inquiry", "open", "under_review", "won", "lost", "closed"]
    reason: Text | None = None
    evidence_due_at: Instant | None = None
