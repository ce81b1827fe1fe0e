from decimal import Decimal
from typing import ClassVar, Literal

from .envelope import Document
from .fields import Bool, CurrencyCode, PositiveAmount, Token, UnsignedAmount


class Payment(Document):
    """Money a payer paid or promised. ``amount`` was asked for; ``amount_captured``
    was taken of it and ``amount_refunded`` given back so far."""

    category_field: ClassVar[str] = "status"

    type: Literal["payment"] = "payment"
    currency: CurrencyCode
    amount: PositiveAmount
    amount_captured: UnsignedAmount = Decimal(0)
    amount_refunded: UnsignedAmount = Decimal(0)
    status: Literal["pending", "authorised", "succeeded", "failed", "cancelled"]
    method: Token | None = None
    captured: Bool = False
