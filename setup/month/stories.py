"""The cases a month must have, each a function that adds it to a draft.

Days are October's, nets in minor units before tax. What a case is called in
https://docs.stripe.com/reports/reporting-categories is said where it is not obvious.
"""

from decimal import Decimal

from stripe_simulator import Fee, shapes

from . import operations as ops
from .draft import card_fees, moment

UNMAPPED_FEE = "payment_method_passthrough_fee"
"""A documented fee type that the demo has no mapping for until a person adds one."""

UNKNOWN_CUSTOMER = "cus_1WalkIn0000000000000000"

_DISPUTE_FEE = (Fee("stripe_fee", 1500, "Dispute fee"),)
_DISPUTE_FEE_BACK = (Fee("stripe_fee", -1500, "Dispute fee returned"),)


def converted_payout(draft, destination):
    """1,000.00 USD, two charges of 520.00 less 20.00, arrive as 915.00 EUR."""
    fees = (Fee("stripe_fee", 1681, "Stripe processing fees"), Fee("tax", 319, "VAT"))
    draft.charge("converted-1", moment(1, 10), "USD", 42975, fees=fees)
    draft.charge("converted-2", moment(1, 11), "USD", 42975, fees=fees)
    rate = ops.Conversion("EUR", Decimal("0.915"))
    pay_out(draft, "payout-converted", "USD", 3, destination, conversion=rate)


def partial_captures(draft):
    """Less is captured than was authorised, three times."""
    draft.capture("partial-1", moment(5), "EUR", 4959, held=10000)
    draft.capture("partial-2", moment(6), "USD", 12000, held=20000)
    draft.capture("partial-3", moment(20), "EUR", 8265, held=15000)


def several_partial_refunds(draft):
    """One charge is refunded in three parts."""
    draft.charge("refunded", moment(7), "EUR", 20000)
    for part, (day, amount) in enumerate([(9, 2000), (12, 3550), (19, 1025)], start=1):
        at = moment(day, 14)
        draft.add(
            ops.Refund(at=at, key=f"part-{part}", charge="refunded", amount=amount)
        )


def failed_refund(draft):
    """A refund that the customer's bank sends back."""
    draft.charge("unlucky", moment(10), "EUR", 6000)
    draft.add(
        ops.Refund(
            at=moment(13, 15), key="refund-unlucky", charge="unlucky", amount=3000
        ),
        ops.FailRefund(at=moment(19, 15), key="refund-failed", refund="refund-unlucky"),
    )


def disputes(draft):
    """Won with and without the fee back, lost, still open, and only asked about."""
    for number, name in enumerate(("won", "kept", "lost", "open", "asked")):
        draft.charge(f"disputed-{name}", moment(2, 10, number), "EUR", 9000 + number)
    _open_dispute(draft, "won", 7)
    _open_dispute(draft, "kept", 8)
    _open_dispute(draft, "lost", 9)
    _open_dispute(draft, "open", 27)
    draft.add(
        ops.WinDispute(
            at=moment(20, 16),
            key="dispute-won-closed",
            dispute="dispute-won",
            fees=_DISPUTE_FEE_BACK,
        ),
        ops.WinDispute(
            at=moment(21, 16), key="dispute-kept-closed", dispute="dispute-kept"
        ),
        ops.LoseDispute(
            at=moment(23, 16), key="dispute-lost-closed", dispute="dispute-lost"
        ),
        ops.OpenInquiry(at=moment(6, 16), key="inquiry", charge="disputed-asked"),
        ops.CloseInquiry(at=moment(26, 16), key="inquiry-closed", dispute="inquiry"),
    )


def simple_disputes(draft):
    """One dispute lost, one won."""
    for number, name in enumerate(("won", "lost")):
        draft.charge(f"disputed-{name}", moment(3, 10, number), "EUR", 7000 + number)
        _open_dispute(draft, name, 9)
    draft.add(
        ops.WinDispute(
            at=moment(20, 16), key="dispute-won-closed", dispute="dispute-won"
        ),
        ops.LoseDispute(
            at=moment(20, 16), key="dispute-lost-closed", dispute="dispute-lost"
        ),
    )


def _open_dispute(draft, name, day):
    draft.add(
        ops.OpenDispute(
            at=moment(day, 11),
            key=f"dispute-{name}",
            charge=f"disputed-{name}",
            fees=_DISPUTE_FEE,
        )
    )


