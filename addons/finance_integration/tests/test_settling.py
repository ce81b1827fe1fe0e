"""What settles an invoice, what opens it again, and what nobody may settle silently."""

from odoo.tests import tagged

from .common import DAY, HubCase, receivable, txn


@tagged("post_install", "-at_install")
class Settling(HubCase):
    def charge(self, invoice, amount, source_id="ch1", category="payment", **fields):
        self.play(txn(source_id, category, amount, invoice_id=invoice.name, **fields))

    def open_receivables(self, invoice):
        lines = self._posted_lines(receivable(invoice))
        return lines.filtered(lambda line: not line.reconciled)

    # -- payments taken back -------------------------------------------------------

    def test_later_reversal_uses_up_what_the_invoice_did_not_need(self):
        invoice = self.make_invoice("60")
        self.charge(invoice, "100.00")
        self.charge(invoice, "-40.00", "rv1", "payment_reversal")
        self.assertEqual(invoice.amount_residual, 0)
        self.assertFalse(self.open_receivables(invoice))

    def test_payment_that_fails_later_opens_its_invoice_again(self):
        invoice = self.make_invoice("100")
        self.charge(invoice, "100.00")
        self.assertEqual(invoice.amount_residual, 0)
        self.charge(invoice, "-100.00", "rv1", "payment_reversal")
        self.assertEqual(invoice.amount_residual, 100)
        self.assertEqual(invoice.payment_state, "not_paid")
        self.assertEqual(self.open_receivables(invoice).move_id, invoice)

    def test_payment_that_fails_in_part_opens_that_part(self):
        invoice = self.make_invoice("100")
        self.charge(invoice, "60.00")
        self.charge(invoice, "40.00", "ch2")
        self.charge(invoice, "-40.00", "rv1", "payment_reversal")
        self.assertEqual(invoice.amount_residual, 40)
        self.assertEqual(self.open_receivables(invoice).move_id, invoice)

    def test_failed_payment_tried_again_pays_the_invoice(self):
        invoice = self.make_invoice("100")
        self.charge(invoice, "100.00")
        self.charge(invoice, "-100.00", "rv1", "payment_reversal")
        self.charge(invoice, "100.00", "ch2")
        self.assertEqual(invoice.amount_residual, 0)
        self.assertFalse(self.open_receivables(invoice))

    # -- paid twice ----------------------------------------------------------------

    def test_refund_of_a_double_payment_credits_nothing(self):
        invoice = self.make_invoice("100")
        self.charge(invoice, "100.00")
        self.charge(invoice, "100.00", "ch2")
        self.charge(invoice, "-100.00", "re1", "refund")
        self.assertEqual(self.find("re1").state, "posted")
        self.assertFalse(invoice.reversal_move_ids)
        self.assertEqual(invoice.amount_residual, 0)
        self.assertFalse(self.open_receivables(invoice))

    def test_refund_of_a_double_payment_in_one_delivery_credits_nothing(self):
        invoice = self.make_invoice("100")
        paid = {"invoice_id": invoice.name}
        self.play(
            txn("ch1", "payment", "100.00", **paid),
            txn("ch2", "payment", "100.00", **paid),
            txn("re1", "refund", "-100.00", **paid),
        )
        self.assertFalse(invoice.reversal_move_ids)
        self.assertFalse(self.open_receivables(invoice))

    def test_refund_beyond_what_was_overpaid_credits_the_rest(self):
        invoice = self.make_invoice("60")
        self.charge(invoice, "100.00")
        self.charge(invoice, "-50.00", "re1", "refund")
        self.assertEqual(invoice.reversal_move_ids.amount_total, 10)
        self.assertFalse(self.open_receivables(invoice))

    def test_credit_beyond_the_invoice_is_held(self):
        invoice = self.make_invoice("100")
        self.charge(invoice, "100.00")
        self.charge(invoice, "-100.00", "re1", "refund")
        self.charge(invoice, "-10.00", "re2", "refund")
        self.assert_held("re2", "over_credited:", category="control")
        self.assertEqual(invoice.reversal_move_ids.amount_total, 100)

    # -- what is for a person ------------------------------------------------------

    def test_two_invoices_of_one_number_are_for_a_person(self):
        invoice = self.make_invoice("10", name="TWIN/1")
        other = self.env["account.journal"].create(
            {
                "name": "Shop",
                "code": "SHOP",
                "type": "sale",
                "company_id": self.company.id,
            }
        )
        self.make_invoice("10", name="TWIN/1", journal_id=other.id)
        self.charge(invoice, "10.00")
        self.assert_held("ch1", "ambiguous:invoice:TWIN/1", category="control")

    def test_bill_of_the_same_number_is_not_what_a_customer_pays(self):
        invoice = self.make_invoice("10", name="TWIN/2")
        self.make_invoice("10", name="TWIN/2", move_type="in_invoice")
        self.charge(invoice, "10.00")
        self.assertEqual(self.find("ch1").state, "posted")
        self.assertEqual(invoice.amount_residual, 0)

    def test_payment_in_another_currency_than_its_invoice_is_held(self):
        invoice = self.make_invoice("60", currency=self.usd)
        self.charge(invoice, "60.00")
        self.assert_held("ch1", "currency:EUR:USD", category="control")

    def test_transaction_of_nothing_is_ignored_and_says_why(self):
        self.play(txn("t1", "payment", "0.00"))
        self.assertEqual(self.find("t1").state, "ignored")
        self.assertIn("zero", self.find("t1").reason)

    def test_cases_of_two_systems_with_one_foreign_id_stay_apart(self):
        other = self.make_system(self.company, "second")
        reserve = self.account("reserve|EUR")
        draft = (
            self.env["finance.mapping"]._find(other, "account")._draft("One account")
        )
        rule = draft.rule_ids.filtered(lambda each: each.key == "reserve|EUR")
        rule.target = f"account.account,{reserve.id}"
        draft.action_submit()
        self.approve(draft)
        self.play(txn("t1", "reserve", "-50.00", reserve_id="r1"))
        self.play(txn("t1", "reserve", "50.00", reserve_id="r1"), system=other)
        self.assertFalse(any(self._posted_lines(reserve).mapped("reconciled")))

    # -- conversions ---------------------------------------------------------------

    def test_charge_in_company_currency_kept_in_another_books_the_difference(self):
        invoice = self.make_invoice("100")
        self.charge(invoice, "110.00", currency="USD", **self.taken("100.00"))
        self.assert_entry(
            self.find("ch1"),
            (self.account("clearing|USD"), "110.00", "101.20"),
            (receivable(invoice), "-100.00", "-100.00"),
            (self.account("exchange_gain|*"), "-1.20", "-1.20"),
        )
        self.assertEqual(invoice.amount_residual, 0)

    def test_refund_in_company_currency_from_another_books_the_difference(self):
        self.play(
            txn("re1", "refund", "-112.00", currency="USD", **self.taken("-100.00"))
        )
        self.assert_entry(
            self.find("re1"),
            (self.account("clearing|USD"), "-112.00", "-103.04"),
            (self.account("refunds|EUR"), "100.00", "100.00"),
            (self.account("exchange_loss|*"), "3.04", "3.04"),
        )

    def test_difference_beyond_the_tolerance_is_for_a_person(self):
        self.play(
            txn("t1", "payment", "110.00", currency="USD", **self.taken("10.00")),
            txn("t2", "payout", "-110.00", currency="USD", **self.taken("-10.00")),
        )
        for source_id in ("t1", "t2"):
            self.assert_held(source_id, f"difference:USD:{DAY}", category="control")

    def taken(self, amount):
        return {"source_amount": amount, "source_currency": "EUR"}

    # -- periods -------------------------------------------------------------------

    def test_entry_is_not_moved_silently_into_another_period(self):
        """FAULTS 41: Odoo would date it after the lock of the journal's kind."""
        self.account("gateway", "journal").type = "sale"
        self.company.sale_lock_date = DAY
        self.play(txn("t1", "payment", "10.00"))
        self.assert_held("t1", "period:refuse:sale", category="control")

    def test_period_locked_by_the_parent_company_holds_in_its_branch(self):
        """FAULTS 41."""
        parent = self.env["res.company"].create(
            {"name": "Parent", "currency_id": self.eur.id}
        )
        self.env.user.company_ids |= parent
        branch = self.env["res.company"].create(
            {"name": "Branch", "parent_id": parent.id}
        )
        parent.fiscalyear_lock_date = DAY
        locks = self.env["finance.control.step"]._locks(branch)
        self.assertEqual(str(locks["fiscalyear"]), DAY)


