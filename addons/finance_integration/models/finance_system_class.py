"""How sensitive what a system sends is. What is masked, and for how long it is kept,
follows from it; nobody alone lowers it."""

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError

from ..roles import need_decider

RANKS = {"internal": 0, "personal": 1, "secret": 2}


class FinanceSystem(models.Model):
    # a room of its own: what a system is, and how sensitive it is, change apart
    _inherit = "finance.system"  # pylint: disable=consider-merging-classes-inherited

    lower_class = fields.Selection(
        selection=lambda self: self._fields["data_class"]._description_selection(
            self.env
        ),
        string="Lower Class Asked For",
        copy=False,
        help="An administrator asks, an approver who is none allows it.",
    )
    lower_class_asked_by_id = fields.Many2one(
        "res.users", "Asked For By", readonly=True, copy=False
    )

    @api.constrains("lower_class", "data_class")
    def _check_lower_class(self):
        for system in self:
            asked = system.lower_class
            if asked and RANKS[asked] >= RANKS[system.data_class]:
                raise ValidationError(
                    self.env._(
                        "“%(asked)s” is no lower class than “%(now)s”.",
                        asked=asked,
                        now=system.data_class,
                    )
                )

    def write(self, vals):
        """A higher class is for an administrator alone; a lower one he asks for."""
        if "lower_class_asked_by_id" in vals:
            raise AccessError(self.env._("People ask in their own name."))
        if "data_class" in vals:
            self._check_not_lowered(vals["data_class"])
            vals = {"lower_class": False, **vals}
        if "lower_class" in vals:
            asker = vals["lower_class"] and self.env.uid
            vals = {**vals, "lower_class_asked_by_id": asker}
        before = {system: system._classes() for system in self}
        result = super().write(vals)
        changed = self.filtered(lambda each: each._classes() != before[each])
        words = {each: f"{before[each]} → {each._classes()}" for each in changed}
        self._note("system.reclassified", words)
        if vals.get("lower_class"):
            wish = {each: f"{each.data_class} → {each.lower_class}" for each in self}
            self._note("system.lower_class_asked", wish)
        return result

    def _classes(self) -> str:
        """What is masked, kept and called follows from it."""
        return f"{self.data_class}, {self.environment}"

    @api.model
    def _note(self, event: str, words: dict):
        """Log ``words`` about each system."""
        self.env["finance.log"]._append(
            {
                "event": event,
                "system_id": system.id,
                "company_id": system.company_id.id,
                "detail": detail,
            }
            for system, detail in words.items()
        )

    def _check_not_lowered(self, data_class: str):
        """For the real user, whatever ``sudo`` says. Raises AccessError."""
        if self.env.uid == SUPERUSER_ID:
            return
        if any(RANKS[data_class] < RANKS[each.data_class] for each in self):
            raise AccessError(
                self.env._(
                    "It takes an approver to hide or keep less of what a system sends:"
                    " enter the class under “Lower Class Asked For”."
                )
            )

    def _step(self, vals: dict):
        # sudo: an approver changes nothing else of a system
        return super(FinanceSystem, self.sudo()).write(vals)

    def action_lower_class(self):
        """Give them the class an administrator asked for. Raises AccessError, and
        UserError where nobody else asked."""
        need_decider(self.env)
        self.check_access("read")
        for system in self:
            if system.lower_class_asked_by_id in (self.env["res.users"], self.env.user):
                raise UserError(self.env._("An administrator has to ask for it first."))
            before, asked = system.data_class, system.lower_class
            system._step(
                {
                    "data_class": asked,
                    "lower_class": False,
                    "lower_class_asked_by_id": False,
                }
            )
            self._note("system.class_lowered", {system: f"{before} → {asked}"})
