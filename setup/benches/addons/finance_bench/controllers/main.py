import json
from datetime import UTC, datetime

from odoo import SUPERUSER_ID, http
from odoo.http import request

from odoo.addons.finance_connector_demo.connector import DemoConnector
from odoo.addons.finance_core.connector import Delivery

ROUTE = {
    "type": "http",
    "auth": "none",
    "methods": ["POST"],
    "csrf": False,
    "save_session": False,
}


class BenchController(http.Controller):
    """What receive is compared with: the least one can do, and the naive way."""

    @http.route("/finance_bench/bare", **ROUTE)
    def bare(self):
        """Odoo's own cost of a POST: the same body is taken from the socket, and
        nothing is looked at, stored or read from the database."""
        request.httprequest.get_data()
        return self._accepted()

    @http.route("/finance_bench/job/<code>", **ROUTE)
    def job_per_event(self, code):
        """The same signature is checked, with the system and the secret remembered
        as receive remembers them; then one record by the ORM and one job. Nothing
        is encrypted, no duplicate is looked for, nothing is logged."""
        env = request.env(user=SUPERUSER_ID)
        incoming = request.httprequest
        delivery = Delivery(
            body=incoming.get_data(),
            headers={name.lower(): value for name, value in incoming.headers.items()},
        )
        system_id = env["finance.system"]._door(code)[0]
        secrets = env["finance.credential"]._secrets(system_id, "webhook")
        DemoConnector.signature.verify(delivery, secrets, datetime.now(UTC))
        event = env["finance.bench.event"].create({"body": delivery.body.decode()})
        event.with_delay()._job_process()
        return self._accepted()

    def _accepted(self):
        return request.make_response(
            json.dumps({"status": "accepted"}),
            headers=[("Content-Type", "application/json")],
            status=202,
        )
