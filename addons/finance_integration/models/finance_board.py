"""The board: one card a system, computed for all cards together."""

import json
from collections import defaultdict
from decimal import Decimal

from odoo import api, fields, models
from odoo.tools.misc import formatLang

from odoo.addons.finance_core import states

TODAY = [("received_at", ">=", "today")]
FAILED = ("dead", "rejected")
POSTED = ("posted", "reconciled")
#: what stands behind each number of a card: action, domain
FIGURES = {
    "received_today": ("message", TODAY),
    "failed_today": ("message", [*TODAY, ("state", "in", FAILED)]),
    "posted_today": (
        "document",
        [("state", "in", POSTED), ("message_id", "any", TODAY)],
    ),
    "held_today": ("document", [("state", "=", "held"), ("message_id", "any", TODAY)]),
    "open_exception_count": ("exception", [("state", "=", "open")]),
    "overdue_exception_count": (
        "exception",
        [("state", "=", "open"), ("due_at", "<", "now")],
    ),
    "parked_document_count": (
        "document",
        [("state", "=", "held"), ("exception_id.state", "=", "waiting")],
    ),
    "flagged_payout_count": ("payout", [("state", "=", "flagged")]),
}


class FinanceSystem(models.Model):
    _inherit = "finance.system"

    health = fields.Selection(
        [("ok", "In order"), ("attention", "Needs attention"), ("failing", "Failing")],
        compute="_compute_board",
    )
    health_reason = fields.Char(compute="_compute_board")
    received_today = fields.Integer(compute="_compute_board")
    posted_today = fields.Integer(compute="_compute_board")
    held_today = fields.Integer(compute="_compute_board")
    failed_today = fields.Integer(compute="_compute_board")
    open_exception_count = fields.Integer("Open Exceptions", compute="_compute_board")
    overdue_exception_count = fields.Integer(
        "Overdue Exceptions", compute="_compute_board"
    )
    parked_document_count = fields.Integer(
        "Documents That Wait for What They Refer to", compute="_compute_board"
    )
    oldest_exception_at = fields.Datetime(compute="_compute_board")
    flagged_payout_count = fields.Integer(
        "Payouts That Do Not Tie", compute="_compute_board"
    )
    complete_until = fields.Date(
        compute="_compute_complete_until",
        help="The last day for which no flow that can be compared lacks anything.",
    )
    balance_html = fields.Html("Balances", compute="_compute_balance_html")

    @api.depends_context("uid", "tz", "allowed_company_ids")
    def _compute_board(self):
        messages, first = self._count_messages()
        documents = self._count_documents(first)
        exceptions = self._count_exceptions()
        dead = self._count_dead()
        late = FIGURES["overdue_exception_count"][1]
        overdue = dict(self._grouped("finance.exception", late))
        payouts = dict(self._grouped("finance.payout", [("state", "=", "flagged")]))
        parked = FIGURES["parked_document_count"][1]
        waiting = dict(self._grouped("finance.document", parked))
        for system in self:
            count, since, due = exceptions.get(system, (0, False, False))
            system.received_today = sum(messages[system].values())
            system.failed_today = sum(messages[system][state] for state in FAILED)
            system.posted_today = sum(documents[system][state] for state in POSTED)
            system.held_today = documents[system]["held"]
            system.open_exception_count = count
            system.oldest_exception_at = since
            system.overdue_exception_count = overdue.get(system, 0)
            system.parked_document_count = waiting.get(system, 0)
            system.flagged_payout_count = payouts.get(system, 0)
            system.health, system.health_reason = system._judge(dead.get(system), due)

    def _judge(self, dead: int | None, due) -> tuple[str, str]:
        """Health in one word and the reason for it, the worst first."""
        if paused := self._all_pause_words():
            return "attention", paused
        if self.door_shut_reason:
            return "failing", self.env._(
                "Senders are asked to come later: %s", self.door_shut_reason
            )
        if silent := self._call_words():
            return "failing", silent
        if dead:
            return "failing", self.env._("%s messages were given up.", dead)
        if due and due < fields.Datetime.now():
            return "failing", self.env._("An exception is overdue.")
        if self.flagged_payout_count:
            return "attention", self.env._("A payout does not tie.")
        if self.open_exception_count:
            return "attention", self.env._("Something waits for a person.")
        return "ok", self.env._("Nothing waits for a person.")

    def _grouped(self, model: str, domain: list, groupby=(), aggregates=("__count",)):
        return self.env[model]._read_group(
            [("system_id", "in", self.ids), *domain],
            ["system_id", *groupby],
            aggregates,
        )

    def _count_messages(self):
        """Today's messages by system and state, and the lowest id of them. All states
        are named so that the index on system, state and time is used."""
        counts = defaultdict(lambda: defaultdict(int))
        domain = [("state", "in", list(states.MESSAGE)), *TODAY]
        figures = ("__count", "id:min")
        groups = self._grouped("finance.message", domain, ["state"], figures)
        for system, state, count, _first in groups:
            counts[system][state] = count
        return counts, min((first for *_rest, first in groups), default=None)

    def _count_documents(self, first: int | None):
        """Documents of today's messages by system and state; ``first`` is the lowest
        id of those messages: their documents are looked up as one range of an index
        and not message by message."""
        counts = defaultdict(lambda: defaultdict(int))
        if first is None:
            return counts
        arrived = [
            ("system_id", "in", self.ids),
            ("state", "in", list(states.MESSAGE)),
            *TODAY,
        ]
        domain = [("message_id", ">=", first), ("message_id", "any", arrived)]
        groups = self._grouped("finance.document", domain, ["state"])
        for system, state, count in groups:
            counts[system][state] = count
        return counts

    def _count_exceptions(self):
        groups = self._grouped(
            "finance.exception",
            [("state", "=", "open")],
            aggregates=("__count", "create_date:min", "due_at:min"),
        )
        return {system: figures for system, *figures in groups}

    def _count_dead(self):
        return dict(self._grouped("finance.message", [("state", "=", "dead")]))

    def _compute_complete_until(self):
        """The day of the flow that is furthest behind."""
        for system in self:
            days = system.flow_ids.filtered("can_be_counted").mapped("complete_until")
            system.complete_until = all(days) and min(days, default=False)

    # -- balances ------------------------------------------------------------------

    def _compute_balance_html(self):
        ledger = self._clearing_balances()
        statements = self._stated_balances()
        nothing = self.env["finance.document"]
        for system in self:
            books = ledger[system]
            statement = statements.get(system, nothing)
            # sudo: amounts only
            stated = stated_amounts(statement.sudo().content)
            # where nothing is open the books say zero
            books = {code: Decimal(0).quantize(x) for code, x in stated.items()} | books
            rows = [
                {
                    "currency": currency,
                    "books": self._in_words(amount),
                    "stated": self._in_words(stated.get(currency)),
                    "differs": currency in stated and stated[currency] != amount,
                }
                for currency, amount in sorted(books.items())
            ]
            system.balance_html = self.env["ir.qweb"]._render(
                "finance_integration.board_balances",
                {"rows": rows, "stated_at": statement.occurred_at},
            )

    @api.model
    def _in_words(self, amount: Decimal | None) -> str:
        """An amount as people of the user's language write it; a dash for none."""
        if amount is None:
            return "—"
        digits = max(0, -amount.as_tuple().exponent)
        return formatLang(self.env, float(amount), digits=digits)  # to look at only

    def _clearing_balances(self) -> dict:
        """What the books say we have at each provider: {system: {currency: amount}}.

        On accounts that are reconciled only the open rest is summed: reconciled
        lines cancel out, and there may be a million of them.
        """
        # sudo: the board shows sums of clearing accounts, also to who may not open
        # the entries
        lines = self.sudo().env["account.move.line"]
        systems = self._systems_by_clearing_account()
        totals = defaultdict(lambda: defaultdict(Decimal))
        groups = lines._read_group(
            [
                ("account_id", "in", [account for account, _company in systems]),
                ("parent_state", "=", "posted"),
                ("reconciled", "=", False),
            ],
            ["account_id", "company_id", "currency_id"],
            ["amount_currency:sum", "amount_residual_currency:sum"],
        )
        for account, company, currency, whole, rest in groups:
            amount = currency.round(rest if account.reconcile else whole)
            digits = currency.decimal_places
            for system in systems.get((account.id, company.id), ()):
                totals[system][currency.name] += Decimal(f"{amount:.{digits}f}")
        return totals

    def _systems_by_clearing_account(self) -> dict:
        """{(account id, company id): systems whose clearing account it is}."""
        rules = self.env["finance.mapping.rule"].search(
            [
                ("mapping_id.system_id", "in", self.ids),
                ("mapping_id.target_model", "=", "account.account"),
                ("version_id.state", "=", "approved"),
                ("key", "=like", "clearing|%"),
            ]
        )
        systems = defaultdict(set)
        for rule in rules:
            system = rule.mapping_id.system_id
            systems[rule.target.id, system.company_id.id].add(system)
        return systems

    def _stated_balances(self) -> dict:
        """The providers' latest statements: {system: document}."""
        current = [("type", "=", "balance"), ("state", "!=", "superseded")]
        latest = dict(
            self._grouped("finance.document", current, aggregates=("occurred_at:max",))
        )
        documents = self.env["finance.document"].search(
            [
                ("system_id", "in", self.ids),
                ("occurred_at", "in", list(latest.values())),
                *current,
            ]
        )
        return {
            document.system_id: document
            for document in documents
            if document.occurred_at == latest[document.system_id]
        }

    def action_open_figure(self):
        """The list behind a number of the card; ``figure`` in the context names it."""
        self.ensure_one()
        figure = self.env.context["figure"]
        model, domain = FIGURES[figure]
        action = self.env["ir.actions.act_window"]._for_xml_id(
            f"finance_integration.finance_{model}_action"
        )
        domain = [("system_id", "=", self.id), *domain]
        words = self._fields[figure]._description_string(self.env)
        return {
            **action,
            "name": f"{self.name}: {words}",
            "domain": domain,
            "context": {},
            "path": False,
        }


def stated_amounts(content: str | bool) -> dict[str, Decimal]:
    """By currency, what a canonical balance says is ours; pending money included,
    as it is on the clearing account from the day of the payment."""
    totals: dict[str, Decimal] = defaultdict(Decimal)
    statement = json.loads(content or "{}")
    for part in [*statement.get("available", ()), *statement.get("pending", ())]:
        totals[part["currency"]] += Decimal(part["amount"])
    return totals
