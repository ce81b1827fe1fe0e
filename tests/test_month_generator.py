"""The month has all that is promised, and three computations of it agree."""

import json
import sys
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[1] / "setup"))

from month import Month, expect, make_plan, plan_deliveries, statement
from month import operations as ops
from month.stories import UNKNOWN_CUSTOMER, UNMAPPED_FEE
from stripe_simulator import sign

SMALL, FULL = 60, 2050
CAMT = "{urn:iso:std:iso:20022:tech:xsd:camt.053.001.08}"
CENT = Decimal("0.01")
ANNOUNCED = """
    balance.available charge.captured charge.dispute.closed charge.dispute.created
    charge.dispute.funds_reinstated charge.dispute.funds_withdrawn charge.refunded
    charge.succeeded customer.updated invoice.finalized invoice.voided payout.created
    payout.failed payout.paid radar.early_fraud_warning.created refund.created
    refund.failed refund.updated
"""


@cache
def played(charges, seed=1):
    return Month(make_plan(seed, charges)).play()


@cache
def delivered(charges, seed=1):
    events = {key: acc.events for key, acc in played(charges, seed).accounts.items()}
    return plan_deliveries(events, seed)


def company(month, key):
    return next(item for item in month.plan.companies if item.key == key)


def of_kind(company, kind):
    return [operation for operation in company.script if isinstance(operation, kind)]


@pytest.fixture(params=[SMALL, FULL])
def month(request):
    return played(request.param)


def test_the_same_seed_makes_the_same_month_and_another_makes_another():
    assert make_plan(5, SMALL) == make_plan(5, SMALL) != make_plan(6, SMALL)
    one, two = (Month(make_plan(5, SMALL)).play() for _ in range(2))
    for key in one.accounts:
        assert one.accounts[key].events == two.accounts[key].events
    assert one.ids == two.ids


@given(st.integers(), st.integers(SMALL, 200))
@settings(max_examples=15, deadline=None)
def test_plan_simulator_and_book_agree_for_every_seed(seed, charges):
    month = Month(make_plan(seed, charges)).play()
    for each in month.plan.companies:
        assert_agreed(month, each)


def test_plan_simulator_and_book_agree_on_the_full_month():
    for each in played(FULL).plan.companies:
        assert_agreed(played(FULL), each)


def assert_agreed(month, each):
    account, expected = month.accounts[each.key], expect(each.script)
    listed, categories = Counter(), Counter()
    for transaction in account.transactions:
        listed[transaction["currency"].upper()] += transaction["net"]
        categories[transaction["reporting_category"]] += 1
    book = {k.upper(): Decimal(v) / 100 for k, v in account.book.balance().items()}
    assert expected.balances() == book
    assert book == {k: Decimal(v) / 100 for k, v in listed.items()}
    assert expected.counts() == categories
    for payout in expected.payouts.values():
        made = account.objects["payout"][month.ids[each.key, payout.key]]
        assert made["amount"] == payout.paid_amount
        assert made["currency"].upper() == payout.paid_currency
        assert made["status"] == payout.state
        assert len(account.members(made["id"])) == payout.members


def test_there_are_as_many_charges_as_asked_for(month):
    charges = sum(len(account.objects["charge"]) for account in month.accounts.values())
    assert charges in (SMALL, FULL)
    with pytest.raises(ValueError, match="at least"):
        make_plan(charges=10)


def test_the_full_month_has_2000_charges_in_two_currencies_and_20_payouts():
    accounts = played(FULL).accounts.values()
    charges = [c for account in accounts for c in account.objects["charge"].values()]
    assert len(charges) >= 2000
    assert Counter(c["currency"] for c in charges)["usd"] > 400
    assert sum(len(account.objects["payout"]) for account in accounts) >= 20


def test_every_charge_but_one_pays_an_invoice_of_its_total_customer_and_number(month):
    strays = []
    for each in month.plan.companies:
        by_number = {invoice.number: invoice for invoice in each.invoices}
        assert len(by_number) == len(each.invoices)
        for charge in month.accounts[each.key].objects["charge"].values():
            invoice = by_number.pop(charge["metadata"].get("invoice_number"), None)
            if invoice is None:
                strays.append(charge["customer"])
                continue
            assert invoice.total * 100 == charge["amount_captured"]
            assert invoice.currency == charge["currency"].upper()
            assert invoice.partner.customer == charge["customer"]
            assert invoice.date <= datetime.fromtimestamp(charge["created"], UTC).date()
        assert not by_number, "every invoice is paid"
    assert strays == [UNKNOWN_CUSTOMER]


def test_an_invoice_is_its_net_and_the_tax_rounded_half_up(month):
    for each in month.plan.companies:
        for invoice in each.invoices:
            tax = (invoice.net * Decimal("0.21")).quantize(CENT, ROUND_HALF_UP)
            assert (invoice.tax, invoice.total) == (tax, invoice.net + tax)


