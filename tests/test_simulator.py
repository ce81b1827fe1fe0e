"""The Stripe simulator answers as documented, and its book agrees with its API."""

import contextlib
import hashlib
import hmac
import json
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[1] / "setup"))

from stripe_simulator import API_VERSION, Account, Fee, Simulator, sign

from odoo.addons.finance_connector_stripe import const
from odoo.addons.finance_connector_stripe.connector import StripeConnector
from odoo.addons.finance_core.connector import Response

CONNECTOR = StripeConnector()
START = datetime(2026, 10, 1, 9, tzinfo=UTC)
FEES = (Fee("stripe_fee", 320, "Stripe processing fees"), Fee("tax", 61, "VAT"))

# https://docs.stripe.com/api, the attributes of each object
DOCUMENTED = {
    "balance_transaction": """id object amount available_on balance_type created
        currency description exchange_rate fee fee_details net reporting_category
        source status type""",
    "charge": """id object amount amount_captured amount_refunded application
        application_fee application_fee_amount balance_transaction billing_details
        calculated_statement_descriptor captured created currency customer description
        disputed failure_balance_transaction failure_code failure_message fraud_details
        livemode metadata on_behalf_of outcome paid payment_intent payment_method
        payment_method_details receipt_email receipt_number receipt_url refunded review
        shipping source_transfer statement_descriptor statement_descriptor_suffix status
        transfer_data transfer_group""",
    "refund": """id object amount balance_transaction charge created currency
        destination_details metadata payment_intent reason receipt_number
        source_transfer_reversal status transfer_reversal""",
    "dispute": """id object amount balance_transactions charge created currency
        enhanced_eligibility_types evidence evidence_details is_charge_refundable
        livemode metadata payment_intent payment_method_details reason status""",
    "payout": """id object amount application_fee application_fee_amount arrival_date
        automatic balance_transaction created currency description destination
        failure_balance_transaction failure_code failure_message livemode metadata
        method original_payout payout_method reconciliation_status reversed_by
        source_type statement_descriptor status trace_id type""",
    "event": """id object api_version created data livemode pending_webhooks request
        type""",
}


def after(**elapsed):
    return START + timedelta(**elapsed)


def nets(account):
    """{currency: Σ net} of everything the API would list."""
    sums = Counter()
    for transaction in account.transactions:
        sums[transaction["currency"]] += transaction["net"]
    return dict(sums)


