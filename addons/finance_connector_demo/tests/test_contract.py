from pathlib import Path

from odoo.addons.finance_core.testing import contract

from ..connector import DemoConnector


class DemoContract(contract.ConnectorContract):
    connector, samples = DemoConnector(), Path(__file__).parent / "samples"
