from odoo import fields, models
from odoo.exceptions import UserError

#: the method of the document by what somebody decides
METHODS = {
    "approve": "action_release",
    "reject": "action_reject",
    "revoke": "action_revoke",
    "distinct": "action_not_duplicate",
    "restore": "action_restore",
}


class FinanceDocumentVerdict(models.TransientModel):
    """Asks why, then decides about one document or all that one exception holds."""

    _name = "finance.document.verdict"
    _inherit = "finance.shown"
    _description = "Decide about Documents"

    exception_id = fields.Many2one("finance.exception")
    document_id = fields.Many2one("finance.document")
    verdict = fields.Selection(
        [
            ("approve", "Release"),
            ("reject", "Reject"),
            ("revoke", "Take back"),
            ("distinct", "Not a duplicate"),
            ("restore", "Take the rejection back"),
        ],
        required=True,
        readonly=True,
    )
    reason = fields.Char(required=True, help="Kept in the log with your name.")

    def action_decide(self):
        """Do it. Raises AccessError and UserError as the document's action does."""
        self.ensure_one()
        self._check_shown()
        documents = self.document_id | self._held()
        if not documents:
            raise UserError(self.env._("Nothing waits for a decision any more."))
        getattr(documents, METHODS[self.verdict])(self.reason)
        return {"type": "ir.actions.act_window_close"}
