from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL

from odoo.addons.finance_core.states import LIVE

from ..roles import need_role

A_STEP = 500  #: messages, or documents, a transaction
#: what travelled, and the documents made of it, outlast a month's close whatever an
#: administrator says, so that nobody alone empties what an auditor may ask for
LEAST_DAYS = 30
#: what remains of a purged document: what proofs of payouts and balances add up
SKELETON = (
    "type",
    "source_id",
    "occurred_at",
    "currency",
    "amount",
    "fee",
    "net",
    "available",
    "pending",
    "payout_id",
    "transactions",
    "last",
)
#: a document that is still needed: on its way, kept by order, about an open case, in
#: a payout nobody has proved, or with an open item in the books
NEEDED = SQL(
    """(document.state NOT IN ('posted', 'reconciled', 'ignored', 'superseded')
        OR document.legal_hold IS TRUE
        OR EXISTS (SELECT FROM finance_exception needs
                    WHERE needs.id = document.exception_id AND needs.state IN %s)
        OR EXISTS (SELECT FROM finance_payout payout
                    WHERE payout.system_id = document.system_id
                      AND payout.state IN ('open', 'flagged')
                      AND (payout.id = document.payout_id
                           OR payout.source_id = document.correlation_id))
        OR EXISTS (SELECT FROM finance_document_move_rel link
                     JOIN account_move_line line ON line.move_id = link.move_id
                     JOIN account_account account ON account.id = line.account_id
                    WHERE link.document_id = document.id
                      AND account.reconcile AND line.reconciled IS NOT TRUE
                      AND line.parent_state = 'posted'))""",
    LIVE,
)


class FinanceRetention(models.Model):
    """How long the content of messages and documents of a data class is kept.

    After that the content goes; its fingerprint, the log and the link to the ledger
    stay. Never purged is what is still needed, or kept by order (legal hold).
    """

    _name = "finance.retention"
    _description = "Retention"
    _order = "data_class"
    _rec_name = "data_class"

    data_class = fields.Selection(
        selection=lambda self: (
            self.env["finance.system"]
            ._fields["data_class"]
            ._description_selection(self.env)
        ),
        required=True,
        readonly=True,
    )
    payload_days = fields.Integer(
        "Keep What Travelled (days)", required=True, help="0: for good."
    )
    document_days = fields.Integer(
        "Keep Documents (days)", required=True, help="0: for good."
    )

    _class_unique = models.Constraint(
        "UNIQUE (data_class)", "This data class has its retention already."
    )
    _not_negative = models.Constraint(
        "CHECK (payload_days >= 0 AND document_days >= 0)",
        "Days cannot be less than 0.",
    )

    @api.constrains("payload_days", "document_days")
    def _check_least(self):
        for each in self:
            kept = each.payload_days, each.document_days
            if any(0 < days < LEAST_DAYS for days in kept):
                raise ValidationError(
                    self.env._("Keep content for %s days at least.", LEAST_DAYS)
                )

    def write(self, vals):
        result = super().write(vals)
        self.env["finance.log"]._append(
            {
                "event": "retention.changed",
                "detail": f"{each.data_class}: what travelled {each.payload_days} days,"
                f" documents {each.document_days} days",
            }
            for each in self
        )
        return result

    @api.model
    def _cron_purge(self):
        """Purge what is due, a bounded step a transaction."""
        cron = self.env["ir.cron"]
        for retention in self.search([]):
            for purge in (retention._purge_messages, retention._purge_documents):
                while (count := purge()) and cron._commit_progress(count):
                    pass

    def _purge_messages(self) -> int:
        """Empty the oldest messages that are due and not needed: how many."""
        return self._purge(
            "message",
            self.payload_days,
            """UPDATE finance_message SET purged_at = now() AT TIME ZONE 'UTC',
                          payload = NULL
                    WHERE id IN (
                        SELECT message.id FROM finance_message message
                         WHERE message.system_id IN %(systems)s
                           AND message.received_at < %(before)s
                           AND message.purged_at IS NULL
                           AND message.state IN ('processed', 'rejected', 'dead')
                           AND NOT EXISTS (
                               SELECT FROM finance_exception needs
                                WHERE needs.message_id = message.id
                                  AND needs.state IN %(live)s)
                           AND NOT EXISTS (
                               SELECT FROM finance_document document
                                WHERE document.message_id = message.id
                                  AND %(needed)s)
                         ORDER BY message.received_at LIMIT %(limit)s
                           FOR UPDATE SKIP LOCKED)
                RETURNING id, system_id, company_id""",
        )

    def _purge_documents(self) -> int:
        """Leave the skeleton of the oldest documents that are due and not needed: how
        many."""
        return self._purge(
            "document",
            self.document_days,
            """UPDATE finance_document SET purged_at = now() AT TIME ZONE 'UTC',
                          sealed = NULL, description = NULL,
                          content = (
                              SELECT jsonb_object_agg(key, value)::text
                                FROM jsonb_each(content::jsonb)
                               WHERE key IN %(skeleton)s)
                    WHERE id IN (
                        SELECT document.id FROM finance_document document
                          JOIN finance_message message
                            ON message.id = document.message_id
                           AND message.received_at < %(before)s
                         WHERE document.system_id IN %(systems)s
                           AND document.occurred_at < %(before)s
                           AND document.purged_at IS NULL
                           AND NOT %(needed)s
                         ORDER BY document.occurred_at LIMIT %(limit)s
                           FOR UPDATE OF document SKIP LOCKED)
                RETURNING id, system_id, company_id""",
        )

    def _purge(self, thing: str, days: int, statement: str) -> int:
        self.ensure_one()
        systems = self._systems()
        if not (days and systems):
            return 0
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                statement,
                systems=systems._ids,
                before=fields.Datetime.now() - timedelta(days=days),
                needed=NEEDED,
                live=LIVE,
                skeleton=SKELETON,
                limit=A_STEP,
            )
        )
        purged = self.env.cr.fetchall()
        self.env[f"finance.{thing}"].invalidate_model()
        self.env["finance.document"]._read_now().clear()
        self.env["finance.log"]._append(
            {
                "event": f"{thing}.purged",
                "system_id": system_id,
                "company_id": company_id,
                f"{thing}_id": id_,
            }
            for id_, system_id, company_id in purged
        )
        return len(purged)

    def _systems(self):
        """The systems of this data class whose content nobody ordered to keep."""
        return (
            self.env["finance.system"]
            .with_context(active_test=False)
            .search([("data_class", "=", self.data_class), ("legal_hold", "=", False)])
        )