def get(simulator, path, key, headers=(), **query):
    """(status, headers, body) of a GET, refused or not."""
    address = f"{simulator.url}{path}?{urllib.parse.urlencode(query, doseq=True)}"
    request = urllib.request.Request(
        address, headers={"Authorization": f"Bearer {key}"} | dict(headers)
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, response.headers, json.load(response)
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.headers, json.load(refusal)


@pytest.fixture
def account():
    """An account with one of each object and a payout of two charges."""
    account = Account("A", seed=7)
    first = account.charge(
        10000, "eur", START, "cus_1", FEES, "INV 1", {"invoice_number": "INV 1"}
    )
    account.charge(5000, "eur", after(hours=1), "cus_2", FEES)
    account.charge(7000, "usd", after(hours=2), "cus_3", FEES)
    account.refund(first["id"], 4000, after(days=1))
    account.open_inquiry(first["id"], after(days=1))
    account.payout("eur", after(days=3), "ba_1")
    return account


@pytest.fixture
def simulator(account):
    other = Account("B", seed=7)
    other.charge(100, "eur", START, "cus_9")
    with Simulator([account, other], refuse_every=0) as simulator:
        yield simulator


@pytest.mark.parametrize("kind", DOCUMENTED)
def test_objects_have_the_documented_fields(account, kind):
    for item in account.objects[kind].values():
        assert set(item) == set(DOCUMENTED[kind].split())


def test_the_same_seed_makes_the_same_identifiers_and_fresh_secrets():
    one, two = Account("A", seed=3), Account("A", seed=3)
    for account in (one, two):
        account.charge(100, "eur", START, "cus_1")
    assert one.transactions == two.transactions
    assert one.events == two.events
    assert one.secret_key != two.secret_key
    assert one.webhook_secret != two.webhook_secret


def test_time_only_goes_forward():
    account = Account("A")
    account.announce_balance(START)
    with pytest.raises(ValueError, match="forward"):
        account.announce_balance(after(seconds=-1))
    with pytest.raises(ValueError, match="zone"):
        account.announce_balance(START.replace(tzinfo=None))


def test_a_partial_capture_is_two_transactions():
    account = Account("A")
    charge = account.authorise(10000, "eur", START, "cus_1")
    assert account.transactions == []
    account.capture(charge["id"], 6000, after(hours=1), FEES)
    whole, rest = account.transactions
    assert (whole["amount"], whole["reporting_category"]) == (10000, "charge")
    assert (rest["amount"], rest["type"]) == (-4000, "refund")
    assert rest["reporting_category"] == "partial_capture_reversal"
    assert rest["source"] == whole["source"] == charge["id"]
    assert account.book.balance() == {"eur": 6000 - 381} == nets(account)
    assert (charge["amount_captured"], charge["amount_refunded"]) == (6000, 4000)


def test_disputes_move_money_when_opened_and_when_won_only():
    account = Account("A")
    fee = (Fee("stripe_fee", 1500, "Dispute fee"),)
    back = (Fee("stripe_fee", -1500, "Dispute fee"),)
    charges = [account.charge(10000, "eur", START, "cus_1") for _ in range(2)]
    won = account.open_dispute(charges[0]["id"], after(days=1), fee)
    lost = account.open_dispute(charges[1]["id"], after(days=1), fee)
    assert nets(account) == {"eur": -3000}
    account.win_dispute(won["id"], after(days=2), back)
    assert nets(account) == {"eur": 8500}
    account.lose_dispute(lost["id"], after(days=2))
    assert nets(account) == {"eur": 8500} == account.book.balance()
    assert (won["status"], lost["status"]) == ("won", "lost")
    assert account.transactions[-1]["reporting_category"] == "dispute_reversal"
    assert account.transactions[-1]["fee"] == -1500
    inquiry = account.open_inquiry(charges[0]["id"], after(days=3))
    account.close_inquiry(inquiry["id"], after(days=4))
    assert len(account.transactions) == 5


def test_a_conversion_settles_at_its_rate_half_up():
    account = Account("A")
    settled = ("eur", Decimal("0.8805"))
    charge = account.charge(5999, "usd", START, "cus_1", settlement=settled)
    account.refund(charge["id"], 5999, after(days=1), ("eur", Decimal("0.86")))
    taken, given = account.transactions
    assert (charge["currency"], charge["amount"]) == ("usd", 5999)
    assert (taken["currency"], taken["amount"]) == ("eur", 5282)
    assert taken["exchange_rate"] == Decimal("0.8805")
    assert given["amount"] == -5159


def test_a_converted_payout_takes_the_balance_and_arrives_in_the_other_currency():
    account = Account("A")
    account.charge(100000, "usd", START, "cus_1")
    payout = account.payout("usd", after(days=2), "ba_1", ("eur", Decimal("0.915")))
    own = account.transactions[-1]
    assert (payout["amount"], payout["currency"]) == (91500, "eur")
    assert (own["net"], own["currency"]) == (-100000, "usd")
    assert account.book.balance() == {"usd": 0}


def test_a_failed_payout_comes_back_and_goes_out_with_the_next():
    account = Account("A")
    account.charge(10000, "eur", START, "cus_1")
    failed = account.payout("eur", after(days=2), "ba_1")
    account.fail_payout(failed["id"], after(days=3))
    assert account.book.balance() == {"eur": 10000} == nets(account)
    back = account.transactions[-1]
    assert (back["type"], back["reporting_category"]) == (
        "payout_failure",
        "payout_reversal",
    )
    assert failed["failure_balance_transaction"] == back["id"]
    retry = account.payout("eur", after(days=4), "ba_1")
    assert account.members(retry["id"]) == [back]
    assert retry["amount"] == 10000


def test_a_negative_balance_makes_a_negative_payout():
    account = Account("A")
    charge = account.charge(10000, "eur", START, "cus_1")
    account.payout("eur", after(days=2), "ba_1")
    account.refund(charge["id"], 2500, after(days=2))
    payout = account.payout("eur", after(days=2), "ba_1")
    assert payout["amount"] == -2500
    assert account.transactions[-1]["net"] == 2500
    with pytest.raises(ValueError, match="nothing"):
        account.payout("eur", after(days=2), "ba_1")


def test_events_hold_the_object_as_it_was():
    account = Account("A")
    charge = account.charge(10000, "eur", START, "cus_1")
    account.refund(charge["id"], 1000, after(days=1))
    account.refund(charge["id"], 2000, after(days=2))
    refunded = [
        event["data"]["object"]["amount_refunded"]
        for event in account.events
        if event["data"]["object"]["object"] == "charge"
    ]
    assert refunded == [0, 1000, 3000]
    assert {event["api_version"] for event in account.events} == {API_VERSION}


# step: (kind of its object, the status it must have, what is done)
MOVES = {
    "charge": (None, None, lambda a, _, n, c, at: a.charge(n, c, at, "cus_1", FEES)),
    "part": (None, None, lambda a, _, n, c, at: capture_part(a, n, c, at)),
    "convert": (None, None, lambda a, _, n, c, at: charge_converted(a, n, at)),
    "reserve": (None, None, lambda a, _, n, c, at: a.hold_reserve(n, c, at)),
    "release": (None, None, lambda a, _, n, c, at: a.hold_reserve(-n, c, at)),
    "bill": (None, None, lambda a, _, n, c, at: a.bill(n, c, at)),
    "payout": (None, None, lambda a, _, n, c, at: pay_out(a, c, at)),
    "refund": ("charge", "succeeded", lambda a, o, n, c, at: a.refund(o, n, at)),
    "open": ("charge", "succeeded", lambda a, o, n, c, at: a.open_dispute(o, at, FEES)),
    "inquire": ("charge", "succeeded", lambda a, o, n, c, at: a.open_inquiry(o, at)),
    "return": ("refund", "succeeded", lambda a, o, n, c, at: a.fail_refund(o, at)),
    "win": ("dispute", "needs_response", lambda a, o, n, c, at: a.win_dispute(o, at)),
    "lose": ("dispute", "needs_response", lambda a, o, n, c, at: a.lose_dispute(o, at)),
    "pay": ("payout", "in_transit", lambda a, o, n, c, at: a.pay(o, at)),
    "fail": ("payout", "in_transit", lambda a, o, n, c, at: a.fail_payout(o, at)),
}
STEPS = st.lists(
    st.tuples(
        st.sampled_from(list(MOVES)),
        st.integers(1, 10**7),
        st.sampled_from(["eur", "usd"]),
        st.integers(0, 5),
    ),
    max_size=40,
)


def capture_part(account, amount, currency, at):
    held = account.authorise(amount + 1, currency, at, "cus_1")
    account.capture(held["id"], amount, at, FEES)


def charge_converted(account, amount, at):
    rate = Decimal(amount % 997 + 1) / 500
    account.charge(amount, "usd", at, "cus_1", FEES, settlement=("eur", rate))


def pay_out(account, currency, at):
    with contextlib.suppress(ValueError):  # nothing is available
        account.payout(currency, at, "ba_1")


def moments(steps):
    """Play the steps that are possible and yield the account after each."""
    account, at = Account("A"), START
    for step, amount, currency, days in steps:
        at += timedelta(days=days)
        kind, status, move = MOVES[step]
        targets = account.objects[kind].values() if kind else ()
        possible = [item["id"] for item in targets if item["status"] == status]
        if possible or not kind:
            move(account, possible[-1] if kind else None, amount, currency, at)
            yield account


@given(STEPS)
def test_the_book_equals_the_sum_of_nets_at_all_times(steps):
    for account in moments(steps):
        book = account.book.balance()
        assert Counter(book) == Counter(nets(account))
        assert not any(account.book.difference().values())


@given(STEPS)
def test_a_payout_is_the_sum_of_its_members(steps):
    for account in moments(steps):
        for payout in account.objects["payout"].values():
            members = account.members(payout["id"])
            assert payout["amount"] == sum(member["net"] for member in members)


def test_the_signature_is_the_documented_one():
    expected = hmac.new(b"whsec_x", b'1700000000.{"a": 1}', hashlib.sha256).hexdigest()
    assert sign(b'{"a": 1}', "whsec_x", 1700000000) == f"t=1700000000,v1={expected}"


def test_a_list_is_newest_first_and_pages_without_gap(simulator, account):
    listed, cursor = [], {}
    while True:
        status, _, page = get(
            simulator,
            "/v1/balance_transactions",
            account.secret_key,
            limit=2,
            **cursor,
        )
        assert status == 200 and page["object"] == "list"
        assert page["url"] == "/v1/balance_transactions"
        listed += page["data"]
        if not page["has_more"]:
            break
        cursor = {"starting_after": listed[-1]["id"]}
    assert [item["id"] for item in listed] == [
        item["id"] for item in reversed(account.transactions)
    ]


def test_ending_before_is_the_page_before(simulator, account):
    ids = [item["id"] for item in reversed(account.transactions)]
    path, key = "/v1/balance_transactions", account.secret_key
    _, _, page = get(simulator, path, key, limit=2, ending_before=ids[3])
    assert [item["id"] for item in page["data"]] == ids[1:3]
    assert page["has_more"] is True


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"currency": "usd"}, 1),
        ({"type": "refund"}, 1),
        ({"created[gte]": int(START.timestamp()) + 3600}, 4),
        ({"created[gt]": int(START.timestamp()) + 3600}, 3),
        ({"created[lt]": int(START.timestamp()) + 3600}, 1),
        ({"created[lte]": int(START.timestamp()) + 3600}, 2),
        ({"created": int(START.timestamp())}, 1),
    ],
)
def test_transactions_are_filtered(simulator, account, query, count):
    path = "/v1/balance_transactions"
    _, _, page = get(simulator, path, account.secret_key, **query)
    assert len(page["data"]) == count


