from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.finance_core.mapping import Key
from odoo.addons.finance_core.mapping_findings import Finding, findings
from odoo.addons.finance_core.mapping_value import plain_key


class FinanceMappingVersion(models.Model):
    """What is wrong with a draft, while it can still be mended."""

    # a room of its own: what lines mean, and what may be wrong with them
    _inherit = "finance.mapping.version"  # pylint: disable=consider-merging-classes-inherited

    finding_html = fields.Html("Findings", compute="_compute_finding_html")

    @api.depends(
        "state", "rule_ids.key", "rule_ids.target", "rule_ids.sequence", "mapping_id"
    )
    def _compute_finding_html(self):
        for version in self:
            found = (
                version._findings() if version.state in ("draft", "submitted") else []
            )
            version.finding_html = bool(found) and self.env["ir.qweb"]._render(
                "finance_integration.mapping_findings",
                {
                    "blocking": [each for each in found if each.blocks],
                    "others": [each for each in found if not each.blocks],
                },
                raise_if_not_found=False,
            )

    def _findings(self) -> list[Finding]:
        """What :mod:`finance_core.mapping_findings` says about these lines and the
        values that documents are held for."""
        self.ensure_one()
        return findings(self._plain(), self._waiting_keys())

    def _waiting_keys(self) -> list[Key]:
        prefix = self.mapping_id._cause_prefix()
        # sudo: only which values wait is told, to somebody who sees the mapping
        waiting = (
            self.env["finance.exception"]
            .sudo()
            .search_fetch(
                [
                    ("system_id", "=", self.mapping_id.system_id.id),
                    ("state", "=", "open"),
                    ("cause", "=like", f"{prefix}%"),
                ],
                ["cause"],
            )
        )
        return [plain_key(each.cause.removeprefix(prefix)) for each in waiting]

    def _check_complete(self):
        blocking = [each.words for each in self._findings() if each.blocks]
        if blocking:
            raise UserError(
                self.env._(
                    "%(version)s cannot be submitted like this:\n%(findings)s",
                    version=self.display_name,
                    findings="\n".join(blocking),
                )
            )
        return super()._check_complete()
