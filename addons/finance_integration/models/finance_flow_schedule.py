"""When deliveries of a flow may be taken, and which go first."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType

from odoo import api, fields, models, tools
from odoo.exceptions import ValidationError
from odoo.tools import SQL

from odoo.addons.finance_core import schedule
from odoo.addons.finance_core.schedule import Schedule

from ..priorities import NORMAL, PRIORITIES
from ..roles import need_role
from .finance_close_period import zone_of

COLLECTING = ("micro_batch", "batch")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
TIMES = {"run_times", "window_minutes", "batch_seconds", "in_close", *WEEKDAYS}
SHAPE = {"mode", "priority", "kind"}
#: what a close period does to a schedule
IN_CLOSE: Mapping[str, Callable[[Schedule, tuple], Schedule]] = MappingProxyType(
    {
        "usual": lambda usual, _periods: usual,
        "at_once": schedule.AtOnceInClose,
        "after": schedule.NotInClose,
    }
)


class FinanceFlow(models.Model):
    # a room of its own: modes, schedules and priorities
    _inherit = "finance.flow"  # pylint: disable=consider-merging-classes-inherited

    priority = fields.Selection(
        PRIORITIES,
        required=True,
        default=NORMAL,
        help="What waits is taken in this order, the oldest first. It counts for what"
        " arrives from now on.",
    )
    batch_seconds = fields.Integer(
        "Collect for (seconds)",
        default=30,
        help="What arrives in that time is taken together.",
    )
    run_times = fields.Char(
        "Windows From",
        default="22:00",
        help="Times of day in the time zone of the company, as 06:00, 22:30.",
    )
    window_minutes = fields.Integer(
        "Open for (minutes)",
        default=60,
        help="What arrives in an open window is taken at once.",
    )
    mon = fields.Boolean("Monday", default=True)
    tue = fields.Boolean("Tuesday", default=True)
    wed = fields.Boolean("Wednesday", default=True)
    thu = fields.Boolean("Thursday", default=True)
    fri = fields.Boolean("Friday", default=True)
    sat = fields.Boolean("Saturday", default=True)
    sun = fields.Boolean("Sunday", default=True)
    in_close = fields.Selection(
        [
            ("usual", "As usual"),
            ("at_once", "At once"),
            ("after", "Wait until it is over"),
        ],
        "In a Close Period",
        required=True,
        default="usual",
    )

    _positive = models.Constraint(
        "CHECK (batch_seconds > 0 AND window_minutes > 0)",
        "Seconds to collect and minutes of a window must be more than none.",
    )

    @api.constrains("mode", "run_times", *WEEKDAYS)
    def _check_schedule(self):
        for flow in self.filtered(lambda each: each.mode == "batch"):
            try:
                flow._next_run(fields.Datetime.now())
            except ValueError as error:
                raise ValidationError(
                    self.env._(
                        "“%s” is no schedule: write times as 06:00, 22:30 and choose a"
                        " day.",
                        flow.run_times,
                    )
                ) from error

    def write(self, vals):
        result = super().write(vals)
        if not SHAPE.isdisjoint(vals):
            self.env.registry.clear_cache()
        if not (SHAPE | TIMES).isdisjoint(vals):
            for flow in self:
                flow._wait_anew()
        return result

    @api.model
    @tools.ormcache("flow_id")
    def _manner(self, flow_id: int) -> tuple[str, bool]:
        """(priority of what comes by that flow, whether it waits for a run)"""
        # sudo: whoever delivers need not see the flow
        flow = self.sudo().browse(flow_id)
        return flow.priority, flow.kind != "pull" and flow.mode in COLLECTING

    @api.model
    @tools.ormcache("system_id", "streams")
    def _first_priority(self, system_id: int, *streams: str) -> str:
        """That of the flow of a system, or of these streams of it, which goes first."""
        domain = [("system_id", "=", system_id)]
        if streams:
            domain += [("stream", "in", streams)]
        # sudo: as above
        return min(self.sudo().search(domain).mapped("priority"), default=NORMAL)

    @api.model
    def _ticket(self, flow_id: int | None) -> tuple[str, datetime | None]:
        """(priority, when it may be taken at the earliest) of a new delivery: UTC and
        naive, None for at once."""
        if not flow_id:  # pulled for one case
            return NORMAL, None
        priority, collects = self._manner(flow_id)
        if not collects:
            return priority, None
        # sudo: as above
        return priority, self.sudo().browse(flow_id)._next_run(fields.Datetime.now())

    def _next_run(self, moment: datetime) -> datetime:
        """The first time from ``moment`` on at which it may run, UTC and naive both.
        Raises ValueError when its schedule cannot be read."""
        plan = self._schedule()
        if plan is None:
            return moment
        at = plan.next_run(moment.replace(tzinfo=UTC))
        return at.astimezone(UTC).replace(tzinfo=None)

    def _schedule(self) -> Schedule | None:
        """None for always."""
        if self.mode == "micro_batch" and self.kind != "pull":  # pulls have their own
            return schedule.Every(self.batch_seconds)
        if self.mode == "batch":
            return IN_CLOSE[self.in_close](self._windows(), self._close_periods())
        return None

    def _windows(self) -> schedule.Windows:
        zone = zone_of(self.company_id)
        return schedule.Windows(
            zone,
            schedule.parse_times(self.run_times or ""),
            timedelta(minutes=self.window_minutes),
            frozenset(n for n, day in enumerate(WEEKDAYS) if self[day]),
            self._days_off(zone),
        )

    def _days_off(self, zone) -> frozenset[date]:
        """The days on which nobody works by the calendar of the system."""
        days = set()
        for leave in self.system_id.calendar_id.global_leave_ids:
            first, last = (
                moment.replace(tzinfo=UTC).astimezone(zone).date()
                for moment in (leave.date_from, leave.date_to)
            )
            days |= {first + timedelta(n) for n in range((last - first).days + 1)}
        return frozenset(days)

    def _close_periods(self) -> tuple[tuple[datetime, datetime], ...]:
        periods = self.env["finance.close.period"].search(
            [
                ("company_id", "=", self.company_id.id),
                ("date_to", ">=", fields.Date.today() - timedelta(days=1)),
            ],
            order="date_from",
        )
        return tuple(
            (each._start().replace(tzinfo=UTC), each._end().replace(tzinfo=UTC))
            for each in periods
        )

    @api.model
    def _compare_before(self, period):
        """Compare with the sources, before this close, the month that ended with the
        day before it: of systems with a hybrid flow, all that can be compared."""
        hybrid = [("company_id", "=", period.company_id.id), ("mode", "=", "hybrid")]
        last = period.date_from - timedelta(days=1)
        flows = self.search(hybrid).system_id.flow_ids
        for flow in flows.filtered("can_be_counted"):
            self.env["finance.completeness"]._begin(flow, last.replace(day=1), last)

    # -- what waits already ------------------------------------------------------

    def _wait_anew(self):
        """What waits for a run waits for the next one by the schedule of now."""
        _priority, at = self._ticket(self.id)
        self._wait_until(at)

    def _wait_until(self, moment: datetime | None):
        """Let what waits for a run be taken from then on (UTC, naive); None: now."""
        self.env["finance.message"].flush_model()
        self.env.cr.execute(
            SQL(
                """UPDATE finance_message SET next_attempt_at = %s
                    WHERE system_id = %s AND state = 'received' AND flow_id = %s
                      AND next_attempt_at > %s""",
                moment,
                self.system_id.id,
                self.id,
                fields.Datetime.now(),
            )
        )
        self.env["finance.message"].invalidate_model(["next_attempt_at"])
        self.env["finance.engine"]._hint(self.system_id.id)

    def action_take_now(self):
        """Do not wait for the next run."""
        need_role(self, "operator")
        for flow in self.sudo():  # sudo: operators do not change messages
            flow._wait_until(None)
