from odoo import api, fields, models, tools
from odoo.exceptions import ValidationError

from odoo.addons.finance_core.mapping import MappingRule, MappingTable

TARGET_MODELS = [
    ("account.account", "Account"),
    ("account.journal", "Journal"),
    ("account.tax", "Tax"),
    ("account.analytic.account", "Analytic Account"),
    ("account.payment.term", "Payment Terms"),
    ("res.partner", "Partner"),
    ("res.currency", "Currency"),
    ("res.company", "Company"),
]
SEPARATOR = "|"


class FinanceMapping(models.Model):
    """A named translation of a system's values into records of the books."""

    _name = "finance.mapping"
    _description = "Mapping"
    _order = "system_id, name"

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

    @api.depends("version_ids.rule_ids")
    def _compute_rule_count(self):
        for mapping in self:
            mapping.rule_count = len(mapping.version_ids.rule_ids)

    @api.model_create_multi
    def create(self, vals_list):
        mappings = super().create(vals_list)
        unversioned = mappings.filtered(lambda each: not each.version_ids)
        self.env["finance.mapping.version"].create(
            [{"mapping_id": mapping.id} for mapping in unversioned]
        )
        return mappings

    @api.model
    def _current_version(self, system, code: str):
        """The version in force today, where a missing line is to be added."""
        return self.env["finance.mapping.version"].search(
            [
                ("mapping_id.system_id", "=", system.id),
                ("mapping_id.code", "=", code),
                ("state", "=", "approved"),
            ],
            limit=1,
        )

    @api.model
    def _tables(self, system) -> dict[str, list[MappingTable]]:
        """All approved versions of a system's mappings as plain data, by code."""
        versions = self.env["finance.mapping.version"].search(
            [("mapping_id.system_id", "=", system.id), ("state", "=", "approved")]
        )
        stamps = versions._stamps()
        tables: dict[str, list[MappingTable]] = {}
        for version in versions:
            tables.setdefault(version.mapping_id.code, []).append(
                version._as_table(version.id, stamps.get(version))
            )
        return tables

    def action_open_rules(self):
        self.ensure_one()
        version = self._current_version(self.system_id, self.code)
        return {
            "type": "ir.actions.act_window",
            "name": self.name,
            "res_model": "finance.mapping.rule",
            "domain": [("version_id.mapping_id", "=", self.id)],
            "view_mode": "list",
            "context": {"default_version_id": version.id},
        }


class FinanceMappingVersion(models.Model):
    """A dated state of a mapping. Only approved ones translate anything."""

    _name = "finance.mapping.version"
    _description = "Mapping Version"
    _order = "mapping_id, number desc"

    mapping_id = fields.Many2one(
        "finance.mapping", required=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one(
        related="mapping_id.company_id", store=True, index=True
    )
    number = fields.Integer("Version", required=True, default=1)
    state = fields.Selection(
        [("draft", "Draft"), ("approved", "Approved"), ("superseded", "Superseded")],
        required=True,
        default="approved",
    )
    valid_from = fields.Date()
    valid_to = fields.Date()
    approved_by_id = fields.Many2one("res.users", default=lambda self: self.env.user)
    approved_at = fields.Datetime(default=fields.Datetime.now)
    rule_ids = fields.One2many("finance.mapping.rule", "version_id")

    _number_unique = models.Constraint(
        "UNIQUE (mapping_id, number)", "This version number exists already."
    )

    @api.depends("mapping_id.name", "number")
    def _compute_display_name(self):
        for version in self:
            version.display_name = f"{version.mapping_id.name} v{version.number}"

    def write(self, vals):
        self.env.registry.clear_cache()
        return super().write(vals)

    def _stamps(self) -> dict:
        """What changes whenever a line of a version does, read from the database: a
        worker may not have heard yet that its cache is stale."""
        groups = self.env["finance.mapping.rule"]._read_group(
            [("version_id", "in", self.ids)],
            ["version_id"],
            ["__count", "write_date:max"],
        )
        return {version: (count, at) for version, count, at in groups}

    @api.model
    @tools.ormcache("version_id", "_stamp")
    def _as_table(self, version_id: int, _stamp) -> MappingTable:
        version = self.browse(version_id)
        return MappingTable(
            label=version.mapping_id.name,
            version_id=version.id,
            rules=[rule._plain() for rule in version.rule_ids],
            valid_from=version.valid_from or None,
            valid_to=version.valid_to or None,
        )


class FinanceMappingRule(models.Model):
    """One line of a mapping version: these values mean that record."""

    _name = "finance.mapping.rule"
    _description = "Mapping Line"
    _order = "version_id, sequence, id"

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
        help="The values in the order of the dimensions, separated by |;"
        " * stands for any value.",
    )
    target = fields.Reference(
        selection="_selection_target", string="Stands for", required=True
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
            wanted = len(mapping.dimensions.split(SEPARATOR))
            if len(rule.key.split(SEPARATOR)) != wanted:
                raise ValidationError(
                    self.env._(
                        "“%(key)s” must give %(count)s values separated by |"
                        " (%(dimensions)s).",
                        key=rule.key,
                        count=wanted,
                        dimensions=mapping.dimensions,
                    )
                )
            rule._check_target()

    def _check_target(self):
        mapping = self.mapping_id
        if self.target._name != mapping.target_model:
            kind = dict(TARGET_MODELS)[mapping.target_model]
            raise ValidationError(
                self.env._(
                    "“%(key)s” must stand for: %(kind)s.", key=self.key, kind=kind
                )
            )
        company = mapping.company_id
        fits = self.target.filtered_domain(
            self.env[mapping.target_model]._check_company_domain(company)
        )
        if not fits:
            raise ValidationError(
                self.env._(
                    "%(target)s belongs to another company than %(company)s.",
                    target=self.target.display_name,
                    company=company.name,
                )
            )

    @api.model_create_multi
    def create(self, vals_list):
        rules = super().create(vals_list)
        rules._changed()
        return rules

    def write(self, vals):
        result = super().write(vals)
        self._changed()
        return result

    def unlink(self):
        self.env.registry.clear_cache()
        return super().unlink()

    def _changed(self):
        """New meaning is in force: what waited for it goes on by itself."""
        self.env.registry.clear_cache()
        # sudo: an editor may not touch exceptions and documents directly
        exceptions = self.env["finance.exception"].sudo()
        for mapping in self.mapping_id:
            exceptions._release_caused_by(mapping.system_id, f"mapping:{mapping.code}:")

    def _plain(self) -> MappingRule:
        return MappingRule(
            key=tuple(self.key.split(SEPARATOR)), target=self.target.id, rule_id=self.id
        )
