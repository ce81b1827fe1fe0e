from odoo import api, fields, models


class AccountMove(models.Model):
    _inherit = "account.move"

    finance_document_ids = fields.Many2many(
        "finance.document",
        relation="finance_document_move_rel",
        column1="move_id",
        column2="document_id",
        string="Finance Documents",
        readonly=True,
        copy=False,
        groups="finance_integration.group_user,finance_integration.group_auditor",
    )
    finance_document_count = fields.Integer(
        compute="_compute_finance_document_count",
        groups="finance_integration.group_user,finance_integration.group_auditor",
    )

    @api.depends("finance_document_ids")
    def _compute_finance_document_count(self):
        for move in self:
            move.finance_document_count = len(move.finance_document_ids)

    def action_open_finance_documents(self):
        """Where does this come from?"""
        self.ensure_one()
        documents = self.finance_document_ids
        action = {
            "type": "ir.actions.act_window",
            "name": self.env._("Origin of %s", self.name),
            "res_model": "finance.document",
            "domain": [("id", "in", documents.ids)],
            "view_mode": "list,form",
        }
        if len(documents) == 1:
            action.update(view_mode="form", res_id=documents.id)
        return action


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    finance_match = fields.Char(
        "Foreign Reference",
        index="btree_not_null",
        readonly=True,
        copy=False,
        help="The foreign id by which lines of one business case find each other.",
    )

    def action_open_finance_origin(self):
        """Where does this come from?"""
        return self.move_id.action_open_finance_documents()
