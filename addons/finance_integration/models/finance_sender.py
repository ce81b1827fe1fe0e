import logging
import time
from urllib.parse import urlencode, urlsplit

import requests

from odoo import api, models
from odoo.tools import SQL

from odoo.addons.finance_core.connector import Request, Response
from odoo.addons.finance_core.errors import HeldBack, Refused, RetryLater

from ..transport import DEADLINE, TIMEOUT, open_session

_logger = logging.getLogger(__name__)

MAX_RESPONSE_BYTES = 32 * 1024 * 1024
CHUNK = 64 * 1024
BUSY = 5  # seconds until somebody else's call may have ended


class FinanceSender(models.AbstractModel):
    """The only place of the suite that calls other systems."""

    _name = "finance.sender"
    _description = "HTTP Sender"

    @api.model
    def _send(self, system, request: Request) -> Response:
        """Send ``request`` with the system's credentials; a delivered response.

        Raises HeldBack when it was not even sent, RetryLater for what may pass by
        itself, Refused for what will not. Redirects are never followed. Nothing
        secret is logged.
        """
        connector = system._plain_connector()
        secrets = self.env["finance.credential"]._secrets(system.id, "api")
        url = self._url(system, request)
        authorized = connector.authorize(request, secrets)
        self._take_place(system)
        breaker = self.env["finance.breaker"]
        turn, pause = breaker._admit(system.id, system._call_rates(request.path))
        response = None
        try:
            time.sleep(pause)
            response = self._exchange(url, authorized, system)
        finally:
            breaker._settle(system.id, turn, response)
        connector.outcome(response)
        return response

    def _take_place(self, system):
        """Be one of those who may call the system at once, until this transaction
        ends, however it ends. Raises HeldBack when there is no place."""
        places = max(system.calls_at_once, 1)
        for number in range(places):
            if self._has_place(system.id, number, places):
                return
        raise HeldBack(f"{places} calls to {system.name} are under way.", BUSY)

    def _has_place(self, system_id: int, number: int, places: int) -> bool:
        # each worker begins with a place of its own, which it has if it called before
        rows = self.env.execute_query(
            SQL(
                """SELECT pg_try_advisory_xact_lock(hashtext('finance.call'),
                       hashtext(%s || ':' || mod(pg_backend_pid() + %s, %s)))""",
                str(system_id),
                number,
                places,
            )
        )
        return rows[0][0]

    def _url(self, system, request: Request) -> str:
        base = system._api_url()
        parts = urlsplit(base)
        loopback = parts.hostname in ("127.0.0.1", "localhost", "::1")
        if parts.scheme != "https" and not (loopback and system.environment == "test"):
            raise Refused(f"The API address of {system.name} must start with https.")
        query = f"?{urlencode(request.query)}" if request.query else ""
        return f"{base}{request.path}{query}"

    def _exchange(self, url: str, request: Request, system) -> Response:
        end = time.monotonic() + DEADLINE
        try:
            with (
                open_session(inside=system.environment == "test") as session,
                session.request(
                    request.method,
                    url,
                    headers=dict(request.headers),
                    data=request.body or None,
                    timeout=TIMEOUT,
                    allow_redirects=False,
                    stream=True,
                ) as answer,
            ):
                response = Response(
                    status=answer.status_code,
                    headers={k.lower(): v for k, v in answer.headers.items()},
                    body=_bounded(answer, system),
                )
        except requests.RequestException as error:
            _logger.info("%s did not answer: %s", system.code, type(error).__name__)
            raise RetryLater(f"{system.name} did not answer.") from None
        if time.monotonic() > end:  # what was cut off looks like an end
            raise RetryLater(f"The answer of {system.name} took too long.")
        return response


def _bounded(answer, system) -> bytes:
    body = bytearray()
    for chunk in answer.iter_content(CHUNK):
        body += chunk
        if len(body) > MAX_RESPONSE_BYTES:
            raise Refused(f"The answer of {system.name} is too large.")
    return bytes(body)
