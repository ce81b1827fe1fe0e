from odoo import fields

from .common import HubCase, txn

FIGURES = ["health", "received_today", "posted_today", "balance_html"]


class Board(HubCase):
    def queries_for(self, systems) -> int:
        systems.read(FIGURES)  # warms what is cached for good
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        systems.read(FIGURES)
        return self.env.cr.sql_log_count - before

    def test_ten_cards_cost_no_more_queries_than_one(self):
        more = self.env["finance.system"].create(
            [
                {
                    "name": f"More {number}",
                    "code": f"more-{number}",
                    "connector": "demo",
                    "company_id": self.company.id,
                }
                for number in range(9)
            ]
        )
        # one query reads the systems themselves, whatever their number
        self.assertLessEqual(
            self.queries_for(self.system | more), self.queries_for(self.system) + 1
        )

    def test_today_counts_what_arrived_today(self):
        self.play(txn("txn_1", "payment", "10.00"))
        self.play(txn("txn_2", "payment", "10.00", fees={"unknown": "1.00"}))
        self.store(b"not json", "broken", self.system)
        self.drain()
        self.assertEqual(self.system.received_today, 3)
        self.assertEqual(self.system.posted_today, 1)
        self.assertEqual(self.system.held_today, 1)
        self.assertEqual(self.system.failed_today, 1)
        self.assertEqual(self.system.health, "attention")

    def test_an_overdue_exception_is_failing(self):
        self.play(txn("txn_1", "payment", "10.00", fees={"unknown": "1.00"}))
        self.find("txn_1").exception_id.due_at = fields.Datetime.subtract(
            fields.Datetime.now(), hours=1
        )
        self.assertEqual(self.system.health, "failing")

    def test_the_books_stand_beside_what_the_provider_says(self):
        self.play(txn("txn_1", "payment", "1010.00"))
        statement = {
            "type": "balance",
            "source_id": "balance-1",
            "occurred_at": "2026-03-11T00:00:00Z",
            "available": [{"currency": "EUR", "amount": "1000.00"}],
            "pending": [{"currency": "EUR", "amount": "10.00"}],
        }
        self.play(statement)
        self.assertEqual(self.system.balance_html.count("1,010.00"), 2)
        self.assertNotIn("text-danger", self.system.balance_html)
        self.play(txn("txn_2", "payment", "0.01"))
        self.env.invalidate_all()
        self.assertIn("text-danger", self.system.balance_html)

    def test_nothing_open_in_the_books_is_a_zero(self):
        self.play(
            {
                "type": "balance",
                "source_id": "balance-1",
                "occurred_at": "2026-03-11T00:00:00Z",
                "available": [{"currency": "EUR", "amount": "0.00"}],
                "pending": [],
            }
        )
        self.assertEqual(self.system.balance_html.count("0.00"), 2)
        self.assertNotIn("text-danger", self.system.balance_html)

    def test_every_number_opens_a_list_of_this_system_only(self):
        for figure in ("received_today", "held_today", "flagged_payout_count"):
            action = self.system.with_context(figure=figure).action_open_figure()
            self.assertIn(("system_id", "=", self.system.id), action["domain"])
            self.env[action["res_model"]].search(action["domain"])
