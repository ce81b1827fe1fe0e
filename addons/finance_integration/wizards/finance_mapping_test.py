from odoo import api, fields, models

from odoo.addons.finance_core.mapping_value import Kind


class FinanceMappingTest(models.TransientModel):
    """Type a value: which line of a version applies, and why."""

    _name = "finance.mapping.test"
    _description = "Try a Mapping"

    version_id = fields.Many2one(
        "finance.mapping.version", required=True, readonly=True, ondelete="cascade"
    )
    value_ids = fields.One2many("finance.mapping.test.value", "test_id")
    answer_html = fields.Html("Answer", compute="_compute_answer_html")

    @api.model
    def _start(self, version):
        """A test with one value to type for each dimension of ``version``."""
        names = version.mapping_id._dimension_names()
        return self.create(
            {
                "version_id": version.id,
                "value_ids": [(0, 0, {"dimension": name}) for name in names],
            }
        )

    @api.depends("value_ids.value", "version_id")
    def _compute_answer_html(self):
        for test in self:
            test.answer_html = self.env["ir.qweb"]._render(
                "finance_integration.mapping_test_answer",
                {"rows": test._rows()},
                raise_if_not_found=False,
            )

    def _rows(self) -> list[dict]:
        """What fits the values, the line that applies first."""
        key = tuple(value.value or "" for value in self.value_ids)
        kinds = {
            Kind.VALUE: self.env._("value"),
            Kind.LIST: self.env._("list"),
            Kind.RANGE: self.env._("range"),
            Kind.PATTERN: self.env._("pattern"),
            Kind.ANY: self.env._("any value"),
        }
        lines = {rule.id: rule for rule in self.version_id.rule_ids}
        fitting = list(self.version_id._plain().matching(key))
        return [
            {
                "line": choice.rule.rule_id and lines[choice.rule.rule_id],
                "kinds": " | ".join(kinds[each.kind] for each in choice.matchers),
                "why": self._why(choice, fitting[0]),
            }
            for choice in fitting
        ]

    def _why(self, choice, winner) -> str:
        if choice is winner:
            return self.env._("applies")
        if choice.kinds == winner.kinds:
            return self.env._("loses: it stands further down")
        return self.env._("loses: it is less specific")


class FinanceMappingTestValue(models.TransientModel):
    _name = "finance.mapping.test.value"
    _description = "Value to Try"

    test_id = fields.Many2one(
        "finance.mapping.test", required=True, index=True, ondelete="cascade"
    )
    dimension = fields.Char(readonly=True)
    value = fields.Char()
