from odoo import api, fields, models
from odoo.exceptions import UserError

from ..roles import need_role


class FinancePartnerChoice(models.TransientModel):
    """Asks which partner a customer or supplier of another system is, and proposes it
    as a reference; an approver confirms it."""

    _name = "finance.partner.choice"
    _description = "Choose the Partner"

    exception_id = fields.Many2one("finance.exception", required=True, readonly=True)
    system_id = fields.Many2one(related="exception_id.system_id")
    company_id = fields.Many2one(related="exception_id.company_id")
    foreign_id = fields.Char(related="exception_id.value", string="Known There As")
    reference_id = fields.Many2one("finance.reference", compute="_compute_reference_id")
    stands_for = fields.Reference(related="reference_id.target", string="Stands For")
    partner_id = fields.Many2one("res.partner", "It Is", check_company=True)
    line_ids = fields.One2many("finance.partner.choice.line", "choice_id")

    @api.depends("exception_id")
    def _compute_reference_id(self):
        references = self.env["finance.reference"]
        for choice in self:
            exception = choice.exception_id
            known = references._known(exception.system_id, "partner", [exception.value])
            choice.reference_id = known.get(exception.value)

    @api.model
    def _ask(self, exception) -> dict:
        """The form for an exception, with the suggestions in it."""
        # sudo: documents are read to find who is meant; what they tell is not shown
        suggested = (
            self.env["finance.partner.suggestion"].sudo()._suggest(exception.sudo())
        )
        lines = [
            (0, 0, {"partner_id": partner_id, "reasons": "; ".join(why)})
            for partner_id, why in suggested.items()
        ]
        return self.create({"exception_id": exception.id, "line_ids": lines})._open()

    def _open(self) -> dict:
        actions = self.env["ir.actions.act_window"]
        action = actions._for_xml_id(
            "finance_integration.finance_partner_choice_action"
        )
        return {**action, "res_id": self.id}

    def action_propose(self):
        """Write it as a reference, for an approver to confirm."""
        self.ensure_one()
        need_role(self, "editor")
        if not self.partner_id:
            raise UserError(self.env._("Choose a partner first."))
        exception = self.exception_id
        self.env["finance.reference"]._propose(
            exception.system_id, "partner", exception.value, self.partner_id
        )
        exception._append_log(
            "exception.partner_chosen",
            f"{exception.value} is {self.partner_id._name},{self.partner_id.id}",
        )
        told = exception._notify(
            self.env._(
                "An approver confirms it: Configuration › References, “To Confirm”."
                " What waits goes on then."
            )
        )
        told["params"]["next"] = {"type": "ir.actions.act_window_close"}
        return told


class FinancePartnerChoiceLine(models.TransientModel):
    """One who may be meant."""

    _name = "finance.partner.choice.line"
    _description = "Suggested Partner"

    choice_id = fields.Many2one(
        "finance.partner.choice", required=True, ondelete="cascade"
    )
    partner_id = fields.Many2one("res.partner", required=True, readonly=True)
    reasons = fields.Char("Because", readonly=True)

    def action_take(self):
        """Choose this one; nothing is proposed yet."""
        self.ensure_one()
        self.choice_id.partner_id = self.partner_id
        return self.choice_id._open()
