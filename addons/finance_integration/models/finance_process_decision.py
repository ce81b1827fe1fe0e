"""What people decide in processes, and who may."""

from odoo import SUPERUSER_ID, api, models
from odoo.exceptions import AccessError, UserError

from odoo.addons.finance_core.errors import NeedsPerson

from ..roles import has_role
from .finance_exception_remedy import Remedy


class FinanceProcessRun(models.Model):
    # decisions of people stand apart from the state machine
    _inherit = "finance.process.run"  # pylint: disable=consider-merging-classes-inherited

    def action_approve_step(self, note: str = ""):
        """Agree, for the step they stand at. Raises AccessError for who may not,
        UserError where nothing waits for a decision any more."""
        self._decide("done", (note or "").strip())

    def action_refuse_step(self, reason: str):
        """Refuse: nothing is posted any more, what was done is undone."""
        if not (reason or "").strip():
            raise UserError(self.env._("Say why."))
        self._decide("refused", reason.strip())

    def _decide(self, event: str, note: str):
        self.with_user(self.env.user).check_access("read")
        # sudo: people decide, the engine alone changes processes and documents
        runs = self.sudo()
        runs._lock()
        for run in runs:
            run._check_waits()
            run._check_may_decide()
        try:
            for run in runs:
                run._move(event, note)
        except NeedsPerson as need:
            raise UserError(str(need)) from need
        runs._after_refusal()
        runs.filtered(lambda each: each.state in ("running", "done"))._go_on()
        runs.exception_id._resolve_unless_waiting()

    def _check_waits(self):
        if self.state != "running" or self.step_kind != "decision":
            raise UserError(
                self.env._(
                    "%s does not wait for a decision any more.",
                    self.document_id.display_name,
                )
            )

    def _check_may_decide(self):
        """For the real user, whatever ``sudo`` says: the person or the role of the
        step; no administrator, no robot, no author of the process, and nobody who
        decided another step of it. Raises AccessError."""
        step, user = self._step_now(), self.env.user
        if user.id == SUPERUSER_ID or has_role(self.env, "admin"):
            raise AccessError(
                self.env._("No administrator and no robot may decide about this.")
            )
        owner, role = step.definition_id.owner_id, step.definition_id.role
        if user != owner if owner else not has_role(self.env, role):
            raise AccessError(
                self.env._("“%s” is decided by somebody else.", step.label)
            )
        if user in self.version_id.author_ids:
            raise AccessError(
                self.env._("You wrote this process yourself: somebody else decides.")
            )
        decided = self.step_ids.filtered(
            lambda each: each.kind == "decision" and each.state == "done"
        )
        if user in decided.user_id:
            raise AccessError(
                self.env._(
                    "You decided another step of %s: somebody else has to take this.",
                    self.document_id.display_name,
                )
            )
        self.env["finance.process.check"]._deny(step.check, self.document_id, user)


class FinanceExceptionRemedies(models.AbstractModel):
    # the buttons of processes stand with what they decide
    _inherit = "finance.exception.remedies"  # pylint: disable=consider-merging-classes-inherited

    @api.model
    def _remedies(self):
        _ = self.env._
        return {
            "approve_step": Remedy(_("Approve…"), "user", ("refuse_step",)),
            "refuse_step": Remedy(_("Refuse…"), "user"),
            **super()._remedies(),
        }

    def _remedy_approve_step(self):
        return self._ask_about_steps("approve")

    def _remedy_refuse_step(self):
        return self._ask_about_steps("refuse")

    def _ask_about_steps(self, verdict: str) -> dict:
        runs = self._runs_that_ask()
        return self._for_xml(
            "finance_process_verdict_action", run_ids=runs.ids, verdict=verdict
        )

    def _runs_that_ask(self):
        """The processes that wait for a decision about this."""
        return self.env["finance.process.run"].search(
            [
                ("exception_id", "in", self.ids),
                ("state", "=", "running"),
                ("step_kind", "=", "decision"),
            ]
        )


class FinanceException(models.Model):
    # a room of its own: exceptions, and those about processes
    _inherit = "finance.exception"  # pylint: disable=consider-merging-classes-inherited

    def _resolve_unless_waiting(self):
        """Steps after the posting wait too, though no document is held."""
        asking = self._runs_that_ask().filtered(
            lambda each: each.document_id.state in ("posted", "reconciled", "ignored")
        )
        return super(
            FinanceException, self - asking.exception_id
        )._resolve_unless_waiting()

    def _close(self, reason: str):
        """A step after the posting is decided, not closed."""
        posted = self._runs_that_ask().filtered(
            lambda each: each.document_id.state in ("posted", "reconciled", "ignored")
        )
        if posted:
            raise UserError(self.env._("Approve or refuse what waits."))
        return super()._close(reason)
