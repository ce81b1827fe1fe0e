from decimal import Decimal
from typing import Literal

from pydantic import model_validator

from .envelope import Document, Part, require
from .fields import Amount, CurrencyCode, Instant, Rate, Text, Token, amount_in


class FeeComponent(Part):
    """A part of the fee, cost positive, in the currency of the transaction."""

    type: Token
    amount: Amount
    description: Text = ""


class BalanceTransaction(Document):
    """One movement of the balance a provider keeps for us: what money is posted from.

    ``amount`` is its signed effect, ``fee`` what the provider kept of it (a cost is
    positive), ``net`` = ``amount`` − ``fee``; ``fees``, where told, sum to ``fee``.
    ``category`` is an open vocabulary; known are payment, payment_reversal, refund,
    refund_reversal, dispute, dispute_reversal, fee, reserve, payout,
    payout_reversal, transfer, topup, adjustment. ``source_amount`` in
    ``source_currency`` is the same money in the currency of the underlying object,
    where that differs; ``exchange_rate`` units of our currency were given for one.
    """

    type: Literal["balance_transaction"] = "balance_transaction"
    currency: CurrencyCode
    category: Token
    amount: Amount
    fee: Amount = Decimal(0)
    net: Amount
    fees: tuple[FeeComponent, ...] = ()
    available_at: Instant | None = None
    source_amount: amount_in("source_currency") | None = None
    source_currency: CurrencyCode | None = None
    exchange_rate: Rate | None = None

    @model_validator(mode="after")
    def _amounts_tie(self):
        require(self.amount - self.fee == self.net, "net: is not amount minus fee")
        require(
            not self.fees or sum(fee.amount for fee in self.fees) == self.fee,
            "fees: do not sum to fee",
        )
        return self

    @model_validator(mode="after")
    def _source_whole(self):
        require(
            (self.source_amount is None) == (self.source_currency is None),
            "source_amount: goes with source_currency",
        )
        return self
