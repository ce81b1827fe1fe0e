"""Whether the taxes of an invoice are known and what their rates make of it."""

from collections.abc import Mapping
from decimal import Decimal

from .contract._invoice import Invoice
from .errors import NeedsPerson

CENT = Decimal("0.01")


def check_taxes(document: Invoice, rates: Mapping[str, Decimal]) -> None:
    """``rates`` are percentages by the source's tax code, of taxes that are active in
    the books. Tax that is rounded a line may be off by half a cent for each of them.

    Documents without taxes pass. Raises NeedsPerson.
    """
    slack = CENT / 2 * max(1, len(getattr(document, "lines", ())))
    for tax in getattr(document, "taxes", ()):
        if tax.tax_code not in rates:
            raise NeedsPerson(
                f"tax:{tax.tax_code}",
                f"The tax “{tax.tax_code}” stands for no active tax in percent.",
                f"Add “{tax.tax_code}” to the mapping of taxes, or activate its tax;"
                " then try again.",
                field="Tax",
                value=tax.tax_code,
            )
        expected = tax.base * rates[tax.tax_code] / 100
        if abs(expected - tax.amount) > slack:
            raise NeedsPerson(
                f"tax_amount:{document.source_id}",
                f"{document.source_id} has {tax.amount} {document.currency} of tax"
                f" “{tax.tax_code}” on {tax.base}; its rate of"
                f" {rates[tax.tax_code]} % makes {expected:.2f}.",
                "Have the invoice corrected at its source, or reject it.",
                category="control",
                field="Tax",
                value=tax.tax_code,
            )
