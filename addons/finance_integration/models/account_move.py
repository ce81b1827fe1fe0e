from odoo import api, fields, models
from odoo.exceptions import UserError


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

    finance_original_date = fields.Date(
        "Original Date",
        readonly=True,
        copy=False,
        help="The day it happened, where that was locked and the entry is dated on the"
        " first open day.",
    )

    @api.depends("finance_document_ids")
    def _compute_finance_document_count(self):
        for move in self:
            move.finance_document_count = len(move.finance_document_ids)

    def button_draft(self):
        self._check_finance_origin()
        return super().button_draft()

    def button_cancel(self):
        self._check_finance_origin()
        return super().button_cancel()

    @api.ondelete(at_uninstall=False)
    def _unlink_except_finance_origin(self):
        self._check_finance_origin()

    def _check_finance_origin(self):
        """An entry that documents were posted as stays: it is corrected by reversal,
        so that every document keeps its entry."""
        # sudo: whoever changes entries need not see the documents behind them
        made = self.sudo().filtered("finance_document_ids")
        if made:
            raise UserError(
                self.env._(
                    "%(entry)s was posted for %(document)s of another system. Reverse"
                    " it instead, so that the document keeps its entry.",
                    entry=made[0].name,
                    document=made[0].finance_document_ids[0].source_id,
                )
            )

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

    def _get_next_sequence_format(self):
        """In a batch of the engine, asked once for each journal and day: entries of
        one day continue one sequence. Odoo counts the numbers themselves under its
        lock; it forgets both together when a savepoint is rolled back.
        """
        if not self.env.context.get("finance_batch"):
            return super()._get_next_sequence_format()
        known = self._get_sequence_cache()
        key = ("finance_batch", self.journal_id.id, self.date, self.move_type)
        if key not in known:
            known[key] = super()._get_next_sequence_format()
        format_string, values = known[key]
        return format_string, dict(values)


class AccountMoveLine(models.Model):
    # what payouts do with lines stands with the payouts
    _inherit = "account.move.line"  # pylint: disable=consider-merging-classes-inherited

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
