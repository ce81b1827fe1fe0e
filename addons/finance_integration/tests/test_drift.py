"""Reference data that differs from its source is told, field by field, and closes
itself when both say the same."""

from odoo.tests import tagged

from ..models import finance_drift
from .common import HubCase
from .test_claims import NOW, account, customer


@tagged("post_install", "-at_install")
class Drift(HubCase):
    def setUp(self):
        super().setUp()
        self.ours = self.env["account.account"].create(
            {
                "name": "Sales",
                "code": "401000",
                "account_type": "income",
                "company_ids": [(6, 0, self.company.ids)],
            }
        )

    def compare(self):
        drift = self.env["finance.drift"]
        while drift._compare_step(self.system):
            pass
        self.env.invalidate_all()

    def cases(self):
        return self.env["finance.exception"].search(
            [("cause", "=like", "drift:%"), ("state", "=", "open")]
        )

    def tell(self, *documents):
        self.play(*documents)
        self.compare()

    def test_equal_accounts_are_no_news(self):
        self.tell(account(code="401000"))
        self.assertFalse(self.cases())

    def test_difference_names_field_ours_and_theirs(self):
        self.tell(account("Turnover", code="401000"))
        case = self.cases()
        self.assertEqual(case.field, "name")
        self.assertIn("“Sales” here, “Turnover” there", case.name)
        self.assertEqual(case.category, "data")
        user = self.make_user("user")
        user.group_ids |= self.env.ref("account.group_account_readonly")
        opened = case.with_user(user).with_context(remedy="open_drifted")
        self.assertEqual(opened.action_remedy()["res_id"], self.ours.id)

    def test_it_closes_itself_when_ours_was_corrected(self):
        self.tell(account("Turnover", code="401000"))
        case = self.cases()
        self.ours.name = "Turnover"
        self.compare()
        self.assertEqual(case.state, "resolved")

    def test_what_was_purged_is_not_compared_any_more(self):
        self.tell(account("Turnover", code="401000"))
        told = self.find("acc_401000", "account")
        told.purged_at = "2036-03-10"
        case = self.cases()
        self.compare()
        self.assertEqual(case.state, "open")
        opened = case.with_user(self.make_user("user"))
        opened = opened.with_context(remedy="open_drifted").action_remedy()
        self.assertEqual((opened["res_model"], opened["res_id"]), (told._name, told.id))

    def test_it_closes_itself_when_theirs_was_corrected(self):
        self.tell(account("Turnover", code="401000"))
        self.tell(account("Sales", code="401000", revision=2))
        self.assertFalse(self.cases())

    def test_account_that_is_not_in_the_books_is_told(self):
        self.tell(account(code="888888"))
        self.assertIn("not in the books", self.cases().name)

    def test_account_is_found_by_its_reference_whatever_its_code(self):
        self.env["finance.reference"].create(
            {
                "system_id": self.system.id,
                "kind": "account",
                "foreign_id": "acc_X1",
                "target": f"account.account,{self.ours.id}",
            }
        )
        self.tell(account(code="X1"))
        self.assertEqual(self.cases().field, "code")

    def test_tax_whose_rate_was_changed_is_told(self):
        tax = self.make_tax(19)
        told = {
            "type": "tax_code",
            "source_id": "t1",
            "code": "S",
            "name": tax.name,
            "kind": "sale",
            **NOW,
        }
        self.tell({**told, "rate": "19.0"})
        self.assertFalse(self.cases())
        self.tell({**told, "rate": "16", "revision": 2})
        self.assertEqual(self.cases().field, "rate")

    def test_partner_differs_without_a_word_of_it_in_the_log(self):
        self.tell_of_partner()
        self.assertEqual(self.cases().field, "email")
        details = self.env["finance.log"].search([]).mapped("detail")
        self.assertFalse([each for each in details if "@x.example" in (each or "")])

    def tell_of_partner(self):
        self.customer.write({"vat": "ATU12345678", "email": "ours@x.example"})
        self.tell(customer("c1", name="A customer", email="theirs@x.example"))

    def test_people_read_which_field_of_a_partner_differs_and_no_value(self):
        self.tell_of_partner()
        told = self.cases().with_user(self.make_user("user")).read()
        self.assertIn("differs from Proof: email.", str(told))
        self.assertNotIn("@x.example", str(told))

    def test_how_far_it_came_leaves_what_the_workers_remember(self):
        self.play(account("Turnover", code="401000"))
        self.env.flush_all()
        self.env.registry.cache_invalidated.clear()
        self.env["finance.drift"]._compare_step(self.system)
        self.assertFalse(self.env.registry.cache_invalidated)

    def test_exchange_rate_is_compared_in_the_direction_it_was_told(self):
        told = {
            "type": "exchange_rate",
            "source_id": "r1",
            "date": "2026-03-10",
            **NOW,
        }
        usd = {**told, "base_currency": "USD", "quote_currency": "EUR"}
        self.tell({**usd, "rate": "0.92"})
        eur = {**told, "base_currency": "EUR", "quote_currency": "USD"}
        self.tell({**eur, "source_id": "r2", "rate": "1.0869565"})
        self.assertFalse(self.cases())
        self.tell({**usd, "rate": "0.95", "revision": 2})
        self.assertEqual(self.cases().field, "rate")

    def test_cases_are_bounded_and_the_rest_comes_when_there_is_room(self):
        self.patch(finance_drift, "MAX_OPEN", 3)
        self.tell(*(account(code=f"99{n}") for n in range(5)))
        self.assertEqual(len(self.cases()), 3)

    def test_a_round_goes_on_where_the_last_step_ended(self):
        self.patch(finance_drift, "A_STEP", 2)
        self.play(*(account(code=f"99{n}") for n in range(5)))
        drift, system = self.env["finance.drift"], self.system
        steps = [drift._compare_step(system) for _step in range(5)]
        self.assertEqual(steps, [2, 2, 1, 0, 2])
