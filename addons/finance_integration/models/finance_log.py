import json
from collections.abc import Iterable, Mapping

from psycopg2.extensions import AsIs

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..trace import Trace

TRIGGER = "finance_append_only"
NOW = AsIs("now() AT TIME ZONE 'UTC'")
COLUMNS = (
    "event",
    "system_id",
    "company_id",
    "message_id",
    "document_id",
    "move_id",
    "exception_id",
    "payout_id",
    "detail",
)


class FinanceAppendOnly(models.AbstractModel):
    """Records that are written once, by SQL of their own model."""

    _name = "finance.append.only"
    _description = "Never Changed Once Written"

    def init(self):
        """Let PostgreSQL itself refuse UPDATE, DELETE and TRUNCATE, whoever asks; also
        while it replicates, hence ALWAYS.

        https://www.postgresql.org/docs/current/sql-createtrigger.html
        """
        super().init()
        if self._abstract:
            return
        self.env.cr.execute(
            SQL(
                """
            CREATE OR REPLACE FUNCTION finance_append_only() RETURNS trigger
            LANGUAGE plpgsql AS $$ BEGIN
                RAISE insufficient_privilege
                USING MESSAGE = 'The log cannot be changed: '
                                || TG_OP || ' of ' || TG_TABLE_NAME || ' is refused.';
            END $$;
            DROP TRIGGER IF EXISTS %(trigger)s ON %(table)s;
            CREATE TRIGGER %(trigger)s BEFORE UPDATE OR DELETE OR TRUNCATE ON %(table)s
                FOR EACH STATEMENT EXECUTE FUNCTION finance_append_only();
            ALTER TABLE %(table)s ENABLE ALWAYS TRIGGER %(trigger)s
                """,
                trigger=SQL.identifier(TRIGGER),
                table=SQL.identifier(self._table),
            )
        )

    def write(self, vals):  # pylint: disable=method-required-super
        raise UserError(self.env._("The log cannot be changed."))

    def unlink(self):  # pylint: disable=method-required-super
        raise UserError(self.env._("The log cannot be changed."))

    @api.model_create_multi
    def create(self, vals_list):  # pylint: disable=method-required-super
        raise UserError(self.env._("Only the engine writes the log."))


class FinanceLog(models.Model):
    """One thing that happened to something: appended, never changed.

    Seals vouch for every column that is not NULL (see seals.py): a column that joins
    later must leave the rows there are NULL.
    """

    _name = "finance.log"
    _inherit = "finance.append.only"
    _description = "Integration Log"
    _order = "id desc"
    _log_access = False
    _rec_name = "event"

    at = fields.Datetime(required=True, readonly=True)
    event = fields.Char(required=True, readonly=True)
    system_id = Trace("finance.system", readonly=True)
    company_id = Trace("res.company", readonly=True)
    user_id = fields.Many2one("res.users", readonly=True, ondelete="restrict")
    message_id = Trace("finance.message", readonly=True, index="btree_not_null")
    document_id = Trace("finance.document", readonly=True, index="btree_not_null")
    # no foreign key to the entry: an entry that was deleted keeps its history
    move_id = fields.Many2oneReference(
        model_field="move_model", readonly=True, index="btree_not_null"
    )
    move_model = fields.Char(compute="_compute_move_model")
    exception_id = fields.Many2one(
        "finance.exception", readonly=True, ondelete="restrict"
    )
    payout_id = fields.Many2one(
        "finance.payout", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    detail = fields.Char(readonly=True)
    seal_id = fields.Many2one(
        "finance.log.seal",
        "Sealed By",
        compute="_compute_seal_id",
        groups="finance_integration.group_auditor,finance_integration.group_admin",
    )

    # its documents have entries of their own, thousands may share one exception
    _of_exception = models.Index(
        "(exception_id) WHERE document_id IS NULL AND exception_id IS NOT NULL"
    )

    def _compute_move_model(self):
        self.move_model = "account.move"

    def _compute_seal_id(self):
        for entry in self:
            entry.seal_id = self.env["finance.log.seal"].search(
                [("last_id", ">=", entry.id)], order="id", limit=1
            )

    @api.model
    def _append(self, rows: Iterable[dict]) -> None:
        """Append entries in one statement. Keys are COLUMNS; ``detail`` is text or
        plain data without secrets or payloads."""
        # one parameter a row: thousands are written at once
        values = [
            SQL("%s", (NOW, self.env.uid, *(_cell(row.get(name)) for name in COLUMNS)))
            for row in rows
        ]
        if values:
            self.env.cr.execute(
                SQL(
                    "INSERT INTO finance_log (at, user_id, %s) VALUES %s",
                    SQL(", ").join(SQL.identifier(column) for column in COLUMNS),
                    SQL(", ").join(values),
                )
            )

    @api.model
    def _append_about(
        self, documents, events: Iterable[str], detail: str, moves: Mapping[int, int]
    ):
        """One entry for each event of each document, in one statement without a value
        a row: thousands change together."""
        if not documents:
            return
        documents.flush_recordset(["exception_id"])
        self.env.cr.execute(
            SQL(
                """INSERT INTO finance_log (at, user_id, event, system_id, company_id,
                                            message_id, document_id, move_id,
                                            exception_id, detail)
                   SELECT %(now)s, %(user)s, happened.event, system_id, company_id,
                          message_id, document.id, told.move_id, exception_id,
                          %(detail)s
                     FROM unnest(%(ids)s, %(moves)s::int4[])
                      WITH ORDINALITY told (id, move_id, place)
                     JOIN finance_document document ON document.id = told.id
                    CROSS JOIN unnest(%(events)s)
                      WITH ORDINALITY happened (event, turn)
                    ORDER BY happened.turn, told.place""",
                now=NOW,
                user=self.env.uid,
                detail=detail or None,
                ids=list(documents._ids),
                moves=[moves.get(id_) for id_ in documents._ids],
                events=list(events),
            )
        )


def _cell(value):
    if isinstance(value, dict):
        value = json.dumps(value, sort_keys=True)
    return value or None
