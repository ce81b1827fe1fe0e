from odoo import fields, models
from odoo.exceptions import UserError


class FinancePause(models.TransientModel):
    """Pauses a system or a flow, with the reason."""

    _name = "finance.pause"
    _description = "Pause a System or a Flow"

    about = fields.Reference(
        [("finance.system", "System"), ("finance.flow", "Flow")],
        "What Is Paused",
        required=True,
        readonly=True,
    )
    reason = fields.Char(required=True, help="Everybody sees it, and the log keeps it.")

    def action_pause(self):
        self.ensure_one()
        if not self.reason.strip():
            raise UserError(self.env._("Say why it is paused."))
        self.about._pause(self.reason.strip())
        return {"type": "ir.actions.act_window_close"}
