from collections import defaultdict
from collections.abc import Sequence

from odoo import api, models

from odoo.addons.finance_core import posting


class FinanceReconciler(models.AbstractModel):
    """Reconciles the lines of new entries with what they settle, in one plan."""

    _name = "finance.reconciler"
    _description = "Reconciler of Posted Lines"

    @api.model
    def _reconcile(self, posted: Sequence[tuple[models.BaseModel, posting.EntryDraft]]):
        """``posted`` are pairs of (entry, the draft it was made of).

        Odoo books exchange differences itself while reconciling.
        """
        settling = defaultdict(self.env["account.move.line"].browse)
        matching = defaultdict(self.env["account.move.line"].browse)
        notes = {}
        for move, draft in posted:
            notes |= {
                ("credit_note", note.key): (move, note) for note in draft.credit_notes
            }
            for line, planned in zip(
                move.line_ids.sorted("id"), draft.lines, strict=True
            ):
                if planned.settles:
                    settling[planned.settles] |= line
                elif planned.match:
                    matching[line.account_id, line.finance_match] |= line
        plan = self._settlement_plan(settling, notes) + self._match_plan(matching)
        if plan:
            self.env["account.move.line"]._reconcile_plan(plan)

    def _settlement_plan(self, settling, notes) -> list:
        credited = self.env["finance.credit.note"]._issue(notes)
        invoices = self._open_lines(
            value for role, value in settling if role == "invoice"
        )
        plan = []
        for key, lines in settling.items():
            others = credited.get(key) or invoices[key[1], lines.company_id.id]
            others = others.filtered(
                lambda line, lines=lines: (
                    line.account_id == lines.account_id[:1] and not line.reconciled
                )
            )
            if others:
                plan.append(lines | others)
        return plan

    def _open_lines(self, numbers) -> dict:
        found = defaultdict(self.env["account.move.line"].browse)
        lines = self.env["account.move.line"].search(
            [
                ("move_id.name", "in", list(numbers)),
                ("move_id.move_type", "in", ("out_invoice", "in_invoice")),
                ("parent_state", "=", "posted"),
                ("account_type", "in", ("asset_receivable", "liability_payable")),
                ("reconciled", "=", False),
            ]
        )
        for line in lines:
            found[line.move_name, line.company_id.id] |= line
        return found

    def _match_plan(self, matching) -> list:
        """Groups of lines with one foreign reference that sum to zero."""
        if not matching:
            return []
        accounts = {account.id for account, _match in matching}
        open_lines = self.env["account.move.line"].search(
            [
                ("account_id", "in", list(accounts)),
                ("finance_match", "in", [match for _account, match in matching]),
                ("parent_state", "=", "posted"),
                ("account_id.reconcile", "=", True),
                ("reconciled", "=", False),
            ]
        )
        groups = defaultdict(self.env["account.move.line"].browse)
        for line in open_lines:
            groups[line.account_id, line.currency_id, line.finance_match] |= line
        return [
            lines
            for (_account, currency, _match), lines in groups.items()
            if len(lines) > 1
            and currency.is_zero(sum(lines.mapped("amount_residual_currency")))
        ]
