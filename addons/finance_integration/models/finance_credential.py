from datetime import timedelta

from odoo import api, fields, models, tools
from odoo.exceptions import UserError

from odoo.addons.finance_core.errors import Refused

from .. import keyring

GRACE = timedelta(hours=24)


class FinanceCredential(models.Model):
    """A secret of a system: encrypted, with validity and rotation.

    The secret can be set, never read back: ``secret`` is write-only and
    ``ciphertext`` is readable by nobody through the ORM.
    """

    _name = "finance.credential"
    _description = "Credential"
    _order = "system_id, kind, valid_from desc"

    system_id = fields.Many2one(
        "finance.system", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="system_id.company_id", store=True, index=True)
    kind = fields.Selection(
        [("webhook", "Webhook signature"), ("api", "API key")], required=True
    )
    secret = fields.Char(
        compute="_compute_secret",
        inverse="_inverse_secret",
        help="Write a new secret here. It is encrypted at once and never shown again.",
    )
    ciphertext = fields.Char(copy=False, groups=fields.NO_ACCESS)
    is_set = fields.Boolean(compute="_compute_is_set")
    valid_from = fields.Datetime(required=True, default=fields.Datetime.now)
    replaces_id = fields.Many2one(
        "finance.credential", readonly=True, copy=False, ondelete="set null"
    )
    valid_to = fields.Datetime(help="Refused from then on. Empty: no end.")

    @api.depends_context("uid")
    def _compute_secret(self):
        self.secret = False

    def _inverse_secret(self):
        for credential in self.filtered("secret"):
            try:
                token = keyring.encrypt(credential.secret.strip().encode())
            except Refused as error:
                raise UserError(str(error)) from error
            # sudo: the column is closed to everybody; only this method fills it
            credential.sudo().ciphertext = token.decode()
            credential.replaces_id._end(fields.Datetime.now() + GRACE)

    @api.depends("ciphertext")
    def _compute_is_set(self):
        for credential in self:
            # sudo: only whether there is one, never what it is
            credential.is_set = bool(credential.sudo().ciphertext)

    @api.model_create_multi
    def create(self, vals_list):
        self.env.registry.clear_cache()
        credentials = super().create(vals_list)
        credentials._note("credential.added")
        return credentials

    def write(self, vals):
        self.env.registry.clear_cache()
        result = super().write(vals)
        if "ciphertext" in vals:
            self._note("credential.secret_set")
        if set(vals) - {"secret", "ciphertext"}:
            self._note("credential.changed")
        return result

    def unlink(self):
        self.env.registry.clear_cache()
        self._note("credential.removed")
        return super().unlink()

    def _note(self, event: str):
        """Log what was done, without a word of the secret."""
        self.env["finance.log"]._append(
            {
                "event": event,
                "system_id": each.system_id.id,
                "company_id": each.company_id.id,
                "detail": f"{each.kind}: {each.valid_from} to {each.valid_to or '…'}",
            }
            for each in self
        )

    def action_rotate(self):
        """Open a new, empty credential; once that is saved with its secret, this one
        stays valid for a day of grace."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_system_id": self.system_id.id,
                "default_kind": self.kind,
                "default_replaces_id": self.id,
            },
        }

    def _end(self, moment):
        """Let those end at ``moment`` (UTC, naive) that would be valid after it."""
        ending = self.filtered(lambda each: not each.valid_to or each.valid_to > moment)
        ending.valid_to = moment
        return ending

    @api.model
    def _secrets(self, system_id: int, kind: str) -> list[str]:
        """The secrets of ``kind`` that are valid now, newest first; may be empty."""
        now = fields.Datetime.now()
        return [
            secret
            for secret, valid_from, valid_to in self._known_secrets(system_id, kind)
            if valid_from <= now and (not valid_to or now < valid_to)
        ]

    @api.model
    @tools.ormcache("system_id", "kind")
    def _known_secrets(self, system_id: int, kind: str) -> tuple:
        # sudo: the engine and the door act for the system, not for a user
        credentials = self.sudo().search(
            [("system_id", "=", system_id), ("kind", "=", kind)]
        )
        return tuple(
            (
                keyring.decrypt(credential.ciphertext.encode()).decode(),
                credential.valid_from,
                credential.valid_to,
            )
            for credential in credentials
            if credential.ciphertext
        )
