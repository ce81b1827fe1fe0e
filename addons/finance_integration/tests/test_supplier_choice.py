"""A bill of a supplier nobody knows: one chooses the partner by the button of its case,
another confirms, and the bill is posted with that partner."""

from odoo.exceptions import AccessError
from odoo.tests import tagged

from .test_invoices import BILL, InvoiceCase, invoice, line


@tagged("post_install", "-at_install")
class SupplierChoice(InvoiceCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ink = cls.env["res.partner"].create({"name": "Ink Ltd"})
        cls.editor = cls.make_user("editor")

    def hold(self):
        unknown = {"party": {"source_id": "s2"}}
        self.play(*(invoice(each, line("10.00"), **unknown) for each in ("b1", "b2")))
        exception = self.held("b1", "partner_unknown:s2")
        self.assertEqual(self.held("b2", "partner_unknown:s2"), exception)
        exception._open()
        return exception

    def choice(self, exception):
        action = self.press(exception, "choose_partner", self.editor)
        choice = self.env[action["res_model"]].browse(action["res_id"])
        choice.partner_id = self.ink
        return choice.with_user(self.editor)

    def reference(self):
        return self.env["finance.reference"].search(
            [("system_id", "=", self.system.id), ("foreign_id", "=", "s2")]
        )

    def test_what_is_held_posts_with_the_partner_once_it_is_confirmed(self):
        exception = self.hold()
        self.choice(exception).action_propose()
        self.assertEqual(self.reference().state, "proposed")
        exception.action_try_again()
        self.drain()
        self.held("b1", "partner_unknown:s2")
        self.reference().with_user(self.make_user("approver")).action_confirm()
        self.drain()
        for source_id in ("b1", "b2"):
            self.assertEqual(self.entry(source_id).partner_id, self.ink)
        self.assertEqual(exception.state, "resolved")
        self.play(invoice("b3", line("10.00"), party={"source_id": "s2"}))
        self.assertEqual(self.entry("b3").partner_id, self.ink)

    def test_who_lacks_the_right_neither_chooses_nor_confirms(self):
        exception = self.hold()
        choice = self.choice(exception)
        for role in ("user", "operator", "approver", "auditor", "admin"):
            user = self.make_user(role)
            with self.subTest(role), self.assertRaises(AccessError):
                self.press(exception, "choose_partner", user)
            with self.subTest(role), self.assertRaises(AccessError):
                choice.with_user(user).action_propose()
        self.assertFalse(self.reference())
        choice.action_propose()
        for role in ("user", "operator", "editor", "auditor", "admin"):
            with self.subTest(role), self.assertRaises(AccessError):
                self.reference().with_user(self.make_user(role)).action_confirm()
        self.drain()
        self.held("b1", "partner_unknown:s2", BILL)