def test_both_companies_use_the_same_invoice_numbers_and_names(month):
    """What leaks from one company to the other finds a place to land."""
    a, b = month.plan.companies
    assert {i.number for i in b.invoices} <= {i.number for i in a.invoices}
    assert {p.name for p in b.partners} <= {p.name for p in a.partners}
    assert not {p.customer for p in b.partners} & {p.customer for p in a.partners}


@pytest.mark.parametrize("key", ["A", "B"])
def test_keys_are_unique_and_time_goes_forward(month, key):
    script = company(month, key).script
    assert len({operation.key for operation in script}) == len(script)
    assert [operation.at for operation in script] == sorted(o.at for o in script)


def test_captures_in_part(month):
    account = month.accounts["A"]
    parts = [
        charge
        for charge in account.objects["charge"].values()
        if charge["amount_captured"] < charge["amount"]
    ]
    assert len(parts) == 3
    reversed_ = Counter(t["reporting_category"] for t in account.transactions)
    assert reversed_["partial_capture_reversal"] == 3


def test_several_partial_refunds_on_one_charge(month):
    refunds = month.accounts["A"].objects["refund"].values()
    charge = month.ids["A", "refunded"]
    assert len([refund for refund in refunds if refund["charge"] == charge]) == 3
    assert Counter(refund["status"] for refund in refunds)["failed"] == 1


def test_disputes_won_with_and_without_their_fee_lost_open_and_only_asked(month):
    expected = expect(company(month, "A").script)
    assert Counter(expected.disputes.values()) == {"won": 2, "lost": 1, "open": 1}
    fees = [
        transaction["fee"]
        for transaction in month.accounts["A"].transactions
        if transaction["reporting_category"] == "dispute_reversal"
    ]
    assert sorted(fees) == [-1500, 0]
    disputes = month.accounts["A"].objects["dispute"].values()
    assert Counter(dispute["status"] for dispute in disputes) == {
        "won": 2,
        "lost": 1,
        "needs_response": 1,
        "warning_closed": 1,
    }


def test_a_reserve_held_and_released_in_full(month):
    moved = [
        transaction["amount"]
        for transaction in month.accounts["A"].transactions
        if transaction["reporting_category"] == "risk_reserved_funds"
    ]
    assert moved == [-15000, 15000]


def test_a_payout_converted_as_in_the_books_of_reference(month):
    account = month.accounts["A"]
    payout = account.objects["payout"][month.ids["A", "payout-converted"]]
    own = account.objects["balance_transaction"][payout["balance_transaction"]]
    assert (payout["currency"], payout["amount"]) == ("eur", 91500)
    assert (own["currency"], own["net"]) == ("usd", -100000)
    assert own["exchange_rate"] == Decimal("0.915")


def test_a_failed_payout_that_leaves_with_the_next_one(month):
    account = month.accounts["A"]
    failed = account.objects["payout"][month.ids["A", "payout-eur-14"]]
    assert failed["status"] == "failed"
    back = failed["failure_balance_transaction"]
    assert account.payout_of[back] == month.ids["A", "payout-eur-16"]


def test_a_negative_payout(month):
    payout = month.accounts["A"].find(month.ids["A", "payout-negative"])
    assert payout["amount"] < 0 and payout["status"] == "paid"


def test_one_payout_whose_listing_is_incomplete_and_no_longer_ties(month):
    account = month.accounts["A"]
    flagged = expect(company(month, "A").script).flagged()
    assert flagged == ["payout-eur-21"]
    assert expect(company(month, "B").script).flagged() == []
    payout = account.find(month.ids["A", flagged[0]])
    (omitted,) = account.omitted
    listed = [t for t in account.members(payout["id"]) if t["id"] != omitted]
    assert listed and sum(t["net"] for t in listed) != payout["amount"]


def test_one_charge_with_a_fee_type_nobody_mapped(month):
    types = Counter(
        fee["type"]
        for account in month.accounts.values()
        for transaction in account.transactions
        for fee in transaction["fee_details"]
    )
    assert types[UNMAPPED_FEE] == 1
    assert set(types) == {"stripe_fee", "tax", UNMAPPED_FEE}


def test_a_charge_presented_in_usd_and_settled_in_eur(month):
    account = month.accounts["A"]
    charge = account.find(month.ids["A", "presented"])
    transaction = account.find(charge["balance_transaction"])
    assert (charge["currency"], charge["amount"]) == ("usd", 6000)
    assert (transaction["currency"], transaction["amount"]) == ("eur", 5280)


def test_company_b_has_paid_out_everything_and_a_has_not(month):
    assert not any(month.accounts["B"].book.balance().values())
    assert month.accounts["A"].book.balance()["eur"] > 0


