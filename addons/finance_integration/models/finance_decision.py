from collections import defaultdict
from collections.abc import Mapping

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.finance_core import controls

VERDICTS = [
    ("approve", "Released"),
    ("reject", "Rejected"),
    ("revoke", "Release taken back"),
    ("distinct", "Not a duplicate"),
    ("restore", "Rejection taken back"),
]
COLUMNS = (
    "verdict",
    "reason",
    "at",
    "revision",
    "company_id",
    "system_id",
    "document_type",
    "source_id",
    "document_id",
    "user_id",
    "decider_id",
    "decided_by_id",
    "told",
    "amount",
    "currency_id",
)


class FinanceDecision(models.Model):
    """What a person or a risk system decided about a document: written once.

    A person decides about one document as it is; a newer revision of it is to be
    decided anew. A risk system decides about an object of a source, which may not have
    arrived yet, and about one amount of it, where it names that.
    """

    _name = "finance.decision"
    _inherit = "finance.append.only"
    _description = "Decision about a Document"
    _order = "at desc, id desc"
    _log_access = False
    _rec_name = "reason"

    verdict = fields.Selection(VERDICTS, required=True, readonly=True)
    reason = fields.Char(readonly=True)
    at = fields.Datetime("When", required=True, readonly=True)
    revision = fields.Float(digits=(16, 0), readonly=True)
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, ondelete="restrict"
    )
    system_id = fields.Many2one("finance.system", readonly=True, ondelete="restrict")
    document_type = fields.Char(required=True, readonly=True)
    source_id = fields.Char("Foreign ID", required=True, readonly=True)
    document_id = fields.Many2one(
        "finance.document", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    user_id = fields.Many2one("res.users", readonly=True, ondelete="restrict")
    decider_id = fields.Many2one(
        "finance.system", "Risk System", readonly=True, ondelete="restrict"
    )
    decided_by_id = fields.Many2one(
        "finance.document", "Risk Decision", readonly=True, ondelete="restrict"
    )
    told = fields.Float(
        digits=(16, 0),
        readonly=True,
        help="The place of the risk decision in what deliveries told: it is written"
        " down once more when it is the last word again.",
    )
    amount = fields.Monetary(readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True, ondelete="restrict")

    _once = models.UniqueIndex("(decided_by_id, told) WHERE decided_by_id IS NOT NULL")
    _subject = models.Index("(company_id, document_type, source_id)")
    _revoked = models.Index("(company_id) WHERE verdict = 'revoke'")

    @api.model
    def _record(self, rows: list[dict]):
        """Write decisions down; a risk decision that is known already is skipped."""
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """INSERT INTO finance_decision (%s) VALUES %s
                   ON CONFLICT (decided_by_id, told) WHERE decided_by_id IS NOT NULL
                   DO NOTHING""",
                SQL(", ").join(map(SQL.identifier, COLUMNS)),
                SQL(", ").join(
                    SQL(
                        "(%s)",
                        SQL(", ").join(SQL("%s", row.get(name)) for name in COLUMNS),
                    )
                    for row in rows
                ),
            )
        )
        self.env["finance.document"].invalidate_model(
            ["decision_ids", "was_released", "was_rejected"]
        )

    @api.model
    def _learn(self, told: Mapping):
        """Risk decisions ({document: canonical}) that are new, or the last word again:
        write them down, and let what they are about be looked at again. What a newer
        revision had replaced when it came says nothing any more."""
        risk = self.env["finance.document"].concat(*told)
        risk = risk.filtered(lambda each: each.state != "superseded")
        if not risk:
            return
        systems = {each.code: each.id for each in self.env["finance.system"].search([])}
        moments = self._moments(risk)
        rows = [
            {**_risk_row(each, told[each], systems), "at": moments[each]}
            for each in risk.sorted(lambda each: each._place_told())
        ]
        self._record(rows)
        for row in rows:
            subjects = self.env["finance.document"].search(
                [
                    ("company_id", "=", row["company_id"]),
                    ("system_id", "=?", row["system_id"]),
                    ("type", "=", row["document_type"]),
                    ("source_id", "=", row["source_id"]),
                ]
            )
            subjects._look_again()
            self.env["finance.compensation"]._tell_released_again(subjects)

    def _moments(self, risk) -> dict:
        """When each was decided: what the source says, but not before what it took the
        place of, and not a date to come, which would overrule whatever people decide
        until then."""
        versions = (risk | risk._with_other_versions()).grouped(
            lambda each: (each.system_id, each.source_id)
        )
        now = fields.Datetime.now()
        return {
            last: min(
                now,
                max(
                    each.occurred_at
                    for each in versions[last.system_id, last.source_id]
                    if each._place_told() <= last._place_told()
                ),
            )
            for last in risk
        }

    @api.model
    def _plain_decisions(self, documents) -> dict:
        """Decisions by document in the order they arrived, with one query."""
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """SELECT document.id, decision.verdict, decision.at, decision.reason,
                          decision.decider_id, decision.amount, currency.name,
                          decision.revision
                     FROM finance_document document
                     JOIN finance_decision decision
                       ON decision.company_id = document.company_id
                      AND decision.document_type = document.type
                      AND decision.source_id = document.source_id
                      AND COALESCE(decision.system_id, document.system_id)
                        = document.system_id
                      AND COALESCE(decision.document_id, document.id) = document.id
                     LEFT JOIN res_currency currency
                       ON currency.id = decision.currency_id
                    WHERE document.id IN %s
                    ORDER BY decision.id""",
                documents._ids or (0,),
            )
        )
        found = defaultdict(list)
        for document_id, verdict, at, reason, decider, amount, currency, number in rows:
            found[document_id].append(
                controls.Decision(
                    verdict, at, reason or "", decider, amount, currency or "", number
                )
            )
        return found


def _risk_row(document, plain, systems: dict[str, int]) -> dict:
    subject = plain.subject_system
    return {
        "verdict": plain.decision,
        "reason": plain.reason or document.source_id,
        "revision": plain.revision,
        "company_id": document.company_id.id,
        # a system that nobody knows has no documents: 0 would break the reference
        "system_id": systems.get(subject, document.system_id.id) if subject else None,
        "document_type": plain.subject_type,
        "source_id": plain.subject_id,
        "decider_id": document.system_id.id,
        "decided_by_id": document.id,
        "told": document._place_told()[1],
        "amount": plain.amount,
        "currency_id": document.currency_id.id or None,
    }
