"""Invoices: what Odoo makes an invoice, a bill or a credit note of.

Pure; :func:`.posting.translate` asks for it where the rule says ``invoice``. The totals
are the source's own: what Odoo computes of the taxes is compared with them when the
invoice is made, and nothing is posted that differs by more than was approved.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import TypeVar

from .contract._invoice import Invoice, InvoiceLine
from .errors import NeedsPerson

TAX = "tax"  #: the mapping of the source's tax codes
COST_CENTER = "cost_center"  #: the mapping of its cost centres
UNTOLD = "unspecified"  #: the account of a line that hints at none
PRICE_DIGITS = 2  #: Odoo keeps quantities and prices no finer
TYPES = ("customer_invoice", "supplier_invoice", "credit_note")
#: by direction and whether it is a credit note
MOVE_TYPES = {
    ("sale", False): "out_invoice",
    ("sale", True): "out_refund",
    ("purchase", False): "in_invoice",
    ("purchase", True): "in_refund",
}
#: whose lines without tax are debits
DEBITED = ("in_invoice", "out_refund")
#: what the number of an invoice is called where something waits for it
ROLES = {"sale": "invoice", "purchase": "bill"}

Key = TypeVar("Key")
LookUp = Callable[[str, tuple[str, ...], Mapping[str, str]], int]


@dataclass(frozen=True)
class Known:
    """What the books know, read once for a batch: the accounts where partners owe
    (``receivable``) and are owed (``payable``), by partner; the account of each active
    tax (None: that of the line it is on); the posted invoices by (direction, partner,
    number)."""

    receivable: Mapping[int, int] = field(default_factory=dict)
    payable: Mapping[int, int] = field(default_factory=dict)
    taxes: Mapping[int, int | None] = field(default_factory=dict)
    invoices: Mapping[tuple[str, int, str], Sequence[int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Item:
    """A line: ``quantity`` times ``price`` is ``net``, to the cent."""

    account_id: int
    label: str
    quantity: Decimal
    price: Decimal
    net: Decimal
    taxes: tuple[int, ...] = ()
    cost_center: int | None = None


@dataclass(frozen=True)
class InvoiceDraft:
    """``taxes`` are the stated amounts, one for each code of the source.
    ``account_id`` is where the partner owes or is owed; ``reverses`` the invoice that a
    credit note corrects. ``tolerance``, in company currency, is how far the stated
    taxes may be from the computed ones, beyond what rounding line by line explains."""

    move_type: str
    partner_id: int
    account_id: int
    number: str
    invoice_date: date
    due_date: date | None
    currency: str
    items: tuple[Item, ...]
    taxes: tuple[tuple[int, Decimal], ...]
    net: Decimal
    tax: Decimal
    reverses: int | None = None
    tolerance: Decimal = Decimal(0)

    @property
    def taxed(self) -> bool:
        return any(item.taxes for item in self.items)

    @property
    def stated_taxes(self) -> dict[int, Decimal]:
        """By tax: several of the source's codes may stand for one."""
        return _summed(self.taxes)

    def amounts(self, tax_accounts: Mapping[int, int | None]) -> Iterator[tuple]:
        """(account, amount, label) of everything but what the partner owes, debit
        positive."""
        sign = 1 if self.move_type in DEBITED else -1
        for item in self.items:
            yield item.account_id, sign * item.net, item.label
        for tax_id, amount in self.taxes:
            carrier = next(each for each in self.items if tax_id in each.taxes)
            account = tax_accounts[tax_id] or carrier.account_id
            yield account, sign * amount, self.number


@dataclass(frozen=True)
class ComputedTax:
    """What Odoo makes of a tax: ``amount``, in so many ``lines``."""

    amount: Decimal = Decimal(0)
    lines: int = 0


def tax_that_differs(
    invoice: InvoiceDraft,
    computed: Mapping[int, ComputedTax],
    unit: Decimal,
    tolerance: Decimal,
) -> int | None:
    """The tax that is farthest from what the source states, where all taxes together
    are farther than ``tolerance`` beyond what rounding to ``unit`` explains. All
    amounts are in the currency of the invoice."""
    beyond = {
        tax_id: _beyond_rounding(
            invoice, tax_id, computed.get(tax_id, ComputedTax()), unit
        )
        for tax_id in {**invoice.stated_taxes, **computed}
    }
    if sum(beyond.values()) <= tolerance:
        return None
    return max(beyond, key=lambda tax_id: beyond[tax_id])


def _beyond_rounding(
    invoice: InvoiceDraft, tax_id: int, computed: ComputedTax, unit: Decimal
) -> Decimal:
    """The source rounds once a line that has the tax, Odoo once a line it makes. What
    Odoo makes no line of cannot be set to anything."""
    lacking = abs(invoice.stated_taxes.get(tax_id, Decimal(0)) - computed.amount)
    if lacking and not computed.lines:
        return Decimal("Infinity")
    carriers = sum(tax_id in item.taxes for item in invoice.items)
    return max(Decimal(0), lacking - unit / 2 * max(carriers, computed.lines))


def _summed(pairs: Iterable[tuple[Key, Decimal]]) -> dict[Key, Decimal]:
    """The sums of what has the same key."""
    found: dict[Key, Decimal] = {}
    for key, amount in pairs:
        found[key] = found.get(key, Decimal(0)) + amount
    return found


def direction(document: Invoice) -> str:
    """``sale`` or ``purchase``: whose invoice it is or corrects."""
    told = {"supplier_invoice": "purchase", "customer_invoice": "sale"}
    return told.get(document.type) or document.direction


