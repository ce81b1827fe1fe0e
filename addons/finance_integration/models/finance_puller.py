import json

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.finance_core.connector import Delivery
from odoo.addons.finance_core.errors import NeedsPerson, Refused, RetryLater

PAGES_A_JOB = 50
END, MORE, BUSY = "end", "more", "busy"  # why a pull stopped


class FinancePuller(models.AbstractModel):
    """Pulls pages from a system; every page becomes a message, nothing else."""

    _name = "finance.puller"
    _description = "Puller"

    @api.model
    def _pull(self, system, stream: str, scope: str = ""):
        """Pull ``stream`` (of one ``scope``) up to PAGES_A_JOB pages.

        The cursor of an unscoped stream is kept on its flow, so that a pull that was
        cut off goes on; a scoped one starts again, known pages being duplicates.
        """
        if not self._lock(system, stream, scope):
            return
        flow = self.env["finance.flow"].search(
            [
                ("system_id", "=", system.id),
                ("kind", "=", "pull"),
                ("stream", "=", stream),
            ]
        )
        cursor = {} if scope else flow._read_cursor()
        try:
            cursor, outcome = self._pages(system, flow, stream, scope, cursor)
            self._pulled_well(system, stream, scope)
        except (Refused, NeedsPerson) as refusal:
            self._refused(system, stream, scope, refusal)
            return
        if flow and not scope:
            flow.cursor = json.dumps(cursor)
        if flow and not scope and outcome == END:
            flow.pulled_at = fields.Datetime.now()
        if outcome == MORE:
            self.env["finance.engine"]._want_pull(system, stream, scope)

    def _pages(self, system, flow, stream, scope, cursor):
        """(cursor to go on from, END, MORE or BUSY)."""
        connector = system._plain_connector()
        door = {
            "system_id": system.id,
            "company_id": system.company_id.id,
            "flow_id": flow.id or None,
            "allow_revisions": True,
        }
        request = connector.next_page(stream, scope, cursor, None)
        for _page in range(PAGES_A_JOB):
            if request is None:
                break
            try:
                response = self.env["finance.sender"]._send(system, request)
            except RetryLater as busy:
                self._try_later(system, stream, scope, busy)
                return cursor, BUSY
            self._keep(door, connector, stream, scope, response)
            cursor = connector.advance(stream, cursor, response)
            request = connector.next_page(stream, scope, cursor, response)
        return cursor, MORE if request else END

    def _keep(self, door, connector, stream, scope, response):
        delivery = Delivery(body=response.body, stream=stream, scope=scope)
        messages = self.env["finance.message"]
        messages._store(door, delivery, connector.identify(delivery))
        self.env["finance.engine"]._hint(door["system_id"])

    def _try_later(self, system, stream, scope, busy: RetryLater):
        system.with_delay(
            channel="root.finance",
            eta=busy.after or 60,
            identity_key=f"finance.pull.later:{system.id}:{stream}:{scope}",
            description=f"Pull {stream} {scope} of {system.code} again",
        )._job_pull(stream, scope)

    def _cause(self, stream, scope):
        return f"pull:{stream}:{scope}"

    def _refused(self, system, stream, scope, refusal):
        need = NeedsPerson(
            self._cause(stream, scope),
            str(refusal),
            "Check the API key and the address of the system, then pull again.",
            category="technical",
        )
        self.env["finance.exception"]._raise_for(system, need)

    def _pulled_well(self, system, stream, scope):
        self.env["finance.exception"].search(
            [
                ("system_id", "=", system.id),
                ("state", "=", "open"),
                ("cause", "=", self._cause(stream, scope)),
            ]
        )._resolve(self.env._("The pull succeeded."))

    def _lock(self, system, stream, scope) -> bool:
        rows = self.env.execute_query(
            SQL(
                "SELECT pg_try_advisory_xact_lock(hashtext('finance.pull'),"
                " hashtext(%s))",
                f"{system.id}:{stream}:{scope}",
            )
        )
        return rows[0][0]
