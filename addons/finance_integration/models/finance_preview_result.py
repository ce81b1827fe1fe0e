"""What a preview found: documents that would change, and accounts with their sums."""

from collections.abc import Mapping
from decimal import Decimal

from odoo import api, fields, models
from odoo.tools import SQL, formatLang

from odoo.addons.finance_core import impact
from odoo.addons.finance_core.errors import NeedsPerson
from odoo.addons.finance_core.posting import EntryDraft, Ignored

from ..screens import open_record
from .finance_snapshot import _decimal

SUMS = (
    "debit_before",
    "credit_before",
    "balance_before",
    "debit_after",
    "credit_after",
    "balance_after",
)
KINDS = [
    ("posts", "Gets an entry"),
    ("entry", "Gets another entry"),
    ("held", "Waits for a person"),
    ("ignored", "Posts nothing"),
]


class FinancePreviewTotal(models.Model):
    """Debit and credit of one account in one currency over all documents looked at."""

    _name = "finance.preview.total"
    _description = "Impact on an Account"
    _order = "preview_id, account_id, currency_id"
    _log_access = False

    preview_id = fields.Many2one(
        "finance.preview", required=True, readonly=True, ondelete="cascade"
    )
    account_id = fields.Many2one(
        "account.account", required=True, readonly=True, ondelete="cascade"
    )
    currency_id = fields.Many2one(
        "res.currency", required=True, readonly=True, ondelete="cascade"
    )
    company_currency_id = fields.Many2one(related="preview_id.company_id.currency_id")
    debit_before = fields.Monetary(readonly=True)
    credit_before = fields.Monetary(readonly=True)
    debit_after = fields.Monetary(readonly=True)
    credit_after = fields.Monetary(readonly=True)
    balance_before = fields.Monetary(
        readonly=True, currency_field="company_currency_id"
    )
    balance_after = fields.Monetary(readonly=True, currency_field="company_currency_id")
    difference = fields.Monetary(
        compute="_compute_difference", help="Debit less credit, after less before."
    )
    balance_difference = fields.Monetary(
        compute="_compute_difference",
        currency_field="company_currency_id",
        help="The same in company currency.",
    )

    _place_unique = models.UniqueIndex("(preview_id, account_id, currency_id)")

    @api.depends(*SUMS)
    def _compute_difference(self):
        for total in self:
            before = total.debit_before - total.credit_before
            after = total.debit_after - total.credit_after
            total.difference = total.currency_id.round(after - before)
            total.balance_difference = total.company_currency_id.round(
                total.balance_after - total.balance_before
            )

    @api.model
    def _add(self, preview, totals: impact.Totals):
        """Add the sums of some documents, exactly."""
        currencies = _currency_ids(self.env)
        values = [
            SQL(
                "(%s, %s, %s, %s)",
                preview.id,
                account_id,
                currencies[code],
                SQL(", ").join(
                    SQL("%s", amount)
                    for each in (before, after)
                    for amount in (each.debit, each.credit, each.balance)
                ),
            )
            for (account_id, code), before, after in totals
        ]
        if not values:
            return
        self.env.execute_query(
            SQL(
                """INSERT INTO finance_preview_total AS known
                          (preview_id, account_id, currency_id, %s) VALUES %s
                   ON CONFLICT (preview_id, account_id, currency_id)
                   DO UPDATE SET %s RETURNING id""",
                SQL(", ").join(map(SQL.identifier, SUMS)),
                SQL(", ").join(values),
                SQL(", ").join(
                    SQL(
                        "%(name)s = known.%(name)s + excluded.%(name)s",
                        name=SQL.identifier(name),
                    )
                    for name in SUMS
                ),
            )
        )
        self.invalidate_model()

    def action_open_lines(self):
        """The documents that would change what this account gets."""
        self.ensure_one()
        action = self.preview_id.action_open_lines()
        action["domain"].append(("account_ids", "in", self.account_id.ids))
        return action


