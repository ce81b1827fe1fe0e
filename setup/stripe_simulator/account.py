"""The things that happen to an account, as operations.

Each operation does three things side by side: it moves money in the book, changes the
objects of the API, and emits the events documented at
https://docs.stripe.com/api/events/types. Times are aware, amounts integers in the
minor unit, currencies lower case, identifiers Stripe's.
"""

from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from . import book, const, shapes
from .ledger import DAY, Ledger


class Fee(NamedTuple):
    """One fee component. ``type`` is Stripe's: ``stripe_fee``, ``tax``…"""

    type: str
    amount: int
    description: str = ""


def converted(amount, rate):
    """Return ``amount`` at the Decimal ``rate``, half up; unchanged without a rate."""
    if rate is None:
        return amount
    return int((amount * rate).quantize(Decimal(1), ROUND_HALF_UP))


class Account(Ledger):
    """One Stripe account: its objects, its events, its book."""

    # --- charges and refunds: https://docs.stripe.com/charges

    def authorise(self, amount, currency, at, customer, description="", metadata=()):
        """Authorise a card for ``amount`` and return the charge."""
        charge = self._new_charge(at, amount, currency, customer, description, metadata)
        self.emit("charge.succeeded", charge)
        return charge

    def capture(self, charge_id, amount, at, fees=()):
        """Capture part or all of an authorisation and return the charge.

        Two transactions when a part: the whole, and the reversal of what was not
        captured. https://docs.stripe.com/reports/reporting-categories
        """
        charge = self.objects["charge"][charge_id]
        now = self.advance(at)
        rest = charge["amount"] - amount
        self._book_charge(charge["currency"], amount, fees)
        self._enter_charge(charge, charge["amount"], charge["currency"], fees)
        if rest:
            self.enter(
                "refund",
                "partial_capture_reversal",
                charge["currency"],
                -rest,
                charge_id,
                available_on=_available(now),
            )
        charge.update(captured=True, amount_captured=amount, amount_refunded=rest)
        self.emit("charge.captured", charge)
        return charge

    def charge(
        self,
        amount,
        currency,
        at,
        customer,
        fees=(),
        description="",
        metadata=(),
        settlement=None,
    ):
        """Charge a card and return the charge.

        ``settlement`` is (currency, Decimal rate) for money that settles in another
        currency than it was presented in; ``fees`` are in the settlement currency.
        """
        charge = self._new_charge(at, amount, currency, customer, description, metadata)
        settled_in, rate = settlement or (currency, None)
        settled = converted(amount, rate)
        charge.update(captured=True, amount_captured=amount)
        self._book_charge(settled_in, settled, fees)
        self._enter_charge(charge, settled, settled_in, fees, exchange_rate=rate)
        self.emit("charge.succeeded", charge)
        return charge

    def _new_charge(self, at, *details):
        created = self.advance(at)
        return self.keep(shapes.charge(self.ids.new("ch"), created, *details))

    def _book_charge(self, currency, amount, fees):
        self.book.move(currency, book.CUSTOMERS, book.MERCHANT, amount)
        self._book_fees(currency, fees)

    def _book_fees(self, currency, fees):
        for fee in fees:
            taker = book.TAXES if fee.type == "tax" else book.FEES
            self.book.move(currency, book.MERCHANT, taker, fee.amount)

    def _enter_charge(self, charge, amount, currency, fees, **fields):
        transaction = self.enter(
            "charge",
            "charge",
            currency,
            amount,
            charge["id"],
            fees,
            available_on=_available(self.clock),
            description=charge["description"],
            **fields,
        )
        charge["balance_transaction"] = transaction["id"]

    def refund(self, charge_id, amount, at, settlement=None):
        """Refund ``amount`` of a charge, keep the fee, and return the refund."""
        created = self.advance(at)
        charge = self.objects["charge"][charge_id]
        currency, rate = settlement or (charge["currency"], None)
        settled = converted(amount, rate)
        refund = self.keep(
            shapes.refund(
                self.ids.new("re"), created, amount, charge["currency"], charge_id
            )
        )
        self.book.move(currency, book.MERCHANT, book.CUSTOMERS, settled)
        transaction = self.enter(
            "refund", "refund", currency, -settled, refund["id"], exchange_rate=rate
        )
        refund["balance_transaction"] = transaction["id"]
        self._count_refund(charge, amount)
        self.emit("refund.created", refund)
        self.emit("charge.refunded", charge)
        return refund

    def fail_refund(self, refund_id, at):
        """Take back a refund the customer's bank refused, and return it."""
        self.advance(at)
        refund = self.objects["refund"][refund_id]
        charge = self.objects["charge"][refund["charge"]]
        currency, amount = refund["currency"], refund["amount"]
        self.book.move(currency, book.CUSTOMERS, book.MERCHANT, amount)
        transaction = self.enter(
            "refund_failure", "refund_failure", currency, amount, refund_id
        )
        refund.update(
            status="failed",
            failure_reason="expired_or_canceled_card",
            failure_balance_transaction=transaction["id"],
        )
        self._count_refund(charge, -amount)
        self.emit("refund.updated", refund)
        self.emit("refund.failed", refund)
        return refund

    def _count_refund(self, charge, amount):
        charge["amount_refunded"] += amount
        charge["refunded"] = charge["amount_refunded"] >= charge["amount"]

    # --- disputes: https://docs.stripe.com/disputes

    def open_dispute(self, charge_id, at, fees=()):
        """Withdraw a disputed charge and its fee, and return the dispute."""
        dispute = self._dispute(charge_id, at, "needs_response")
        currency, amount = dispute["currency"], dispute["amount"]
        self.book.move(currency, book.MERCHANT, book.DISPUTED, amount)
        self._book_fees(currency, fees)
        self._enter_dispute(dispute, "dispute", -amount, fees)
        self.objects["charge"][charge_id]["disputed"] = True
        self.emit("charge.dispute.created", dispute)
        self.emit("charge.dispute.funds_withdrawn", dispute)
        return dispute

    def win_dispute(self, dispute_id, at, fees=()):
        """Reinstate the money, and the ``fees`` (negative) if any come back."""
        dispute = self._close_dispute(dispute_id, at, "won")
        currency, amount = dispute["currency"], dispute["amount"]
        self.book.move(currency, book.DISPUTED, book.MERCHANT, amount)
        self._book_fees(currency, fees)
        self._enter_dispute(dispute, "dispute_reversal", amount, fees)
        self.emit("charge.dispute.closed", dispute)
        self.emit("charge.dispute.funds_reinstated", dispute)
        return dispute

    def lose_dispute(self, dispute_id, at):
        """Close a dispute as lost: the money is gone already, nothing moves."""
        dispute = self._close_dispute(dispute_id, at, "lost")
        self.emit("charge.dispute.closed", dispute)
        return dispute

    def open_inquiry(self, charge_id, at):
        """Open an inquiry: a question of the bank, no money moves."""
        dispute = self._dispute(charge_id, at, "warning_needs_response")
        self.emit("charge.dispute.created", dispute)
        return dispute

    def close_inquiry(self, dispute_id, at):
        """Close an inquiry that did not become a dispute."""
        dispute = self._close_dispute(dispute_id, at, "warning_closed")
        self.emit("charge.dispute.closed", dispute)
        return dispute

    def _dispute(self, charge_id, at, status):
        created = self.advance(at)
        charge = self.objects["charge"][charge_id]
        return self.keep(
            shapes.dispute(
                self.ids.new("dp"),
                created,
                charge["amount_captured"],
                charge["currency"],
                charge_id,
                status,
            )
        )

    def _close_dispute(self, dispute_id, at, status):
        self.advance(at)
        dispute = self.objects["dispute"][dispute_id]
        dispute["status"] = status
        return dispute

    def _enter_dispute(self, dispute, category, amount, fees):
        transaction = self.enter(
            "adjustment", category, dispute["currency"], amount, dispute["id"], fees
        )
        dispute["balance_transactions"].append(transaction)

    # --- the balance itself: https://docs.stripe.com/reports/balance-transaction-types

    def hold_reserve(self, amount, currency, at):
        """Set ``amount`` aside as a risk reserve; a negative one releases it."""
        self.advance(at)
        self.book.move(currency, book.MERCHANT, book.RESERVED, amount)
        return self.enter("reserved_funds", "risk_reserved_funds", currency, -amount)

    def bill(self, amount, currency, at, category="fee", description=""):
        """Take a fee of its own from the balance and return its transaction."""
        self.advance(at)
        self.book.move(currency, book.MERCHANT, book.FEES, amount)
        return self.enter(
            "stripe_fee", category, currency, -amount, description=description
        )

    def announce_balance(self, at):
        """Emit ``balance.available`` with the balance of the moment."""
        self.advance(at)
        return self.emit("balance.available", self.balance())

    def announce(self, type, object, at):
        """Emit an event that moves nothing, such as ``customer.updated``."""
        self.advance(at)
        return self.emit(type, object)

    # --- payouts: https://docs.stripe.com/payouts

    def payout(self, currency, at, destination, conversion=None):
        """Pay out all that is available in ``currency`` and return the payout.

        ``conversion`` is (currency, Decimal rate) when the bank account takes another
        currency. A negative balance makes a negative payout. Raises ValueError if
        nothing is available.
        """
        created = self.advance(at)
        members = self._unpaid(currency)
        amount = sum(member["net"] for member in members)
        if not amount:
            raise ValueError("nothing to pay out")
        paid_in, rate = conversion or (currency, None)
        payout = self.keep(
            shapes.payout(
                self.ids.new("po"),
                created,
                converted(amount, rate),
                paid_in,
                destination,
                _midnight(created) + DAY,
            )
        )
        self.book.move(currency, book.MERCHANT, book.BANK, amount)
        own = self.enter(
            "payout", "payout", currency, -amount, payout["id"], exchange_rate=rate
        )
        payout["balance_transaction"] = own["id"]
        # Stripe lists a payout's own transaction among those of the payout.
        for member in (*members, own):
            self.payout_of[member["id"]] = payout["id"]
        self.emit("payout.created", payout)
        return payout

    def _unpaid(self, currency):
        return [
            transaction
            for transaction in self.transactions
            if transaction["currency"] == currency
            and transaction["id"] not in self.payout_of
            and self.status(transaction) == "available"
        ]

    def pay(self, payout_id, at):
        """Let a payout arrive at the bank."""
        self.advance(at)
        payout = self.objects["payout"][payout_id]
        payout["status"] = "paid"
        self.emit("payout.paid", payout)
        payout["reconciliation_status"] = "completed"
        self.emit("payout.reconciliation_completed", payout)
        return payout

    def fail_payout(self, payout_id, at):
        """Bring a payout's money back into the balance, for the next payout."""
        self.advance(at)
        payout = self.objects["payout"][payout_id]
        out = self.objects["balance_transaction"][payout["balance_transaction"]]
        currency, amount = out["currency"], -out["amount"]
        self.book.move(currency, book.BANK, book.MERCHANT, amount)
        back = self.enter(
            "payout_failure", "payout_reversal", currency, amount, payout_id
        )
        payout.update(
            status="failed",
            failure_balance_transaction=back["id"],
            failure_code="account_closed",
            failure_message="The bank account has been closed.",
            reconciliation_status="completed",
        )
        self.emit("payout.failed", payout)
        return payout

    def members(self, payout_id):
        """Return the transactions of a payout but its own, oldest first."""
        own = self.objects["payout"][payout_id]["balance_transaction"]
        return [
            self.objects["balance_transaction"][id]
            for id, payout in self.payout_of.items()
            if payout == payout_id and id != own
        ]

    def omit(self, payout_id):
        """Leave the payout's last transaction out of its listing, as a fault."""
        self.omitted.add(self.members(payout_id)[-1]["id"])


def _midnight(seconds):
    return seconds - seconds % DAY


def _available(seconds):
    return _midnight(seconds) + const.SETTLEMENT_DAYS * DAY
