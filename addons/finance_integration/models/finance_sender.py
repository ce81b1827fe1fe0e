import logging
import time
from urllib.parse import urlencode, urlsplit

import requests

from odoo import api, models

from odoo.addons.finance_core.connector import Request, Response
from odoo.addons.finance_core.errors import Refused, RetryLater

from ..throttle import Pace
from ..transport import open_session

_logger = logging.getLogger(__name__)
pace = Pace()

TIMEOUT = 30  # seconds to connect, and between two bytes
DEADLINE = 120  # seconds for a whole answer, however it drips
MAX_RESPONSE_BYTES = 32 * 1024 * 1024
CHUNK = 64 * 1024


class FinanceSender(models.AbstractModel):
    """The only place of the suite that calls other systems."""

    _name = "finance.sender"
    _description = "HTTP Sender"

    @api.model
    def _send(self, system, request: Request) -> Response:
        """Send ``request`` with the system's credentials; a delivered response.

        Raises RetryLater for what may pass by itself, Refused for what will not.
        Redirects are never followed. Nothing secret is logged.
        """
        connector = system._plain_connector()
        secrets = self.env["finance.credential"]._secrets(system.id, "api")
        url = self._url(system, request)
        pace.keep((self.env.cr.dbname, system.id), connector.rate_per_second)
        response = self._exchange(url, connector.authorize(request, secrets), system)
        connector.outcome(response)
        return response

    def _url(self, system, request: Request) -> str:
        base = system._api_url()
        parts = urlsplit(base)
        loopback = parts.hostname in ("127.0.0.1", "localhost", "::1")
        if parts.scheme != "https" and not (loopback and system.environment == "test"):
            raise Refused(f"The API address of {system.name} must start with https.")
        query = f"?{urlencode(request.query)}" if request.query else ""
        return f"{base}{request.path}{query}"

    def _exchange(self, url: str, request: Request, system) -> Response:
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
                return Response(
                    status=answer.status_code,
                    headers={k.lower(): v for k, v in answer.headers.items()},
                    body=_bounded(answer, system),
                )
        except requests.RequestException as error:
            _logger.info("%s did not answer: %s", system.code, type(error).__name__)
            raise RetryLater(f"{system.name} did not answer.") from None


def _bounded(answer, system) -> bytes:
    body = bytearray()
    end = time.monotonic() + DEADLINE
    for chunk in answer.iter_content(CHUNK):
        body += chunk
        if time.monotonic() > end:
            raise RetryLater(f"The answer of {system.name} took too long.")
        if len(body) > MAX_RESPONSE_BYTES:
            raise Refused(f"The answer of {system.name} is too large.")
    return bytes(body)
