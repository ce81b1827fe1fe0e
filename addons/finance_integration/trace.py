"""Links that PostgreSQL does not check, and rows that it keeps instead."""

from odoo import fields
from odoo.tools import SQL, sql


class Trace(fields.Many2one):
    """A Many2one without a foreign key: the row keeps the number when what it points
    to is gone. For tables that grow with every delivery: each check locks a row that
    all deliveries share, and six of them cost as much as storing one.
    """

    def update_db_foreign_key(self, model, column):
        """Drops the one an earlier version made."""
        comodel = model.env[self.comodel_name]
        _drop(model.env.cr, model._table, self.name, comodel._table, "restrict")


class Traces(fields.Many2many):
    """The same for a Many2many between rows that are kept for good."""

    def update_db_foreign_keys(self, model):
        """Drops those an earlier version made."""
        comodel = model.env[self.comodel_name]
        _drop(model.env.cr, self.relation, self.column1, model._table, "cascade")
        _drop(model.env.cr, self.relation, self.column2, comodel._table, self.ondelete)


def _drop(cr, table: str, column: str, target: str, ondelete: str):
    for name in sql.get_foreign_keys(cr, table, column, target, "id", ondelete):
        sql.drop_constraint(cr, table, name)


def keep_rows(cr, table: str):
    """Let PostgreSQL refuse to delete rows of ``table``, whoever asks: what traces
    point to stays there."""
    cr.execute(
        SQL(
            """
            CREATE OR REPLACE FUNCTION finance_kept() RETURNS trigger
            LANGUAGE plpgsql AS $$ BEGIN
                RAISE insufficient_privilege
                USING MESSAGE = 'What arrived is kept: '
                                || TG_OP || ' of ' || TG_TABLE_NAME || ' is refused.';
            END $$;
            CREATE OR REPLACE TRIGGER finance_kept BEFORE DELETE ON %s
                FOR EACH STATEMENT EXECUTE FUNCTION finance_kept()
            """,
            SQL.identifier(table),
        )
    )
