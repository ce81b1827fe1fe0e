"""What each document type refuses because its own figures disagree."""

import copy
from datetime import datetime

import pytest

from odoo.addons.finance_core.contract import document_from_fields
from odoo.addons.finance_core.errors import MalformedPayload
from odoo.addons.finance_core.tests.contract_samples import SAMPLES


def changed(name: str, /, **changes: object) -> dict[str, object]:
    return {**copy.deepcopy(SAMPLES[name]), **changes}


@pytest.mark.parametrize(
    ("name", "changes", "reason"),
    [
        ("balance_transaction", {"net": "96.18"}, "net: is not amount minus fee"),
        ("balance_transaction", {"fee": "3", "net": "97"}, "fees: do not sum to fee"),
        ("balance_transaction", {"source_currency": None}, "source_amount: "),
        ("balance_transaction", {"source_amount": None}, "source_amount: goes with"),
        ("balance_transaction", {"source_amount": "1.5"}, "source_amount: must have"),
        ("payout", {"destination_amount": None}, "destination_amount: goes with"),
        ("payout", {"destination_amount": "0.5"}, "destination_amount: must have"),
        ("payment", {"amount": "0"}, "amount: must be above zero"),
        ("payment", {"amount": "0.5"}, "amount: must have at most 0 decimals in JPY"),
        ("payment", {"amount_refunded": "-1"}, "amount_refunded: must not be negative"),
        ("payment", {"status": "lost"}, "status: "),
        ("payment", {"captured": 1}, "captured: "),
        ("refund", {"amount": "-1"}, "amount: must be above zero"),
        ("dispute", {"amount": "-1"}, "amount: must not be negative"),
        ("exchange_rate", {"rate": "-1"}, "rate: must be above zero"),
        ("exchange_rate", {"base_currency": "JPY"}, "quote_currency: must differ"),
        ("exchange_rate", {"date": "2026-02-30"}, "date: must be a day"),
        ("exchange_rate", {"date": 1700000000}, "date: must be a day"),
        ("exchange_rate", {"date": datetime(2026, 1, 1)}, "date: must be a day"),
        ("customer", {"address": {"country": "Austria"}}, "address.country: "),
        ("customer", {"address": {"street": 1}}, "address.street: must be a text"),
        ("journal_entry", {"lines": []}, "lines: "),
        ("customer_invoice", {"total_net": "49", "total_gross": "59"}, "total_net: "),
        ("customer_invoice", {"total_gross": "60.01"}, "total_gross: is not net plus"),
        ("customer_invoice", {"taxes": [], "lines": []}, "total_net: "),
        ("customer_invoice", {"number": None}, "number: only a draft has none"),
        ("supplier_invoice", {"total_tax": "9", "total_gross": "59"}, "total_tax: "),
        ("credit_note", {"party": {}}, "party.source_id: "),
        ("balance", {"available": [{"currency": "JPY", "amount": "0.5"}]}, "available"),
        ("balance", {"reserved": [{"amount": "1"}]}, "reserved.0.currency: "),
        ("settlement", {"last": "yes"}, "last: "),
        ("event", {"name": ""}, "name: "),
    ],
)
def test_figures_that_disagree_are_refused_by_name(name, changes, reason):
    with pytest.raises(MalformedPayload) as refusal:
        document_from_fields(changed(name, **changes))
    assert str(refusal.value).startswith(reason)


def test_an_unbalanced_entry_is_refused():
    """FAULTS 42"""
    fields = changed("journal_entry")
    fields["lines"][0]["debit"] = "1.51"
    with pytest.raises(MalformedPayload, match="debits and credits differ"):
        document_from_fields(fields)


def test_an_entry_line_has_one_side():
    """FAULTS 42: both sides at once could hide an imbalance."""
    fields = changed("journal_entry")
    fields["lines"].append({"account": "1", "debit": "1", "credit": "1"})
    with pytest.raises(MalformedPayload, match=r"lines\.2: has both"):
        document_from_fields(fields)


def test_a_statement_whose_control_total_is_off_by_a_cent_is_refused():
    """FAULTS 50"""
    fields = changed("bank_statement", closing_balance="5.51")
    with pytest.raises(MalformedPayload, match="closing_balance"):
        document_from_fields(fields)


def test_all_totals_that_do_not_tie_are_told_at_once():
    fields = changed("customer_invoice", total_net="1", total_tax="2")
    with pytest.raises(MalformedPayload) as refusal:
        document_from_fields(fields)
    assert len(str(refusal.value).split("; ")) == 4


@pytest.mark.parametrize("told", ["lines", "taxes"])
def test_tax_may_be_told_by_lines_or_for_the_whole(told):
    fields = changed("customer_invoice")
    if told == "lines":
        fields["taxes"] = []
    else:
        for line in fields["lines"]:
            del line["tax_amount"]
    assert document_from_fields(fields).total_tax == 10


def test_tax_that_nothing_explains_is_refused():
    fields = changed("customer_invoice", taxes=[])
    for line in fields["lines"]:
        del line["tax_amount"]
    with pytest.raises(MalformedPayload, match="told neither by"):
        document_from_fields(fields)


def test_a_draft_invoice_needs_no_number():
    fields = changed("customer_invoice", number=None, status="draft")
    assert document_from_fields(fields).category == "draft"


def test_a_fee_may_be_given_back():
    fields = changed("balance_transaction", fee="-1", net="101", fees=[])
    assert document_from_fields(fields).net == 101


def test_a_unit_price_may_have_more_decimals_than_the_currency():
    """FAULTS 48"""
    line = document_from_fields(SAMPLES["customer_invoice"]).lines[0]
    assert line.unit_price * line.quantity == line.net
    assert str(line.net) == "70.00"


def test_money_of_another_currency_has_the_decimals_of_that_one():
    """FAULTS 48"""
    balance = document_from_fields(SAMPLES["balance"])
    assert str(balance.available[0].amount) == "-1.50"
    assert str(balance.pending[0].amount) == "1.005"
    payout = document_from_fields(SAMPLES["payout"])
    assert (str(payout.amount), str(payout.destination_amount)) == (
        "-1000.00",
        "-136500",
    )
