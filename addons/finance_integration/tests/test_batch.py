"""A batch is faster than its entries one by one, and no different."""

from collections import defaultdict

from odoo.tests import tagged

from .common import HubCase, txn


@tagged("post_install", "-at_install")
class Batch(HubCase):
    def names(self, *source_ids):
        return [self.find(each).move_ids.name for each in source_ids]

    def test_numbers_follow_each_other_in_each_month_and_across_batches(self):
        days = ("2026-03-10", "2025-12-31", "2026-04-01", "2026-03-11")
        for start in (0, 4):
            self.play(
                *(
                    txn(f"t{start + n}", "payment", "1.00", day=day)
                    for n, day in enumerate(days)
                )
            )
        found = defaultdict(list)
        for name in self.names(*(f"t{n}" for n in range(8))):
            prefix, _, number = name.rpartition("/")
            found[prefix].append(int(number))
        self.assertEqual(len(found), 3, "one for each month")
        for numbers in found.values():
            self.assertEqual(sorted(numbers), list(range(1, len(numbers) + 1)))

    def test_splitting_a_batch_leaves_no_gap_in_the_numbers(self):
        """FAULTS 22."""
        self.account("reserve|EUR").active = False
        self.play(
            txn("t1", "payment", "1.00"),
            txn("bad", "reserve", "-5.00"),
            txn("t2", "payment", "2.00"),
        )
        self.assertEqual(self.find("bad").state, "held")
        numbers = [int(name.rpartition("/")[2]) for name in self.names("t1", "t2")]
        self.assertEqual(sorted(numbers), [1, 2])

    def test_analytic_distribution_rules_of_odoo_apply(self):
        unallocated = self.account("unallocated|EUR").with_company(self.company)
        plan = self.env["account.analytic.plan"].create({"name": "Shops"})
        shop = self.env["account.analytic.account"].create(
            {"name": "Shop", "plan_id": plan.id, "company_id": self.company.id}
        )
        self.env["account.analytic.distribution.model"].create(
            {
                "account_prefix": unallocated.code,
                "company_id": self.company.id,
                "analytic_distribution": {str(shop.id): 100},
            }
        )
        self.play(txn("t1", "payment", "1.00"))
        lines = self.find("t1").move_ids.line_ids
        spread = lines.filtered("analytic_distribution")
        self.assertEqual(spread.account_id, unallocated)

    def test_many_entries_need_hardly_more_queries_than_a_few(self):
        few = [txn(f"a{n}", "payment", "1.00") for n in range(10)]
        many = [txn(f"b{n}", "payment", "1.00") for n in range(60)]
        self.play(txn("warm", "payment", "1.00"))
        counts = []
        for documents in (few, many):
            self.deliver(*documents)
            before = self.cr.sql_log_count
            self.drain()
            counts.append(self.cr.sql_log_count - before)
        self.assertLess(counts[1] - counts[0], 50, "one for every entry")
