"""What must not post waits visibly, says why, and goes on once it may."""

import json
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.finance_connector_demo.connector import DemoConnector
from odoo.addons.finance_core.errors import ImpossibleTransition

from .common import DAY, HubCase, txn

POSTER = "odoo.addons.finance_integration.models.finance_poster"
NORMALISER = "odoo.addons.finance_integration.models.finance_normaliser"


def journal_entry(source_id, *lines, currency="EUR"):
    """``lines`` are (account code of the source, debit, credit)."""
    return {
        "type": "journal_entry",
        "source_id": source_id,
        "occurred_at": f"{DAY}T09:00:00Z",
        "currency": currency,
        "date": DAY,
        "lines": [
            {"account": account, "debit": debit, "credit": credit}
            for account, debit, credit in lines
        ],
    }


@tagged("post_install", "-at_install")
class Held(HubCase):
    def test_unmapped_fee_waits_until_an_editor_maps_it(self):
        self.play(txn("t1", "payment", "10.00", fees={"mystery": "0.50"}))
        exception = self.assert_held("t1", "mapping:fee:mystery")
        self.assertIn("mystery", exception.name)
        self.assertEqual(
            self.press(exception, "add_mapping")["context"]["default_key"], "mystery"
        )
        cost = self.account("processing", "fee")
        self.add_mapping(
            self.system, "fee", "mystery", cost, user=self.make_user("editor")
        )
        self.drain()
        self.assertEqual(self.find("t1").state, "posted")
        self.assertEqual(exception.state, "resolved")
        self.assertEqual(self.balance("processing", "fee"), 0.5)

    def test_equal_causes_share_one_exception(self):
        self.play(
            *(txn(f"t{n}", "payment", "10.00", fees={"mystery": "1"}) for n in range(5))
        )
        exception = self.find("t0").exception_id
        self.assertEqual(len(exception.document_ids), 5)

    def test_exception_ends_when_its_document_waits_for_something_else(self):
        self.play(txn("t1", "payment", "10.00", fees={"first": "1", "second": "1"}))
        first = self.assert_held("t1", "mapping:fee:first")
        self.add_mapping(self.system, "fee", "first", self.account("tax", "fee"))
        self.drain()
        self.assert_held("t1", "mapping:fee:second")
        self.assertEqual(first.state, "resolved")

    def test_unknown_category_waits_for_a_rule(self):
        self.play(txn("t1", "never_seen", "10.00"))
        self.assert_held("t1", "rule:balance_transaction/never_seen")

    def test_unknown_invoice_is_awaited_and_the_charge_goes_on_by_itself(self):
        """FAULTS 21: the predecessor is missing."""
        self.play(txn("t1", "payment", "10.00", invoice_id="INV/PROOF/1"))
        exception = self.assert_held("t1", "open_item:invoice:INV/PROOF/1")
        self.env["finance.engine"]._cron_sweep()
        self.drain()
        self.assertEqual(self.find("t1").state, "held")
        invoice = self.make_invoice("10", name="INV/PROOF/1")
        self.env["finance.engine"]._cron_sweep()
        self.drain()
        self.assertEqual(self.find("t1").state, "posted")
        self.assertEqual(invoice.amount_residual, 0)
        self.assertEqual(exception.state, "resolved")

    def test_period_locked_between_receipt_and_posting_holds(self):
        """FAULTS 41."""
        for lock in ("fiscalyear_lock_date", "hard_lock_date"):
            with self.subTest(lock), self.env.cr.savepoint() as kept:
                self.deliver(txn("t1", "payment", "10.00"))
                self.company[lock] = DAY
                self.drain()
                self.assert_held("t1", "period:", category="control")
                kept.rollback()

    def test_period_reopened_lets_it_go_on(self):
        """FAULTS 41."""
        self.company.fiscalyear_lock_date = DAY
        self.play(txn("t1", "payment", "10.00"))
        exception = self.assert_held("t1", "period:", category="control")
        self.company.fiscalyear_lock_date = False
        exception.action_try_again()
        self.drain()
        self.assertEqual(self.find("t1").state, "posted")
        self.assertEqual(str(self.find("t1").move_ids.date), DAY)

    def test_credit_note_is_not_moved_silently_into_another_period(self):
        """FAULTS 41: Odoo would date it after the lock of the sales journals."""
        invoice = self.make_invoice("100")
        self.company.sale_lock_date = DAY
        self.play(txn("t1", "refund", "-10.00", invoice_id=invoice.name))
        self.assert_held("t1", "period:refuse:sale", category="control")
        self.assertFalse(invoice.reversal_move_ids)

    def test_currency_that_is_not_active_holds(self):
        """FAULTS 43."""
        self.jpy.active = False
        self.play(txn("t1", "payment", "10", currency="JPY"))
        exception = self.assert_held("t1", "currency:JPY")
        self.jpy.active = True
        exception.action_try_again()
        self.drain()
        self.assertEqual(self.find("t1").state, "posted")

    def test_missing_rate_holds_instead_of_being_taken_as_one(self):
        """FAULTS 43."""
        self.play(txn("t1", "payment", "10.00", currency="USD", day="2025-12-31"))
        exception = self.assert_held("t1", "rate:USD:2025-12-31")
        self.set_rate(self.company, self.usd, "0.95", "2025-12-31")
        exception.action_try_again()
        self.drain()
        self.assertEqual(self.balance("clearing|USD"), 9.5)

    def test_account_archived_after_it_was_mapped_holds(self):
        """FAULTS 44."""
        self.account("unallocated|EUR").active = False
        self.play(txn("t1", "payment", "10.00"))
        self.assert_held("t1", "posting:", category="control")


