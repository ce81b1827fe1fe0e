from odoo import api, models
from odoo.tools import SQL

from odoo.addons.finance_core.mapping_value import plain_key


class FinanceWaiting(models.AbstractModel):
    """What held documents wait for, and whether it has come.

    Completing something usually releases what waits for it at once; this finds what
    slipped through, as when both happened at the same time.
    """

    _name = "finance.waiting"
    _description = "What Held Documents Wait For"

    @api.model
    def _release_satisfied(self):
        """Release the documents of every open exception whose cause is gone."""
        exceptions = self.env["finance.exception"].search([("state", "=", "open")])
        for exception in exceptions:
            kind, _, rest = exception.cause.partition(":")
            has_come = getattr(self, f"_has_come_{kind}", None)
            if has_come and has_come(exception, rest):
                exception._release()

    @api.model
    def _release_matched(self, system, lines):
        """Release what waits for money that these new journal items hold."""
        keys = set(lines.mapped("finance_match"))
        waiting = self.env["finance.exception"].search(
            [
                ("system_id", "=", system.id),
                ("state", "=", "open"),
                ("cause", "=like", "open_item:%"),
            ]
        )
        waiting.filtered(
            lambda each: system._match_key(*each.cause.split(":", 2)[1:]) in keys
        )._release()

    def _has_come_open_item(self, exception, rest: str) -> bool:
        role, _, number = rest.partition(":")
        if role != "invoice":
            match = exception.system_id._match_key(role, number)
            lines = self.env["account.move.line"]
            return bool(lines.search_count([("finance_match", "=", match)], limit=1))
        return bool(
            self.env["account.move"].search_count(
                [
                    ("name", "=", number),
                    ("company_id", "=", exception.company_id.id),
                    ("state", "=", "posted"),
                ],
                limit=1,
            )
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
                    UNION SELECT system_id FROM finance_payout
                    WHERE state = 'open' AND checked_at IS NULL
                    ) waiting
                    JOIN finance_system system
                      ON system.id = waiting.system_id AND system.active"""
            )
        )
        return [row[0] for row in rows]
