"""Two systems that tell of one record: decided by a table, never by who is faster."""

import threading

from psycopg2.errors import SerializationFailure

from odoo import SUPERUSER_ID, api, sql_db
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import TransactionCase, tagged

from odoo.addons.finance_core import claims
from odoo.addons.finance_core.contract import document_from_fields

from .common import HubCase

NOW = {"occurred_at": "2026-03-10T10:00:00Z"}


def account(name="Sales", code="4010", source_id="", **fields):
    return {
        "type": "account",
        "source_id": source_id or f"acc_{code}",
        "code": code,
        "name": name,
        "kind": "income",
        **NOW,
        **fields,
    }


def customer(source_id, vat="ATU12345678", **fields):
    return {
        "type": "customer",
        "source_id": source_id,
        "name": "Ann",
        "vat": vat,
        **NOW,
        **fields,
    }


@tagged("post_install", "-at_install")
class Claims(HubCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.make_system(cls.company, "second")

    def own(self, system, kind="account", field=""):
        return self.env["finance.record.source"].create(
            {
                "company_id": self.company.id,
                "document_type": kind,
                "field": field,
                "system_id": system.id if system else False,
            }
        )

    def state(self, source_id="acc_4010", system=None, kind="account"):
        found = self.find(source_id, kind, system)
        return found.sorted("id")[-1:].state

    def test_second_system_that_claims_a_record_is_held(self):
        """FAULTS 49."""
        self.play(account())
        self.play(account(), system=self.other)
        self.assertEqual(self.state(), "ignored")
        document = self.find("acc_4010", "account", self.other)
        self.assertEqual(document.state, "held")
        self.assertEqual(document.exception_id.category, "control")
        self.assertEqual(document.exception_id.action, "state_owner")

    def test_a_system_may_repeat_and_revise_its_own_record(self):
        self.play(account())
        self.play(account("Turnover", revision=2))
        self.assertEqual(self.state(), "ignored")

    def test_records_of_two_companies_are_two_records(self):
        elsewhere = self.make_company("Elsewhere")
        foreign = self.make_system(elsewhere, "foreign")
        self.play(account())
        self.play(account(), system=foreign)
        self.assertEqual(self.state(system=foreign), "ignored")

    def test_owner_stated_later_releases_what_waited(self):
        self.play(account())
        self.play(account("Theirs"), system=self.other)
        self.own(self.other)
        self.drain(self.other)
        self.assertEqual(self.state(system=self.other), "ignored")
        self.play(account("Ours again", revision=3))
        self.assertEqual(self.state(), "held")

    def test_order_does_not_matter_once_an_owner_is_stated(self):
        self.own(self.other)
        self.play(account("Ours"))
        self.assertEqual(self.state(), "held")
        self.play(account("Theirs"), system=self.other)
        self.drain()
        self.assertEqual(self.state(), "held")
        self.assertEqual(self.state(system=self.other), "ignored")

    def test_not_the_owner_may_say_the_same(self):
        self.own(self.other)
        self.play(account())
        self.play(account(source_id="x9"), system=self.other)
        self.drain()
        self.assertEqual(self.state(), "ignored")

    def test_what_odoo_owns_nobody_changes(self):
        self.own(None)
        self.play(account())
        self.assertEqual(self.state(), "held")

    def test_field_of_another_owner_holds_its_change_only(self):
        self.own(self.system, "customer")
        self.own(self.other, "customer", "email")
        self.play(customer("c1", email="own@x.example"))
        self.play(customer("k1", email="new@x.example"), system=self.other)
        self.assertEqual(self.state("k1", self.other, "customer"), "ignored")
        self.play(customer("c1", email="own@x.example", revision=2))
        self.assertEqual(self.state("c1", kind="customer"), "held")
        self.play(customer("c1", email="new@x.example", name="Anne", revision=3))
        self.assertEqual(self.state("c1", kind="customer"), "ignored")

    def test_owner_of_one_field_leaves_the_rest_to_who_claims_it_first(self):
        """FAULTS 49."""
        self.own(self.system, "customer", "email")
        self.play(customer("c1", email="own@x.example"))
        self.play(customer("k1", email="own@x.example"), system=self.other)
        self.assertEqual(self.state("c1", kind="customer"), "ignored")
        self.assertEqual(self.state("k1", self.other, "customer"), "held")

    def test_one_record_of_the_books_under_two_names_is_one_record(self):
        approver = self.make_user("approver")
        for system, foreign in ((self.system, "a-1"), (self.other, "b-1")):
            self.env["finance.reference"].create(
                {
                    "system_id": system.id,
                    "kind": "account",
                    "foreign_id": foreign,
                    "target": f"account.account,{self.account('clearing|EUR').id}",
                }
            ).with_user(approver).action_confirm()
        self.play(account(code="A", source_id="a-1"))
        self.play(account(code="B", source_id="b-1"), system=self.other)
        self.assertEqual(self.state("b-1", self.other), "held")

    def test_only_approvers_state_who_decides(self):
        source = self.own(self.other)
        for role in ("user", "operator", "editor", "admin", "auditor"):
            user = self.make_user(role)
            with self.subTest(role), self.assertRaises(AccessError):
                source.with_user(user).write({"system_id": self.system.id})
        source.with_user(self.make_user("approver")).system_id = self.system

    def test_administrator_who_is_also_approver_states_nothing(self):
        source = self.own(self.other)
        both = self.make_user("admin")
        both.group_ids |= self.env.ref("finance_integration.group_approver")
        own = source.with_user(both).sudo()
        for attempt in (lambda: own.write({"system_id": False}), own.unlink, own.copy):
            with self.assertRaises(AccessError):
                attempt()

    def test_a_field_that_does_not_exist_has_no_owner(self):
        with self.assertRaises(ValidationError):
            self.own(self.other, field="colour")


@tagged("post_install", "-at_install")
class Race(TransactionCase):
    """Two connections of their own, as two workers have; what they need is committed
    and taken away again."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.told = document_from_fields(account())
        with cls.transaction() as env:
            cls.system_ids = (
                env["finance.system"]
                .create(
                    [
                        {"name": code, "code": code, "connector": "demo"}
                        for code in ("race-one", "race-two")
                    ]
                )
                .ids
            )
            env.cr.commit()
        cls.addClassCleanup(cls.take_away)

    @classmethod
    def transaction(cls):
        cr = sql_db.db_connect(cls.registry.db_name).cursor()
        return Transaction(cr)

    @classmethod
    def take_away(cls):
        with cls.transaction() as env:
            for table, column in (
                ("finance_claim", "system_id"),
                ("finance_flow", "system_id"),
                ("finance_system", "id"),
            ):
                env.cr.execute(
                    f"DELETE FROM {table} WHERE {column} = ANY(%s)", [cls.system_ids]
                )
            env.cr.commit()

    def claim(self, env, number):
        system = env["finance.system"].browse(self.system_ids[number])
        digest = claims.said(self.told, "")
        return env["finance.claim"]._claim(system, self.told, "4010", "", digest, {})

    def test_of_two_transactions_one_claims_and_the_other_tries_again(self):
        """FAULTS 49."""
        errors = []

        def later(env):
            try:
                self.claim(env, 1)
            except SerializationFailure as error:
                errors.append(error)

        with self.transaction() as one, self.transaction() as two:
            two.cr.execute("SELECT 1")  # it has looked before the first one commits
            self.assertTrue(self.claim(one, 0))
            worker = threading.Thread(target=later, args=(two,))
            worker.start()
            worker.join(0.5)
            self.assertTrue(worker.is_alive(), "it waits for the first one")
            one.cr.commit()
            worker.join(10)
            self.assertEqual(len(errors), 1)
            two.cr.rollback()
            self.assertFalse(self.claim(two, 1), "the first one has it")


class Transaction:
    """An environment of a connection of its own, rolled back at the end."""

    def __init__(self, cr):
        self.cr = cr

    def __enter__(self):
        return api.Environment(self.cr, SUPERUSER_ID, {})

    def __exit__(self, *_error):
        self.cr.rollback()
        self.cr.close()
