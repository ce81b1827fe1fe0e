"""“Known elsewhere as”: one button on the form of everything that has references."""

from lxml import etree

from odoo import api, models

from .. import canonical

BUTTON = """
<button name="action_open_finance_references" type="object" class="oe_stat_button"
        icon="fa-exchange" title="What other systems call this"
        groups="finance_integration.group_user,finance_integration.group_auditor">
    <div class="o_stat_info"><span class="o_stat_text">%s</span></div>
</button>
"""


class FinanceReferenced(models.AbstractModel):
    """Has the button that opens what other systems call this record."""

    _name = "finance.referenced"
    _description = "Known in Other Systems"

    @api.model
    def _get_view(self, view_id=None, view_type="form", **options):
        arch, view = super()._get_view(view_id, view_type, **options)
        if view_type == "form":
            box = _button_box(arch)
            if box is not None:
                words = self.env._("Known Elsewhere")
                box.append(etree.fromstring(BUTTON % words))
        return arch, view

    def action_open_finance_references(self):
        self.ensure_one()
        target = f"{self._name},{self.id}"
        kinds = canonical.KINDS.values()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("%s Elsewhere", self.display_name),
            "res_model": "finance.reference",
            "domain": [("target", "=", target)],
            "context": {
                "default_target": target,
                "default_kind": next(k.code for k in kinds if k.model == self._name),
            },
            "view_mode": "list,form",
        }


def _button_box(arch):
    """Where smart buttons of a form stand; made where there is none, None where the
    form has no sheet."""
    found = arch.xpath("//div[@name='button_box']")
    sheet = arch.find("sheet")
    if found:
        return found[0]
    if sheet is None:
        return None
    box = etree.Element("div", {"class": "oe_button_box", "name": "button_box"})
    sheet.insert(0, box)
    return box


class ResPartner(models.Model):
    _name = "res.partner"
    _inherit = ["res.partner", "finance.referenced"]


class ResCompany(models.Model):
    _name = "res.company"
    _inherit = ["res.company", "finance.referenced"]


class ResCurrency(models.Model):
    _name = "res.currency"
    _inherit = ["res.currency", "finance.referenced"]


class AccountAccount(models.Model):
    _name = "account.account"
    _inherit = ["account.account", "finance.referenced"]


class AccountTax(models.Model):
    _name = "account.tax"
    _inherit = ["account.tax", "finance.referenced"]


class AccountJournal(models.Model):
    _name = "account.journal"
    _inherit = ["account.journal", "finance.referenced"]


class AccountAnalyticAccount(models.Model):
    _name = "account.analytic.account"
    _inherit = ["account.analytic.account", "finance.referenced"]


class AccountPaymentTerm(models.Model):
    _name = "account.payment.term"
    _inherit = ["account.payment.term", "finance.referenced"]


class AccountFiscalPosition(models.Model):
    _name = "account.fiscal.position"
    _inherit = ["account.fiscal.position", "finance.referenced"]


class AccountMove(models.Model):
    # what entries have to do with documents stands in a file of its own
    _name = "account.move"
    _inherit = ["account.move", "finance.referenced"]
