"""A transaction that no payout claims is a person's, after a stated wait."""

from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from .common import HubCase, settlement, txn


@tagged("post_install", "-at_install")
class PayoutPatience(HubCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.system.granularity = "payout"

    def sweep(self, days):
        """What the sweep does so much later."""
        later = fields.Datetime.now() + timedelta(days=days)
        self.patch(fields.Datetime, "now", lambda: later)
        self.env["finance.engine"]._cron_sweep()
        self.drain()

    def hold(self, *documents):
        documents = documents or (txn("t1", "payment", "10.00"),)
        self.play(*documents)
        self.assertEqual(set(self.find("t1").mapped("state")), {"ready"})
        self.sweep(36)
        return self.assert_held("t1", "payout_missing:EUR", "reconciliation")

    def test_it_waits_until_the_stated_time_and_then_has_an_owner(self):
        self.system.payout_patience_days = 10
        self.play(txn("t1", "payment", "10.00"))
        self.sweep(9)
        self.assertEqual(self.find("t1").state, "ready")
        self.sweep(2)
        exception = self.assert_held("t1", "payout_missing:EUR", "reconciliation")
        self.assertIn("10 days", exception.name)

    def test_many_of_one_currency_are_one_case(self):
        exception = self.hold(
            txn("t1", "payment", "10.00"), txn("t2", "payment", "20.00")
        )
        self.assertEqual(self.find("t2").exception_id, exception)

    def test_payout_that_comes_after_all_takes_them_with_it(self):
        member = txn("t1", "payment", "10.00")
        exception = self.hold(member)
        own = txn("z", "payout", "-10.00", payout_id="po")
        self.play(own, settlement("po", [member, own]))
        self.assertEqual(self.find("t1").state, "reconciled")
        self.assertEqual(self.find("t1").move_ids, self.find("z").move_ids)
        self.assertEqual(exception.state, "resolved")

    def test_manual_payout_that_comes_after_all_posts_them(self):
        exception = self.hold()
        self.play(
            txn("z", "payout", "-10.00", payout_id="po", day="2026-03-11"),
            {
                "type": "payout",
                "source_id": "po",
                "occurred_at": "2026-03-11T10:00:00Z",
                "currency": "EUR",
                "amount": "10.00",
                "status": "paid",
                "automatic": False,
                "arrival_date": "2026-03-12",
            },
        )
        self.assertEqual(self.find("t1").state, "posted")
        self.assertEqual(exception.state, "resolved")

    def test_accepted_by_an_approver_each_becomes_an_entry_of_its_own(self):
        exception = self.hold()
        approver = self.make_user("approver")
        action = self.press(exception, "accept_once", approver)
        self.assertEqual(action["res_model"], "finance.acceptance.wizard")
        exception.with_user(approver)._accept("Paid out before we began")
        self.drain()
        self.assertEqual(self.find("t1").state, "posted")
        self.assertEqual(self.balance("clearing|EUR"), 10)
        self.assertEqual(exception.state, "resolved")

    def test_its_button_asks_the_provider_again(self):
        exception = self.hold()
        jobs = self.env["queue.job"]
        pulls = [("identity_key", "=like", f"finance.pull:{self.system.id}:%")]
        jobs.search(pulls).write({"state": "done"})
        self.press(exception, "pull_payouts", self.make_user("user"))
        self.assertTrue(jobs.search_count([*pulls, ("state", "=", "pending")]))
