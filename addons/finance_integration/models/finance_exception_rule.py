from decimal import Decimal

from odoo import api, fields, models

from odoo.addons.finance_core.errors import NeedsPerson

from .finance_exception import CATEGORIES


class FinanceExceptionRule(models.Model):
    """Who cares for an exception, until when, and who hears of it when that is late.

    The first rule that applies decides; without one it is the owner and the service
    level of the system.
    """

    _name = "finance.exception.rule"
    _description = "Owner of Exceptions"
    _order = "sequence, id"

    name = fields.Char(required=True)
    sequence = fields.Integer(default=10, help="The first that applies decides.")
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company", index=True, help="Empty: for all.")
    system_id = fields.Many2one(
        "finance.system", index=True, ondelete="cascade", help="Empty: for all."
    )
    category = fields.Selection(CATEGORIES, help="Empty: for all.")
    words = fields.Char(
        "Containing",
        help="Only when what is wrong, the field or its value has these words.",
    )
    amount_from = fields.Monetary(
        "From Amount",
        help="Only when the documents that wait first come to this much, in the"
        " currency of the company.",
    )
    currency_id = fields.Many2one("res.currency", compute="_compute_currency_id")
    owner_id = fields.Many2one("res.users")
    member_ids = fields.Many2many(
        "res.users", string="Or Team", help="The one with the fewest open exceptions."
    )
    hours = fields.Integer(
        "Due within (hours)", help="0: the service level of the system."
    )
    manager_id = fields.Many2one(
        "res.users", "Escalate to", help="Hears of it once it is overdue."
    )

    _positive = models.Constraint(
        "CHECK (hours >= 0 AND amount_from >= 0)",
        "Hours and amounts cannot be negative.",
    )

    @api.depends("company_id", "system_id")
    @api.depends_context("company")
    def _compute_currency_id(self):
        for rule in self:
            company = rule.system_id.company_id or rule.company_id or self.env.company
            rule.currency_id = company.currency_id

    @api.model
    def _care_for(self, system, need: NeedsPerson, amount: Decimal) -> dict:
        """Values of a new exception of ``system``: owner, due time (UTC, naive) and
        rule. ``amount`` in the currency of the company."""
        rule = self._first(system, need, amount)
        now = fields.Datetime.now()
        owner = rule.owner_id or rule._least_busy() or system.owner_id
        return {
            "rule_id": rule.id or None,
            "owner_id": owner.id or None,
            "due_at": self.env["finance.close.period"]._due_at(
                system, now, rule.hours or system.service_hours
            ),
        }

    def _first(self, system, need: NeedsPerson, amount: Decimal):
        rules = self.search(
            [
                ("company_id", "in", (system.company_id.id, False)),
                ("system_id", "in", (system.id, False)),
                ("category", "in", (need.category, False)),
                ("amount_from", "<=", float(amount)),
            ]
        )
        told = " ".join((str(need), need.field, need.value)).lower()
        return rules.filtered(lambda each: (each.words or "").lower() in told)[:1]

    def _least_busy(self):
        members = self.member_ids
        groups = self.env["finance.exception"]._read_group(
            [("state", "=", "open"), ("owner_id", "in", members.ids)],
            ["owner_id"],
            ["__count"],
        )
        busy = {owner: count for owner, count in groups}
        return members.sorted(lambda each: (busy.get(each, 0), each.id))[:1]
