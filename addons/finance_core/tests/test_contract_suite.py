"""The contract suite passes a good connector and catches each kind of bad one."""

import importlib.util
import itertools
import json
import shutil
import unittest
from dataclasses import replace
from pathlib import Path

import pytest

from odoo.addons.finance_core.connector import Stream
from odoo.addons.finance_core.contract import TYPES
from odoo.addons.finance_core.signature import presets
from odoo.addons.finance_core.testing import contract
from odoo.addons.finance_core.tests.contract_shop import SAMPLES, ShopConnector

count = itertools.count()


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> Path:
    """The shop's samples, with golden files written by the suite."""
    folder = tmp_path_factory.mktemp("samples")
    for name, body in SAMPLES.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(body)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FINANCE_UPDATE_GOLDEN", "1")
        assert failures(ShopConnector(), folder) == set()
    return folder


@pytest.fixture
def samples(written, tmp_path) -> Path:
    return shutil.copytree(written, tmp_path / "samples")


def failures(connector, samples) -> set[str]:
    """The names of the tests ``connector`` fails."""
    suite = type("Suite", (contract.ConnectorContract,), {"__module__": __name__})
    suite.connector, suite.samples = connector, samples
    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(suite).run(result)
    assert result.testsRun == 20
    assert not result.skipped
    failed = [test for test, _ in (*result.failures, *result.errors)]
    cases = {getattr(test, "test_case", test) for test in failed}
    return {case.id().rpartition(".")[2] for case in cases}


def test_a_good_connector_passes(samples):
    assert failures(ShopConnector(), samples) == set()


def test_the_suite_itself_is_not_collected():
    assert not contract.ConnectorContract.__test__


class Signature:
    """The shop's scheme, to be broken in one place."""

    timed = True

    def __init__(self, scheme=ShopConnector.signature):
        self.scheme = scheme

    def new_keys(self):
        return self.scheme.new_keys()

    def sign(self, *arguments, **options):
        return self.scheme.sign(*arguments, **options)

    def verify(self, delivery, secrets, now):
        self.scheme.verify(delivery, secrets, now)


class AcceptsAll(Signature):
    def verify(self, delivery, secrets, now):
        return


class AcceptsWithoutSecret(Signature):
    """What Odoo's own payment_stripe does."""

    def verify(self, delivery, secrets, now):  # pylint: disable=missing-return
        if secrets and all(secrets):
            super().verify(delivery, secrets, now)


class KnowsOneSecret(Signature):
    def verify(self, delivery, secrets, now):  # pylint: disable=missing-return
        super().verify(delivery, secrets[:1], now)


class CrashesOnHostileHeaders(Signature):
    """What the official verifiers do."""

    def verify(self, delivery, secrets, now):  # pylint: disable=missing-return
        delivery.headers["x-shop-signature"].encode("ascii")
        super().verify(delivery, secrets, now)


class IgnoresTheBody(Signature):
    def verify(self, delivery, secrets, now):  # pylint: disable=missing-return
        super().verify(replace(delivery, body=ignored), secrets, now)


class TellsTheSecret(Signature):
    def verify(self, delivery, secrets, now):  # pylint: disable=missing-return
        try:
            super().verify(delivery, secrets, now)
        except contract.SignatureRefused as refused:
            raise contract.SignatureRefused(f"{refused.reason} {secrets}") from None


ignored = SAMPLES["sale.json"]
endless = replace(ShopConnector.signature, tolerance=10**10)


class Forgetful(ShopConnector):
    def identify(self, delivery):
        return str(next(count))


class OneForAll(ShopConnector):
    def identify(self, delivery):
        return "the same"


class NumberAsIdentity(ShopConnector):
    def identify(self, delivery):
        return 1


class Changing(ShopConnector):
    def document(self, sale):
        found = super().document(sale)
        return found.model_copy(update={"description": str(next(count))})


class Silent(ShopConnector):
    def parse(self, delivery):
        self.read(delivery.body)
        return []


class Negating(ShopConnector):
    """A sign error that leaves amount, fee and net at odds."""

    def document(self, sale):
        found = super().document(sale)
        if found.type == "event":
            return found
        return found.model_copy(update={"net": -found.net})


class DroppingUnknown(ShopConnector):
    def document(self, sale):
        found = super().document(sale)
        if found.type == "event":
            raise contract.MalformedPayload("unknown type")
        return found


class TrustingShape(ShopConnector):
    def document(self, sale):
        sale["at"].replace("Z", "")
        return super().document(sale)


class LenientJson(ShopConnector):
    """The standard library takes NaN, duplicate keys and floats."""

    def read(self, body):  # pylint: disable=method-required-super
        try:
            return dict(json.loads(body))
        except (ValueError, TypeError, RecursionError):
            raise contract.MalformedPayload("not JSON") from None


class CrashingPages(ShopConnector):
    def next_page(self, stream, scope, cursor, response):
        page = cursor.get("page", "1") if response is None else None
        if response is not None:
            page = json.loads(response.body)["next"]
        return super().next_page(stream, scope, {"page": page}, None)


class NoFirstPage(ShopConnector):
    def next_page(self, stream, scope, cursor, response):
        return None


class NumberedCursor(ShopConnector):
    def advance(self, stream, cursor, response):
        return {"page": 2} if super().advance(stream, {}, response) else {}


class SecretInTheQuery(ShopConnector):
    def authorize(self, request, secrets):
        return replace(request, query=(("key", secrets[0]),))


class KeepsTheSecret(ShopConnector):
    def authorize(self, request, secrets):
        self.secret = secrets[0]
        return super().authorize(request, secrets)


class FollowsRedirects(ShopConnector):
    def outcome(self, response):  # pylint: disable=missing-return
        if response.status >= 400:
            super().outcome(response)


