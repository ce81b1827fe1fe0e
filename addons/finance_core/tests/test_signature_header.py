"""Schemes with the signature in a header. FAULTS 1-8, 11, 12, 16."""

import hmac
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.addons.finance_core.connector import Delivery
from odoo.addons.finance_core.errors import SignatureRefused
from odoo.addons.finance_core.signature import HeaderSignature, presets
from odoo.addons.finance_core.tests.signature_cases import (
    BODY,
    HOSTILE_HEADERS,
    NOW,
    URL,
    WEBHOOK_ID,
    hostile_text,
    refusal,
    signed,
)

SCHEMES = {
    name: value
    for name, value in vars(presets).items()
    if isinstance(value, HeaderSignature)
}
TIMED = {
    name: scheme
    for name, scheme in SCHEMES.items()
    if scheme.timestamp_prefix or scheme.timestamp_header
}
KEYS = {name: scheme.new_keys() for name, scheme in SCHEMES.items()}

every_scheme = pytest.mark.parametrize("name", SCHEMES)
every_timed_scheme = pytest.mark.parametrize("name", TIMED)
any_scheme = st.sampled_from(sorted(SCHEMES))


def good(name, **changes):
    return signed(SCHEMES[name], KEYS[name].signing, **changes)


def refused(name, delivery, now=NOW):
    return refusal(SCHEMES[name], delivery, [KEYS[name].verifying], now)


def with_header(delivery, name, value):
    return replace(delivery, headers={**delivery.headers, name: value})


@every_scheme
def test_what_the_system_signed_is_accepted(name):
    assert refused(name, good(name)) is None


@every_scheme
def test_faults_1_an_exact_replay_is_authentic_and_left_to_the_identity(name):
    delivery = good(name)
    assert refused(name, delivery) is None
    assert refused(name, delivery) is None


@every_timed_scheme
@pytest.mark.parametrize("seconds", (300, -300))
def test_the_tolerance_itself_is_still_accepted(name, seconds):
    assert refused(name, good(name), NOW + timedelta(seconds=seconds)) is None


@every_timed_scheme
@pytest.mark.parametrize("seconds", (301, 86400))
def test_faults_2_a_replay_past_the_tolerance_is_refused(name, seconds):
    error = refused(name, good(name), NOW + timedelta(seconds=seconds))
    assert error.reason == "the timestamp is too old"


@every_timed_scheme
@pytest.mark.parametrize("seconds", (301, 86400))
def test_faults_3_a_timestamp_in_the_future_is_refused(name, seconds):
    error = refused(name, good(name), NOW - timedelta(seconds=seconds))
    assert error.reason == "the timestamp is in the future"


@every_timed_scheme
def test_faults_2_a_timestamp_renewed_by_a_stranger_is_refused(name):
    """The time is part of what is signed."""
    later = NOW + timedelta(days=1)
    old, new = str(int(NOW.timestamp())), str(int(later.timestamp()))
    delivery = good(name)
    headers = {key: text.replace(old, new) for key, text in delivery.headers.items()}
    error = refused(name, replace(delivery, headers=headers), later)
    assert error.reason == "no signature matches"


@every_scheme
def test_faults_4_a_wrong_secret_is_refused(name):
    other = SCHEMES[name].new_keys()
    assert refusal(SCHEMES[name], good(name), [other.verifying])


@every_scheme
@pytest.mark.parametrize("secrets", ([], (), [""], ["  "], [None], "", None))
def test_faults_5_an_empty_or_missing_secret_refuses(name, secrets):
    assert refusal(SCHEMES[name], good(name), secrets)


@every_scheme
def test_faults_5_one_empty_secret_among_good_ones_refuses(name):
    assert refusal(SCHEMES[name], good(name), [KEYS[name].verifying, ""])


def test_faults_5_a_prefix_with_nothing_behind_it_is_an_empty_secret():
    with pytest.raises(SignatureRefused):
        presets.STANDARD_WEBHOOKS.sign(BODY, "whsec_", NOW, headers=WEBHOOK_ID)


