"""Stripe objects with all their documented fields, as plain JSON-ready dicts.

Amounts are integers in the minor unit, currencies lower case, times epoch seconds
UTC. https://docs.stripe.com/api, version ``const.API_VERSION``. Fields that are only
there when expanded (``charge.refunds``) or that the version dropped
(``charge.invoice``) are left out.
"""

from . import const

_ADDRESS = ("city", "country", "line1", "line2", "postal_code", "state")
_EVIDENCE = (
    "access_activity_log",
    "billing_address",
    "cancellation_policy",
    "cancellation_policy_disclosure",
    "cancellation_rebuttal",
    "customer_communication",
    "customer_email_address",
    "customer_name",
    "customer_purchase_ip",
    "customer_signature",
    "duplicate_charge_documentation",
    "duplicate_charge_explanation",
    "duplicate_charge_id",
    "product_description",
    "receipt",
    "refund_policy",
    "refund_policy_disclosure",
    "refund_refusal_explanation",
    "service_date",
    "service_documentation",
    "shipping_address",
    "shipping_carrier",
    "shipping_date",
    "shipping_documentation",
    "shipping_tracking_number",
    "uncategorized_file",
    "uncategorized_text",
)


def charge(id, created, amount, currency, customer, description, metadata):
    """An authorised card charge, nothing of it captured yet."""
    return {
        "id": id,
        "object": "charge",
        "amount": amount,
        "amount_captured": 0,
        "amount_refunded": 0,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": None,
        "billing_details": {
            "address": dict.fromkeys(_ADDRESS),
            "email": None,
            "name": None,
            "phone": None,
            "tax_id": None,
        },
        "calculated_statement_descriptor": None,
        "captured": False,
        "created": created,
        "currency": currency,
        "customer": customer,
        "description": description,
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "fraud_details": {},
        "livemode": False,
        "metadata": dict(metadata),
        "on_behalf_of": None,
        "outcome": {
            "advice_code": None,
            "network_advice_code": None,
            "network_decline_code": None,
            "network_status": "approved_by_network",
            "reason": None,
            "risk_level": "normal",
            "seller_message": "Payment complete.",
            "type": "authorized",
        },
        "paid": True,
        "payment_intent": None,
        "payment_method": None,
        "payment_method_details": {
            "card": {
                "amount_authorized": amount,
                "brand": "visa",
                "country": "DE",
                "exp_month": 8,
                "exp_year": 2030,
                "funding": "credit",
                "last4": "4242",
                "network": "visa",
            },
            "type": "card",
        },
        "receipt_email": None,
        "receipt_number": None,
        "receipt_url": None,
        "refunded": False,
        "review": None,
        "shipping": None,
        "source_transfer": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "succeeded",
        "transfer_data": None,
        "transfer_group": None,
    }


def refund(id, created, amount, currency, charge_id):
    """A refund of a card charge that succeeded."""
    return {
        "id": id,
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": charge_id,
        "created": created,
        "currency": currency,
        "destination_details": {"card": {"type": "refund"}, "type": "card"},
        "metadata": {},
        "payment_intent": None,
        "reason": "requested_by_customer",
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "succeeded",
        "transfer_reversal": None,
    }


