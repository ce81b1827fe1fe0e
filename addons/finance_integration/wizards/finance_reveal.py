from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from odoo.addons.finance_core.errors import Refused

from ..models.finance_display import open_record
from ..models.finance_message import PREVIEW_CHARS, readable
from ..roles import has_role

ROLES = ("revealer", "auditor")
SHORTEST_REASON = 5


class FinanceReveal(models.TransientModel):
    """Somebody with the right looks at what is hidden, and says why.

    To make such a record is what is logged; it shows its content to its maker only,
    and cannot be turned to another record afterwards. The content is never stored.
    """

    _name = "finance.reveal"
    _description = "Reveal What Is Hidden"

    message_id = fields.Many2one("finance.message", ondelete="cascade")
    document_id = fields.Many2one("finance.document", ondelete="cascade")
    reason = fields.Char(required=True)
    content = fields.Text(compute="_compute_content")

    @api.model_create_multi
    def create(self, vals_list):
        self._check_role()
        reveals = super().create(vals_list)
        for reveal in reveals:
            reveal._check_one_subject()
        self.env["finance.log"]._append(each._log_row() for each in reveals)
        return reveals

    def write(self, vals):  # pylint: disable=method-required-super
        raise AccessError(self.env._("Reveal it anew, with a reason."))

    def _check_role(self):
        if not any(has_role(self.env, role) for role in ROLES):
            raise AccessError(self.env._("Your role does not allow this."))

    def _check_one_subject(self):
        # as the person: of their own companies only
        subjects = [*self.message_id, *self.document_id]
        if len(subjects) != 1 or len((self.reason or "").strip()) < SHORTEST_REASON:
            raise UserError(self.env._("Say why you need to see it."))
        subjects[0].sudo(False).check_access("read")

    def _log_row(self) -> dict:
        subject = self.message_id or self.document_id
        return {
            "event": f"{subject._name.rpartition('.')[2]}.revealed",
            "system_id": subject.system_id.id,
            "company_id": subject.company_id.id,
            "message_id": self.message_id.id,
            "document_id": self.document_id.id,
            "detail": self.reason.strip(),
        }

    @api.depends_context("uid")
    @api.depends("message_id", "document_id")
    def _compute_content(self):
        for reveal in self:
            # what is not saved is not logged
            logged = isinstance(reveal.id, int) and reveal.create_uid == self.env.user
            reveal.content = logged and reveal._shown()[:PREVIEW_CHARS]

    def _shown(self) -> str:
        try:
            return self._whole()
        except Refused as refusal:
            return str(refusal)

    def _whole(self) -> str:
        if self.message_id:
            return readable(self.message_id._body())
        # sudo: the column is closed; this is the way to see it
        return readable(self.document_id.sudo()._whole().encode())

    def action_show(self):
        """The record is saved and logged by now: show its content."""
        self.ensure_one()
        return {**open_record(self), "target": "new", "name": self.env._("Revealed")}
