"""Nobody alone lowers how sensitive what a system sends is."""

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from .common import HubCase


@tagged("post_install", "-at_install")
class SystemClass(HubCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin = cls.make_user("admin")
        cls.approver = cls.make_user("approver")

    def ask(self, data_class="internal"):
        self.system.with_user(self.admin).lower_class = data_class

    def logged(self):
        entries = self.env["finance.log"].search([("event", "=like", "system.%")])
        return [(e.event, e.user_id, e.detail) for e in entries.sorted("id")]

    def test_administrator_raises_it_alone(self):
        self.system.with_user(self.admin).data_class = "secret"
        self.assertEqual(
            self.logged(),
            [
                (
                    "system.reclassified",
                    self.admin,
                    "personal, production → secret, production",
                )
            ],
        )

    def test_administrator_does_not_lower_it_whatever_the_way(self):
        for system in (
            self.system.with_user(self.admin),
            self.system.with_user(self.admin).sudo(),
            self.system.with_user(self.admin).with_context(import_file=True),
        ):
            with self.assertRaises(AccessError):
                system.data_class = "internal"
            with self.assertRaises(AccessError):
                system.write({"lower_class_asked_by_id": self.approver.id})
        self.assertEqual(self.system.data_class, "personal")

    def test_what_one_asks_for_an_approver_allows(self):
        self.ask()
        self.assertEqual(self.system.data_class, "personal")
        self.system.with_user(self.approver).action_lower_class()
        self.env.invalidate_all()
        self.assertEqual(self.system.data_class, "internal")
        self.assertFalse(self.system.lower_class)
        self.assertEqual(
            self.logged(),
            [
                ("system.lower_class_asked", self.admin, "personal → internal"),
                ("system.class_lowered", self.approver, "personal → internal"),
            ],
        )

    def test_nobody_allows_what_nobody_asked_for(self):
        with self.assertRaises(UserError):
            self.system.with_user(self.approver).action_lower_class()
        self.ask()
        self.ask(False)
        with self.assertRaises(UserError):
            self.system.with_user(self.approver).action_lower_class()

    def test_nobody_but_an_approver_allows_it(self):
        self.ask()
        for role in ("user", "operator", "editor", "auditor"):
            with self.subTest(role), self.assertRaises(AccessError):
                self.system.with_user(self.make_user(role)).action_lower_class()
        self.admin.group_ids |= self.env.ref("finance_integration.group_approver")
        other = self.make_user("admin")
        other.group_ids |= self.env.ref("finance_integration.group_approver")
        for user in (self.admin, other, self.env.user):
            with self.subTest(user.name), self.assertRaises(AccessError):
                self.system.with_user(user).sudo().action_lower_class()

    def test_only_administrators_ask(self):
        with self.assertRaises(AccessError):
            self.system.with_user(self.approver).lower_class = "internal"

    def test_what_is_asked_for_is_lower(self):
        for same_or_higher in ("personal", "secret"):
            with self.subTest(same_or_higher), self.assertRaises(ValidationError):
                self.ask(same_or_higher)

    def test_a_raise_ends_what_was_asked_for(self):
        self.ask()
        self.system.with_user(self.admin).data_class = "secret"
        self.assertFalse(self.system.lower_class or self.system.lower_class_asked_by_id)
