"""What a source says it has of a day, beside what arrived."""

from datetime import date

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.queue_job.tests.common import trap_jobs

from .common import DAY, HubCase, txn
from .test_pull import KEY, Shop

DOWN = (503, {}, b"{}")


@tagged("post_install", "-at_install")
class Completeness(HubCase):
    def setUp(self):
        super().setUp()
        self.shop = Shop()
        self.one = txn("t1", "payment", "10.00")
        self.two = txn("t2", "payment", "5.50")
        self.shop.pages = {"1": [self.one], "2": [self.two]}
        url = self.enterContext(self.shop.open())
        self.system.write({"base_url": url, "environment": "test"})
        self.env["finance.credential"].create(
            {"system_id": self.system.id, "kind": "api", "secret": KEY}
        )
        self.flow = self.system.flow_ids.filtered(lambda each: each.kind == "pull")
        self.checks = self.env["finance.completeness"]
        self.call_in_this_transaction()

    def begin(self):
        day = date.fromisoformat(DAY)
        with trap_jobs():
            return self.checks._begin(self.flow, day, day)

    def run_job(self, check):
        """The jobs that ``check`` asks for next."""
        with trap_jobs() as trap:
            check._job_check()
            return [j for j in trap.enqueued_jobs if j.method_name == "_job_check"]

    def exceptions(self, check):
        return self.env["finance.exception"].search(
            [("cause", "=", f"completeness:{check.id}"), ("state", "=", "open")]
        )

    def test_day_is_complete_when_number_and_sums_agree(self):
        self.play(self.one, self.two, txn("other", "payment", "1", day="2026-03-11"))
        check = self.begin()
        self.assertFalse(self.run_job(check))
        self.assertEqual(check.state, "complete")
        self.assertEqual((check.source_count, check.our_count), (2, 2))
        self.assertEqual(check.source_last_at, check.our_last_at)
        sums = check.sum_ids
        self.assertEqual(sums.currency_id, self.eur)
        self.assertEqual((sums.source_amount, sums.our_amount), (15.5, 15.5))
        self.assertEqual(self.flow.complete_until, check.date_to)
        self.assertEqual(self.system.complete_until, check.date_to)
        self.assertFalse(self.exceptions(check))

    def test_complete_until_ends_before_the_first_gap(self):
        for day, state in ((10, "complete"), (11, "complete"), (13, "complete")):
            when = date(2026, 3, day)
            self.checks.create(
                {
                    "flow_id": self.flow.id,
                    "date_from": when,
                    "date_to": when,
                    "state": state,
                    "checked_at": "2026-03-20",
                }
            )
        self.assertEqual(self.flow.complete_until, date(2026, 3, 11))
        gap = self.checks._first_unchecked(self.flow, date(2026, 3, 14))
        self.assertEqual(gap, date(2026, 3, 12))
        first = self.checks.search([("date_from", "=", "2026-03-10")])
        first.state = "incomplete"
        self.env.invalidate_all()
        self.assertFalse(self.flow.complete_until)

    def test_what_is_missing_is_pulled_and_the_source_read_again(self):
        self.play(self.one)
        check = self.begin()
        [job] = self.run_job(check)
        self.assertEqual((check.state, check.pulled_count), ("pulled", 1))
        self.assertGreater(check.next_at, fields.Datetime.now())
        self.assertTrue(job.eta)
        self.drain()
        self.assertEqual(self.find("t2").state, "posted")
        self.run_job(check)
        self.assertEqual((check.state, check.missing_count), ("complete", 0))
        self.assertEqual(check.pulled_count, 1)

    def test_what_stays_missing_is_a_case_until_it_came(self):
        check = self.begin()
        self.run_job(check)
        self.run_job(check)  # what was pulled was not processed
        self.assertEqual(check.state, "incomplete")
        exception = self.exceptions(check)
        self.assertIn("2 did not arrive", exception.name)
        self.assertEqual(exception.category, "control")
        self.assertFalse(self.flow.complete_until)
        self.drain()
        with trap_jobs():
            self.press(exception, "compare_again", self.make_user("operator"))
        self.run_job(check)
        self.assertEqual(check.state, "complete")
        self.assertEqual(exception.state, "resolved")

    def test_same_objects_with_other_amounts_are_no_agreement(self):
        self.play(self.one, txn("t2", "payment", "5.51"))
        check = self.begin()
        self.run_job(check)
        self.assertEqual(check.state, "incomplete")
        self.assertIn("EUR", check.reason)
        self.assertTrue(check.sum_ids.differs)

    def test_what_the_source_does_not_have_is_no_agreement(self):
        self.play(self.one, self.two, txn("t3", "payment", "0.00"))
        check = self.begin()
        self.run_job(check)
        self.assertEqual(check.state, "incomplete")
        self.assertIn("lists 2, we have 3", check.reason)

    def test_day_is_that_of_the_company(self):
        late = txn("t2", "payment", "5.50", occurred_at="2026-03-09T23:30:00Z")
        next_day = txn("t3", "payment", "1", occurred_at="2026-03-10T23:30:00Z")
        self.shop.pages["2"] = [late]
        self.play(self.one, late, next_day)
        check = self.begin()
        self.run_job(check)
        self.assertEqual(check.state, "complete", check.reason)
        self.assertIn("from=2026-03-09T23%3A00%3A00%2B00%3A00", self.shop.asked[0])

    def test_long_list_goes_on_in_another_transaction(self):
        transactions = [txn(f"m{n}", "payment", "1.00") for n in range(1, 13)]
        self.shop.pages = {
            str(n): [each] for n, each in enumerate(transactions, start=1)
        }
        self.play(*transactions)
        check = self.begin()
        self.assertEqual(len(self.run_job(check)), 1)
        self.assertEqual(len(self.shop.asked), 10)
        self.assertFalse(self.run_job(check))
        self.assertEqual(len(self.shop.asked), 12)
        self.assertEqual((check.state, check.source_count), ("complete", 12))

    def test_silent_source_is_asked_again_from_where_it_stood(self):
        self.play(self.one, self.two)
        check = self.begin()
        first = self.shop.answer
        self.shop.answer = lambda asked: (
            DOWN if "page=2" in asked.path else first(asked)
        )
        [job] = self.run_job(check)
        self.assertTrue(job.eta)
        self.assertEqual((check.state, check.failures), ("counting", 1))
        self.shop.answer = first
        self.run_job(check)
        self.assertEqual(check.state, "complete")
        self.assertEqual([each[-1] for each in self.shop.asked], ["1", "2", "2"])

    def test_source_that_cannot_be_read_is_a_case(self):
        bad = {**self.two, "net": "9.00"}
        self.shop.pages["2"] = [bad]
        check = self.begin()
        self.run_job(check)
        self.assertEqual(check.state, "failed")
        self.assertTrue(self.exceptions(check))

    def test_each_night_compares_the_days_that_are_over_once(self):
        def checked(moment):
            with freeze_time(moment), trap_jobs():
                self.checks._cron_check()
            return [
                (str(check.date_from), str(check.date_to))
                for check in self.checks.search([("flow_id", "=", self.flow.id)])
            ]

        first = ("2026-03-10", "2026-03-10")
        self.assertEqual(checked("2026-03-11 02:00:00"), [first])
        self.assertEqual(checked("2026-03-11 20:00:00"), [first])
        night = "2026-03-12 00:30:00"  # half past one there: not yet
        self.assertEqual(checked(night), [first])
        gap = ("2026-03-11", "2026-03-13")
        self.assertEqual(checked("2026-03-14 02:00:00"), [gap, first])

    def test_check_whose_job_was_lost_goes_on(self):
        check = self.begin()
        check.next_at = fields.Datetime.subtract(fields.Datetime.now(), hours=2)
        with trap_jobs() as trap:
            self.checks._cron_check()
            jobs = [job.recordset for job in trap.enqueued_jobs]
        self.assertIn(check, jobs)

    def test_flow_that_cannot_be_counted_says_so(self):
        door = self.system.flow_ids - self.flow
        self.assertEqual((self.flow.can_be_counted, door.can_be_counted), (True, False))

    def test_only_operators_compare_and_only_what_is_over(self):
        check = self.begin()
        for role in ("user", "editor", "approver", "auditor"):
            user = self.make_user(role)
            for press in (
                self.flow.with_user(user).action_check_completeness,
                check.with_user(user).action_compare_again,
            ):
                with self.subTest(role), self.assertRaises(AccessError):
                    press()
            with self.assertRaises(AccessError):
                check.with_user(user).write({"state": "complete"})
        operator = self.make_user("operator")
        action = self.flow.with_user(operator).action_check_completeness()
        wizards = self.env["finance.completeness.wizard"].with_user(operator)
        wizard = wizards.with_context(**action["context"]).create({})
        with trap_jobs():
            opened = wizard.action_compare()
        self.assertEqual(opened["res_model"], "finance.completeness")
        wizard.date_to = fields.Date.today()
        with self.assertRaises(UserError):
            wizard.action_compare()
