"""Invoices that are paid a little too little or too much."""

from odoo.tests import tagged

from .common import settlement, txn
from .test_control_step import ControlCase
from .test_payouts import PayoutCase


@tagged("post_install", "-at_install")
class Tolerance(ControlCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.add_control(tolerance=0.05)
        cls.invoice = cls.make_invoice("100")

    def pay(self, source_id, amount, **fields):
        values = {"invoice_id": self.invoice.name, **fields}
        self.play(txn(source_id, "payment", amount, **values))

    def test_a_few_cents_less_settle_the_invoice_and_are_a_loss(self):
        self.pay("t1", "99.95")
        self.assertEqual(self.invoice.payment_state, "paid")
        self.assertEqual(self.balance("settlement_loss|*"), 0.05)
        self.assertEqual(self.balance("clearing|EUR"), 99.95)
        self.assertEqual(len(self.find("t1").move_ids), 2)

    def test_a_few_cents_more_settle_the_invoice_and_are_a_gain(self):
        self.pay("t1", "100.04")
        self.assertEqual(self.invoice.payment_state, "paid")
        self.assertEqual(self.balance("settlement_gain|*"), -0.04)
        lines = self.find("t1").move_ids.line_ids
        self.assertTrue(all(lines.filtered("finance_match").mapped("reconciled")))

    def test_more_than_the_tolerance_stays_open(self):
        self.pay("t1", "99.94")
        self.assertEqual(self.invoice.amount_residual, 0.06)
        self.assertEqual(len(self.find("t1").move_ids), 1)

    def test_the_last_of_several_payments_takes_the_difference(self):
        self.pay("t1", "60.00")
        self.assertEqual(self.invoice.amount_residual, 40)
        self.pay("t2", "39.97")
        self.assertEqual(self.invoice.payment_state, "paid")
        self.assertEqual(self.balance("settlement_loss|*"), 0.03)

    def test_both_payments_in_one_delivery_are_the_same(self):
        self.play(
            txn("t1", "payment", "60.00", invoice_id=self.invoice.name),
            txn("t2", "payment", "39.97", invoice_id=self.invoice.name),
        )
        self.assertEqual(self.invoice.payment_state, "paid")
        self.assertEqual(self.balance("settlement_loss|*"), 0.03)

    def test_foreign_currency_is_measured_in_company_currency(self):
        """FAULTS 48: a difference of 8 yen is 5 cents."""
        invoice = self.make_invoice("10000", currency=self.jpy)
        self.pay("t1", "9992", currency="JPY", invoice_id=invoice.name)
        self.assertEqual(invoice.payment_state, "paid")
        other = self.make_invoice("10000", currency=self.jpy)
        self.pay("t2", "9990", currency="JPY", invoice_id=other.name)
        self.assertEqual(other.amount_residual, 10)

    def test_without_an_account_for_it_the_payment_waits_for_one(self):
        mapping = self.env["finance.mapping"]._find(self.system, "account")
        version = mapping._draft("Fewer")
        version.rule_ids.filtered(lambda each: "settlement" in each.key).unlink()
        version.action_submit()
        self.approve(version)
        self.pay("t1", "99.95")
        self.assert_held("t1", "mapping:account:settlement_loss|EUR")

    def test_without_a_tolerance_nothing_is_written_off(self):
        self.add_control(tolerance=0)
        self.pay("t1", "99.99")
        self.assertEqual(self.invoice.amount_residual, 0.01)

    def test_small_invoice_whose_payment_is_taken_back_is_open_and_no_loss(self):
        self.add_control(tolerance=5)
        invoice = self.make_invoice("4")
        self.pay("t1", "4.00", invoice_id=invoice.name)
        self.assertEqual(invoice.payment_state, "paid")
        self.play(txn("t2", "payment_reversal", "-4.00", invoice_id=invoice.name))
        self.assertEqual(invoice.amount_residual, 4)
        self.assertEqual(self.balance("settlement_loss|*"), 0)

    def test_payment_and_what_takes_most_of_it_back_in_one_delivery_are_no_loss(self):
        self.add_control(tolerance=5)
        invoice = self.make_invoice("6")
        self.play(
            txn("t1", "payment", "6.00", invoice_id=invoice.name),
            txn("t2", "payment_reversal", "-4.00", invoice_id=invoice.name),
        )
        self.assertEqual(invoice.amount_residual, 4)
        self.assertEqual(self.balance("settlement_loss|*"), 0)

    def test_what_is_left_is_small_beside_what_was_paid(self):
        self.add_control(tolerance=5)
        invoice = self.make_invoice("6")
        self.pay("t1", "2.00", invoice_id=invoice.name)
        self.assertEqual(invoice.amount_residual, 4)


@tagged("post_install", "-at_install")
class TolerancePerPayout(PayoutCase, ControlCase):
    granularity = "payout"

    def test_difference_is_linked_to_the_payment_of_its_invoice_alone(self):
        self.add_control(tolerance=0.05)
        exact, short = self.make_invoice("100"), self.make_invoice("50")
        members = [
            txn("t1", "payment", "100.00", invoice_id=exact.name),
            txn("t2", "payment", "49.97", invoice_id=short.name),
        ]
        own = txn("t9", "payout", "-149.97", payout_id="po_1")
        self.play(*members, own, settlement("po_1", [*members, own]))
        self.assertEqual(short.payment_state, "paid")
        self.assertEqual(len(self.find("t1").move_ids), 1)
        self.assertEqual(len(self.find("t2").move_ids), 2)
        self.assertEqual(len(self.find("t9").move_ids), 1)
