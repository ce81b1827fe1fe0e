import json
from datetime import datetime, timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..roles import need_role

#: what the webhook door remembers of a flow
DOOR_FIELDS = {"active", "allow_revisions", "kind", "system_id"}
LOST_AFTER = timedelta(hours=1)


class FinanceFlow(models.Model):
    """One interface of a system, in or out, and how it runs."""

    _name = "finance.flow"
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
    cursor = fields.Text(readonly=True, help="Where the next pull goes on.")
    pulled_at = fields.Datetime("Last Complete Pull", readonly=True)
    asked_again_at = fields.Datetime(
        readonly=True,
        help="The source did not answer; it is asked once more then.",
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

    def _read_cursor(self) -> dict[str, str]:
        return json.loads(self.cursor or "{}")

    def _is_due(self, now: datetime) -> bool:
        if self.asked_again_at:  # a job asks again by then, unless it was lost
            return self.asked_again_at + LOST_AFTER <= now
        pause = timedelta(minutes=self.interval_minutes)
        return not self.pulled_at or self.pulled_at + pause <= now

    def action_pull_now(self):
        """Pull in the background, now."""
        need_role(self, "operator")
        for flow in self.filtered(lambda each: each.kind == "pull"):
            self.env["finance.engine"]._want_pull(flow.system_id, flow.stream)
