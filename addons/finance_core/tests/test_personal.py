"""What is personal is hidden, what is not stays."""

from odoo.addons.finance_core.personal import MASKED, mask


def test_a_customer_is_hidden_but_for_the_identifier():
    plain = {"source_id": "c1", "name": "Ada", "email": "a@example.org", "vat": None}
    assert mask(plain, "customer") == {
        "source_id": "c1",
        "name": MASKED,
        "email": MASKED,
        "vat": None,
    }


def test_the_party_of_an_invoice_and_the_payer_of_a_line_are_hidden():
    plain = {"party": {"name": "Ada"}, "lines": [{"iban": "DE1", "amount": "1.00"}]}
    assert mask(plain, "customer_invoice") == {
        "party": {"name": MASKED},
        "lines": [{"iban": MASKED, "amount": "1.00"}],
    }


def test_the_name_of_a_thing_is_not_personal():
    assert mask({"name": "charge.updated"}, "event") == {"name": "charge.updated"}
