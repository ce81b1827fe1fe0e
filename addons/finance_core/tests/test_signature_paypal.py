"""PayPal's certificates. FAULTS 2-8, 11, 12, 16, 23."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.addons.finance_core.connector import Delivery
from odoo.addons.finance_core.errors import RetryLater, SignatureRefused
from odoo.addons.finance_core.signature import PayPalSignature, PayPalSigner
from odoo.addons.finance_core.tests.certificates import authority, host, new_key, pem
from odoo.addons.finance_core.tests.signature_cases import (
    BODY,
    HOSTILE_HEADERS,
    NOW,
    hostile_text,
    refusal,
)

URL = "https://api.paypal.com/v1/notifications/certs/CERT-360caa42-fca2a594"
NAME = "messageverificationcerts.paypal.com"
WEBHOOK = "1JE4291016473214C"
HEADERS = (
    "paypal-auth-algo",
    "paypal-cert-url",
    "paypal-transmission-id",
    "paypal-transmission-time",
    "paypal-transmission-sig",
)

ROOT_KEY, MIDDLE_KEY, KEY = new_key(), new_key(), new_key()
ROOT = authority("Root", ROOT_KEY, "Root", ROOT_KEY, NOW)
MIDDLE = authority("Middle", MIDDLE_KEY, "Root", ROOT_KEY, NOW)
LEAF = host([NAME], KEY, "Middle", MIDDLE_KEY, NOW)


def scheme_serving(content):
    """A scheme whose certificates come from ``content``, and the URLs it fetched."""
    fetched = []

    def fetch(url):
        fetched.append(url)
        if isinstance(content, Exception):
            raise content
        return content

    return PayPalSignature(fetch=fetch, roots=[ROOT]), fetched


GOOD, FETCHED = scheme_serving(pem(LEAF, MIDDLE))
SIGNER = PayPalSigner(KEY, URL)


def good(body=BODY, now=NOW):
    return Delivery(body=body, headers=SIGNER.sign(body, WEBHOOK, now))


def refused(delivery, now=NOW, scheme=GOOD, secrets=(WEBHOOK,)):
    return refusal(scheme, delivery, secrets, now)


def with_header(name, value):
    delivery = good()
    return replace(delivery, headers={**delivery.headers, name: value})


def repr_short(value):
    return repr(value)[:40]


def test_what_paypal_signed_is_accepted():
    assert refused(good()) is None


def test_faults_2_a_retry_of_the_third_day_is_accepted_and_later_ones_are_not():
    assert refused(good(), NOW + timedelta(days=3)) is None
    error = refused(good(), NOW + timedelta(days=3, seconds=301))
    assert error.reason == "the timestamp is too old"


def test_faults_3_a_time_in_the_future_is_refused():
    assert refused(good(), NOW - timedelta(seconds=300)) is None
    error = refused(good(), NOW - timedelta(seconds=301))
    assert error.reason == "the timestamp is in the future"


def test_faults_4_and_6_only_a_configured_webhook_id_is_accepted():
    assert refused(good(), secrets=["other"]).reason == "no signature matches"
    assert refused(good(), secrets=["other", WEBHOOK]) is None


@pytest.mark.parametrize("secrets", ([], [""], None, WEBHOOK, ["\ud800"]))
def test_faults_5_a_missing_webhook_id_refuses(secrets):
    assert refused(good(), secrets=secrets)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(BODY) - 1), st.integers(1, 255))
def test_faults_7_one_byte_of_the_body_changed_is_refused(at, flip):
    body = BODY[:at] + bytes([BODY[at] ^ flip]) + BODY[at + 1 :]
    assert refused(replace(good(), body=body))


@pytest.mark.parametrize("name", HEADERS[2:])
def test_faults_7_a_signed_header_changed_is_refused(name):
    value = good().headers[name]
    at = len(value) // 2
    spoilt = value[:at] + ("1" if value[at] != "1" else "2") + value[at + 1 :]
    assert refused(with_header(name, spoilt))


def test_faults_8_a_body_serialised_again_is_refused():
    body = json.dumps(json.loads(BODY)).encode()
    assert refused(replace(good(), body=body))


@pytest.mark.parametrize("value", (*HOSTILE_HEADERS, None, "2026-11-21T12:00:00"))
@pytest.mark.parametrize("name", HEADERS)
def test_faults_11_a_malformed_or_missing_header_is_refused(name, value):
    assert refused(with_header(name, value))


@pytest.mark.parametrize("algorithm", ("SHA1withRSA", "none", "sha256withrsa", ""))
def test_faults_12_another_algorithm_is_refused(algorithm):
    assert refused(with_header("paypal-auth-algo", algorithm))


@settings(max_examples=100, deadline=None)
@given(st.binary(), st.fixed_dictionaries(dict.fromkeys(HEADERS, hostile_text)))
def test_faults_16_any_bytes_and_any_header_are_refused(body, headers):
    assert refused(Delivery(body=body, headers=headers))


@pytest.mark.parametrize(
    "url",
    (
        "http://api.paypal.com/v1/notifications/certs/CERT-1",
        "https://evil.example/v1/notifications/certs/CERT-1",
        "https://api.paypal.com.evil.example/v1/notifications/certs/CERT-1",
        "https://evil.example/api.paypal.com/v1/notifications/certs/CERT-1",
        "https://api.paypal.com@evil.example/v1/notifications/certs/CERT-1",
        "https://api.paypal.com:444/v1/notifications/certs/CERT-1",
        "https://apixpaypal.com/v1/notifications/certs/CERT-1",
        "https://www.paypal.com/v1/notifications/certs/CERT-1",
        "https://api.paypal.com/v1/notifications/certs/../../redirect",
        "https://api.paypal.com/v1/notifications/certs/CERT-1?x=1",
        "https://api.paypal.com/v1/notifications/certs/CERT-1#x",
        "https://api.paypal.com/v1/notifications/certs/CERT-1\n",
        "https://api.paypal.com\\@evil.example/v1/notifications/certs/CERT-1",
        "HTTPS://API.PAYPAL.COM/v1/notifications/certs/CERT-1",
        "file:///etc/passwd",
    ),
)
def test_faults_23_a_foreign_url_is_refused_and_never_fetched(url):
    FETCHED.clear()
    assert refused(with_header("paypal-cert-url", url))
    assert FETCHED == []


@pytest.mark.parametrize(
    "content",
    (
        OSError("redirected"),
        TimeoutError(),
        RetryLater("PayPal answered 503."),
        b"",
        b"<html>",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        pem(LEAF, MIDDLE) + b"\n" * 65536,
        pem(ROOT),
    ),
    ids=repr_short,
)
def test_faults_23_what_is_no_certificate_is_refused(content):
    """A redirect is an OSError of the fetcher, which follows none."""
    assert refused(good(), scheme=scheme_serving(content)[0])


@pytest.mark.parametrize("days", ((30, -1), (-1, 30)))
def test_faults_23_an_expired_or_not_yet_valid_certificate_is_refused(days):
    leaf = host([NAME], KEY, "Middle", MIDDLE_KEY, NOW, days=days)
    error = refused(good(), scheme=scheme_serving(pem(leaf, MIDDLE))[0])
    assert error.reason == "the certificate is not trusted"


@pytest.mark.parametrize(
    "name",
    ("x.paypal.com.evil.example", "evil.example", "paypal.com", "evilpaypal.com"),
)
def test_faults_23_a_certificate_for_another_name_is_refused(name):
    leaf = host([name], KEY, "Middle", MIDDLE_KEY, NOW)
    error = refused(good(), scheme=scheme_serving(pem(leaf, MIDDLE))[0])
    assert error.reason == "the certificate is not trusted"


def test_a_wildcard_certificate_of_paypal_is_accepted():
    leaf = host(["evil.example", "*.paypal.com"], KEY, "Middle", MIDDLE_KEY, NOW)
    assert refused(good(), scheme=scheme_serving(pem(leaf, MIDDLE))[0]) is None


def test_faults_23_a_chain_to_another_root_is_refused():
    other = authority("Root", MIDDLE_KEY, "Root", MIDDLE_KEY, NOW)
    scheme = PayPalSignature(fetch=GOOD.fetch, roots=[other])
    assert refused(good(), scheme=scheme).reason == "the certificate is not trusted"


def test_faults_23_a_chain_with_a_missing_link_is_refused():
    assert refused(good(), scheme=scheme_serving(pem(LEAF))[0])


def test_faults_23_a_certificate_signed_by_another_host_is_refused():
    """Whoever has a certificate of their own is no authority."""
    stranger_key = new_key()
    stranger = host(["evil.example"], stranger_key, "Middle", MIDDLE_KEY, NOW)
    forged = host([NAME], KEY, "evil.example", stranger_key, NOW)
    chain = pem(forged, stranger, MIDDLE)
    assert refused(good(), scheme=scheme_serving(chain)[0])


def test_faults_30_certificates_are_judged_by_the_clock_that_is_handed_in():
    later = NOW + timedelta(days=4000)
    root = authority("Root", ROOT_KEY, "Root", ROOT_KEY, later)
    leaf = host([NAME], KEY, "Root", ROOT_KEY, later)
    scheme = PayPalSignature(fetch=lambda url: pem(leaf), roots=[root])
    assert refused(good(now=later), later, scheme) is None
    assert refused(good(), NOW, scheme).reason == "the certificate is not trusted"


def test_faults_11_a_time_without_zone_is_refused():
    error = refused(with_header("paypal-transmission-time", "2026-11-21T12:00:00"))
    assert error.reason == "the timestamp has no zone"


def test_no_root_trusts_nothing():
    scheme = PayPalSignature(fetch=GOOD.fetch, roots=[])
    with pytest.raises(SignatureRefused):
        scheme.verify(good(), [WEBHOOK], NOW)
