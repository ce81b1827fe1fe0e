"""What controls and the people behind them do with documents."""

from collections.abc import Iterable

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import AccessError, UserError

from ..roles import need_decider, need_role
from .finance_exception_remedy import Remedy

#: what each verdict of a person answers: the beginnings of the causes documents are
#: held for
ANSWERS = {
    "approve": ("limit:",),
    "reject": ("limit:", "duplicate:", "period:"),
    "distinct": ("duplicate:",),
}
EVENTS = {
    "approve": "document.released",
    "reject": "document.rejected",
    "revoke": "document.revoked",
    "distinct": "document.not_a_duplicate",
    "restore": "document.restored",
}


class FinanceDocument(models.Model):
    # decisions about documents stand apart from their way along the road
    _inherit = "finance.document"  # pylint: disable=consider-merging-classes-inherited

    control_version_id = fields.Many2one(
        "finance.control.version",
        "Control",
        readonly=True,
        ondelete="restrict",
        help="What was in force when it was checked last.",
    )
    warning = fields.Char(
        readonly=True, help="What a control noted though it let the document pass."
    )
    likeness = fields.Char(readonly=True, help="Equal for likely duplicates.")
    compensation_id = fields.Many2one(
        "account.move",
        "Taken Back By",
        readonly=True,
        index="btree_not_null",
        help="The entry that reverses what this document posted.",
    )
    decision_ids = fields.Many2many(
        "finance.decision", compute="_compute_decision_ids", string="Decisions"
    )
    was_released = fields.Boolean(compute="_compute_decision_ids")
    was_rejected = fields.Boolean(compute="_compute_decision_ids")

    _alike = models.Index("(company_id, likeness) WHERE likeness IS NOT NULL")
    _warned = models.Index("(system_id, id) WHERE warning IS NOT NULL")

    @api.depends("state")
    def _compute_decision_ids(self):
        for document in self:
            about = self.env["finance.decision"].search(
                [
                    ("company_id", "=", document.company_id.id),
                    ("document_type", "=", document.type),
                    ("source_id", "=", document.source_id),
                    ("system_id", "in", (document.system_id.id, False)),
                    ("document_id", "in", (document.id, False)),
                ]
            )
            document.decision_ids = about
            document.was_released = "approve" in about.mapped("verdict")
            last = about.sorted("id")[-1:]
            by_person = last.verdict == "reject" and last.user_id
            document.was_rejected = document.state == "ignored" and bool(by_person)

    # -- what the control step notes -----------------------------------------------

    def _note_control(self, version_id: int):
        if version_id:
            self.filtered(
                lambda each: each.control_version_id.id != version_id
            )._write_columns(control_version_id=version_id)

    def _note_warning(self, notes: Iterable[str]):
        words = " ".join(notes)
        if words and words != self.warning:
            self.warning = words
            self.env["finance.log"]._append(self._log_rows("document.warned", words))

    def _look_again(self):
        """Something was decided: held ones try again, for posted ones it may mean
        that they are taken back."""
        held = self.filtered(lambda each: each.state == "held")
        held._set_state("normalised", reason=False)
        for system in self.system_id:
            self.env["finance.engine"]._hint(system.id)

    # -- decisions of people ---------------------------------------------------------

    def action_release(self, reason: str):
        """Let documents post that are held for an amount limit."""
        self._check_may_release()
        self._decide("approve", reason)

    def action_reject(self, reason: str):
        """Never post these documents, for a reason."""
        self._check_may_release()
        self._decide("reject", reason)

    def action_not_duplicate(self, reason: str):
        """Let documents post that look like others."""
        need_role(self, "user")
        self._decide("distinct", reason)

    def action_revoke(self, reason: str):
        """Take a release back: what was posted is reversed."""
        self._check_may_release()
        for document in self:
            if not document.was_released:
                raise UserError(
                    self.env._(
                        "%s was not released, so there is nothing to take back.",
                        document.display_name,
                    )
                )
        self._decide("revoke", reason)

    def action_restore(self, reason: str):
        """Take the rejection by a person back: the documents go their way again, and
        what held them holds them again."""
        self._check_may_release()
        for document in self:
            if not document.was_rejected:
                raise UserError(
                    self.env._(
                        "%s was not rejected by a person, so there is nothing to take"
                        " back.",
                        document.display_name,
                    )
                )
        # sudo: people decide, the engine alone changes documents
        self.sudo()._set_state("normalised", reason=False)
        self._decide("restore", reason)

    def _check_may_release(self):
        """An approver who is no administrator and wrote none of the limits in force.
        Raises AccessError."""
        need_decider(self.env)
        self.with_user(self.env.user).check_access("read")
        # sudo: the authors of a control are compared, not shown
        for document in self.sudo():
            control = document.control_version_id.control_id
            in_force = control.version_ids.filtered(
                lambda each: each.state == "approved"
            )
            authors = (in_force | document.control_version_id).author_ids
            if self.env.user in authors:
                raise AccessError(
                    self.env._(
                        "You wrote in the control that holds %s: somebody else has to"
                        " decide.",
                        document.display_name,
                    )
                )

    def _decide(self, verdict: str, reason: str):
        reason = (reason or "").strip()
        if not reason:
            raise UserError(self.env._("Say why."))
        if self.env.uid == SUPERUSER_ID:
            raise AccessError(self.env._("People decide, not the system itself."))
        # sudo: people decide, the engine alone changes documents
        documents = self.sudo()
        documents._check_waits_for(verdict)
        self.env["finance.decision"].sudo()._record(
            [each._decision_row(verdict, reason) for each in documents]
        )
        self.env["finance.log"]._append(documents._log_rows(EVENTS[verdict], reason))
        documents._look_again()

    def _check_waits_for(self, verdict: str):
        """Raises UserError where there is nothing to decide."""
        if verdict not in ANSWERS:
            return
        for document in self:
            if not document._waits_for(verdict):
                raise UserError(
                    self.env._("%s does not wait for this.", document.display_name)
                )

    def _waits_for(self, verdict: str) -> bool:
        self.ensure_one()
        cause = self.exception_id.cause or ""
        return self.state == "held" and cause.startswith(ANSWERS[verdict])

    def _decision_row(self, verdict: str, reason: str) -> dict:
        return {
            "verdict": verdict,
            "reason": reason,
            "at": fields.Datetime.now(),
            "revision": 0,
            "company_id": self.company_id.id,
            "system_id": self.system_id.id,
            "document_type": self.type,
            "source_id": self.source_id,
            "document_id": self.id,
            "user_id": self.env.uid,
        }


class FinanceExceptionRemedies(models.AbstractModel):
    # the buttons of controls stand with what they decide
    _inherit = "finance.exception.remedies"  # pylint: disable=consider-merging-classes-inherited

    @api.model
    def _remedies(self):
        _ = self.env._
        return {
            "release": Remedy(_("Release…"), "approver", ("reject",)),
            "not_duplicate": Remedy(_("Not a Duplicate…"), "user", ("reject",)),
            "period_opened": Remedy(_("Try Again"), "user", ("reject",), True),
            **super()._remedies(),
            "reject": Remedy(_("Reject…"), "approver"),
        }

    def _remedy_release(self):
        return self._ask_verdict("approve")

    def _remedy_not_duplicate(self):
        return self._ask_verdict("distinct")

    def _remedy_reject(self):
        return self._ask_verdict("reject")

    def _remedy_period_opened(self):
        return self.action_try_again()

    def _ask_verdict(self, verdict: str) -> dict:
        """Ask why, then decide about all that waits for this exception."""
        return self._for_xml(
            "finance_document_verdict_action", exception_id=self.id, verdict=verdict
        )
