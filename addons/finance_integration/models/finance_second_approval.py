"""A change of great effect is approved by two people, neither of them an author.

Whether it takes two is decided when a version is submitted, by the policy of its
company, and once more when it is first approved, as more may wait by then. It is part
of the content hash; the database keeps the rule too (:mod:`.version_guard`), and both
approvals are looked at whenever the version is used.
"""

import json
from collections import Counter

from odoo import SUPERUSER_ID, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from .finance_governed_version import _values


class FinanceGovernedVersion(models.AbstractModel):
    # a room of its own: the cycle, and what takes two people
    _inherit = "finance.governed.version"  # pylint: disable=consider-merging-classes-inherited

    second_needed = fields.Boolean("Takes Two Approvers", readonly=True, copy=False)
    first_approved_by_id = fields.Many2one(
        "res.users",
        "First Approved by",
        readonly=True,
        copy=False,
        ondelete="restrict",
    )
    first_approved_at = fields.Datetime(readonly=True, copy=False)

    def _approve_first(self) -> bool:
        """Whether this approval was the first of two. Raises UserError when the second
        comes from the same person."""
        version = self.sudo()
        if version.state != "submitted":
            return False  # the table of states says what that means
        if not version.second_needed and version._reaches_far():
            version._record({"second_needed": True})
            self.env.flush_all()
            version._record({"content_hash": version._digest()})
        if not version.second_needed:
            return False
        if version.first_approved_by_id == self.env.user:
            raise UserError(
                self.env._(
                    "You have approved %s already. It takes another approver.",
                    self.display_name,
                )
            )
        if version.first_approved_by_id:
            return False
        now = fields.Datetime.now()
        version._record(
            {"first_approved_by_id": self.env.uid, "first_approved_at": now}
        )
        self.env.flush_all()  # the database checks it
        version._log_step("version.approved_first")
        return True

    def _reaches_far(self) -> bool:
        """Whether the policy wants two approvers for this change."""
        self.ensure_one()
        # sudo: who writes or approves need not see the policy to be held to it
        policies = self.env["finance.approval.policy"].sudo()
        if self.company_id:
            policies = policies.search([("company_id", "=", self.company_id.id)])
        else:  # what is for all companies is held to each one's policy
            policies = policies.search([])
        lines = self._changed_lines() if policies else 0
        return any(
            policy._is_reached(lines, self._waiting_amount(policy.company_id))
            for policy in policies
        )

    def _changed_lines(self) -> int:
        """Lines that were added, changed or removed since the version in force; one
        more when anything else is different."""
        version = self.sudo()
        agreed = version[self._parent]._agreed_version()
        mine, theirs = version._line_contents(), agreed._line_contents()
        head = [_values(each, self._content) for each in (version, agreed) if each]
        changed_head = len(head) == 2 and head[0] != head[1]
        return max((mine - theirs).total(), (theirs - mine).total()) + changed_head

    def _line_contents(self) -> Counter:
        lines = self[self._lines]
        return Counter(
            json.dumps(row, sort_keys=True, default=str)
            for row in _values(lines, lines._content)
        )

    def _waiting_amount(self, company) -> float:
        """What documents that wait for this amount to, whatever their sign, in the
        currency of ``company``."""
        self.env.flush_all()
        causes = [SQL("exception.cause LIKE %s", f"{each}%") for each in self._causes()]
        rows = self.env.execute_query(
            SQL(
                """SELECT document.currency_id, sum(abs(document.amount))
                     FROM finance_document document
                     JOIN finance_exception exception
                       ON exception.id = document.exception_id
                    WHERE exception.state = 'open' AND document.state = 'held'
                      AND exception.company_id = %s AND document.amount <> 0
                      AND document.currency_id IS NOT NULL AND (%s)
                      AND exception.system_id = coalesce(%s, exception.system_id)
                    GROUP BY document.currency_id""",
                company.id,
                SQL(" OR ").join(causes),
                self[self._parent].system_id.id or None,
            )
        )
        today = fields.Date.context_today(self)
        currencies = self.env["res.currency"]
        return sum(
            currencies.browse(currency_id)._convert(
                float(amount), company.currency_id, company, today
            )
            for currency_id, amount in rows
        )

    def _is_duly_approved(self) -> bool:
        """Whether the people who approved it were enough and wrote nothing in it."""
        self.ensure_one()
        # an author stays one when he has left; the installer is archived always
        version = self.sudo().with_context(active_test=False)
        approvers = version.first_approved_by_id | version.approved_by_id
        if approvers.ids == [SUPERUSER_ID]:  # shipped with an addon
            return version.author_ids == approvers and not version.second_needed
        enough = len(approvers) == (2 if version.second_needed else 1)
        return enough and not approvers & version.author_ids