def dispute(id, created, amount, currency, charge_id, status):
    """A dispute, or an inquiry when ``status`` starts with ``warning_``."""
    inquiry = status.startswith("warning_")
    return {
        "id": id,
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [],
        "charge": charge_id,
        "created": created,
        "currency": currency,
        "enhanced_eligibility_types": [],
        "evidence": dict.fromkeys(_EVIDENCE) | {"enhanced_evidence": {}},
        "evidence_details": {
            "due_by": created + 7 * 86400,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        "is_charge_refundable": inquiry,
        "livemode": False,
        "metadata": {},
        "payment_intent": None,
        "payment_method_details": {
            "card": {
                "brand": "visa",
                "case_type": "inquiry" if inquiry else "chargeback",
                "network_reason_code": "10.4",
            },
            "type": "card",
        },
        "reason": "fraudulent",
        "status": status,
    }


def payout(id, created, amount, currency, destination, arrival_date):
    """An automatic payout on its way to a bank account."""
    return {
        "id": id,
        "object": "payout",
        "amount": amount,
        "application_fee": None,
        "application_fee_amount": None,
        "arrival_date": arrival_date,
        "automatic": True,
        "balance_transaction": None,
        "created": created,
        "currency": currency,
        "description": "STRIPE PAYOUT",
        "destination": destination,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "livemode": False,
        "metadata": {},
        "method": "standard",
        "original_payout": None,
        "payout_method": None,
        "reconciliation_status": "in_progress",
        "reversed_by": None,
        "source_type": "card",
        "statement_descriptor": None,
        "status": "in_transit",
        "trace_id": None,
        "type": "bank_account",
    }


def fee_detail(type, amount, currency, description):
    """One component of a balance transaction's fee."""
    return {
        "amount": amount,
        "application": None,
        "currency": currency,
        "description": description,
        "type": type,
    }


def balance_transaction(
    id, created, type, reporting_category, amount, currency, source, fee_details
):
    """A movement of the balance, available at once."""
    fee = sum(detail["amount"] for detail in fee_details)
    return {
        "id": id,
        "object": "balance_transaction",
        "amount": amount,
        "available_on": created,
        "balance_type": "payments",
        "created": created,
        "currency": currency,
        "description": None,
        "exchange_rate": None,
        "fee": fee,
        "fee_details": list(fee_details),
        "net": amount - fee,
        "reporting_category": reporting_category,
        "source": source,
        "status": "available",
        "type": type,
    }


def event(id, created, type, object):
    """A webhook event about ``object``, which is taken as it stands."""
    return {
        "id": id,
        "object": "event",
        "api_version": const.API_VERSION,
        "created": created,
        "data": {"object": object},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": type,
    }


def balance(available, pending):
    """The account's balance from {currency: minor units} available and pending."""
    return {
        "object": "balance",
        "available": _amounts(available),
        "livemode": False,
        "pending": _amounts(pending),
    }


def _amounts(by_currency):
    return [
        {"amount": amount, "currency": currency, "source_types": {"card": amount}}
        for currency, amount in sorted(by_currency.items())
    ]


def invoice(id, created, number, amount, currency, customer):
    """A finalised Billing invoice of one untaxed line, waiting for payment."""
    return {
        "id": id,
        "object": "invoice",
        "account_country": "DE",
        "amount_due": amount,
        "amount_paid": 0,
        "amount_remaining": amount,
        "billing_reason": "manual",
        "collection_method": "send_invoice",
        "created": created,
        "currency": currency,
        "customer": customer,
        "customer_email": None,
        "customer_name": None,
        "description": None,
        "due_date": created + 14 * 86400,
        "lines": {
            "object": "list",
            "data": [
                {
                    "id": id.replace("in_", "il_"),
                    "object": "line_item",
                    "amount": amount,
                    "currency": currency,
                    "description": "Support, one hour",
                    "discount_amounts": [],
                    "invoice": id,
                    "livemode": False,
                    "metadata": {},
                    "period": {"end": created, "start": created},
                    "quantity": 1,
                    "taxes": [],
                }
            ],
            "has_more": False,
            "url": f"/v1/invoices/{id}/lines",
        },
        "livemode": False,
        "metadata": {},
        "number": number,
        "period_end": created,
        "period_start": created,
        "status": "open",
        "status_transitions": {
            "finalized_at": created,
            "marked_uncollectible_at": None,
            "paid_at": None,
            "voided_at": None,
        },
        "subtotal": amount,
        "subtotal_excluding_tax": amount,
        "total": amount,
        "total_discount_amounts": [],
        "total_excluding_tax": amount,
        "total_taxes": [],
    }
