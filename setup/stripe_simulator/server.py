"""The HTTP face of the simulator, on the loopback interface only."""

import hmac
import json
import threading
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from . import const
from .errors import ApiError
from .listing import RESOURCES, answer_list, present

_HOST = "127.0.0.1"
_LOG_LENGTH = 10_000
_POLL_SECONDS = 0.05


class Request(NamedTuple):
    """One answered request; never a key."""

    account: str | None
    path: str
    query: dict
    status: int


class Simulator:
    """Serves accounts at ``url`` from entering its context until leaving it.

    Every ``refuse_every``-th request is refused once with 429, as Stripe's rate
    limiter would (https://docs.stripe.com/rate-limits); 0 refuses none. ``port`` 0
    takes a free one. ``requests`` holds the last answered requests.
    """

    def __init__(self, accounts, port=0, refuse_every=40):
        self.accounts = tuple(accounts)
        self.requests = deque(maxlen=_LOG_LENGTH)
        self._refuse_every = refuse_every
        self._counted = 0
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer((_HOST, port), _handler(self))
        self._server.daemon_threads = True

    @property
    def url(self):
        """The base address, to be followed by ``/v1/…``."""
        return f"http://{_HOST}:{self._server.server_port}"

    def __enter__(self):
        serve = self._server.serve_forever
        threading.Thread(target=serve, args=(_POLL_SECONDS,), daemon=True).start()
        return self

    def __exit__(self, *exc_info):
        self._server.shutdown()
        self._server.server_close()

    def answer(self, target, headers):
        """Return (status, headers, body) to ``GET target``."""
        parts = urlsplit(target)
        query = parse_qs(parts.query, keep_blank_values=True)
        account = None
        try:
            self._limit()
            account = self._authenticate(headers.get("Authorization", ""))
            _check_version(headers.get("Stripe-Version"))
            answer = 200, {}, route(account, parts.path, query)
        except ApiError as error:
            answer = error.status, error.headers, error.body
        name = account and account.name
        self.requests.append(Request(name, parts.path, query, answer[0]))
        return answer

    def _limit(self):
        with self._lock:
            self._counted += 1
            refused = self._refuse_every and self._counted % self._refuse_every == 0
        if refused:
            raise ApiError(
                429,
                "Too many requests hit the API too quickly.",
                headers={"Retry-After": "1"},
                code="rate_limit",
            )

    def _authenticate(self, header):
        scheme, _, key = header.partition(" ")
        for account in self.accounts:
            given, known = key.encode(), account.secret_key.encode()
            if scheme.lower() == "bearer" and hmac.compare_digest(given, known):
                return account
        raise ApiError(401, "Invalid API Key provided.")


def _check_version(version):
    if version not in (None, const.API_VERSION):
        raise ApiError(400, f"Invalid Stripe API version: {version}")


def route(account, path, query):
    """Return the object that ``GET path`` answers with, or raise ApiError."""
    match path.strip("/").split("/"):
        case ["v1", "balance"]:
            return account.balance()
        case ["v1", name] if name in RESOURCES:
            return answer_list(account, name, query)
        case ["v1", name, id] if name in RESOURCES:
            found = account.objects[RESOURCES[name].kind].get(id)
            if found is None:
                raise ApiError.missing(id)
            return present(account, found, query.get("expand[]", ()))
    raise ApiError(404, f"Unrecognized request URL (GET: {path}).")


def _handler(simulator):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30

        def do_GET(self):
            status, headers, body = simulator.answer(self.path, self.headers)
            # A Decimal here is an exchange rate: its shortest float prints the same.
            content = json.dumps(body, default=float).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Stripe-Version", const.API_VERSION)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format, *args):
            """Say nothing: ``Simulator.requests`` is the log."""

    return Handler