def test_faults_5_a_lone_string_is_not_a_list_of_one_letter_secrets():
    delivery = signed(presets.STRIPE, "w")
    assert refusal(presets.STRIPE, delivery, "whsec_x")


@pytest.mark.parametrize("name", ("STANDARD_WEBHOOKS", "ADYEN_PLATFORM"))
def test_faults_5_an_unreadable_secret_refuses_and_is_not_repeated(name):
    error = refusal(SCHEMES[name], good(name), ["not a key: é"])
    assert error.reason == "a configured secret cannot be read"
    assert error.__suppress_context__


@every_scheme
def test_faults_6_old_and_new_secret_are_both_accepted_within_the_grace(name):
    new = SCHEMES[name].new_keys()
    for order in ([KEYS[name].verifying, new.verifying], [new.verifying]):
        old_accepted = refusal(SCHEMES[name], good(name), order) is None
        assert old_accepted == (KEYS[name].verifying in order)
        delivery = signed(SCHEMES[name], new.signing)
        assert refusal(SCHEMES[name], delivery, order) is None


@pytest.mark.parametrize("name", TIMED)
def test_faults_6_one_good_signature_among_several_is_enough(name):
    """The system signs with both secrets while one rolls."""
    scheme, delivery = SCHEMES[name], good(name)
    other = signed(scheme, scheme.new_keys().signing).headers[scheme.header]
    both = scheme.prefix + other.split(scheme.prefix)[1] + scheme.separator
    if scheme.timestamp_prefix:
        mixed = delivery.headers[scheme.header] + scheme.separator + both[:-1]
    else:
        mixed = both + delivery.headers[scheme.header]
    assert refused(name, with_header(delivery, scheme.header, mixed)) is None


@settings(max_examples=200, deadline=None)
@given(any_scheme, st.integers(0, len(BODY) - 1), st.integers(1, 255))
def test_faults_7_one_byte_of_the_body_changed_is_refused(name, at, flip):
    body = BODY[:at] + bytes([BODY[at] ^ flip]) + BODY[at + 1 :]
    assert refused(name, replace(good(name), body=body))


@settings(max_examples=300, deadline=None)
@given(any_scheme, st.data())
def test_faults_7_one_character_of_the_signature_changed_is_refused(name, data):
    delivery, header = good(name), SCHEMES[name].header
    value = delivery.headers[header]
    at = data.draw(st.integers(0, len(value) - 1))
    other = data.draw(st.characters(codec="ascii").filter(lambda c: c != value[at]))
    spoilt = value[:at] + other + value[at + 1 :]
    assert refused(name, with_header(delivery, header, spoilt))


@every_scheme
def test_faults_8_a_body_serialised_again_is_refused(name):
    body = json.dumps(json.loads(BODY)).encode()
    assert json.loads(body) == json.loads(BODY)
    assert refused(name, replace(good(name), body=body))


@every_scheme
@pytest.mark.parametrize("value", HOSTILE_HEADERS)
def test_faults_11_a_malformed_header_is_refused(name, value):
    assert refused(name, with_header(good(name), SCHEMES[name].header, value))


@every_scheme
def test_faults_11_a_header_sent_twice_and_joined_is_refused(name):
    """Servers join repeated headers with a comma; that must not open a door."""
    delivery, header = good(name), SCHEMES[name].header
    stranger = signed(SCHEMES[name], SCHEMES[name].new_keys().signing)
    twice = stranger.headers[header] + "," + stranger.headers[header]
    assert refused(name, with_header(delivery, header, twice))


@pytest.mark.parametrize("extra", ("t=1,", "t=,", f"t={int(NOW.timestamp())},"))
def test_faults_11_two_timestamps_are_refused(extra):
    delivery = good("STRIPE")
    value = delivery.headers["stripe-signature"]
    for doubled in (extra + value, value + "," + extra[:-1]):
        error = refused("STRIPE", with_header(delivery, "stripe-signature", doubled))
        assert error.reason == "2 timestamps in the header"


def test_faults_11_an_empty_timestamp_is_refused_even_if_signed():
    digest = hmac.digest(b"secret", b"." + BODY, "sha256").hex()
    delivery = Delivery(body=BODY, headers={"stripe-signature": f"t=,v1={digest}"})
    error = refusal(presets.STRIPE, delivery, ["secret"])
    assert error.reason == "the timestamp is malformed"


def test_faults_11_a_signature_has_one_spelling_only():
    """The unused last bits of base64 are no place to vary."""
    delivery = good("STANDARD_WEBHOOKS_ED25519")
    value = delivery.headers["webhook-signature"]
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    sibling = alphabet[alphabet.index(value[-3]) + 1]
    spoilt = with_header(delivery, "webhook-signature", value[:-3] + sibling + "==")
    assert refused("STANDARD_WEBHOOKS_ED25519", spoilt)


def test_faults_11_more_signatures_than_any_system_sends_are_refused():
    delivery = good("STRIPE")
    value = delivery.headers["stripe-signature"] + ",v1=00" * 16
    error = refused("STRIPE", with_header(delivery, "stripe-signature", value))
    assert error.reason == "17 signatures in the header"


def test_faults_12_the_system_cannot_be_talked_into_its_test_signature():
    """Stripe's v0 and a Standard Webhooks v1 where v1a is expected."""
    delivery = good("STRIPE")
    value = delivery.headers["stripe-signature"].replace("v1=", "v0=")
    assert refused("STRIPE", with_header(delivery, "stripe-signature", value))
    public = KEYS["STANDARD_WEBHOOKS_ED25519"].verifying
    as_secret = "whsec_" + public.removeprefix("whpk_")
    forged = signed(presets.STANDARD_WEBHOOKS, as_secret)
    assert refused("STANDARD_WEBHOOKS_ED25519", forged)


@settings(max_examples=300, deadline=None)
@given(any_scheme, st.binary(), hostile_text, hostile_text, hostile_text)
def test_faults_16_any_bytes_and_any_header_are_refused(name, body, one, two, url):
    scheme = SCHEMES[name]
    headers = {
        scheme.header: one,
        scheme.timestamp_header or "x": two,
        "webhook-id": url,
    }
    assert refused(name, Delivery(body=body, headers=headers, url=url))


@settings(max_examples=100, deadline=None)
@given(any_scheme, st.binary())
def test_whatever_is_signed_verifies(name, body):
    assert refused(name, good(name, body=body)) is None


@every_scheme
def test_every_cause_says_the_same_to_the_stranger(name):
    causes = {
        str(refused(name, with_header(good(name), SCHEMES[name].header, bad)))
        for bad in HOSTILE_HEADERS
    }
    assert causes == {"The signature of this delivery could not be verified."}


def test_a_signed_url_that_is_not_known_refuses():
    assert refused("SQUARE", replace(good("SQUARE"), url=""))
    assert refused("SQUARE", replace(good("SQUARE"), url=URL + "?"))
    with pytest.raises(SignatureRefused):
        presets.SQUARE.sign(BODY, KEYS["SQUARE"].signing, NOW, url="")


def test_a_published_example_of_github_is_accepted():
    """https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries"""
    signature = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    headers = {"x-hub-signature-256": f"sha256={signature}"}
    delivery = Delivery(body=b"Hello, World!", headers=headers)
    assert refusal(presets.GITHUB, delivery, ["It's a Secret to Everybody"]) is None


def test_a_published_example_of_standard_webhooks_is_accepted():
    """The test vector of the reference libraries."""
    headers = presets.STANDARD_WEBHOOKS.sign(
        b'{"test": 2432232314}',
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        NOW.fromtimestamp(1614265330, NOW.tzinfo),
        headers={"webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek"},
    )
    expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert headers["webhook-signature"] == expected


def test_a_published_example_of_square_is_accepted():
    """https://developer.squareup.com/docs/webhooks/step3validate"""
    body = b'{"hello":"world"}'
    headers = presets.SQUARE.sign(
        body, "asdf1234", NOW, url="https://example.com/webhook"
    )
    expected = "2kRE5qRU2tR+tBGlDwMEw2avJ7QM4ikPYD/PJ3bd9Og="
    assert headers["x-square-hmacsha256-signature"] == expected
