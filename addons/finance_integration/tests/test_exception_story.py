"""What waits for an exception, in words; and what clearing it changed."""

from odoo.tests import tagged

from .common import HubCase, txn


@tagged("post_install", "-at_install")
class Story(HubCase):
    def held(self, count=3):
        self.play(
            *(
                txn(f"t{number}", "payment", "10.00", fees={"odd": "1.00"})
                for number in range(count)
            ),
            txn("usd", "payment", "20.00", currency="USD", fees={"odd": "1.00"}),
        )
        return self.find("t0").exception_id

    def test_it_says_how_much_waits_for_what(self):
        exception = self.held()
        self.assertEqual(exception.document_count, 4)
        self.assertIn("4 documents", exception.summary)
        self.assertIn("30.00 EUR", exception.summary)
        self.assertIn("20.00 USD", exception.summary)
        self.assertIn("odd", exception.summary)

    def test_several_cost_no_more_queries_than_one(self):
        one = self.held()
        self.play(txn("other", "payment", "1.00", fees={"even": "1.00"}))
        two = one | self.find("other").exception_id
        self.assertEqual(len(two), 2)

        def queries(exceptions):
            self.env.invalidate_all()
            exceptions.mapped("name")
            before = self.env.cr.sql_log_count
            exceptions.mapped("summary")
            return self.env.cr.sql_log_count - before

        queries(two)  # warms what is cached for good
        self.assertEqual(queries(two), queries(one))

    def test_only_the_first_are_listed(self):
        exception = self.held(count=24)
        self.assertEqual(len(exception.waiting_document_ids), 20)
        self.assertEqual(exception.document_count, 25)

    def test_a_resolved_one_keeps_what_was_and_what_became_of_it(self):
        exception = self.held()
        self.add_mapping(self.system, "fee", "odd", self.account("tax", "fee"))
        self.drain()
        self.assertEqual(exception.state, "resolved")
        self.assertIn("4 documents", exception.before)
        self.assertIn("4 posted", exception.after)
        self.assertIn(self.account("tax", "fee").display_name, exception.after)
        entry = self.env["finance.log"].search(
            [("exception_id", "=", exception.id), ("event", "=", "exception.resolved")]
        )
        self.assertIn(exception.before, entry.detail)
        self.assertIn(exception.after, entry.detail)

    def test_a_rejected_one_keeps_it_too(self):
        exception = self.held()
        approver = self.make_user("approver")
        self.env["finance.exception.close"].with_user(approver).create(
            {"exception_ids": exception.ids, "reason": "Test payments."}
        ).action_close()
        self.assertIn("4 documents", exception.before)
        self.assertIn("4 ignored", exception.after)
        self.assertEqual(exception.resolution, "Test payments.")

    def test_kinds_of_movements_are_words_in_lists_and_groups(self):
        self.play(txn("t1", "charge_failure", "-10.00"))
        document = self.find("t1")
        self.assertEqual(document.category_words, "Failed payment")
        groups = self.env["finance.document"].web_read_group(
            [("system_id", "=", self.system.id)], ["category"], []
        )["groups"]
        [failed] = [each for each in groups if each["category"] == "Failed payment"]
        found = self.env["finance.document"].search(failed["__extra_domain"])
        self.assertIn(document, found)

    def test_raising_an_exception_costs_few_queries(self):
        self.held()
        self.env.flush_all()
        before = self.env.cr.sql_log_count
        documents = (
            txn(f"m{number}", "payment", "1.00", fees={f"f{number}": "0.10"})
            for number in range(100)
        )
        self.deliver(*documents)
        self.drain()
        self.assertLess(self.env.cr.sql_log_count - before, 100 * 25)
