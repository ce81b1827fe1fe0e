"""Stripe's objects in our words: pure functions, one for each kind of object.

Amounts come as integers of the minor unit Stripe uses for a currency and leave as
Decimal in major units; times come as epoch seconds and leave in UTC. ``told`` holds
the envelope fields that the event around an object adds. An object that is not
shaped as documented raises whatever Python raises; the connector makes that a
MalformedPayload.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from odoo.addons.finance_core.contract.balance import Balance
from odoo.addons.finance_core.contract.balance_transaction import BalanceTransaction
from odoo.addons.finance_core.contract.customer_invoice import CustomerInvoice
from odoo.addons.finance_core.contract.dispute import Dispute
from odoo.addons.finance_core.contract.envelope import Document
from odoo.addons.finance_core.contract.event import Event
from odoo.addons.finance_core.contract.payment import Payment
from odoo.addons.finance_core.contract.payout import Payout
from odoo.addons.finance_core.contract.refund import Refund
from odoo.addons.finance_core.contract.settlement import Settlement

from . import const

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def at(seconds: int) -> datetime:
    return EPOCH + timedelta(seconds=seconds)


def currency(obj: Mapping) -> str:
    return obj["currency"].upper()


def money(minor: int, code: str) -> Decimal:
    """Major units of ``code``; raises TypeError for anything but an integer."""
    if type(minor) is not int:
        raise TypeError("An amount is no integer.")
    return Decimal(minor).scaleb(-const.DECIMALS.get(code, 2))


def identity(value) -> str | None:
    """The id of an object that may come expanded, as its id only or not at all."""
    return value["id"] if isinstance(value, Mapping) else value


def references(*pairs) -> list[dict]:
    return [{"role": role, "value": identity(value)} for role, value in pairs if value]


def invoice_number(*objects):
    """What the first of ``objects`` that names an invoice calls it."""
    for obj in objects:
        metadata = obj.get("metadata") or {}
        number = metadata.get("invoice_number") or metadata.get("invoice")
        if number or obj.get("invoice"):
            return number or obj["invoice"]
    return None


def envelope(obj: Mapping, told: Mapping) -> dict:
    """The fields all documents of one object share."""
    return {
        "source_id": obj["id"],
        "occurred_at": at(obj["created"]),
        "currency": currency(obj),
        "description": obj.get("description") or "",
        **told,
    }


def payment(charge: Mapping, **told) -> Payment:
    code = currency(charge)
    status = const.PAYMENT_STATUSES[charge["status"]]
    if status == "succeeded" and not charge["captured"]:
        status = "cancelled" if charge["refunded"] else "authorised"
    return Payment(
        **envelope(charge, told),
        amount=money(charge["amount"], code),
        amount_captured=money(charge["amount_captured"], code),
        amount_refunded=money(charge["amount_refunded"], code),
        status=status,
        captured=charge["captured"],
        method=(charge.get("payment_method_details") or {}).get("type"),
        references=references(
            ("transaction", charge.get("balance_transaction")),
            ("customer", charge.get("customer")),
            ("invoice", invoice_number(charge)),
        ),
    )


def refund(obj: Mapping, **told) -> Refund:
    return Refund(
        **envelope(obj, told),
        correlation_id=identity(obj.get("charge")) or obj["id"],
        amount=money(obj["amount"], currency(obj)),
        status=const.REFUND_STATUSES[obj["status"]],
        reason=obj.get("reason"),
        references=references(
            ("payment", obj.get("charge")),
            ("transaction", obj.get("balance_transaction")),
            ("transaction", obj.get("failure_balance_transaction")),
            ("invoice", invoice_number(obj)),
        ),
    )


def dispute(obj: Mapping, **told) -> Dispute:
    """A decided dispute took effect when it was decided: when the event told of it."""
    if obj["status"] in const.DECIDED and told.get("recorded_at"):
        told = told | {"occurred_at": told["recorded_at"]}
    due = (obj.get("evidence_details") or {}).get("due_by")
    return Dispute(
        **envelope(obj, told),
        correlation_id=identity(obj["charge"]),
        amount=money(obj["amount"], currency(obj)),
        status=const.DISPUTE_STATUSES[obj["status"]],
        reason=obj.get("reason"),
        evidence_due_at=at(due) if due else None,
        references=references(
            ("dispute", obj),
            ("payment", obj["charge"]),
            *(("transaction", txn) for txn in obj.get("balance_transactions") or ()),
            ("invoice", invoice_number(obj)),
        ),
    )


def payout(obj: Mapping, **told) -> Payout:
    """``amount`` is what leaves the balance. A payout that Stripe converts tells
    that only where its balance transaction is expanded (the payout list); from an
    event it is known by what arrives at the bank.

    The revision is the place in the life of a payout and what is known of it, not
    the time of an event: webhook, event list and payout list agree on one payout.
    """
    status, place = const.PAYOUT_STATUSES[obj["status"]]
    trace = (obj.get("trace_id") or {}).get("value")
    amounts = payout_amounts(obj)
    known = 2 * bool(trace) + ("destination_amount" in amounts)
    told = told | {"revision": 4 * place + known, "recorded_at": None}
    return Payout(
        **{**envelope(obj, told), **amounts},
        status=status,
        method=obj["method"],
        automatic=obj["automatic"],
        arrival_date=at(obj["arrival_date"]).date(),
        statement_descriptor=obj.get("statement_descriptor"),
        trace_id=trace,
        references=references(
            ("transaction", obj.get("balance_transaction")),
            ("transaction", obj.get("failure_balance_transaction")),
        ),
    )


def payout_amounts(obj: Mapping) -> dict:
    arrives = {"currency": currency(obj), "amount": money(obj["amount"], currency(obj))}
    txn = obj.get("balance_transaction")
    if not isinstance(txn, Mapping) or currency(txn) == currency(obj):
        return arrives
    return {
        "currency": currency(txn),
        "amount": -money(txn["amount"], currency(txn)),
        "destination_currency": arrives["currency"],
        "destination_amount": arrives["amount"],
    }


def balance(obj: Mapping, when: datetime, **told) -> Balance:
    """Every statement is a document of its own: it is true for its moment."""

    def amounts(name):
        return [
            {
                "currency": currency(part),
                "amount": money(part["amount"], currency(part)),
            }
            for part in obj.get(name) or ()
        ]

    return Balance(
        source_id=f"balance:{int(when.timestamp())}",
        occurred_at=when,
        available=amounts("available"),
        pending=amounts("pending"),
        reserved=amounts("connect_reserved"),
        **told,
    )


def event(obj: Mapping, **told) -> Event:
    """An event without a financial meaning for us, or of a kind we do not know."""
    about = obj["data"]["object"]
    return Event(
        source_id=obj["id"],
        occurred_at=at(obj["created"]),
        name=obj["type"],
        correlation_id=identity(about.get("charge")) or about.get("id") or obj["id"],
        references=references(
            ("payment", about.get("charge")), ("customer", about.get("customer"))
        ),
        **told,
    )


def category(txn: Mapping) -> str:
    name = txn["reporting_category"]
    return const.CATEGORIES.get(name, name)


def as_object(value) -> Mapping:
    """An object that may come as its id only or not at all."""
    return value if isinstance(value, Mapping) else {"id": value}


def balance_transaction(txn: Mapping) -> BalanceTransaction:
    """The movement of money. Nothing in it changes once it exists, so it is the
    same whichever stream it came from; ``status`` is left out for that reason."""
    code = currency(txn)
    source = as_object(txn.get("source"))
    role = const.ROLES.get((source["id"] or "").partition("_")[0], category(txn))
    charge = source if role == "payment" else as_object(source.get("charge"))
    return BalanceTransaction(
        **envelope(txn, {}),
        correlation_id=charge["id"] or source["id"] or txn["id"],
        category=category(txn),
        amount=money(txn["amount"], code),
        fee=money(txn["fee"], code),
        net=money(txn["net"], code),
        fees=[
            {
                "type": fee["type"],
                "amount": money(fee["amount"], code),
                "description": fee.get("description") or "",
            }
            for fee in txn["fee_details"]
        ],
        available_at=at(txn["available_on"]),
        references=references(
            ("payment", charge["id"]),
            (role, source.get("reserve_hold") or source["id"]),
            ("customer", charge.get("customer")),
            ("invoice", invoice_number(charge, source)),
        ),
        **foreign_amount(txn, source),
    )


def foreign_amount(txn: Mapping, source: Mapping) -> dict:
    """The money in the currency of its source where that is another one, with the
    sign of the transaction. Stripe's rate leads from the source to the balance,
    except for payouts, where it leads away from it and is left out."""
    if not source.get("currency") or currency(source) == currency(txn):
        return {}
    minor = source["amount"]
    if txn["reporting_category"] == "partial_capture_reversal":
        minor -= source.get("amount_captured", 0)
    sign = -1 if txn["amount"] < 0 else 1
    rate = None if source["object"] == "payout" else txn.get("exchange_rate")
    return {
        "source_amount": money(sign * abs(minor), currency(source)),
        "source_currency": currency(source),
        "exchange_rate": rate and round(Decimal(rate), 12),
    }


def settlement(payout_id: str, page: Mapping) -> Document:
    """One page of the list of a payout's transactions, its own transaction among
    them as Stripe lists it. An empty list has no currency and proves nothing: it is
    kept as an event."""
    transactions = page["data"]
    shared = {"correlation_id": payout_id}
    shared["references"] = references(("payout", payout_id))
    if not transactions:
        name = "payout_transactions.empty"
        return Event(
            source_id=f"{payout_id}:empty", occurred_at=EPOCH, name=name, **shared
        )
    code = currency(transactions[0])
    return Settlement(
        source_id=f"{payout_id}:{transactions[0]['id']}",
        occurred_at=at(max(txn["created"] for txn in transactions)),
        currency=code,
        payout_id=payout_id,
        transactions=[
            {
                "source_id": txn["id"],
                "net": money(txn["net"], code),
                "category": category(txn),
            }
            for txn in transactions
        ],
        last=not page["has_more"],
        **shared,
    )


def customer_invoice(obj: Mapping, **told) -> CustomerInvoice:
    """An invoice of Stripe Billing. Where its lines do not make up its total
    (shipping, credits, more lines than an event holds), one line stands for all."""
    code = currency(obj)
    moments = obj["status_transitions"]
    when = obj.get("effective_at") or moments["finalized_at"] or obj["created"]
    gross = money(obj["total"], code)
    taxes = [invoice_tax(tax, code) for tax in obj.get("total_taxes") or ()]
    total_tax = sum((tax["amount"] for tax in taxes), Decimal(0))
    lines = [invoice_line(line, code) for line in obj["lines"]["data"]]
    if sum((line["net"] for line in lines), Decimal(0)) != gross - total_tax:
        lines = [{"unit_price": gross - total_tax, "net": gross - total_tax}]
    return CustomerInvoice(
        **envelope(obj, told),
        number=obj.get("number"),
        party=invoice_party(obj),
        invoice_date=at(when).date(),
        due_date=at(obj["due_date"]).date() if obj.get("due_date") else None,
        status=obj["status"],
        lines=lines,
        taxes=taxes,
        total_net=gross - total_tax,
        total_tax=total_tax,
        total_gross=gross,
        references=references(("customer", obj.get("customer"))),
    )


def invoice_party(obj: Mapping) -> dict:
    vat = [
        t["value"] for t in obj.get("customer_tax_ids") or () if t["type"] == "eu_vat"
    ]
    return {
        "source_id": identity(obj.get("customer")) or obj["id"],
        "name": obj.get("customer_name") or "",
        "vat": vat[0] if vat else None,
    }


def invoice_tax(tax: Mapping, code: str) -> dict:
    rate = (tax.get("tax_rate_details") or {}).get("tax_rate")
    return {
        "tax_code": rate or tax["type"],
        "base": money(tax.get("taxable_amount") or 0, code),
        "amount": money(tax["amount"], code),
    }


def invoice_line(line: Mapping, code: str) -> dict:
    """Net of discounts and of the tax its price includes."""
    taxes = line.get("taxes") or ()
    within = [tax["amount"] for tax in taxes if tax["tax_behavior"] == "inclusive"]
    discounts = [part["amount"] for part in line.get("discount_amounts") or ()]
    net = money(line["amount"] - sum(discounts) - sum(within), code)
    quantity = line.get("quantity") or 1
    return {
        "description": line.get("description") or "",
        "quantity": quantity,
        "unit_price": round(net / quantity, 6),
        "net": net,
        "tax_code": invoice_tax(taxes[0], code)["tax_code"] if taxes else None,
    }


OBJECTS = {
    "charge": payment,
    "dispute": dispute,
    "invoice": customer_invoice,
    "payout": payout,
    "refund": refund,
}


def revision(told_event: Mapping) -> int:
    """The second of the event, then how far its object had come in its life."""
    about = told_event["data"]["object"]
    places = const.PLACES.get(about.get("object"), {})
    done = sum(
        bool(about.get(fact)) for fact in const.FACTS.get(about.get("object"), ())
    )
    return 10 * told_event["created"] + places.get(about.get("status"), 0) + done


def document_of(told_event: Mapping) -> Document:
    """The document an event tells of, the same from a webhook and from a list."""
    about = told_event["data"]["object"]
    when = at(told_event["created"])
    told = {
        "revision": revision(told_event),
        "recorded_at": when,
        "entity": told_event.get("account"),
    }
    if about.get("object") == "balance":
        return balance(about, when, **told)
    # An upcoming invoice has no id yet, of a deleted one only the id is left.
    if about.get("object") in OBJECTS and {"id", "created"} <= about.keys():
        return OBJECTS[about["object"]](about, **told)
    return event(told_event, **told)
