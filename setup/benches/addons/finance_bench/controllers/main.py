import json

from odoo import SUPERUSER_ID, http
from odoo.http import request

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
        request.httprequest.get_data()
        return self._accepted()

    @http.route("/finance_bench/job", **ROUTE)
    def job_per_event(self):
        env = request.env(user=SUPERUSER_ID)
        body = request.httprequest.get_data(as_text=True)
        env["finance.bench.event"].create({"body": body}).with_delay()._job_process()
        return self._accepted()

    def _accepted(self):
        return request.make_response(
            json.dumps({"status": "accepted"}),
            headers=[("Content-Type", "application/json")],
            status=202,
        )
