"""Documents tell their process what becomes of them, and show it."""

from odoo import api, fields, models
from odoo.tools import format_datetime

from ..screens import open_record

ICONS = {
    "waiting": "fa-circle-o text-muted",
    "active": "fa-dot-circle-o text-primary",
    "late": "fa-clock-o text-danger",
    "done": "fa-check-circle text-success",
    "refused": "fa-times-circle text-danger",
    "compensating": "fa-undo text-warning",
    "compensated": "fa-undo text-muted",
    "cancelled": "fa-circle-o text-muted",
}


class FinanceDocument(models.Model):
    # a room of its own: documents, and the process around them
    _inherit = "finance.document"  # pylint: disable=consider-merging-classes-inherited

    process_run_id = fields.Many2one(
        "finance.process.run", "Process", compute="_compute_process_run_id"
    )
    process_html = fields.Html("Steps", compute="_compute_process_html")

    def _compute_process_run_id(self):
        runs = self.env["finance.process.run"].search([("document_id", "in", self.ids)])
        found = {run.document_id.id: run for run in runs}
        for document in self:
            document.process_run_id = found.get(document.id)

    @api.depends("process_run_id")
    @api.depends_context("tz", "lang")
    def _compute_process_html(self):
        for document in self:
            steps = document.process_run_id.step_ids
            document.process_html = steps and self.env["ir.qweb"]._render(
                "finance_integration.process_bar",
                {"steps": [_shown(step) for step in steps]},
                raise_if_not_found=False,
            )

    def action_open_process(self):
        return open_record(self.process_run_id)

    def _set_state(self, state: str, logged: str = "", **values):
        changed = super()._set_state(state, logged, **values)
        processes = self.env["finance.process.run"]
        if state == "ignored" and "rule_version_id" in values:
            processes._dealt_with(changed)
        elif state == "ignored":
            processes._set_aside(changed, "refused", values.get("reason") or "")
        elif state == "superseded":
            processes._set_aside(changed, "cancelled", values.get("reason") or "")
        return changed

    def _pass(self, *path: str, **values):
        result = super()._pass(*path, **values)
        if "posted" in path:
            self.env["finance.process.run"]._dealt_with(self)
        return result


def _shown(step) -> dict:
    """What the bar shows of a step, in words."""
    names = dict(step._fields["state"]._description_selection(step.env))
    moment = step.ended_at or (step.state in ("active", "late") and step.due_at)
    return {
        "label": step.label,
        "icon": ICONS[step.state],
        "state": names[step.state],
        "who": step.ended_at and step.kind == "decision" and step.user_id.name,
        "when": moment and format_datetime(step.env, moment, dt_format="short"),
        "is_due": not step.ended_at,
        "note": step.note,
    }
