from odoo import api, models

from odoo.addons.finance_core.connector import Connector


class FinanceConnector(models.AbstractModel):
    """Where connectors register: an addon adds a model that inherits this one and
    sets ``_connector``. Installing the addon is what enables it."""

    _name = "finance.connector"
    _description = "Connector"

    _connector: Connector | None = None

    @api.model
    def _all(self) -> dict[str, Connector]:
        """The registered connectors by code, as plain objects."""
        names = sorted(self.pool["finance.connector"]._inherit_children)
        connectors = (self.env[name]._connector for name in names)
        return {connector.code: connector for connector in connectors if connector}

    @api.model
    def _selection(self) -> list[tuple[str, str]]:
        return [(code, each.label) for code, each in self._all().items()]
