"""A link that PostgreSQL does not check."""

from odoo import fields
from odoo.tools import sql


class Trace(fields.Many2one):
    """A Many2one without a foreign key: the row keeps the number when what it points
    to is gone. For tables that are only appended to: six checks a delivery, each
    locking a row that all deliveries share, cost as much as storing it.
    """

    def update_db_foreign_key(self, model, column):
        """Drops the one an earlier version made."""
        cr, table = model.env.cr, model._table
        target = model.env[self.comodel_name]._table
        for name in sql.get_foreign_keys(
            cr, table, self.name, target, "id", "restrict"
        ):
            sql.drop_constraint(cr, table, name)
