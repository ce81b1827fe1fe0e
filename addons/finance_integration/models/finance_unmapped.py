from odoo import fields, models
from odoo.tools import SQL

from ..roles import need_role


class FinanceUnmapped(models.Model):
    """A value of documents that no line of a mapping fits, and what waits for it."""

    _name = "finance.unmapped"
    _description = "Unmapped Value"
    _auto = False
    _order = "since, id"
    _rec_name = "value"

    value = fields.Char(readonly=True)
    mapping_id = fields.Many2one("finance.mapping", readonly=True)
    system_id = fields.Many2one("finance.system", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    exception_id = fields.Many2one("finance.exception", readonly=True)
    document_count = fields.Integer("Waiting Documents", readonly=True)
    amounts = fields.Char(readonly=True, help="What waits, by currency.")
    since = fields.Datetime("Waiting since", readonly=True)

    @property
    def _table_query(self):
        # one open exception a value; the documents of a page are counted by index
        return SQL(
            """SELECT exception.id, exception.id AS exception_id, exception.system_id,
                      exception.company_id, mapping.id AS mapping_id,
                      substr(exception.cause, length(mapping.code) + 10) AS value,
                      exception.create_date AS since,
                      coalesce(waiting.documents, 0) AS document_count, waiting.amounts
                 FROM finance_exception exception
                 JOIN finance_mapping mapping
                   ON mapping.system_id = exception.system_id
                  AND mapping.code = split_part(exception.cause, ':', 2)
                 LEFT JOIN LATERAL (
                      SELECT sum(part.documents)::int AS documents,
                             string_agg(part.amount || ' ' || part.name, ', '
                                        ORDER BY part.name) AS amounts
                        FROM (SELECT currency.name, count(*) AS documents,
                                     sum(document.amount) AS amount
                                FROM finance_document document
                                LEFT JOIN res_currency currency
                                  ON currency.id = document.currency_id
                               WHERE document.exception_id = exception.id
                                 AND document.state = 'held'
                               GROUP BY currency.name) part) waiting ON true
                WHERE exception.state = 'open' AND exception.cause LIKE 'mapping:%%'"""
        )

    def action_draft(self):
        """Put a line for each value into the draft of its mapping, with a suggestion
        where there is one; people say what it stands for."""
        need_role(self, "editor")
        drafts = self.env["finance.mapping.version"]
        for mapping, unmapped in self.grouped("mapping_id").items():
            draft = mapping._draft(self.env._("Values that documents wait for"))
            draft._add_values(unmapped.mapped("value"))
            drafts |= draft
        if len(drafts) == 1:
            return drafts.action_open()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Drafts"),
            "res_model": drafts._name,
            "domain": [("id", "in", drafts.ids)],
            "view_mode": "list,form",
        }

    def action_open_documents(self):
        return self.exception_id.action_open_documents()