class DeafToRetryAfter(ShopConnector):
    def outcome(self, response):  # pylint: disable=missing-return
        super().outcome(replace(response, headers={}))


def shop(**facts):
    """A shop with other facts."""
    return type("OtherShop", (ShopConnector,), {"__module__": __name__, **facts})


ONCE_MORE = Stream("sales", "Sales")
EVENTS = Stream("events", "Events")
ACCEPTS = "test_signatures_accept_what_is_authentic"
SECRETS = "test_signatures_refuse_other_and_missing_secrets"
REPLAYS = "test_signatures_refuse_replays_and_the_future"
BODIES = "test_signatures_refuse_changed_bodies"
HEADERS = "test_signatures_refuse_hostile_headers"
FACTS = "test_facts_are_told"
TYPES_KNOWN = "test_document_types_are_of_the_contract"
PAGES = "test_streams_are_told_apart_and_each_has_a_page"
IDENTITY = "test_each_delivery_has_an_identity_of_its_own"
VALID = "test_each_delivery_becomes_valid_documents_always_the_same"
UNKNOWN = "test_unknown_types_become_events_and_are_not_lost"
STRICT = "test_malformed_json_is_refused_as_malformed"
HOSTILE = "test_hostile_bytes_are_malformed_or_understood"
SHAPE = "test_a_delivery_of_the_wrong_shape_is_malformed_or_understood"
WIRE = "test_each_stream_has_a_first_page_and_its_sample_a_cursor"
OUTCOMES = "test_outcomes_are_delivered_retry_or_refused"
SHOWN = "test_no_secret_is_shown"


@pytest.mark.parametrize(
    ("broken", "caught_by"),
    (
        (shop(signature=AcceptsAll()), {SECRETS, REPLAYS, BODIES, HEADERS}),
        (shop(signature=AcceptsWithoutSecret()), {SECRETS}),
        (shop(signature=KnowsOneSecret()), {ACCEPTS}),
        (shop(signature=CrashesOnHostileHeaders()), {HEADERS}),
        (shop(signature=IgnoresTheBody()), {BODIES}),
        (shop(signature=TellsTheSecret()), {SECRETS, BODIES, HEADERS}),
        (shop(signature=endless), {REPLAYS}),
        (shop(signature=Signature(presets.SHOPIFY)), {REPLAYS}),
        (shop(code="Shop 1"), {FACTS}),
        (shop(label=""), {FACTS}),
        (shop(api_version=""), {FACTS}),
        (shop(doc_urls=()), {FACTS}),
        (shop(doc_urls=("see the manual",)), {FACTS}),
        (shop(base_url="http://shop.example.com"), {FACTS}),
        (shop(max_body=0), {FACTS}),
        (shop(rate_per_second=0), {FACTS}),
        (shop(document_types=()), {TYPES_KNOWN, VALID}),
        (shop(document_types=("poem",)), {TYPES_KNOWN, VALID}),
        (shop(document_types=("event",)), {VALID}),
        (shop(streams=(ONCE_MORE, ONCE_MORE)), {PAGES}),
        (shop(streams=(ONCE_MORE, EVENTS)), {PAGES}),
        (shop(streams=(Stream("sales", "Sales", 0),)), {PAGES}),
        (Forgetful, {IDENTITY}),
        (OneForAll, {IDENTITY}),
        (NumberAsIdentity, {IDENTITY}),
        (Changing, {VALID}),
        (Silent, {VALID}),
        (Negating, {VALID}),
        (DroppingUnknown, {UNKNOWN, VALID}),
        (TrustingShape, {SHAPE}),
        (LenientJson, {STRICT}),
        (CrashingPages, {HOSTILE}),
        (NoFirstPage, {WIRE}),
        (NumberedCursor, {WIRE}),
        (SecretInTheQuery, {SHOWN}),
        (KeepsTheSecret, {SHOWN}),
        (FollowsRedirects, {OUTCOMES}),
        (DeafToRetryAfter, {OUTCOMES}),
    ),
)
def test_a_bad_connector_is_caught_by_the_test_for_it(samples, broken, caught_by):
    assert caught_by <= failures(broken(), samples)


def test_a_connector_that_imports_odoo_is_caught(samples, tmp_path):
    path = tmp_path / "shop_with_odoo.py"
    path.write_text(
        "from odoo.addons.finance_core.tests.contract_shop import ShopConnector\n"
        "class WithOdoo(ShopConnector):\n"
        "    def never(self):\n"
        "        from odoo import models\n"
    )
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(importlib.sys.modules, path.stem, module)
        spec.loader.exec_module(module)
        assert failures(module.WithOdoo(), samples) == {"test_it_knows_nothing_of_odoo"}


def test_a_document_that_is_no_longer_the_golden_one_is_caught(samples):
    golden = samples / "golden" / "sale.json"
    golden.write_text(golden.read_text().replace("96.19", "96.18"))
    assert failures(ShopConnector(), samples) == {"test_documents_are_the_golden_ones"}


def test_golden_files_are_readable_and_complete(samples):
    [document] = json.loads((samples / "golden" / "sale.json").read_text())
    assert (document["amount"], document["net"]) == ("100.00", "96.19")
    assert set(document) == set(TYPES["balance_transaction"].model_fields)


@pytest.mark.parametrize("name", ("sale.json", "pages/sales.json"))
def test_a_missing_or_stale_golden_file_is_caught(samples, name):
    path = samples / "golden" / name
    path.rename(path.with_name("other.json"))
    assert failures(ShopConnector(), samples) == {"test_documents_are_the_golden_ones"}


def test_a_connector_without_samples_is_caught(tmp_path):
    assert {IDENTITY, UNKNOWN, PAGES} <= failures(ShopConnector(), tmp_path)
