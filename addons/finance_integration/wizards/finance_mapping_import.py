import base64

from odoo import fields, models
from odoo.exceptions import UserError


class FinanceMappingImport(models.TransientModel):
    """Replace the lines of a draft by those of a file, all or none."""

    _name = "finance.mapping.import"
    _description = "Import Mapping Lines"

    version_id = fields.Many2one(
        "finance.mapping.version", required=True, readonly=True, ondelete="cascade"
    )
    file = fields.Binary("File (CSV or XLSX)", required=True, attachment=False)
    file_name = fields.Char()
    errors = fields.Text("What to Mend in the File", readonly=True)

    def action_import(self):
        """Import, or show what is wrong with every row and import nothing."""
        self.ensure_one()
        version = self.version_id
        version.check_access("write")
        if version.state != "draft":
            raise UserError(self.env._("Lines are imported into drafts only."))
        lines, errors = version._read_rows(base64.b64decode(self.file))
        if not errors:
            version._replace_lines(lines)
            return version.action_open()
        self.errors = "\n".join(errors)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Nothing Was Imported"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }
