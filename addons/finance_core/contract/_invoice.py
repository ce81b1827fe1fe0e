from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import ClassVar, Literal

from pydantic import model_validator

from ._party import PartyRef
from .envelope import Document, Part, require
from .fields import Amount, CurrencyCode, Day, Identifier, Number, Text

#: an invoice that was issued and counts, whatever was paid of it since
ISSUED = ("open", "paid", "uncollectible", "credited")


class InvoiceLine(Part):
    """One line. ``net`` is without tax and after discount; ``unit_price`` may have
    more decimals than the currency. ``tax_amount`` is empty where the source
    computes tax only for the invoice as a whole."""

    description: Text = ""
    quantity: Number = Decimal(1)
    unit_price: Number
    net: Amount
    tax_code: Identifier | None = None
    tax_amount: Amount | None = None
    account_hint: Identifier | None = None
    cost_center: Identifier | None = None


class InvoiceTax(Part):
    """All tax of one code: ``amount`` on the net ``base``."""

    tax_code: Identifier
    base: Amount
    amount: Amount


class Invoice(Document):
    """What invoices and credit notes share.

    The totals tie exactly: net to the lines, tax to the tax summary and to the
    lines' tax wherever these are told, gross to net + tax.
    """

    category_field: ClassVar[str] = "status"

    currency: CurrencyCode
    number: Identifier | None = None
    party: PartyRef
    invoice_date: Day
    due_date: Day | None = None
    status: Literal["draft", "open", "paid", "void", "uncollectible", "credited"]
    lines: tuple[InvoiceLine, ...] = ()
    taxes: tuple[InvoiceTax, ...] = ()
    total_net: Amount
    total_tax: Amount
    total_gross: Amount

    def _financial(self, plain: Mapping[str, object]) -> dict[str, object]:
        """That an issued invoice was paid is told by payments; it changes nothing of
        what the invoice itself posted."""
        financial = super()._financial(plain)
        if self.status in ISSUED:
            financial["status"] = ISSUED[0]
        return financial

    @model_validator(mode="after")
    def _number_once_final(self):
        require(
            self.number is not None or self.status == "draft",
            "number: only a draft has none",
        )
        return self

    @model_validator(mode="after")
    def _totals_tie(self):
        wrong = [reason for ties, reason in self._ties() if not ties]
        require(not wrong, "; ".join(wrong))
        return self

    def _ties(self) -> Iterator[tuple[bool, str]]:
        net, tax = self.total_net, self.total_tax
        line_tax = [x.tax_amount for x in self.lines if x.tax_amount is not None]
        tax_summary = [x.amount for x in self.taxes]
        yield (
            _sum(line.net for line in self.lines) == net,
            "total_net: is not the sum of the lines",
        )
        yield (
            not tax_summary or _sum(tax_summary) == tax,
            "total_tax: is not the sum of the taxes",
        )
        yield (
            not line_tax or _sum(line_tax) == tax,
            "total_tax: is not the sum of the tax of the lines",
        )
        yield (
            not tax or bool(tax_summary or line_tax),
            "total_tax: is told neither by lines nor by taxes",
        )
        yield net + tax == self.total_gross, "total_gross: is not net plus tax"


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal(0))