class FinanceSystem(models.Model):
    # by what is kept, apart from what is masked and what is sent
    _inherit = "finance.system"  # pylint: disable=consider-merging-classes-inherited

    legal_hold = fields.Boolean(
        help="Keep all content of this system, whatever its retention time."
    )

    def write(self, vals):
        result = super().write(vals)
        if "legal_hold" in vals:
            event = "legal_hold.set" if vals["legal_hold"] else "legal_hold.ended"
            self.env["finance.log"]._append(
                {
                    "event": event,
                    "system_id": system.id,
                    "company_id": system.company_id.id,
                }
                for system in self
            )
        return result


class FinanceMessage(models.Model):
    # a room of its own: how long content is kept
    _inherit = "finance.message"  # pylint: disable=consider-merging-classes-inherited

    purged_at = fields.Datetime(readonly=True)

    _to_purge = models.Index(
        "(system_id, received_at) WHERE purged_at IS NULL"
        " AND state IN ('processed', 'rejected', 'dead')"
    )


class FinanceDocument(models.Model):
    # a room of its own: how long content is kept
    _inherit = "finance.document"  # pylint: disable=consider-merging-classes-inherited

    purged_at = fields.Datetime(readonly=True)
    legal_hold = fields.Boolean(
        readonly=True, help="Its content is kept, whatever the retention time."
    )

    _to_purge = models.Index(
        "(system_id, occurred_at) WHERE purged_at IS NULL"
        " AND state IN ('posted', 'reconciled', 'ignored', 'superseded')"
    )

    def action_keep(self):
        """Keep the content for good, and of the message it came with."""
        self._keep(True)

    def action_keep_no_more(self):
        self._keep(False)

    def _keep(self, kept: bool):
        need_role(self, "admin")
        # sudo: administrators may order to keep, the engine alone changes documents
        changing = self.sudo().filtered(lambda each: each.legal_hold != kept)
        changing.legal_hold = kept
        event = "document.kept" if kept else "document.kept_no_more"
        self.env["finance.log"]._append(changing._log_rows(event))
