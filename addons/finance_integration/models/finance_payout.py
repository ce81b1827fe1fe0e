from collections import defaultdict
from collections.abc import Iterable, Mapping

import psycopg2

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.finance_core import states
from odoo.addons.finance_core.contract.envelope import Document
from odoo.addons.finance_core.errors import NeedsPerson

from ..roles import need_role
from .finance_poster import as_need

PAYOUTS_A_STEP = 20
FELL = ("failed", "cancelled")
MISSING = "payout_missing:"  #: why a transaction waits for a person: no payout came


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
    source_id = fields.Char("Foreign ID", required=True, readonly=True, index=True)
    status = fields.Char("Status at the Provider", readonly=True)
    method = fields.Char(readonly=True)
    automatic = fields.Boolean(
        default=True,
        readonly=True,
        help="The provider tells which transactions an automatic payout consists of.",
    )
    trace_id = fields.Char(
        "Reference at the Bank",
        readonly=True,
        index="btree_not_null",
        help="What the bank line may quote.",
    )
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
            ("unlisted", "Without a list"),
            ("cleared", "In the bank"),
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
    def _learn(self, system, plain: Mapping):
        """Take over what new documents ({document: canonical}) say about payouts."""
        notices = self.env["finance.document"]._of_type(plain, "payout")
        touched = self._take_over(
            {each: plain[each] for each in notices if each.state != "superseded"}
        )
        types = {told.type for told in plain.values()}
        if "settlement" in types:
            pages = (told for told in plain.values() if told.type == "settlement")
            named = self._named(system, {page.payout_id for page in pages})
            touched |= touched.concat(*named.values())
            self._prove_changed(touched)
        if "balance_transaction" in types:
            touched |= self._waiting_for(system)
        touched._recheck()

    @api.model
    def _listed_by(self, system, canonical: Iterable[Document]) -> dict:
        """Payout ids by (type, source id) of the new transactions among ``canonical``
        which a page among them lists: most come with the page that does. What is in
        the lists of two is left to the proofs."""
        named = defaultdict(set)
        for page in canonical:
            if page.type == "settlement":
                for line in page.transactions:
                    named[line.source_id].add(page.payout_id)
        known = self._arrived(system, named)
        payouts = self._named(system, set().union(*named.values()))
        lists = {
            name: payouts[payout]
            for name, (payout, *others) in named.items()
            if not others and name not in known
        }
        return {
            ("balance_transaction", name): payout.id
            for name, payout in lists.items()
            if payout.state in ("open", "flagged")
        }

    def _arrived(self, system, names: Iterable[str]) -> set[str]:
        rows = self.env.execute_query(
            SQL(
                """SELECT source_id FROM finance_document
                    WHERE system_id = %s AND type = 'balance_transaction'
                      AND source_id = ANY(%s)""",
                system.id,
                list(names),
            )
        )
        return {name for (name,) in rows}

    def _waiting_for(self, system):
        """The open payouts of which not every listed transaction has arrived."""
        checked = self.search(
            [
                ("system_id", "=", system.id),
                ("state", "=", "open"),
                ("checked_at", "!=", False),
            ]
        )
        # counted by the database: this is asked for every batch, and a payout may
        # have 10,000 documents
        groups = self.env["finance.document"]._read_group(
            [("payout_id", "in", checked.ids), ("state", "!=", "superseded")],
            ["payout_id"],
            ["__count"],
        )
        arrived = dict(groups)
        return checked.filtered(
            lambda each: arrived.get(each, 0) <= each.transaction_count
        )

    def _current_documents(self):
        return self.env["finance.document"].search_fetch(
            [("payout_id", "=", self.id), ("state", "!=", "superseded")],
            ["state", "source_id"],
        )

    @api.model
    def _posted(self, documents):
        """Payouts that consist of newly posted documents, or were brought back by
        them, can be proved anew."""
        rows = self.env.execute_query(
            SQL(
                """SELECT payout_id FROM finance_document
                    WHERE id = ANY(%(posted)s) AND payout_id IS NOT NULL
                    UNION SELECT payout.id FROM finance_document document
                     JOIN finance_payout payout
                       ON payout.system_id = document.system_id
                      AND payout.source_id = document.correlation_id
                    WHERE document.id = ANY(%(posted)s)
                      AND document.category = 'payout_reversal'""",
                posted=documents.ids,
            )
        )
        self.browse(id_ for (id_,) in rows)._recheck()

    def _take_over(self, told: Mapping):
        touched = self.browse()
        for document, canonical in told.items():
            name = document.source_id
            payout = self._named(document.system_id, {name})[name]
            if canonical.status in FELL and payout.status not in FELL:
                payout._set_state("open")
            payout.write(
                {
                    "status": canonical.status,
                    "method": canonical.method,
                    "automatic": canonical.automatic,
                    "arrival_date": canonical.arrival_date,
                    "trace_id": canonical.trace_id,
                }
            )
            touched |= payout
        return touched

    def _named(self, system, names: set[str]) -> dict:
        """The payouts of these names, by name; what is not known yet is created."""
        known = self.search(
            [("system_id", "=", system.id), ("source_id", "in", list(names))]
        )
        new = self.create(
            [
                {"system_id": system.id, "source_id": name}
                for name in sorted(names - set(known.mapped("source_id")))
            ]
        )
        return {payout.source_id: payout for payout in known | new}

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
                "payout_id": payout.id,
                "detail": f"{payout.source_id} {payout.reason or ''}".strip(),
            }
            for payout in changing
        )
        return changing

    # -- engine -----------------------------------------------------------------

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
        payouts.checked_at = fields.Datetime.now()
        for payout in payouts:
            payout._guarded(payout._prove)
        if payouts:  # what waited for them may have gone on
            self.env["finance.exception"]._resolve_empty(system.id)
        self._clear_from_bank(system)
        if not payouts:  # nothing is left to do that would change the books
            self.env["finance.balance.proof"]._prove(system)
        return len(payouts)

    def _guarded(self, work, *args):
        """Do ``work``; when it fails, that is this payout's alone, and a person's."""
        try:
            with self.env.cr.savepoint():
                work(*args)
        except psycopg2.OperationalError:
            raise  # the database asks for the whole transaction again
        except Exception as error:
            need = as_need(error)
            self._stop(str(need), need.remedy, need.category)

    def _stop(self, words: str, remedy: str, category="reconciliation"):
        """A person has to look at this payout: one exception, with what is known
        now."""
        need = NeedsPerson(
            f"payout:{self.source_id}",
            words,
            remedy,
            category=category,
            field=self.env._("Payout"),
            value=self.source_id,
            action="ask_provider",
        )
        self._exceptions().filtered(lambda each: each.name != words)._resolve(
            self.env._("Something else is known by now.")
        )
        self.env["finance.exception"]._raise_for(
            self.system_id, need, payout_id=self.id
        )
        self.filtered(lambda each: each.state == "open")._set_state(
            "flagged", reason=words
        )

    def _exceptions(self):
        return self.env["finance.exception"].search(
            [("payout_id", "in", self.ids), ("state", "=", "open")]
        )

    # -- screens -------------------------------------------------------------------

    def action_pull_again(self):
        """Ask the provider once more for what this payout consists of."""
        need_role(self, "user")
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
