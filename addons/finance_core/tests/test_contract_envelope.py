"""What every canonical document promises, whatever its type."""

import copy
import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_core.contract import (
    TYPES,
    document_from_fields,
    document_from_json,
)
from odoo.addons.finance_core.contract.envelope import Part, Reference
from odoo.addons.finance_core.errors import MalformedPayload
from odoo.addons.finance_core.tests.contract_samples import SAMPLES

each_type = pytest.mark.parametrize("name", sorted(TYPES))
TRANSACTION = SAMPLES["balance_transaction"]


def refused(fields: object) -> str:
    with pytest.raises(MalformedPayload) as refusal:
        document_from_fields(fields)
    assert refusal.value.__suppress_context__ or not refusal.value.__context__
    return str(refusal.value)


def test_every_type_has_a_sample_and_every_sample_a_type():
    assert set(SAMPLES) == set(TYPES)


@each_type
def test_json_there_and_back_is_the_same_document(name):
    document = document_from_fields(SAMPLES[name])
    text = document.to_json()
    assert type(document) is TYPES[name]
    assert document_from_json(text) == document_from_json(text.encode()) == document
    assert document_from_json(text).to_json() == text
    assert document_from_json(text).digest() == document.digest()


@each_type
def test_json_is_canonical_and_holds_no_float(name):
    text = document_from_fields(SAMPLES[name]).to_json()
    fields = json.loads(text, parse_float=lambda digits: pytest.fail(digits))
    canonical = json.dumps(fields, sort_keys=True, separators=(",", ":"))
    assert json.loads(canonical) == fields
    assert text == canonical


def test_the_canonical_form_of_version_1_is_frozen():
    """Digests are stored in ledgers of others: this one must never change."""
    assert document_from_fields(TRANSACTION).digest() == (
        "8bfbb098bf4dca195ae4935a8ad7e063361b5e78124216ebb4ac74a61338d0ab"
    )


def test_equal_amounts_written_differently_are_the_same_document():
    other = {**TRANSACTION, "amount": "100.00", "exchange_rate": "0.00620155038760"}
    other["occurred_at"] = "2026-03-31T21:59:59Z"
    one, two = document_from_fields(TRANSACTION), document_from_fields(other)
    assert one.to_json() == two.to_json()
    assert str(one.amount) == "100.00"
    assert str(one.source_amount) == "16125"


def test_one_part_in_two_documents_takes_the_decimals_of_each():
    line = TYPES["settlement"](**SAMPLES["settlement"]).transactions[0]
    fields = {**SAMPLES["settlement"], "transactions": (line,), "currency": "KWD"}
    assert str(TYPES["settlement"](**fields).transactions[0].net) == "1.100"
    assert str(line.net) == "1.10"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("references", [{"role": "invoice", "value": "1"}]),
        ("description", "Hello"),
        ("revision", 7),
        ("recorded_at", "2026-04-01T00:00:00Z"),
        ("entity", "AT01"),
    ],
)
def test_what_moves_no_money_leaves_the_financial_digest(field, value):
    before = document_from_fields(TRANSACTION)
    after = document_from_fields({**TRANSACTION, field: value})
    assert before.digest() != after.digest()
    assert before.financial_digest() == after.financial_digest()


@pytest.mark.parametrize(
    "change",
    [
        {"source_id": "x-2"},
        {"occurred_at": "2026-04-01T00:00:00Z"},
        {"category": "refund"},
        {"currency": "USD"},
        {"amount": "100.01", "net": "96.20"},
        {"exchange_rate": "0.0062"},
        {"correlation_id": "ch_1"},
    ],
)
def test_what_moves_money_changes_both_digests(change):
    before = document_from_fields(TRANSACTION)
    after = document_from_fields({**TRANSACTION, **change})
    assert before.digest() != after.digest()
    assert before.financial_digest() != after.financial_digest()


def test_times_are_kept_in_utc():
    document = document_from_fields(TRANSACTION)
    assert document.occurred_at == datetime(2026, 3, 31, 21, 59, 59, tzinfo=UTC)
    assert document.occurred_at.tzinfo is UTC


def test_the_correlation_defaults_to_the_source_id():
    assert document_from_fields(TRANSACTION).correlation_id == "x-1"


def test_references_are_unique_and_keep_their_order():
    pairs = [("payment", "b"), ("invoice", "a"), ("payment", "b"), ("payment", "c")]
    references = [Reference(role=role, value=value) for role, value in pairs]
    document = document_from_fields({**TRANSACTION, "references": references})
    assert [reference.value for reference in document.references] == ["b", "a", "c"]
    assert document.reference("payment") == "b"
    assert document.reference("payout") is None


@pytest.mark.parametrize(
    ("name", "category"),
    [
        ("payment", "succeeded"),
        ("balance_transaction", "payment"),
        ("customer_invoice", "open"),
        ("event", "customer.created"),
        ("customer", ""),
        ("balance", ""),
    ],
)
def test_posting_rules_select_by_category(name, category):
    assert document_from_fields(SAMPLES[name]).category == category


def test_a_document_cannot_be_changed():
    document = document_from_fields(TRANSACTION)
    with pytest.raises(ValueError, match="frozen"):
        document.amount = Decimal(1)


