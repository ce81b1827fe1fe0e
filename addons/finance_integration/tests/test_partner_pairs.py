"""Partners that may be one are proposed; a person decides, and that is kept."""

import hashlib

from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import SQL

from ..models.finance_partner_pair import NEIGHBOURS
from .common import HubCase


@tagged("post_install", "-at_install")
class PartnerPairs(HubCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.find_all()
        cls.env["finance.partner.pair"].search([]).unlink()

    @classmethod
    def find_all(cls):
        while cls.env["finance.partner.pair"]._find_step():
            pass
        cls.env.invalidate_all()

    def make(self, name, **values):
        return self.env["res.partner"].create({"name": name, **values})

    @classmethod
    def change(cls, partner, **values):
        partner.write(values)
        cls.find_all()

    def pair(self, one, other):
        self.find_all()
        first, second = sorted((one.id, other.id))
        return self.env["finance.partner.pair"].search(
            [("first_id", "=", first), ("second_id", "=", second)]
        )

    def twins(self):
        one = self.make("Quentin Ltd", email="q@quentin.example")
        other = self.make("Somebody", email="Q@quentin.example")
        return self.pair(one, other)

    def test_same_email_proposes_a_pair_and_says_why(self):
        pair = self.twins()
        self.assertEqual(pair.reasons, "e-mail")
        self.assertEqual(pair.state, "proposed")

    def test_same_iban_proposes_a_pair(self):
        one, other = self.make("Xenia Quux"), self.make("Totally Other")
        for partner, number in (
            (one, "AT61 1904 3002 3457 3201"),
            (other, "AT611904300234573201"),
        ):
            self.env["res.partner.bank"].create(
                {"partner_id": partner.id, "acc_number": number}
            )
        self.assertEqual(self.pair(one, other).reasons, "IBAN")

    def test_nearly_the_same_name_proposes_a_pair(self):
        one, other = self.make("Zyxwvu Traders GmbH"), self.make("Zyxwvu Trader")
        self.assertEqual(self.pair(one, other).reasons, "name")

    def test_contact_of_a_company_is_no_duplicate_of_it(self):
        company = self.make("Vexing Inc", email="v@vexing.example")
        contact = self.make("V", email="v@vexing.example", parent_id=company.id)
        self.assertFalse(self.pair(company, contact))

    def test_partners_of_two_companies_are_no_duplicates(self):
        elsewhere = self.env["res.company"].create({"name": "Elsewhere"})
        one = self.make("A1", email="same@x.example", company_id=self.company.id)
        other = self.make("B2", email="same@x.example", company_id=elsewhere.id)
        self.assertFalse(self.pair(one, other))

    def test_different_is_kept_and_not_proposed_again(self):
        pair = self.twins()
        user = self.make_user("user")
        pair.with_user(user).action_different()
        self.change(pair.first_id, name="Quentin Limited")
        self.assertEqual(pair.state, "different")
        self.assertEqual(pair.decided_by_id, user)

    def test_pair_whose_reason_is_gone_is_withdrawn(self):
        pair = self.twins()
        self.change(pair.first_id, email="other@quentin.example")
        self.assertFalse(pair.exists())

    def test_merge_is_odoos_own_and_ends_the_pair(self):
        pair = self.twins()
        action = pair.action_merge()
        wizard = (
            self.env[action["res_model"]].with_context(**action["context"]).create({})
        )
        self.assertEqual(wizard.partner_ids, pair.first_id | pair.second_id)
        wizard.action_merge()
        self.env.invalidate_all()
        self.assertFalse(pair.exists())

    def test_nobody_writes_pairs_by_hand(self):
        pair = self.twins()
        for role in ("user", "operator", "editor", "approver", "admin", "auditor"):
            with self.subTest(role), self.assertRaises(AccessError):
                pair.with_user(self.make_user(role)).write({"state": "different"})
        with self.assertRaises(AccessError):
            pair.with_user(self.make_user("auditor")).action_different()

    def test_what_did_not_change_is_not_compared_again(self):
        self.twins()
        self.assertEqual(self.env["finance.partner.pair"]._find_step(), 0)

    def test_those_the_road_looked_up_are_compared_all_the_same(self):
        one = self.make("Quentin Ltd", email="q@quentin.example")
        other = self.make("Somebody", email="q@quentin.example")
        self.env["finance.partner.key"]._refresh(1000)  # a batch with an unknown one
        self.assertEqual(self.pair(one, other).reasons, "e-mail")

    def test_account_that_goes_takes_its_reason_with_it(self):
        one, other = self.make("Xenia Quux"), self.make("Totally Other")
        accounts = self.env["res.partner.bank"].create(
            [
                {"partner_id": partner.id, "acc_number": number}
                for partner, number in (
                    (one, "AT61 1904 3002 3457 3201"),
                    (other, "AT611904300234573201"),
                )
            ]
        )
        self.assertTrue(self.pair(one, other))
        accounts[0].unlink()
        self.assertFalse(self.pair(one, other))

    def test_archived_partner_is_found_no_more(self):
        one = self.make("Quentin Ltd", email="q@quentin.example")
        self.find_all()
        one.active = False
        self.find_all()
        keys = self.env["finance.partner.key"].search([("partner_id", "=", one.id)])
        self.assertFalse(keys)

    def test_an_unknown_party_is_looked_up_by_indexes_alone(self):
        """However many partners there are: no table is read as a whole."""
        self.make("Quentin Ltd", email="q@quentin.example")
        partner_keys = self.env["finance.partner.key"]
        ran = []
        execute = type(self.env.cr).execute

        def explained(cr, query, *args, **kwargs):
            ran.append(query)
            return execute(cr, query, *args, **kwargs)

        self.patch(type(self.env.cr), "execute", explained)
        partner_keys._refresh(1000)
        partner_keys._take_uncompared(1000)
        found = partner_keys._candidates([("x", "email", "q@quentin.example")])
        partner_keys._parties(found["x"])
        self.patch(type(self.env.cr), "execute", execute)
        ours = [
            q for q in ran if isinstance(q, SQL) and "finance_partner_key" in q.code
        ]
        self.assertGreaterEqual(len(ours), 5)
        self.env.cr.execute("SET LOCAL enable_seqscan = off")
        for query in ours:
            self.env.cr.execute(SQL("EXPLAIN %s", query))
            plan = "\n".join(row[0] for row in self.env.cr.fetchall())
            with self.subTest(query.code):
                self.assertNotIn("Seq Scan", plan)

    def test_what_very_many_share_says_nothing(self):
        """A mailbox of many makes no n² of pairs."""
        self.env["res.partner"].create(
            [
                {"name": hashlib.sha256(bytes([n])).hexdigest(), "email": "b@x.example"}
                for n in range(200)
            ]
        )
        self.find_all()
        pairs = self.env["finance.partner.pair"].search_count([])
        self.assertLess(pairs, 200 * 2 * NEIGHBOURS)
