from typing import Literal

from pydantic import model_validator

from .envelope import Document, Part, require
from .fields import Amount, CurrencyCode, Day, Identifier, Text


class BankStatementLine(Part):
    """One movement; money in is positive. ``reference`` is the payment's own
    (end-to-end) identifier, ``description`` what the payer wrote."""

    value_date: Day
    booking_date: Day
    amount: Amount
    reference: Identifier | None = None
    description: Text = ""
    counterparty: Text | None = None
    iban: Identifier | None = None


class BankStatement(Document):
    """A bank's statement of one account: opening + lines = closing."""

    type: Literal["bank_statement"] = "bank_statement"
    currency: CurrencyCode
    account_iban: Identifier | None = None
    number: Identifier | None = None
    opening_balance: Amount
    closing_balance: Amount
    lines: tuple[BankStatementLine, ...] = ()

    @model_validator(mode="after")
    def _balances_tie(self):
        movement = sum(line.amount for line in self.lines)
        require(
            self.opening_balance + movement == self.closing_balance,
            "closing_balance: is not the opening balance plus the lines",
        )
        return self
