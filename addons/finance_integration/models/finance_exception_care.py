"""Who cares for an exception, until when, and who hears of it."""

from datetime import datetime, timedelta
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..roles import has_role, need_role

TOLD_AT_ONCE = 500  #: exceptions about which one run tells people
ACTIVITY = "finance_integration.mail_activity_exception"
AGES = [
    ("00", "Less than a day"),
    ("01", "1 to 3 days"),
    ("03", "3 to 7 days"),
    ("07", "1 to 4 weeks"),
    ("28", "Older"),
]


class FinanceExceptionCare(models.AbstractModel):
    """Owner, snooze, escalation and age of an exception."""

    _name = "finance.exception.care"
    _inherit = ("mail.thread", "mail.activity.mixin")
    _description = "Care for an Exception"

    rule_id = fields.Many2one(
        "finance.exception.rule", "Owned by Rule", readonly=True, ondelete="set null"
    )
    snoozed_until = fields.Datetime(readonly=True)
    snooze_reason = fields.Char("Put off because", readonly=True)
    told_at = fields.Datetime("Owner Told", readonly=True)
    escalated_at = fields.Datetime(
        "Escalated", readonly=True, help="When the manager of the rule was told."
    )
    age = fields.Selection(
        AGES, readonly=True, default="00", help="How long it has been open."
    )

    # -- people ------------------------------------------------------------------

    def action_take(self):
        """Make them mine."""
        need_role(self, "user")
        self.write({"owner_id": self.env.uid})

    def _assigned(self):
        """Their owner was changed by a person: the log and the activities follow."""
        for owner, exceptions in self.grouped("owner_id").items():
            exceptions._append_log("exception.assigned", owner.name or "")
            # sudo: the activities of the former owner
            exceptions.sudo().activity_reschedule([ACTIVITY], new_user_id=owner.id)

    def _snooze(self, until: datetime, reason: str):
        """Put open ones off until then (UTC, naive). Their due time stays. Raises
        UserError, AccessError past what the systems allow without an approver."""
        need_role(self, "user")
        self.check_access("write")
        now = fields.Datetime.now()
        if until <= now or not reason.strip():
            raise UserError(self.env._("Say why, and until a time to come."))
        days = min(self.system_id.mapped("snooze_days"), default=0)
        if until > now + timedelta(days=days) and not has_role(self.env, "approver"):
            raise UserError(
                self.env._("Only an approver puts it off for more than %s days.", days)
            )
        open_ones = self.filtered(lambda each: each.state == "open")
        # sudo: the rights were checked; people write the owner only
        open_ones.sudo().write({"snoozed_until": until, "snooze_reason": reason})
        open_ones._append_log("exception.snoozed", f"{until} UTC: {reason}")

    def action_wake(self):
        """End the snooze."""
        need_role(self, "user")
        self.check_access("write")
        # sudo: as above
        self.sudo().write({"snoozed_until": False, "snooze_reason": False})
        self._append_log("exception.woken", "")

    # -- time --------------------------------------------------------------------

    @api.model
    def _cron_care(self):
        """What time brings: close periods begin, people are told, cases age."""
        self.env["finance.close.period"]._begin()
        self._tell_owners()
        self._tell_managers()
        self._age()

    def _awake(self) -> list:
        """The domain of open ones that nobody put off."""
        now = fields.Datetime.now()
        awake = ["|", ("snoozed_until", "=", False), ("snoozed_until", "<=", now)]
        return [("state", "=", "open"), *awake]

    def _tell_owners(self):
        new = self.search(
            [*self._awake(), ("told_at", "=", False), ("owner_id", "!=", False)],
            limit=TOLD_AT_ONCE,
        )
        for owner, exceptions in new.grouped("owner_id").items():
            exceptions._tell(owner, "mail_template_exceptions_opened")
        new.told_at = fields.Datetime.now()

    def _tell_managers(self):
        late = self.search(
            [
                *self._awake(),
                ("escalated_at", "=", False),
                ("due_at", "<", fields.Datetime.now()),
                ("rule_id.manager_id", "!=", False),
            ],
            limit=TOLD_AT_ONCE,
        )
        for rule, exceptions in late.grouped("rule_id").items():
            exceptions._tell(rule.manager_id, "mail_template_exceptions_overdue")
        late._append_log("exception.escalated", "")
        late.escalated_at = fields.Datetime.now()

    def _tell(self, user, template: str):
        """An activity each, and one mail for all, without anything that travelled."""
        kind = self.env.ref(ACTIVITY)
        quiet = self.env["mail.activity"].with_context(mail_activity_quick_update=True)
        quiet.create(
            [
                {
                    "activity_type_id": kind.id,
                    "automated": True,
                    "res_model_id": self.env["ir.model"]._get_id(self._name),
                    "res_id": exception.id,
                    "user_id": user.id,
                    "date_deadline": exception.due_at.date(),
                }
                for exception in self
            ]
        )
        self.env.ref(f"finance_integration.{template}").with_context(
            exceptions=self
        ).send_mail(user.id)

    @api.model
    def _age(self):
        """Let open ones age, in one statement."""
        self.flush_model(["age", "state"])
        self.env.cr.execute(
            SQL(
                """UPDATE finance_exception exception SET age = aged.age
                     FROM (SELECT id, CASE
                             WHEN days < 1 THEN '00' WHEN days < 3 THEN '01'
                             WHEN days < 7 THEN '03' WHEN days < 28 THEN '07'
                             ELSE '28' END AS age
                             FROM (SELECT id, extract(epoch FROM
                                     now() AT TIME ZONE 'UTC' - create_date) / 86400
                                     AS days
                                     FROM finance_exception
                                    WHERE state = 'open') open_ones) aged
                    WHERE aged.id = exception.id
                      AND aged.age IS DISTINCT FROM exception.age"""
            )
        )
        self.invalidate_model(["age"])


def in_company_currency(documents, company) -> Decimal:
    """What ``documents`` come to, whatever their signs, at the rates of today: to
    judge by, not to book by."""
    total = Decimal(0)
    for currency, several in documents.grouped("currency_id").items():
        amount = sum(abs(each.amount) for each in several)
        if currency:
            amount = currency._convert(
                amount, company.currency_id, company, fields.Date.today()
            )
        total += Decimal(str(amount))
    return total
