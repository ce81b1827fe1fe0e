"""Pausing a system or a flow: what arrives is kept, nothing else happens."""

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.finance_core.retry import POLICIES
from odoo.addons.queue_job.tests.common import trap_jobs

from .common import HubCase, txn
from .test_pull import KEY, Shop


@tagged("post_install", "-at_install")
class Pausing(HubCase):
    def setUp(self):
        super().setUp()
        self.shop = Shop()
        self.shop.pages = {"1": [txn("pulled", "payment", "1.00")]}
        url = self.enterContext(self.shop.open())
        self.system.write({"base_url": url, "environment": "test"})
        self.env["finance.credential"].create(
            {"system_id": self.system.id, "kind": "api", "secret": KEY}
        )
        self.pulled = self.system.flow_ids.filtered(lambda each: each.kind == "pull")
        self.door = self.system.flow_ids - self.pulled
        self.operator = self.make_user("operator")
        self.call_in_this_transaction()

    def pause(self, record, reason="The provider moves"):
        action = record.with_user(self.operator).action_pause()
        wizards = self.env["finance.pause"].with_user(self.operator)
        wizard = wizards.with_context(**action["context"]).create({"reason": reason})
        wizard.action_pause()
        self.env.flush_all()

    def resume(self, record):
        with trap_jobs() as trap:
            record.with_user(self.operator).action_resume()
            self.env.flush_all()
            return {job.method_name for job in trap.enqueued_jobs}

    def pull(self):
        with trap_jobs() as trap:
            self.env["finance.puller"]._pull(self.system, "documents")
            self.env.flush_all()
            return [job for job in trap.enqueued_jobs if job.method_name == "_job_pull"]

    def systems_with_work(self):
        self.env.flush_all()
        return self.env["finance.waiting"]._systems_with_work()

    def log(self):
        return self.env["finance.log"].search(
            [("system_id", "=", self.system.id), ("event", "=like", "pause.%")]
        )

    def test_paused_system_keeps_what_arrives_and_goes_on_when_resumed(self):
        self.pause(self.system)
        self.assertTrue(self.env["finance.system"]._door("proof"), "the door is open")
        message, status = self.deliver(txn("t1", "payment", "1.00"))
        self.assertEqual(status, "accepted")
        self.drain()
        self.assertEqual(message.state, "received")
        self.assertNotIn(self.system.id, self.systems_with_work())
        self.assertEqual(len(self.pull()), 1, "it comes again")
        self.assertFalse(self.shop.asked)
        self.assertFalse(self.pulled._is_due(fields.Datetime.now()))
        self.assertEqual(self.resume(self.system), {"_job_drain", "_job_pull"})
        self.drain()
        self.assertEqual(self.find("t1").state, "posted")
        self.pull()
        self.assertTrue(self.shop.asked)

    def test_what_was_put_off_while_paused_is_due_at_once(self):
        self.pause(self.system)
        self.env["finance.puller"]._pull(self.system, "documents", "p1")
        jobs = self.env["queue.job"].search(
            [("identity_key", "=like", f"finance.pull.later:{self.system.id}:%")]
        )
        self.assertTrue(jobs.eta)
        self.resume(self.system)
        self.assertFalse(jobs.eta)

    def test_paused_flow_lets_the_others_go_on(self):
        self.pause(self.door)
        stopped, _status = self.deliver(txn("t1", "payment", "1.00"))
        self.pull()
        self.drain()
        self.assertEqual(stopped.state, "received")
        self.assertEqual(self.find("pulled").state, "posted")
        self.assertNotIn(self.system.id, self.systems_with_work())
        self.assertEqual(self.resume(self.door), {"_job_drain"})
        self.drain()
        self.assertEqual(self.find("t1").state, "posted")

    def test_what_was_read_before_the_pause_is_not_posted_in_it(self):
        message, _status = self.deliver(txn("t1", "payment", "1.00"))
        self.env["finance.engine"]._normalise_step(self.system)
        self.pause(self.door)
        self.drain()
        self.assertEqual(message.document_ids.state, "normalised")
        self.resume(self.door)
        self.drain()
        self.assertEqual(message.document_ids.state, "posted")

    def test_paused_pull_is_not_pulled(self):
        self.pause(self.pulled)
        self.assertFalse(self.pull())
        self.assertFalse(self.shop.asked)
        self.assertFalse(self.pulled._is_due(fields.Datetime.now()))
        self.assertEqual(self.resume(self.pulled), {"_job_drain", "_job_pull"})

    def test_board_and_log_say_who_paused_what_and_why(self):
        for record in (self.system, self.door):
            self.pause(record, "Moving house")
            self.env.invalidate_all()
            self.assertEqual(self.system.health, "attention")
            self.assertIn("Moving house", self.system.health_reason)
            self.assertIn(self.operator.name, self.system.health_reason)
            self.resume(record)
            self.env.invalidate_all()
            self.assertNotIn("Moving house", self.system.health_reason)
        self.assertEqual(self.log().mapped("event"), ["pause.end", "pause.begin"] * 2)
        self.assertEqual(self.log().user_id, self.operator)
        self.assertTrue(all("Moving house" in each.detail for each in self.log()))
        self.assertTrue(all(self.log().mapped("label")))

    def test_second_pause_keeps_the_first_reason(self):
        self.pause(self.system, "First")
        self.pause(self.system, "Second")
        self.assertEqual(self.system.pause_reason, "First")
        self.assertEqual(len(self.log()), 1)
        self.resume(self.system)
        self.resume(self.system)
        self.assertEqual(len(self.log()), 2)

    def test_pause_needs_a_reason(self):
        with self.assertRaises(UserError):
            self.pause(self.system, "  ")

    def test_only_operators_pause_and_resume(self):
        for role in ("user", "editor", "approver", "auditor"):
            for record in (self.system, self.door):
                seen = record.with_user(self.make_user(role))
                for press in (seen.action_pause, seen.action_resume):
                    with self.subTest(role), self.assertRaises(AccessError):
                        press()
                with self.assertRaises(AccessError):
                    seen._pause("By another way")

    def test_administrator_does_not_pause_without_a_trace(self):
        admin = self.make_user("admin")
        values = {"paused_at": fields.Datetime.now()}
        for record in (self.system, self.door):
            with self.assertRaises(AccessError):
                record.with_user(admin).write(values)
        with self.assertRaises(AccessError):
            self.env["finance.flow"].with_user(admin).create(
                {"name": "X", "system_id": self.system.id, "kind": "api", **values}
            )


@tagged("post_install", "-at_install")
class RetryPolicies(HubCase):
    def test_flow_chooses_among_the_schedules(self):
        for field in ("retry_policy", "pull_retry_policy"):
            choice = dict(self.env["finance.flow"]._fields[field].selection)
            self.assertEqual(set(choice), set(POLICIES))

    def test_message_is_tried_again_as_its_flow_says_then_dead_with_the_cause(self):
        message, _status = self.deliver(txn("t1", "payment", "1.00"))
        message.flow_id.write({"retry_policy": "webhooks", "max_hours": 24})
        policy = POLICIES["webhooks"]
        for step in policy.steps[:4]:
            message._fail("The parser fell.")
            pause = (message.next_attempt_at - fields.Datetime.now()).total_seconds()
            self.assertTrue(step - 2 <= pause <= step * 1.1 + 1, (step, pause))
        message.received_at = fields.Datetime.subtract(message.received_at, hours=23)
        message._fail("The parser fell.")
        self.assertEqual(message.state, "dead")
        self.assertIn("The parser fell. It did not succeed within 24 h.", message.error)
