from typing import ClassVar, Literal

from .envelope import Document
from .fields import CurrencyCode, PositiveAmount, Text


class Refund(Document):
    """Money given back of one payment (reference ``payment``)."""

    category_field: ClassVar[str] = "status"

    type: Literal["refund"] = "refund"
    currency: CurrencyCode
    amount: PositiveAmount
    status: Literal["pending", "succeeded", "failed", "cancelled"]
    reason: Text | None = None
