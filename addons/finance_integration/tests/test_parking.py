"""What refers to something that has not come yet waits for it, before people do."""

from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import HubCase, txn


@tagged("post_install", "-at_install")
class Parking(HubCase):
    """FAULTS 21."""

    def late(self, number="INV/LATE/1", **values):
        return self.make_invoice("10", name=number, **values)

    def park(self, source_id="t1", number="INV/LATE/1"):
        self.play(txn(source_id, "payment", "10.00", invoice_id=number))
        return self.find(source_id).exception_id

    def sweep(self, hours=0):
        """What the sweep does so much later."""
        now = fields.Datetime.now() + timedelta(hours=hours)
        self.patch(fields.Datetime, "now", lambda: now)
        self.env["finance.engine"]._cron_sweep()
        self.drain()

    def test_it_waits_without_an_owner_or_a_due_time(self):
        exception = self.park()
        self.assertEqual(self.find("t1").state, "held")
        self.assertEqual(exception.state, "waiting")
        self.assertFalse(exception.owner_id or exception.due_at)
        wait = exception.opens_at - exception.create_date
        self.assertEqual(wait, timedelta(hours=1))

    def test_it_goes_on_when_it_has_come_and_nobody_was_asked(self):
        exception = self.park()
        self.late()
        self.sweep()
        self.assertEqual(self.find("t1").state, "posted")
        self.assertEqual(exception.state, "resolved")
        events = self.env["finance.log"].search([("exception_id", "=", exception.id)])
        self.assertNotIn("exception.opened", events.mapped("event"))

    def test_people_are_asked_after_the_wait_of_the_system(self):
        self.system.patience_minutes = 90
        exception = self.park()
        self.sweep(hours=1)
        self.assertEqual(exception.state, "waiting")
        self.sweep(hours=1)
        self.assertEqual(exception.state, "open")
        self.assertEqual(exception.owner_id, self.system.owner_id)
        self.assertTrue(exception.due_at)

    def test_what_came_during_the_wait_is_not_asked_for(self):
        exception = self.park()
        self.late()
        self.sweep(hours=2)
        self.assertEqual(exception.state, "resolved")

    def test_no_wait_means_people_are_asked_at_once(self):
        self.system.patience_minutes = 0
        self.assertEqual(self.park().state, "open")

    def test_what_never_comes_by_itself_is_not_waited_for(self):
        self.play(txn("t1", "payment", "10.00", fees={"odd": "1.00"}))
        self.assertEqual(self.find("t1").exception_id.state, "open")

    def test_waiting_for_one_thing_is_one_case_whatever_came_in_between(self):
        exception = self.park("t1")
        self.assertEqual(self.park("t2"), exception)
        exception._open()
        self.assertEqual(self.park("t3"), exception)
        self.late()
        self.sweep()
        self.assertEqual(exception.state, "resolved")

    def test_the_board_counts_them_apart(self):
        self.park("t1")
        self.park("t2")
        self.assertEqual(self.system.parked_document_count, 2)
        self.assertEqual(self.system.open_exception_count, 0)
        self.assertEqual(self.system.health, "ok")
        figure = self.system.with_context(figure="parked_document_count")
        action = figure.action_open_figure()
        found = self.env["finance.document"].search(action["domain"])
        self.assertEqual(found, self.find("t1") | self.find("t2"))

    def test_nobody_is_told_of_it(self):
        exception = self.park()
        self.env["finance.exception"]._cron_care()
        self.assertFalse(exception.told_at)

    def test_a_user_need_not_wait_and_an_auditor_cannot_say_so(self):
        exception = self.park()
        with self.assertRaises(AccessError):
            exception.with_user(self.make_user("auditor")).action_do_not_wait()
        exception.with_user(self.make_user("user")).action_do_not_wait()
        self.assertEqual(exception.state, "open")
        self.assertTrue(exception.owner_id)

    def test_more_that_wait_cost_the_sweep_no_more_queries(self):
        def cost(count):
            for number in range(count):
                name = f"INV/NONE/{count}/{number}"
                self.deliver(txn(f"{count}-{number}", "payment", "1", invoice_id=name))
            self.drain()
            self.env.flush_all()
            before = self.cr.sql_log_count
            self.env["finance.waiting"]._release_satisfied()
            return self.cr.sql_log_count - before

        cost(1)
        self.assertLessEqual(cost(20), cost(3) + 3)
