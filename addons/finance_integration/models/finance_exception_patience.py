"""What may come by itself is waited for, before a person is asked."""

from datetime import timedelta
from decimal import Decimal

from odoo import api, fields, models

from odoo.addons.finance_core import states
from odoo.addons.finance_core.errors import NeedsPerson

from ..roles import need_role

OPENED_AT_ONCE = 500  #: exceptions that one run opens


class FinanceExceptionPatience(models.AbstractModel):
    """The wait before an exception opens."""

    _name = "finance.exception.patience"
    _description = "Wait before an Exception"

    opens_at = fields.Datetime(
        "Asks People From",
        readonly=True,
        help="What is missing may come by itself until then.",
    )

    _opening = models.Index("(opens_at) WHERE state = 'waiting'")

    @api.model
    def _beginning(self, system, need: NeedsPerson, amount: Decimal) -> dict:
        """How a new one begins: it waits, or somebody cares for it. ``amount`` in the
        currency of the company."""
        if need.patient and system.patience_minutes:
            wait = timedelta(minutes=system.patience_minutes)
            return {"state": "waiting", "opens_at": fields.Datetime.now() + wait}
        care = self.env["finance.exception.rule"]._care_for(system, need, amount)
        return {"state": "open", **care}

    @api.model
    def _open_due(self):
        """Ask people about what has not come in time. What is about to be tried once
        more is left alone."""
        self.search(
            [
                ("state", "=", "waiting"),
                ("opens_at", "<=", fields.Datetime.now()),
                ("document_ids.state", "=", "held"),
            ],
            limit=OPENED_AT_ONCE,
        )._open()

    def _open(self):
        """Somebody cares from now on."""
        rules = self.env["finance.exception.rule"]
        for exception in self:
            if states.check(states.EXCEPTION, exception.state, "open"):
                need, amount = exception._need(), exception._waiting_amount()
                care = rules._care_for(exception.system_id, need, amount)
                exception.write({"state": "open", **care})
                exception._append_log("exception.opened", exception.cause)

    def _need(self) -> NeedsPerson:
        """What is needed, as it was raised."""
        return NeedsPerson(
            self.cause,
            self.name,
            self.remedy or "",
            self.category,
            field=self.field or "",
            value=self.value or "",
        )

    def action_do_not_wait(self):
        """Ask people now."""
        need_role(self, "user")
        self.check_access("write")
        # sudo: people write the owner only
        self.sudo().filtered(lambda each: each.state == "waiting")._open()
