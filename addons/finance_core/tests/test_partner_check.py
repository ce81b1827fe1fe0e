"""Confirmed customers pay their own invoices; proposals and strangers stop nothing."""

from dataclasses import replace

import pytest

from odoo.addons.finance_core.contract.balance_transaction import BalanceTransaction
from odoo.addons.finance_core.contract.envelope import Reference
from odoo.addons.finance_core.errors import NeedsPerson
from odoo.addons.finance_core.partner_check import check_partner, partner_cause
from odoo.addons.finance_core.posting import OpenItem, Snapshot

PAYER, OWNER = 5, 7
CAUSE = partner_cause("cus_1", "INV/1")
ITEM = OpenItem(1, OWNER, 3, "EUR", commercial_partner_id=OWNER)
PAYMENT = BalanceTransaction(
    source_id="t1",
    occurred_at="2026-03-10T10:00:00Z",
    currency="EUR",
    category="payment",
    amount="10.00",
    net="10.00",
    references=(
        Reference(role="customer", value="cus_1"),
        Reference(role="invoice", value="INV/1"),
    ),
)
SNAPSHOT = Snapshot(
    company_currency="EUR",
    time_zone="UTC",
    rules=(),
    mappings={},
    digits={},
    rates={},
    open_items={},
    partners={"cus_1": PAYER},
    partner_names={PAYER: "Payer Ltd", OWNER: "Owner Ltd"},
)


def check(document=PAYMENT, **known):
    check_partner(document, "INV/1", ITEM, replace(SNAPSHOT, **known))


def test_invoice_of_another_partner_needs_a_person_and_names_both():
    with pytest.raises(NeedsPerson) as stopped:
        check()
    assert stopped.value.category == "control"
    assert stopped.value.cause == CAUSE
    assert "Payer Ltd" in str(stopped.value)
    assert "Owner Ltd" in str(stopped.value)


def test_the_log_is_told_no_names():
    with pytest.raises(NeedsPerson) as stopped:
        check()
    assert "Ltd" not in stopped.value.logged
    assert "cus_1" in stopped.value.logged


def test_own_invoice_passes():
    check(partners={"cus_1": OWNER})


def test_customer_nobody_confirmed_passes():
    check(partners={"cus_2": PAYER})


def test_document_without_a_customer_passes():
    check(PAYMENT.model_copy(update={"references": PAYMENT.references[1:]}))


def test_accepted_document_passes_and_its_next_revision_does_not():
    accepted = {(PAYMENT.digest(), CAUSE)}
    check(accepted=accepted)
    revised = PAYMENT.model_copy(update={"revision": 1})
    with pytest.raises(NeedsPerson):
        check(revised, accepted=accepted)


def test_what_was_accepted_for_another_case_does_not_pass():
    with pytest.raises(NeedsPerson):
        check(accepted={(PAYMENT.digest(), partner_cause("cus_1", "INV/2"))})
