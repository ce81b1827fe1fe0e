from typing import Literal

from .envelope import Document, Part
from .fields import Amount, CurrencyCode


class CurrencyAmount(Part):
    """Money that names its own currency."""

    currency: CurrencyCode
    amount: Amount


class Balance(Document):
    """The provider's statement of our balance at ``occurred_at``, by currency."""

    type: Literal["balance"] = "balance"
    available: tuple[CurrencyAmount, ...] = ()
    pending: tuple[CurrencyAmount, ...] = ()
    reserved: tuple[CurrencyAmount, ...] = ()
