from odoo import fields, models
from odoo.exceptions import UserError


class FinanceProcessVerdict(models.TransientModel):
    """Asks why, then decides about one document or all that wait for one step."""

    _name = "finance.process.verdict"
    _description = "Decide about Steps"

    run_ids = fields.Many2many("finance.process.run", string="Documents")
    verdict = fields.Selection(
        [("approve", "Approve"), ("refuse", "Refuse")], required=True, readonly=True
    )
    reason = fields.Char("Note", help="Kept in the log with your name.")

    def action_decide(self):
        """Do it. Raises AccessError and UserError as the run's action does."""
        self.ensure_one()
        if not self.run_ids:
            raise UserError(self.env._("Nothing waits for a decision any more."))
        if self.verdict == "approve":
            self.run_ids.action_approve_step(self.reason)
        else:
            self.run_ids.action_refuse_step(self.reason)
        return {"type": "ir.actions.act_window_close"}
