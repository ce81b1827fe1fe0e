from rapidfuzz import fuzz, process, utils

from odoo import fields, models
from odoo.exceptions import UserError

from odoo.addons.finance_core.mapping_value import plain_key

from .finance_mapping import TARGET_MODELS

ALIKE = 75  #: of 100: what is less like a name is not suggested
CANDIDATES = 20_000  #: records whose names are compared
AGREED = ("approved", "superseded")


class FinanceMappingVersion(models.Model):
    # a room of its own: what may be meant, which nobody has said yet
    _inherit = "finance.mapping.version"  # pylint: disable=consider-merging-classes-inherited

    def _add_values(self, keys: list[str]):
        """A line for each of ``keys`` that has none yet, with a suggestion."""
        self.ensure_one()
        known = set(self.rule_ids.mapped("key"))
        missing = [key for key in keys if key not in known]
        suggested = self.mapping_id._suggest(missing)
        self.env["finance.mapping.rule"].create(
            [
                {"version_id": self.id, "key": key, **suggested.get(key, {})}
                for key in missing
            ]
        )


class FinanceMapping(models.Model):
    # a room of its own: what may be meant, which nobody has said yet
    _inherit = "finance.mapping"  # pylint: disable=consider-merging-classes-inherited

    def _suggest(self, keys: list[str]) -> dict[str, dict]:
        """By key, what lines keep of a suggestion: what was once agreed for the value
        here or in another mapping of the company, else the record whose name is most
        like it."""
        known = self._agreed_elsewhere(keys)
        others = [key for key in keys if key not in known]
        return {**self._alike(others), **known}

    def _agreed_elsewhere(self, keys: list[str]) -> dict[str, dict]:
        lines = self.env["finance.mapping.rule"].search(
            [
                ("key", "in", keys),
                ("mapping_id.target_model", "=", self.target_model),
                ("mapping_id.dimensions", "=", self.dimensions),
                ("company_id", "=", self.company_id.id),
                ("version_id.state", "in", AGREED),
            ]
        )
        # the best one is written last: own before others, newer before older
        ordered = lines.sorted(lambda each: (each.mapping_id == self, each.id))
        return {
            line.key: {
                "suggested_target": f"{line.target._name},{line.target.id}",
                "suggestion": self.env._("so in %s", line.version_id.display_name),
            }
            for line in ordered
            if line.target and line.target.exists()
        }

    def _alike(self, keys: list[str]) -> dict[str, dict]:
        if not keys:
            return {}
        records = self.env[self.target_model].with_company(self.company_id)
        domain = records._check_company_domain(self.company_id)
        names = {
            record.id: record.display_name
            for record in records.search(domain, limit=CANDIDATES)
        }
        found = {}
        for key in keys:
            best = process.extractOne(
                " ".join(plain_key(key)),
                names,
                scorer=fuzz.WRatio,
                processor=utils.default_process,
                score_cutoff=ALIKE,
            )
            if best:
                _name, score, record_id = best
                found[key] = {
                    "suggested_target": f"{self.target_model},{record_id}",
                    "suggestion": self.env._("%s %% alike", round(score)),
                }
        return found


class FinanceMappingRule(models.Model):
    # a room of its own: what may be meant, which nobody has said yet
    _inherit = "finance.mapping.rule"  # pylint: disable=consider-merging-classes-inherited

    suggested_target = fields.Reference(
        selection=TARGET_MODELS,
        string="Suggestion",
        readonly=True,
        copy=False,
        help="Only a suggestion: it means nothing until somebody takes it.",
    )
    suggestion = fields.Char("Because", readonly=True, copy=False)

    def action_take_suggestion(self):
        """Let the line stand for what is suggested."""
        for rule in self:
            if not rule.suggested_target:
                raise UserError(self.env._("There is no suggestion for this line."))
            rule.target = rule.suggested_target
