"""What is personal is hidden, what is not stays."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_core.personal import HOW, MASKED, Masker, MaskRule

SECRET = "Ada Lovelace 4711"
masker = Masker(
    [
        MaskRule("email", "domain"),
        MaskRule("*iban", "last_four"),
        MaskRule("address"),
        MaskRule("customer.name"),
        MaskRule("party.name"),
    ]
)


def test_a_customer_is_hidden_but_for_the_identifier():
    plain = {"source_id": "c1", "name": "Ada", "email": "a@example.org", "vat": None}
    assert masker.mask(plain, "customer") == {
        "source_id": "c1",
        "name": MASKED,
        "email": f"{MASKED}@example.org",
        "vat": None,
    }


def test_the_party_of_an_invoice_and_the_payer_of_a_line_are_hidden():
    plain = {
        "party": {"name": "Ada"},
        "lines": [{"payer_iban": "DE02120300000000202051", "amount": "1.00"}],
    }
    assert masker.mask(plain, "customer_invoice") == {
        "party": {"name": MASKED},
        "lines": [{"payer_iban": f"{MASKED}2051", "amount": "1.00"}],
    }


def test_the_name_of_a_thing_is_not_personal():
    assert masker.mask({"name": "charge.updated"}, "event") == {
        "name": "charge.updated"
    }


def test_all_that_is_in_a_hidden_field_is_hidden():
    assert masker.mask({"Address": {"street": ["x"]}}) == {"Address": MASKED}


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("value", ["a", "short", "12345678", 4711, True, "@x", "x@"])
def test_of_a_short_value_nothing_is_shown(how, value):
    assert Masker([MaskRule("x", how)]).mask({"x": value}) == {"x": MASKED}


def test_a_dot_and_a_bracket_of_a_rule_mean_themselves():
    assert not Masker([MaskRule("a.b")]).hides("axb")
    assert Masker([MaskRule("[x]")]).hides("[x]")
    assert not Masker([MaskRule("*.name")]).hides("name")


trees = st.recursive(
    st.just(SECRET),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=5), inner),
)


@given(trees, st.dictionaries(st.text(max_size=5), trees))
def test_nothing_of_a_hidden_field_is_shown_at_any_depth(tree, around):
    shown = masker.mask({**around, "address": tree, "x": [{"address": tree}]})
    assert SECRET not in json.dumps([shown["address"], shown["x"]])
