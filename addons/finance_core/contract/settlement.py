from typing import Literal

from .envelope import Document, Part
from .fields import Amount, Bool, CurrencyCode, Identifier, Token


class SettlementLine(Part):
    """A balance transaction's membership of a payout."""

    source_id: Identifier
    net: Amount
    category: Token


class Settlement(Document):
    """Which balance transactions a payout consists of: one page of the answer.

    ``last`` says that no page follows, so that the payout can be proved. Pages are
    told in their order, and all of them again where the list changed.
    """

    type: Literal["settlement"] = "settlement"
    currency: CurrencyCode
    payout_id: Identifier
    transactions: tuple[SettlementLine, ...] = ()
    last: Bool
