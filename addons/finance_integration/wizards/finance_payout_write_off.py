from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.finance_snapshot import _decimal


class FinancePayoutWriteOff(models.TransientModel):
    """Shows what would be booked for what a payout lacks, and asks why."""

    _name = "finance.payout.write.off"
    _description = "Write Off a Difference"

    payout_id = fields.Many2one("finance.payout", required=True, readonly=True)
    currency_id = fields.Many2one(related="payout_id.currency_id")
    company_currency_id = fields.Many2one(related="payout_id.company_id.currency_id")
    amount = fields.Monetary(
        "Its Transactions Lack",
        compute="_compute_amount",
        store=True,
        readonly=False,
        help="Negative: they are too much.",
    )
    limit = fields.Monetary(
        "At Most",
        compute="_compute_limit",
        currency_field="company_currency_id",
        help="What the approved control lets be written off.",
    )
    account_id = fields.Many2one("account.account", "Goes To", compute="_compute_limit")
    reason = fields.Char(required=True, help="Kept in the log with your name.")

    @api.depends("payout_id")
    def _compute_amount(self):
        """As the form showed it: it is what the decision is about."""
        for question in self:
            question.amount = -question.payout_id.difference

    @api.depends("payout_id")
    def _compute_limit(self):
        for question in self:
            # sudo: shown to approvers, who see the payout; not its control's details
            payout = question.payout_id.sudo()
            to = payout._write_off_to(payout._missing())
            question.limit = float(payout._write_off_control().write_off_limit)
            question.account_id = to.account

    def action_write_off(self):
        """Do it. Raises AccessError and UserError as the payout does."""
        self.ensure_one()
        reason = self.reason.strip()
        if not reason:
            raise UserError(self.env._("Say why."))
        seen = _decimal(self.amount, self.currency_id)
        self.payout_id._write_off(seen, reason)
        return {"type": "ir.actions.act_window_close"}