def test_a_payout_lists_its_members_and_its_own_transaction(simulator, account):
    path, key = "/v1/balance_transactions", account.secret_key
    (payout,) = account.objects["payout"].values()
    _, _, page = get(simulator, path, key, payout=payout["id"])
    own, *members = page["data"]
    assert own["type"] == "payout" and own["source"] == payout["id"]
    assert sum(member["net"] for member in members) == payout["amount"] == -own["net"]
    assert len(members) == 3
    account.omit(payout["id"])
    _, _, page = get(simulator, path, key, payout=payout["id"])
    assert len(page["data"]) == 3
    _, _, page = get(simulator, path, key)
    assert len(page["data"]) == 5, "the plain list still has it"


def test_events_are_filtered_by_type_and_types(simulator, account):
    path, key = "/v1/events", account.secret_key
    _, _, page = get(simulator, path, key, type="payout.created")
    assert [event["type"] for event in page["data"]] == ["payout.created"]
    wanted = ["charge.refunded", "refund.created"]
    _, _, page = get(simulator, path, key, **{"types[]": wanted})
    assert sorted(event["type"] for event in page["data"]) == wanted


def test_sources_expand(simulator, account):
    path, key = "/v1/balance_transactions", account.secret_key
    paths = ["data.source", "data.source.charge"]
    _, _, page = get(simulator, path, key, **{"expand[]": paths})
    assert page["data"][-1]["source"]["metadata"] == {"invoice_number": "INV 1"}
    refund = page["data"][1]["source"]
    assert refund["charge"]["object"] == "charge"
    path = f"{path}/{account.transactions[0]['id']}"
    _, _, one = get(simulator, path, key, **{"expand[]": "source"})
    assert one["source"]["object"] == "charge"


