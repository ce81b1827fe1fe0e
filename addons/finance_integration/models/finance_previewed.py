"""Versions that show what they would change before they are approved."""

from collections import defaultdict
from dataclasses import replace

from odoo import fields, models

from odoo.addons.finance_core import posting
from odoo.addons.finance_core.succession import succeed

from ..screens import open_record
from .finance_preview import STATES


class FinancePreviewed(models.AbstractModel):
    """Can be previewed. Concrete models name the field previews know them by
    (``_preview_field``) and say what they change (:meth:`_amend`)."""

    _name = "finance.previewed"
    _description = "Shows Its Impact before Its Approval"
    _preview_field = ""

    preview_id = fields.Many2one(
        "finance.preview", "Last Preview", compute="_compute_preview"
    )
    preview_summary = fields.Char(compute="_compute_preview")
    preview_state = fields.Selection(STATES, compute="_compute_preview")
    preview_outdated = fields.Boolean(
        compute="_compute_preview", help="It was changed after its last preview."
    )

    def _compute_preview(self):
        previews = self.env["finance.preview"]
        for version in self:
            stored = version._origin
            about = [(self._preview_field, "=", stored.id)]
            last = previews.search(about, limit=1)
            version.preview_id = last
            version.preview_summary = last.summary
            version.preview_state = last.state
            version.preview_outdated = (
                bool(last) and last.content_hash != stored._digest()
            )

    def _amend(self, snapshot: posting.Snapshot, system) -> posting.Snapshot:
        """The snapshot as it would be, were this version approved."""
        raise NotImplementedError

    def _were_approved(self, system) -> dict:
        """{version: its plain form} of all that would be in force for ``system``."""
        approved = self._approved_for(system).filtered(lambda each: each._seal()[1])
        same = approved.filtered(lambda each: each[self._parent] == self[self._parent])
        succession = succeed(self.valid_from or None, same)
        plain = {each: each._seal()[0] for each in approved}
        for version in succession.superseded:
            del plain[version]
        for version, last_day in succession.ended:
            plain[version] = plain[version].until(last_day)
        proposed, _intact = self._read_sealed(self.id, self._digest())
        return {**plain, self: proposed}

    def action_preview(self):
        """Ask which documents to look at."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Preview Impact"),
            "res_model": "finance.preview.scope",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_res_model": self._name,
                "default_res_id": self.id,
                "default_system_id": self[self._parent].system_id.id,
            },
        }

    def action_open_preview(self):
        self.ensure_one()
        return open_record(self.preview_id)


class FinanceMappingVersion(models.Model):
    _name = "finance.mapping.version"
    _inherit = ["finance.mapping.version", "finance.previewed"]
    _preview_field = "mapping_version_id"

    def _amend(self, snapshot, system):
        tables = defaultdict(list)
        for version, table in self._were_approved(system).items():
            tables[version.mapping_id.code].append(table)
        return replace(snapshot, mappings=dict(tables))


class FinancePostingRuleVersion(models.Model):
    _name = "finance.posting.rule.version"
    _inherit = ["finance.posting.rule.version", "finance.previewed"]
    _preview_field = "rule_version_id"

    def _amend(self, snapshot, system):
        plain = self._were_approved(system)
        ordered = self.concat(*plain)._by_precedence()
        return replace(snapshot, rules=[plain[version] for version in ordered])
