from odoo.addons.finance_core.testing import contract

from .common import SAMPLES, connector


class StripeContract(contract.ConnectorContract):
    connector, samples = connector, SAMPLES
