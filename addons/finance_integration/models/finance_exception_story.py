"""What an exception is about, in words: how much waits, before and after."""

from collections import defaultdict
from decimal import Decimal

from odoo import api, fields, models
from odoo.tools.misc import formatLang

from odoo.addons.finance_core.mapping_value import plain_key

from .finance_exception_care import in_company_currency

SHOWN = 20  #: documents listed in the form


class FinanceExceptionStory(models.AbstractModel):
    """How much waits for an exception, and what clearing it changed."""

    _name = "finance.exception.story"
    _description = "Story of an Exception"

    document_count = fields.Integer("Waiting Documents", compute="_compute_waiting")
    amount_words = fields.Char("Waiting Amounts", compute="_compute_waiting")
    summary = fields.Char("What Waits", compute="_compute_waiting")
    waiting_document_ids = fields.Many2many(
        "finance.document",
        string="The First That Wait",
        compute="_compute_waiting_document_ids",
    )
    before = fields.Char(readonly=True)
    after = fields.Char(readonly=True)

    @api.depends("field", "value", "state")
    def _compute_waiting(self):
        """One query for all: documents and sums by currency."""
        groups = self.env["finance.document"]._read_group(
            [("exception_id", "in", self.ids), ("state", "=", "held")],
            ["exception_id", "currency_id"],
            ["__count", "amount:sum"],
        )
        found = defaultdict(list)
        for exception, currency, count, amount in groups:
            found[exception.id].append((currency, count, amount))
        for exception in self:
            sums = found[exception.id]
            exception.document_count = sum(count for _currency, count, _sum in sums)
            exception.amount_words = ", ".join(
                formatLang(self.env, amount, digits=currency.decimal_places)
                + f" {currency.name}"
                for currency, _count, amount in sums
                if currency
            )
            exception.summary = exception._summarise()

    def _waiting_amount(self) -> Decimal:
        """What waits for it comes to, in the currency of the company."""
        held = self.document_ids.filtered(lambda each: each.state == "held")
        return in_company_currency(held, self.company_id)

    def _summarise(self) -> str | bool:
        """“412 documents (10,300.00 EUR) wait for Fees: odd_fee”; False for none."""
        if not self.document_count:
            return False
        told = self.amount_words and f" ({self.amount_words})"
        what = f"{self.document_count}"
        for_it = f"{self.field}: {self.value}" if self.field else self.name
        if self.document_count == 1:
            return self.env._("1 document%(sum)s waits for %(it)s", sum=told, it=for_it)
        return self.env._(
            "%(count)s documents%(sum)s wait for %(it)s",
            count=what,
            sum=told,
            it=for_it,
        )

    @api.depends("state")
    def _compute_waiting_document_ids(self):
        for exception in self:
            exception.waiting_document_ids = self.env["finance.document"].search(
                [("exception_id", "=", exception.id), ("state", "=", "held")],
                limit=SHOWN,
            )

    # -- before and after --------------------------------------------------------

    def _keep_before(self):
        """Keep what waits, before it goes on."""
        for exception in self:
            if exception.document_count:
                exception.before = exception.summary

    def _keep_after(self):
        """Keep what became of it."""
        documents = self._documents_now()
        for exception in self:
            told = [documents.get(exception.id, ""), exception._mapped_now()]
            for record in (exception.message_id, exception.payout_id):
                told.append(_state_words(record) if record else "")
            exception.after = "; ".join(filter(None, told))

    def _documents_now(self) -> dict[int, str]:
        """By exception, how many of its documents are in which state."""
        documents = self.env["finance.document"]
        names = dict(documents._fields["state"]._description_selection(self.env))
        told = defaultdict(list)
        for exception, state, count in documents._read_group(
            [("exception_id", "in", self.ids)], ["exception_id", "state"], ["__count"]
        ):
            told[exception.id].append(f"{count} {names[state].lower()}")
        return {id_: ", ".join(words) for id_, words in told.items()}

    def _mapped_now(self) -> str:
        """What the value that had no target stands for by now."""
        kind, _, rest = self.cause.partition(":")
        if kind != "mapping":
            return ""
        code, _, key = rest.partition(":")
        for table in self.env["finance.mapping"]._tables(self.system_id).get(code, ()):
            found = table.find(plain_key(key))
            if found:
                line = self.env["finance.mapping.rule"].browse(found.rule_id)
                target, version = line.target.display_name, line.version_id.display_name
                return f"{self.value} → {target} ({version})"
        return ""


def _state_words(record) -> str:
    names = dict(record._fields["state"]._description_selection(record.env))
    return f"{record._description}: {names[record.state]}"
