"""What an exception says, and the buttons that do what has to be done."""

import re

from lxml import etree

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.finance_core.errors import NeedsPerson
from odoo.addons.queue_job.tests.common import trap_jobs

from .common import HubCase, txn


@tagged("post_install", "-at_install")
class Remedies(HubCase):
    def held(self, **fields):
        self.play(txn("t1", "payment", "10.00", **fields))
        return self.find("t1").exception_id

    def test_it_names_the_field_the_value_and_the_button(self):
        exception = self.held(fees={"odd": "1.00"})
        self.assertEqual(exception.value, "odd")
        self.assertIn("Fees", exception.field)
        self.assertEqual(exception.action, "add_mapping")

    def test_every_remedy_has_its_method_and_its_role(self):
        exceptions = self.env["finance.exception"]
        for code, remedy in exceptions._remedies().items():
            with self.subTest(code):
                self.assertTrue(callable(getattr(exceptions, f"_remedy_{code}")))
                self.assertTrue(
                    self.env.ref(f"finance_integration.group_{remedy.role}")
                )
                self.assertLessEqual(set(remedy.beside), set(exceptions._remedies()))

    def test_the_form_has_the_buttons_of_the_role(self):
        def buttons(role):
            views = self.env(user=self.make_user(role))["finance.exception"]
            form = etree.fromstring(views.get_view(view_type="form")["arch"])
            return {
                code
                for button in form.iter("button")
                for code in re.findall(
                    r"o_finance_remedy_(\w+)", button.get("class", "")
                )
            }

        self.assertIn("add_mapping", buttons("editor"))
        self.assertNotIn("add_mapping", buttons("user"))
        self.assertFalse(buttons("auditor"))

    def test_a_role_that_may_not_is_told_whom_to_ask(self):
        exception = self.held(fees={"odd": "1.00"})
        user, editor = self.make_user("user"), self.make_user("editor")
        self.assertIn("Mapping Editor", exception.with_user(user).helper)
        self.assertFalse(exception.with_user(editor).helper)

    def test_only_what_is_offered_can_be_pressed(self):
        exception = self.held(fees={"odd": "1.00"})
        for remedy in ("pull_again", "close", "nothing", None):
            with self.subTest(remedy), self.assertRaises(UserError):
                self.press(exception, remedy)

    def test_the_role_is_checked_on_the_server(self):
        exception = self.held(fees={"odd": "1.00"})
        for role in ("user", "operator", "approver", "auditor"):
            with self.subTest(role), self.assertRaises(AccessError):
                self.press(exception, "add_mapping", self.make_user(role))

    def test_a_resolved_one_offers_nothing(self):
        exception = self.held(fees={"odd": "1.00"})
        exception._resolve("Done.")
        with self.assertRaises(UserError):
            self.press(exception, "add_mapping")

    def test_who_pressed_what_is_in_the_log(self):
        exception = self.held(fees={"odd": "1.00"})
        user = self.make_user("user")
        with trap_jobs():
            self.press(exception, "try_again", user)
        entry = self.env["finance.log"].search(
            [("exception_id", "=", exception.id), ("event", "=", "exception.remedy")]
        )
        self.assertEqual((entry.user_id, entry.detail), (user, "Try Again"))

    def test_a_missing_rule_is_drafted_for_exactly_that_kind(self):
        exception = self.held_category("bonus")
        action = self.press(exception, "add_rule", self.make_user("editor"))
        self.assertEqual(
            action["context"]["default_document_type"], "balance_transaction"
        )

    def held_category(self, category):
        self.play(txn("t2", category, "10.00"))
        return self.find("t2").exception_id

    def test_a_message_that_cannot_be_read_is_replayed_by_an_operator(self):
        message, _status = self.store(b"not json", "broken", self.system)
        self.drain()
        exception = self.env["finance.exception"].search(
            [("message_id", "=", message.id)]
        )
        self.assertEqual(exception.value, "broken")
        with trap_jobs():
            self.press(exception, "replay", self.make_user("operator"))
        self.assertEqual(message.state, "received")

    def test_a_currency_that_is_missing_is_opened(self):
        need = NeedsPerson(
            "rate:CHF:2026-03-10", "No rate.", "Enter it.", action="open_currency"
        )
        exception = self.env["finance.exception"]._raise_for(self.system, need)
        action = self.press(exception, "open_currency", self.make_user("user"))
        self.assertEqual(action["res_id"], self.env.ref("base.CHF").id)

    def test_a_payout_that_does_not_tie_is_asked_for_again(self):
        payout = self.env["finance.payout"]._named(self.system, {"po_1"})["po_1"]
        payout._stop("It does not tie.", "Ask.")
        with trap_jobs() as jobs:
            self.press(payout._exceptions(), "ask_provider", self.make_user("user"))
            jobs.assert_jobs_count(1)
