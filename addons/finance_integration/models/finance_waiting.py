import logging

import psycopg2

from odoo import api, models
from odoo.tools import SQL

from odoo.addons.finance_core.mapping_value import plain_key
from odoo.addons.finance_core.states import LIVE

from .finance_compensation import LAST_WORD

_logger = logging.getLogger(__name__)

OPEN_ITEM = "open_item:"


class FinanceWaiting(models.AbstractModel):
    """What held documents wait for, and whether it has come.

    Completing something usually releases what waits for it at once; this finds what
    slipped through, as when both happened at the same time.
    """

    _name = "finance.waiting"
    _description = "What Held Documents Wait For"

    @api.model
    def _release_satisfied(self):
        """Release the documents of every live exception whose cause is gone."""
        exceptions = self.env["finance.exception"].search(
            [("state", "in", LIVE), ("document_ids.state", "=", "held")]
        )
        missing = exceptions.filtered(lambda each: each.cause.startswith(OPEN_ITEM))
        self._come(missing)._release()
        for exception in exceptions - missing:
            try:
                with self.env.cr.savepoint():
                    self._release_if_come(exception)
            except psycopg2.OperationalError:
                raise  # the database asks for the whole transaction again
            except Exception:
                # one case nobody can judge must not keep the others waiting
                _logger.exception("Exception %s could not be judged", exception.id)

    def _release_if_come(self, exception):
        kind, _, rest = exception.cause.partition(":")
        has_come = getattr(self, f"_has_come_{kind}", None)
        if has_come and has_come(exception, rest):
            exception._release()

    @api.model
    def _release_matched(self, system, lines):
        """Release what waits for money that these new journal items hold."""
        causes = [
            f"{OPEN_ITEM}{match.partition(':')[2]}"
            for match in set(lines.mapped("finance_match")) - {False}
        ]
        self.env["finance.exception"].search(
            [
                ("system_id", "=", system.id),
                ("state", "in", LIVE),
                ("cause", "in", causes),
            ]
        )._release()

    def _come(self, exceptions):
        """Those of ``exceptions`` about missing open items which are there now: two
        queries for all."""
        keys = [_match_key(each) for each in exceptions]
        lines = self.env["account.move.line"]._read_group(
            [("finance_match", "in", keys)], ["finance_match"]
        )
        moves = self.env["account.move"]._read_group(
            [
                ("name", "in", [_reference(each)[1] for each in exceptions]),
                ("company_id", "in", exceptions.company_id.ids),
                ("state", "=", "posted"),
            ],
            ["name", "company_id"],
        )
        matched = {match for (match,) in lines}
        posted = set(moves)

        def has_come(exception):
            role, number = _reference(exception)
            if role == "invoice":
                return (number, exception.company_id) in posted
            if role == "bill":
                return self._has_bill(exception, number)
            return _match_key(exception) in matched

        return exceptions.filtered(has_come)

    def _has_bill(self, exception, number: str) -> bool:
        """Whether a supplier's bill of that number is posted, by whomever, for one of
        those that wait for it."""
        waiting = [each._plain() for each in exception.document_ids]
        system = exception.system_id
        names = {each.party.source_id for each in waiting}
        partners = self.env["finance.reference"]._partners(system, names)
        bills = self.env["finance.invoicer"]._posted_invoices(
            exception.company_id, waiting
        )
        return any(
            ("purchase", partner, number) in bills
            for partner, *_rest in partners.values()
        )

    def _has_come_partner(self, exception, _rest: str) -> bool:
        """Both are one partner now: the invoice's or the customer's was merged."""
        canonical = exception.document_ids[:1]._plain()
        system = exception.system_id
        snapshot = self.env["finance.snapshot"]
        items, _owners = snapshot._open_items(exception.company_id, [canonical])
        customer, invoice = map(canonical.reference, ("customer", "invoice"))
        payers = self.env["finance.reference"]._partners(system, [customer])
        found = items.get(("invoice", invoice), ())
        return {each.commercial_partner_id for each in found} == {
            payers.get(customer, (None,))[0]
        }

    def _has_come_mapping(self, exception, rest: str) -> bool:
        code, _, key = rest.partition(":")
        tables = self.env["finance.mapping"]._tables(exception.system_id)
        return any(table.find(plain_key(key)) for table in tables.get(code, ()))

    def _has_come_rule(self, exception, rest: str) -> bool:
        kind, _, category = rest.partition("/")
        rules = self.env["finance.posting.rule"]._plain_rules(exception.system_id)
        return any(
            rule.document_type == kind
            and (not rule.categories or category in rule.categories)
            for rule in rules
        )

    def _has_come_rate(self, exception, rest: str) -> bool:
        code, _, day = rest.partition(":")
        return bool(
            self.env["res.currency.rate"].search_count(
                [
                    ("currency_id.name", "=", code),
                    ("company_id", "in", [exception.company_id.root_id.id, False]),
                    ("name", "<=", day),
                ],
                limit=1,
            )
        )

    def _has_come_currency(self, _exception, rest: str) -> bool:
        return bool(
            self.env["res.currency"].search_count([("name", "=", rest)], limit=1)
        )

    @api.model
    def _systems_with_work(self) -> list[int]:
        """The systems whose tables hold something to do, whether or not a job knows."""
        rows = self.env.execute_query(
            SQL(
                """SELECT waiting.system_id FROM (
                   SELECT system_id FROM finance_message
                    WHERE state IN ('received', 'retrying')
                      AND (next_attempt_at IS NULL
                           OR next_attempt_at <= now() AT TIME ZONE 'UTC')
                      AND (flow_id IS NULL OR flow_id NOT IN (
                           SELECT id FROM finance_flow WHERE paused_at IS NOT NULL))
                    UNION SELECT system_id FROM finance_document
                    WHERE state = 'normalised'
                    UNION SELECT document.system_id FROM finance_decision decision
                      JOIN finance_system own
                        ON own.company_id = decision.company_id
                      JOIN finance_document document
                        ON document.system_id = own.id
                       AND document.type = decision.document_type
                       AND document.source_id = decision.source_id
                    WHERE decision.verdict = 'revoke'
                      AND document.state IN ('posted', 'reconciled')
                      AND document.compensation_id IS NULL
                      AND NOT EXISTS (
                          SELECT FROM finance_exception exception
                           WHERE exception.system_id = document.system_id
                             AND exception.cause = 'revoked:' || document.id)
                      AND %s = 'revoke'
                    UNION SELECT system_id FROM finance_process_run run
                    WHERE state = 'compensating'
                      AND NOT EXISTS (
                          SELECT FROM finance_exception exception
                           WHERE exception.system_id = run.system_id
                             AND exception.state = 'open'
                             AND exception.cause = 'undo:' || run.id)
                    UNION SELECT system_id FROM finance_payout
                    WHERE state = 'open' AND checked_at IS NULL
                    ) waiting
                    JOIN finance_system system
                      ON system.id = waiting.system_id AND system.active
                     AND system.paused_at IS NULL""",
                LAST_WORD,
            )
        )
        return [row[0] for row in rows]


def _reference(exception) -> tuple[str, str]:
    """(role, value) of the open item that is missing."""
    role, _, value = exception.cause.removeprefix(OPEN_ITEM).partition(":")
    return role, value


def _match_key(exception) -> str:
    return exception.system_id._match_key(*_reference(exception))
