import json
import re
from collections import defaultdict
from decimal import Decimal

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.finance_core import posting, states
from odoo.addons.finance_core.errors import NeedsPerson

from .finance_poster import Item

PAYOUTS_A_STEP = 20
DONE = ("posted", "reconciled", "ignored")
OWN = ("payout", "payout_reversal")


class FinancePayout(models.Model):
    """Money a provider sent to the bank (or drew from it), with what it consists of.

    Proved when the listing of its transactions is complete, every one of them is in
    the books, and their net amounts sum to the payout. Cleared when the bank line
    arrived.
    """

    _name = "finance.payout"
    _description = "Payout"
    _order = "arrival_date desc, id desc"
    _rec_name = "source_id"

    system_id = fields.Many2one(
        "finance.system", required=True, readonly=True, ondelete="restrict"
    )
    company_id = fields.Many2one(related="system_id.company_id", store=True, index=True)
    source_id = fields.Char("Foreign ID", required=True, readonly=True)
    status = fields.Char("Status at the Provider", readonly=True)
    method = fields.Char(readonly=True)
    arrival_date = fields.Date(readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    amount = fields.Monetary(
        readonly=True, help="What left the balance at the provider."
    )
    state = fields.Selection(
        [
            ("open", "Open"),
            ("flagged", "Does not tie"),
            ("tied", "Ties"),
            ("cleared", "Ties, in the bank"),
        ],
        required=True,
        default="open",
        readonly=True,
    )
    reason = fields.Char("Why", readonly=True)
    listing_complete = fields.Boolean(readonly=True)
    transaction_count = fields.Integer("Transactions", readonly=True)
    transactions_net = fields.Monetary("Sum of Transactions", readonly=True)
    difference = fields.Monetary(readonly=True)
    document_ids = fields.One2many("finance.document", "payout_id", readonly=True)
    checked_at = fields.Datetime("Last Checked", readonly=True)

    _source_unique = models.Constraint(
        "UNIQUE (system_id, source_id)", "This payout exists already."
    )
    _open_ones = models.Index("(system_id) WHERE state IN ('open', 'flagged')")

    # -- learning from documents -------------------------------------------------

    @api.model
    def _learn(self, documents):
        """Take over what new documents of one system say about payouts."""
        payouts = documents.filtered(
            lambda each: each.type == "payout" and each.state != "superseded"
        )
        settlements = documents.filtered(lambda each: each.type == "settlement")
        transactions = documents.filtered(
            lambda each: each.type == "balance_transaction"
        )
        touched = self._take_over(payouts) | self._listed(settlements)
        touched |= self._waiting_for(transactions)
        touched._recheck()

    def _waiting_for(self, transactions):
        """The open payouts of which not every listed transaction has arrived."""
        checked = self.search(
            [
                ("system_id", "in", transactions.system_id.ids),
                ("state", "=", "open"),
                ("checked_at", "!=", False),
            ]
        )
        return checked.filtered(
            lambda each: len(each.document_ids) <= each.transaction_count
        )

    def _take_over(self, documents):
        touched = self.browse()
        for document in documents:
            canonical = document._plain()
            payout = self._named(document.system_id, document.source_id)
            payout.write(
                {
                    "status": canonical.status,
                    "method": canonical.method,
                    "arrival_date": canonical.arrival_date,
                }
            )
            touched |= payout
        return touched

    def _named(self, system, source_id: str):
        known = self.search(
            [("system_id", "=", system.id), ("source_id", "=", source_id)]
        )
        return known or self.create({"system_id": system.id, "source_id": source_id})

    def _listed(self, settlements):
        touched = self.browse()
        for settlement in settlements:
            touched |= self._named(settlement.system_id, settlement._plain().payout_id)
        return touched

    def _link(self, names):
        """Transactions of these names that arrived become documents of the payout."""
        self.env["finance.document"].flush_model(["payout_id"])
        self.env.cr.execute(
            SQL(
                """UPDATE finance_document SET payout_id = %s
                    WHERE system_id = %s AND type = 'balance_transaction'
                      AND source_id = ANY(%s) AND payout_id IS DISTINCT FROM %s""",
                self.id,
                self.system_id.id,
                list(names),
                self.id,
            )
        )
        self.env["finance.document"].invalidate_model(["payout_id"])
        self.invalidate_recordset(["document_ids"])

    def _recheck(self):
        """New facts: prove again, unless it is proved."""
        self.filtered(lambda each: each.state == "flagged")._set_state("open")
        self.filtered(lambda each: each.state == "open").checked_at = False

    def _set_state(self, state: str, **values):
        changing = self.filtered(
            lambda payout: states.check(states.PAYOUT, payout.state, state)
        )
        changing.write({"state": state, **values})
        self.env["finance.log"]._append(
            {
                "event": f"payout.{state}",
                "system_id": payout.system_id.id,
                "company_id": payout.company_id.id,
                "detail": f"{payout.source_id} {payout.reason or ''}".strip(),
            }
            for payout in changing
        )
        return changing

    # -- proving -----------------------------------------------------------------

    @api.model
    def _prove_step(self, system) -> int:
        """Prove payouts about which something new is known: how many."""
        payouts = self.search(
            [
                ("system_id", "=", system.id),
                ("state", "=", "open"),
                ("checked_at", "=", False),
            ],
            limit=PAYOUTS_A_STEP,
        )
        for payout in payouts:
            payout._prove()
        payouts.checked_at = fields.Datetime.now()
        self._clear_from_bank(system)
        return len(payouts)

    def _prove(self):
        self.ensure_one()
        listed, complete = self._listing()
        own = self._own_document()
        self._link([*listed, own.source_id or ""])
        current = self.document_ids.filtered(lambda each: each.state != "superseded")
        members = current - own
        net = sum(listed.values(), Decimal(0))
        expected = -Decimal(json.loads(own.content)["net"]) if own else Decimal(0)
        self.write(
            {
                "currency_id": own.currency_id.id,
                "amount": float(expected),
                "listing_complete": complete,
                "transaction_count": len(listed),
                "transactions_net": float(net),
                "difference": float(net - expected),
            }
        )
        if not own or not complete:
            self.reason = self.env._("The provider's listing is not complete yet.")
        elif net != expected:
            self._flag(net, expected)
        elif len(members) < len(listed):
            self.reason = self.env._("Some listed transactions have not arrived yet.")
        else:
            self._settle(own, members)

    def _listing(self) -> tuple[dict[str, Decimal], bool]:
        """Net amounts of the listed transactions without the payout's own one, and
        whether the last page is there."""
        pages = self.env["finance.document"].search(
            [
                ("system_id", "=", self.system_id.id),
                ("type", "=", "settlement"),
                ("correlation_id", "=", self.source_id),
                ("state", "!=", "superseded"),
            ]
        )
        canonical = [page._plain() for page in pages]
        lines = {
            line.source_id: line.net
            for page in canonical
            for line in page.transactions
            if line.category not in OWN or not self._is_own(line.source_id)
        }
        return lines, any(page.last for page in canonical)

    def _own_document(self):
        """The balance transaction of the payout itself."""
        return self.env["finance.document"].search(
            [
                ("system_id", "=", self.system_id.id),
                ("type", "=", "balance_transaction"),
                ("category", "=", "payout"),
                ("correlation_id", "=", self.source_id),
                ("state", "!=", "superseded"),
            ],
            limit=1,
        )

    def _is_own(self, transaction: str) -> bool:
        return transaction == self._own_document().source_id

    def _flag(self, net: Decimal, expected: Decimal):
        words = self.env._(
            "Payout %(payout)s is %(expected)s %(currency)s, but its listed"
            " transactions sum to %(net)s: a difference of %(difference)s.",
            payout=self.source_id,
            net=net,
            currency=self.currency_id.name,
            expected=expected,
            difference=abs(expected - net),
        )
        self._set_state("flagged", reason=words)
        need = NeedsPerson(
            f"payout:{self.source_id}",
            words,
            self.env._(
                "Pull the payout's transactions again; if it still does not tie, ask"
                " the provider for the missing transaction."
            ),
            category="reconciliation",
        )
        self.env["finance.exception"]._raise_for(
            self.system_id, need, payout_id=self.id
        )

    def _settle(self, own, members):
        """The sums agree: post what waited for that, then it ties."""
        ready = (own | members).filtered(lambda each: each.state == "ready")
        if ready:
            self._post_combined(ready)
        missing = (own | members).filtered(lambda each: each.state not in DONE)
        if missing:
            self.reason = self.env._(
                "%(count)s of its transactions are not posted yet.", count=len(missing)
            )
            return
        self._reconcile_clearing(own | members)
        posted = (own | members).filtered(lambda each: each.state == "posted")
        posted._set_state("reconciled")
        self._set_state("tied", reason=False)
        self.env["finance.exception"].search(
            [("payout_id", "=", self.id), ("state", "=", "open")]
        )._resolve(self.env._("The payout ties."))

    def _post_combined(self, ready):
        """One entry for the whole payout, all its documents linked to it."""
        held = self.document_ids.filtered(lambda each: each.state == "held")
        if held:
            return
        poster = self.env["finance.poster"]
        drafts = poster._translate(self.system_id, ready)
        if len(drafts) < len(ready):
            return
        day = max(draft.date for draft in drafts.values())
        combined = posting.combine(list(drafts.values()), day, self.source_id)
        poster._post([Item(ready, combined)])

    def _reconcile_clearing(self, documents):
        """The clearing lines of a payout cancel out; Odoo books the exchange
        differences they leave in company currency."""
        lines = documents.move_ids.line_ids.filtered(
            lambda line: (
                line.account_id.reconcile
                and not line.reconciled
                and not line.finance_match
                and not line.partner_id
            )
        )
        groups = defaultdict(self.env["account.move.line"].browse)
        for line in lines:
            groups[line.account_id, line.currency_id] |= line
        plan = [
            several
            for (_account, currency), several in groups.items()
            if currency.is_zero(sum(several.mapped("amount_residual_currency")))
        ]
        if plan:
            self.env["account.move.line"]._reconcile_plan(plan)

    # -- the bank's side -----------------------------------------------------------

    @api.model
    def _clear_from_bank(self, system):
        """Match bank lines that name a payout with its line in transit."""
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """SELECT payout.id, payout.source_id, line.id, line.payment_ref
                     FROM finance_payout payout
                     JOIN account_bank_statement_line line
                       ON NOT line.is_reconciled
                      AND position(payout.source_id in line.payment_ref) > 0
                     JOIN account_move move ON move.id = line.move_id
                      AND move.company_id = payout.company_id
                    WHERE payout.system_id = %s AND payout.state <> 'cleared'""",
                system.id,
            )
        )
        bank_lines = defaultdict(self.env["account.bank.statement.line"].browse)
        for payout_id, source_id, line_id, words in rows:
            if re.search(rf"(?<!\w){re.escape(source_id)}(?!\w)", words):
                bank_lines[payout_id] += bank_lines[payout_id].browse(line_id)
        for payout_id, lines in bank_lines.items():
            self.browse(payout_id)._clear(lines)

    def _clear(self, bank_lines):
        """Dr bank / Cr transit, where the amounts agree; else a person decides."""
        transit = self.env["account.move.line"].search(
            [
                ("company_id", "=", self.company_id.id),
                ("finance_match", "=", f"payout:{self.source_id}"),
                ("parent_state", "=", "posted"),
                ("reconciled", "=", False),
            ]
        )
        currency = bank_lines[:1].foreign_currency_id or bank_lines[:1].currency_id
        arrived = sum(bank_lines.mapped("amount"))
        expected = sum(transit.mapped("amount_residual_currency"))
        if not transit or currency.compare_amounts(arrived, expected):
            return
        plan = transit
        for bank_line in bank_lines:
            plan |= bank_line._finance_counterpart(transit[:1].account_id)
        self.env["account.move.line"]._reconcile_plan([plan])
        if self.state == "tied":
            self._set_state("cleared")

    # -- screens -------------------------------------------------------------------

    def action_pull_again(self):
        """Ask the provider once more for what this payout consists of."""
        for payout in self:
            payout.sudo()._recheck()  # sudo: asking again is for everybody
            self.env["finance.engine"]._want_pull(
                payout.system_id, "payout_transactions", payout.source_id
            )

    def action_open_transactions(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Transactions of %s", self.source_id),
            "res_model": "finance.document",
            "domain": [("payout_id", "=", self.id)],
            "view_mode": "list,form",
        }
