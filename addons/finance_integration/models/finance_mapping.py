from odoo import api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.finance_core.mapping import MappingRule, MappingTable
from odoo.addons.finance_core.mapping_value import SEPARATOR, UnreadableValue, split_key

TARGET_MODELS = [
    ("account.account", "Account"),
    ("account.journal", "Journal"),
    ("account.tax", "Tax"),
    ("account.analytic.account", "Analytic Account"),
    ("account.payment.term", "Payment Terms"),
    ("account.fiscal.position", "Fiscal Position"),
    ("res.partner", "Partner"),
    ("res.currency", "Currency"),
    ("res.company", "Company"),
]


class FinanceMapping(models.Model):
    """A named translation of a system's values into records of the books."""

    _name = "finance.mapping"
    _inherit = "finance.governed"
    _description = "Mapping"
    _order = "system_id, name"
    _defining = ("system_id", "code", "dimensions", "target_model")

    name = fields.Char(required=True)
    code = fields.Char(required=True, help="The name posting rules know it by.")
    system_id = fields.Many2one(
        "finance.system", required=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one(related="system_id.company_id", store=True, index=True)
    dimensions = fields.Char(
        required=True,
        help="What a line asks for, in order, separated by |. Example: role|currency",
    )
    target_model = fields.Selection(TARGET_MODELS, required=True)
    version_ids = fields.One2many("finance.mapping.version", "mapping_id")
    rule_count = fields.Integer(compute="_compute_rule_count")

    _code_unique = models.Constraint(
        "UNIQUE (system_id, code)", "The system has a mapping with this code already."
    )

    @api.depends("version_ids.state", "version_ids.rule_ids")
    def _compute_rule_count(self):
        for mapping in self:
            mapping.rule_count = len(mapping._agreed_version().rule_ids)

    def _cause_prefix(self) -> str:
        """How the causes begin of exceptions about values this does not map."""
        return f"mapping:{self.code}:"

    def _dimension_names(self) -> list[str]:
        return self.dimensions.split(SEPARATOR)

    @api.model_create_multi
    def create(self, vals_list):
        mappings = super().create(vals_list)
        unversioned = mappings.filtered(lambda each: not each.version_ids)
        self.env["finance.mapping.version"].create(
            [{"mapping_id": mapping.id} for mapping in unversioned]
        )
        return mappings

    @api.model
    def _find(self, system, code: str):
        """The mapping of a system that posting rules know as ``code``."""
        return self.search([("system_id", "=", system.id), ("code", "=", code)])

    @api.model
    def _current_version(self, system, code: str):
        """The newest approved version of a mapping; empty when there is none."""
        return self._find(system, code)._agreed_version()

    @api.model
    def _tables(self, system) -> dict[str, list[MappingTable]]:
        """All approved versions of a system's mappings as plain data, by code."""
        tables: dict[str, list[MappingTable]] = {}
        versions = self.env["finance.mapping.version"]
        for version in versions._approved_for(system):
            table, intact = version._seal()
            if intact:
                tables.setdefault(version.mapping_id.code, []).append(table)
        return tables

    def action_open_rules(self):
        """The lines in force."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.name,
            "res_model": "finance.mapping.rule",
            "domain": [("version_id", "=", self._agreed_version().id)],
            "view_mode": "list",
        }


class FinanceMappingVersion(models.Model):
    """A dated state of a mapping. Only approved ones translate anything."""

    _name = "finance.mapping.version"
    _inherit = "finance.governed.version"
    _description = "Mapping Version"
    _order = "mapping_id, number desc"
    _parent = "mapping_id"
    _lines = "rule_ids"

    mapping_id = fields.Many2one(
        "finance.mapping", required=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one(
        related="mapping_id.company_id", store=True, index=True
    )
    rule_ids = fields.One2many("finance.mapping.rule", "version_id", copy=True)

    _number_unique = models.Constraint(
        "UNIQUE (mapping_id, number)", "This version number exists already."
    )
    _open_unique = models.UniqueIndex(
        "(mapping_id) WHERE state IN ('draft', 'submitted')",
        "Another version of this mapping is being written or waits for approval.",
    )

    @api.depends("mapping_id.name", "number")
    def _compute_display_name(self):
        for version in self:
            version.display_name = f"{version.mapping_id.name} v{version.number}"

    @api.model
    def _approved_for(self, system):
        return self.search(
            [("mapping_id.system_id", "=", system.id), ("state", "=", "approved")]
        )

    def _plain(self) -> MappingTable:
        return MappingTable(
            label=self.mapping_id.name,
            version_id=self.id,
            rules=[rule._plain() for rule in self.rule_ids],
            valid_from=self.valid_from or None,
            valid_to=self.valid_to or None,
        )

    def _causes(self) -> list[str]:
        return [self.mapping_id._cause_prefix()]

    def _release(self):
        # sudo: an approver may not touch exceptions and documents directly
        exceptions = self.env["finance.exception"].sudo()
        system = self.mapping_id.system_id
        for cause in (*self._causes(), "altered:"):
            exceptions._release_caused_by(system, cause)


class FinanceMappingRule(models.Model):
    """One line of a mapping version: these values mean that record."""

    _name = "finance.mapping.rule"
    _inherit = "finance.governed.line"
    _description = "Mapping Line"
    _order = "version_id, sequence, id"
    _content = ("sequence", "key", "target")

    version_id = fields.Many2one(
        "finance.mapping.version", required=True, index=True, ondelete="cascade"
    )
    mapping_id = fields.Many2one(related="version_id.mapping_id", store=True)
    company_id = fields.Many2one(
        related="version_id.company_id", store=True, index=True
    )
    dimensions = fields.Char(related="mapping_id.dimensions")
    sequence = fields.Integer(default=10)
    key = fields.Char(
        "Value",
        required=True,
        help="The values in the order of the dimensions, separated by |. Also"
        " 4010,4020 (each of them), 4000..4999 (from, to), 40* (begins with 40) and"
        " * (any value); a backslash before a sign takes its meaning away.",
    )
    target = fields.Reference(
        selection="_selection_target",
        string="Stands for",
        help="May be left open in a draft.",
    )

    _key_unique = models.Constraint(
        "UNIQUE (version_id, key)", "This value is in the mapping already."
    )

    @api.model
    def _selection_target(self):
        return TARGET_MODELS

    @api.constrains("key", "target", "version_id")
    def _check_rule(self):
        for rule in self:
            mapping = rule.mapping_id
            wanted = len(mapping._dimension_names())
            if len(split_key(rule.key)) != wanted:
                raise ValidationError(
                    self.env._(
                        "“%(key)s” must give %(count)s values separated by |"
                        " (%(dimensions)s).",
                        key=rule.key,
                        count=wanted,
                        dimensions=mapping.dimensions,
                    )
                )
            rule._check_readable()
        for mapping, rules in self.grouped("mapping_id").items():
            rules._check_kind(mapping)
            rules._check_company(mapping)

    def _check_readable(self):
        try:
            self._plain().combinations()
        except UnreadableValue as error:
            raise ValidationError(
                self.env._("“%(key)s”: %(why)s", key=self.key, why=error)
            ) from error

    def _check_kind(self, mapping):
        for rule in self.filtered("target"):
            if rule.target._name != mapping.target_model:
                raise ValidationError(
                    self.env._(
                        "“%(key)s” must stand for: %(kind)s.",
                        key=rule.key,
                        kind=dict(TARGET_MODELS)[mapping.target_model],
                    )
                )

    def _check_company(self, mapping):
        targets = self.env[mapping.target_model].browse(
            {rule.target.id for rule in self.filtered("target")}
        )
        company = mapping.company_id
        own = targets.filtered_domain(targets._check_company_domain(company))
        for target in targets - own:
            raise ValidationError(
                self.env._(
                    "%(target)s belongs to another company than %(company)s.",
                    target=target.display_name,
                    company=company.name,
                )
            )

    def action_submit(self):
        """Submit the version this line was added to."""
        self.version_id.action_submit()
        return {"type": "ir.actions.act_window_close"}

    def _plain(self) -> MappingRule:
        target = self.target.id if self.target else 0
        return MappingRule(split_key(self.key or ""), target, self.id)
