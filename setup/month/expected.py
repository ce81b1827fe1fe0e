"""What the month must come to, computed from the plan alone.

Plain arithmetic on the operations: neither the simulator's objects nor its book is
asked, so that all three can be compared to the cent. Stripe's rules used here: money
of a charge is available two days later at midnight UTC, all else at once; a payout
takes all that is available in its currency; a failed one comes back.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import singledispatchmethod
from typing import NamedTuple

from . import operations as ops


class Movement(NamedTuple):
    """A movement of the balance: signed minor units, category as Stripe reports it."""

    category: str
    currency: str
    amount: int
    fees: tuple
    available: datetime

    @property
    def net(self):
        """What the balance changes by."""
        return self.amount - sum(fee.amount for fee in self.fees)

    def is_due(self, currency, at):
        """Say whether a payout in ``currency`` at ``at`` would take it."""
        return self.currency == currency and self.available <= at


@dataclass
class ExpectedPayout:
    """A payout: what leaves the balance, what the bank sees, and how it ends.

    ``members`` are the movements it is made of; ``complete`` says whether the API
    lists them all; ``state`` is in_transit, paid or failed.
    """

    key: str
    currency: str
    amount: int
    paid_currency: str
    paid_amount: int
    members: int
    state: str = "in_transit"
    complete: bool = True


def to_major(amount):
    """Return minor units of a two-decimal currency as a Decimal."""
    return Decimal(amount).scaleb(-2)


def _convert(amount, conversion):
    if conversion is None:
        return amount
    exact = amount * conversion.rate
    return int(exact.quantize(Decimal(1), ROUND_HALF_UP))


@dataclass
class Expectation:
    """The running account of one company; apply its operations in order."""

    movements: list[Movement] = field(default_factory=list)
    payouts: dict[str, ExpectedPayout] = field(default_factory=dict)
    disputes: dict[str, str] = field(default_factory=dict)
    _known: dict[str, ops.Operation] = field(default_factory=dict)
    _captured: dict[str, int] = field(default_factory=dict)
    _unpaid: list[Movement] = field(default_factory=list)

    def apply(self, operation):
        """Take in the next operation."""
        self._known[operation.key] = operation
        self._on(operation)

    def balances(self):
        """Return {currency: Decimal} at the provider, pending money included."""
        sums = Counter()
        for movement in self.movements:
            sums[movement.currency] += movement.net
        return {currency: to_major(amount) for currency, amount in sums.items()}

    def counts(self):
        """Return {reporting category: number of transactions}."""
        return dict(Counter(movement.category for movement in self.movements))

    def amounts(self):
        """Return {(reporting category, currency): Decimal}, fees not deducted."""
        sums = Counter()
        for movement in self.movements:
            sums[movement.category, movement.currency] += movement.amount
        return {key: to_major(amount) for key, amount in sums.items()}

    def fees(self):
        """Return {(fee type, currency): Decimal} of fees within transactions."""
        sums = Counter()
        for movement in self.movements:
            for fee in movement.fees:
                sums[fee.type, movement.currency] += fee.amount
        return {key: to_major(amount) for key, amount in sums.items()}

    def flagged(self):
        """Return the keys of the payouts that must not tie."""
        return [key for key, payout in self.payouts.items() if not payout.complete]

    def available(self, currency, at):
        """Return the movements a payout at ``at`` would take, and their total."""
        due = [item for item in self._unpaid if item.is_due(currency, at)]
        return due, sum(movement.net for movement in due)

    def _move(self, category, currency, amount, available, fees=()):
        movement = Movement(category, currency, amount, tuple(fees), available)
        self.movements.append(movement)
        if category != "payout":
            self._unpaid.append(movement)

    @singledispatchmethod
    def _on(self, operation):
        """Nothing moves, unless said so below."""

    @_on.register
    def _(self, op: ops.Charge):
        currency = op.settlement.currency if op.settlement else op.currency
        amount = _convert(op.amount, op.settlement)
        self._captured[op.key] = op.amount
        self._move("charge", currency, amount, _two_days_on(op.at), op.fees)

    @_on.register
    def _(self, op: ops.Capture):
        held = self._known[op.charge]
        available = _two_days_on(op.at)
        self._captured[op.charge] = op.amount
        self._move("charge", held.currency, held.amount, available, op.fees)
        if op.amount < held.amount:
            rest = op.amount - held.amount
            self._move("partial_capture_reversal", held.currency, rest, available)

    @_on.register
    def _(self, op: ops.Refund):
        charge = self._known[op.charge]
        currency = op.settlement.currency if op.settlement else charge.currency
        self._move("refund", currency, -_convert(op.amount, op.settlement), op.at)

    @_on.register
    def _(self, op: ops.FailRefund):
        refund = self._known[op.refund]
        currency = self._known[refund.charge].currency
        self._move("refund_failure", currency, refund.amount, op.at)

    @_on.register
    def _(self, op: ops.OpenDispute):
        self.disputes[op.key] = "open"
        currency, amount = self._disputed(op)
        self._move("dispute", currency, -amount, op.at, op.fees)

    @_on.register
    def _(self, op: ops.WinDispute):
        self.disputes[op.dispute] = "won"
        currency, amount = self._disputed(self._known[op.dispute])
        self._move("dispute_reversal", currency, amount, op.at, op.fees)

    @_on.register
    def _(self, op: ops.LoseDispute):
        self.disputes[op.dispute] = "lost"

    def _disputed(self, opening):
        currency = self._known[opening.charge].currency
        return currency, self._captured[opening.charge]

    @_on.register
    def _(self, op: ops.HoldReserve):
        self._move("risk_reserved_funds", op.currency, -op.amount, op.at)

    @_on.register
    def _(self, op: ops.Bill):
        self._move("fee", op.currency, -op.amount, op.at)

    @_on.register
    def _(self, op: ops.PayOut):
        due, amount = self.available(op.currency, op.at)
        self._unpaid = [
            item for item in self._unpaid if not item.is_due(op.currency, op.at)
        ]
        paid_in = op.conversion.currency if op.conversion else op.currency
        self.payouts[op.key] = ExpectedPayout(
            op.key,
            op.currency,
            amount,
            paid_in,
            _convert(amount, op.conversion),
            len(due),
        )
        self._move("payout", op.currency, -amount, op.at)

    @_on.register
    def _(self, op: ops.Arrive):
        self.payouts[op.payout].state = "paid"

    @_on.register
    def _(self, op: ops.Bounce):
        payout = self.payouts[op.payout]
        payout.state = "failed"
        self._move("payout_reversal", payout.currency, payout.amount, op.at)

    @_on.register
    def _(self, op: ops.CutListing):
        self.payouts[op.payout].complete = False


def _two_days_on(at):
    return at.replace(hour=0, minute=0, second=0) + timedelta(days=2)


def expect(script):
    """Return the Expectation of a company's operations, given in order."""
    expectation = Expectation()
    for operation in script:
        expectation.apply(operation)
    return expectation