@tagged("post_install", "-at_install")
class DisputesLost(HubCase):
    def test_loss_is_what_the_dispute_holds_in_the_currency_of_the_balance(self):
        """100 USD were disputed, 92 EUR were withdrawn."""
        self.play(txn("t1", "dispute", "-92.00", dispute_id="d1"))
        self.play(self.lost("d1"))
        self.assert_entry(
            self.find("d1", "dispute"),
            (self.account("chargeback_loss|EUR"), "92.00", "92.00"),
            (self.account("disputed|EUR"), "-92.00", "-92.00"),
        )
        self.assert_reconciled("disputed|EUR")

    def test_loss_is_valued_as_the_books_carry_the_dispute(self):
        self.play(txn("t1", "dispute", "-100.00", currency="USD", dispute_id="d1"))
        self.set_rate(self.company, self.usd, "0.80", "2026-03-11")
        self.play(self.lost("d1"))
        self.assert_entry(
            self.find("d1", "dispute"),
            (self.account("chargeback_loss|USD"), "100.00", "92.00"),
            (self.account("disputed|USD"), "-100.00", "-92.00"),
        )
        self.assert_reconciled("disputed|USD")

    def test_decision_waits_for_the_money_and_goes_on_by_itself(self):
        """FAULTS 21."""
        self.play(self.lost("d1"))
        exception = self.find("d1", "dispute").exception_id
        self.assertEqual(exception.cause, "open_item:dispute:d1")
        self.play(txn("t1", "dispute", "-92.00", dispute_id="d1"))
        self.assertEqual(self.find("d1", "dispute").state, "posted")
        self.assertEqual(exception.state, "resolved")
        self.assert_reconciled("disputed|EUR")

    def test_decision_in_the_delivery_of_the_money_posts_too(self):
        self.play(self.lost("d1"), txn("t1", "dispute", "-92.00", dispute_id="d1"))
        self.assertEqual(self.find("d1", "dispute").state, "posted")
        self.assert_reconciled("disputed|EUR")

    def lost(self, source_id):
        return {
            "type": "dispute",
            "source_id": source_id,
            "occurred_at": "2026-03-11T10:00:00Z",
            "currency": "USD",
            "amount": "100.00",
            "status": "lost",
            "references": [{"role": "dispute", "value": source_id}],
        }
