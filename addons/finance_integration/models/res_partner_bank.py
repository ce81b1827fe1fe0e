"""A partner is found by its accounts too."""

from odoo import api, models


class ResPartnerBank(models.Model):
    _inherit = "res.partner.bank"

    @api.model_create_multi
    def create(self, vals_list):
        accounts = super().create(vals_list)
        self.env["finance.partner.key"]._note_changed(accounts.partner_id)
        return accounts

    def write(self, vals):
        before = self.partner_id
        result = super().write(vals)
        self.env["finance.partner.key"]._note_changed(before | self.partner_id)
        return result

    def unlink(self):
        owners = self.partner_id
        result = super().unlink()
        self.env["finance.partner.key"]._note_changed(owners)
        return result
