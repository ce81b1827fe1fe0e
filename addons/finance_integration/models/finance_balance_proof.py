from decimal import Decimal

from odoo import api, models
from odoo.tools import SQL

from odoo.addons.finance_core.errors import NeedsPerson

from .finance_board import stated_amounts


class FinanceBalanceProof(models.AbstractModel):
    """Proves that the clearing accounts hold what the provider says it holds for us.

    Only the provider's latest statement counts, as of its own time: what happened
    later is left out on both sides. What waits for its payout (``ready``) is not in
    the books: it is counted apart, and told apart. Once it has waited too long it is
    held, and the proof waits for whoever clears that.
    """

    _name = "finance.balance.proof"
    _description = "Proof of the Provider's Balance"

    @api.model
    def _prove(self, system):
        """Compare by currency; open or close an exception for each. Waits while
        anything received until the statement may still change the books."""
        statement = system._stated_balances().get(system)
        if not statement or self._must_wait(system, statement):
            return
        stated = stated_amounts(statement.content)
        books = self._books(system, statement)
        waiting = self._nets(
            system,
            SQL("state = 'ready' AND occurred_at <= %s", statement.occurred_at),
        )
        for currency in sorted({*stated, *books, *waiting}):
            self._compare(
                system,
                statement,
                currency,
                *(each.get(currency, Decimal(0)) for each in (stated, books, waiting)),
            )

    def _must_wait(self, system, statement) -> bool:
        pulls = system.flow_ids.filtered(lambda flow: flow.kind == "pull")
        if any(
            flow.pulled_at and flow.pulled_at < statement.occurred_at for flow in pulls
        ):
            return True
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """SELECT 1 FROM finance_document
                    WHERE system_id = %(system)s AND occurred_at <= %(until)s
                      AND state IN ('normalised', 'mapped', 'held')
                    UNION ALL SELECT 1 FROM finance_message
                    WHERE system_id = %(system)s
                      AND state IN ('received', 'retrying') LIMIT 1""",
                system=system.id,
                until=statement.occurred_at,
            )
        )
        return bool(rows)

    def _books(self, system, statement) -> dict[str, Decimal]:
        """The clearing accounts now, without what happened after the statement."""
        books = dict(system._clearing_balances()[system])
        later = self._nets(
            system,
            SQL(
                "state IN ('posted', 'reconciled') AND occurred_at > %s",
                statement.occurred_at,
            ),
        )
        for currency, amount in later.items():
            books[currency] = books.get(currency, Decimal(0)) - amount
        return books

    def _nets(self, system, which: SQL) -> dict[str, Decimal]:
        """By currency, what balance transactions of the system changed."""
        rows = self.env.execute_query(
            SQL(
                """SELECT currency.name,
                          -- as text, to stay exact on the way
                          sum((content::jsonb ->> 'net')::numeric)::text
                     FROM finance_document document
                     JOIN res_currency currency ON currency.id = document.currency_id
                    WHERE system_id = %s AND type = 'balance_transaction' AND %s
                    GROUP BY currency.name""",
                system.id,
                which,
            )
        )
        return {currency: Decimal(amount) for currency, amount in rows}

    def _compare(self, system, statement, currency, stated, books, waiting):
        words = self.env._(
            "On %(when)s UTC the provider held %(stated)s %(currency)s for us, but the"
            " books say %(books)s and %(waiting)s waits for its payout: a difference of"
            " %(difference)s.",
            when=statement.occurred_at,
            stated=stated,
            currency=currency,
            books=books,
            waiting=waiting,
            difference=abs(stated - books - waiting),
        )
        known = self.env["finance.exception"].search(
            [
                ("system_id", "=", system.id),
                ("cause", "=", f"balance:{currency}"),
                ("state", "=", "open"),
            ]
        )
        if stated == books + waiting:
            known._resolve(
                self.env._(
                    "The provider holds %(stated)s %(currency)s: %(books)s in the"
                    " books, and %(waiting)s that waits for its payout.",
                    stated=stated,
                    currency=currency,
                    books=books,
                    waiting=waiting,
                )
            )
        elif known.name != words:
            known._resolve(self.env._("Something else is known by now."))
            need = NeedsPerson(
                f"balance:{currency}",
                words,
                self.env._(
                    "Pull the transactions again; look for entries made by hand on the"
                    " clearing account, and for an opening balance not yet booked."
                ),
                category="reconciliation",
                field=self.env._("Balance"),
                value=f"{stated} {currency}",
                action="close",
            )
            self.env["finance.exception"]._raise_for(system, need)