def test_the_balance_is_split_by_availability_and_sums_to_the_book(simulator, account):
    account.charge(900, "eur", after(days=3), "cus_1")
    _, _, balance = get(simulator, "/v1/balance", account.secret_key)
    sums = Counter()
    for status in ("available", "pending"):
        for part in balance[status]:
            sums[part["currency"]] += part["amount"]
    assert sums == account.book.balance()
    pending = {part["currency"]: part["amount"] for part in balance["pending"]}
    assert pending == {"eur": 900, "usd": 0}


def test_pending_becomes_available_after_two_days():
    account = Account("A")
    account.charge(900, "eur", START, "cus_1")
    (transaction,) = account.transactions
    assert account.status(transaction) == "pending"
    account.announce_balance(datetime(2026, 10, 3, tzinfo=UTC))
    assert account.status(transaction) == "available"


def test_refusals_have_the_documented_shape(simulator, account):
    key = account.secret_key
    refusals = {
        ("/v1/charges/ch_none", key): (404, "resource_missing"),
        ("/v1/payouts", "sk_test_wrong"): (401, None),
        ("/v1/nothing", key): (404, None),
        ("/", key): (404, None),
    }
    for (path, used), (status, code) in refusals.items():
        answered, _, body = get(simulator, path, used)
        assert answered == status
        assert body["error"]["type"] == "invalid_request_error"
        assert body["error"].get("code") == code
        assert used not in json.dumps(body)
    for query in (
        {"limit": "101"},
        {"limit": "x"},
        {"nonsense": "1"},
        {"starting_after": "po_none"},
        {"created[gte]": "yesterday"},
    ):
        status, _, body = get(simulator, "/v1/payouts", key, **query)
        assert status == 400 and "param" in body["error"], query
    status, _, _ = get(simulator, "/v1/payouts", key, {"Stripe-Version": "2020-08-27"})
    assert status == 400