def test_the_announced_event_types_include_unknown_ones(month):
    types = {event["type"] for event in month.accounts["A"].events}
    assert types >= set(ANNOUNCED.split())


def test_a_month_played_in_phases_is_the_month_played_at_once():
    phased = Month(make_plan(1, SMALL))
    for day in (5, 16, 16, 28):
        phased.play(datetime(2026, 10, day, 8, tzinfo=UTC))
        assert ("A", f"payout-eur-{day}") not in phased.ids, "it happens at eight"
    phased.play()
    assert phased.ids == played(SMALL).ids
    for key, account in phased.accounts.items():
        assert account.events == played(SMALL).accounts[key].events


@pytest.mark.parametrize("charges", [SMALL, FULL])
def test_deliveries_come_twice_late_forged_and_one_not_at_all(charges):
    plan, accounts = delivered(charges), played(charges).accounts
    events = {
        (key, e["id"]) for key, account in accounts.items() for e in account.events
    }
    properly = {(d.company, d.event_id) for d in plan.deliveries if d.kind == "first"}
    assert events - properly == {plan.lost}
    assert plan.lost not in {(d.company, d.event_id) for d in plan.deliveries}
    assert plan.count("first") == len(properly)
    assert plan.count("duplicate") == len(events) // 20 > 0
    assert plan.count("forged") == len(events) // 100 > 0
    created = [
        json.loads(d.body)["created"] for d in plan.deliveries if d.kind == "first"
    ]
    late = sum(a > b for a, b in pairwise(created))
    assert late > len(created) / 50


@pytest.mark.parametrize("charges", [SMALL, FULL])
def test_duplicates_are_the_same_bytes_after_the_first_and_forgeries_come_before(
    charges,
):
    seen = defaultdict(list)
    for delivery in delivered(charges).deliveries:
        seen[delivery.company, delivery.event_id].append(delivery)
    kinds = Counter(tuple(d.kind for d in some) for some in seen.values())
    assert set(kinds) <= {
        ("first",),
        ("first", "duplicate"),
        ("forged", "first", "duplicate"),
    }
    assert all(len({d.body for d in some}) == 1 for some in seen.values())


def test_only_forgeries_have_a_signature_that_does_not_fit():
    for delivery in delivered(FULL).deliveries[:400]:
        header = delivery.headers("whsec_a", 1700000000)["Stripe-Signature"]
        fits = header == sign(delivery.body, "whsec_a", 1700000000)
        assert fits is (delivery.kind != "forged")


def statements(month, key):
    for bank_account in company(month, key).bank_accounts:
        xml = statement(month.plan, bank_account, month.accounts[key])
        yield bank_account, ElementTree.fromstring(xml).find(f"{CAMT}BkToCstmrStmt")


def signed(node):
    amount = Decimal(node.findtext(f"{CAMT}Amt"))
    return amount if node.findtext(f"{CAMT}CdtDbtInd") == "CRDT" else -amount


@pytest.mark.parametrize("key", ["A", "B"])
def test_bank_statements_tie(month, key):
    for _, message in statements(month, key):
        body = message.find(f"{CAMT}Stmt")
        opening, closing = map(signed, body.findall(f"{CAMT}Bal"))
        assert opening + sum(map(signed, body.findall(f"{CAMT}Ntry"))) == closing


@pytest.mark.parametrize("key", ["A", "B"])
def test_the_bank_has_each_payout_that_arrived_once_and_no_other(month, key):
    booked = {}
    for bank_account, message in statements(month, key):
        for entry in message.iter(f"{CAMT}Ntry"):
            payout = entry.findtext(f".//{CAMT}EndToEndId")
            assert payout not in booked
            assert payout in entry.findtext(f".//{CAMT}Ustrd")
            booked[payout] = (bank_account.currency, signed(entry) * 100)
    arrived = {
        month.ids[key, payout.key]: (payout.paid_currency, payout.paid_amount)
        for payout in expect(company(month, key).script).payouts.values()
        if payout.state == "paid"
    }
    assert booked == arrived


def test_everything_paid_arrives_within_the_month(month):
    for account in month.accounts.values():
        for payout in account.objects["payout"].values():
            arrival = datetime.fromtimestamp(payout["arrival_date"], UTC)
            assert month.plan.start < arrival < month.plan.end
            assert payout["status"] in ("paid", "failed")
            made = datetime.fromtimestamp(payout["created"], UTC)
            assert arrival.date() == made.date() + timedelta(days=1)


def test_every_operation_of_the_vocabulary_is_in_the_month(month):
    used = {type(operation) for operation in company(month, "A").script}
    known = {
        value
        for value in vars(ops).values()
        if isinstance(value, type) and issubclass(value, ops.Operation)
    }
    assert used == known - {ops.Operation}
