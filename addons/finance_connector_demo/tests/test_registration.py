from datetime import UTC, datetime
from pathlib import Path

from odoo.tests import HttpCase, tagged

from ..connector import DemoConnector

SAMPLES = Path(__file__).parent / "samples"
SECRET = "only-for-this-test"


@tagged("post_install", "-at_install")
class NewConnectorNeedsNoEditElsewhere(HttpCase):
    def setUp(self):
        super().setUp()
        self.system = self.env["finance.system"].create(
            {"name": "Demo shop", "code": "demo-shop", "connector": "demo"}
        )
        self.env["finance.credential"].create(
            {"system_id": self.system.id, "kind": "webhook", "secret": SECRET}
        )

    def deliver(self, name, secret=SECRET):
        body = (SAMPLES / f"{name}.json").read_bytes()
        signed = DemoConnector.signature.sign(body, secret, datetime.now(UTC))
        return self.url_open(
            "/finance/webhook/demo-shop",
            data=body,
            headers={"Content-Type": "application/json", **signed},
        )

    def documents(self):
        return self.env["finance.document"].search([("system_id", "=", self.system.id)])

    def test_a_signed_delivery_becomes_its_documents_once(self):
        """FAULTS 1."""
        for status in ("accepted", "duplicate"):
            answer = self.deliver("day_end")
            self.assertEqual(answer.status_code, 202)
            self.assertEqual(answer.json()["status"], status)
            self.env["finance.engine"]._step(self.system)
            self.assertEqual(
                sorted(self.documents().mapped("type")),
                ["balance_transaction", "event", "payment"],
            )

    def test_a_wrong_secret_leaves_no_trace_of_the_content(self):
        """FAULTS 4."""
        self.assertEqual(self.deliver("order_paid", "guessed").status_code, 401)
        self.env["finance.engine"]._step(self.system)
        self.assertFalse(self.documents())

    def test_its_stream_is_a_flow_of_the_system(self):
        flows = self.system.flow_ids.filtered(lambda flow: flow.kind == "pull")
        self.assertEqual(flows.mapped("stream"), ["documents"])
