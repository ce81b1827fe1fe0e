"""Who was changed is found again by other keys."""

from odoo import api, models

TOLD = {"name", "vat", "email", "active", "parent_id"}


class ResPartner(models.Model):
    _inherit = "res.partner"

    @api.model_create_multi
    def create(self, vals_list):
        partners = super().create(vals_list)
        self.env["finance.partner.key"]._note_changed(partners)
        return partners

    def write(self, vals):
        result = super().write(vals)
        if TOLD & vals.keys():
            self.env["finance.partner.key"]._note_changed(self)
        return result
