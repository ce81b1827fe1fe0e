"""Every row of double entry for gateways, to the cent, posted by the engine itself."""

from odoo.tests import tagged

from .common import HubCase, receivable, txn


@tagged("post_install", "-at_install")
class GatewayEntries(HubCase):
    def test_charge_with_fee_and_tax_pays_its_invoice(self):
        invoice = self.make_invoice("100")
        self.play(
            txn(
                "t1",
                "payment",
                "100.00",
                fees={"processing": "3.20", "tax": "0.61"},
                invoice_id=invoice.name,
            )
        )
        clearing = self.account("clearing|EUR")
        self.assert_entry(
            self.find("t1"),
            (clearing, "100.00", "100.00"),
            (receivable(invoice), "-100.00", "-100.00"),
            (self.account("processing", "fee"), "3.20", "3.20"),
            (self.account("tax", "fee"), "0.61", "0.61"),
            (clearing, "-3.81", "-3.81"),
        )
        self.assertIn(invoice.payment_state, ("paid", "in_payment"))
        self.assertEqual(invoice.amount_residual, 0)

    def test_charge_settles_with_the_partner_of_the_invoice(self):
        invoice = self.make_invoice("25")
        self.play(txn("t1", "payment", "25.00", invoice_id=invoice.name))
        settled = self.find("t1").move_ids.line_ids.filtered("partner_id")
        self.assertEqual(settled.partner_id, self.customer)

    def test_charge_in_another_currency_pays_its_invoice(self):
        invoice = self.make_invoice("60", currency=self.usd)
        self.play(
            txn(
                "t1",
                "payment",
                "52.80",
                source_amount="60.00",
                source_currency="USD",
                invoice_id=invoice.name,
            )
        )
        self.assertEqual(invoice.amount_residual, 0)
        self.assert_entry(
            self.find("t1"),
            (self.account("clearing|EUR"), "52.80", "52.80"),
            (receivable(invoice), "-60.00", "-52.80"),
        )

    def test_partial_capture_leaves_what_was_captured_and_makes_no_credit_note(self):
        invoice = self.make_invoice("100")
        self.play(
            txn("t1", "payment", "100.00", invoice_id=invoice.name),
            txn("t2", "payment_reversal", "-40.00", invoice_id=invoice.name),
        )
        self.assertEqual(invoice.amount_residual, 40)
        self.assertFalse(invoice.reversal_move_ids)
        self.assertEqual(self.balance("clearing|EUR"), 60)

    def test_charge_without_an_invoice_goes_where_the_rule_says(self):
        self.play(txn("t1", "payment", "12.34"))
        self.assert_entry(
            self.find("t1"),
            (self.account("clearing|EUR"), "12.34", "12.34"),
            (self.account("unallocated|EUR"), "-12.34", "-12.34"),
        )

    def test_dispute_opened_moves_the_money_aside_and_books_its_fee(self):
        self.play(
            txn("t1", "dispute", "-100.00", fees={"processing": "15"}, dispute_id="d1")
        )
        clearing = self.account("clearing|EUR")
        self.assert_entry(
            self.find("t1"),
            (clearing, "-100.00", "-100.00"),
            (self.account("disputed|EUR"), "100.00", "100.00"),
            (self.account("processing", "fee"), "15.00", "15.00"),
            (clearing, "-15.00", "-15.00"),
        )

    def test_dispute_won_brings_the_money_back_and_the_case_is_closed(self):
        self.play(
            txn("t1", "dispute", "-100.00", dispute_id="d1"),
            txn("t2", "dispute_reversal", "100.00", dispute_id="d1"),
        )
        self.assertEqual(self.balance("clearing|EUR"), 0)
        self.assert_reconciled("disputed|EUR")

    def test_dispute_fee_comes_back_only_by_its_own_transaction(self):
        self.play(
            txn("t1", "dispute", "-9.00", fees={"processing": "15"}, dispute_id="d1"),
            txn(
                "t2",
                "dispute_reversal",
                "9.00",
                fees={"processing": "-15"},
                dispute_id="d1",
            ),
        )
        self.assertEqual(self.balance("clearing|EUR"), 0)
        self.assertEqual(self.balance("processing", "fee"), 0)

    def test_dispute_lost_is_a_loss_and_the_case_is_closed(self):
        self.play(txn("t1", "dispute", "-100.00", dispute_id="d1"))
        self.play(self.dispute("d1", "lost"))
        self.assert_entry(
            self.find("d1", "dispute"),
            (self.account("chargeback_loss|EUR"), "100.00", "100.00"),
            (self.account("disputed|EUR"), "-100.00", "-100.00"),
        )
        self.assert_reconciled("disputed|EUR")

    def test_inquiry_posts_nothing(self):
        self.play(self.dispute("d1", "inquiry"))
        case = self.find("d1", "dispute")
        self.assertEqual(case.state, "ignored")
        self.assertTrue(case.reason)
        self.assertFalse(case.move_ids)

    def test_reserve_held_and_released_returns_to_zero(self):
        self.play(txn("t1", "reserve", "-50.00", reserve_id="r1"))
        self.assert_entry(
            self.find("t1"),
            (self.account("clearing|EUR"), "-50.00", "-50.00"),
            (self.account("reserve|EUR"), "50.00", "50.00"),
        )
        self.play(txn("t2", "reserve", "50.00", reserve_id="r1"))
        self.assertEqual(self.balance("clearing|EUR"), 0)
        self.assert_reconciled("reserve|EUR")

    def test_payout_goes_into_transit(self):
        self.play(txn("t1", "payout", "-80.00", payout_id="p1"))
        self.assert_entry(
            self.find("t1"),
            (self.account("clearing|EUR"), "-80.00", "-80.00"),
            (self.account("transit|EUR"), "80.00", "80.00"),
        )

    def test_negative_payout_is_drawn_from_the_bank(self):
        self.play(txn("t1", "payout", "80.00", payout_id="p1"))
        self.assert_entry(
            self.find("t1"),
            (self.account("clearing|EUR"), "80.00", "80.00"),
            (self.account("transit|EUR"), "-80.00", "-80.00"),
        )

    def test_failed_payout_comes_back_and_transit_is_empty(self):
        self.play(
            txn("t1", "payout", "-80.00", payout_id="p1"),
            txn("t2", "payout_reversal", "80.00", payout_id="p1"),
        )
        self.assertEqual(self.balance("clearing|EUR"), 0)
        self.assert_reconciled("transit|EUR")

    def test_converted_payout_books_the_exchange_loss(self):
        self.play(
            txn(
                "t1",
                "payout",
                "-1000.00",
                currency="USD",
                source_amount="-915.00",
                source_currency="EUR",
                payout_id="p1",
            )
        )
        self.assert_entry(
            self.find("t1"),
            (self.account("clearing|USD"), "-1000.00", "-920.00"),
            (self.account("transit|EUR"), "915.00", "915.00"),
            (self.account("exchange_loss|*"), "5.00", "5.00"),
        )

    def test_converted_payout_books_the_exchange_gain(self):
        self.play(
            txn(
                "t1",
                "payout",
                "-1000.00",
                currency="USD",
                source_amount="-921.50",
                source_currency="EUR",
                payout_id="p1",
            )
        )
        self.assert_entry(
            self.find("t1"),
            (self.account("clearing|USD"), "-1000.00", "-920.00"),
            (self.account("transit|EUR"), "921.50", "921.50"),
            (self.account("exchange_gain|*"), "-1.50", "-1.50"),
        )

    def test_fee_of_its_own_is_a_cost(self):
        self.add_mapping(
            self.system, "fee", "network_cost", self.account("processing", "fee")
        )
        self.play(txn("t1", "network_cost", "-2.10"))
        self.assert_entry(
            self.find("t1"),
            (self.account("clearing|EUR"), "-2.10", "-2.10"),
            (self.account("processing", "fee"), "2.10", "2.10"),
        )

    def test_entry_is_dated_by_the_day_of_the_company(self):
        """23:30 UTC is the next day in Berlin."""
        late = txn("t1", "payment", "5.00")
        late["occurred_at"] = "2026-03-31T23:30:00Z"
        self.play(late)
        self.assertEqual(str(self.find("t1").move_ids.date), "2026-04-01")

    def dispute(self, source_id, status):
        return {
            "type": "dispute",
            "source_id": source_id,
            "occurred_at": "2026-03-11T10:00:00Z",
            "currency": "EUR",
            "amount": "100.00",
            "status": status,
            "references": [{"role": "dispute", "value": source_id}],
        }
