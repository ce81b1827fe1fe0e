"""Who holds duties that should be apart, and who used both."""

from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import txn
from .test_control_step import ControlCase


@tagged("post_install", "-at_install")
class Duties(ControlCase):
    def report(self, user):
        """{(first duty, second duty): both used} of ``user``, as an auditor sees it."""
        self.env.flush_all()
        self.env.invalidate_all()
        rows = (
            self.env["finance.duty.report"]
            .with_user(self.make_user("auditor"))
            .search([("user_id", "=", user.id)])
        )
        short = {
            self.env.ref(f"finance_integration.duty_{name}"): name
            for name in ("author", "approval", "release", "operation", "setup", "owner")
        }
        return {
            (short[row.first_id.sudo()], short[row.second_id.sudo()]): row.used_both
            for row in rows
        }

    def make_both(self, *roles):
        user = self.make_user(roles[0])
        for role in roles[1:]:
            user.group_ids |= self.env.ref(f"finance_integration.group_{role}")
        return user

    def test_one_duty_alone_is_no_conflict(self):
        for role in ("editor", "approver", "operator", "user", "auditor"):
            self.assertFalse(self.report(self.make_user(role)))

    def test_powers_that_were_not_used_are_shown_as_such(self):
        user = self.make_both("editor", "approver")
        found = self.report(user)
        self.assertEqual(found[("author", "approval")], False)
        self.assertEqual(found[("author", "release")], False)

    def test_power_that_was_used_and_taken_away_is_still_shown(self):
        user = self.make_both("editor", "approver")
        self.add_control(limits=[{"amount": 100}], user=user)
        user.group_ids -= self.env.ref("finance_integration.group_editor")
        self.assertIn(("author", "approval"), self.report(user))

    def test_people_of_other_companies_are_not_shown(self):
        elsewhere = self.env["res.company"].create({"name": "Elsewhere"})
        user = self.make_user("editor", elsewhere)
        user.group_ids |= self.env.ref("finance_integration.group_approver")
        self.assertFalse(self.report(user))

    def test_credentials_and_references_show_that_a_power_was_used(self):
        user = self.make_both("admin", "approver")
        credentials = self.env["finance.credential"].with_user(user)
        credential = credentials.create(
            {"system_id": self.system.id, "kind": "api", "secret": "sk_hidden"}
        )
        credential.secret = "sk_other"
        credential.valid_to = "2036-01-01"
        credential.unlink()
        entries = self.env["finance.log"].search(
            [("event", "=like", "credential.%"), ("user_id", "=", user.id)]
        )
        self.assertEqual(
            set(entries.mapped("event")),
            {
                "credential.added",
                "credential.secret_set",
                "credential.changed",
                "credential.removed",
            },
        )
        self.assertNotIn("sk_", str(entries.mapped("detail")))
        self.assertEqual(self.report(user)[("setup", "approval")], False)
        self.system.with_user(user).data_class = "secret"
        self.assertTrue(
            self.env["finance.log"].search([("event", "=", "system.reclassified")])
        )

    def test_powers_come_with_roles_that_imply_them(self):
        found = self.report(self.make_both("admin", "approver"))
        self.assertIn(("setup", "approval"), found)
        self.assertIn(("operation", "approval"), found)

    def test_both_used_is_read_from_the_log(self):
        user = self.make_both("editor", "approver")
        self.add_control(limits=[{"amount": 100}], user=user)
        self.assertEqual(self.report(user)[("author", "release")], False)
        self.add_control(limits=[{"amount": 90}])
        # somebody who wrote neither version in force may release; he wrote the first
        other = self.make_both("editor", "approver")
        self.play(txn("t1", "payment", "500.00"))
        self.find("t1").with_user(other).action_release("Fine")
        self.add_control(limits=[{"amount": 80}], user=other)
        found = self.report(other)
        self.assertEqual(found[("author", "release")], True)
        self.assertEqual(found[("author", "approval")], False)

    def test_owner_of_a_system_who_may_release_is_a_conflict(self):
        user = self.make_user("approver")
        self.assertFalse(self.report(user))
        self.system.owner_id = user
        self.assertIn(("owner", "release"), self.report(user))

    def test_it_is_for_auditors_and_administrators_and_can_be_exported(self):
        user = self.make_both("editor", "approver")
        auditor = self.make_user("auditor")
        self.assertTrue(auditor.has_group("base.group_allow_export"))
        rows = (
            self.env["finance.duty.report"]
            .with_user(auditor)
            .search([("user_id", "=", user.id)])
        )
        exported = rows.export_data(["login", "first_id/name", "used_both"])["datas"]
        self.assertEqual(exported[0][0], user.login)
        for role in ("user", "operator", "editor", "approver"):
            with self.assertRaises(AccessError):
                self.env["finance.duty.report"].with_user(self.make_user(role)).search(
                    []
                )

    def test_nobody_changes_what_conflicts(self):
        for role in ("admin", "auditor"):
            conflicts = self.env["finance.duty.conflict"].with_user(
                self.make_user(role)
            )
            with self.assertRaises(AccessError):
                conflicts.search([], limit=1).unlink()
            with self.assertRaises(AccessError):
                conflicts.create({"name": "x", "first_id": 1, "second_id": 2})
