"""A credit note of the billing system and one for a gateway's refund never together
credit more than the invoice."""

from odoo.tests import tagged

from .common import txn
from .test_invoices import InvoiceCase, invoice, line

NOTE = "credit_note"


@tagged("post_install", "-at_install")
class CreditedOnce(InvoiceCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sold_to = {"partner_id": cls.supplier.id}
        cls.invoice = cls.make_invoice("100", **cls.sold_to)
        cls.other = cls.make_invoice("50", **cls.sold_to)
        cls.play(
            txn("ch1", "payment", "100.00", invoice_id=cls.invoice.name),
            txn("ch2", "payment", "50.00", invoice_id=cls.other.name),
        )

    def credit(self, source_id, net, corrected=None, **told):
        """What the billing system tells."""
        number = (corrected or self.invoice).name
        return invoice(
            source_id,
            line(net),
            kind=NOTE,
            **{"direction": "sale", "invoice_number": number, **told},
        )

    def refund(self, source_id, amount, corrected=None):
        """What the gateway tells."""
        name = (corrected or self.invoice).name
        return txn(source_id, "refund", f"-{amount}", invoice_id=name)

    def credited(self, corrected=None):
        notes = (corrected or self.invoice).reversal_move_ids
        self.assertEqual({*notes.mapped("state")}, {"posted"})
        return sum(notes.mapped("amount_total"))

    def said(self, source_id, kind="balance_transaction"):
        exception = self.held(source_id, "over_credited:", kind)
        self.assertEqual(exception.category, "control")
        return exception

    def test_the_gateways_comes_second(self):
        self.play(self.credit("c1", "100.00"))
        self.play(
            self.refund("re0", "50.00", self.other),
            self.refund("re1", "0.01"),
            txn("t1", "payment", "1.00"),
        )
        words = self.said("re1").name
        self.assertIn(self.invoice.name, words)
        self.assertIn("100.01 of 100.00 EUR", words)
        self.assertEqual((self.credited(), self.credited(self.other)), (100, 50))
        self.assertEqual(self.find("re0").state, "posted")
        self.assertEqual(self.find("t1").state, "posted")

    def test_the_billing_systems_comes_second(self):
        self.play(self.refund("re1", "60.00"))
        self.play(
            self.credit("c0", "50.00", self.other),
            self.credit("c1", "40.01"),
            self.credit("c2", "40.00"),
        )
        self.assertIn("R-c1", self.said("c1", NOTE).name)
        self.assertEqual((self.credited(), self.credited(self.other)), (100, 50))
        self.entry("c0", NOTE)
        self.entry("c2", NOTE)

    def test_both_in_one_batch(self):
        self.play(
            self.refund("re0", "50.00", self.other),
            self.refund("re1", "60.00"),
            self.credit("c1", "60.00"),
            txn("t1", "payment", "1.00"),
        )
        self.assertEqual((self.credited(), self.credited(self.other)), (60, 50))
        self.entry("c1", NOTE)
        self.assertEqual(self.find("re0").state, "posted")
        self.assertEqual(self.find("re1").state, "posted")
        self.assertEqual(self.find("t1").state, "posted")

    def test_two_of_the_billing_system_in_one_batch(self):
        self.play(self.credit("c1", "60.00"), self.credit("c2", "60.00"))
        self.assertEqual(self.credited(), 60)
        states = self.find("c1", NOTE) | self.find("c2", NOTE)
        self.assertEqual(sorted(states.mapped("state")), ["held", "posted"])

    def test_one_in_another_currency_counts_at_the_rate_of_the_invoice(self):
        self.play(self.credit("c1", "100.00", currency="USD"))
        self.play(self.credit("c2", "8.01"), self.credit("c3", "8.00"))
        self.said("c2", NOTE)
        self.entry("c3", NOTE)

    def test_a_bill_is_not_credited_twice_either(self):
        self.play(invoice("b1", line("100.00")))
        bought = {"direction": "purchase", "invoice_number": "R-b1"}
        self.play(self.credit("c1", "100.00", **bought))
        self.play(self.credit("c2", "0.01", **bought))
        self.said("c2", NOTE)

    def test_a_refund_pays_out_the_billing_systems_of_just_its_amount(self):
        self.play(self.credit("c1", "60.00"), self.credit("c2", "40.00"))
        self.play(self.refund("re1", "40.00"))
        self.assertEqual(self.credited(), 100)
        note = self.entry("c2", NOTE)
        self.assertEqual(self.find("re1").state, "posted")
        self.assertEqual(note.amount_residual, 0)
        paid_by = note.line_ids._reconciled_lines()
        entry = self.find("re1").move_ids.filtered(lambda each: each != note)
        self.assertTrue({*entry.line_ids.ids} & {*paid_by})
        self.assertEqual(self.entry("c1", NOTE).amount_residual, 60)

    def test_two_refunds_do_not_pay_out_one_credit_note(self):
        self.play(self.credit("c1", "50.00"))
        self.play(self.refund("re1", "50.00"), self.refund("re2", "50.00"))
        self.assertEqual(self.credited(), 100)
        states = self.find("re1") | self.find("re2")
        self.assertEqual({*states.mapped("state")}, {"posted"})

    def test_once_the_other_is_reversed_it_goes_on(self):
        self.play(self.credit("c1", "100.00"))
        self.play(self.refund("re1", "60.00"))
        exception = self.said("re1")
        self.entry("c1", NOTE)._reverse_moves(cancel=True)
        exception.action_try_again()
        self.drain()
        self.assertEqual(self.find("re1").state, "posted", self.find("re1").reason)
        self.assertEqual(exception.state, "resolved")