def test_an_account_sees_nothing_of_another(simulator, account):
    other = simulator.accounts[1]
    path = f"/v1/charges/{next(iter(account.objects['charge']))}"
    assert get(simulator, path, account.secret_key)[0] == 200
    assert get(simulator, path, other.secret_key)[0] == 404
    _, _, page = get(simulator, "/v1/charges", other.secret_key)
    assert len(page["data"]) == 1


def test_every_nth_request_is_refused_once_with_a_time_to_wait(account):
    with Simulator([account], refuse_every=3) as simulator:
        answers = [get(simulator, "/v1/balance", account.secret_key) for _ in range(6)]
    assert [status for status, _, _ in answers] == [200, 200, 429] * 2
    assert answers[2][1]["Retry-After"] == "1"
    assert answers[2][2]["error"]["code"] == "rate_limit"
    assert [request.status for request in simulator.requests].count(429) == 2
    assert account.secret_key not in repr(list(simulator.requests))


def test_the_census_of_a_day_is_what_the_account_moved_on_it(simulator, account):
    """Over HTTP, page by page, with the requests of the connector."""
    start, end = START.replace(hour=0), START.replace(hour=0) + timedelta(days=1)
    listed, cursor = [], {}
    with patch.object(const, "PAGE_SIZE", 2):
        while cursor is not None:
            asked = CONNECTOR.census("balance_transactions", start, end, cursor)
            page = _fetch(simulator, asked.path, account.secret_key, asked.query)
            counted, cursor = CONNECTOR.counted("balance_transactions", cursor, page)
            listed += counted
    moved = account.objects["balance_transaction"].values()
    expected = {
        (each["id"], each["currency"].upper(), Decimal(each["amount"]) / 100)
        for each in moved
        if start.timestamp() <= each["created"] < end.timestamp()
    }
    assert len(listed) == len(expected) == 3
    found = {(each.source_id, each.currency, each.amount) for each in listed}
    assert found == expected


def _fetch(simulator, path, key, query):
    address = f"{simulator.url}{path}?{urllib.parse.urlencode(query)}"
    headers = {"Authorization": f"Bearer {key}"}
    request = urllib.request.Request(address, headers=headers)
    with urllib.request.urlopen(request, timeout=10) as response:
        return Response(response.status, body=response.read())