@tagged("post_install", "-at_install")
class Neighbours(HubCase):
    def test_entry_that_fails_is_held_alone(self):
        """FAULTS 22, 32: the batch is split until the bad one is alone."""
        self.account("reserve|EUR").active = False
        good = [txn(f"t{n}", "payment", f"{n}.10") for n in range(1, 9)]
        good.insert(5, txn("bad", "reserve", "-5.00"))
        self.play(*good)
        self.assert_held("bad", "posting:", category="control")
        for number in range(1, 9):
            self.assertEqual(self.find(f"t{number}").state, "posted")
        self.assertEqual(self.balance("clearing|EUR"), 36.8)

    def test_delivery_that_cannot_be_read_is_rejected_alone(self):
        """FAULTS 22."""
        self.deliver(txn("t1", "payment", "1.00"))
        broken, _status = self.deliver({"type": "no_such_type", "source_id": "x"})
        self.deliver(txn("t2", "payment", "2.00"))
        self.drain()
        self.assertEqual(broken.state, "rejected")
        self.assertEqual(self.exception_about(broken).state, "open")
        self.assertEqual(self.balance("clearing|EUR"), 3)

    def test_one_bad_document_is_rejected_without_its_neighbours(self):
        """FAULTS 22, promise 3: the delivery stays open for a replay."""
        broken, _status = self.deliver(
            txn("t1", "payment", "1.00"), {**txn("t2", "payment", "2.00"), "net": "9"}
        )
        self.drain()
        self.assertEqual(broken.state, "rejected")
        self.assertEqual(self.find("t1").state, "posted")
        self.assertFalse(self.find("t2"))
        self.assertEqual(self.exception_about(broken).state, "open")

    def test_unbalanced_journal_entry_is_refused(self):
        """FAULTS 42."""
        entry = journal_entry("j1", ("4000", "0", "10.00"), ("1000", "9.99", "0"))
        broken, _status = self.deliver(entry)
        self.drain()
        self.assertEqual(broken.state, "rejected")
        self.assertFalse(self.find("j1", "journal_entry"))
        self.assertTrue(self.exception_about(broken))

    def test_balanced_journal_entry_posts(self):
        for code, role in (("4000", "unallocated|EUR"), ("1000", "clearing|EUR")):
            self.add_mapping(self.system, "ledger", code, self.account(role))
        self.play(journal_entry("j1", ("4000", "0", "10.00"), ("1000", "10.00", "0")))
        self.assert_entry(
            self.find("j1", "journal_entry"),
            (self.account("clearing|EUR"), "10.00", "10.00"),
            (self.account("unallocated|EUR"), "-10.00", "-10.00"),
        )

    def test_delivery_that_breaks_the_connector_is_tried_again_and_dies(self):
        """FAULTS 32: a poison message beside good ones."""
        poison, _status = self.deliver(txn("t1", "payment", "1.00"), identity="poison")
        self.deliver(txn("t2", "payment", "2.00"))
        with self.broken_connector(), mute_logger(NORMALISER):
            self.drain()
            self.assertEqual(poison.state, "retrying")
            self.assertGreater(poison.next_attempt_at, fields.Datetime.now())
            self.assertEqual(self.find("t2").state, "posted")
            late = fields.Datetime.now() - timedelta(hours=76)
            self.env.cr.execute(
                "UPDATE finance_message SET received_at = %s, next_attempt_at = NULL"
                " WHERE id = %s",
                (late, poison.id),
            )
            self.env.invalidate_all()
            self.drain()
        self.assertEqual(poison.state, "dead")
        self.assertNotIn("4711", poison.error)
        poison.with_user(self.make_user("operator")).action_replay()
        self.drain()
        self.assertEqual(poison.state, "processed")
        self.assertEqual(self.find("t1").state, "posted")

    def broken_connector(self):
        real = DemoConnector.parse

        def parse(connector, delivery):
            if json.loads(delivery.body)["id"] == "poison":
                raise RuntimeError("quotes card 4711")
            return real(connector, delivery)

        return patch.object(DemoConnector, "parse", parse)

    def exception_about(self, message):
        return self.env["finance.exception"].search([("message_id", "=", message.id)])


