"""A transaction waits for its payout for a stated time, then a person is asked."""

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.finance_core.errors import NeedsPerson

from .finance_exception_remedy import Remedy
from .finance_payout import MISSING

HELD_AT_ONCE = 500  #: documents of one sweep


class FinanceSystem(models.Model):
    # a room of its own: how long a payout is waited for, and what a system is
    _inherit = "finance.system"  # pylint: disable=consider-merging-classes-inherited

    payout_patience_days = fields.Integer(
        "Wait for a Payout (days)",
        default=35,
        help="With one entry per payout, a transaction waits so long for a payout that"
        " consists of it. People are asked when none has come by then.",
    )

    _payout_patience_positive = models.Constraint(
        "CHECK (payout_patience_days > 0)", "Wait for a payout for one day at least."
    )


class FinancePayout(models.Model):
    # a room of its own: what no payout claims, and how one is proved, change apart
    _inherit = "finance.payout"  # pylint: disable=consider-merging-classes-inherited

    @api.model
    def _hold_unclaimed(self):
        """Ask people about transactions that have waited too long: counted from when
        they happened or arrived, whichever was later."""
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """SELECT document.id
                     FROM finance_system system
                     JOIN finance_document document
                       ON document.system_id = system.id
                      AND document.state = 'ready'
                      AND document.occurred_at < %(now)s
                          - system.payout_patience_days * interval '1 day'
                     LEFT JOIN finance_message message
                       ON message.id = document.message_id
                     LEFT JOIN finance_payout payout ON payout.id = document.payout_id
                    WHERE system.active
                      -- a payout that is proved was so without it
                      AND COALESCE(payout.state, 'open') <> 'flagged'
                      AND COALESCE(message.received_at, document.occurred_at)
                          < %(now)s - system.payout_patience_days * interval '1 day'
                    ORDER BY document.id LIMIT %(limit)s""",
                now=fields.Datetime.now(),
                limit=HELD_AT_ONCE,
            )
        )
        documents = self.env["finance.document"].browse(row[0] for row in rows)
        for (system, currency), several in documents.grouped(
            lambda each: (each.system_id, each.currency_id)
        ).items():
            several._hold(_unclaimed(system.payout_patience_days, currency.name))

    def _release_claimed(self, documents) -> bool:
        """Whether some of ``documents``, which a payout consists of after all, were
        held for want of one: they go on."""
        held = documents.filtered(
            lambda each: (
                each.state == "held"
                and (each.exception_id.cause or "").startswith(MISSING)
            )
        )
        held._set_state("normalised", reason=False)
        return bool(held)

    @api.model
    def _without_payout(self, documents):
        """Those a person has said to post each by itself."""
        accepted = self.env["finance.acceptance"].search(
            [("document_id", "in", documents.ids), ("cause", "=like", f"{MISSING}%")]
        )
        return accepted.document_id


class FinanceException(models.Model):
    # a room of its own: its remedy stands beside the wait it ends
    _inherit = "finance.exception"  # pylint: disable=consider-merging-classes-inherited

    @api.model
    def _remedies(self):
        _ = self.env._
        return super()._remedies() | {
            "pull_payouts": Remedy(_("Pull Again"), "user", ("accept_once",)),
        }

    def _remedy_pull_payouts(self):
        """All the source can be asked for: which of it names payouts, only the
        connector knows."""
        for flow in self.system_id.flow_ids.filtered(lambda each: each.kind == "pull"):
            self.env["finance.engine"]._want_pull(self.system_id, flow.stream)
        return self._notify(
            self.env._("The provider is asked again in the background.")
        )


def _unclaimed(days: int, currency: str) -> NeedsPerson:
    return NeedsPerson(
        f"{MISSING}{currency}",
        f"Transactions in {currency} have waited for their payout for more than {days}"
        " days and are not in the books.",
        "See at the provider whether they were paid out, and pull again. If no payout"
        " will ever list them, accept them once: each becomes an entry of its own.",
        category="reconciliation",
        field="Payout",
        value=currency,
        action="pull_payouts",
    )