def test_control_characters_leave_texts_but_identifiers_are_untouched():
    fields = {**TRANSACTION, "description": "a\nb\x00c\x1b\ud800d" + "x" * 600}
    document = document_from_fields({**fields, "source_id": " Ä/1 "})
    assert document.description.startswith("a bcdx")
    assert len(document.description) == 500
    assert document.source_id == " Ä/1 "
    assert document_from_json(document.to_json()) == document


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("amount", 100.0),  # FAULTS 18
        ("amount", "1e2"),
        ("amount", "NaN"),  # FAULTS 17
        ("amount", Decimal("Infinity")),
        ("amount", "1000000000000000"),
        ("amount", True),
        ("amount", None),
        ("amount", "100.001"),
        ("exchange_rate", "0"),
        ("exchange_rate", Decimal("1e-19")),
        ("currency", "eur"),
        ("currency", "XXX"),
        ("currency", None),
        ("occurred_at", "2026-03-31T23:59:59"),
        ("occurred_at", 1700000000),
        ("occurred_at", "1700000000"),
        ("occurred_at", "0001-01-01T00:00:00+14:00"),
        ("occurred_at", datetime(2026, 1, 1)),
        ("source_id", ""),
        ("source_id", "x" * 256),
        ("source_id", "a\nb"),
        ("source_id", "\ud800"),  # FAULTS 16
        ("source_id", b"abc"),
        ("source_id", 1),
        ("description", None),
        ("category", "Not Snake"),
        ("category", "payment\n"),
        ("revision", -1),
        ("revision", "1"),
        ("revision", True),
        ("revision", 2**53),
        ("version", 2),
        ("references", [{"role": "Payment", "value": "1"}]),
        ("references", [{"role": "payment"}]),
        ("references", "payment"),
        ("fees", [{"type": "tax", "amount": "3.811"}]),
        ("fees", [{"type": "tax", "amount": 3.81}]),
        ("surprise", 1),
    ],
)
def test_a_wrong_value_is_refused_with_its_field_and_without_itself(field, value):
    reason = refused({**TRANSACTION, field: value})
    assert reason.startswith(field)
    assert "input" not in reason.replace("Extra inputs", "")
    for quoted in ("1700000000", "Not Snake", "eur", "3.81", "Infinity"):
        assert quoted not in reason


def test_all_errors_come_at_once():
    fields = {**TRANSACTION, "source_id": "", "net": 1.5, "fees": [{"type": "tax"}]}
    reasons = refused(fields).split("; ")
    assert [reason.split(":")[0] for reason in reasons] == [
        "source_id",
        "net",
        "fees.0.amount",
    ]


def test_thousands_of_errors_stay_readable():
    many = refused({**TRANSACTION, **{f"odd {n}": n for n in range(5000)}})
    assert len(many) < 2000
    assert many.endswith("and 4980 more")
    assert "odd 1" not in many


@pytest.mark.parametrize("type_", ["nonsense", None, 1, ["payment"], {}, "Payment"])
def test_an_unknown_type_is_refused_without_quoting_it(type_):
    assert refused({"type": type_}) == "type: is not a known document type"


@pytest.mark.parametrize("data", [[], None, "x", 1])
def test_what_is_no_object_is_no_document(data):
    refused(data)


def test_json_with_half_a_surrogate_pair_is_refused():
    """FAULTS 16"""
    with pytest.raises(MalformedPayload):
        document_from_json('{"type": "event", "name": "\ud800"}')


def test_a_part_made_by_hand_is_refused_like_one_from_json():
    with pytest.raises(MalformedPayload, match="role: .*; value: "):
        Reference(role="Not Snake", value="")


def _paths(value: object, path: tuple = ()) -> list[tuple]:
    inner = value.items() if isinstance(value, dict) else ()
    inner = enumerate(value) if isinstance(value, list) else inner
    return [path, *(p for key, item in inner for p in _paths(item, (*path, key)))]


odd_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.decimals()
    | st.text()
    | st.binary()
    | st.datetimes()
    | st.sampled_from(["\ud800", "EUR", "9" * 400, "2026-13-45", "0000-00-00"]),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@given(st.data(), st.sampled_from(sorted(SAMPLES)), odd_values)
def test_anything_anywhere_is_accepted_or_malformed(data, name, odd):
    """FAULTS 15 to 19, 42: no other error, whatever stands wherever."""
    fields = copy.deepcopy(SAMPLES[name])
    *way, last = data.draw(st.sampled_from(_paths(fields)[1:]))
    place = fields
    for step in way:
        place = place[step]
    place[last] = odd
    try:
        document = document_from_fields(fields)
    except MalformedPayload:
        return
    assert document_from_json(document.to_json()).digest() == document.digest()


@given(st.integers(-(10**14), 10**14), st.integers(-(10**9), 10**9))
def test_any_cents_survive_the_way_through_json(amount, fee):
    """FAULTS 48"""
    fields = {key: TRANSACTION[key] for key in ("type", "source_id", "occurred_at")}
    cents = {"amount": amount, "fee": fee, "net": amount - fee}
    money = {name: Decimal(value).scaleb(-2) for name, value in cents.items()}
    document = document_from_fields(
        {**fields, "currency": "EUR", "category": "fee", **money}
    )
    again = document_from_json(document.to_json())
    assert {name: int(getattr(again, name) * 100) for name in cents} == cents


def test_all_money_of_all_types_is_found_at_any_depth():
    """A Decimal that is neither marked as money nor a plain number would escape the
    check of its decimals."""
    numbers = {"rate", "quantity", "unit_price", "exchange_rate"}
    for name, sample in SAMPLES.items():
        for part in _parts(document_from_fields(sample)):
            decimals = {
                field
                for field, value in part.__dict__.items()
                if isinstance(value, Decimal)
            }
            money = {field for field, _currency in part._money}
            assert decimals - money <= numbers, name


def _parts(value: object) -> list[Part]:
    if isinstance(value, tuple):
        return [part for item in value for part in _parts(item)]
    if isinstance(value, Part):
        return [value, *_parts(tuple(value.__dict__.values()))]
    return []
