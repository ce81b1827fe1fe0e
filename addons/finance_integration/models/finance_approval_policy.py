from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import AccessError

from ..roles import has_role


class FinanceApprovalPolicy(models.Model):
    """From which effect on a change of mappings or posting rules of a company needs two
    approvers.

    Administrators set it who are neither editors nor approvers, so nobody widens the
    limit for a change of his own; the log keeps who set it.
    """

    _name = "finance.approval.policy"
    _description = "Second Approval"
    _rec_name = "company_id"

    company_id = fields.Many2one(
        "res.company",
        required=True,
        ondelete="cascade",
        default=lambda self: self.env.company,
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    changed_lines = fields.Integer(
        "Lines Changed",
        help="A change of this many lines or more needs two approvers. 0: any number"
        " is for one.",
    )
    waiting_amount = fields.Monetary(
        help="A change for which documents of this amount or more wait, in company"
        " currency, needs two approvers. 0: any amount is for one.",
    )

    _company_unique = models.Constraint(
        "UNIQUE (company_id)", "The company has such a setting already."
    )
    _positive = models.Constraint(
        "CHECK (changed_lines >= 0 AND waiting_amount >= 0)",
        "Neither limit can be negative.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        self._check_may_set()
        policies = super().create(vals_list)
        policies._log("policy.set")
        return policies

    def write(self, vals):
        self._check_may_set()
        result = super().write(vals)
        self._log("policy.set")
        return result

    def unlink(self):
        self._check_may_set()
        self._log("policy.removed")
        return super().unlink()

    def _check_may_set(self):
        """For the real user, whatever ``sudo`` says. Raises AccessError."""
        if self.env.uid == SUPERUSER_ID:
            return
        concerned = has_role(self.env, "editor") or has_role(self.env, "approver")
        if concerned or not has_role(self.env, "admin"):
            raise AccessError(
                self.env._(
                    "Only an administrator who neither writes nor approves changes"
                    " says what needs two approvers."
                )
            )

    def _log(self, event: str):
        self.env["finance.log"]._append(
            {
                "event": event,
                "company_id": policy.company_id.id,
                "detail": self.env._(
                    "%(lines)s lines, %(amount)s %(currency)s",
                    lines=policy.changed_lines,
                    amount=policy.waiting_amount,
                    currency=policy.currency_id.name,
                ),
            }
            for policy in self
        )

    def _is_reached(self, lines: int, amount: float) -> bool:
        """Whether a change of so many lines, with ``amount`` in company currency
        waiting for it, needs two approvers."""
        self.ensure_one()
        return bool(
            (self.changed_lines and lines >= self.changed_lines)
            or (self.waiting_amount and amount >= self.waiting_amount)
        )