class FinancePreviewLine(models.Model):
    """A document that would become something else."""

    _name = "finance.preview.line"
    _description = "Changed Document"
    _order = "id"
    _log_access = False
    _rec_name = "document_id"

    preview_id = fields.Many2one(
        "finance.preview",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    document_id = fields.Many2one(
        "finance.document",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    kind = fields.Selection(KINDS, "Change", required=True, readonly=True)
    before = fields.Text(readonly=True)
    after = fields.Text(readonly=True)
    books = fields.Text(
        "In the Books",
        readonly=True,
        help="Its posted entry, where that is not what is in force now.",
    )
    account_ids = fields.Many2many(
        "account.account", string="Accounts with Other Lines", readonly=True
    )
    occurred_at = fields.Datetime(related="document_id.occurred_at")
    document_state = fields.Selection(related="document_id.state", string="Now")
    currency_id = fields.Many2one(related="document_id.currency_id")
    amount = fields.Monetary(related="document_id.amount")

    @api.model
    def _add(self, preview, changes: Mapping):
        """Keep the changes of some documents."""
        booked = self._booked([document.id for document in changes])
        words = _Words(self.with_company(preview.company_id).env)
        self.create(
            [
                {
                    "preview_id": preview.id,
                    "document_id": document.id,
                    "kind": _kind(change),
                    "before": words.outcome(change.before),
                    "after": words.outcome(change.after),
                    "books": words.booked(booked.get(document.id, {}), change.before),
                    "account_ids": [(6, 0, change.accounts)],
                }
                for document, change in changes.items()
            ]
        )

    def _booked(self, document_ids: list[int]) -> dict[int, dict]:
        """{document id: {(account id, currency code): amount}} of posted entries that
        are about one document alone."""
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """SELECT link.document_id, line.account_id, currency.id,
                          sum(line.amount_currency)
                     FROM finance_document_move_rel link
                     JOIN account_move_line line ON line.move_id = link.move_id
                      AND line.parent_state = 'posted'
                     JOIN res_currency currency ON currency.id = line.currency_id
                    WHERE link.document_id = ANY(%s)
                      AND NOT EXISTS (SELECT FROM finance_document_move_rel other
                                       WHERE other.move_id = link.move_id
                                         AND other.document_id <> link.document_id)
                    GROUP BY 1, 2, 3""",
                document_ids,
            )
        )
        found: dict[int, dict] = {}
        for document_id, account_id, currency_id, amount in rows:
            currency = self.env["res.currency"].browse(currency_id)
            exact = _decimal(amount, currency)
            if exact:
                found.setdefault(document_id, {})[account_id, currency.name] = exact
        return found

    def action_open_document(self):
        self.ensure_one()
        return open_record(self.document_id)


class _Words:
    """Outcomes in the words of people, in one language."""

    def __init__(self, env):
        self.env = env
        self._currencies = _currency_ids(env)
        self._names: dict[tuple[str, int], str] = {}

    def outcome(self, outcome: impact.Outcome) -> str:
        if isinstance(outcome, NeedsPerson):
            return self.env._("Held: %s", outcome)
        if isinstance(outcome, Ignored):
            return self.env._("Posts nothing: %s", outcome.reason)
        head = f"{outcome.date} · {self._name('account.journal', outcome.journal_id)}"
        return "\n".join([head, *map(self._line, outcome.lines)])

    def booked(self, moved: Mapping, before: impact.Outcome) -> str:
        """What is on the books; empty where that is what is in force."""
        if moved == impact.amounts(before):
            return ""
        return "\n".join(
            self._amount(account_id, amount, currency)
            for (account_id, currency), amount in moved.items()
        )

    def _line(self, line) -> str:
        told = self._amount(line.account_id, line.amount, line.currency)
        partner = line.partner_id and self._name("res.partner", line.partner_id)
        return " · ".join(filter(None, (told, partner, line.label)))

    def _amount(self, account_id: int, amount: Decimal, currency: str) -> str:
        side = self.env._("Dr") if amount >= 0 else self.env._("Cr")
        record = self.env["res.currency"].browse(self._currencies[currency])
        shown = formatLang(self.env, float(abs(amount)), currency_obj=record)
        return f"{side} {self._name('account.account', account_id)}: {shown}"

    def _name(self, model: str, record_id: int) -> str:
        key = model, record_id
        if key not in self._names:
            record = self.env[model].browse(record_id).exists()
            self._names[key] = record.display_name or self.env._("deleted")
        return self._names[key]


def _kind(change: impact.Change) -> str:
    if isinstance(change.after, EntryDraft):
        return "posts" if change.posts else "entry"
    return "held" if isinstance(change.after, NeedsPerson) else "ignored"


def _currency_ids(env) -> dict[str, int]:
    every = env["res.currency"].with_context(active_test=False).search([])
    return {each.name: each.id for each in every}
