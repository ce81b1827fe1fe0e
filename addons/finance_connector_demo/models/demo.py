from odoo import models

from ..connector import DemoConnector


class FinanceConnectorDemo(models.AbstractModel):
    _name = "finance.connector.demo"
    _inherit = "finance.connector"
    _description = "Demo Shop Connector"

    _connector = DemoConnector()
