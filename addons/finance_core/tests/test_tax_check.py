"""Taxes of an invoice against the rates the books know."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_core.contract import document_from_fields
from odoo.addons.finance_core.errors import NeedsPerson
from odoo.addons.finance_core.tax_check import check_taxes

RATES = {"V19": Decimal(19)}


def invoice(net="100.00", tax="19.00", code="V19"):
    return document_from_fields(
        {
            "type": "supplier_invoice",
            "source_id": "i1",
            "occurred_at": "2026-03-10T10:00:00Z",
            "currency": "EUR",
            "number": "R-1",
            "party": {"source_id": "s1"},
            "invoice_date": "2026-03-10",
            "status": "open",
            "lines": [{"quantity": "1", "unit_price": net, "net": net}],
            "taxes": [{"tax_code": code, "base": net, "amount": tax}],
            "total_net": net,
            "total_tax": tax,
            "total_gross": str(Decimal(net) + Decimal(tax)),
        }
    )


def cause_of(document):
    with pytest.raises(NeedsPerson) as caught:
        check_taxes(document, RATES)
    assert caught.value.remedy
    return caught.value.cause


def test_tax_that_its_rate_makes_passes():
    check_taxes(invoice(), RATES)


def test_a_tax_the_books_do_not_know_is_for_a_person():
    assert cause_of(invoice(code="V7")) == "tax:V7"


@pytest.mark.parametrize("tax", ("18.99", "19.01", "0.00", "-19.00"))
def test_tax_that_its_rate_does_not_make_is_for_a_person(tax):
    assert cause_of(invoice(tax=tax)) == "tax_amount:i1"


@given(st.decimals("0.01", "999999.99", places=2))
def test_tax_rounded_to_the_cent_passes(net):
    tax = (net * 19 / 100).quantize(Decimal("0.01"))
    check_taxes(invoice(str(net), str(tax)), RATES)


def test_a_document_without_taxes_passes():
    document = document_from_fields(
        {
            "type": "supplier",
            "source_id": "s1",
            "occurred_at": "2026-03-10T10:00:00Z",
            "name": "A supplier",
        }
    )
    check_taxes(document, RATES)
