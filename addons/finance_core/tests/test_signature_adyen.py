"""Adyen's field list. FAULTS 4-7, 11, 16, 24."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.addons.finance_core.connector import Delivery
from odoo.addons.finance_core.errors import SignatureRefused
from odoo.addons.finance_core.signature.presets import ADYEN
from odoo.addons.finance_core.tests.signature_cases import refusal

KEY = ADYEN.new_keys().signing
ITEM = {
    "pspReference": "7914073381342284",
    "merchantAccountCode": "TestMerchant",
    "merchantReference": "TestPayment-1407325143704",
    "amount": {"value": 1130, "currency": "EUR"},
    "eventCode": "AUTHORISATION",
    "success": "true",
    "additionalData": {"cardSummary": "7777"},
}


def body_of(*items):
    wrapped = [{"NotificationRequestItem": item} for item in items]
    return json.dumps({"live": "false", "notificationItems": wrapped}).encode()


def refused(body, secrets=(KEY,)):
    return refusal(ADYEN, Delivery(body=body), secrets)


def spoil(body, **changes):
    """``body`` with other values in its first item."""
    content = json.loads(body)
    content["notificationItems"][0]["NotificationRequestItem"].update(changes)
    return json.dumps(content).encode()


SEALED = ADYEN.seal(body_of(ITEM), KEY)


def test_what_adyen_signed_is_accepted():
    assert refused(SEALED) is None


def test_the_published_example_is_accepted():
    """The test vector of Adyen's own libraries."""
    secret = "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056"
    signature = "coqCmt/IZ4E3CzPvMY8zTjQVL5hYJUiBRg8UU+iCWo0="
    item = {**ITEM, "additionalData": {"hmacSignature": signature}}
    assert refused(body_of(item), [secret]) is None


def test_faults_4_and_6_only_a_current_key_is_accepted():
    new = ADYEN.new_keys().signing
    assert refused(SEALED, [new])
    assert refused(SEALED, [new, KEY]) is None


@pytest.mark.parametrize(
    "secrets",
    ([], [""], None, ["not hex"], KEY, [" "]),
    ids=("none", "empty", "null", "not hex", "not a list", "blank"),
)
def test_faults_5_an_empty_missing_or_unreadable_secret_refuses(secrets):
    assert refused(SEALED, secrets)


@pytest.mark.parametrize(
    "change",
    (
        {"pspReference": "7914073381342285"},
        {"originalReference": "1"},
        {"merchantAccountCode": "Other"},
        {"merchantReference": "Other"},
        {"amount": {"value": 1131, "currency": "EUR"}},
        {"amount": {"value": 1130, "currency": "USD"}},
        {"eventCode": "REFUND"},
        {"success": "false"},
    ),
)
def test_faults_7_a_signed_field_changed_is_refused(change):
    assert refused(spoil(SEALED, **change)).reason == "no signature matches"


def test_faults_24_an_unsigned_field_changed_is_not_among_what_a_connector_reads():
    altered = spoil(SEALED, reason="forged", paymentMethod="forged")
    assert refused(altered) is None
    assert ADYEN.signed_items(altered) == ADYEN.signed_items(SEALED)
    [values] = ADYEN.signed_items(altered)
    assert "forged" not in values.values()
    assert values["amount.value"] == "1130"
    assert values["originalReference"] == ""


def test_faults_24_a_field_cannot_be_moved_over_the_separator():
    """``a:b`` + ``c`` and ``a`` + ``b:c`` are signed by the same bytes."""
    forked = {"pspReference": "1:2", "originalReference": "3"}
    honest = {"pspReference": "1", "originalReference": "2:3"}
    for change in (forked, honest):
        body = body_of({**ITEM, **change})
        with pytest.raises(SignatureRefused):
            ADYEN.seal(body, KEY)
    named = ADYEN.seal(body_of({**ITEM, "merchantReference": "a:b:1:EUR"}), KEY)
    assert refused(named) is None


def test_faults_24_a_flat_field_cannot_stand_in_for_the_amount():
    content = {**ITEM, "amount.value": "1130", "amount": {"currency": "EUR"}}
    assert refused(ADYEN.seal(body_of(content), KEY)) is None
    [values] = ADYEN.signed_items(body_of(content))
    assert values["amount.value"] == ""


def test_each_item_of_a_body_is_proved():
    unsigned = json.loads(body_of(ITEM))["notificationItems"]
    content = json.loads(SEALED)
    content["notificationItems"] += unsigned
    error = refused(json.dumps(content).encode())
    assert error.reason == "an item has no signature"


@pytest.mark.parametrize(
    "body",
    (
        b"",
        b"[]",
        b"null",
        b"{}",
        b'{"notificationItems":[]}',
        b'{"notificationItems":{}}',
        b'{"notificationItems":[1]}',
        b'{"notificationItems":[{"NotificationRequestItem":1}]}',
        b"[" * 100_000,
        b"\xff",
        b'{"notificationItems":[{}],"notificationItems":[{}]}',
        body_of({**ITEM, "additionalData": {"hmacSignature": "\u00e9"}}),
        body_of({**ITEM, "additionalData": []}),
        spoil(SEALED, amount=[1]),
        spoil(SEALED, success=True),
        spoil(SEALED, pspReference=["7914073381342284"]),
    ),
)
def test_faults_11_15_16_a_malformed_body_is_refused(body):
    assert refused(body)


@settings(max_examples=200, deadline=None)
@given(st.binary(), st.text())
def test_faults_16_any_bytes_are_refused(body, value):
    assert refused(body)
    assert refused(spoil(SEALED, additionalData={"hmacSignature": value}))
