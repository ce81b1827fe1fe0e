from odoo import models

from ..connector import StripeConnector


class FinanceConnectorStripe(models.AbstractModel):
    _name = "finance.connector.stripe"
    _inherit = "finance.connector"
    _description = "Stripe Connector"

    _connector = StripeConnector()
