"""Controls of one flow: which control holds for which document."""

import hashlib
import json

import psycopg2

from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import DAY, txn
from .test_control_step import ControlCase
from .test_risk_decisions import RiskCase, decision


class FlowCase(ControlCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.hooks = cls.system.flow_ids.filtered(lambda flow: flow.kind == "webhook")
        cls.files = cls.env["finance.flow"].create(
            {"name": "Files", "system_id": cls.system.id, "kind": "file"}
        )

    def play_by(self, flow, *documents):
        message, _status = self.deliver(*documents)
        message.flow_id = flow
        self.drain()


@tagged("post_install", "-at_install")
class FlowControls(FlowCase):
    def test_each_flow_has_its_period_policy(self):
        """FAULTS 41."""
        self.add_control(period="hold")
        self.add_control(flow=self.files, period="first_open")
        self.company.fiscalyear_lock_date = DAY
        self.play_by(self.files, txn("t1", "payment", "10.00"))
        self.play_by(self.hooks, txn("t2", "payment", "10.00"))
        self.assertEqual(self.state("t1"), "posted")
        self.assertEqual(str(self.find("t1").move_ids.date), "2026-03-11")
        self.assert_held("t2", "period:hold:", category="control")

    def test_each_flow_has_its_tolerance(self):
        self.add_control(tolerance=5)
        self.add_control(flow=self.files, tolerance=0.01)
        short, even = self.make_invoice("100"), self.make_invoice("100")
        self.play_by(self.files, txn("t1", "payment", "98.00", invoice_id=short.name))
        self.play_by(self.hooks, txn("t2", "payment", "98.00", invoice_id=even.name))
        self.assertEqual(short.amount_residual, 2)
        self.assertEqual(even.payment_state, "paid")

    def test_flow_goes_before_type_and_both_before_either(self):
        kind = "balance_transaction"
        self.add_control(limits=[{"amount": 1}])
        self.add_control(kind=kind, limits=[{"amount": 10}])
        self.play_by(self.files, txn("t1", "payment", "5.00"))
        self.assertEqual(self.state("t1"), "posted")
        of_flow = self.add_control(flow=self.files, limits=[{"amount": 2}])
        self.play_by(self.files, txn("t2", "payment", "5.00"))
        self.assert_held("t2", "limit:", category="control")
        self.assertEqual(self.find("t2").control_version_id, of_flow)
        self.add_control(kind=kind, flow=self.files, limits=[{"amount": 20}])
        self.play_by(self.files, txn("t3", "payment", "15.00"))
        self.assertEqual(self.state("t3"), "posted")
        self.play_by(self.hooks, txn("t4", "payment", "15.00"))
        self.assert_held("t4", "limit:", category="control")

    def test_the_flow_that_told_first_counts(self):
        self.add_control(flow=self.files, limits=[{"amount": 1}])
        payment = txn("t1", "payment", "5.00")
        self.play_by(self.files, payment)
        self.play_by(self.hooks, payment)
        self.assert_held("t1", "limit:", category="control")

    def test_flow_is_part_of_what_was_approved(self):
        version = self.add_control(flow=self.files, limits=[{"amount": 1}])
        with self.assertRaises(UserError):
            version.control_id.flow_id = self.hooks
        change = "UPDATE finance_control SET flow_id = NULL WHERE id = %s"
        cr, control = self.env.cr, (version.control_id.id,)
        refused = self.assertRaises(psycopg2.IntegrityError)
        with mute_logger("odoo.sql_db"), refused, cr.savepoint():
            cr.execute(change, control)
        cr.execute("ALTER TABLE finance_control DISABLE TRIGGER finance_guard_governed")
        cr.execute(change, control)
        self.env.invalidate_all()
        self.play_by(self.hooks, txn("t1", "payment", "0.50"))
        self.assert_held("t1", "altered:", category="control")

    def test_what_was_approved_before_there_were_flows_stays_approved(self):
        """Its content hash is over the fields there were."""
        version = self.add_control(limits=[{"amount": 1}], tolerance=0.05)
        content = {
            "governed": [{"system_id": self.system.id, "document_type": False}],
            "version": {
                "period": "refuse",
                "duplicates": "ignore",
                "window_days": 3,
                "tolerance": 0.05,
                "decider_id": False,
                "valid_from": False,
                "valid_to": False,
            },
            "lines": [{"amount": 1.0, "currency_id": False, "category": False}],
        }
        text = json.dumps(content, sort_keys=True).encode()
        self.assertEqual(version.content_hash, hashlib.sha256(text).hexdigest())

    def test_flow_of_another_system_is_refused(self):
        other = self.make_system(self.company, "other")
        with self.assertRaises(ValidationError):
            self.env["finance.control"].create(
                {"system_id": self.system.id, "flow_id": other.flow_ids[:1].id}
            )


@tagged("post_install", "-at_install")
class FlowDeciders(FlowCase, RiskCase):
    def test_decider_of_the_flow_revokes_what_it_released(self):
        """The database finds what to take back by the same precedence."""
        own = self.make_system(self.company, "own")
        self.add_control(flow=self.files, limits=[{"amount": 100}], decider_id=own.id)
        self.play_by(self.files, txn("t1", "payment", "500.00"))
        self.judge(decision("r1", "approve", "t1"))
        self.assert_held("t1", "limit:", category="control")
        self.judge(decision("r1", "approve", "t1"), system=own)
        self.assertEqual(self.state("t1"), "posted")
        self.judge(decision("r2", "revoke", "t1"))
        self.assertFalse(self.find("t1").compensation_id)
        later = {"occurred_at": f"{DAY}T13:00:00Z"}
        self.judge(decision("r2", "revoke", "t1", **later), system=own)
        self.drain()
        self.assertTrue(self.find("t1").compensation_id)
