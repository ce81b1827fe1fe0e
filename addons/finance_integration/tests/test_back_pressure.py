"""A queue too long or too old shuts the door of its system, and of no other."""

from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.queue_job.tests.common import trap_jobs

from ..models import finance_system_intake
from .common import HubCase, txn
from .test_pull import Shop


@tagged("post_install", "-at_install")
class BackPressure(HubCase):
    def setUp(self):
        super().setUp()
        finance_system_intake.looks._known.clear()

    def reason(self, system=None):
        system = system or self.system
        return system._look()[system.id]

    def wait(self, count, hours=0):
        """That many more deliveries wait, arrived so long ago."""
        for _time in range(count):
            number = next(self.numbers)
            document = txn(f"txn_w{number}", "payment", "10.00")
            message, _status = self.deliver(document)
            self.env.cr.execute(
                "UPDATE finance_message SET received_at = %s WHERE id = %s",
                (fields.Datetime.now() - timedelta(hours=hours), message.id),
            )

    def test_door_is_shut_at_the_limit_and_not_before(self):
        self.system.max_waiting = 3
        self.wait(2)
        self.assertFalse(self.reason())
        self.wait(1)
        self.assertIn("3 deliveries", self.reason())

    def test_door_is_shut_when_the_oldest_waits_too_long(self):
        self.wait(1, hours=23)
        self.assertFalse(self.reason())
        self.wait(1, hours=25)
        self.assertIn("24 hours", self.reason())

    def test_no_limit_means_never_shut(self):
        self.system.write({"max_waiting": 0, "max_waiting_hours": 0})
        self.wait(2, hours=1000)
        self.assertFalse(self.reason())

    def test_what_a_pause_leaves_waiting_shuts_no_door(self):
        self.system.max_waiting = 1
        self.wait(1, hours=25)
        for paused in (self.system, self.system.flow_ids):
            with self.subTest(paused._name):
                paused._pause("The provider moves")
                self.assertFalse(self.reason())
                paused.action_resume()
                self.assertTrue(self.reason())

    def test_another_system_stays_open(self):
        other = self.make_system(self.company, "calm")
        self.system.max_waiting = 1
        self.wait(1)
        self.assertTrue(self.reason())
        self.assertFalse(self.reason(other))

    def test_what_is_tried_again_does_not_shut_the_door(self):
        self.wait(1, hours=48)
        self.env["finance.message"].search([])._fail("Not now.")
        self.assertFalse(self.reason())

    def test_door_opens_by_itself_when_the_queue_is_processed(self):
        self.system.max_waiting = 1
        self.wait(1)
        self.assertTrue(self.reason())
        self.drain()
        self.assertFalse(self.reason())

    def test_shut_door_is_said_on_the_board_first(self):
        self.system.max_waiting = 1
        self.wait(1)
        self.system.invalidate_recordset()
        self.assertEqual(self.system.health, "failing")
        self.assertIn(self.system.door_shut_reason, self.system.health_reason)

    def test_looking_again_within_a_second_asks_nothing(self):
        self.system._shut_reason()
        with self.assertQueryCount(0):
            self.system._shut_reason()

    def test_pull_waits_for_room_and_asks_nobody(self):
        self.system.max_waiting = 1
        self.wait(1)
        shop = Shop()
        self.system.write({"base_url": self.enterContext(shop.open())})
        with trap_jobs() as jobs:
            self.system._job_pull("documents")
        self.assertFalse(shop.asked)
        jobs.assert_jobs_count(1, only=self.system._job_pull)

    def test_flow_by_which_messages_came_is_not_deleted(self):
        self.wait(1)
        flows = self.system.flow_ids.filtered(lambda flow: flow.kind == "webhook")
        with self.assertRaises(UserError):
            flows.unlink()
