"""Two systems that tell of one record name it by the same key."""

from odoo.addons.finance_core.claims import CLAIMING, record_key, said
from odoo.addons.finance_core.contract import document_from_fields
from odoo.addons.finance_core.tests.contract_samples import SAMPLES


def document(kind, **fields):
    return document_from_fields({**SAMPLES[kind], **fields})


def test_only_what_is_about_a_shared_record_claims_one():
    for kind in SAMPLES:
        assert bool(record_key(document(kind))) == (
            kind in CLAIMING and kind not in ("customer", "supplier_invoice")
        ), kind


def test_customer_without_a_vat_number_claims_nothing():
    assert record_key(document("customer")) == ""
    assert record_key(document("customer", vat="at u1")) == "ATU1"


def test_key_does_not_depend_on_who_tells():
    one = document("supplier_invoice", source_id="a")
    other = document("supplier_invoice", source_id="b", revision=7)
    named = {"source_id": "x", "name": "Bob Ltd"}
    assert record_key(one) == record_key(other) == ""  # whose invoice is not told
    one, other = (
        document("supplier_invoice", source_id=source, party=named) for source in "ab"
    )
    assert record_key(one) == record_key(other) == "bob ltd/2026/0001"


def test_what_is_said_leaves_out_who_said_it_and_when():
    one = document("account", source_id="a", revision=1)
    assert said(one, "") == said(document("account", source_id="b"), "")
    assert said(one, "") != said(document("account", name="Other"), "")


def test_fields_with_an_owner_of_their_own_are_left_out_of_the_rest():
    one, other = document("account"), document("account", name="Other")
    assert said(one, "", without={"name"}) == said(other, "", without={"name"})
    assert said(one, "name") != said(other, "name")
