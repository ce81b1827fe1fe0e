"""What a connector is: facts as class attributes and pure functions.

A connector knows its system's words and nothing of Odoo's accounts. It builds
requests and reads responses; only the hub's sender touches the network. Secrets
reach it as an argument.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType

from .contract.envelope import Document
from .errors import MalformedPayload, Refused, RetryLater
from .retry import asked_pause

NO_ITEMS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Delivery:
    """Bytes exactly as they travelled, one webhook call or one pulled page.

    ``headers`` have lower-case names. ``stream`` and ``scope`` are set on pulled
    pages only and say what was asked for.
    """

    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=lambda: NO_ITEMS, repr=False)
    received_at: datetime | None = None
    url: str = ""
    stream: str = ""
    scope: str = ""


@dataclass(frozen=True)
class Request:
    """One HTTP request to the system, relative to its base URL.

    ``query`` is a sequence of pairs, so that a name may repeat.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=lambda: NO_ITEMS, repr=False)
    body: bytes = field(default=b"", repr=False)

    def with_headers(self, **headers: str) -> "Request":
        """A copy with more headers; underscores in names become hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return replace(self, headers={**self.headers, **named})


@dataclass(frozen=True)
class Response:
    """What came back. ``headers`` have lower-case names."""

    status: int
    headers: Mapping[str, str] = field(default_factory=lambda: NO_ITEMS, repr=False)
    body: bytes = field(default=b"", repr=False)


#: What Python raises when an object is not shaped as documented.
MISSHAPEN = (
    ArithmeticError,
    AttributeError,
    LookupError,
    MalformedPayload,
    TypeError,
    ValueError,
)


@dataclass(frozen=True)
class Unreadable:
    """One item of a delivery that could not be read; its neighbours could.

    ``place`` counts from 1. ``reason`` quotes no value.
    """

    place: int
    reason: str


def read_each(
    items: Iterable, read: Callable[[object], Document]
) -> Iterator[Document | Unreadable]:
    """``read`` every item of a page, so that a bad one is alone in its badness."""
    for place, item in enumerate(items, start=1):
        try:
            yield read(item)
        except MISSHAPEN as error:
            known = isinstance(error, MalformedPayload)
            yield Unreadable(place, str(error) if known else type(error).__name__)


Cursor = Mapping[str, str]
"""Where a stream stands: plain strings, stored by the hub as JSON."""


@dataclass(frozen=True)
class Stream:
    """Something that can be pulled.

    ``scoped`` streams are pulled for one parent object at a time (the transactions
    of a payout), the others as a whole, from a cursor. ``interval`` is the pause
    between two pulls in seconds.
    """

    code: str
    label: str
    interval: int = 900
    scoped: bool = False


@dataclass(frozen=True)
class Counted:
    """One object a source says it has. ``at`` is aware, ``amount`` in major units,
    both as the document made of it has them."""

    source_id: str
    at: datetime
    currency: str
    amount: Decimal


@dataclass(frozen=True)
class Pull:
    """A wish: pull this stream (for this scope) soon."""

    stream: str
    scope: str = ""


class Connector:
    """Base of all connectors. Subclasses are stateless: every method is pure."""

    code = ""
    label = ""
    api_version = ""
    doc_urls: Sequence[str] = ()
    base_url = ""
    signature = None  #: a signature scheme: ``verify(delivery, secrets, now)``
    allows_revisions = False  #: may one delivery identity come with other content?
    content_types: Sequence[str] = ("application/json",)
    max_body = 1024 * 1024  #: bytes a delivery may have
    secret_kinds: Sequence[str] = ("webhook", "api")
    streams: Sequence[Stream] = ()
    document_types: Sequence[str] = ()
    rate_per_second = 25  #: requests the system allows us
    #: where it allows fewer, by the beginning of a path
    endpoint_rates: Mapping[str, float] = MappingProxyType({})
    #: the streams whose objects can be counted at the source, by stream the type of
    #: document that each becomes
    census_types: Mapping[str, str] = NO_ITEMS
    #: the types of fee it charges, each "processing" or "tax": a first mapping
    #: is proposed from them
    fee_kinds: Mapping[str, str] = NO_ITEMS

    def identify(self, delivery: Delivery) -> str:
        """The key that makes two deliveries the same. Raises MalformedPayload."""
        raise MalformedPayload(f"{self.label} has no deliveries.")

    def parse(self, delivery: Delivery) -> Iterable[Document | Unreadable]:
        """The canonical documents a delivery tells of, at least one: what has no
        known meaning becomes an ``event`` document, what cannot be read among
        readable neighbours an :class:`Unreadable`. Raises MalformedPayload when the
        delivery as a whole cannot be read."""
        raise MalformedPayload(f"{self.label} has no deliveries.")

    def follow_ups(self, document: Document) -> Iterable[Pull]:
        """What is worth pulling now that ``document`` is known."""
        return ()

    def next_page(
        self, stream: str, scope: str, cursor: Cursor, response: Response | None
    ) -> Request | None:
        """The request after ``response`` (``None``: the first), ``None`` at the end."""
        return None

    def advance(self, stream: str, cursor: Cursor, response: Response) -> Cursor:
        """The cursor once ``response`` is stored; a pull cut off here goes on from
        it without a gap."""
        return cursor

    def census(
        self, stream: str, start: datetime, end: datetime, cursor: Cursor
    ) -> Request:
        """The request for a page of all the source has from ``start`` to before
        ``end`` (aware); ``cursor`` is empty for the first. The page must be a
        delivery of the stream. Raises Refused when the source cannot be asked."""
        raise Refused(f"{self.label} cannot be asked what it has.")

    def counted(
        self, stream: str, cursor: Cursor, response: Response
    ) -> tuple[Sequence[Counted], Cursor | None]:
        """What a page of the census lists, and where the next one begins; ``None``
        after the last. Raises MalformedPayload."""
        raise Refused(f"{self.label} cannot be asked what it has.")

    def authorize(self, request: Request, secrets: Sequence[str]) -> Request:
        """``request`` with the system's authentication added."""
        return request

    def outcome(self, response: Response) -> None:
        """Returns if delivered. Raises RetryLater (429, 5xx) or Refused."""
        if 200 <= response.status < 300:
            return
        if response.status == 429 or response.status >= 500:
            raise RetryLater(
                f"{self.label} answered {response.status}.",
                asked_pause(response.headers),
            )
        raise Refused(f"{self.label} refused the request with {response.status}.")
