"""A person chooses who is meant by a customer, another confirms it, what waits goes
on."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from odoo.addons.finance_core.errors import NeedsPerson

from .common import DAY
from .test_references import ReferenceCase


@tagged("post_install", "-at_install")
class PartnerChoice(ReferenceCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.invoice = cls.make_invoice("10")
        cls.reference = cls.make_reference("cus_1", cls.stranger)
        cls.confirm(cls.reference)
        cls.chooser = cls.make_user("editor")

    def hold(self):
        self.charge(self.invoice)
        self.charge(self.invoice, "ch2", amount="5.00")
        exception = self.assert_held("ch1", "partner:cus_1:", category="control")
        self.assertEqual(exception.document_count, 2)
        return exception

    def ask(self, exception, user=None):
        user = user or self.chooser
        action = self.press(exception, "choose_partner", user)
        choices = self.env[action["res_model"]].with_user(user)
        return choices.browse(action["res_id"])

    def choose(self, exception, partner):
        choice = self.ask(exception)
        with Form(choice) as form:
            form.partner_id = partner
        choice.action_propose()
        self.env.invalidate_all()

    def reasons(self, choice):
        return {line.partner_id: line.reasons for line in choice.line_ids}

    def test_who_owes_the_invoice_is_suggested_and_taken(self):
        choice = self.ask(self.hold())
        self.assertEqual(choice.foreign_id, "cus_1")
        self.assertEqual(choice.stands_for, self.stranger)
        [line] = choice.line_ids
        self.assertEqual(line.partner_id, self.customer)
        self.assertIn(self.invoice.name, line.reasons)
        line.action_take()
        self.assertEqual(choice.partner_id, self.customer)
        self.assertFalse(self.reference.proposed_target)  # nothing is said yet

    def test_who_is_like_the_customer_that_was_told_of_is_suggested(self):
        twin = self.env["res.partner"].create(
            {"name": "Pine Trees", "vat": "DE136695976"}
        )
        double = self.env["res.partner"].create({"name": "Pines", "vat": "DE136695976"})
        self.env["finance.partner.pair"]._find_step()
        self.play(
            {
                "type": "customer",
                "source_id": "cus_1",
                "occurred_at": f"{DAY}T09:00:00Z",
                "name": "Pine Trees",
                "vat": "DE 136 695 976",
            }
        )
        reasons = self.reasons(self.ask(self.hold()))
        self.assertIn("VAT number", reasons[twin])
        self.assertIn("VAT number", reasons[double])
        self.assertIn(self.customer, reasons)

    def test_what_is_confirmed_counts_until_the_choice_is_confirmed(self):
        exception = self.hold()
        self.choose(exception, self.customer)
        self.assertEqual(self.reference.target, self.stranger)
        self.assertEqual(self.reference.proposed_target, self.customer)
        self.drain()
        self.assertEqual(self.find("ch1").state, "held")
        self.confirm(self.reference)
        self.assertEqual(self.reference.target, self.customer)
        self.assertFalse(self.reference.proposed_target)
        self.drain()
        self.assertEqual(
            {*(self.find("ch1") | self.find("ch2")).mapped("state")}, {"posted"}
        )
        self.assertEqual(exception.state, "resolved")

    def test_who_chose_does_not_confirm(self):
        self.choose(self.hold(), self.customer)
        self.chooser.group_ids |= self.env.ref("finance_integration.group_approver")
        with self.assertRaises(UserError):
            self.reference.with_user(self.chooser).action_confirm()

    def test_an_approver_leaves_it_as_it_is(self):
        self.choose(self.hold(), self.customer)
        with self.assertRaises(AccessError):
            self.reference.with_user(self.chooser).action_refuse_proposal()
        self.reference.with_user(self.approver).action_refuse_proposal()
        self.assertEqual(self.reference.state, "confirmed")
        self.assertEqual(self.reference.target, self.stranger)
        self.drain()
        self.assertEqual(self.find("ch1").state, "held")

    def test_proposal_is_in_the_log_before_and_after(self):
        exception = self.hold()
        self.choose(exception, self.customer)
        self.confirm(self.reference)
        entries = self.env["finance.log"].search([("event", "=", "reference.changed")])
        chosen, confirmed = entries.sorted("id")
        one, other = (
            f"res.partner,{self.stranger.id}",
            f"res.partner,{self.customer.id}",
        )
        self.assertIn(f"is {one} → ", chosen.detail)
        self.assertIn(f"is {one}, proposed {other}", chosen.detail)
        self.assertEqual(
            (chosen.user_id, confirmed.user_id), (self.chooser, self.approver)
        )
        self.assertTrue(confirmed.detail.endswith(f"is {other}"))
        told = self.env["finance.log"].search(
            [("event", "=", "exception.partner_chosen")]
        )
        self.assertEqual(told.exception_id, exception)

    def test_without_a_reference_one_is_entered(self):
        self.reference.with_user(self.approver).action_withdraw()
        self.reference.with_user(self.editor).unlink()
        entered = (
            self.env["finance.reference"]
            .with_user(self.chooser)
            ._propose(self.system, "partner", "cus_7", self.customer)
        )
        self.assertEqual((entered.state, entered.target), ("proposed", self.customer))
        entered._propose(self.system, "partner", "cus_7", self.stranger)
        self.assertEqual(entered.target, self.stranger)
        self.assertEqual(entered.author_ids, self.chooser)

    def test_case_of_a_partner_nobody_knows_ends_with_the_confirmation(self):
        """What a process waits for; what it holds is tested with processes."""
        need = NeedsPerson(
            "partner_unknown:sup_1",
            "Nobody has confirmed who it is.",
            "Choose.",
            value="sup_1",
            action="choose_partner",
        )
        exception = self.env["finance.exception"]._raise_for(self.system, need)
        self.play(
            {
                "type": "supplier",
                "source_id": "sup_1",
                "occurred_at": f"{DAY}T09:00:00Z",
                "name": "A customer",
            }
        )
        choice = self.ask(exception)
        self.assertIn(self.customer, self.reasons(choice))
        self.choose(exception, self.customer)
        entered = self.references("sup_1")
        self.assertEqual(entered.state, "proposed")
        opened = self.press(exception, "open_reference", self.approver)
        self.assertEqual(opened["res_id"], entered.id)
        self.confirm(entered)
        waiting = self.env["finance.waiting"]
        self.assertTrue(waiting._has_come_partner_unknown(exception, "sup_1"))

    def test_partner_of_another_company_is_refused(self):
        elsewhere = self.make_company("Elsewhere")
        foreign = self.env["res.partner"].create(
            {"name": "Foreign", "company_id": elsewhere.id}
        )
        exception = self.hold()
        with self.assertRaises(UserError):
            self.choose(exception, foreign)

    def test_only_editors_choose(self):
        exception = self.hold()
        for role in ("user", "operator", "approver", "auditor"):
            user = self.make_user(role)
            with self.subTest(role), self.assertRaises(AccessError):
                self.ask(exception, user)
            with self.subTest(role), self.assertRaises(AccessError):
                self.env["finance.reference"].with_user(user)._propose(
                    self.system, "partner", "cus_1", self.customer
                )

    def test_nobody_writes_the_proposal_from_outside(self):
        with self.assertRaises(AccessError):
            self.reference.with_user(self.chooser).proposed_target = self.customer
