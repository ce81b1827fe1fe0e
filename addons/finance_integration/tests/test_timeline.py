"""One search tells the whole story of an id, to those who may know it."""

from odoo.exceptions import AccessError
from odoo.tests import HttpCase, tagged
from odoo.tools import SQL

from .common import HubCase, settlement, txn


class TimelineCase(HubCase):
    @classmethod
    def look_up(cls, term, role="user", **values):
        user = cls.make_user(role, **values)
        cls.env.flush_all()
        return cls.env["finance.timeline"].with_user(user).look_up(term)

    def words(self, told):
        return [event["words"] for event in told["events"]]

    def links(self, told, words):
        """The names of what the first such event leads to."""
        event = next(each for each in told["events"] if each["words"] == words)
        return [link["name"] for link in event["links"]]


@tagged("post_install", "-at_install")
class Stories(TimelineCase):
    def test_a_payment_is_told_from_its_delivery_to_its_entry(self):
        self.deliver(txn("txn_1", "payment", "10.00"), identity="evt_1")
        self.drain()
        told = self.look_up("txn_1")
        steps = [words for words in self.words(told) if words != "Approved"]
        self.assertEqual(steps, ["Delivered", "Recorded", "Read completely", "Posted"])
        entry = self.find("txn_1").move_ids
        self.assertIn(entry.display_name, self.links(told, "Posted"))
        self.assertEqual([card["name"] for card in told["found"]], ["Payment txn_1"])

    def test_every_id_of_the_story_finds_it(self):
        self.deliver(txn("txn_1", "payment", "10.00", payment_id="pi_1"), identity="e1")
        self.drain()
        document = self.find("txn_1")
        ids = "txn_1", "pi_1", "e1", document.move_ids.name, str(document.message_id.id)
        for term in ids:
            with self.subTest(term):
                self.assertIn("Posted", self.words(self.look_up(f" {term} ")))

    def test_who_approved_what_a_held_document_waited_for_is_told(self):
        self.play(txn("txn_2", "payment", "10.00", fees={"strange": "1"}))
        self.add_mapping(
            self.system, "fee", "strange", self.account("processing", "fee")
        )
        self.drain()
        told = self.look_up("txn_2")
        words = self.words(told)
        for step in ("Held", "A person is needed", "Approved", "Tried again", "Posted"):
            self.assertIn(step, words)
        self.assertLess(words.index("Held"), words.index("Posted"))
        approval = next(each for each in told["events"] if each["words"] == "Approved")
        self.assertEqual(approval["who"], "approver")

    def test_the_number_of_an_invoice_finds_the_payment_that_settled_it(self):
        self.make_invoice("10", name="INV/TOLD/1")
        self.play(txn("txn_3", "payment", "10.00", invoice_id="INV/TOLD/1"))
        told = self.look_up("INV/TOLD/1")
        self.assertIn("Posted", self.words(told))
        self.assertTrue(
            any("INV/TOLD/1" in name for name in self.links(told, "Reconciled"))
        )

    def test_the_number_of_an_invoice_finds_what_waits_for_it(self):
        self.play(txn("txn_4", "payment", "10.00", invoice_id="INV/TOLD/2"))
        self.assertIn("Held", self.words(self.look_up("INV/TOLD/2")))

    def test_a_payout_is_told_up_to_the_bank_line(self):
        transactions = [
            txn("txn_5", "payment", "10.00"),
            txn("txn_6", "payout", "-10.00", payout_id="po_1"),
        ]
        payout = {
            "type": "payout",
            "source_id": "po_1",
            "occurred_at": "2026-03-10T10:00:00Z",
            "currency": "EUR",
            "amount": "10.00",
            "status": "paid",
        }
        self.play(*transactions, payout, settlement("po_1", transactions))
        journal = self.env["account.journal"].search(
            [("type", "=", "bank"), ("company_id", "=", self.company.id)], limit=1
        )
        self.env["account.bank.statement.line"].create(
            {
                "journal_id": journal.id,
                "date": "2026-03-12",
                "payment_ref": "Shop po_1",
                "amount": 10.0,
            }
        )
        self.drain()
        told = self.look_up("po_1")
        words = self.words(told)
        self.assertIn("Seen on the bank statement", words)
        self.assertIn("The payout is in the bank", words)

    def test_an_unknown_id_has_no_story(self):
        for term in ("", " ", "txn_%", "\0", "0", "9" * 300, "' OR 1=1 --"):
            with self.subTest(term):
                told = self.look_up(term)
                self.assertEqual((told["found"], told["events"]), ([], []))

    def test_a_story_can_be_asked_for_from_a_record(self):
        self.play(txn("txn_7", "payment", "10.00", fees={"strange": "1"}))
        document = self.find("txn_7")
        timeline = self.env["finance.timeline"].with_user(self.make_user("user"))
        for record in (document, document.exception_id, document.message_id):
            told = timeline.look_at(record._name, record.id)
            self.assertIn("Held", self.words(told))


