from odoo import api, models


class AccountBankStatementLine(models.Model):
    _inherit = "account.bank.statement.line"

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines._wake_payouts()
        return lines

    def _wake_payouts(self):
        """A new bank line may be a payout that arrived: let the engine look."""
        # sudo: whoever imports a statement need not see the payouts
        waiting = (
            self.env["finance.payout"]
            .sudo()
            .search(
                [("company_id", "in", self.company_id.ids), ("state", "!=", "cleared")]
            )
        )
        for system in waiting.system_id:
            self.env["finance.engine"]._hint(system.id)

    def _finance_counterpart(self, account):
        """Move this line's open amount from suspense to ``account``; the new line."""
        self.ensure_one()
        _liquidity, suspense, _other = self._seek_for_lines()
        # the statement line and its entry stay as they are but for that account
        suspense.with_context(skip_account_move_synchronization=True).write(
            {"account_id": account.id, "finance_match": False}
        )
        return suspense
