import base64

from odoo import fields, models
from odoo.exceptions import UserError

from ..models.finance_display import open_record
from ..seals import exported_hashes


class FinanceLogCheck(models.TransientModel):
    """Asks whether the log is as it was written, and shows the answer."""

    _name = "finance.log.check"
    _description = "Verify the Log"

    exported = fields.Binary(
        "Exported Seals",
        attachment=False,
        help="A file of seals that was exported earlier and kept elsewhere. Without "
        "one, a log that was rewritten together with all its seals is not found.",
    )
    exported_name = fields.Char()
    verdict = fields.Selection(
        [("holds", "Nothing was altered"), ("broken", "The log was altered")],
        readonly=True,
    )
    result = fields.Text(readonly=True)
    entry_id = fields.Many2one("finance.log", readonly=True)
    seal_id = fields.Many2one("finance.log.seal", readonly=True)

    def action_verify(self):
        """Verify the whole log, in this request. Raises UserError for a file that
        is none of exported seals."""
        self.ensure_one()
        seals = self.env["finance.log.seal"]
        seals.check_access("read")
        found = seals._verify(self._exported_hashes())
        fault = found.fault
        self.write(
            {
                "verdict": "broken" if fault else "holds",
                "result": seals._explain(found),
                "entry_id": fault and self.entry_id.browse(fault.entry).exists().id,
                "seal_id": fault and seals.browse(fault.seal).exists().id,
            }
        )
        return {**open_record(self), "target": "new"}

    def _exported_hashes(self) -> dict[int, str]:
        if not self.exported:
            return {}
        try:
            return exported_hashes(base64.b64decode(self.exported))
        except ValueError as error:
            reason = str(error)
            raise UserError(
                self.env._("This is not a file of exported seals: %s.", reason)
            ) from None

    def action_open_entry(self):
        return open_record(self.entry_id)

    def action_open_seal(self):
        return open_record(self.seal_id)
