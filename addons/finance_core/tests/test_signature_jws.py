"""JSON Web Signatures in a header. FAULTS 2-8, 11, 12, 16."""

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.addons.finance_core.connector import Delivery
from odoo.addons.finance_core.signature.presets import PLAID, TRUELAYER
from odoo.addons.finance_core.tests.signature_cases import (
    BODY,
    HOSTILE_HEADERS,
    NOW,
    URL,
    hostile_text,
    refusal,
    signed,
)

SCHEMES = {"PLAID": PLAID, "TRUELAYER": TRUELAYER}
KEYS = {name: scheme.new_keys() for name, scheme in SCHEMES.items()}
every_scheme = pytest.mark.parametrize("name", SCHEMES)
any_scheme = st.sampled_from(sorted(SCHEMES))


def good(name, **changes):
    return signed(SCHEMES[name], KEYS[name].signing, **changes)


def refused(name, delivery, now=NOW):
    return refusal(SCHEMES[name], delivery, [KEYS[name].verifying], now)


def with_token(name, delivery, token):
    headers = {**delivery.headers, SCHEMES[name].header: token}
    return replace(delivery, headers=headers)


def encode(value):
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text):
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def with_token_header(name, delivery, **changes):
    """The same token with other words in its own header."""
    head, rest = delivery.headers[SCHEMES[name].header].split(".", 1)
    token = encode({**decode(head), **changes}) + "." + rest
    return with_token(name, delivery, token)


@every_scheme
def test_what_the_system_signed_is_accepted(name):
    assert refused(name, good(name)) is None


@every_scheme
def test_faults_2_and_3_the_window_is_five_minutes_either_way(name):
    for seconds, reason in (
        (300, None),
        (-300, None),
        (301, "the timestamp is too old"),
        (-301, "the timestamp is in the future"),
    ):
        error = refused(name, good(name), NOW + timedelta(seconds=seconds))
        assert (error and error.reason) == reason


@every_scheme
def test_faults_4_a_wrong_key_of_the_same_name_is_refused(name):
    """A stranger can choose the key's name, not its value."""
    other = json.loads(SCHEMES[name].new_keys().verifying)
    other["kid"] = json.loads(KEYS[name].verifying)["kid"]
    error = refusal(SCHEMES[name], good(name), [json.dumps(other)])
    assert error.reason == "no signature matches"


@every_scheme
@pytest.mark.parametrize(
    "secrets",
    ([], [""], None, "{}", ["{}"], ["[]"], ["x"], ['{"kty":"EC","crv":"P-256"}']),
)
def test_faults_5_a_missing_or_unreadable_key_refuses(name, secrets):
    assert refusal(SCHEMES[name], good(name), secrets)


@every_scheme
def test_faults_5_a_point_off_the_curve_refuses(name):
    key = json.loads(KEYS[name].verifying)
    key["x"] = key["y"]
    assert refusal(SCHEMES[name], good(name), [json.dumps(key)])


@every_scheme
def test_faults_6_old_and_new_key_are_both_accepted_while_it_rotates(name):
    new = SCHEMES[name].new_keys()
    both = [KEYS[name].verifying, new.verifying]
    assert refusal(SCHEMES[name], good(name), both) is None
    assert refusal(SCHEMES[name], signed(SCHEMES[name], new.signing), both) is None
    assert refusal(SCHEMES[name], good(name), [new.verifying])


@settings(max_examples=60, deadline=None)
@given(any_scheme, st.integers(0, len(BODY) - 1), st.integers(1, 255))
def test_faults_7_one_byte_of_the_body_changed_is_refused(name, at, flip):
    body = BODY[:at] + bytes([BODY[at] ^ flip]) + BODY[at + 1 :]
    assert refused(name, replace(good(name), body=body))


@settings(max_examples=200, deadline=None)
@given(any_scheme, st.data())
def test_faults_7_one_character_of_the_token_changed_is_refused(name, data):
    delivery = good(name)
    token = delivery.headers[SCHEMES[name].header]
    at = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.characters(codec="ascii").filter(lambda c: c != token[at]))
    spoilt = token[:at] + other + token[at + 1 :]
    assert refused(name, with_token(name, delivery, spoilt))


@every_scheme
def test_faults_8_a_body_serialised_again_is_refused(name):
    body = json.dumps(json.loads(BODY)).encode()
    assert refused(name, replace(good(name), body=body))


@every_scheme
@pytest.mark.parametrize("value", HOSTILE_HEADERS)
def test_faults_11_a_malformed_token_is_refused(name, value):
    assert refused(name, with_token(name, good(name), value))


@every_scheme
@pytest.mark.parametrize("alg", ("none", "None", "", "HS256", "ES384", None, [], {}))
def test_faults_12_another_algorithm_is_refused_before_any_key_is_read(name, alg):
    delivery = with_token_header(name, good(name), alg=alg)
    error = refused(name, delivery)
    assert error.reason == "another algorithm than the one expected"


