"""Content goes after its time, unless it is still needed; its proof stays."""

from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import tagged

from odoo.addons.finance_core.errors import Refused

from ..models import finance_retention
from .common import HubCase, settlement, txn

DAYS = 30


class RetentionCase(HubCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.retention = cls.env.ref("finance_integration.retention_personal")
        cls.retention.write({"payload_days": DAYS, "document_days": DAYS})

    def age(self, days=DAYS + 1):
        """Let everything of the system be received so many days ago."""
        self.env.flush_all()
        then = fields.Datetime.now() - timedelta(days=days)
        for table, column in (
            ("finance_message", "received_at"),
            ("finance_document", "occurred_at"),
        ):
            self.env.cr.execute(
                f"UPDATE {table} SET {column} = %s WHERE system_id = %s",
                [then, self.system.id],
            )
        self.env.invalidate_all()

    def purge(self):
        return self.retention._purge_messages(), self.retention._purge_documents()

    def hear_of_customer(self, source_id="cus_1"):
        self.play(
            {
                "type": "customer",
                "source_id": source_id,
                "occurred_at": "2026-03-10T10:00:00Z",
                "name": "Ada",
            }
        )
        document = self.find(source_id, kind="customer")
        exception = document.exception_id.filtered(lambda each: each.state == "open")
        document._set_state("ignored", reason="Not ours")
        exception._resolve("Not ours")
        return document

    def settled(self, **values):
        """A payment of an invoice whose items are all closed."""
        transactions = [
            txn("t1", "payment", "10.00", invoice_id="INV/R/1"),
            txn("t2", "payout", "-10.00", payout_id="po_1"),
        ]
        self.make_invoice("10", name="INV/R/1")
        payout = {
            "type": "payout",
            "source_id": "po_1",
            "occurred_at": "2026-03-10T10:00:00Z",
            "currency": "EUR",
            "amount": "10.00",
            "status": "paid",
        }
        page = settlement("po_1", transactions, **values)
        self.play(*transactions, payout, page)
        return self.find("t1")

    def payout(self):
        return self.env["finance.payout"].search([("system_id", "=", self.system.id)])


@tagged("post_install", "-at_install")
class Purging(RetentionCase):
    def test_content_is_purged_and_its_proof_stays(self):
        document = self.hear_of_customer()
        message, proof = document.message_id, document.digest
        told = message.digest
        self.age()
        self.assertEqual(self.purge(), (1, 1))
        self.assertEqual((document.digest, message.digest), (proof, told))
        self.assertTrue(document.purged_at and message.purged_at)
        self.assertNotIn("Ada", document.content)
        self.assertFalse(document.sealed)
        for gone in (message._body, document._plain):
            with self.assertRaises(Refused):
                gone()
        self.assertIn("purged", message.content)
        self.assertIn("cus_1", document.detail_html)
        events = document.log_ids.mapped("event")
        self.assertIn("document.purged", events)

    def test_nothing_is_purged_before_its_time_or_twice(self):
        self.hear_of_customer()
        self.age(DAYS - 1)
        self.assertEqual(self.purge(), (0, 0))
        self.age()
        self.assertEqual(self.purge(), (1, 1))
        self.assertEqual(self.purge(), (0, 0))

    def test_nought_days_keep_for_good(self):
        self.hear_of_customer()
        self.age(10_000)
        self.retention.write({"payload_days": 0, "document_days": 0})
        self.assertEqual(self.purge(), (0, 0))

    def test_the_other_data_classes_stay(self):
        self.hear_of_customer()
        self.age()
        self.system.data_class = "internal"
        self.assertEqual(self.purge(), (0, 0))

    def test_what_is_held_stays_with_its_message(self):
        self.play(txn("t1", "payment", "10.00", fees={"strange": "1"}))
        self.age()
        self.assertEqual(self.purge(), (0, 0))

    def test_what_waits_stays(self):
        self.deliver(txn("t1", "payment", "10.00"))
        self.age()
        self.assertEqual(self.purge(), (0, 0))

    def test_what_could_not_be_read_stays_until_its_exception_is_closed(self):
        message, _status = self.store(b'{"documents": []}', "evt_bad", self.system)
        self.drain()
        self.assertEqual(message.state, "rejected")
        self.age()
        self.assertEqual(self.purge(), (0, 0))
        self.env["finance.exception"].search(
            [("message_id", "=", message.id)]
        )._resolve("Told the source")
        self.assertEqual(self.purge(), (1, 0))
        message.action_replay()
        self.assertEqual(message.state, "rejected")

    def test_what_is_open_in_the_books_stays(self):
        document = self.settled()
        self.age()
        open_lines = document.move_ids.line_ids.filtered(
            lambda line: line.account_id.reconcile and not line.reconciled
        )
        self.purge()
        self.assertEqual(bool(document.purged_at), not open_lines)

    def test_what_belongs_to_a_payout_that_is_not_proved_stays(self):
        self.settled(last=False)
        self.assertEqual(self.payout().state, "open")
        self.age()
        self.assertEqual(self.purge(), (0, 0))

    def test_a_payout_can_be_proved_anew_after_its_listing_was_purged(self):
        self.settled()
        payout = self.payout()
        self.assertEqual(payout.state, "tied")
        told = payout._listing()
        self.age()
        self.purge()
        page = self.find("po_1:1", kind="settlement")
        self.assertTrue(page.purged_at)
        self.assertEqual(payout._listing(), told)

    def test_a_release_taken_back_after_the_purge_is_for_a_person(self):
        self.play(txn("t1", "payment", "10.00"))
        document = self.find("t1")
        document.move_ids.line_ids.account_id.reconcile = False
        self.age()
        self.purge()
        self.assertTrue(document.purged_at)
        self.env["finance.decision"]._record([document._decision_row("revoke", "Late")])
        self.drain()
        case = self.env["finance.exception"].search(
            [("cause", "=", f"revoked:{document.id}")]
        )
        self.assertIn("purged", case.name)
        self.assertEqual(case.state, "open")

    def test_a_payment_with_an_open_item_stays(self):
        self.play(txn("t1", "payment", "10.00"))
        account = self.find("t1").move_ids.line_ids.account_id
        account.reconcile = True
        self.age()
        self.assertEqual(self.purge(), (0, 0))

    def test_the_scheduled_action_goes_on_until_nothing_is_due(self):
        for number in range(5):
            self.hear_of_customer(f"cus_{number}")
        self.age()
        self.patch(finance_retention, "A_STEP", 2)
        self.env.flush_all()
        # a cursor of which a commit is a savepoint
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            self.env(cr=cr)["finance.retention"]._cron_purge()
        self.env.invalidate_all()
        for model in ("finance.message", "finance.document"):
            mine = self.env[model].search([("system_id", "=", self.system.id)])
            self.assertEqual(len(mine), 5)
            self.assertTrue(all(mine.mapped("purged_at")))

    def test_legal_hold_of_a_system_keeps_everything(self):
        self.hear_of_customer()
        self.age()
        self.system.legal_hold = True
        self.assertEqual(self.purge(), (0, 0))
        self.system.legal_hold = False
        self.assertEqual(self.purge(), (1, 1))

    def test_legal_hold_of_a_document_keeps_it_and_its_message(self):
        document = self.hear_of_customer()
        self.age()
        document.action_keep()
        self.assertEqual(self.purge(), (0, 0))
        document.action_keep_no_more()
        self.assertEqual(self.purge(), (1, 1))
        events = document.log_ids.mapped("event")
        self.assertLessEqual({"document.kept", "document.kept_no_more"}, set(events))

    def test_a_purged_delivery_that_comes_again_is_known(self):
        document = self.hear_of_customer()
        self.age()
        self.purge()
        count = self.env["finance.document"].search_count([])
        self.hear_of_customer()
        self.assertEqual(self.env["finance.document"].search_count([]), count)
        self.assertTrue(document.purged_at)

    def test_amounts_of_a_purged_document_still_add_up(self):
        self.play(
            {
                "type": "balance",
                "source_id": "b1",
                "occurred_at": "2026-03-10T10:00:00Z",
                "available": [{"currency": "EUR", "amount": "3.00"}],
            }
        )
        self.age()
        self.purge()
        document = self.find("b1", kind="balance")
        self.assertTrue(document.purged_at)
        self.assertIn('"3.00"', document.content)

    def test_who_may_decide_about_it(self):
        document = self.hear_of_customer()
        for role in ("user", "operator", "editor", "approver", "auditor"):
            user = self.make_user(role)
            for attempt in (
                lambda user=user: self.retention.with_user(user).write(
                    {"payload_days": 1}
                ),
                lambda user=user: document.with_user(user).action_keep(),
                lambda user=user: document.with_user(user).write({"legal_hold": True}),
                lambda user=user: self.system.with_user(user).write(
                    {"legal_hold": True}
                ),
            ):
                with self.subTest(role), self.assertRaises(AccessError):
                    attempt()
        admin = self.make_user("admin")
        self.retention.with_user(admin).payload_days = 60
        for name in ("payload_days", "document_days"):
            with self.assertRaises(ValidationError):
                self.retention.with_user(admin).write({name: 1})
        document.with_user(admin).action_keep()
        self.assertTrue(document.legal_hold)
        logged = self.env["finance.log"].search(
            [("event", "=", "retention.changed"), ("user_id", "=", admin.id)]
        )
        self.assertIn("60 days", logged.detail)
