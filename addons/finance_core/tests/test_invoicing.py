"""Invoices become drafts of Odoo's own: the same document, the same invoice."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_core import controls, impact
from odoo.addons.finance_core.contract import document_from_fields
from odoo.addons.finance_core.errors import NeedsPerson
from odoo.addons.finance_core.invoicing import ComputedTax, Known, tax_that_differs
from odoo.addons.finance_core.mapping import MappingRule, MappingTable
from odoo.addons.finance_core.posting import (
    Ignored,
    Rule,
    RuleLine,
    Snapshot,
    translate,
)

DAY = date(2026, 3, 10)
OFFICE, OTHER, SALES, INPUT_TAX, PAYABLE, RECEIVABLE, BILLS, ORDERS = range(1, 9)
V19, V7, REVERSE = 31, 32, 33
SUPPLIER = 51
LINE = RuleLine("each_item", 1, "item", ("{direction}", "{account}"))


def rule(kind):
    return Rule(
        1, 1, kind, outcome="invoice", journal_key=("{direction}",), lines=(LINE,)
    )


def table(label, keys, version):
    return MappingTable(label, version, [MappingRule(k, v) for k, v in keys.items()])


MAPPINGS = {
    "journal": [table("Journals", {("purchase",): BILLS, ("sale",): ORDERS}, 10)],
    "item": [
        table(
            "Items",
            {
                ("purchase", "office"): OFFICE,
                ("purchase", "*"): OTHER,
                ("sale", "*"): SALES,
            },
            11,
        )
    ],
    "tax": [table("Taxes", {("V19",): V19, ("V7",): V7, ("RC",): REVERSE}, 12)],
    "cost_center": [table("Cost centres", {("north",): 41}, 13)],
}


def snapshot(**changes):
    values = {
        "company_currency": "EUR",
        "time_zone": "Europe/Berlin",
        "rules": [
            rule(kind)
            for kind in ("supplier_invoice", "customer_invoice", "credit_note")
        ],
        "mappings": MAPPINGS,
        "digits": {"EUR": 2, "USD": 2, "JPY": 0},
        "rates": {("USD", DAY): Decimal("0.92")},
        "open_items": {},
        "partners": {"s1": SUPPLIER},
        "invoices": Known(
            receivable={SUPPLIER: RECEIVABLE},
            payable={SUPPLIER: PAYABLE},
            taxes={V19: INPUT_TAX, V7: INPUT_TAX, REVERSE: None},
            invoices={("purchase", SUPPLIER, "R-0"): (901,)},
        ),
    }
    return Snapshot(**{**values, **changes})


def line(net, **fields):
    return {"quantity": "1", "unit_price": net, "net": net, **fields}


def invoice(lines=(), taxes=(), kind="supplier_invoice", **fields):
    lines = lines or [line("100.00")]
    net = sum((Decimal(each["net"]) for each in lines), Decimal(0))
    told = taxes or [
        {"amount": each["tax_amount"]} for each in lines if "tax_amount" in each
    ]
    tax = sum((Decimal(each["amount"]) for each in told), Decimal(0))
    return document_from_fields(
        {
            "type": kind,
            "source_id": "i1",
            "occurred_at": "2026-03-11T10:00:00Z",
            "currency": "EUR",
            "number": "R-1",
            "party": {"source_id": "s1"},
            "invoice_date": "2026-03-10",
            "status": "open",
            "lines": list(lines),
            "taxes": list(taxes),
            "total_net": str(net),
            "total_tax": str(tax),
            "total_gross": str(net + tax),
            **fields,
        }
    )


def tax(code, base, amount):
    return {"tax_code": code, "base": base, "amount": amount}


def amounts(draft):
    return {(each.account_id, each.amount) for each in draft.lines}


def cause_of(document, **changes):
    with pytest.raises(NeedsPerson) as caught:
        translate(document, snapshot(**changes))
    assert caught.value.remedy
    return caught.value.cause


def test_a_supplier_invoice_is_a_bill_with_lines_taxes_and_what_is_owed():
    document = invoice(
        [
            line("100.00", account_hint="office", tax_code="V19", cost_center="north"),
            line("50.00", tax_code="V7", quantity="2", unit_price="25"),
        ],
        [tax("V19", "100.00", "19.00"), tax("V7", "50.00", "3.50")],
        due_date="2026-04-09",
    )
    draft = translate(document, snapshot())
    made = draft.invoice
    assert (made.move_type, made.partner_id, made.number) == (
        "in_invoice",
        SUPPLIER,
        "R-1",
    )
    assert (draft.date, made.invoice_date, made.due_date) == (
        DAY,
        DAY,
        date(2026, 4, 9),
    )
    assert draft.journal_id == BILLS
    assert amounts(draft) == {
        (OFFICE, Decimal("100.00")),
        (OTHER, Decimal("50.00")),
        (INPUT_TAX, Decimal("19.00")),
        (INPUT_TAX, Decimal("3.50")),
        (PAYABLE, Decimal("-172.50")),
    }
    first, second = made.items
    assert (first.taxes, first.cost_center) == ((V19,), 41)
    assert (second.quantity, second.price, second.taxes) == (2, 25, (V7,))
    assert draft.mapping_versions == {10, 11, 12, 13}


@pytest.mark.parametrize(
    ("kind", "side", "move_type", "account", "sign"),
    (
        ("customer_invoice", None, "out_invoice", RECEIVABLE, 1),
        ("supplier_invoice", None, "in_invoice", PAYABLE, -1),
        ("credit_note", "sale", "out_refund", RECEIVABLE, -1),
        ("credit_note", "purchase", "in_refund", PAYABLE, 1),
    ),
)
def test_whose_invoice_it_is_says_what_odoo_makes(kind, side, move_type, account, sign):
    told = {"direction": side} if side else {}
    draft = translate(invoice(kind=kind, **told), snapshot())
    assert draft.invoice.move_type == move_type
    assert draft.lines[-1].account_id == account
    assert draft.lines[-1].amount == sign * Decimal("100.00")
    assert draft.journal_id == (ORDERS if move_type.startswith("out") else BILLS)


def test_a_tax_of_the_summary_alone_is_on_all_lines():
    draft = translate(
        invoice([line("60.00"), line("40.00")], [tax("V19", "100.00", "19.00")]),
        snapshot(),
    )
    assert [each.taxes for each in draft.invoice.items] == [(V19,), (V19,)]


def test_a_tax_told_by_lines_alone_is_added_up():
    lines = [
        line("60.00", tax_code="V19", tax_amount="11.40"),
        line("40.00", tax_code="V19", tax_amount="7.60"),
    ]
    draft = translate(invoice(lines), snapshot())
    assert draft.invoice.taxes == ((V19, Decimal("19.00")),)


@pytest.mark.parametrize(
    "document",
    (
        invoice(
            [line("60.00"), line("40.00")],
            [tax("V19", "60.00", "11.40"), tax("V7", "40.00", "2.80")],
        ),
        invoice([line("100.00", tax_amount="19.00")]),
        invoice(
            [line("100.00", tax_code="V19")],
            [tax("V19", "100.00", "19.00"), tax("V7", "0.00", "0.00")],
        ),
    ),
)
def test_a_tax_on_nobody_knows_which_lines_is_for_a_person(document):
    assert cause_of(document) == "tax_unassigned:i1"


def test_a_tax_without_an_account_of_its_own_goes_where_its_line_goes():
    document = invoice(
        [line("100.00", tax_code="RC", account_hint="office", tax_amount="5.00")]
    )
    draft = translate(document, snapshot())
    assert (OFFICE, Decimal("5.00")) in amounts(draft)


def test_quantity_and_price_are_kept_where_they_make_the_net_amount():
    def item(**fields):
        return translate(invoice([line(**fields)]), snapshot()).invoice.items[0]

    kept = item(net="25.50", quantity="3", unit_price="8.5")
    assert (kept.quantity, kept.price) == (3, Decimal("8.5"))
    for discounted in (
        item(net="20.00", quantity="3", unit_price="8.5"),
        item(net="1.00", quantity="3", unit_price="0.33333"),
    ):
        assert (discounted.quantity, discounted.price) == (1, discounted.net)


@pytest.mark.parametrize(
    ("document", "cause"),
    (
        (invoice(party={"source_id": "s9"}), "partner_unknown:s9"),
        (invoice([line("1.00", tax_code="V3")]), "mapping:tax:V3"),
        (invoice([line("1.00", cost_center="east")]), "mapping:cost_center:east"),
        (invoice(currency="USD", invoice_date="2026-03-09"), "rate:USD:2026-03-09"),
        (
            invoice(kind="credit_note", direction="purchase", invoice_number="R-7"),
            "open_item:bill:R-7",
        ),
        (
            invoice(kind="credit_note", direction="sale", invoice_number="R-0"),
            "open_item:invoice:R-0",
        ),
    ),
)
def test_what_a_person_must_complete_is_held_with_its_cause(document, cause):
    assert cause_of(document) == cause


def test_an_archived_tax_is_for_a_person():
    """FAULTS 44."""
    known = Known(payable={SUPPLIER: PAYABLE}, taxes={})
    document = invoice([line("1.00", tax_code="V19")])
    assert cause_of(document, invoices=known) == "tax:V19"


def test_lines_without_a_mapping_are_held_with_the_key_that_is_missing():
    mappings = {name: MAPPINGS[name] for name in ("journal", "tax")}
    assert cause_of(invoice(), mappings=mappings) == "mapping:item:purchase|unspecified"


def test_a_credit_note_names_the_invoice_it_corrects():
    document = invoice(kind="credit_note", direction="purchase", invoice_number="R-0")
    assert translate(document, snapshot()).invoice.reverses == 901


def test_an_invoice_of_nothing_is_ignored_and_says_why():
    empty = invoice(lines=[line("0.00")], due_date=None).model_copy(
        update={"lines": ()}
    )
    assert isinstance(translate(empty, snapshot()), Ignored)


@given(st.lists(st.decimals("0.01", "99999.99", places=2), min_size=1, max_size=9))
def test_every_invoice_balances_to_the_cent_in_both_currencies(nets):
    document = invoice([line(str(net)) for net in nets], currency="USD")
    draft = translate(document, snapshot())
    assert not sum(each.amount for each in draft.lines)
    assert not sum(each.balance for each in draft.lines)


# -- controls and previews -----------------------------------------------------------


def judged(document, control=controls.DEFAULT, twins=(), decisions=(), **books):
    draft = translate(document, snapshot())
    known = controls.Books("EUR", **books)
    return controls.check(document, draft, control, known, twins, decisions)


def test_a_number_the_partner_used_before_is_for_a_person_whatever_the_policy():
    twin = controls.Twin("BILL/1", same_number=True)
    with pytest.raises(NeedsPerson) as caught:
        judged(invoice(), twins=[twin])
    assert caught.value.cause == "duplicate:supplier_invoice:i1"
    assert "BILL/1" in str(caught.value)


def test_a_person_who_says_it_is_none_lets_it_pass():
    twin = controls.Twin("BILL/1", same_number=True)
    told = controls.Decision("distinct", at=None, reason="Two branches")
    assert judged(invoice(), twins=[twin], decisions=[told]).draft.invoice


def test_the_approved_tolerance_travels_with_the_invoice():
    control = controls.Control(tolerance=Decimal("0.05"))
    assert judged(invoice(), control).draft.invoice.tolerance == Decimal("0.05")


@pytest.mark.parametrize(("taxes", "held"), (((), False), (("V19",), True)))
def test_a_closed_tax_return_keeps_out_what_has_tax(taxes, held):
    """FAULTS 41."""
    document = invoice([line("0.00", tax_code=code) for code in taxes])
    locked = {"locks": {"tax": DAY}, "journals": {BILLS: "purchase"}}
    if not held:
        assert judged(document, **locked).draft
        return
    with pytest.raises(NeedsPerson) as caught:
        judged(document, **locked)
    assert caught.value.cause.startswith("period:")


def test_a_preview_tells_invoices_apart_that_move_the_same_money():
    draft = translate(invoice([line("0.00", tax_code="V19")]), snapshot())
    other = translate(invoice([line("0.00", tax_code="V7")]), snapshot())
    assert impact.amounts(draft) == impact.amounts(other)
    assert impact._meaning(draft) != impact._meaning(other)


def test_what_was_paid_of_it_since_is_no_other_invoice():
    digests = {
        invoice(status=status).financial_digest()
        for status in ("open", "paid", "uncollectible", "credited")
    }
    assert len(digests) == 1
    assert invoice(status="void").financial_digest() not in digests


# -- each tax by itself ----------------------------------------------------------------

CENT = Decimal("0.01")


def differs(stated, computed, tolerance="0", carriers=1):
    """``computed`` is (amount, lines) by tax; each of ``carriers`` lines has all the
    taxes that are stated."""
    lines = [line("100.00") for _number in range(carriers)]
    base = str(100 * carriers)
    document = invoice(lines, [tax(code, base, amount) for code, amount in stated])
    made = {
        tax_id: ComputedTax(Decimal(amount), count)
        for tax_id, (amount, count) in computed.items()
    }
    draft = translate(document, snapshot()).invoice
    return tax_that_differs(draft, made, CENT, Decimal(tolerance))


@pytest.mark.parametrize(
    ("stated", "computed", "tolerance", "wrong"),
    [
        ([("V19", "19.00")], {V19: ("19.00", 1)}, "0", None),
        ([("V19", "19.01")], {V19: ("19.00", 1)}, "0", V19),
        # one tax does not make up for the other
        (
            [("V19", "20.00"), ("V7", "6.00")],
            {V19: ("19.00", 1), V7: ("7.00", 1)},
            "0.50",
            V19,
        ),
        (
            [("V19", "19.02"), ("V7", "6.98")],
            {V19: ("19.00", 1), V7: ("7.00", 1)},
            "0.03",
            None,
        ),
        # a group of two that are each rounded
        ([("V19", "1.81")], {V19: ("1.80", 2)}, "0", None),
        # what Odoo makes no line of can be set to nothing
        ([("RC", "0.01")], {}, "1", REVERSE),
        ([("RC", "0")], {}, "0", None),
        # what is computed though nothing is stated
        ([("RC", "0")], {REVERSE: ("19.00", 1)}, "0", REVERSE),
    ],
)
def test_the_tax_that_differs_is_named(stated, computed, tolerance, wrong):
    assert differs(stated, computed, tolerance) == wrong


def test_half_a_cent_a_line_that_has_the_tax_is_rounding():
    stated, computed = [("V19", "38.01")], {V19: ("38.00", 1)}
    assert differs(stated, computed, carriers=2) is None
    assert differs([("V19", "38.02")], computed, carriers=2) == V19


def test_codes_of_one_tax_are_added_up():
    mappings = {**MAPPINGS, "tax": [table("Taxes", {("V19",): V19, ("X",): V19}, 12)]}
    document = invoice(
        [
            line("100.00", tax_code="V19", tax_amount="18.00"),
            line("100.00", tax_code="X", tax_amount="20.00"),
        ]
    )
    draft = translate(document, snapshot(mappings=mappings)).invoice
    assert draft.stated_taxes == {V19: Decimal("38.00")}


def test_amounts_of_one_code_are_added_up():
    document = invoice(
        [line("100.00", tax_code="V19"), line("50.00", tax_code="V19")],
        [tax("V19", "100.00", "19.00"), tax("V19", "50.00", "9.50")],
    )
    draft = translate(document, snapshot()).invoice
    assert draft.stated_taxes == {V19: Decimal("28.50")}
