"""What identifies a record of the books in our own words, whatever system is asked.

One table: which kinds of records other systems know under ids of their own, and the
fields that name each for good. References, exports and the drift check use it.
"""

from dataclasses import dataclass
from decimal import Decimal

SEPARATOR = "|"


@dataclass(frozen=True)
class Kind:
    """``identified_by`` are alternatives in order of trust; each is a set of fields
    that together identify a record of ``model``."""

    code: str
    label: str
    model: str
    identified_by: tuple[tuple[str, ...], ...]

    def identifier(self, record) -> str:
        """The canonical identifier, as ``field:value``, ``|`` between several; empty
        when nothing that identifies the record is filled in."""
        for names in self.identified_by:
            values = [_word(record[name]) for name in names]
            if all(values):
                pairs = zip(names, values, strict=True)
                return SEPARATOR.join(f"{name}:{value}" for name, value in pairs)
        return ""


def belongs_to(record, company) -> bool:
    """Whether ``company`` may use ``record``; what has no company is everybody's."""
    if not {"company_id", "company_ids"} & set(record._fields):
        return True
    return bool(record.filtered_domain(record._check_company_domain(company)))


def _word(value) -> str:
    if isinstance(value, float):
        return format(Decimal(str(value)).normalize(), "f")
    if isinstance(value, str):
        return value.strip()
    return str(value or "")


KINDS = {
    kind.code: kind
    for kind in (
        Kind("account", "Account", "account.account", (("code",),)),
        Kind("tax", "Tax", "account.tax", (("type_tax_use", "amount", "name"),)),
        Kind("partner", "Partner", "res.partner", (("vat",), ("ref",))),
        Kind("journal", "Journal", "account.journal", (("code",),)),
        Kind(
            "analytic_account",
            "Cost Centre",
            "account.analytic.account",
            (("code",), ("name",)),
        ),
        Kind(
            "legal_entity",
            "Legal Entity",
            "res.company",
            (("vat",), ("company_registry",)),
        ),
        Kind("currency", "Currency", "res.currency", (("name",),)),
        Kind(
            "fiscal_position",
            "Fiscal Position",
            "account.fiscal.position",
            (("name",),),
        ),
        Kind("payment_term", "Payment Terms", "account.payment.term", (("name",),)),
        Kind("customer_invoice", "Customer Invoice", "account.move", (("name",),)),
    )
}


def models() -> list[tuple[str, str]]:
    """(model, label) of everything that can be referenced."""
    return [(kind.model, kind.label) for kind in KINDS.values()]
