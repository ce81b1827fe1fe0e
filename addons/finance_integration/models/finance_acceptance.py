from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..roles import need_decider
from ..screens import open_record
from .finance_exception_remedy import Remedy


class FinanceAcceptance(models.Model):
    """A person's word, with the reason, that one document may pass one control.

    It holds for that content only: a later revision of the object is stopped again.
    """

    _name = "finance.acceptance"
    _description = "Accepted Once"
    _order = "id desc"
    _rec_name = "reason"

    document_id = fields.Many2one(
        "finance.document", required=True, readonly=True, ondelete="restrict"
    )
    company_id = fields.Many2one(
        related="document_id.company_id", store=True, index=True
    )
    cause = fields.Char(required=True, readonly=True)
    reason = fields.Char(required=True, readonly=True)

    _cause_unique = models.Constraint(
        "UNIQUE (document_id, cause)", "This has been accepted already."
    )

    @api.model
    def _accepted(self, system, documents) -> frozenset[tuple[str, str]]:
        """(digest, cause) of what was let pass among canonical ``documents``."""
        self.flush_model()
        rows = self.env.execute_query(
            SQL(
                """SELECT document.digest, acceptance.cause
                     FROM finance_document document
                     JOIN finance_acceptance acceptance
                       ON acceptance.document_id = document.id
                    WHERE document.system_id = %s AND document.source_id = ANY(%s)""",
                system.id,
                [each.source_id for each in documents],
            )
        )
        return frozenset(rows)


class FinanceException(models.Model):
    # a room of its own: letting something pass is not the life of a case
    _inherit = "finance.exception"  # pylint: disable=consider-merging-classes-inherited

    @api.model
    def _remedies(self):
        _ = self.env._
        return super()._remedies() | {
            "open_reference": Remedy(
                _("Open Reference"),
                "user",
                ("choose_partner", "accept_once", "try_again"),
            ),
            "open_versions": Remedy(_("Compare"), "user", ("accept_once",)),
            "accept_once": Remedy(_("Accept Once…"), "approver"),
        }

    def _remedy_open_versions(self):
        """All that came for the objects of the case."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("What came for %s", self.value),
            "res_model": "finance.document",
            "domain": [
                ("system_id", "=", self.system_id.id),
                ("source_id", "in", self.document_ids.mapped("source_id")),
            ],
            "view_mode": "list,form",
        }

    def _remedy_open_reference(self):
        """What the customer or supplier of the case is known as."""
        references = self.env["finance.reference"]
        known = references._known(self.system_id, "partner", [self.value])
        if not known:
            raise UserError(
                self.env._(
                    "Nobody has said yet which partner %s is. A mapping editor chooses"
                    " one.",
                    self.value,
                )
            )
        return open_record(known[self.value])

    def _remedy_accept_once(self):
        return self._for_xml("finance_acceptance_wizard_action", exception_id=self.id)

    def _accept(self, reason: str):
        """Let the documents that wait for this case now pass it."""
        self.ensure_one()
        need_decider(self.env)
        self.check_access("read")
        remedy = self._remedies().get(self.action)
        offered = remedy and "accept_once" in remedy.beside
        if not (offered and self.state == "open" and reason.strip()):
            raise UserError(
                self.env._("Only an open control can be accepted, for a reason.")
            )
        # sudo: an approver may not write documents; the role was checked
        case = self.sudo()
        held = case.document_ids.filtered(lambda each: each.state == "held")
        case.env["finance.acceptance"].create(
            [
                {"document_id": each.id, "cause": case.cause, "reason": reason.strip()}
                for each in held
            ]
        )
        self.env["finance.log"]._append(
            held._log_rows("document.accepted", reason.strip())
        )
        case._release()


class FinanceAcceptanceWizard(models.TransientModel):
    """Asks for the reason."""

    _name = "finance.acceptance.wizard"
    _inherit = "finance.shown"
    _description = "Accept Once"

    exception_id = fields.Many2one("finance.exception", required=True)
    reason = fields.Char(required=True, help="Kept in the log with your name.")

    def action_accept(self):
        self.ensure_one()
        self._check_shown()
        self.exception_id._accept(self.reason)
        return {"type": "ir.actions.act_window_close"}
