import json

from odoo import api, fields, models

from odoo.addons.finance_core.connector import Connector, Request
from odoo.addons.finance_core.errors import HeldBack, NeedsPerson, Refused, RetryLater

from ..seals import BEFORE_ALL, EXPORT_COLUMNS, export_line

CAUSE = "seals:sent"


class SealStore(Connector):
    """A place outside that takes files by PUT over HTTPS and that the owner of this
    database cannot write to afterwards."""

    code = "seal_store"
    label = "Store for log seals"
    secret_kinds = ("api",)

    def render(self, first: int, last: int, content: str) -> Request:
        """The request that puts one file of seals there. Equal seals have an equal
        name, so it may be sent again."""
        path = f"/log-seals-{first:09d}-{last:09d}.csv"
        headers = {"Content-Type": "text/csv; charset=utf-8"}
        return Request("PUT", path, headers=headers, body=content.encode())

    def authorize(self, request: Request, secrets):
        if not secrets:
            raise Refused("The store for log seals has no API key.")
        return request.with_headers(Authorization=f"Bearer {secrets[0]}")


class FinanceConnectorSealStore(models.AbstractModel):
    _name = "finance.connector.seal.store"
    _inherit = "finance.connector"
    _description = "Store for Log Seals"

    _connector = SealStore()


class FinanceSystem(models.Model):
    # a store stands with its connector
    _inherit = "finance.system"  # pylint: disable=consider-merging-classes-inherited

    def _flow_vals(self) -> list[dict]:
        if self.connector != SealStore.code:
            return super()._flow_vals()
        return [
            {
                "name": self.env._("Seals of the log"),
                "system_id": self.id,
                "direction": "out",
                "kind": "api",
                "mode": "real_time",
                "system_of_record": "odoo",
                "interval_minutes": 60,
            }
        ]


class FinanceLogSeal(models.Model):
    # making, verifying and sending seals change apart
    _inherit = "finance.log.seal"  # pylint: disable=consider-merging-classes-inherited

    @api.model
    def _cron_send(self):
        """Send new seals to every store that is due, a file a transaction."""
        cron = self.env["ir.cron"]
        stores = self.env["finance.flow"].search(
            [
                ("direction", "=", "out"),
                ("system_id.connector", "=", SealStore.code),
                ("system_id.active", "=", True),
            ]
        )
        for flow in stores.filtered(lambda each: each._is_due(fields.Datetime.now())):
            while (count := self._send_next(flow)) and cron._commit_progress(count):
                pass

    @api.model
    def _send_next(self, flow) -> int:
        """Send the next file of seals to a store: how many. 0 at the end, and when
        the store did not take them; then its owner has an exception."""
        system = flow.system_id
        rows = self._rows_after(int(flow._read_cursor().get("seal", BEFORE_ALL)))
        flow.pulled_at = fields.Datetime.now()
        if not rows:
            return 0
        first, last = rows[0][0], rows[-1][0]
        content = "".join(map(export_line, [EXPORT_COLUMNS, *rows]))
        request = SealStore().render(first, last, content)
        try:
            self.env["finance.sender"]._send(system, request)
        except HeldBack:  # the breaker has told its owner
            return 0
        except (Refused, RetryLater) as error:
            self._not_taken(system, error)
            return 0
        flow.cursor = json.dumps({"seal": str(last)})
        self._taken(system, first, last)
        return len(rows)

    def _not_taken(self, system, error: Exception):
        need = NeedsPerson(
            CAUSE,
            f"The seals of the log could not be sent: {error}",
            "Check the address and the API key of the store. They are sent again by"
            " themselves.",
            category="technical",
            action="",
        )
        self.env["finance.exception"]._raise_for(system, need)

    def _taken(self, system, first: int, last: int):
        self.env["finance.exception"].search(
            [
                ("system_id", "=", system.id),
                ("state", "=", "open"),
                ("cause", "=", CAUSE),
            ]
        )._resolve(self.env._("The store took the seals."))
        self.env["finance.log"]._append(
            [
                {
                    "event": "seals.sent",
                    "system_id": system.id,
                    "company_id": system.company_id.id,
                    "detail": f"{first} to {last}",
                }
            ]
        )
