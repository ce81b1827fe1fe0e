"""Who has an exception, until when, and who hears of it."""

from datetime import datetime, timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.finance_core.errors import NeedsPerson

from .common import HubCase, txn


class CareCase(HubCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user = cls.make_user("user", email="user@example.org")
        cls.other = cls.make_user("user", email="other@example.org")
        cls.exceptions = cls.env["finance.exception"]

    def open(self, cause="x:1", amount=0, category="data", **need):
        return self.exceptions._raise_for(
            self.system,
            NeedsPerson(cause, "It is wrong.", "Mend it.", category, **need),
            amount,
        )

    def rule(self, **values):
        return self.env["finance.exception.rule"].create({"name": "Rule", **values})


@tagged("post_install", "-at_install")
class Owners(CareCase):
    def test_without_a_rule_it_is_the_systems_owner(self):
        exception = self.open()
        self.assertEqual(exception.owner_id, self.system.owner_id)
        self.assertFalse(exception.rule_id)

    def test_the_first_rule_that_applies_decides(self):
        self.rule(category="control", owner_id=self.other.id, sequence=1)
        rule = self.rule(category="data", owner_id=self.user.id, sequence=2)
        self.rule(owner_id=self.other.id, sequence=3)
        exception = self.open()
        self.assertEqual((exception.owner_id, exception.rule_id), (self.user, rule))

    def test_rules_of_others_do_not_apply(self):
        elsewhere = self.make_company("Elsewhere")
        system = self.make_system(elsewhere, "elsewhere")
        for values in (
            {"company_id": elsewhere.id},
            {"system_id": system.id},
            {"words": "exchange rate"},
            {"amount_from": 100.01},
        ):
            self.rule(owner_id=self.other.id, **values)
        self.assertNotEqual(self.open(amount=100).owner_id, self.other)

    def test_words_are_looked_for_in_what_is_wrong_and_in_the_value(self):
        self.rule(owner_id=self.user.id, words="ODD fee")
        self.assertEqual(self.open(field="Fee", value="an odd fee").owner_id, self.user)

    def test_the_amount_of_what_waits_counts_in_company_currency(self):
        self.rule(owner_id=self.user.id, amount_from=92)
        self.play(
            txn("t1", "payment", "60.00", currency="USD", fees={"odd": "1.00"}),
            txn("t2", "payment", "40.00", currency="USD", fees={"odd": "1.00"}),
            txn("t3", "payment", "99.00", currency="USD", fees={"even": "1.00"}),
        )
        self.assertEqual(self.find("t1").exception_id.owner_id, self.user)
        self.assertNotEqual(self.find("t3").exception_id.owner_id, self.user)

    def test_a_team_shares_the_work(self):
        self.rule(member_ids=[(6, 0, (self.user | self.other).ids)])
        owners = [self.open(f"x:{number}").owner_id for number in range(4)]
        self.assertEqual(owners.count(self.user), 2)

    def test_only_administrators_say_who_owns_what(self):
        for role in ("user", "operator", "editor", "approver", "auditor"):
            rules = self.env(user=self.make_user(role))["finance.exception.rule"]
            with self.subTest(role), self.assertRaises(AccessError):
                rules.create({"name": "Mine"})

    def test_an_owner_must_be_able_to_see_it(self):
        exception = self.open().with_user(self.user)
        stranger = self.make_user("user", self.make_company("Elsewhere"))
        for owner in (stranger, self.make_user("auditor")):
            with self.assertRaises(UserError):
                exception.owner_id = owner

    def test_taking_many_is_one_button_and_in_the_log(self):
        exceptions = self.open("x:1") | self.open("x:2")
        exceptions.with_user(self.user).action_take()
        self.assertEqual(exceptions.owner_id, self.user)
        logged = self.env["finance.log"].search(
            [
                ("exception_id", "in", exceptions.ids),
                ("event", "=", "exception.assigned"),
            ]
        )
        self.assertEqual(len(logged), 2)
        with self.assertRaises(AccessError):
            exceptions.with_user(self.make_user("auditor")).action_take()

    def test_a_resolved_one_stays_as_it_is(self):
        exception = self.open()
        exception._resolve("Done.")
        with self.assertRaises(UserError):
            exception.with_user(self.user).action_take()

    def test_the_due_time_is_not_moved_by_hand(self):
        with self.assertRaises(AccessError):
            self.open().with_user(self.user).due_at = fields.Datetime.now()


@tagged("post_install", "-at_install")
class DueTimes(CareCase):
    FRIDAY = datetime(2026, 3, 6, 14)  # 15:00 in Berlin

    def due(self, opened=FRIDAY, hours=4):
        return self.env["finance.close.period"]._due_at(self.system, opened, hours)

    def close(self, **values):
        return self.env["finance.close.period"].create(
            {
                "name": "Close",
                "company_id": self.company.id,
                "date_from": "2026-03-06",
                "date_to": "2026-03-09",
                "hours": 2,
                **values,
            }
        )

    def work(self):
        self.system.calendar_id = self.env["resource.calendar"].create(
            {
                "name": "Nine to five",
                "company_id": self.company.id,
                "tz": "Europe/Berlin",
                "attendance_ids": [
                    (
                        0,
                        0,
                        {
                            "name": day,
                            "dayofweek": day,
                            "hour_from": 9,
                            "hour_to": 17,
                            "day_period": "morning",
                        },
                    )
                    for day in "01234"
                ],
            }
        )

    def test_without_working_hours_every_hour_counts(self):
        self.assertEqual(self.due(), self.FRIDAY + timedelta(hours=4))

    def test_working_hours_skip_the_weekend_in_their_time_zone(self):
        self.work()
        self.assertEqual(self.due(), datetime(2026, 3, 9, 10))  # 11:00 on Monday

    def test_a_close_period_shortens_it(self):
        self.close()
        self.assertEqual(self.due(), self.FRIDAY + timedelta(hours=2))

    def test_a_close_period_never_lengthens_it(self):
        self.close(hours=100)
        self.assertEqual(self.due(), self.FRIDAY + timedelta(hours=4))

    def test_nothing_of_the_close_is_due_after_it(self):
        self.close(hours=100)
        self.assertEqual(self.due(hours=200), datetime(2026, 3, 9, 23))

    def test_its_days_are_those_of_the_company(self):
        self.close()
        last_hour_before = datetime(2026, 3, 5, 22, 30)
        self.assertEqual(
            self.due(last_hour_before), last_hour_before + timedelta(hours=4)
        )
        self.assertEqual(
            self.due(datetime(2026, 3, 5, 23, 30)), datetime(2026, 3, 6, 1, 30)
        )

    def test_what_is_open_when_it_begins_is_brought_forward_once(self):
        exception = self.open()
        today = fields.Date.today()
        period = self.close(date_from=today, date_to=today + timedelta(days=9))
        self.exceptions._cron_care()
        soon = fields.Datetime.now() + timedelta(hours=2, minutes=1)
        self.assertLess(exception.due_at, soon)
        self.assertTrue(period.begun_at)

    def test_two_periods_of_a_company_do_not_overlap(self):
        self.close()
        with self.assertRaises(UserError):
            self.close(date_from="2026-03-09", date_to="2026-03-10")


@tagged("post_install", "-at_install")
class Telling(CareCase):
    def activities(self, exception, user):
        return exception.activity_ids.filtered(lambda each: each.user_id == user)

    def mails(self, user):
        return self.env["mail.mail"].search(
            [("recipient_ids", "in", user.partner_id.ids)]
        )

    def test_the_owner_is_told_once_without_what_travelled(self):
        self.rule(owner_id=self.user.id)
        exceptions = self.open("x:1", value="secret-value") | self.open("x:2")
        self.exceptions._cron_care()
        self.exceptions._cron_care()
        self.assertEqual(len(exceptions.activity_ids), 2)
        self.assertEqual(exceptions.activity_ids.user_id, self.user)
        [mail] = self.mails(self.user)
        self.assertIn("2 new", mail.subject)
        self.assertIn(self.system.name, mail.body_html)
        self.assertNotIn("It is wrong", mail.body_html)
        self.assertNotIn("secret-value", mail.body_html)

    def test_the_manager_hears_once_when_it_is_overdue(self):
        self.rule(owner_id=self.user.id, manager_id=self.other.id, hours=1)
        exception = self.open()
        self.exceptions._cron_care()
        self.assertFalse(self.activities(exception, self.other))
        exception.due_at = fields.Datetime.now() - timedelta(minutes=1)
        self.exceptions._cron_care()
        self.exceptions._cron_care()
        self.assertEqual(len(self.activities(exception, self.other)), 1)
        self.assertEqual(len(self.mails(self.other)), 1)
        self.assertTrue(exception.escalated_at)

    def test_nobody_is_told_of_what_is_put_off(self):
        self.rule(owner_id=self.user.id, manager_id=self.other.id)
        exception = self.open()
        exception.due_at = fields.Datetime.now() - timedelta(minutes=1)
        exception._snooze(fields.Datetime.now() + timedelta(hours=1), "Later.")
        self.exceptions._cron_care()
        self.assertFalse(exception.activity_ids)
        exception.snoozed_until = fields.Datetime.now() - timedelta(seconds=1)
        self.exceptions._cron_care()
        self.assertEqual(len(exception.activity_ids), 2)

    def test_what_is_resolved_leaves_nobody_anything_to_do(self):
        self.rule(owner_id=self.user.id)
        exception = self.open()
        self.exceptions._cron_care()
        exception._resolve("Done.")
        self.assertFalse(exception.activity_ids)

    def test_a_new_owner_gets_the_activity(self):
        self.rule(owner_id=self.user.id)
        exception = self.open()
        self.exceptions._cron_care()
        exception.with_user(self.user).owner_id = self.other
        self.assertEqual(exception.activity_ids.user_id, self.other)


@tagged("post_install", "-at_install")
class Snoozing(CareCase):
    def snooze(self, exceptions, user, days=1, reason="The bank is closed."):
        until = fields.Datetime.now() + timedelta(days=days)
        self.env["finance.exception.snooze"].with_user(user).create(
            {"exception_ids": exceptions.ids, "until": until, "reason": reason}
        ).action_snooze()

    def shown(self):
        now = fields.Datetime.now()
        return self.exceptions.search(
            [
                ("system_id", "=", self.system.id),
                *self.exceptions._awake(),
                ("create_date", "<=", now + timedelta(minutes=1)),
            ]
        )

    def test_it_leaves_the_list_and_comes_back_by_itself(self):
        exceptions = self.open("x:1") | self.open("x:2")
        due = exceptions.mapped("due_at")
        self.snooze(exceptions, self.user)
        self.assertFalse(self.shown())
        self.assertEqual(exceptions.mapped("due_at"), due)
        exceptions.snoozed_until = fields.Datetime.now() - timedelta(seconds=1)
        self.assertEqual(self.shown(), exceptions)

    def test_it_needs_a_reason_and_a_time_to_come(self):
        exception = self.open()
        for days, reason in ((1, "  "), (-1, "Later.")):
            with self.assertRaises(UserError):
                self.snooze(exception, self.user, days, reason)

    def test_only_an_approver_puts_it_off_for_long(self):
        exception = self.open()
        with self.assertRaises(UserError):
            self.snooze(exception, self.user, days=8)
        self.snooze(exception, self.make_user("approver"), days=8)
        self.assertTrue(exception.snoozed_until)

    def test_an_auditor_puts_nothing_off(self):
        exception = self.open().with_user(self.make_user("auditor"))
        with self.assertRaises(AccessError):
            exception._snooze(fields.Datetime.now() + timedelta(days=1), "Later.")

    def test_it_can_be_brought_back(self):
        exception = self.open()
        self.snooze(exception, self.user)
        exception.with_user(self.user).action_wake()
        self.assertEqual(self.shown(), exception)


@tagged("post_install", "-at_install")
class Rejecting(CareCase):
    def held(self):
        self.play(
            txn("t1", "payment", "10.00", fees={"odd": "1.00"}),
            txn("t2", "payment", "10.00", fees={"even": "1.00"}),
        )
        return (self.find("t1") | self.find("t2")).exception_id

    def reject(self, exceptions, user):
        self.env["finance.exception.close"].with_user(user).create(
            {"exception_ids": exceptions.ids, "reason": "Test payments."}
        ).action_close()

    def test_an_approver_rejects_many_with_a_reason(self):
        exceptions = self.held()
        approver = self.make_user("approver")
        self.reject(exceptions, approver)
        documents = self.find("t1") | self.find("t2")
        self.assertEqual(set(documents.mapped("state")), {"ignored"})
        self.assertIn("Test payments.", documents[0].reason)
        self.assertIn(approver.name, documents[0].reason)
        self.assertEqual(set(exceptions.mapped("state")), {"resolved"})

    def test_nobody_else_makes_money_disappear(self):
        exceptions = self.held()
        both = self.make_user("approver")
        both.group_ids += self.env.ref("finance_integration.group_admin")
        for user in (
            *map(self.make_user, ("user", "operator", "editor", "admin", "auditor")),
            both,
        ):
            with self.subTest(user.name), self.assertRaises(AccessError):
                self.reject(exceptions, user)
        self.assertEqual(self.find("t1").state, "held")


@tagged("post_install", "-at_install")
class Ageing(CareCase):
    def test_open_ones_age_and_resolved_ones_do_not(self):
        old, older, done = (self.open(f"x:{number}") for number in range(3))
        done._resolve("Done.")
        for exception, days in ((old, 2), (older, 40), (done, 40)):
            self.env.cr.execute(
                "UPDATE finance_exception SET create_date = create_date"
                " - %s * interval '1 day' WHERE id = %s",
                [days, exception.id],
            )
        self.exceptions._age()
        self.assertEqual((old.age, older.age, done.age), ("01", "28", "00"))
