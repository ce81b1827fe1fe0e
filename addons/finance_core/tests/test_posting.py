"""Translation is pure: the same document and snapshot give the same entry, balanced."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_core.contract.balance_transaction import (
    BalanceTransaction,
    FeeComponent,
)
from odoo.addons.finance_core.contract.envelope import Reference
from odoo.addons.finance_core.contract.journal_entry import JournalEntry
from odoo.addons.finance_core.contract.payment import Payment
from odoo.addons.finance_core.errors import NeedsPerson
from odoo.addons.finance_core.mapping import MappingRule, MappingTable
from odoo.addons.finance_core.posting import (
    EntryDraft,
    Ignored,
    OpenItem,
    Rule,
    RuleLine,
    Snapshot,
    translate,
)

DAY = date(2026, 10, 5)
CLEARING, UNALLOCATED, FEES, TAX, TRANSIT, GAIN, LOSS, RECEIVABLE = range(1, 9)
JOURNAL = 77
KEYS = {
    ("clearing", "*"): CLEARING,
    ("unallocated", "*"): UNALLOCATED,
    ("transit", "*"): TRANSIT,
    ("exchange_gain", "*"): GAIN,
    ("exchange_loss", "*"): LOSS,
}
CLEAR = RuleLine("amount", 1, "account", ("clearing", "{currency}"))
FEE_LINES = (
    RuleLine("each_fee", 1, "fee", ("{fee}",)),
    RuleLine("fee", -1, "account", ("clearing", "{currency}"), label="Fee"),
)
PAYMENT = Rule(
    1,
    1,
    "balance_transaction",
    frozenset({"payment", "payment_reversal"}),
    lines=(
        CLEAR,
        RuleLine(
            "counter", -1, "account", ("unallocated", "{currency}"), settles="invoice"
        ),
        *FEE_LINES,
    ),
)
PAYOUT = Rule(
    2,
    2,
    "balance_transaction",
    frozenset({"payout"}),
    lines=(
        CLEAR,
        RuleLine("counter", -1, "account", ("transit", "{currency}"), match="payout"),
        RuleLine("difference", 1, "account", ("exchange_{side}", "*")),
    ),
)
NOTICE = Rule(3, 3, "payment", outcome="ignore", reason="Posted elsewhere.")


def table(label, keys, version):
    return MappingTable(label, version, [MappingRule(k, v) for k, v in keys.items()])


def snapshot(**changes):
    values = {
        "company_currency": "EUR",
        "time_zone": "Europe/Berlin",
        "rules": (PAYMENT, PAYOUT, NOTICE),
        "mappings": {
            "account": [table("Accounts", KEYS, 10)],
            "fee": [table("Fees", {("stripe_fee",): FEES, ("tax",): TAX}, 11)],
            "journal": [table("Journals", {("gateway",): JOURNAL}, 12)],
        },
        "digits": {"EUR": 2, "USD": 2, "JPY": 0},
        "rates": {("USD", DAY): Decimal("0.92"), ("JPY", DAY): Decimal("0.0061")},
        "open_items": {},
    }
    return Snapshot(**{**values, **changes})


def transaction(amount="100.00", fees=(), category="payment", **changes):
    parts = tuple(FeeComponent(type=kind, amount=Decimal(x)) for kind, x in fees)
    fee = sum((part.amount for part in parts), Decimal(0))
    values = {
        "source_id": "txn_1",
        "occurred_at": f"{DAY}T10:00:00Z",
        "currency": "EUR",
        "category": category,
        "amount": Decimal(amount),
        "fee": fee,
        "net": Decimal(amount) - fee,
        "fees": parts,
    }
    return BalanceTransaction(**{**values, **changes})


def by_account(draft):
    sums = {}
    for line in draft.lines:
        sums[line.account_id] = sums.get(line.account_id, 0) + line.balance
    return sums


def test_a_charge_with_fee_and_tax_is_the_entry_of_the_book():
    draft = translate(
        transaction("100", [("stripe_fee", "3.20"), ("tax", "0.61")]), snapshot()
    )
    assert by_account(draft) == {
        CLEARING: Decimal("96.19"),
        UNALLOCATED: Decimal("-100.00"),
        FEES: Decimal("3.20"),
        TAX: Decimal("0.61"),
    }
    assert (draft.journal_id, draft.date) == (JOURNAL, DAY)
    assert draft.mapping_versions == {10, 11, 12}


def test_the_accounting_date_is_the_day_in_the_time_zone_of_the_company():
    late = transaction(occurred_at="2026-10-04T22:30:00Z")
    assert translate(late, snapshot()).date == DAY


def test_an_open_invoice_gives_account_and_partner():
    item = OpenItem(RECEIVABLE, 5, 6, "EUR")
    paid = transaction(references=(Reference(role="invoice", value="INV/1"),))
    draft = translate(paid, snapshot(open_items={("invoice", "INV/1"): (item,)}))
    line = next(line for line in draft.lines if line.settles)
    assert (line.account_id, line.partner_id) == (RECEIVABLE, 5)
    assert line.settles == ("invoice", "INV/1")


@pytest.mark.parametrize(
    ("document", "changes", "cause"),
    [
        (transaction(category="unheard"), {}, "rule:balance_transaction/unheard"),
        (transaction(fees=[("new", "1")]), {}, "mapping:fee:new"),
        (
            transaction(references=(Reference(role="invoice", value="INV/9"),)),
            {},
            "open_item:invoice:INV/9",
        ),
        (transaction(currency="CHF"), {}, "currency:CHF"),
        (
            transaction(currency="USD", occurred_at="2026-10-09T10:00:00Z"),
            {},
            "rate:USD:2026-10-09",
        ),
        (transaction("1.50"), {"digits": {"EUR": 0}}, "precision:EUR"),
    ],
)
def test_what_a_person_must_complete_is_held_with_its_cause(document, changes, cause):
    """FAULTS 41, 43 and promise 5."""
    with pytest.raises(NeedsPerson) as caught:
        translate(document, snapshot(**changes))
    assert caught.value.cause == cause
    assert caught.value.remedy


def test_an_entry_that_does_not_balance_is_refused():
    """FAULTS 42: a rule that forgets a side."""
    rule = Rule(9, 9, "balance_transaction", lines=(CLEAR,))
    with pytest.raises(NeedsPerson) as caught:
        translate(transaction(), snapshot(rules=(rule,)))
    assert caught.value.cause == "unbalanced:balance_transaction"
    assert caught.value.category == "control"


def test_a_converted_payout_books_what_arrived_and_the_exchange_loss():
    payout = transaction(
        "-1000",
        category="payout",
        currency="USD",
        source_amount=Decimal("-915"),
        source_currency="EUR",
        references=(Reference(role="payout", value="po_1"),),
    )
    draft = translate(payout, snapshot())
    assert by_account(draft) == {
        CLEARING: Decimal("-920.00"),
        TRANSIT: Decimal("915.00"),
        LOSS: Decimal("5.00"),
    }
    assert {line.match for line in draft.lines} == {None, ("payout", "po_1")}


def test_the_receivable_of_a_converted_charge_has_the_value_that_was_settled():
    taken = transaction("52.80", source_amount=Decimal("60"), source_currency="USD")
    line = next(x for x in translate(taken, snapshot()).lines if x.currency == "USD")
    assert (line.amount, line.balance) == (Decimal("-60.00"), Decimal("-52.80"))


def test_a_fee_without_parts_is_not_forgotten():
    rest = transaction(fee=Decimal("2"), net=Decimal("98"))
    with pytest.raises(NeedsPerson) as caught:
        translate(rest, snapshot())
    assert caught.value.cause == "mapping:fee:fee"


def test_a_version_counts_only_within_its_dates():
    old = MappingTable(
        "Fees", 1, [MappingRule(("stripe_fee",), TAX)], valid_to=date(2026, 9, 30)
    )
    new = MappingTable(
        "Fees", 2, [MappingRule(("stripe_fee",), FEES)], valid_from=date(2026, 10, 1)
    )
    mappings = {**snapshot().mappings, "fee": [old, new]}
    paid = transaction(fees=[("stripe_fee", "3")])
    draft = translate(paid, snapshot(mappings=mappings))
    assert by_account(draft)[FEES] == Decimal("3.00")


def test_an_ignored_document_says_why():
    notice = Payment(
        source_id="ch_1",
        occurred_at=f"{DAY}T10:00:00Z",
        currency="EUR",
        amount=Decimal(1),
        amount_captured=Decimal(1),
        amount_refunded=Decimal(0),
        status="succeeded",
    )
    assert translate(notice, snapshot()) == Ignored(NOTICE, "Posted elsewhere.")


def test_a_journal_entry_is_posted_line_by_line():
    rule = Rule(
        4,
        4,
        "journal_entry",
        lines=(RuleLine("each_line", 1, "ledger", ("{account}",)),),
    )
    mappings = {
        **snapshot().mappings,
        "ledger": [table("Ledger", {("4000",): 40, ("1000",): 10}, 13)],
    }
    entry = JournalEntry(
        source_id="je_1",
        occurred_at=f"{DAY}T10:00:00Z",
        currency="EUR",
        date=DAY,
        lines=(
            {"account": "1000", "debit": "5.00", "credit": "0.00"},
            {"account": "4000", "debit": "0.00", "credit": "5.00"},
        ),
    )
    draft = translate(entry, snapshot(rules=(rule,), mappings=mappings))
    assert by_account(draft) == {10: Decimal("5.00"), 40: Decimal("-5.00")}


cents = st.integers(-(10**9), 10**9).map(lambda n: Decimal(n).scaleb(-2))
moved = cents.filter(bool)  # what moves nothing has no entry
charges = st.lists(
    st.builds(
        lambda amount, fee, tax, currency: transaction(
            amount,
            [("stripe_fee", fee), ("tax", tax)],
            currency=currency,
        ),
        moved,
        cents,
        cents,
        st.sampled_from(["EUR", "USD"]),
    ),
    min_size=1,
    max_size=8,
)


@given(charges)
def test_every_entry_balances_to_the_cent_in_both_currencies(documents):
    """FAULTS 48."""
    for document in documents:
        draft = translate(document, snapshot())
        assert isinstance(draft, EntryDraft)
        assert sum(line.balance for line in draft.lines) == 0
        assert sum(line.amount for line in draft.lines) == 0
        assert all(line.balance == round(line.balance, 2) for line in draft.lines)


def test_what_moves_nothing_is_ignored_and_says_why():
    outcome = translate(transaction("0.00"), snapshot())
    assert isinstance(outcome, Ignored)
    assert "zero" in outcome.reason


def test_a_difference_without_a_conversion_is_not_an_exchange_difference():
    """FAULTS 42: nothing but an exchange may leave one."""
    odd = transaction(
        "-100", category="payout", source_amount="-90", source_currency="EUR"
    )
    with pytest.raises(NeedsPerson) as raised:
        translate(odd, snapshot())
    assert raised.value.cause.startswith("unbalanced:")
