"""What makes two parties look like one, and what speaks against it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_core.likeness import Party, best, compare, keys, plain_name

texts = st.text(max_size=30)
parties = st.builds(
    Party,
    key=st.integers(),
    name=texts,
    vat=texts,
    email=texts,
    ibans=st.tuples() | st.tuples(texts),
)


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        ({"vat": "DE 123.456.789"}, {"vat": "de123456789"}, "vat"),
        ({"ibans": ("AT61 1904",)}, {"ibans": ("X", "AT611904")}, "iban"),
        ({"email": "Ann@Shop.example"}, {"email": "ann@shop.example "}, "email"),
        ({"name": "Müller & Söhne GmbH"}, {"name": "Sohne und Muller"}, "name"),
        ({"name": "Northwind Traders Ltd"}, {"name": "Northwind Trader"}, "name"),
    ],
)
def test_evidence_is_found_however_it_is_written(one, other, reason):
    found = compare(Party(1, **one), Party(2, **other))
    assert found.is_worth_a_look
    assert found.reasons == (reason,)


def test_different_vat_numbers_outweigh_all_else():
    one = Party(1, "Ann", "DE1", "a@x.example")
    assert not compare(one, Party(2, "Ann", "DE2", "a@x.example")).is_worth_a_look


def test_namesakes_with_different_addresses_are_two_people():
    one = Party(1, "Anna Schmidt", email="a@x.example")
    other = Party(2, "Anna Schmidt", email="b@x.example")
    assert not compare(one, other).is_worth_a_look


def test_parties_without_anything_are_not_alike():
    assert compare(Party(1), Party(2)).score == 0


def test_a_name_that_is_only_a_legal_form_remains():
    assert plain_name("AG") == "ag"


def test_best_is_the_likeliest_and_nobody_when_two_are_equal():
    party = Party("x", "Ann", vat="DE1", email="a@x.example")
    by_vat, by_email = Party(1, vat="DE1"), Party(2, email="a@x.example")
    assert best(party, [by_email, by_vat])[0] == by_vat
    assert best(party, [by_vat, Party(3, vat="DE1")]) is None
    assert best(party, [Party(4, "Zoe")]) is None


@given(parties, parties)
def test_order_does_not_matter(one, other):
    mine, theirs = compare(one, other), compare(other, one)
    assert (mine.score, set(mine.reasons)) == (theirs.score, set(theirs.reasons))
    assert 0 <= mine.score <= 100


@given(parties)
def test_every_party_has_one_name_key_and_no_empty_others(party):
    found = keys(party)
    assert [kind for kind, _value in found].count("name") == 1
    assert all(value for kind, value in found if kind != "name")
