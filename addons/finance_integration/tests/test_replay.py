"""Failed deliveries are processed again after a preview, once, by operators."""

from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import HubCase, txn


@tagged("post_install", "-at_install")
class Replay(HubCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.operator = cls.make_user("operator")
        cls.bad = cls.env["finance.message"]
        for number in range(3):
            cls.bad |= cls.store(b"not json", f"bad-{number}", cls.system)[0]
        cls.play(txn("good", "payment", "1.00"))
        cls.deliver(txn("new", "payment", "1.00"))

    def replay(self, user=None, **values):
        model = self.env["finance.replay"].with_user(user or self.operator)
        return model.create({"system_id": self.system.id, **values})

    def run_all(self, replay):
        replay.action_confirm()
        for _job in range(10):
            replay.sudo()._job_replay()

    def test_the_preview_says_what_it_takes_and_what_it_leaves_alone(self):
        self.bad[0].sudo().write({"state": "dead"})
        replay = self.replay()
        self.assertEqual(replay.chosen_count, 3)
        self.assertEqual((replay.dead_count, replay.rejected_count), (1, 2))
        self.assertEqual((replay.processed_count, replay.waiting_count), (1, 1))
        self.assertEqual(set(self.bad.mapped("state")), {"dead", "rejected"})

    def test_each_filter_narrows_it(self):
        self.bad[0].sudo().write({"state": "dead", "error": "no key"})
        self.bad[1].received_at -= timedelta(days=40)
        month = fields.Datetime.now() - timedelta(days=30)
        others = self.env["finance.flow"].create(
            {"name": "Other", "system_id": self.system.id, "kind": "api"}
        )
        for values, count in (
            ({"failed_as": "dead"}, 1),
            ({"failed_as": "rejected"}, 2),
            ({"words": "NO KEY"}, 1),
            ({"date_to": month}, 1),
            ({"date_from": month}, 2),
            ({"flow_id": others.id}, 0),
            ({"message_ids": [(6, 0, self.bad[:2].ids)]}, 2),
        ):
            with self.subTest(values):
                self.assertEqual(self.replay(**values).chosen_count, count)

    def test_all_that_failed_is_processed_again_in_batches(self):
        replay = self.replay()
        self.run_all(replay)
        self.assertEqual(replay.state, "done")
        self.assertEqual(replay.replayed_count, 3)
        self.assertEqual(set(self.bad.mapped("state")), {"received"})

    def test_what_fails_again_meanwhile_is_not_taken_twice(self):
        replay = self.replay()
        replay.action_confirm()
        replay.sudo()._job_replay()
        self.drain()
        self.assertEqual(set(self.bad.mapped("state")), {"rejected"})
        replay.sudo()._job_replay()
        self.drain()
        self.assertEqual(replay.replayed_count, 3)

    def test_the_second_press_does_nothing(self):
        """FAULTS 40."""
        replay = self.replay()
        replay.action_confirm()
        replay.with_user(self.make_user("operator")).action_confirm()
        begun = self.env["finance.log"].search_count([("event", "=", "replay.begun")])
        self.assertEqual(begun, 1)
        self.assertEqual(replay.confirmed_by_id, self.operator)

    def test_who_and_what_is_in_the_log(self):
        replay = self.replay(words="json")
        self.run_all(replay)
        begun = self.env["finance.log"].search([("event", "=", "replay.begun")])
        self.assertEqual(begun.user_id, self.operator)
        self.assertIn("json", begun.detail)
        self.assertIn("3 rejected", begun.detail)

    def test_a_lost_job_is_found_by_the_sweep(self):
        """FAULTS 29."""
        replay = self.replay()
        replay.action_confirm()
        jobs = self.env["queue.job"].search(
            [("identity_key", "=like", f"finance.replay:{replay.id}:%")]
        )
        self.assertEqual(len(jobs), 1)
        jobs.unlink()
        self.env["finance.engine"]._cron_sweep()
        self.assertTrue(jobs.search([("identity_key", "=like", "finance.replay:%")]))

    def test_only_operators_replay(self):
        for role in ("user", "editor", "approver", "auditor"):
            with self.subTest(role), self.assertRaises(AccessError):
                self.replay(self.make_user(role))
        replay = self.replay()
        with self.assertRaises(AccessError):
            replay.with_user(self.make_user("auditor")).action_confirm()

    def test_nobody_writes_that_it_began_or_changes_what_has_begun(self):
        replay = self.replay()
        for values in ({"state": "running"}, {"replayed_count": 9}):
            with self.subTest(values), self.assertRaises(AccessError):
                replay.write(values)
        with self.assertRaises(AccessError):
            self.replay(state="running")
        replay.action_confirm()
        with self.assertRaises(UserError):
            replay.words = "other"

    def test_another_companys_system_is_out_of_reach(self):
        stranger = self.make_user("operator", self.make_company("Elsewhere"))
        with self.assertRaises(AccessError):
            self.replay(stranger)

    def test_what_is_no_longer_kept_is_left_alone_and_counted(self):
        self.bad[0].sudo().write({"purged_at": fields.Datetime.now()})
        replay = self.replay()
        self.assertEqual((replay.chosen_count, replay.emptied_count), (2, 1))
        self.run_all(replay)
        self.assertEqual(self.bad[0].state, "rejected")

    def test_chosen_messages_are_looked_at_first(self):
        action = self.bad[:2].with_user(self.operator).action_preview_replay()
        replay = self.env["finance.replay"].browse(action["res_id"])
        self.assertEqual(replay.chosen_count, 2)
