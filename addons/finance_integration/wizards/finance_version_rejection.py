from odoo import fields, models


class FinanceVersionRejection(models.TransientModel):
    """Asks an approver why a version is rejected."""

    _name = "finance.version.rejection"
    _description = "Reject a Version"

    res_model = fields.Char(required=True)
    res_id = fields.Many2oneReference(model_field="res_model", required=True)
    reason = fields.Char("Why", required=True)

    def action_reject(self):
        self.ensure_one()
        self.env[self.res_model].browse(self.res_id).action_reject(self.reason)
        return {"type": "ir.actions.act_window_close"}
