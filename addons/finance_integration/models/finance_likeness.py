from collections.abc import Iterable

from odoo import api, fields, models
from odoo.tools import SQL


class FinanceLikeness(models.Model):
    """What likely duplicates have in common, once a company: written by the engine.

    Systems of a company are processed side by side, and none sees what another has
    not committed yet. So both write this row before they look for duplicates: the
    database lets the later one try again, which then finds what the first posted.
    """

    _name = "finance.likeness"
    _description = "Likeness of Documents"
    _log_access = False

    company_id = fields.Many2one("res.company", required=True, ondelete="restrict")
    likeness = fields.Char(required=True)

    _likeness_unique = models.UniqueIndex("(company_id, likeness)")

    @api.model
    def _take(self, company, likenesses: Iterable[str]):
        """Keep other transactions from judging equal documents until this one ends,
        where a control of the company looks for duplicates."""
        if self._matters(company):
            self._write_down(company, likenesses)

    def _write_down(self, company, likenesses: Iterable[str]):
        """Always in one order, so that two batches do not wait for each other. Raises
        SerializationFailure when another transaction was faster."""
        rows = [(company.id, each) for each in sorted(set(likenesses))]
        self.env.cr.execute(
            SQL(
                """INSERT INTO finance_likeness (company_id, likeness) VALUES %s
                   ON CONFLICT (company_id, likeness)
                   DO UPDATE SET likeness = EXCLUDED.likeness""",
                SQL(", ").join(SQL("%s", row) for row in rows),
            )
        )

    def _matters(self, company) -> bool:
        versions = self.env["finance.control.version"]
        return bool(
            versions.search_count(
                [
                    ("company_id", "=", company.id),
                    ("state", "=", "approved"),
                    ("duplicates", "!=", "ignore"),
                ],
                limit=1,
            )
        )
