"""What screens show beside the records themselves; nothing here is stored."""

from odoo import api, fields, models

from ..screens import open_record


class FinanceMessage(models.Model):
    _inherit = "finance.message"

    def action_open_documents(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Documents of %s", self.identity),
            "res_model": "finance.document",
            "domain": [("message_id", "=", self.id)],
            "view_mode": "list,form",
        }


class FinanceDocument(models.Model):
    _inherit = "finance.document"

    def action_open_message(self):
        return open_record(self.message_id)

    def action_open_payout(self):
        return open_record(self.payout_id)

    def action_open_exception(self):
        return open_record(self.exception_id)


class FinanceException(models.Model):
    _inherit = "finance.exception"

    def action_open_message(self):
        return open_record(self.message_id)

    def action_open_payout(self):
        return open_record(self.payout_id)


class FinancePayout(models.Model):
    _inherit = "finance.payout"

    def action_open_exception(self):
        """The open exception about this payout, or its last one."""
        self.ensure_one()
        about = [("payout_id", "=", self.id)]
        return open_record(
            self.env["finance.exception"].search(about, order="state, id desc", limit=1)
        )


class FinanceLog(models.Model):
    _inherit = "finance.log"

    label = fields.Char("What Happened", compute="_compute_label")

    @api.depends("event")
    def _compute_label(self):
        for entry in self:
            entry.label = self._words(entry.event)

    @api.model
    def _words(self, event: str) -> str:
        """An event (``document.posted``) in the words of the screens: the name of
        the model and of the state, where there are such."""
        thing, _dot, what = event.partition(".")
        model = self.env.get(f"finance.{thing}")
        if model is None or "state" not in model._fields:
            return event.replace(".", " ").replace("_", " ").capitalize()
        names = dict(model._fields["state"]._description_selection(self.env))
        plain = what.replace("_", " ")
        return f"{thing.capitalize()}: {names.get(what, plain).lower()}"


class FinanceMappingRule(models.Model):
    _inherit = "finance.mapping.rule"

    target_model = fields.Selection(related="mapping_id.target_model")


class FinanceMapping(models.Model):
    _inherit = "finance.mapping"

    current_rule_ids = fields.One2many(
        "finance.mapping.rule", compute="_compute_current_rule_ids"
    )

    @api.depends("version_ids.rule_ids")
    def _compute_current_rule_ids(self):
        for mapping in self:
            version = self._current_version(mapping.system_id, mapping.code)
            mapping.current_rule_ids = version.rule_ids


class FinancePostingRule(models.Model):
    _inherit = "finance.posting.rule"

    current_version_id = fields.Many2one(
        "finance.posting.rule.version", compute="_compute_current_version"
    )
    current_reason = fields.Char(compute="_compute_current_version")
    current_line_ids = fields.One2many(
        "finance.posting.rule.line", compute="_compute_current_version"
    )

    @api.depends(
        "version_ids.state",
        "version_ids.valid_from",
        "version_ids.valid_to",
        "version_ids.reason",
        "version_ids.line_ids",
    )
    def _compute_current_version(self):
        today = fields.Date.context_today(self)
        for rule in self:
            in_force = rule.version_ids.filtered(
                lambda each: (
                    each.state == "approved"
                    and (not each.valid_from or each.valid_from <= today)
                    and (not each.valid_to or today <= each.valid_to)
                )
            )
            current = in_force.sorted("number")[-1:]
            rule.current_version_id = current
            rule.current_reason = current.reason
            rule.current_line_ids = current.line_ids
