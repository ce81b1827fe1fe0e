"""The month to play: two companies, their customers, invoices and operations.

Pure and seeded: the same seed and number of charges make the same plan. Company A
keeps its books in EUR, sells in EUR and USD and wants an entry a transaction; company
B sells in EUR, wants an entry a payout, and has paid out everything at the end. The
names of customers and the numbers of invoices are the same in both, so that whatever
leaks from one to the other finds a place to land.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from . import operations as ops
from . import stories
from .draft import END, START, TAX_PERCENT, Draft, Invoice, Partner, moment

__all__ = ["BOOK_RATES", "TAX_PERCENT", "BankAccount", "Company", "Plan", "make_plan"]

LEAST_CHARGES = 50
BOOK_RATES = {"USD": Decimal("0.92")}
"""What one unit is worth in EUR in the books all month long."""

_SHARE_OF_B = 6
_USD_SHARE, _REFUND_SHARE = 0.3, 0.03
_A_EUR_PAYOUTS = (5, 7, 9, 12, 14, 16, 19, 21, 23, 26, 28, 30)
_A_USD_PAYOUTS = (9, 16, 23, 30)
_B_PAYOUTS = (6, 8, 13, 15, 20, 22, 27, 29, 30)
_FAILING_DAY, _CUT_DAY = 14, 21


@dataclass(frozen=True)
class BankAccount:
    """A bank account of a company; ``id`` is what Stripe calls it."""

    id: str
    currency: str
    iban: str


EUR_A = BankAccount("ba_1AliceEur00000000000000", "EUR", "DE89370400440532013000")
USD_A = BankAccount("ba_1AliceUsd00000000000000", "USD", "DE02120300000000202051")
EUR_B = BankAccount("ba_1BrunoEur00000000000000", "EUR", "DE02500105170137075030")


@dataclass(frozen=True)
class Company:
    """A company, what it wants posted, and all that happens to it.

    ``granularity`` is ``transaction`` or ``payout``. ``invoices`` and ``script`` are in
    the order of time.
    """

    key: str
    name: str
    currency: str
    granularity: str
    bank_accounts: tuple[BankAccount, ...]
    partners: tuple[Partner, ...]
    invoices: tuple[Invoice, ...]
    script: tuple[ops.Operation, ...]


@dataclass(frozen=True)
class Plan:
    """A month, from ``start`` until before ``end`` (aware, UTC)."""

    seed: int
    start: datetime
    end: datetime
    companies: tuple[Company, ...]


def make_plan(seed=0, charges=2050):
    """Return the Plan with exactly ``charges`` charges, company B having a sixth.

    Raises ValueError below ``LEAST_CHARGES``, where not all cases would fit.
    """
    if charges < LEAST_CHARGES:
        raise ValueError(f"a month needs {LEAST_CHARGES} charges at least")
    for_b = charges // _SHARE_OF_B
    return Plan(
        seed, START, END, (_company_a(seed, charges - for_b), _company_b(seed, for_b))
    )


def _company_a(seed, charges):
    draft = Draft(seed, "A", partners=_partners(charges))
    stories.converted_payout(draft, EUR_A.id)
    stories.partial_captures(draft)
    stories.several_partial_refunds(draft)
    stories.failed_refund(draft)
    stories.disputes(draft)
    stories.reserve(draft)
    stories.standalone_fee(draft)
    stories.unmapped_fee(draft)
    stories.charge_without_invoice(draft)
    stories.settled_in_another_currency(draft)
    stories.negative_payout(draft, USD_A.id)
    stories.announcements(draft)
    _sell(draft, charges - draft.charges, moment(2), END, _USD_SHARE)
    for day in _A_EUR_PAYOUTS:
        if day == _FAILING_DAY:
            stories.failing_payout(draft, f"payout-eur-{day}", "EUR", day, EUR_A.id)
        else:
            stories.pay_out(draft, f"payout-eur-{day}", "EUR", day, EUR_A.id)
    stories.cut_listing(draft, f"payout-eur-{_CUT_DAY}", _CUT_DAY)
    for day in _A_USD_PAYOUTS:
        stories.pay_out(draft, f"payout-usd-{day}", "USD", day, USD_A.id)
    _announce_balances(draft, _A_EUR_PAYOUTS)
    return _company("A", "Alice Trading", "transaction", (EUR_A, USD_A), draft)


def _company_b(seed, charges):
    draft = Draft(seed, "B", partners=_partners(charges))
    draft.capture("partial-1", moment(5), "EUR", 4959, held=10000)
    stories.simple_disputes(draft)
    _sell(draft, charges - draft.charges, START, moment(28, 0), usd_share=0)
    for day in _B_PAYOUTS:
        stories.pay_out(draft, f"payout-eur-{day}", "EUR", day, EUR_B.id)
    _announce_balances(draft, _B_PAYOUTS)
    return _company("B", "Bruno Services", "payout", (EUR_B,), draft)


def _partners(charges):
    return max(6, charges // 25)


def _sell(draft, count, start, end, usd_share):
    """Spread ordinary charges evenly between two times; refund some of them."""
    rng, step = draft.rng, (end - start) / count
    for number in range(count):
        at = (start + step * (number + rng.random())).replace(microsecond=0)
        currency = "USD" if rng.random() < usd_share else "EUR"
        key = f"charge-{number + 1}"
        total = draft.charge(key, at, currency, rng.randrange(500, 40000))
        back = at + timedelta(days=rng.randrange(3, 7))
        if rng.random() < _REFUND_SHARE and back < end:
            amount = rng.choice((total, total // 2))
            draft.add(
                ops.Refund(
                    at=back, key=f"refund-{number + 1}", charge=key, amount=amount
                )
            )


def _announce_balances(draft, days):
    for day in days:
        draft.add(ops.AnnounceBalance(at=moment(day, 8, 30), key=f"balance-{day}"))


def _company(key, name, granularity, bank_accounts, draft):
    invoices, script = draft.finish()
    partners = tuple(draft.partners)
    return Company(
        key, name, "EUR", granularity, bank_accounts, partners, invoices, script
    )
