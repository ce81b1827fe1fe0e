import json
from collections.abc import Iterable

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

COLUMNS = (
    "event",
    "system_id",
    "company_id",
    "message_id",
    "document_id",
    "move_id",
    "exception_id",
    "detail",
)


class FinanceLog(models.Model):
    """One thing that happened to something: appended, never changed."""

    _name = "finance.log"
    _description = "Integration Log"
    _order = "id desc"
    _log_access = False
    _rec_name = "event"

    at = fields.Datetime(required=True, readonly=True)
    event = fields.Char(required=True, readonly=True)
    system_id = fields.Many2one("finance.system", readonly=True, ondelete="restrict")
    company_id = fields.Many2one("res.company", readonly=True, ondelete="restrict")
    user_id = fields.Many2one("res.users", readonly=True, ondelete="restrict")
    message_id = fields.Many2one(
        "finance.message", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    document_id = fields.Many2one(
        "finance.document", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    # no foreign key to the entry: an entry that was deleted keeps its history
    move_id = fields.Many2oneReference(
        model_field="move_model", readonly=True, index="btree_not_null"
    )
    move_model = fields.Char(compute="_compute_move_model")
    exception_id = fields.Many2one(
        "finance.exception", readonly=True, ondelete="restrict"
    )
    detail = fields.Char(readonly=True)

    def _compute_move_model(self):
        self.move_model = "account.move"

    def write(self, vals):
        raise UserError(self.env._("The log cannot be changed."))

    def unlink(self):
        raise UserError(self.env._("The log cannot be changed."))

    @api.model_create_multi
    def create(self, vals_list):
        raise UserError(self.env._("Only the engine writes the log."))

    @api.model
    def _append(self, rows: Iterable[dict]) -> None:
        """Append entries in one statement. Keys are COLUMNS; ``detail`` is text or
        plain data without secrets or payloads."""
        values = [
            SQL(
                "(now() AT TIME ZONE 'UTC', %s, %s)",
                self.env.uid,
                SQL(", ").join(_cell(row.get(column)) for column in COLUMNS),
            )
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


def _cell(value) -> SQL:
    if isinstance(value, dict):
        value = json.dumps(value, sort_keys=True)
    return SQL("%s", value or None)
