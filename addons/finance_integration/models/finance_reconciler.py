from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from odoo import api, models


class FinanceReconciler(models.AbstractModel):
    """Reconciles the lines of new entries with what they settle, in one plan."""

    _name = "finance.reconciler"
    _description = "Reconciler of Posted Lines"

    @api.model
    def _reconcile(self, system, posted: Sequence[tuple]):
        """``posted`` are pairs of (entry, the EntryDraft it was made of).

        Odoo books exchange differences itself while reconciling. Refunds come last:
        what they give back may have been paid by an entry beside them.
        """
        settling = defaultdict(self.env["account.move.line"].browse)
        matching = defaultdict(self.env["account.move.line"].browse)
        notes = {}
        for move, draft in posted:
            notes |= {note.key: (move, note) for note in draft.credit_notes}
            for line, planned in zip(
                move.line_ids.sorted("id"), draft.lines, strict=True
            ):
                if planned.settles:
                    settling[planned.settles] |= line
                elif planned.match:
                    matching[line.account_id, line.finance_match] |= line
        refunds = {key: settling.pop(("credit_note", key)) for key in notes}
        self._apply(self._settlement_plan(settling) + self._match_plan(matching))
        if refunds:
            self._apply(self._overpaid_plan(system, refunds, notes))
            self._apply(self._credit_plan(refunds, notes))

    def _apply(self, plan: list):
        if plan:
            self.env["account.move.line"]._reconcile_plan(plan)

    def _settlement_plan(self, settling) -> list:
        """New lines with what is open of their invoice, and of earlier payments of it.

        What takes a payment back is set against payments first; the invoice is open
        again by as much.
        """
        lines = self.env["account.move.line"].union(*settling.values())
        cases = self._cases(lines)
        for case in cases.values():
            self._reopen(case)
        invoices = self._open_lines(value for _role, value in settling)
        plan = []
        for key, new in settling.items():
            case = cases[new.account_id[:1], new[:1].finance_match]
            money = case.filtered(lambda line: not line.reconciled)
            invoice = invoices[key[1], new.company_id.id].filtered(
                lambda line, new=new: line.account_id == new.account_id[:1]
            )
            if len(money) > 1 and _taken_back(money):
                plan.append([money, invoice])
            elif invoice:
                plan.append(money | invoice)
        return plan

    def _cases(self, lines) -> dict:
        """``lines`` with all earlier ones of the same foreign reference, by account
        and reference."""
        if not lines:
            return {}
        known = self.env["account.move.line"].search(
            [
                ("finance_match", "in", lines.mapped("finance_match")),
                ("account_id", "in", lines.account_id.ids),
                ("parent_state", "=", "posted"),
            ]
        )
        return known.grouped(lambda line: (line.account_id, line.finance_match))

    def _reopen(self, case):
        """Undo payments of the invoice where more is taken back than is unused."""
        if sum(case.mapped("amount_residual_currency")) > 0:
            used = case.matched_debit_ids.filtered(
                lambda part: part.debit_move_id.move_id.move_type == "out_invoice"
            )
            used.unlink()

    def _overpaid_plan(self, system, refunds, notes) -> list:
        """Refunds of what was paid too much give back that, not the invoice."""
        plan = defaultdict(self.env["account.move.line"].browse)
        for key, lines in refunds.items():
            match = system._match_key("invoice", notes[key][1].invoice)
            plan[lines.account_id, match] |= lines
        unused = (
            self.env["account.move.line"]
            .search(
                [
                    ("finance_match", "in", [match for _account, match in plan]),
                    ("account_id", "in", [account.id for account, _match in plan]),
                    ("parent_state", "=", "posted"),
                    ("reconciled", "=", False),
                    ("amount_residual", "<", 0),
                ]
            )
            .grouped(lambda line: (line.account_id, line.finance_match))
        )
        return [plan[key] | lines for key, lines in unused.items() if key in plan]

    def _credit_plan(self, refunds, notes) -> list:
        """Credit notes for what is left of the refunds."""
        left = {
            key: (entry, replace(note, amount=_open_amount(refunds[key])))
            for key, (entry, note) in notes.items()
            if _open_amount(refunds[key])
        }
        credited = self.env["finance.credit.note"]._issue(left)
        return [
            refunds[key]
            | lines.filtered(
                lambda line, key=key: line.account_id == refunds[key].account_id
            )
            for key, lines in credited.items()
        ]

    def _open_lines(self, numbers) -> dict:
        found = defaultdict(self.env["account.move.line"].browse)
        lines = self.env["account.move.line"].search(
            [
                ("move_id.name", "in", list(numbers)),
                ("move_id.move_type", "=", "out_invoice"),
                ("parent_state", "=", "posted"),
                ("account_type", "=", "asset_receivable"),
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


def _taken_back(lines) -> bool:
    return any(line.amount_residual > 0 for line in lines)


def _open_amount(lines) -> Decimal:
    """What is open of ``lines`` in their currency, without a sign."""
    amount = Decimal(str(abs(sum(lines.mapped("amount_residual_currency")))))
    return amount.quantize(Decimal(1).scaleb(-lines.currency_id.decimal_places))
