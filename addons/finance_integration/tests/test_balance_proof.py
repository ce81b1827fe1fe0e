"""The clearing accounts hold what the provider says it holds for us."""

from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from .common import DAY, HubCase, txn


def statement(amount, at=f"{DAY}T20:00:00Z", pending="0.00"):
    """What the provider says it holds."""
    return {
        "type": "balance",
        "source_id": f"balance:{at}",
        "occurred_at": at,
        "available": [{"currency": "EUR", "amount": amount}],
        "pending": [{"currency": "EUR", "amount": pending}],
    }


@tagged("post_install", "-at_install")
class BalanceProof(HubCase):
    def exceptions(self, state="open"):
        return self.env["finance.exception"].search(
            [
                ("system_id", "=", self.system.id),
                ("cause", "=like", "balance:%"),
                ("state", "=", state),
            ]
        )

    def test_books_that_agree_raise_nothing(self):
        self.play(txn("t1", "payment", "100.00", fees={"processing": "3.00"}))
        self.play(statement("90.00", pending="7.00"))
        self.assertFalse(self.exceptions() | self.exceptions("resolved"))

    def test_difference_is_an_exception_until_the_books_agree(self):
        self.play(txn("t1", "payment", "100.00"), statement("110.00"))
        exception = self.exceptions()
        self.assertEqual(exception.cause, "balance:EUR")
        self.assertEqual(exception.category, "reconciliation")
        self.assertIn("10.00", exception.name)
        self.play(txn("t2", "payment", "10.00"))
        self.assertEqual(exception.state, "resolved")
        self.assertFalse(self.exceptions())

    def test_what_happened_after_the_statement_is_left_out(self):
        self.play(txn("t1", "payment", "100.00"), statement("100.00"))
        self.play(txn("t2", "payment", "50.00", day="2026-03-11"))
        self.assertFalse(self.exceptions() | self.exceptions("resolved"))

    def test_only_the_latest_statement_counts(self):
        self.play(txn("t1", "payment", "100.00"), statement("100.00"))
        self.play(statement("55.00", at=f"{DAY}T09:00:00Z"))
        self.assertFalse(self.exceptions() | self.exceptions("resolved"))

    def test_proof_waits_for_what_is_held(self):
        strange = txn("t1", "payment", "100.00", fees={"mystery": "1.00"})
        self.play(strange, statement("98.00"))
        self.assertFalse(self.exceptions())
        self.add_mapping(
            self.system, "fee", "mystery", self.account("processing", "fee")
        )
        self.drain()
        self.assertIn("99.00", self.exceptions().name)

    def test_what_waits_for_its_payout_is_told_apart_from_the_books(self):
        self.system.granularity = "payout"
        self.play(txn("t1", "payment", "100.00"), statement("100.00"))
        self.assertEqual(self.find("t1").state, "ready")
        self.assertFalse(self.exceptions())
        self.play(statement("130.00", at=f"{DAY}T21:00:00Z"))
        self.assertIn("the books say 0", self.exceptions().name)
        self.assertIn("100.00 waits for its payout", self.exceptions().name)
        self.assertIn("a difference of 30.00", self.exceptions().name)

    def test_proof_waits_for_what_no_payout_has_claimed_in_time(self):
        self.system.granularity = "payout"
        self.play(txn("t1", "payment", "100.00"), statement("130.00"))
        self.exceptions()._resolve("For a test")
        day = fields.Datetime.now() + timedelta(days=36)
        self.patch(fields.Datetime, "now", lambda: day)
        self.env["finance.engine"]._cron_sweep()
        self.drain()
        self.assertEqual(self.find("t1").state, "held")
        self.assertFalse(self.exceptions())
