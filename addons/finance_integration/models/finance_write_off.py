from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal

from odoo import api, models


class FinanceWriteOff(models.AbstractModel):
    """Settles invoices that were paid a little too little or too much.

    After reconciling, because only then it is known what is left; by an entry of its
    own, so that what the source told stays as it is.
    """

    _name = "finance.write.off"
    _description = "Differences Within Tolerance"

    @api.model
    def _settle(self, posted: Sequence[tuple]) -> list:
        """``posted`` are pairs of (entry, the EntryDraft it was made of). Returns, for
        each of them, the entries that write off what is left, by invoice number."""
        written: dict = {move: {} for move, _draft in posted}
        paid = _paid(draft for _move, draft in posted)
        # several payments of one invoice in a batch leave one difference: the last's
        cases = {
            left: (move, draft.write_off, number)
            for move, draft in posted
            if draft.write_off
            for number, left in self._left(move, draft, paid)
        }
        plan = []
        for left, (move, write_off, number) in cases.items():
            small = self._book(move, write_off, left)
            plan.append(left | small.line_ids.sorted("id")[:1])
            written[move][number] = small
        if plan:
            self.env["account.move.line"]._reconcile_plan(plan)
        return list(written.values())

    def _left(self, move, draft, paid: Mapping[str, Decimal]):
        """The numbers of invoices, with their open lines and those of their payments,
        that come to a small sum: small beside what was paid, too. An invoice whose
        money was taken back is open, not nearly paid."""
        cases = {
            line.settles[1]: line.account_id
            for line in draft.lines
            if line.settles and line.settles[0] == "invoice"
        }
        matches = set(move.line_ids.mapped("finance_match")) - {False}
        for number, account_id in cases.items():
            lines = self.env["account.move.line"].search(
                [
                    ("company_id", "=", move.company_id.id),
                    ("account_id", "=", account_id),
                    ("parent_state", "=", "posted"),
                    ("reconciled", "=", False),
                    "|",
                    "&",
                    ("move_id.name", "=", number),
                    ("move_id.move_type", "=", "out_invoice"),
                    ("finance_match", "in", _of(matches, number)),
                ]
            )
            total = Decimal(str(round(sum(lines.mapped("amount_residual")), 6)))
            small = 0 < abs(total) <= draft.write_off.limit
            if small and abs(total) < paid[number] and len(lines.currency_id) == 1:
                yield number, lines

    def _book(self, move, write_off, left):
        """A posted entry that takes ``left`` to zero."""
        balance = sum(left.mapped("amount_residual"))
        amount = sum(left.mapped("amount_residual_currency"))
        other = write_off.loss if balance > 0 else write_off.gain
        entry = {
            "date": move.date,
            "journal_id": move.journal_id.id,
            "ref": self.env._("Difference of %s", move.ref),
        }
        line = {
            "partner_id": left.partner_id[:1].id,
            "currency_id": left.currency_id.id,
            "amount_currency": -amount,
            "balance": -balance,
        }
        accounts = (left.account_id.id, other)
        return self._enter(move.company_id, entry, line, accounts)

    @api.model
    def _enter(self, company, entry: Mapping, line: Mapping, accounts: tuple[int, int]):
        """A posted entry with ``line`` on the first of ``accounts``, and its opposite
        on the other."""
        opposite = {name: -line[name] for name in ("amount_currency", "balance")}
        first, other = accounts
        small = (
            self.env["account.move"]
            .with_company(company)
            .create(
                {
                    **entry,
                    "move_type": "entry",
                    "line_ids": [
                        (0, 0, {**line, "account_id": first}),
                        (0, 0, {**line, **opposite, "account_id": other}),
                    ],
                }
            )
        )
        small._post(soft=False)
        return small


def settled(draft) -> set[str]:
    """The numbers of the invoices the lines of a draft settle."""
    roles = {line.settles for line in draft.lines if line.settles}
    return {number for role, number in roles if role == "invoice"}


def _paid(drafts) -> Counter:
    """What ``drafts`` pay of each invoice, less what they take back, in company
    currency."""
    paid: Counter = Counter()
    for draft in drafts:
        for line in draft.lines:
            if line.settles and line.settles[0] == "invoice":
                paid[line.settles[1]] -= line.balance
    return paid


def _of(matches: set[str], number: str) -> list[str]:
    return [match for match in matches if match.endswith(f":invoice:{number}")]
