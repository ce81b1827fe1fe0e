from decimal import Decimal
from typing import Literal

from pydantic import Field, model_validator

from .envelope import Document, Part, require
from .fields import CurrencyCode, Day, Identifier, Text, UnsignedAmount


class JournalEntryLine(Part):
    """One side: ``debit`` or ``credit``, never both. Codes are the source's own."""

    account: Identifier
    debit: UnsignedAmount = Decimal(0)
    credit: UnsignedAmount = Decimal(0)
    partner: Identifier | None = None
    cost_center: Identifier | None = None
    label: Text = ""

    @model_validator(mode="after")
    def _one_side(self):
        require(not (self.debit and self.credit), "has both a debit and a credit")
        return self


class JournalEntry(Document):
    """An entry another system made: debits = credits."""

    type: Literal["journal_entry"] = "journal_entry"
    currency: CurrencyCode
    journal_hint: Identifier | None = None
    date: Day
    lines: tuple[JournalEntryLine, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _balanced(self):
        debit = sum(line.debit for line in self.lines)
        credit = sum(line.credit for line in self.lines)
        require(debit == credit, "lines: debits and credits differ")
        return self
