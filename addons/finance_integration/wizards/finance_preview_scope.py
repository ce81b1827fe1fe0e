from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..screens import open_record


class FinancePreviewScope(models.TransientModel):
    """Asks which documents a preview is to look at."""

    _name = "finance.preview.scope"
    _description = "Documents of a Preview"

    res_model = fields.Char(required=True)
    res_id = fields.Many2oneReference(model_field="res_model", required=True)
    system_id = fields.Many2one("finance.system", required=True)
    kind = fields.Selection(
        [("newest", "The documents received last"), ("period", "A period")],
        "Look at",
        required=True,
        default="newest",
    )
    newest = fields.Integer("How Many", default=1000)
    date_from = fields.Date("From")
    date_to = fields.Date("To")

    @api.constrains("kind", "newest", "date_from", "date_to")
    def _check_scope(self):
        for scope in self:
            if scope.kind == "newest" and scope.newest < 1:
                raise ValidationError(self.env._("Look at one document at least."))
            if scope.kind == "period" and not (scope.date_from and scope.date_to):
                raise ValidationError(self.env._("A period has a first and last day."))
            if scope.kind == "period" and scope.date_from > scope.date_to:
                raise ValidationError(self.env._("The period ends before it begins."))

    def action_start(self):
        """Start the run, or find the one that is under way."""
        self.ensure_one()
        version = self.env[self.res_model].browse(self.res_id)
        names = ("newest",) if self.kind == "newest" else ("date_from", "date_to")
        scope = {name: self[name] for name in names}
        preview = self.env["finance.preview"]._start(version, self.system_id, scope)
        return open_record(preview.sudo(False))