def draft(
    document: Invoice,
    partner_id: int | None,
    known: Known,
    look_up: LookUp,
    account: tuple[str, tuple[str, ...]],
) -> InvoiceDraft:
    """``look_up`` finds the target of a key in a mapping, ``account`` is the mapping
    and key of the lines' accounts. Raises NeedsPerson."""
    if partner_id is None:
        raise _partner_unknown(document)
    side = direction(document)
    owed = known.receivable if side == "sale" else known.payable
    codes = _codes_by_line(document)
    taxes = {
        code: _tax(document, code, known, look_up)
        for code in dict.fromkeys(code for several in codes for code in several)
    }
    return InvoiceDraft(
        move_type=MOVE_TYPES[side, document.type == "credit_note"],
        partner_id=partner_id,
        account_id=owed[partner_id],
        number=document.number or document.source_id,
        invoice_date=document.invoice_date,
        due_date=document.due_date,
        currency=document.currency,
        items=tuple(
            _item(line, tuple(taxes[code] for code in several), look_up, account)
            for line, several in zip(document.lines, codes, strict=True)
        ),
        taxes=tuple(
            (taxes[code], amount)
            for code, amount in _stated(document, codes).items()
            if amount
        ),
        net=document.total_net,
        tax=document.total_tax,
        reverses=_reversed(document, partner_id, known),
    )


def _item(line: InvoiceLine, taxes, look_up: LookUp, account) -> Item:
    quantity, price = _priced(line)
    center = line.cost_center
    values = {"cost_center": center or ""}
    return Item(
        account_id=look_up(*account, {"account": line.account_hint or UNTOLD}),
        label=line.description,
        quantity=quantity,
        price=price,
        net=line.net,
        taxes=taxes,
        cost_center=look_up(COST_CENTER, ("{cost_center}",), values)
        if center
        else None,
    )


def _priced(line: InvoiceLine) -> tuple[Decimal, Decimal]:
    """Quantity and unit price where these make the net amount to the cent; else one
    of the whole, as with a discount or a price finer than Odoo keeps."""
    unit = Decimal(1).scaleb(line.net.as_tuple().exponent)
    total = (line.quantity * line.unit_price).quantize(unit, ROUND_HALF_UP)
    kept = all(
        round(number, PRICE_DIGITS) == number
        for number in (line.quantity, line.unit_price)
    )
    if kept and total == line.net:
        return line.quantity, line.unit_price
    return Decimal(1), line.net


# -- taxes ---------------------------------------------------------------------------


def _codes_by_line(document: Invoice) -> list[tuple[str, ...]]:
    """The tax codes of each line: its own; a line without one has all those of the
    summary that are on just the lines without one."""
    own = {line.tax_code for line in document.lines} - {None}
    left = [tax for tax in document.taxes if tax.tax_code not in own]
    bare = [line for line in document.lines if line.tax_code is None]
    base = sum((line.net for line in bare), Decimal(0))
    unnamed = [line for line in bare if line.tax_amount and not left]
    if unnamed or any(tax.base != base for tax in left) or (left and not bare):
        raise NeedsPerson(
            f"tax_unassigned:{document.source_id}",
            f"{document.source_id} has taxes, but does not say on which of its lines.",
            "Have the tax code of each line told by the source, or reject it.",
            category="control",
            field="Tax",
            value=", ".join(tax.tax_code for tax in left),
        )
    shared = tuple(tax.tax_code for tax in left)
    return [(line.tax_code,) if line.tax_code else shared for line in document.lines]


def _stated(document: Invoice, codes: Sequence[tuple[str, ...]]) -> dict[str, Decimal]:
    """Tax by code: as the summary has it, else as the lines do."""
    told = [(tax.tax_code, tax.amount) for tax in document.taxes] or [
        (code, line.tax_amount or Decimal(0))
        for line, several in zip(document.lines, codes, strict=True)
        for code in several
    ]
    return _summed(told)


def _tax(document: Invoice, code: str, known: Known, look_up: LookUp) -> int:
    tax_id = look_up(TAX, ("{tax}",), {"tax": code})
    if tax_id not in known.taxes:
        raise NeedsPerson(
            f"tax:{code}",
            f"The tax that “{code}” stands for is archived.",
            f"Activate it, or map “{code}” to another tax; then try again.",
            field="Tax",
            value=code,
        )
    return tax_id


# -- partners and what is corrected --------------------------------------------------


def _partner_unknown(document: Invoice) -> NeedsPerson:
    party = document.party
    return NeedsPerson(
        f"partner_unknown:{party.source_id}",
        f"Nobody has confirmed which partner {party.source_id} is.",
        "Choose the partner, and have an approver confirm the reference; then it goes"
        " on by itself.",
        field="Partner",
        value=party.source_id,
        action="choose_partner",
    )


def _reversed(document: Invoice, partner_id: int, known: Known) -> int | None:
    number = getattr(document, "invoice_number", None)
    if number is None:
        return None
    side = direction(document)
    found = known.invoices.get((side, partner_id, number), ())
    if not found:
        raise NeedsPerson(
            f"open_item:{ROLES[side]}:{number}",
            f"The {ROLES[side]} {number} that {document.source_id} corrects is not"
            " posted in the books for this partner.",
            f"Post the {ROLES[side]} {number}, or correct the number at the source; the"
            " document then goes on by itself.",
            field="Corrected invoice",
            value=number,
            patient=True,
        )
    if len(found) > 1:
        raise NeedsPerson(
            f"ambiguous:{ROLES[side]}:{number}",
            f"The books know {len(found)} of the partner's documents as"
            f" {ROLES[side]} {number}.",
            "Rename all but the one that is meant, then try again.",
            category="control",
            field="Corrected invoice",
            value=number,
        )
    return found[0]
