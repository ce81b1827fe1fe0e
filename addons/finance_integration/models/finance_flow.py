import json
from datetime import datetime, timedelta

from odoo import fields, models


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

    _stream_unique = models.Constraint(
        "UNIQUE (system_id, kind, stream)", "The system has this flow already."
    )

    def write(self, vals):
        self.env.registry.clear_cache()
        return super().write(vals)

    def _read_cursor(self) -> dict[str, str]:
        return json.loads(self.cursor or "{}")

    def _is_due(self, now: datetime) -> bool:
        pause = timedelta(minutes=self.interval_minutes)
        return not self.pulled_at or self.pulled_at + pause <= now

    def action_pull_now(self):
        """Pull in the background, now."""
        for flow in self.filtered(lambda each: each.kind == "pull"):
            self.env["finance.engine"]._want_pull(flow.system_id, flow.stream)
