"""The contract every connector keeps, as a test of two lines::

    from odoo.addons.finance_core.testing import contract

    class StripeContract(contract.ConnectorContract):
        connector, samples = StripeConnector(), Path(__file__).parent / "samples"

``samples/<name>.json`` are bodies as they travel; those named ``unknown…`` are of
types the connector does not know. ``samples/pages/<stream>.json`` is a page of each
stream. ``samples/golden/`` holds the canonical documents each gives: read them, and
after an intended change write them again with ``FINANCE_UPDATE_GOLDEN=1``.
"""

import ast
import inspect
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar
from unittest import TestCase

from hypothesis import given, settings
from hypothesis import strategies as st

from ..connector import Connector, Delivery, Request, Response, Unreadable
from ..contract import TYPES, document_from_json
from ..contract.envelope import Document
from ..errors import MalformedPayload, Refused, RetryLater, SignatureRefused
from ..signature import Keys
from .samples import MALFORMED_JSON, ODD, malformed, spoilt

NOW = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)
LONG = timedelta(days=8)  #: beyond any system's tolerance and retries
SCOPE = "scope-1"
HOSTILE_HEADERS = (None, "", ",", "=", "t=1,v1=", "é", "\ud800", "\x00", "A" * 10**5)
CORE = "odoo.addons.finance_core"
_CODE = re.compile(r"^[a-z][a-z0-9_]*$")
_URL = re.compile(r"^(https://|http://(127\.0\.0\.1|localhost)[:/])\S+$")
_quick = settings(max_examples=50, deadline=None, database=None, derandomize=True)


