import json

from odoo import api, fields, models
from odoo.exceptions import UserError


class FinanceShown(models.AbstractModel):
    """A decision is about the documents a person was shown. What came to the case
    after the question was opened is for another look."""

    _name = "finance.shown"
    _description = "What Was Shown"
    _about = "exception_id"  #: the field with the exceptions that are asked about

    shown = fields.Text(compute="_compute_shown", store=True, readonly=False)
    document_count = fields.Integer("Documents", compute="_compute_document_count")

    @api.depends(lambda self: (self._about,))
    def _compute_shown(self):
        """Ids, as the form got them: it gives them back with the decision."""
        for question in self:
            question.shown = json.dumps(question._held().ids)

    @api.depends("shown")
    def _compute_document_count(self):
        for question in self:
            question.document_count = len(question._shown_ids())

    def _shown_ids(self) -> set[int]:
        return set(json.loads(self.shown or "[]"))

    def _held(self):
        return self.env["finance.document"].search(
            [
                ("exception_id", "in", self[self._about]._origin.ids),
                ("state", "=", "held"),
            ]
        )

    def _check_shown(self):
        """Raises UserError when more waits for the decision than was shown."""
        came = set(self._held().ids) - self._shown_ids()
        if came:
            raise UserError(
                self.env._(
                    "%(count)s more documents came to this since you opened it. Cancel,"
                    " look at them, and decide again.",
                    count=len(came),
                )
            )
