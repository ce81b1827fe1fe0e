from typing import ClassVar, Literal

from pydantic import model_validator

from .envelope import Document, require
from .fields import Amount, Bool, CurrencyCode, Day, Identifier, Text, amount_in


class Payout(Document):
    """Money sent from the provider's balance to the bank; a negative ``amount`` was
    drawn from the bank. What arrives is ``destination_amount`` in
    ``destination_currency`` where the provider converts. ``automatic`` payouts
    consist of known transactions."""

    category_field: ClassVar[str] = "status"

    type: Literal["payout"] = "payout"
    currency: CurrencyCode
    amount: Amount
    status: Literal["pending", "in_transit", "paid", "failed", "cancelled"]
    method: Literal["standard", "instant"] = "standard"
    arrival_date: Day | None = None
    automatic: Bool = True
    destination_amount: amount_in("destination_currency") | None = None
    destination_currency: CurrencyCode | None = None
    statement_descriptor: Text | None = None
    trace_id: Identifier | None = None

    @model_validator(mode="after")
    def _destination_whole(self):
        require(
            (self.destination_amount is None) == (self.destination_currency is None),
            "destination_amount: goes with destination_currency",
        )
        return self
