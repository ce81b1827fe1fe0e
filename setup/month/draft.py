"""A company's month in the making: invoices and the operations that pay them."""

import random
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from stripe_simulator import Fee
from stripe_simulator.ids import Ids

from . import operations as ops
from .expected import Expectation, to_major

TAX_PERCENT = 21
"""The sales tax on every invoice line; rounded half up, as Odoo does."""

START = datetime(2026, 10, 1, tzinfo=UTC)
END = datetime(2026, 11, 1, tzinfo=UTC)

_FEE_PER_MILLE, _FEE_FIXED, _FEE_TAX_PERCENT = 29, 30, 19
_PLACES = ("Nord", "Süd", "am Markt", "Hafen", "Altstadt", "West", "du Parc", "Est")
_TRADES = ("Atelier", "Bakkerij", "Café", "Druckerei", "Farmacia", "Librairie")


@dataclass(frozen=True)
class Partner:
    """A customer: a name for Odoo, a ``cus_…`` for Stripe."""

    name: str
    customer: str
    email: str


@dataclass(frozen=True)
class Invoice:
    """A customer invoice to have in Odoo before the month: one line and its tax.

    Amounts are Decimals in ``currency``; ``charge`` is the key of what pays it.
    """

    number: str
    partner: Partner
    date: date
    currency: str
    net: Decimal
    tax: Decimal
    total: Decimal
    charge: str


def moment(day, hour=9, minute=0):
    """Return a time of the month, UTC."""
    return START.replace(day=day, hour=hour, minute=minute)


def card_fees(amount):
    """Return the fees of a card charge: 2.9 % + 0.30, and 19 % tax on them."""
    fee = _half_up(amount * _FEE_PER_MILLE, 1000) + _FEE_FIXED
    tax = _half_up(fee * _FEE_TAX_PERCENT, 100)
    return (
        Fee("stripe_fee", fee, "Stripe processing fees"),
        Fee("tax", tax, "VAT on Stripe processing fees"),
    )


def _half_up(numerator, denominator):
    return (2 * numerator + denominator) // (2 * denominator)


class Draft:
    """Collects one company's operations in any order."""

    def __init__(self, seed, company, partners):
        self.rng = random.Random(f"{seed}:{company}:plan")
        self.ids = Ids(f"{seed}:{company}:plan")
        self.partners = [self._partner(number) for number in range(partners)]
        self._operations = []
        self._invoices = []

    def _partner(self, number):
        trade = _TRADES[number % len(_TRADES)]
        place = _PLACES[number // len(_TRADES) % len(_PLACES)]
        name = f"{trade} {place} {number + 1}"
        email = f"kunde{number + 1}@example.com"
        return Partner(name, self.ids.new("cus"), email)

    @property
    def charges(self):
        """How many charges there are so far."""
        return sum(isinstance(item, ops.Authorise) for item in self._operations)

    def add(self, *operations):
        """Take in operations."""
        self._operations += operations

    def charge(self, key, at, currency, net, **differences):
        """Invoice ``net`` minor units plus tax, charge the total, and return it."""
        partner, total = self._invoice(key, at, currency, net)
        usual = ops.Charge(
            at=at,
            key=key,
            amount=total,
            currency=currency,
            customer=partner.customer,
            fees=card_fees(total),
        )
        self.add(replace(usual, **differences))
        return total

    def capture(self, key, at, currency, net, held):
        """Invoice ``net`` plus tax; authorise ``held``, capture the total a day on."""
        partner, total = self._invoice(key, at, currency, net)
        self.add(
            ops.Authorise(
                at=at,
                key=key,
                amount=held,
                currency=currency,
                customer=partner.customer,
            ),
            ops.Capture(
                at=at + timedelta(days=1),
                key=f"{key}-capture",
                charge=key,
                amount=total,
                fees=card_fees(total),
            ),
        )

    def _invoice(self, key, at, currency, net):
        partner = self.rng.choice(self.partners)
        tax = _half_up(net * TAX_PERCENT, 100)
        day = (at - timedelta(days=self.rng.randrange(8))).date()
        amounts = (to_major(amount) for amount in (net, tax, net + tax))
        self._invoices.append(Invoice("", partner, day, currency, *amounts, key))
        return partner, net + tax

    def finish(self):
        """Return (invoices, script): numbered by date, ordered by time."""
        self._invoices.sort(key=lambda invoice: (invoice.date, invoice.charge))
        invoices = tuple(
            replace(invoice, number=f"INV/{START.year}/{position:05d}")
            for position, invoice in enumerate(self._invoices, start=1)
        )
        numbers = {invoice.charge: invoice.number for invoice in invoices}
        script = [
            replace(item, invoice=numbers[item.key]) if item.key in numbers else item
            for item in sorted(self._operations, key=lambda item: item.at)
        ]
        return invoices, tuple(without_empty_payouts(script))


def without_empty_payouts(script):
    """Yield the operations but the payouts that would have nothing to pay."""
    expectation, empty = Expectation(), set()
    for operation in script:
        if isinstance(operation, ops.PayOut):
            _, total = expectation.available(operation.currency, operation.at)
            if not total:
                empty.add(operation.key)
        if empty.isdisjoint((operation.key, getattr(operation, "payout", None))):
            expectation.apply(operation)
            yield operation
