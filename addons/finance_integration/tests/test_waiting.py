"""What waits goes on when its time comes, and what must not post twice does not."""

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import HubCase, txn


@tagged("post_install", "-at_install")
class Waiting(HubCase):
    def sweep(self):
        self.env["finance.engine"]._cron_sweep()
        self.drain()

    def open_exception(self, prefix):
        return self.env["finance.exception"].search(
            [
                ("system_id", "=", self.system.id),
                ("state", "=", "open"),
                ("cause", "=like", f"{prefix}%"),
            ]
        )

    def test_a_new_posting_rule_lets_its_documents_go_on(self):
        self.play(txn("t1", "bonus", "10.00"))
        rule = self.env["finance.posting.rule"].create(
            {"name": "Bonus", "document_type": "balance_transaction"}
        )
        version = self.env["finance.posting.rule.version"].create(
            {
                "rule_id": rule.id,
                "change_reason": "A new kind of payment",
                "categories": "bonus",
                "outcome": "ignore",
                "reason": "Told by the test.",
            }
        )
        version.action_submit()
        self.approve(version)
        self.sweep()
        self.assertEqual(self.find("t1").state, "ignored")
        self.assertFalse(self.open_exception("rule:"))

    def test_a_rate_entered_later_lets_its_documents_go_on(self):
        """FAULTS 43."""
        chf = self.env.ref("base.CHF")
        chf.active = True
        chf.rate_ids.unlink()
        for role in ("clearing", "unallocated"):
            account = self.account(f"{role}|USD")
            self.add_mapping(self.system, "account", f"{role}|CHF", account)
        self.play(txn("t1", "payment", "10.00", currency="CHF"))
        self.assertTrue(self.open_exception("rate:CHF"))
        self.set_rate(self.company, chf, "1.05")
        self.sweep()
        self.assertEqual(self.find("t1").state, "posted")

    def test_what_came_between_two_transactions_is_found_by_the_sweep(self):
        """It was approved while the document was being held: no release saw it."""
        self.play(txn("t1", "payment", "10.00", fees={"odd": "1.00"}))
        versions = self.env["finance.mapping.version"]
        self.patch(type(versions), "_release", lambda self: None)
        self.add_mapping(self.system, "fee", "odd", self.account("tax", "fee"))
        self.sweep()
        self.assertEqual(self.find("t1").state, "posted")

    def test_other_content_after_posting_cannot_be_posted_by_trying_again(self):
        """FAULTS 9: it would count the money twice."""
        self.play(txn("t1", "payment", "10.00"))
        self.play(txn("t1", "payment", "11.00"))
        exception = self.open_exception("changed:")
        exception.action_try_again()
        self.drain()
        self.assertEqual(sorted(self.find("t1").mapped("state")), ["held", "posted"])
        self.assertEqual(self.balance("clearing|EUR"), 10)

    def test_such_a_case_is_closed_with_a_reason_that_is_kept(self):
        self.play(txn("t1", "payment", "10.00"))
        self.play(txn("t1", "payment", "11.00"))
        exception = self.open_exception("changed:")
        user = self.make_user("user")
        self.env["finance.exception.close"].with_user(user).create(
            {"exception_ids": exception.ids, "reason": "The source was wrong."}
        ).action_close()
        self.assertEqual(exception.state, "resolved")
        self.assertEqual(exception.resolved_by_id, user)
        self.assertEqual(
            sorted(self.find("t1").mapped("state")), ["posted", "superseded"]
        )

    def test_a_case_documents_wait_for_cannot_be_closed(self):
        self.play(txn("t1", "payment", "10.00", fees={"odd": "1.00"}))
        closing = self.env["finance.exception.close"].create(
            {
                "exception_ids": self.open_exception("mapping:").ids,
                "reason": "I do not want to.",
            }
        )
        with self.assertRaises(UserError):
            closing.action_close()

    def test_a_rule_that_cannot_be_applied_holds_only_its_own_documents(self):
        """FAULTS 32: a value to map that names no part of the document."""
        rule = self.env.ref("finance_integration.rule_reserve")
        version = rule._draft("Mistyped")
        version.line_ids[1].key = "reserve|{curency}"
        version.action_submit()
        self.approve(version)
        self.play(txn("t1", "reserve", "-5.00"), txn("t2", "payment", "10.00"))
        self.assertEqual(self.find("t1").state, "held")
        self.assertEqual(self.find("t1").exception_id.category, "technical")
        self.assertEqual(self.find("t2").state, "posted")

    def test_document_that_cannot_be_read_holds_only_itself(self):
        """FAULTS 32: its key is lost, or somebody altered it around Odoo."""
        self.deliver(txn("t1", "payment", "10.00"), txn("t2", "payment", "20.00"))
        self.env["finance.engine"]._normalise_step(self.system)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE finance_document SET content = '{' WHERE source_id = 't1'"
        )
        self.env["finance.document"]._read_now().clear()  # a later transaction
        self.env.invalidate_all()
        with mute_logger("odoo.addons.finance_integration.models.finance_poster"):
            self.drain()
        self.assertEqual(self.find("t1").state, "held")
        self.assertEqual(self.find("t2").state, "posted")

    def test_case_that_cannot_be_judged_keeps_no_other_waiting(self):
        """FAULTS 33: its cause is of an older form."""
        self.play(txn("t1", "never_heard_of", "10.00"))
        self.play(txn("t2", "payment", "20.00", fees={"odd": "1.00"}))
        self.open_exception("rule:").sudo().cause = "period:2026-01-31"
        versions = self.env["finance.mapping.version"]
        self.patch(type(versions), "_release", lambda self: None)
        self.add_mapping(self.system, "fee", "odd", self.account("tax", "fee"))
        with mute_logger("odoo.addons.finance_integration.models.finance_waiting"):
            self.sweep()
        self.assertEqual(self.find("t2").state, "posted")

    def test_one_cause_of_refusal_is_one_exception(self):
        self.account("clearing|EUR").active = False
        self.play(*(txn(f"t{n}", "payment", "10.00") for n in range(4)))
        held = self.env["finance.document"].search(
            [("system_id", "=", self.system.id), ("state", "=", "held")]
        )
        self.assertEqual(len(held), 4)
        self.assertEqual(len(held.exception_id), 1)

    def test_an_entry_of_a_document_is_neither_reopened_nor_deleted(self):
        self.play(txn("t1", "payment", "10.00"))
        move = self.find("t1").move_ids
        for change in ("button_draft", "button_cancel", "unlink"):
            with self.subTest(change), self.assertRaises(UserError):
                getattr(move, change)()
        self.assertTrue(move._reverse_moves([{"date": move.date}]))
