"""Deliveries wait for the run of their flow; what goes first goes first."""

from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..models.finance_engine import A_STEP
from .common import DAY, HubCase, txn

HOUR = timedelta(hours=1)


class FlowCase(HubCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.door = cls.system.flow_ids.filtered(lambda each: each.kind == "webhook")
        cls.operator = cls.make_user("operator")

    def at(self, moment: str):
        """Let it be then, UTC."""
        now = fields.Datetime.from_string(moment)
        self.patch(fields.Datetime, "now", lambda: now)
        self.patch(fields.Date, "today", now.date)

    def nightly(self, **values):
        """From 22:00 in Berlin; a delivery that came at noon, 2026-03-10."""
        self.at("2026-03-10 11:00:00")
        self.door.write({"mode": "batch", "run_times": "22:00", **values})
        return self.deliver(txn("t1", "payment", "1.00"))[0]


@tagged("post_install", "-at_install")
class Modes(FlowCase):
    def test_in_real_time_nothing_waits(self):
        message, _status = self.deliver(txn("t1", "payment", "1.00"))
        self.assertFalse(message.next_attempt_at)

    def test_a_micro_batch_is_taken_together_at_the_end_of_its_seconds(self):
        self.at("2026-03-10 11:00:01")
        self.door.write({"mode": "micro_batch", "batch_seconds": 20})
        first, _status = self.deliver(txn("t1", "payment", "1.00"))
        self.at("2026-03-10 11:00:19")
        second, _status = self.deliver(txn("t2", "payment", "1.00"))
        self.assertEqual(first.next_attempt_at, second.next_attempt_at)
        self.assertEqual(str(first.next_attempt_at), "2026-03-10 11:00:20")

    def test_a_batch_waits_for_its_window_in_the_zone_of_the_company(self):
        message = self.nightly()
        self.assertEqual(str(message.next_attempt_at), "2026-03-10 21:00:00")

    def test_what_waits_for_its_run_is_not_taken(self):
        self.door.write({"mode": "micro_batch", "batch_seconds": 86000})
        message, _status = self.deliver(txn("t1", "payment", "1.00"))
        self.drain()
        self.assertEqual(message.state, "received")
        self.door.with_user(self.operator).action_take_now()
        self.drain()
        self.assertEqual(message.state, "processed")

    def test_only_operators_take_it_now(self):
        for role in ("user", "auditor", "editor"):
            with self.assertRaises(AccessError):
                self.door.with_user(self.make_user(role)).action_take_now()

    def test_a_due_message_wakes_the_engine_before_the_sweep(self):
        self.door.write({"mode": "micro_batch", "batch_seconds": 20})
        self.deliver(txn("t1", "payment", "1.00"))
        engine = self.env["finance.engine"]
        pause = engine._due_in(self.system.id)
        self.assertTrue(timedelta(0) < pause <= timedelta(seconds=20))
        engine._go_on(self.system.id, 0)
        jobs = self.env["queue.job"].search(
            [("identity_key", "=", f"finance.drain:{self.system.id}:due")]
        )
        self.assertEqual(len(jobs), 1)

    def test_another_schedule_counts_for_what_waits_already(self):
        message = self.nightly()
        self.door.run_times = "20:00"
        self.assertEqual(str(message.next_attempt_at), "2026-03-10 19:00:00")
        self.door.mode = "real_time"
        self.assertFalse(message.next_attempt_at)

    def test_a_close_period_brings_the_run_forward_or_puts_it_off(self):
        self.env["finance.close.period"].create(
            {
                "name": "March",
                "company_id": self.company.id,
                "date_from": "2026-03-10",
                "date_to": "2026-03-11",
            }
        )
        message = self.nightly(in_close="after")
        self.assertEqual(str(message.next_attempt_at), "2026-03-12 21:00:00")
        self.door.in_close = "at_once"
        self.assertEqual(str(message.next_attempt_at), "2026-03-10 11:00:00")

    def test_a_day_off_in_the_calendar_of_the_system_has_no_run(self):
        self.system.calendar_id = self.env["resource.calendar"].create(
            {
                "name": "Office",
                "company_id": self.company.id,
                "leave_ids": [
                    (
                        0,
                        0,
                        {
                            "name": "Day off",
                            "date_from": "2026-03-10 00:00:00",
                            "date_to": "2026-03-10 20:00:00",
                        },
                    )
                ],
            }
        )
        message = self.nightly()
        self.assertEqual(str(message.next_attempt_at), "2026-03-11 21:00:00")

    def test_before_the_close_a_hybrid_flow_is_compared_with_its_source(self):
        self.at("2026-04-01 06:00:00")
        periods = self.env["finance.close.period"]
        company = {"name": "Close", "company_id": self.company.id}
        first = {**company, "date_from": DAY, "date_to": DAY}
        april = {**company, "date_from": "2026-04-01", "date_to": "2026-04-03"}
        self.door.mode = "hybrid"
        periods.create([april, first])
        for _twice in range(2):
            periods._begin()
        check = self.env["finance.completeness"].search(
            [("system_id", "=", self.system.id)]
        )
        self.assertTrue(check.flow_id.can_be_counted)
        self.assertEqual(str(check.date_from), "2026-03-01")
        self.assertEqual(str(check.date_to), "2026-03-31")

    def test_a_schedule_nobody_can_read_is_refused(self):
        for wrong in ("at night", "25:00", False):
            with self.subTest(wrong), self.assertRaises(ValidationError):
                self.door.write({"mode": "batch", "run_times": wrong})

    def test_a_pull_in_batches_is_due_in_its_window_only(self):
        self.at("2026-03-10 11:00:00")
        flow = self.env["finance.flow"].create(
            {
                "name": "Nightly",
                "system_id": self.system.id,
                "kind": "pull",
                "stream": "nightly",
                "mode": "batch",
                "run_times": "22:00",
                "interval_minutes": 15,
            }
        )
        noon, night = fields.Datetime.now(), fields.Datetime.now() + 10 * HOUR
        self.assertFalse(flow._is_due(noon))
        self.assertTrue(flow._is_due(night))
        flow.pulled_at = night
        self.assertFalse(flow._is_due(night + HOUR / 6))
        self.assertTrue(flow._is_due(night + HOUR / 4))

    def test_what_waits_for_its_run_does_not_shut_the_door(self):
        self.system.max_waiting_hours = 1
        message = self.nightly()
        message.received_at -= 30 * HOUR
        self.env.flush_all()
        self.assertFalse(self.system._look()[self.system.id])

    def test_a_clock_an_hour_off_costs_no_message(self):
        """FAULTS 30."""
        for jump in ("09:30", "10:30", "11:30"):
            self.at(f"2026-03-10 {jump}:00")
            self.door.write({"mode": "batch", "run_times": "11:15, 22:00"})
            self.deliver(txn(f"at {jump}", "payment", "1.00"))
        waiting = self.env["finance.message"].search(
            [("system_id", "=", self.system.id), ("state", "=", "received")]
        )
        self.assertEqual(len(waiting), 3)
        last = max(each.next_attempt_at or each.received_at for each in waiting)
        self.assertLessEqual(str(last), "2026-03-10 21:00:00")


@tagged("post_install", "-at_install")
class Priorities(FlowCase):
    def jobs(self):
        return self.env["queue.job"].search(
            [("identity_key", "=like", f"finance.drain:{self.system.id}:%")]
        )

    def test_a_flood_of_reference_data_does_not_delay_a_payment(self):
        self.door.priority = "3"
        for number in range(A_STEP + 20):
            self.deliver(txn(f"r{number}", "adjustment", "1.00"))
        self.door.priority = "1"
        self.deliver(txn("urgent", "payment", "1.00"))
        self.env["finance.engine"]._step(self.system)
        self.assertEqual(self.find("urgent").state, "posted")
        self.assertFalse(self.find(f"r{A_STEP + 10}"), "the flood is not over yet")

    def test_nor_when_the_flood_was_read_already(self):
        self.door.priority = "3"
        flood = [txn(f"r{n}", "payment", "1.00") for n in range(A_STEP + 20)]
        self.deliver(*flood)
        self.env["finance.engine"]._normalise_step(self.system)
        self.door.priority = "1"
        self.deliver(txn("urgent", "payment", "1.00", day="2026-04-01"))
        self.env["finance.engine"]._step(self.system)
        self.assertEqual(self.find("urgent").state, "posted")

    def test_the_oldest_goes_first_among_equals(self):
        messages = [self.deliver(txn(f"t{n}", "payment", "1.00"))[0] for n in range(3)]
        taken = self.env["finance.message"]._take(self.system.id, 2)
        self.assertEqual(list(taken), messages[:2])

    def test_what_waits_is_found_by_index(self):
        for query in (
            "SELECT id FROM finance_message WHERE system_id = 1"
            " AND state IN ('received', 'retrying') ORDER BY priority, id LIMIT 200",
            "SELECT id FROM finance_document WHERE system_id = 1"
            " AND state = 'normalised' ORDER BY priority, occurred_at, id LIMIT 200",
        ):
            for way in ("seqscan", "bitmapscan", "sort"):  # none where they can
                self.env.cr.execute(f"SET LOCAL enable_{way} = off")
            self.env.cr.execute(f"EXPLAIN {query}")
            plan = " ".join(row[0] for row in self.env.cr.fetchall())
            self.assertNotIn("Sort", plan)

    def test_jobs_of_what_goes_first_go_first(self):
        self.door.priority = "1"
        self.env["finance.engine"]._hint(self.system.id)
        self.assertEqual(self.jobs().priority, 5)

    @mute_logger("odoo.sql_db")
    def test_only_administrators_say_what_goes_first(self):
        with self.assertRaises(AccessError):
            self.door.with_user(self.operator).priority = "1"
