import json
from datetime import datetime, timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..roles import need_role

#: what the webhook door remembers of a flow
DOOR_FIELDS = {"active", "allow_revisions", "kind", "system_id"}
#: schedules of finance_core/retry.py
RETRY_POLICIES = [
    ("doubling", "1, 2, 4… minutes up to 9 hours"),
    ("quick", "1, 2, 5, 10, 30, 60 minutes"),
    ("webhooks", "5 seconds, 5 and 30 minutes, 2 to 24 hours"),
]
LOST_AFTER = timedelta(hours=1)


class FinanceFlow(models.Model):
    """One interface of a system, in or out, and how it runs."""

    _name = "finance.flow"
    _inherit = "finance.pausable"
    _description = "Flow"
    _order = "system_id, kind desc, name"

    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    system_id = fields.Many2one(
        "finance.system", required=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one(related="system_id.company_id", store=True, index=True)
    direction = fields.Selection(
        [("in", "In"), ("out", "Out")], required=True, default="in"
    )
    kind = fields.Selection(
        [("webhook", "Webhook"), ("pull", "Pull"), ("file", "File"), ("api", "API")],
        required=True,
    )
    stream = fields.Char(help="What is pulled, in the words of the connector.")
    mode = fields.Selection(
        [
            ("real_time", "Real time"),
            ("micro_batch", "Micro-batch"),
            ("batch", "Batch"),
            ("hybrid", "Real time, compared with the source before the close"),
        ],
        required=True,
        default="real_time",
    )
    interval_minutes = fields.Integer("Every (minutes)", default=15)
    allow_revisions = fields.Boolean(
        help="May one delivery identity come again with other content? If not, such a"
        " delivery is refused and shown as an exception.",
    )
    system_of_record = fields.Selection(
        [("source", "The other system"), ("odoo", "Odoo")],
        required=True,
        default="source",
    )
    max_hours = fields.Integer(
        "Give up after (hours)",
        default=75,
        help="A message that cannot be processed is tried again until then.",
    )
    retry_policy = fields.Selection(
        RETRY_POLICIES,
        "Try Again After",
        required=True,
        default="doubling",
        help="The pauses between two attempts to process a message, or to send one.",
    )
    pull_retry_policy = fields.Selection(
        RETRY_POLICIES,
        "Ask Again After",
        required=True,
        default="quick",
        help="The pauses while the source gives no answer. Then its owner hears of it.",
    )
    cursor = fields.Text(readonly=True, help="Where the next pull goes on.")
    pulled_at = fields.Datetime("Last Complete Pull", readonly=True)
    asked_again_at = fields.Datetime(
        readonly=True,
        help="The source did not answer; it is asked once more then.",
    )

    completeness_ids = fields.One2many("finance.completeness", "flow_id")
    can_be_counted = fields.Boolean(compute="_compute_can_be_counted")
    complete_until = fields.Date(
        compute="_compute_complete_until",
        help="Up to this day, without a gap, the source was found to have nothing we"
        " lack.",
    )

    _stream_unique = models.Constraint(
        "UNIQUE (system_id, kind, stream)", "The system has this flow already."
    )

    @api.model_create_multi
    def create(self, vals_list):
        self.env.registry.clear_cache()
        return super().create(vals_list)

    def write(self, vals):
        if not DOOR_FIELDS.isdisjoint(vals):
            self.env.registry.clear_cache()
        return super().write(vals)

    def unlink(self):
        self.env.registry.clear_cache()
        return super().unlink()

    @api.ondelete(at_uninstall=False)
    def _unlink_except_with_messages(self):
        if self.env["finance.message"].search_count(
            [("flow_id", "in", self.ids)], limit=1
        ):
            raise UserError(
                self.env._("Messages came by this flow: archive it instead.")
            )

    @api.depends("stream", "kind", "system_id.connector")
    def _compute_can_be_counted(self):
        """Whether the source can be asked what it has."""
        connectors = self.env["finance.connector"]._all()
        for flow in self:
            connector = connectors.get(flow.system_id.connector)
            counted = connector.census_types if connector else ()
            flow.can_be_counted = flow.kind == "pull" and flow.stream in counted

    def _compute_complete_until(self):
        days = self.env["finance.completeness"]._complete_until(self)
        for flow in self:
            flow.complete_until = days.get(flow.id)

    def action_check_completeness(self):
        """Ask for which days to compare."""
        need_role(self, "operator")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Compare with the Source"),
            "res_model": "finance.completeness.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {"default_flow_id": self.id},
        }

    def _read_cursor(self) -> dict[str, str]:
        return json.loads(self.cursor or "{}")

    def _is_due(self, now: datetime) -> bool:
        if self.paused_at or self.system_id.paused_at:
            return False
        if self.asked_again_at:  # a job asks again by then, unless it was lost
            return self.asked_again_at + LOST_AFTER <= now
        pause = timedelta(minutes=self.interval_minutes)
        wanted = self.pulled_at + pause if self.pulled_at else now
        return self._next_run(wanted) <= now

    def _paused_system(self):
        return self.system_id

    def _go_on(self):
        self.env["finance.payout"].search(
            [("system_id", "in", self.system_id.ids), ("state", "=", "open")]
        )._recheck()
        for flow in self:
            self.env["finance.engine"]._hint(flow.system_id.id)
            if flow.kind == "pull":
                self.env["finance.engine"]._want_pull(flow.system_id, flow.stream)

    def action_pull_now(self):
        """Pull in the background, now."""
        need_role(self, "operator")
        for flow in self.filtered(lambda each: each.kind == "pull"):
            self.env["finance.engine"]._want_pull(flow.system_id, flow.stream)
