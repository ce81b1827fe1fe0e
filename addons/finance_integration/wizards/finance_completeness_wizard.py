from datetime import datetime, timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.finance_close_period import zone_of
from ..roles import need_role
from ..screens import open_record


class FinanceCompletenessWizard(models.TransientModel):
    """Compares some days of a flow with its source."""

    _name = "finance.completeness.wizard"
    _description = "Compare with the Source"

    flow_id = fields.Many2one("finance.flow", required=True, readonly=True)
    date_from = fields.Date("From", required=True, default=lambda self: self._last())
    date_to = fields.Date("To", required=True, default=lambda self: self._last())

    @api.model
    def _last(self):
        return self._today() - timedelta(days=1)

    def _today(self):
        zone = zone_of(self.flow_id.company_id or self.env.company)
        return datetime.now(zone).date()

    def action_compare(self):
        self.ensure_one()
        need_role(self.flow_id, "operator")
        if not self.date_from <= self.date_to < self._today():
            raise UserError(self.env._("Only days that are over can be compared."))
        # sudo: operators may ask for it but not write the result
        checks = self.env["finance.completeness"].sudo()
        check = checks._begin(self.flow_id.sudo(), self.date_from, self.date_to)
        return open_record(check)
