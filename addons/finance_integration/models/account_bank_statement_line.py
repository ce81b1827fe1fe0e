from odoo import models


class AccountBankStatementLine(models.Model):
    _inherit = "account.bank.statement.line"

    def _finance_counterpart(self, account):
        """Move this line's open amount from suspense to ``account``; the new line."""
        self.ensure_one()
        _liquidity, suspense, _other = self._seek_for_lines()
        # the statement line and its entry stay as they are but for that account
        suspense.with_context(skip_account_move_synchronization=True).write(
            {"account_id": account.id, "finance_match": False}
        )
        return suspense
