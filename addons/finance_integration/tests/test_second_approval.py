"""A change of great effect takes two approvers, whatever the way in."""

import psycopg2

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import txn
from .test_governance import GovernedCase


@tagged("post_install", "-at_install")
class SecondApproval(GovernedCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.second = cls.make_user("approver")
        cls.policy = cls.env["finance.approval.policy"].create(
            {"company_id": cls.company.id, "changed_lines": 1}
        )

    def approve_as(self, user, version):
        version.with_user(user).action_approve()
        self.env.invalidate_all()

    def test_two_different_approvers_put_it_in_force(self):
        version = self.proposal()
        self.approve_as(self.approver, version)
        self.assertEqual(version.state, "submitted")
        self.assertEqual(version.first_approved_by_id, self.approver)
        self.play(txn("t1", "payment", "10.00", fees={"mystery": "0.50"}))
        self.assert_held("t1", "mapping:fee:mystery")
        self.assert_refused(
            {
                "same": version.with_user(self.approver).action_approve,
                "same sudo": version.with_user(self.approver).sudo().action_approve,
                "author": version.with_user(self.editor).action_approve,
            }
        )
        self.approve_as(self.second, version)
        self.assertEqual(
            (version.state, version.approved_by_id.id), ("approved", self.second.id)
        )
        self.drain()
        self.assertEqual(self.find("t1").state, "posted")
        events = self.env["finance.log"].search(
            [("event", "=like", "version.approved%")]
        )
        self.assertIn("version.approved_first", events.mapped("event"))

    def test_administrator_who_also_writes_or_approves_sets_no_limit(self):
        for role in ("editor", "approver"):
            both = self.make_user("admin")
            both.group_ids |= self.env.ref(f"finance_integration.group_{role}")
            policy = self.policy.with_user(both)
            with self.subTest(role), self.assertRaises(AccessError):
                policy.sudo().write({"changed_lines": 0, "waiting_amount": 0})
            with self.subTest(role), self.assertRaises(AccessError):
                policy.unlink()

    def test_either_of_the_two_may_reject(self):
        version = self.proposal()
        self.approve_as(self.approver, version)
        version.with_user(self.approver).action_reject("Changed my mind")
        self.assertEqual(version.state, "rejected")
        self.assert_refused({"late": version.with_user(self.second).action_approve})

    def test_small_change_takes_one(self):
        self.policy.changed_lines = 2
        version = self.proposal()
        self.approve_as(self.approver, version)
        self.assertEqual(version.state, "approved")
        self.assertFalse(version.second_needed)

    def test_changed_and_removed_lines_count_as_added_ones_do(self):
        self.policy.changed_lines = 2
        draft = self.in_force().mapping_id.with_user(self.editor)._draft("x")
        draft.rule_ids[0].key = "changed"
        draft.rule_ids[1].unlink()
        draft.action_submit()
        self.assertTrue(draft.second_needed)

    def test_waiting_amount_counts_in_company_currency_whatever_its_sign(self):
        self.policy.write({"changed_lines": 0, "waiting_amount": 100.0})
        self.play(
            txn("t1", "payment", "60.00", fees={"mystery": "0.50"}),
            txn("t2", "payment", "-39.99", fees={"mystery": "0.50"}),
        )
        version = self.proposal()
        self.assertFalse(version.second_needed)
        version.with_user(self.editor).action_withdraw()
        self.play(txn("t3", "payment", "1.00", fees={"mystery": "0.1"}, currency="USD"))
        version.with_user(self.editor).action_submit()
        self.assertTrue(version.second_needed)

    def test_what_came_to_wait_after_submission_counts_too(self):
        self.policy.write({"changed_lines": 0, "waiting_amount": 100.0})
        version = self.proposal()
        self.assertFalse(version.second_needed)
        self.play(txn("t1", "payment", "500.00", fees={"mystery": "0.50"}))
        seen = version.content_hash
        self.approve_as(self.approver, version.with_context(seen_hash=seen))
        self.assertEqual(version.state, "submitted")
        self.approve_as(self.second, version)
        self.assertEqual(version.state, "approved")
        self.assertEqual(version.content_hash, version._digest())

    def test_a_withdrawn_version_begins_again(self):
        version = self.proposal()
        self.approve_as(self.approver, version)
        version.with_user(self.editor).action_withdraw()
        self.assertFalse(version.first_approved_by_id)
        version.with_user(self.editor).action_submit()
        self.approve_as(self.second, version)
        self.assertEqual(version.state, "submitted")

    def test_posting_rules_are_held_to_it_too(self):
        rule = (
            self.env["finance.posting.rule"]
            .with_user(self.editor)
            .create(
                {
                    "name": "Notice",
                    "document_type": "balance_transaction",
                    "system_id": self.system.id,
                }
            )
        )
        draft = rule._draft("x")
        draft.write({"outcome": "ignore", "reason": "Only a notice"})
        draft.line_ids.create(
            {"version_id": draft.id, "side": "debit", "measure": "amount", "key": "x"}
        )
        draft.action_submit()
        version = draft.with_env(self.env)
        self.approve_as(self.approver, version)
        self.assertEqual(version.state, "submitted")
        self.approve_as(self.second, version)
        self.assertEqual(version.state, "approved")


@tagged("post_install", "-at_install")
class WaysAroundTheSecond(GovernedCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.policy = cls.env["finance.approval.policy"].create(
            {"company_id": cls.company.id, "changed_lines": 1}
        )

    def setUp(self):
        super().setUp()
        self.version = self.proposal()
        self.everything = self.both("editor", "approver", "operator")

    def test_fields_of_the_cycle_are_not_written(self):
        values = {
            "second_needed": False,
            "first_approved_by_id": self.approver.id,
            "first_approved_at": "2026-01-01 00:00:00",
        }
        for user in (self.editor, self.approver, self.everything, self.env.user):
            for mine in (
                self.version.with_user(user),
                self.version.with_user(user).sudo(),
            ):
                for name, value in values.items():
                    vals = {name: value}
                    nested = {"version_ids": [Command.update(mine.id, vals)]}
                    create = {"mapping_id": mine.mapping_id.id, **vals}
                    self.assert_refused(
                        {
                            f"{name} write": lambda m=mine, v=vals: m.write(v),
                            f"{name} nested": lambda m=mine, n=nested: (
                                m.mapping_id.write(n)
                            ),
                            f"{name} create": lambda m=mine, c=create: m.create(c),
                        }
                    )

    def test_defaults_in_the_context_are_no_first_approval(self):
        mapping = self.in_force("journal").mapping_id.with_user(self.editor)
        context = {
            "default_first_approved_by_id": self.approver.id,
            "default_second_needed": False,
        }
        draft = mapping.with_context(**context)._draft("x")
        self.assertFalse(draft.first_approved_by_id)

    def test_import_gives_no_first_approval(self):
        rows = [[str(self.version.id), str(self.approver.id)]]
        versions = self.version.with_user(self.editor)
        result = versions.load([".id", "first_approved_by_id/.id"], rows)
        self.assertFalse(result["ids"])

    def test_only_administrators_say_what_takes_two(self):
        for user in (self.editor, self.approver, self.everything):
            mine = self.policy.with_user(user)
            for policy in (mine, mine.sudo()):
                self.assert_refused(
                    {
                        "write": lambda p=policy: p.write({"changed_lines": 0}),
                        "delete": policy.unlink,
                        "another": lambda p=policy: p.create(
                            {"company_id": self.company.id}
                        ),
                    }
                )
        admin = self.make_user("admin")
        self.policy.with_user(admin).changed_lines = 5
        entry = self.env["finance.log"].search([("event", "=", "policy.set")])[0]
        self.assertIn("5", entry.detail)
        with self.assertRaises(AccessError):
            self.version.with_user(admin).action_approve()

    @mute_logger("odoo.sql_db")
    def test_sql_is_refused(self):
        arguments = {
            "version": self.version.id,
            "one": self.approver.id,
            "author": self.editor.id,
        }
        update = "UPDATE finance_mapping_version SET "
        where = " WHERE id = %(version)s"
        for name, changes in {
            "one approves alone": "state = 'approved', approved_by_id = %(one)s",
            "one approves twice": "state = 'approved', approved_by_id = %(one)s,"
            " first_approved_by_id = %(one)s",
            "the author is the first": "first_approved_by_id = %(author)s",
            "one is enough": "second_needed = false",
        }.items():
            with self.subTest(name), self.assertRaises(psycopg2.IntegrityError):
                with self.env.cr.savepoint():
                    self.env.cr.execute(update + changes + where, arguments)
        self.version.with_user(self.approver).action_approve()
        self.env.flush_all()
        with self.assertRaises(psycopg2.IntegrityError), self.env.cr.savepoint():
            self.env.cr.execute(
                f"{update} first_approved_by_id = NULL{where}", arguments
            )

    def test_approval_around_the_triggers_posts_nothing(self):
        """Who approved is looked at whenever the version is used."""
        states = {
            "one alone": (None, self.approver),
            "one twice": (self.approver, self.approver),
            "the author": (self.approver, self.editor),
            "nobody": (None, None),
            "the robot": (None, self.env.ref("base.user_root")),
        }
        for name, (first, second) in states.items():
            with self.subTest(name), self.env.cr.savepoint() as kept:
                self.approve_by_sql(first, second)
                self.play(txn("t1", "payment", "10.00", fees={"mystery": "0.50"}))
                self.assert_held("t1", "altered:", category="control")
                kept.rollback()
            self.env.invalidate_all()

    def approve_by_sql(self, first, second):
        cr = self.env.cr
        cr.execute("ALTER TABLE finance_mapping_version DISABLE TRIGGER USER")
        cr.execute(
            "UPDATE finance_mapping_version SET state = 'superseded'"
            " WHERE mapping_id = %s AND state = 'approved'",
            (self.version.mapping_id.id,),
        )
        cr.execute(
            "UPDATE finance_mapping_version SET state = 'approved',"
            " first_approved_by_id = %s, approved_by_id = %s WHERE id = %s",
            (first and first.id, second and second.id, self.version.id),
        )
        cr.execute("ALTER TABLE finance_mapping_version ENABLE TRIGGER USER")
        self.env.invalidate_all()
