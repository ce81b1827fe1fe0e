"""The webhook door: authentic bytes become a message, and nothing else happens here.

A 2xx leaves only after the commit. No answer sets a cookie or redirects, and no
bytes of a stranger are answered with a 5xx other than 503.
"""

import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType

from odoo import SUPERUSER_ID, http
from odoo.http import request
from odoo.tools import config

from odoo.addons.finance_core.connector import Connector, Delivery
from odoo.addons.finance_core.errors import NeedsPerson, Refused, SignatureRefused

from ..keyring import NoKey
from ..slow_senders import NoTurn, read_body, stop_reading
from ..statement import committed_at_once
from ..throttle import Throttle

_logger = logging.getLogger(__name__)

NO_HEADERS: Mapping[str, str] = MappingProxyType({})
RETRY_AFTER = {"Retry-After": "30"}
BODY = "finance_integration.body"  #: in the environ of a request whose body was read
hints = Throttle(per_second=1)
refusals = Throttle(per_second=1, burst=60)
#: all workers together note about one a second that they turned deliveries away
turned_away = Throttle(per_second=1 / max(1, config["workers"]))


class Refusal(Exception):
    """Ends the handling of a delivery: an HTTP status and words for the sender;
    ``reason`` is for our own log where the sender must not know."""

    def __init__(self, status: int, error: str, headers=NO_HEADERS, reason: str = ""):
        super().__init__(error)
        self.status = status
        self.headers = headers
        self.reason = reason or error


class WebhookController(http.Controller):
    @http.route(
        "/finance/webhook/<path:code>",
        type="http",
        auth="none",
        methods=["POST"],
        csrf=False,
        save_session=False,
        readonly=False,
    )
    def receive(self, code: str):
        # a delivery has no user: the engine acts, on the message only
        env = request.env(user=SUPERUSER_ID)
        known = env["finance.system"]._door(code)
        if known is None:
            return _respond(404, {"error": "Unknown system."})
        system_id, company_id, connector_code, flow_id, allow_revisions = known
        door = {
            "system_id": system_id,
            "company_id": company_id,
            "flow_id": flow_id,
            "allow_revisions": allow_revisions,
        }
        connector = env["finance.connector"]._all()[connector_code]
        try:
            system = env["finance.system"].browse(system_id)
            if reason := system._shut_reason():
                raise Refusal(503, "Too much waits.", RETRY_AFTER, reason)
            return _respond(202, self._receive(env, door, connector))
        except Refusal as refusal:
            if refusal.status == 503:
                stop_reading(request.httprequest)
            _note(env, door, refusal)
            return _respond(refusal.status, {"error": str(refusal)}, refusal.headers)

    def _receive(self, env, door, connector: Connector) -> dict:
        delivery = _read_delivery(connector)
        try:
            self._authenticate(env, door["system_id"], connector, delivery)
            identity = connector.identify(delivery)
            messages = env["finance.message"]
            with committed_at_once(env.cr):
                message_id, status = messages._store(door, delivery, identity)
        except NoKey as error:
            _logger.error("Deliveries are refused: %s", error)
            raise Refusal(503, "Not ready.", RETRY_AFTER) from None
        except Refused as refusal:
            raise Refusal(400, str(refusal)) from None
        if status == "other":
            self._refuse_revision(env, door["system_id"], identity, message_id)
        if status == "accepted" and hints.allows((env.cr.dbname, door["system_id"])):
            env["finance.engine"]._hint(door["system_id"])
        return {"message": message_id, "status": status}

    def _authenticate(self, env, system_id, connector: Connector, delivery: Delivery):
        secrets = env["finance.credential"]._secrets(system_id, "webhook")
        try:
            connector.signature.verify(delivery, secrets, datetime.now(UTC))
        except SignatureRefused as refusal:
            raise Refusal(401, str(refusal), reason=refusal.reason) from None

    def _refuse_revision(self, env, system_id, identity, message_id):
        need = NeedsPerson(
            f"revision:{identity}",
            f"{identity} was delivered again with other content and was refused.",
            "Ask the source which content is right.",
            category="control",
            field="Foreign ID",
            value=identity,
            action="close",
        )
        system = env["finance.system"].browse(system_id)
        env["finance.exception"]._raise_for(system, need, message_id=message_id)
        raise Refusal(409, "This id is known with other content.")


def _read_delivery(connector: Connector) -> Delivery:
    """The request's bytes, bounded. Raises Refusal 400, 413 or 415."""
    incoming = request.httprequest
    if incoming.mimetype not in connector.content_types:
        raise Refusal(415, "Unsupported content type.")
    if incoming.headers.get("Content-Encoding", "identity") != "identity":
        raise Refusal(415, "Unsupported content encoding.")
    if incoming.content_length is None:
        raise Refusal(400, "Content-Length is required.")
    if incoming.content_length > connector.max_body:
        raise Refusal(413, "The delivery is too large.")
    return Delivery(
        body=_read_body(incoming),
        headers={name.lower(): value for name, value in incoming.headers.items()},
        received_at=datetime.now(UTC),
        url=incoming.url,
    )


def _read_body(incoming) -> bytes:
    """Raises Refusal 400 or 503."""
    # kept: Odoo calls us again, with this request, after a serialisation failure
    if BODY not in incoming.environ:
        try:
            incoming.environ[BODY] = read_body(incoming)
        except NoTurn:
            reason = "Others who deliver slowly keep the workers that may wait."
            raise Refusal(503, "Busy.", RETRY_AFTER, reason) from None
        except OSError:
            stop_reading(incoming)
            raise Refusal(400, "The body could not be read.") from None
    return incoming.environ[BODY]


def _note(env, door: dict, refusal: Refusal):
    """One log entry, and at most one a second while somebody floods the door."""
    throttle = turned_away if refusal.status == 503 else refusals
    if throttle.allows((env.cr.dbname, door["system_id"])):
        env["finance.log"]._append(
            [
                {
                    "event": "delivery.refused",
                    "system_id": door["system_id"],
                    "company_id": door["company_id"],
                    "detail": f"{refusal.status}: {refusal.reason}",
                }
            ]
        )


def _respond(status: int, body: dict, headers=NO_HEADERS):
    return request.make_response(
        json.dumps(body),
        headers=[("Content-Type", "application/json"), *headers.items()],
        status=status,
    )