def test_faults_12_the_public_key_is_never_an_hmac_secret():
    """The classic: HS256 with the published key."""
    claims = {
        "iat": int(NOW.timestamp()),
        "request_body_sha256": hashlib.sha256(BODY).hexdigest(),
    }
    public = KEYS["PLAID"].verifying
    kid = json.loads(public)["kid"]
    start = encode({"alg": "HS256", "kid": kid}) + "." + encode(claims)
    signature = hmac.digest(public.encode(), start.encode(), "sha256")
    delivery = with_token("PLAID", good("PLAID"), start + "." + encode(signature))
    assert refused("PLAID", delivery)


@every_scheme
def test_faults_12_an_all_zero_signature_is_refused(name):
    start = good(name).headers[SCHEMES[name].header].rpartition(".")[0]
    for size in (64, 132):
        token = start + "." + encode(bytes(size))
        assert refused(name, with_token(name, good(name), token))


@every_scheme
def test_faults_11_a_signature_has_one_length_only(name):
    """A zero before a number is the same number; it must not be a second token."""
    start, _dot, text = good(name).headers[SCHEMES[name].header].rpartition(".")
    pair = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    middle = len(pair) // 2
    longer = encode(pair[:middle] + b"\0" + pair[middle:])
    error = refused(name, with_token(name, good(name), start + "." + longer))
    assert error.reason == "the signature has the wrong length"


@every_scheme
@pytest.mark.parametrize("change", ({"kid": "x"}, {"crv": "P-384"}, {"kty": "RSA"}))
def test_faults_12_a_key_serves_only_what_it_says_it_is_for(name, change):
    key = json.loads(KEYS[name].verifying) | change
    assert refusal(SCHEMES[name], good(name), [json.dumps(key)])


@every_scheme
def test_a_token_that_demands_an_unknown_extension_is_refused(name):
    delivery = with_token_header(name, good(name), crit=["b64"], b64=False)
    assert refused(name, delivery).reason == "the token demands an extension"


@every_scheme
@pytest.mark.parametrize("kid", ("other", None, [], 1))
def test_a_token_of_an_unknown_key_is_refused(name, kid):
    assert refused(name, with_token_header(name, good(name), kid=kid))


@pytest.mark.parametrize("jku", ("https://evil.example/jwks", None, [], {}))
def test_keys_from_elsewhere_are_refused(jku):
    delivery = with_token_header("TRUELAYER", good("TRUELAYER"), jku=jku)
    error = refused("TRUELAYER", delivery)
    assert error.reason == "the token's keys are elsewhere"


@pytest.mark.parametrize("names", ("", "X-Other", None, ["X-TL-Webhook-Timestamp"]))
def test_a_token_that_does_not_cover_its_time_is_refused(names):
    delivery = with_token_header("TRUELAYER", good("TRUELAYER"), tl_headers=names)
    error = refused("TRUELAYER", delivery)
    assert error.reason == "the token does not cover its time"


@pytest.mark.parametrize(
    "change",
    (
        {"url": URL + "y"},
        {"url": "http://[::1"},
        {"url": URL + "\ud800"},
        {"headers": {"x-tl-webhook-timestamp": "2026-11-21T12:00:01+00:00"}},
        {"headers": {"x-tl-webhook-timestamp": ""}},
    ),
)
def test_faults_24_every_part_the_token_covers_is_protected(change):
    delivery = good("TRUELAYER")
    headers = {**delivery.headers, **change.pop("headers", {})}
    assert refused("TRUELAYER", replace(delivery, headers=headers, **change))


@pytest.mark.parametrize(
    "claims",
    (
        b"[]",
        b"{",
        b"\xff",
        b"{}",
        b'{"iat":1}',
        b'{"iat":"1795262400","request_body_sha256":"x"}',
        b'{"iat":1e300,"request_body_sha256":"x"}',
        b'{"iat":1795262400,"request_body_sha256":null}',
        b'{"iat":1795262400,"request_body_sha256":"\xc3\xa9"}',
    ),
)
def test_claims_the_system_itself_would_not_send_are_refused(claims):
    token = PLAID._token({}, claims, KEYS["PLAID"].signing)
    assert refused("PLAID", with_token("PLAID", good("PLAID"), token))


@settings(max_examples=200, deadline=None)
@given(any_scheme, st.binary(), hostile_text, hostile_text, hostile_text)
def test_faults_16_any_bytes_and_any_header_are_refused(name, body, one, two, url):
    headers = {SCHEMES[name].header: one, "x-tl-webhook-timestamp": two}
    assert refused(name, Delivery(body=body, headers=headers, url=url))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@settings(max_examples=200, deadline=None)
@given(
    any_scheme,
    st.fixed_dictionaries(
        {}, optional=dict.fromkeys(("kid", "jku", "tl_headers", "x"), json_values)
    ),
)
def test_faults_16_any_token_header_of_the_right_algorithm_is_refused(name, words):
    assert refused(name, with_token_header(name, good(name), **words)) or not words


def test_a_token_made_by_another_implementation_is_accepted():
    """RFC 7515 appendix A.3: key and signature of the standard's own example."""
    jwk = {
        "kty": "EC",
        "crv": "P-256",
        "kid": "a3",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    }
    token = (
        "eyJhbGciOiJFUzI1NiJ9"
        ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"
        "cGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
        ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSA"
        "pmWQxfKTUJqPP3-Kg6NU1Q"
    )
    PLAID._check(token, {"alg": "ES256", "kid": "a3"}, [json.dumps(jwk)])