@tagged("post_install", "-at_install")
class WhoIsTold(TimelineCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.play(txn("txn_1", "payment", "10.00"))

    def test_nobody_is_told_about_another_company(self):
        elsewhere = self.make_company("Elsewhere")
        document = self.find("txn_1")
        for term in ("txn_1", document.move_ids.name, str(document.message_id.id)):
            for role in ("user", "admin", "auditor"):
                with self.subTest(term=term, role=role):
                    told = self.look_up(term, role, companies=elsewhere)
                    self.assertEqual((told["found"], told["events"]), ([], []))
        stranger = self.make_user("user", companies=elsewhere)
        timeline = self.env["finance.timeline"].with_user(stranger)
        told = timeline.look_at("finance.document", document.id)
        self.assertEqual(told["events"], [])

    def test_people_without_a_role_are_refused(self):
        plain = self.make_user("user")
        plain.group_ids = self.env.ref("base.group_user")
        timeline = self.env["finance.timeline"].with_user(plain)
        with self.assertRaises(AccessError):
            timeline.look_up("txn_1")
        with self.assertRaises(AccessError):
            timeline.look_at("finance.document", self.find("txn_1").id)

    def test_only_what_has_a_story_can_be_asked_for(self):
        timeline = self.env["finance.timeline"].with_user(self.make_user("user"))
        for model in ("res.users", "finance.credential", "res.partner", "nothing"):
            with self.subTest(model), self.assertRaises(AccessError):
                timeline.look_at(model, 1)


@tagged("post_install", "-at_install")
class Speed(TimelineCase):
    def test_every_look_up_by_id_has_an_index(self):
        self.env.cr.execute("SET LOCAL enable_seqscan = off")
        query = SQL(
            "EXPLAIN SELECT 1 FROM finance_message"
            " WHERE system_id IN (1, 2) AND identity = 'x'"
        )
        self.assertNotIn("Seq Scan", str(self.env.execute_query(query)))
        for table, column in (
            ("finance_document", "source_id"),
            ("finance_document", "correlation_id"),
            ("finance_document", "message_id"),
            ("finance_payout", "source_id"),
            ("finance_payout", "trace_id"),
            ("finance_log", "document_id"),
            ("finance_log", "message_id"),
            ("finance_log", "payout_id"),
            ("finance_exception", "message_id"),
            ("finance_exception", "payout_id"),
            ("finance_document_move_rel", "move_id"),
        ):
            with self.subTest(table=table, column=column):
                value = "'x'" if column.endswith("source_id") else "1"
                if column in ("correlation_id", "trace_id"):
                    value = "'x'"
                query = "EXPLAIN SELECT 1 FROM %s WHERE %s = %s"
                plan = self.env.execute_query(
                    SQL(
                        query,
                        SQL.identifier(table),
                        SQL.identifier(column),
                        SQL(value),  # pylint: disable=sql-injection
                    )
                )
                self.assertNotIn("Seq Scan", str(plan))

    def test_the_number_of_queries_does_not_grow_with_the_story(self):
        user = self.make_user("user")
        for number, count in enumerate((1, 30)):
            name = f"INV/GROW/{number}"
            self.make_invoice(str(count), name=name)
            self.play(
                *(
                    txn(f"g{number}_{each}", "payment", "1.00", invoice_id=name)
                    for each in range(count)
                )
            )
        asked = []
        for number in (0, 1):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.env["finance.timeline"].with_user(user).look_up(f"INV/GROW/{number}")
            asked.append(self.env.cr.sql_log_count - before)
        self.assertLess(asked[1], asked[0] + 15)


@tagged("post_install", "-at_install")
class Screen(TimelineCase, HttpCase):
    def test_the_origin_of_a_journal_item_is_found_by_its_number(self):
        self.make_invoice("100", name="INV/TOUR/1")
        self.deliver(
            txn(
                "txn_tour",
                "payment",
                "100.00",
                fees={"processing": "3.20"},
                invoice_id="INV/TOUR/1",
            ),
            identity="evt_tour",
        )
        self.drain()
        user = self.make_user("user", login="timeline_user", password="timeline_user")
        self.start_tour(
            "/odoo/finance-timeline",
            "finance_timeline_finds_the_origin",
            login=user.login,
            timeout=180,  # the first page also compiles its assets
        )
