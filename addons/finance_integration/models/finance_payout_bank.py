import re
from collections import defaultdict

from odoo import api, models
from odoo.tools import SQL

from .finance_payout import FELL


class FinancePayout(models.Model):
    # a room of its own: what a payout consists of and how it arrives change apart
    _inherit = "finance.payout"  # pylint: disable=consider-merging-classes-inherited

    @api.model
    def _clear_from_bank(self, system):
        """Match bank lines that name a payout with its line in transit."""
        for payout, lines in self._named_by_bank_lines(system).items():
            payout._guarded(payout._clear, lines)
        self._note_arrivals(system)

    def _named_by_bank_lines(self, system) -> dict:
        """{payout: open bank lines with its id, or the bank's reference of it}."""
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """SELECT payout.id, name.value, line.id, line.payment_ref
                     FROM finance_payout payout
                    CROSS JOIN LATERAL
                          (VALUES (payout.source_id), (payout.trace_id)) name(value)
                     JOIN account_bank_statement_line line
                       ON line.is_reconciled IS NOT TRUE
                      AND line.company_id = payout.company_id
                      AND position(name.value in line.payment_ref) > 0
                    WHERE payout.system_id = %s AND payout.state <> 'cleared'""",
                system.id,
            )
        )
        found = defaultdict(self.env["account.bank.statement.line"].browse)
        for payout_id, name, line_id, words in rows:
            if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", words):
                found[self.browse(payout_id)] |= self.env[
                    "account.bank.statement.line"
                ].browse(line_id)
        return found

    def _clear(self, bank_lines):
        """Dr bank / Cr transit, where the open amounts agree in the currency of the
        transit line; else a person decides."""
        transit = self._transit_lines().filtered(lambda line: not line.reconciled)
        currency = transit.currency_id
        if len(currency) != 1:
            return
        suspense = bank_lines._finance_open_lines().filtered(
            lambda line: line.currency_id == currency
        )
        open_amounts = [
            *transit.mapped("amount_residual_currency"),
            *suspense.mapped("amount_currency"),
        ]
        if suspense and currency.is_zero(sum(open_amounts)):
            suspense._finance_move_to(transit[:1].account_id)
            self.env["account.move.line"]._reconcile_plan([transit | suspense])

    def _transit_lines(self):
        return self.env["account.move.line"].search(
            [
                ("company_id", "in", self.company_id.ids),
                ("finance_match", "in", [each._match() for each in self]),
                ("parent_state", "=", "posted"),
            ]
        )

    def _match(self) -> str:
        """By what the lines of this payout in transit find each other."""
        return self.system_id._match_key("payout", self.source_id)

    @api.model
    def _note_arrivals(self, system):
        """Proved payouts whose line in transit met a bank line, whoever matched
        them, and however early."""
        proved = self.search(
            [
                ("system_id", "=", system.id),
                ("state", "in", ("tied", "unlisted")),
                ("status", "not in", FELL),
            ]
        )
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """SELECT DISTINCT transit.finance_match
                     FROM account_move_line transit
                     JOIN account_move_line other
                       ON other.full_reconcile_id = transit.full_reconcile_id
                     JOIN account_move move ON move.id = other.move_id
                      AND move.statement_line_id IS NOT NULL
                    WHERE transit.company_id = %s
                      AND transit.finance_match = ANY(%s)""",
                system.company_id.id,
                [each._match() for each in proved],
            )
        )
        matched = {row[0] for row in rows}
        arrived = proved.filtered(lambda each: each._match() in matched)
        arrived._set_state("cleared")
        arrived._exceptions()._resolve(self.env._("The money is in the bank."))