def reserve(draft):
    """A reserve held for two weeks."""
    draft.add(
        ops.HoldReserve(at=moment(8), key="held", amount=15000, currency="EUR"),
        ops.HoldReserve(at=moment(22), key="released", amount=-15000, currency="EUR"),
    )


def standalone_fee(draft):
    """A fee that is a transaction of its own."""
    text = "Radar for Fraud Teams (2026-09)"
    draft.add(
        ops.Bill(
            at=moment(15, 6), key="radar", amount=1240, currency="EUR", description=text
        )
    )


def unmapped_fee(draft):
    """A charge with a fee of a type nobody has mapped."""
    fees = (*card_fees(9075), Fee(UNMAPPED_FEE, 45, "Passthrough fee"))
    draft.charge("unmapped-fee", moment(11), "EUR", 7500, fees=fees)


def charge_without_invoice(draft):
    """Money from a customer Odoo does not know, for no invoice it has."""
    draft.add(
        ops.Charge(
            at=moment(12, 10),
            key="no-invoice",
            amount=4321,
            currency="EUR",
            customer=UNKNOWN_CUSTOMER,
            fees=card_fees(4321),
        )
    )


def settled_in_another_currency(draft):
    """60.00 USD taken as 52.80 EUR and refunded at 51.60 EUR."""
    taken = ops.Conversion("EUR", Decimal("0.88"))
    given = ops.Conversion("EUR", Decimal("0.86"))
    fees = card_fees(5280)
    draft.charge("presented", moment(13), "USD", 4959, settlement=taken, fees=fees)
    draft.add(
        ops.Refund(
            at=moment(24),
            key="refund-presented",
            charge="presented",
            amount=6000,
            settlement=given,
        )
    )


def negative_payout(draft, destination):
    """A refund right after a payout leaves less than nothing to pay out."""
    total = draft.charge("regretted", moment(6, 12), "USD", 19900)
    draft.add(
        ops.Refund(
            at=moment(16, 9), key="refund-regretted", charge="regretted", amount=total
        )
    )
    pay_out(draft, "payout-negative", "USD", 16, destination, hour=12)


def pay_out(draft, key, currency, day, destination, hour=8, conversion=None):
    """A payout that arrives the day after."""
    draft.add(
        ops.PayOut(
            at=moment(day, hour),
            key=key,
            currency=currency,
            destination=destination,
            conversion=conversion,
        ),
        ops.Arrive(at=moment(day + 1), key=f"{key}-arrived", payout=key),
    )


def failing_payout(draft, key, currency, day, destination):
    """A payout that bounces; its money leaves with the next one."""
    draft.add(
        ops.PayOut(
            at=moment(day, 8), key=key, currency=currency, destination=destination
        ),
        ops.Bounce(at=moment(day + 1, 10), key=f"{key}-bounced", payout=key),
    )


def cut_listing(draft, key, day):
    """The API forgets one transaction of a payout when asked for them."""
    draft.add(ops.CutListing(at=moment(day, 8, 1), key=f"{key}-cut", payout=key))


def announcements(draft):
    """Events that move nothing, among them types no connector knows."""
    for number, partner in enumerate(draft.partners[:4]):
        customer = {
            "id": partner.customer,
            "object": "customer",
            "email": partner.email,
            "livemode": False,
            "metadata": {},
            "name": partner.name,
        }
        _announce(draft, f"customer-{number}", 14, "customer.updated", customer)
    for number, partner in enumerate(draft.partners[:2], start=1):
        at = int(moment(14, 13).timestamp())
        number_text = f"SUP-{number:04d}"
        customer = partner.customer
        invoice = shapes.invoice(
            draft.ids.new("in"), at, number_text, 12000, "eur", customer
        )
        _announce(draft, f"billing-{number}", 14, "invoice.finalized", invoice)
    _announce(
        draft, "billing-voided", 15, "invoice.voided", invoice | {"status": "void"}
    )
    warning = {
        "id": draft.ids.new("issfr"),
        "object": "radar.early_fraud_warning",
        "actionable": True,
        "charge": None,
        "created": int(moment(15, 13).timestamp()),
        "fraud_type": "made_with_stolen_card",
        "livemode": False,
    }
    _announce(draft, "fraud-warning", 15, "radar.early_fraud_warning.created", warning)


def _announce(draft, key, day, type, object):
    draft.add(ops.Announce(at=moment(day, 13), key=key, type=type, object=object))
