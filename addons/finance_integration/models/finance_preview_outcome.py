"""What documents become by what is in force, and as if a version were approved."""

from collections import defaultdict
from dataclasses import replace

from odoo import api, models

from odoo.addons.finance_core import posting
from odoo.addons.finance_core.controls import Passed
from odoo.addons.finance_core.errors import NeedsPerson
from odoo.addons.finance_core.impact import Outcome

from .finance_poster import describe
from .finance_snapshot import _decimal

WAITING = ("normalised", "mapped", "ready", "held")


class FinanceDocument(models.Model):
    # a room of its own: what a preview says about a document
    _inherit = "finance.document"  # pylint: disable=consider-merging-classes-inherited

    def _is_waiting(self) -> bool:
        """Whether an entry may still come of it."""
        return self.state in WAITING


class FinanceSnapshot(models.AbstractModel):
    # a room of its own: what would be is not what is
    _inherit = "finance.snapshot"  # pylint: disable=consider-merging-classes-inherited

    @api.model
    def _outcomes(self, system, documents, version) -> dict:
        """{document: (outcome in force, outcome were ``version`` approved)}.

        What still waits passes the controls too. What has its entry, or got none by a
        rule, is only translated, with what its entry settled open again. What waits
        although its object is posted stays held whatever is approved: it is left out.
        """
        waiting = documents.filtered(lambda each: each._is_waiting())
        documents -= self.env["finance.poster"]._posted_before(waiting)
        plain = {each: each._plain() for each in documents}
        now = self._build(system, plain.values())
        then = version._amend(now, system)
        rules = [*now.rules, *then.rules]
        is_open = {
            **self._open_amounts(system, plain.values(), rules),
            **self._settled_amounts(system, documents - waiting, rules),
        }
        found = [
            self._outcomes_by(system, plain, replace(each, open_amounts=is_open))
            for each in (now, then)
        ]
        return {document: tuple(each[document] for each in found) for document in plain}

    def _outcomes_by(self, system, plain: dict, snapshot) -> dict:
        """{document: outcome}"""
        found = {each: _outcome(plain[each], snapshot) for each in plain}
        drafts = {
            document: outcome
            for document, outcome in found.items()
            if document._is_waiting() and isinstance(outcome, posting.EntryDraft)
        }
        judged = self.env["finance.control.step"]._judge(system, plain, drafts)
        return {**found, **{each: _posted_as(judged[each]) for each in judged}}

    def _settled_amounts(self, system, documents, rules) -> dict:
        """What the entries of ``documents`` found open under their own reference."""
        types = posting.types_of_open_balance(rules)
        documents = documents.filtered(lambda each: each.type in types)
        keys = {
            system._match_key(each.type, each.source_id): (each.type, each.source_id)
            for each in documents
        }
        groups = self.env["account.move.line"]._read_group(
            [
                ("finance_match", "in", list(keys)),
                ("move_id.finance_document_ids", "in", documents.ids),
                ("parent_state", "=", "posted"),
            ],
            ["finance_match", "currency_id"],
            ["amount_currency:sum", "balance:sum"],
        )
        found = defaultdict(tuple)
        company = system.company_id.currency_id
        for match, currency, amount, balance in groups:
            found[keys[match]] += (
                posting.OpenAmount(
                    -_decimal(amount, currency),
                    currency.name,
                    -_decimal(balance, company),
                ),
            )
        return found


def _outcome(canonical, snapshot: posting.Snapshot) -> Outcome:
    try:
        return posting.translate(canonical, snapshot)
    except Exception as error:  # a proposal may be wrong in any way
        return describe(error)


def _posted_as(judged: Passed | NeedsPerson) -> Outcome:
    return judged.draft if isinstance(judged, Passed) else judged
