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

    def _finance_open_lines(self):
        """Their lines in suspense: what nobody has explained yet."""
        suspense = self.env["account.move.line"]
        for line in self:
            suspense |= line._seek_for_lines()[1]
        return suspense


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    def _finance_move_to(self, account):
        """Move lines in suspense to ``account``. Their statement lines and entries
        stay as they are but for that account."""
        self.with_context(skip_account_move_synchronization=True).write(
            {"account_id": account.id, "finance_match": False}
        )
