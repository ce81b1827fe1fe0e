from odoo.tests import TransactionCase

from .common import connector


class StripeInOdoo(TransactionCase):
    def test_installing_the_addon_registers_the_connector(self):
        registered = self.env["finance.connector"]._all()
        self.assertEqual(type(registered["stripe"]), type(connector))

    def test_a_system_gets_a_flow_for_every_stream_that_is_not_scoped(self):
        system = self.env["finance.system"].create(
            {"name": "Stripe", "code": "stripe-here", "connector": "stripe"}
        )
        pulls = system.flow_ids.filtered(lambda flow: flow.kind == "pull")
        self.assertEqual(
            set(pulls.mapped("stream")),
            {stream.code for stream in connector.streams if not stream.scoped},
        )
