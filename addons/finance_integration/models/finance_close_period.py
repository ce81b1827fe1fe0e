from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from odoo import api, fields, models
from odoo.exceptions import ValidationError

ONE_DAY = timedelta(days=1)


class FinanceClosePeriod(models.Model):
    """The days in which a company closes its books: exceptions are due sooner.

    The days are those of the company's time zone. An exception opened in them is due
    within ``hours``, and no later than their end; those open at the beginning are
    brought forward likewise.
    """

    _name = "finance.close.period"
    _description = "Close Period"
    _order = "date_from desc, id desc"

    name = fields.Char(required=True, help="Example: close of March 2026.")
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, index=True
    )
    date_from = fields.Date("First Day", required=True)
    date_to = fields.Date("Last Day", required=True)
    hours = fields.Integer(
        "Due within (hours)",
        required=True,
        default=8,
        help="Working hours where the system has some.",
    )
    begun_at = fields.Datetime(
        "Begun",
        readonly=True,
        copy=False,
        help="When what was open already was brought forward.",
    )

    _order_of_days = models.Constraint(
        "CHECK (date_from <= date_to)", "The last day must not be before the first."
    )
    _some_hours = models.Constraint(
        "CHECK (hours > 0)", "Leave people at least an hour."
    )

    @api.constrains("date_from", "date_to", "company_id")
    def _check_overlap(self):
        for period in self:
            others = self.search_count(
                [
                    ("id", "!=", period.id),
                    ("company_id", "=", period.company_id.id),
                    ("date_from", "<=", period.date_to),
                    ("date_to", ">=", period.date_from),
                ],
                limit=1,
            )
            if others:
                raise ValidationError(
                    self.env._("Another close period of the company has these days.")
                )

    @api.model
    def _at(self, company, moment: datetime):
        """The period of ``company`` that ``moment`` (UTC, naive) lies in, if any."""
        zone = zone_of(company)
        day = moment.replace(tzinfo=UTC).astimezone(zone).date()
        return self.search(
            [
                ("company_id", "=", company.id),
                ("date_from", "<=", day),
                ("date_to", ">=", day),
            ],
            limit=1,
        )

    def _start(self) -> datetime:
        """Its first moment (UTC, naive)."""
        return day_start(self.date_from, zone_of(self.company_id))

    def _end(self) -> datetime:
        """The first moment after it (UTC, naive)."""
        return day_start(self.date_to + ONE_DAY, zone_of(self.company_id))

    @api.model
    def _due_at(self, system, opened: datetime, hours: int) -> datetime:
        """When an exception of ``system`` opened then is due (UTC, naive both)."""
        period = self._at(system.company_id, opened)
        if not period:
            return _after_work(system.calendar_id, opened, hours)
        soon = _after_work(system.calendar_id, opened, min(hours, period.hours))
        return min(soon, period._end())

    @api.model
    def _begin(self):
        """When a period begins, once a period: compare with the sources what has to be
        complete by then, and bring forward what is open."""
        now = fields.Datetime.now()
        for company in self.env["res.company"].search([]):
            period = self._at(company, now)
            if period and not period.begun_at:
                self.env["finance.flow"]._compare_before(period)
                period._bring_forward(now)

    def _bring_forward(self, now: datetime):
        exceptions = self.env["finance.exception"].search(
            [("company_id", "=", self.company_id.id), ("state", "=", "open")]
        )
        for system, several in exceptions.grouped("system_id").items():
            due = self._due_at(system, now, self.hours)
            several.filtered(lambda each, due=due: each.due_at > due).due_at = due
        self.begun_at = now


def _after_work(calendar, opened: datetime, hours: int) -> datetime:
    """``hours`` later (UTC, naive), counting those of ``calendar`` if there is one."""
    # plan_hours gives False when nobody ever works by that calendar
    planned = calendar and calendar.plan_hours(
        hours, opened.replace(tzinfo=UTC), compute_leaves=True
    )
    if not planned:
        return opened + timedelta(hours=hours)
    return planned.astimezone(UTC).replace(tzinfo=None)


def zone_of(company) -> ZoneInfo:
    """The time zone of a company's accounting days."""
    return ZoneInfo(company.partner_id.tz or "UTC")


def day_start(day: date, zone: ZoneInfo) -> datetime:
    """The first moment of a day, UTC and naive."""
    start = datetime.combine(day, time.min, tzinfo=zone)
    return start.astimezone(UTC).replace(tzinfo=None)