@tagged("post_install", "-at_install")
class Identity(HubCase):
    def test_delivery_repeated_is_a_duplicate(self):
        """FAULTS 1."""
        document = txn("t1", "payment", "10.00")
        first, status = self.deliver(document, identity="d1")
        self.assertEqual(status, "accepted")
        again, status = self.deliver(document, identity="d1")
        self.assertEqual((again, status), (first, "duplicate"))
        self.drain()
        self.assertEqual(len(self.find("t1")), 1)
        self.assertEqual(self.balance("clearing|EUR"), 10)

    def test_same_id_with_other_content_is_a_new_revision(self):
        """FAULTS 9, where the flow allows revisions."""
        first, _status = self.deliver(txn("t1", "payment", "10.00"), identity="d1")
        second, status = self.deliver(txn("t2", "payment", "20.00"), identity="d1")
        self.assertEqual(status, "accepted")
        self.assertEqual((first.revision, second.revision), (0, 1))
        self.assertNotEqual(first.digest, second.digest)
        again, status = self.deliver(txn("t2", "payment", "20.00"), identity="d1")
        self.assertEqual((again, status), (second, "duplicate"))

    def test_same_id_with_other_content_is_refused_where_revisions_are_forbidden(self):
        """FAULTS 9."""
        flow = self.system.flow_ids.filtered(lambda flow: flow.kind == "webhook")
        flow.allow_revisions = False
        first, _status = self.deliver(txn("t1", "payment", "10.00"), identity="d1")
        known, status = self.deliver(txn("t1", "payment", "99.00"), identity="d1")
        self.assertEqual((known, status), (first, "other"))
        self.drain()
        self.assertEqual(self.balance("clearing|EUR"), 10)

    def test_other_content_after_posting_is_held_for_a_person(self):
        self.play(txn("t1", "payment", "10.00"))
        self.play(txn("t1", "payment", "11.00"))
        posted, changed = self.find("t1").sorted("id")
        self.assertEqual((posted.state, changed.state), ("posted", "held"))
        self.assertEqual(changed.exception_id.category, "control")
        self.assertEqual(self.balance("clearing|EUR"), 10)

    def test_other_words_about_the_same_money_change_nothing(self):
        self.play(txn("t1", "payment", "10.00"))
        self.play(txn("t1", "payment", "10.00", description="Now with a name"))
        states = self.find("t1").sorted("id").mapped("state")
        self.assertEqual(states, ["posted", "superseded"])
        self.assertEqual(self.balance("clearing|EUR"), 10)

    def test_older_revision_that_comes_late_is_superseded(self):
        """FAULTS 21: out of order, within and between batches."""
        newer = txn("t1", "payment", "12.00", revision=2)
        older = txn("t1", "payment", "10.00", revision=1)
        for deliveries in ([[newer, older]], [[older, newer]], [[newer], [older]]):
            with self.subTest(deliveries), self.env.cr.savepoint() as kept:
                for documents in deliveries:
                    self.play(*documents)
                by_revision = self.find("t1").sorted("revision")
                states = by_revision.mapped("state")
                self.assertEqual(states, ["superseded", "posted"])
                self.assertEqual(self.balance("clearing|EUR"), 12)
                kept.rollback()

    def test_states_change_only_along_the_table(self):
        self.play(txn("t1", "payment", "10.00"))
        document = self.find("t1")
        with self.assertRaises(ImpossibleTransition):
            document._set_state("normalised")
        with self.assertRaises(ImpossibleTransition):
            document.message_id._set_state("received")
        with self.assertRaises(ImpossibleTransition):
            document._pass("mapped", "ready", "posted", "held")
        entries = len(document.log_ids)
        document._set_state("posted")
        self.assertEqual(len(document.log_ids), entries)  # a repeat is no news
