"""A refund credits its invoice by exactly what was refunded, whatever the rounding."""

from decimal import ROUND_DOWN, Decimal

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from odoo.tests import tagged

from .common import HubCase, receivable, txn

RATES = ("0", "3", "5.5", "7", "8.1", "19", "20", "25.5", "50")


def amount_total(move):
    unit = Decimal(1).scaleb(-move.currency_id.decimal_places)
    return Decimal(str(move.amount_total)).quantize(unit)


@tagged("post_install", "-at_install")
class Refunds(HubCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.taxes = {rate: cls.make_tax(float(rate)) for rate in RATES}
        cls.included = {
            rate: cls.make_tax(float(rate), price_include_override="tax_included")
            for rate in RATES
        }

    def test_refund_credits_the_invoice_and_keeps_the_fee(self):
        invoice = self.make_invoice("100", tax=self.taxes["19"])
        self.pay(invoice)
        self.refund(invoice, "40.00", fees={"processing": "0.30"})
        note = self.assert_credited(invoice, "40.00")
        self.assertEqual(note.amount_tax, 6.39)
        self.assertEqual(note.amount_untaxed, 33.61)
        clearing = self.account("clearing|EUR")
        self.assert_entry(
            self.find("re1"),
            (clearing, "-40.00", "-40.00"),
            (receivable(invoice), "40.00", "40.00"),
            (self.account("processing", "fee"), "0.30", "0.30"),
            (clearing, "-0.30", "-0.30"),
        )

    def test_several_partial_refunds_credit_the_whole_invoice(self):
        """FAULTS 48: a total split in three."""
        invoice = self.make_invoice("100", tax=self.taxes["19"])  # 119 in thirds
        self.pay(invoice)
        for number, amount in enumerate(("39.67", "39.67", "39.66")):
            self.refund(invoice, amount, source_id=f"re{number}")
        notes = invoice.reversal_move_ids
        self.assertEqual(len(notes), 3)
        self.assertAlmostEqual(sum(notes.mapped("amount_total")), 119, 2)
        self.assertTrue(all(note.amount_residual == 0 for note in notes))

    def test_refund_in_another_currency_books_the_exchange_gain(self):
        """60 USD taken as 52.80 EUR are given back for 51.60 EUR: 1.20 gained."""
        self.set_rate(self.company, self.usd, "0.88", "2026-03-01")
        self.set_rate(self.company, self.usd, "0.86", "2026-03-20")
        invoice = self.make_invoice("60", currency=self.usd)
        paid = {"source_currency": "USD", "invoice_id": invoice.name}
        self.play(txn("ch1", "payment", "52.80", source_amount="60.00", **paid))
        self.play(
            txn(
                "re1",
                "refund",
                "-51.60",
                source_amount="-60.00",
                day="2026-03-20",
                **paid,
            )
        )
        note = invoice.reversal_move_ids
        self.assertEqual(note.amount_total, 60)
        self.assertEqual((invoice.amount_residual, note.amount_residual), (0, 0))
        self.assertEqual(self.balance("clearing|EUR"), 1.20)
        lines = self._posted_lines(receivable(invoice))
        self.assertAlmostEqual(sum(lines.mapped("balance")), 0, 2)
        income = self.company.income_currency_exchange_account_id
        expense = self.company.expense_currency_exchange_account_id
        revalued = self._posted_lines(income) | self._posted_lines(expense)
        sold = self._posted_lines(invoice.invoice_line_ids.account_id)
        result = sum((revalued | sold).mapped("balance"))
        self.assertAlmostEqual(result, -1.20, 2)

    def test_refund_without_an_invoice_makes_no_credit_note(self):
        self.play(txn("re1", "refund", "-7.00"))
        self.assert_entry(
            self.find("re1"),
            (self.account("clearing|EUR"), "-7.00", "-7.00"),
            (self.account("refunds|EUR"), "7.00", "7.00"),
        )

    def test_refund_that_failed_brings_the_money_back(self):
        self.play(txn("re1", "refund", "-7.00"), txn("re2", "refund_reversal", "7.00"))
        self.assertEqual(self.balance("clearing|EUR"), 0)

    def test_credit_note_of_a_discounted_invoice_is_exact(self):
        invoice = self.make_invoice("100", "-12.50", "7.77", tax=self.taxes["19"])
        self.pay(invoice)
        self.refund(invoice, "33.33")
        self.assert_credited(invoice, "33.33")

    def test_credit_note_of_a_quantity_and_a_price_of_many_digits_is_exact(self):
        invoice = self.make_invoice("3.33", "0.01", "1234.56", tax=self.taxes["7"])
        self.pay(invoice)
        self.refund(invoice, "0.01")
        self.assert_credited(invoice, "0.01")

    def test_refund_of_an_invoice_in_another_currency_than_the_charge_is_held(self):
        """The share of the invoice cannot be told from an amount in other money."""
        invoice = self.make_invoice("60", currency=self.usd)
        self.play(txn("re1", "refund", "-30.00", invoice_id=invoice.name))
        self.assert_held("re1", "currency", category="control")

    @settings(max_examples=20, phases=[Phase.explicit, Phase.generate])
    @given(
        currency=st.sampled_from(("EUR", "USD", "JPY")),
        prices=st.lists(st.integers(1, 99_999), min_size=1, max_size=3),
        rate=st.sampled_from(RATES),
        share=st.integers(1, 1000),
        included=st.booleans(),
    )
    def test_credit_note_total_is_exactly_the_refund(
        self, currency, prices, rate, share, included
    ):
        """FAULTS 48: currencies of 0 and 2 decimals."""
        tax = (self.included if included else self.taxes)[rate]
        currency = self.env.ref(f"base.{currency}")
        unit = Decimal(1).scaleb(-currency.decimal_places)
        with self.env.cr.savepoint() as kept:
            invoice = self.make_invoice(
                *(price * unit for price in prices), tax=tax, currency=currency
            )
            total = amount_total(invoice)
            refunded = (total * share / 1000).quantize(unit, ROUND_DOWN) or unit
            self.pay(invoice)
            self.refund(invoice, refunded)
            self.assert_credited(invoice, refunded)
            kept.rollback()

    def pay(self, invoice):
        self.play(
            txn(
                f"ch-{invoice.id}",
                "payment",
                amount_total(invoice),
                invoice_id=invoice.name,
                currency=invoice.currency_id.name,
            )
        )
        self.assertEqual(invoice.amount_residual, 0)

    def refund(self, invoice, amount, source_id="re1", **fields):
        self.play(
            txn(
                source_id,
                "refund",
                -Decimal(amount),
                invoice_id=invoice.name,
                currency=invoice.currency_id.name,
                **fields,
            )
        )

    def assert_credited(self, invoice, amount):
        document = self.find("re1")
        self.assertEqual(document.state, "posted", document.reason)
        note = invoice.reversal_move_ids
        self.assertEqual(note.state, "posted")
        self.assertEqual(amount_total(note), Decimal(amount))
        self.assertEqual(note.amount_residual, 0)
        lines = self._posted_lines(receivable(invoice))
        mine = lines.filtered(lambda line: line.move_id == document.move_ids)
        self.assertTrue(all(mine.mapped("reconciled")))
        return note
