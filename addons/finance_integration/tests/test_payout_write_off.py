"""What the transactions of a payout lack is written off by a person, within a limit."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from .common import settlement, txn
from .test_control_step import ControlCase
from .test_payouts import PayoutCase


class WriteOffCase(PayoutCase, ControlCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.approver = cls.make_user("approver")
        cls.short = txn("t1", "payment", "99.98")
        cls.left = txn("t9", "payout", "-100.00", payout_id="po_1")

    def flag(self):
        """A payout of 100.00 with transactions of 99.98."""
        self.play(self.short, self.left, settlement("po_1", [self.short, self.left]))
        payout = self.payout()
        self.assertEqual(payout.state, "flagged")
        return payout

    def ask(self, payout, user=None):
        """What the button shows."""
        user = user or self.approver
        action = self.press(payout._exceptions(), "write_off", user)
        wizards = self.env["finance.payout.write.off"].with_user(user)
        return Form(wizards.with_context(**action["context"]))

    def write_off(self, payout, user=None, reason="A cent a day"):
        form = self.ask(payout, user)
        form.reason = reason
        form.save().action_write_off()
        self.env.invalidate_all()


@tagged("post_install", "-at_install")
class WriteOff(WriteOffCase):
    def test_a_difference_within_the_limit_is_booked_and_the_payout_ties(self):
        self.add_control(write_off_limit=0.02)
        payout = self.flag()
        exception = payout._exceptions()
        self.assertTrue(exception.can_be_written_off)
        form = self.ask(payout)
        self.assertEqual((form.amount, form.limit), (0.02, 0.02))
        self.assertEqual(form.account_id, self.account("settlement_gain|*"))
        self.write_off(payout)
        self.assertEqual(self.balance("settlement_gain|*"), -0.02)
        self.assertEqual(
            (exception.state, exception.resolved_by_id, exception.resolution),
            ("resolved", self.approver, "A cent a day"),
        )
        self.drain()
        self.assertEqual((payout.state, payout.difference), ("tied", 0))
        self.assertIn("0.02 EUR", payout.reason)
        self.assertEqual(self.balance("clearing|EUR"), 0)
        self.assert_reconciled("clearing|EUR")
        self.assertIn("99.98", exception.before)
        self.assertIn("Payout: Open", exception.after)
        entry = payout.write_off_id
        self.assertIn("A cent a day", entry.ref)
        self.assertEqual(entry.finance_document_ids, payout._own_document())
        with self.assertRaises(UserError):
            entry.button_draft()  # it is reversed instead
        row = self.env["finance.log"].search([("event", "=", "payout.written_off")])
        self.assertEqual((row.user_id, row.move_id), (self.approver, entry.id))
        self.assertEqual(row.detail, "0.02 EUR: A cent a day")

    def test_too_much_is_a_loss(self):
        self.add_control(write_off_limit=1)
        self.short = txn("t1", "payment", "100.50")
        payout = self.flag()
        self.write_off(payout)
        self.drain()
        self.assertEqual(payout.state, "tied")
        self.assertEqual(self.balance("settlement_loss|*"), 0.5)
        self.assertEqual(self.balance("clearing|EUR"), 0)

    def test_above_the_limit_it_says_what_to_do(self):
        self.add_control(write_off_limit=0.01)
        payout = self.flag()
        with self.assertRaisesRegex(UserError, r"0.02 EUR is more than the 0.01 EUR"):
            self.ask(payout)
        with self.assertRaisesRegex(UserError, "Configuration › Controls"):
            payout.with_user(self.approver)._write_off(
                payout._missing().amount, "Because"
            )
        self.assertFalse(payout.write_off_id)

    def test_nothing_is_written_off_where_nobody_approved_it(self):
        payout = self.flag()
        with self.assertRaisesRegex(UserError, "more than nothing"):
            self.ask(payout)

    def test_limit_that_was_altered_around_odoo_writes_nothing_off(self):
        version = self.add_control(write_off_limit=0.01)
        payout = self.flag()
        cr = self.env.cr
        cr.execute(
            "ALTER TABLE finance_control_version DISABLE TRIGGER finance_guard_version"
        )
        cr.execute(
            "UPDATE finance_control_version SET write_off_limit = 9 WHERE id = %s",
            (version.id,),
        )
        self.env.registry.clear_cache()
        self.env.invalidate_all()
        with self.assertRaisesRegex(UserError, "not what was approved"):
            self.ask(payout)

    def test_limit_of_the_flow_of_the_payout_counts(self):
        self.add_control(write_off_limit=0.01)
        self.add_control(flow=self.system.flow_ids[:1], write_off_limit=0.02)
        payout = self.flag()
        own = payout._own_document()
        self.assertEqual(own.message_id.flow_id, self.system.flow_ids[:1])
        self.write_off(payout)
        self.assertTrue(payout.write_off_id)

    def test_pressed_twice_is_written_off_once(self):
        self.add_control(write_off_limit=1)
        payout = self.flag()
        first, second = self.ask(payout), self.ask(payout)
        first.reason = second.reason = "Known"
        first.save().action_write_off()
        with self.assertRaisesRegex(UserError, "no difference"):
            second.save().action_write_off()
        self.drain()
        self.assertEqual(self.balance("settlement_gain|*"), -0.02)

    def test_it_is_about_what_was_shown(self):
        self.add_control(write_off_limit=1)
        payout = self.flag()
        form = self.ask(payout)
        form.reason = "Known"
        more = txn("t2", "payment", "0.01")
        self.play(more, settlement("po_1", [self.short, more, self.left]))
        self.assertEqual((payout.state, payout.difference), ("flagged", -0.01))
        with self.assertRaisesRegex(UserError, "another one by now"):
            form.save().action_write_off()

    def test_only_an_approver_who_wrote_no_limit_writes_off(self):
        author = self.make_user("editor")
        self.add_control(write_off_limit=1, user=author)
        payout = self.flag()
        author.group_ids |= self.env.ref("finance_integration.group_approver")
        both = self.make_user("admin")
        both.group_ids |= self.env.ref("finance_integration.group_approver")
        seen = payout._missing().amount
        users = [self.make_user(each) for each in ("user", "operator", "auditor")]
        for user in (*users, author, both, self.env.user):
            with self.subTest(user.name), self.assertRaises(AccessError):
                payout.with_user(user).sudo()._write_off(seen, "Because")
        self.assertFalse(payout.write_off_id)

    def test_reversed_it_counts_no_more(self):
        self.add_control(write_off_limit=1)
        payout = self.flag()
        self.write_off(payout)
        self.drain()
        late = txn("t2", "payment", "0.02")
        self.play(late, settlement("po_1", [self.short, late, self.left]))
        self.assertEqual(payout.state, "flagged")
        self.assertIn(payout.write_off_id.name, payout._exceptions().remedy)
        with self.assertRaisesRegex(UserError, "Reverse that entry first"):
            self.ask(payout)
        payout.write_off_id.line_ids.remove_move_reconcile()
        payout.write_off_id._reverse_moves(cancel=True)
        self.drain()
        self.assertEqual((payout.state, payout.reason), ("tied", False))
        self.assertEqual(self.balance("clearing|EUR"), 0)
        self.assertEqual(self.balance("settlement_gain|*"), 0)

    def test_payout_that_tied_by_it_does_so_no_more_once_it_is_reversed(self):
        self.add_control(write_off_limit=1)
        payout = self.flag()
        self.write_off(payout)
        self.drain()
        self.assertEqual(payout.state, "tied")
        payout.write_off_id.line_ids.remove_move_reconcile()
        payout.write_off_id._reverse_moves(cancel=True)
        self.drain()
        self.assertEqual((payout.state, payout.difference), ("flagged", -0.02))
        self.write_off(payout, reason="Right after all")
        self.drain()
        self.assertEqual(payout.state, "tied")
        self.assertEqual(self.balance("clearing|EUR"), 0)
        self.assertEqual(self.balance("settlement_gain|*"), -0.02)

    def test_foreign_difference_is_measured_and_booked_at_the_rate(self):
        self.add_control(write_off_limit=0.02)
        dollars = {"currency": "USD"}
        self.short = txn("t1", "payment", "99.98", **dollars)
        self.left = txn("t9", "payout", "-100.00", payout_id="po_1", **dollars)
        payout = self.flag()
        self.write_off(payout)
        self.drain()
        self.assertEqual(payout.state, "tied")
        [line] = payout.write_off_id.line_ids.filtered(lambda each: each.balance > 0)
        self.assertEqual((line.amount_currency, line.balance), (0.02, 0.02))
        self.assert_reconciled("clearing|USD")

    def test_button_is_there_for_a_difference_alone(self):
        payout = self.env["finance.payout"]._named(self.system, {"po_2"})["po_2"]
        payout._stop("It failed.", "Ask.")
        self.assertFalse(payout._exceptions().can_be_written_off)
        with self.assertRaisesRegex(UserError, "no difference"):
            self.press(payout._exceptions(), "write_off", self.approver)


@tagged("post_install", "-at_install")
class WriteOffPerPayout(WriteOffCase):
    granularity = "payout"

    def test_what_waited_for_the_payout_is_posted(self):
        self.add_control(write_off_limit=1)
        payout = self.flag()
        self.assertEqual(self.find("t1").state, "ready")
        self.write_off(payout)
        self.drain()
        self.assertEqual(payout.state, "tied")
        self.assertEqual(self.find("t1").state, "reconciled")
        self.assertEqual(self.balance("clearing|EUR"), 0)
        self.assert_reconciled("clearing|EUR")