class ConnectorContract(TestCase):
    """Subclass it with ``connector`` and ``samples``; override the rest if needed.

    ``headers`` are those every delivery of the system has besides its signature.
    """

    connector: ClassVar[Connector]
    samples: ClassVar[Path]
    headers: ClassVar[Mapping[str, str]] = {}
    url: ClassVar[str] = "https://books.example.com/finance/webhook/contract"
    api_secrets: ClassVar[Sequence[str]] = ("contract-api-secret-5f2c",)

    __test__ = False  # pytest: not this class itself, only its subclasses

    def __init_subclass__(cls, **kwargs):  # pylint: disable=missing-return
        super().__init_subclass__(**kwargs)
        cls.__test__ = True

    # What a connector with keys of its own kind overrides

    def new_keys(self) -> Keys:
        return self.connector.signature.new_keys()

    def sign(self, body: bytes, secret: str, now: datetime) -> Delivery:
        """A delivery as the system sends it at ``now``."""
        sign = self.connector.signature.sign
        headers = sign(body, secret, now, url=self.url, headers=self.headers)
        return Delivery(body, headers, received_at=now, url=self.url)

    # Facts

    def test_facts_are_told(self):
        connector = self.connector
        self.assertRegex(connector.code, _CODE)
        self.assertTrue(connector.label)
        self.assertTrue(connector.api_version)
        self.assertTrue(connector.doc_urls)
        for url in (*connector.doc_urls, connector.base_url):
            self.assertRegex(url, _URL)
        self.assertTrue(connector.content_types)
        self.assertGreater(connector.max_body, 0)
        self.assertGreater(connector.rate_per_second, 0)
        self.assertTrue(connector.signature or connector.streams)

    def test_document_types_are_of_the_contract(self):
        self.assertTrue(self.connector.document_types)
        self.assertLessEqual(set(self.connector.document_types), set(TYPES))

    def test_streams_are_told_apart_and_each_has_a_page(self):
        streams = self.connector.streams
        self.assertEqual(len(self._streams()), len(set(self._streams())))
        self.assertTrue(all(stream.interval > 0 for stream in streams))
        self.assertEqual({page for page, _ in self._pages()}, set(self._streams()))

    def test_what_can_be_counted_is_pulled_as_a_whole(self):
        whole = {stream.code for stream in self.connector.streams if not stream.scoped}
        counted = self.connector.census_types
        self.assertLessEqual(set(counted), whole)
        self.assertLessEqual(set(counted.values()), set(self.connector.document_types))

    def test_it_knows_nothing_of_odoo(self):
        source = inspect.getsource(inspect.getmodule(type(self.connector)))
        imported = set(_imports(ast.parse(source)))
        odoo = {name for name in imported if name.split(".")[0] == "odoo"}
        self.assertEqual({n for n in odoo if not f"{n}.".startswith(f"{CORE}.")}, set())

    # Deliveries and pages

    def test_each_delivery_has_an_identity_of_its_own(self):
        names = {}
        for name, delivery in self._samples():
            identity = self.connector.identify(delivery)
            self.assertIsInstance(identity, str, name)
            self.assertTrue(0 < len(identity) <= 255 and identity.isprintable(), name)
            later = replace(delivery, received_at=NOW + LONG)
            self.assertEqual(self.connector.identify(later), identity, name)
            self.assertNotIn(identity, names)
            names[identity] = name
        self.assertTrue(names, f"there are no samples in {self.samples}")

    def test_each_delivery_becomes_valid_documents_always_the_same(self):
        for name, delivery in self._samples():
            with self.subTest(name):
                found = self._documents(delivery)
                self.assertTrue(found, "nothing was told")
                self.assertEqual(self._documents(delivery), found)

    def test_documents_are_the_golden_ones(self):
        golden = self.samples / "golden"
        expected = {
            golden / f"{name}.json": _pretty(self._documents(delivery))
            for name, delivery in self._samples()
        }
        if os.environ.get("FINANCE_UPDATE_GOLDEN") == "1":
            _write_golden(golden, expected)
        self.assertEqual(set(golden.rglob("*.json")), set(expected))
        for path, text in expected.items():
            with self.subTest(path.name):
                self.assertEqual(path.read_text(encoding="utf-8"), text)

    def test_unknown_types_become_events_and_are_not_lost(self):
        unknown = [s for s in self._samples() if s[0].startswith("unknown")]
        self.assertTrue(unknown or not self.connector.signature, "no sample of one")
        for name, delivery in unknown:
            types = {document.type for document in self._documents(delivery)}
            self.assertEqual(types, {"event"}, name)

    # Hostile input: FAULTS 15-19

    def test_malformed_json_is_refused_as_malformed(self):
        if "application/json" not in self.connector.content_types:
            return
        for name, delivery in self._samples():
            bodies = {**MALFORMED_JSON, **dict(malformed(delivery.body))}
            for fault, body in bodies.items():
                with self.subTest(f"{name}: {fault}"):
                    with self.assertRaises(MalformedPayload):
                        list(self.connector.parse(replace(delivery, body=body)))

    def test_hostile_bytes_are_malformed_or_understood(self):
        for name, body in {**MALFORMED_JSON, **ODD}.items():
            with self.subTest(name):
                self._survive(body)

        @_quick
        @given(st.binary())
        def any_bytes(body):
            self._survive(body)

        any_bytes()

    def test_a_delivery_of_the_wrong_shape_is_malformed_or_understood(self):
        for name, delivery in self._samples():
            for change, body in spoilt(delivery.body):
                with _noted(f"{name}: {change}"):
                    self._read(replace(delivery, body=body))

    # The wire

    def test_each_stream_has_a_first_page_and_its_sample_a_cursor(self):
        for stream, delivery in self._pages():
            with self.subTest(stream):
                first = self.connector.next_page(stream, SCOPE, {}, None)
                self.assertIsInstance(first, Request)
                again = self.connector.next_page(stream, SCOPE, {}, None)
                self.assertEqual(again, first)
                page = Response(200, body=delivery.body)
                cursor = self.connector.advance(stream, {}, page)
                texts = {str(name): str(value) for name, value in cursor.items()}
                self.assertEqual(cursor, texts)

    def test_outcomes_are_delivered_retry_or_refused(self):
        """FAULTS 34, 37: a pause asked for is kept, a redirect is no answer."""
        self.assertIsNone(self.connector.outcome(Response(200)))
        for status in (429, 500, 503):
            with self.subTest(status), self.assertRaises(RetryLater) as caught:
                self.connector.outcome(Response(status, {"retry-after": "17"}))
            self.assertEqual(caught.exception.after, 17)
        for status in (301, 302, 307, 400, 404, 410):
            with self.subTest(status), self.assertRaises(Refused):
                self.connector.outcome(Response(status))

    def test_no_secret_is_shown(self):
        request = self.connector.authorize(Request("GET", "/x"), self.api_secrets)
        for secret in self.api_secrets:
            self.assertNotIn(secret, repr(request))
            self.assertNotIn(secret, repr(vars(self.connector)))

    # Signatures: FAULTS 1-8, 11

    def test_signatures_accept_what_is_authentic(self):
        """FAULTS 1, 6: again, and with the old and the new secret."""
        for keys, other in self._signing():
            for secrets in ([keys], [keys, other], [other, keys]):
                for _again in range(2):
                    self.assertEqual(self._refusal(self._signed(keys), secrets), "")

    def test_signatures_refuse_other_and_missing_secrets(self):
        """FAULTS 4, 5."""
        empty = Keys("", "")
        for keys, other in self._signing():
            for secrets in ([other], [], [empty], [keys, empty]):
                with self.subTest(secrets=len(secrets)):
                    self.assertTrue(self._refusal(self._signed(keys), secrets))

    def test_signatures_refuse_replays_and_the_future(self):
        """FAULTS 2, 3, for schemes that sign a time."""
        for keys, _other in self._signing():
            for clock in (NOW + LONG, NOW - LONG):
                refused = bool(self._refusal(self._signed(keys), [keys], clock))
                self.assertEqual(refused, self.connector.signature.timed)

    def test_signatures_refuse_changed_bodies(self):
        """FAULTS 7."""
        for keys, _other in self._signing():
            good = self._signed(keys)
            for body in (b"", good.body[:-1], good.body[1:], b"[%b]" % good.body):
                changed = replace(good, body=body)
                self.assertTrue(self._refusal(changed, [keys]))

    def test_signatures_refuse_hostile_headers(self):
        """FAULTS 11."""
        for keys, _other in self._signing():
            good = self._signed(keys)
            for name in set(good.headers) - set(self.headers):
                for value in HOSTILE_HEADERS:
                    with self.subTest(name, value=repr(value)[:20]):
                        changed = replace(good, headers={**good.headers, name: value})
                        self.assertTrue(self._refusal(changed, [keys]))

    def _signing(self) -> Iterator[tuple[Keys, Keys]]:
        """Two pairs of keys, if the connector has deliveries at all."""
        if self.connector.signature:
            yield self.new_keys(), self.new_keys()

    def _signed(self, keys: Keys) -> Delivery:
        body = min(self.samples.glob("*.json")).read_bytes()
        return self.sign(body, keys.signing, NOW)

    def _refusal(self, delivery: Delivery, secrets: list[Keys], now=NOW) -> str:
        """Why the scheme refuses, ``""`` if it accepts; any other error escapes."""
        verifying = [keys.verifying for keys in secrets]
        try:
            self.connector.signature.verify(delivery, verifying, now)
        except SignatureRefused as refused:
            for secret in filter(None, verifying):
                self.assertNotIn(secret, refused.reason)
            return refused.reason
        return ""

    # Samples, and what is made of them

    def _streams(self) -> list[str]:
        return [stream.code for stream in self.connector.streams]

    def _pages(self) -> Iterator[tuple[str, Delivery]]:
        for path in sorted((self.samples / "pages").glob("*.json")):
            yield path.stem, self._page(path.read_bytes(), path.stem)

    def _samples(self) -> Iterator[tuple[str, Delivery]]:
        """Every sample by name: what is pushed, then pages."""
        for path in sorted(self.samples.glob("*.json")):
            yield path.stem, Delivery(path.read_bytes(), self.headers, NOW, self.url)
        for stream, delivery in self._pages():
            yield f"pages/{stream}", delivery

    def _everywhere(self, body: bytes) -> Iterator[Delivery]:
        """``body`` pushed and as a page of every stream."""
        yield Delivery(body, self.headers, NOW, self.url)
        for stream in self._streams():
            yield self._page(body, stream)

    @staticmethod
    def _page(body: bytes, stream: str) -> Delivery:
        return Delivery(body, received_at=NOW, stream=stream, scope=SCOPE)

    def _documents(self, delivery: Delivery) -> list[Document]:
        """What ``delivery`` tells, each document valid as it stands and declared."""
        found = list(self.connector.parse(delivery))
        for document in found:
            self._check(document)
        return found

    def _check(self, document: Document) -> None:
        self.assertIsInstance(document, Document)
        self.assertIn(document.type, self.connector.document_types)
        self.assertEqual(document_from_json(document.to_json()), document)

    def _survive(self, body: bytes) -> None:
        for delivery in self._everywhere(body):
            self._read(delivery)
        page = Response(200, body=body)
        for stream in self._streams():
            _malformed_or(self.connector.next_page, stream, SCOPE, {}, page)
            _malformed_or(self.connector.advance, stream, {}, page)

    def _read(self, delivery: Delivery) -> None:
        """Identity, documents and items that cannot be read, or MalformedPayload;
        any other error escapes."""
        _malformed_or(self.connector.identify, delivery)
        _malformed_or(self._readable, delivery)

    def _readable(self, delivery: Delivery) -> None:
        for item in self.connector.parse(delivery):
            if not isinstance(item, Unreadable):
                self._check(item)


@contextmanager
def _noted(what: str) -> Iterator[None]:
    """Says ``what`` failed; thousands of subtests would be too slow."""
    try:
        yield
    except Exception as error:
        error.add_note(what)
        raise


def _malformed_or(call: Callable, *arguments: object) -> None:
    try:
        call(*arguments)
    except MalformedPayload:
        return


def _imports(tree: ast.AST) -> Iterator[str]:
    """The absolute names a module imports."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=module, names=names, level=0):
                yield from (f"{module}.{alias.name}" for alias in names)


def _pretty(documents: list[Document]) -> str:
    decoded = [json.loads(document.to_json()) for document in documents]
    return json.dumps(decoded, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _write_golden(folder: Path, expected: Mapping[Path, str]) -> None:
    for stale in set(folder.rglob("*.json")) - set(expected):
        stale.unlink()
    for path, text in expected.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
