"""What mappings and posting rules share: their meaning is agreed in versions.

A version is written as a draft, submitted, and approved or rejected by somebody who
wrote none of it. The rules hold for the real user whatever the way in: the screens,
RPC, an import, ``sudo()``, context values. Fields of the cycle change through
``_step`` of the version alone (:mod:`.finance_governed_version`); the database keeps
the same rules once more (:mod:`.version_guard`).
"""

from odoo import api, models
from odoo.exceptions import UserError

OPEN = ("draft", "submitted")


class FinanceGoverned(models.AbstractModel):
    """Has versions. ``_defining`` names the fields that are part of what is approved
    and so stay as they are once a version has left its draft.

    ``_later``, here and on versions and lines, names fields that joined the content
    when there were approved versions already: they are part of the content hash where
    they say something, so that what was approved without them stays approved.
    """

    _name = "finance.governed"
    _description = "Governed by Approved Versions"
    _defining: tuple[str, ...] = ()
    _later: tuple[str, ...] = ()

    def write(self, vals):
        fixed = set(self._defining) & set(vals)
        if fixed and any(each.state != "draft" for each in self.sudo().version_ids):
            words = [self._fields[name]._description_string(self.env) for name in fixed]
            raise UserError(
                self.env._(
                    "%s: this is part of what was approved. Propose a new version, or"
                    " start a new record.",
                    ", ".join(sorted(words)),
                )
            )
        return super().write(vals)

    def _agreed_version(self):
        """The newest approved version; empty when there is none."""
        agreed = self.version_ids.filtered(lambda each: each.state == "approved")
        return agreed.sorted("number")[-1:]

    def _draft(self, change_reason: str):
        """The version to write in: the open draft, or a new one with the content of
        the newest approved version. Raises UserError while one waits for approval."""
        self.ensure_one()
        waiting = self.version_ids.filtered(lambda each: each.state in OPEN)
        if waiting.state == "submitted":
            raise UserError(
                self.env._(
                    "%s waits for approval. Have it approved, or withdraw it to go on"
                    " writing.",
                    waiting.display_name,
                )
            )
        if waiting:
            return waiting
        agreed = self._agreed_version()
        if agreed:
            return agreed.copy({"change_reason": change_reason})
        parent = self.version_ids._parent
        vals = {parent: self.id, "change_reason": change_reason}
        return self.version_ids.create(vals)

    def action_new_version(self):
        """Open the draft for a change."""
        return self._draft("").action_open()


class FinanceGovernedLine(models.AbstractModel):
    """A line of a version. ``_content`` names the fields that are approved."""

    _name = "finance.governed.line"
    _description = "Line of a Version under Approval"
    _content: tuple[str, ...] = ()
    _later: tuple[str, ...] = ()

    @api.model_create_multi
    def create(self, vals_list):
        preset = self.env.context.get("default_version_id")
        ids = {vals.get("version_id") or preset for vals in vals_list} - {None}
        self.version_id.browse(list(ids))._edit()
        return super().create(vals_list)

    def write(self, vals):
        self.version_id._edit()
        if vals.get("version_id"):
            self.version_id.browse(vals["version_id"])._edit()
        return super().write(vals)

    def unlink(self):
        self.version_id._edit()
        return super().unlink()
