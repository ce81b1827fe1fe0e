from collections import Counter

from odoo import models
from odoo.exceptions import UserError, ValidationError

from odoo.addons.finance_core.mapping import MappingRule
from odoo.addons.finance_core.mapping_value import (
    SEPARATOR,
    UnreadableValue,
    split_key,
)

from .. import canonical, mapping_file

STANDS_FOR = "Stands for"
NAME = "Name"
BY_ID = "id"


class FinanceMappingVersion(models.Model):
    # a room of its own: lines in files
    _inherit = "finance.mapping.version"  # pylint: disable=consider-merging-classes-inherited

    def _heading(self) -> list[str]:
        return [*self.mapping_id._dimension_names(), STANDS_FOR, NAME]

    def _file_rows(self) -> list[list[str]]:
        """A heading and a row a line: what is written for each dimension, what it
        stands for in our words, and its name for the reader."""
        self.ensure_one()
        books = self._books()
        rules = self.rule_ids
        targets = {rule.target for rule in rules if rule.target}
        words = {target: books._identifier(target) for target in targets}
        rows = [
            [
                *split_key(rule.key),
                words.get(rule.target, ""),
                rule.target.display_name if rule.target else "",
            ]
            for rule in rules
        ]
        return [self._heading(), *rows]

    def _books(self):
        """The targets' model, in the company of the mapping."""
        return self.env["finance.mapping.target"].with_company(self.company_id)

    def _read_rows(self, content: bytes) -> tuple[list[dict], list[str]]:
        """(values of lines, what is wrong with rows) of a file. Raises UserError for
        what is no such file at all."""
        try:
            rows = mapping_file.read(content)
        except mapping_file.UnreadableFile as error:
            raise UserError(str(error)) from error
        heading = self._heading()
        if (
            not rows
            or [cell.strip() for cell in rows[0]][: len(heading) - 1] != (heading[:-1])
        ):
            raise UserError(
                self.env._(
                    "The first row must be: %s. Export the mapping to get such a file.",
                    ", ".join(heading[:-1]),
                )
            )
        width = len(heading) - 2
        keys = Counter(SEPARATOR.join(row[:width]) for row in rows[1:])
        lines, errors = [], []
        for number, row in enumerate(rows[1:], 2):
            cells = [*row, *[""] * (width + 1 - len(row))]
            try:
                lines.append(
                    self._row_values(cells[:width], cells[width], number, keys)
                )
            except ValidationError as error:
                errors.append(
                    self.env._("Row %(row)s: %(why)s", row=number, why=error.args[0])
                )
        return lines, errors

    def _row_values(self, written: list[str], word: str, number: int, keys) -> dict:
        """Raises ValidationError."""
        key = SEPARATOR.join(written)
        if len(split_key(key)) != len(written):
            raise ValidationError(self.env._("Write | itself as \\|."))
        if keys[key] > 1:
            raise ValidationError(self.env._("“%s” is in the file twice.", key))
        try:
            MappingRule(tuple(written), 0).combinations()
        except UnreadableValue as error:
            raise ValidationError(str(error)) from error
        target = self._books()._target(self.mapping_id, word.strip())
        return {
            "version_id": self.id,
            "sequence": number,
            "key": key,
            "target": f"{target._name},{target.id}",
        }

    def _replace_lines(self, lines: list[dict]):
        """All lines of the draft, by others; all or nothing."""
        self._edit()
        self.rule_ids.unlink()
        self.env["finance.mapping.rule"].create(lines)

    def action_export_csv(self):
        return self._download("csv")

    def action_export_xlsx(self):
        return self._download("xlsx")

    def _download(self, extension: str) -> dict:
        self.ensure_one()
        url = f"/finance/mapping/{self.id}/lines.{extension}"
        return {"type": "ir.actions.act_url", "url": url, "target": "download"}

    def action_import(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Import Lines"),
            "res_model": "finance.mapping.import",
            "view_mode": "form",
            "target": "new",
            "context": {"default_version_id": self.id},
        }

    def action_test(self):
        """Try values."""
        self.ensure_one()
        test = self.env["finance.mapping.test"]._start(self)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Try Values"),
            "res_model": test._name,
            "res_id": test.id,
            "view_mode": "form",
            "target": "new",
        }


class FinanceMappingTarget(models.AbstractModel):
    """Records of the books by what identifies them, as files name them: an identifier
    of :mod:`..canonical` (``code:4010``), the same without the field's name where that
    is clear, or ``id:7``."""

    _name = "finance.mapping.target"
    _description = "Target of a Mapping in a File"

    def _identifier(self, target) -> str:
        """What names ``target`` and nothing else."""
        kind = self._kind(target._name)
        word = kind.identifier(target) if kind else ""
        alone = word and len(self._search_word(target._name, word)) == 1
        return word if alone else f"{BY_ID}:{target.id}"

    def _target(self, mapping, word: str):
        """The record that ``word`` names. Raises ValidationError."""
        found = self._search_word(mapping.target_model, word) if word else None
        if not found:
            raise ValidationError(
                self.env._("Nothing in your books is known as “%s”.", word)
            )
        own = found.filtered(
            lambda each: canonical.belongs_to(each, mapping.company_id)
        )
        if not own:
            raise ValidationError(self.env._("“%s” belongs to another company.", word))
        if len(own) > 1:
            raise ValidationError(
                self.env._("“%s” is the name of several records.", word)
            )
        return own

    def _search_word(self, model: str, word: str):
        """Of the company's own books, at most two."""
        records = self.env[model]
        name, _colon, value = word.partition(":")
        if name == BY_ID and value.isdecimal():
            return records.search([("id", "=", int(value))])
        kind = self._kind(model)
        if not kind:
            return records
        for names in kind.identified_by:
            domain = _domain(names, word)
            if domain:
                company = records._check_company_domain(self.env.company)
                found = records.search([*domain, *company], limit=2)
                if found:
                    return found
        return records

    def _kind(self, model: str):
        kinds = (kind for kind in canonical.KINDS.values() if kind.model == model)
        return next(kinds, None)


def _domain(names: tuple[str, ...], word: str) -> list | None:
    """What finds a record by ``word``, ``field:value`` for each of ``names``; a single
    field may go without its name."""
    parts = word.split(canonical.SEPARATOR) if len(names) > 1 else [word]
    if len(parts) != len(names):
        return None
    pairs = [part.partition(":") for part in parts]
    if [name for name, _colon, _value in pairs] == list(names):
        return [(name, "=", value) for name, _colon, value in pairs]
    return [(names[0], "=", word)] if len(names) == 1 else None
