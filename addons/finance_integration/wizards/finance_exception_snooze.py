from datetime import timedelta

from odoo import fields, models


class FinanceExceptionSnooze(models.TransientModel):
    """Puts exceptions off until a time, with the reason."""

    _name = "finance.exception.snooze"
    _description = "Put Off Exceptions"

    exception_ids = fields.Many2many("finance.exception", required=True)
    until = fields.Datetime(
        required=True, default=lambda self: fields.Datetime.now() + timedelta(days=1)
    )
    reason = fields.Char(required=True, help="Kept in the log with your name.")

    def action_snooze(self):
        self.ensure_one()
        self.exception_ids._snooze(self.until, self.reason.strip())
        return {"type": "ir.actions.act_window_close"}
