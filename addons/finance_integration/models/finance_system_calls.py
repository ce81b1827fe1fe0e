"""Calling a system: how fast, how many at once, and what to do when it is silent."""

from odoo import fields, models
from odoo.tools import format_datetime

from ..roles import need_role
from .finance_exception_remedy import Remedy


class FinanceSystemCalls(models.AbstractModel):
    """The part of a system that is about calling it."""

    _name = "finance.system.calls"
    _description = "Calls to a System"

    calls_per_second = fields.Float(
        help="The most calls a second. 0: what the provider states."
    )
    calls_at_once = fields.Integer(
        default=4, help="The most calls, or pulls, under way at the same time."
    )
    breaker_ids = fields.One2many("finance.breaker", "system_id")
    call_state = fields.Char(
        "Connection",
        compute="_compute_call_state",
        help="Whether the system can be called, and when it is asked next.",
    )
    is_waited_for = fields.Boolean(compute="_compute_call_state")

    def _compute_call_state(self):
        for system in self:
            words = system._call_words()
            system.call_state = words or self.env._("Calls go out.")
            system.is_waited_for = bool(words)

    def _call_words(self) -> str:
        """Why no call goes out, and until when; empty when calls do."""
        breaker = self.breaker_ids
        if breaker.state == "open":
            return self.env._(
                "%(name)s does not answer. It is asked again at %(at)s.",
                name=self.name,
                at=self._moment(breaker.until),
            )
        if breaker.state == "half_open":
            return self.env._("%s did not answer and is being asked again.", self.name)
        if breaker.asked_until and breaker.asked_until > fields.Datetime.now():
            return self.env._(
                "%(name)s asked us to wait until %(at)s.",
                name=self.name,
                at=self._moment(breaker.asked_until),
            )
        return ""

    def _moment(self, at) -> str:
        return format_datetime(self.env, at)

    def _call_rates(self, path: str) -> dict[str, float]:
        """Calls a second allowed for a request to ``path``, by beginning of a path;
        the empty one is the limit of the whole system."""
        connector = self._plain_connector()
        whole = self.calls_per_second or connector.rate_per_second
        parts = connector.endpoint_rates.items()
        return {"": whole} | {
            start: rate for start, rate in parts if path.startswith(start)
        }

    def action_ask_now(self):
        """End the waiting for a silent system: ask it now, with one call first."""
        need_role(self, "operator")
        for system in self:
            self.env["finance.log"]._append(
                [
                    {
                        "event": "breaker.asked_now",
                        "system_id": system.id,
                        "company_id": system.company_id.id,
                    }
                ]
            )
            self.env["finance.breaker"]._end_wait(system)
            system._pull_all()

    def _pull_all(self):
        """Pull every flow soon, and what was to be pulled later now."""
        # sudo: whoever may let a system go on wakes its jobs
        self.env["finance.engine"].sudo()._bring_forward(self)
        pulls = self.sudo().flow_ids.filtered(lambda flow: flow.kind == "pull")
        for flow in pulls:
            self.env["finance.engine"]._want_pull(flow.system_id, flow.stream)


class FinanceExceptionRemedies(models.AbstractModel):
    _inherit = "finance.exception.remedies"  # pylint: disable=consider-merging-classes-inherited

    def _remedies(self):
        words = self.env._("Ask Now")
        return super()._remedies() | {"ask_now": Remedy(words, "operator")}

    def _remedy_ask_now(self):
        self.system_id.action_ask_now()
        return self._notify(self.env._("The system is asked in the background."))
