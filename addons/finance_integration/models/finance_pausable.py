from odoo import api, fields, models
from odoo.exceptions import AccessError

from ..roles import need_role

PAUSE_FIELDS = {"paused_at", "paused_by_id", "pause_reason"}


class FinancePausable(models.AbstractModel):
    """Something a person can pause: deliveries are still stored, and nothing else
    happens with it until it is resumed, which then goes on by itself."""

    _name = "finance.pausable"
    _description = "Can Be Paused"

    paused_at = fields.Datetime(readonly=True, copy=False)
    paused_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    pause_reason = fields.Char(readonly=True, copy=False)

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._only_by_button(vals)
        return super().create(vals_list)

    def write(self, vals):
        self._only_by_button(vals)
        return super().write(vals)

    def _only_by_button(self, vals):
        if not self.env.su and not PAUSE_FIELDS.isdisjoint(vals):
            raise AccessError(self.env._("Use Pause and Resume, which keep a log."))

    def action_pause(self):
        """Ask for the reason."""
        need_role(self, "operator")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Pause %s", self.display_name),
            "res_model": "finance.pause",
            "view_mode": "form",
            "target": "new",
            "context": {"default_about": f"{self._name},{self.id}"},
        }

    def _pause(self, reason: str):
        """Stop what has not been stopped yet. Raises AccessError."""
        need_role(self, "operator")
        # sudo: operators pause what they may not change otherwise
        running = self.sudo().filtered(lambda each: not each.paused_at)
        running.write(
            {
                "paused_at": fields.Datetime.now(),
                "paused_by_id": self.env.uid,
                "pause_reason": reason,
            }
        )
        running._note_pause("pause.begin", lambda _each: reason)

    def action_resume(self):
        """Let it go on, at once. Raises AccessError."""
        need_role(self, "operator")
        # sudo: operators resume what they may not change otherwise
        paused = self.sudo().filtered("paused_at")
        paused._note_pause("pause.end", lambda each: each.pause_reason)
        paused.write(dict.fromkeys(PAUSE_FIELDS, False))
        paused._go_on()

    def _note_pause(self, event: str, detail):
        self.env["finance.log"]._append(
            {
                "event": event,
                "system_id": each._paused_system().id,
                "company_id": each.company_id.id,
                "detail": f"{each.display_name}: {detail(each)}",
            }
            for each in self
        )

    def _pause_words(self) -> str:
        self.ensure_one()
        return self.env._(
            "%(name)s was paused by %(person)s: %(reason)s",
            name=self.display_name,
            person=self.paused_by_id.display_name,
            reason=self.pause_reason,
        )
