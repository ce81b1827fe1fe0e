from odoo import fields, models
from odoo.exceptions import UserError


class FinanceExceptionClose(models.TransientModel):
    """Closes a case that nothing else can close, with the reason."""

    _name = "finance.exception.close"
    _inherit = "finance.shown"
    _description = "Close an Exception"
    _about = "exception_ids"

    exception_ids = fields.Many2many("finance.exception", required=True)
    reason = fields.Char(required=True, help="Kept in the log with your name.")

    def action_close(self):
        self.ensure_one()
        self.exception_ids.check_access("write")
        if not self.reason.strip():
            raise UserError(self.env._("Say why this case is closed."))
        self._check_shown()
        # sudo: the right to care for the exceptions was checked; documents that they
        # are about may be superseded, which people cannot do by themselves
        self.exception_ids.sudo()._close(self.reason.strip())
        return {"type": "ir.actions.act_window_close"}
