"""Equal documents of two systems that are processed at the same moment."""

import threading

from psycopg2.errors import SerializationFailure

from odoo import sql_db
from odoo.tests import TransactionCase, tagged

from .test_claims import Transaction

LIKENESS = "race"


@tagged("post_install", "-at_install")
class LikenessRace(TransactionCase):
    """Two connections of their own, as two workers have; what they commit is taken
    away again."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.addClassCleanup(cls.take_away)

    @classmethod
    def transaction(cls):
        return Transaction(sql_db.db_connect(cls.registry.db_name).cursor())

    @classmethod
    def take_away(cls):
        with cls.transaction() as env:
            env.cr.execute(
                "DELETE FROM finance_likeness WHERE likeness = %s", [LIKENESS]
            )
            env.cr.commit()

    def write_down(self, env):
        company = env.ref("base.main_company")
        env["finance.likeness"]._write_down(company, [LIKENESS])

    def test_of_two_transactions_the_later_tries_again_and_sees_the_first(self):
        """New, and known already."""
        for again in (False, True):
            with self.subTest(again=again):
                self.race()

    def race(self):
        errors = []

        def later(env):
            try:
                self.write_down(env)
            except SerializationFailure as error:
                errors.append(error)

        with self.transaction() as one, self.transaction() as two:
            two.cr.execute("SELECT 1")  # it has looked before the first one commits
            self.write_down(one)
            worker = threading.Thread(target=later, args=(two,))
            worker.start()
            worker.join(0.5)
            self.assertTrue(worker.is_alive(), "it waits for the first one")
            one.cr.commit()
            worker.join(10)
            self.assertEqual(len(errors), 1)
            two.cr.rollback()
            self.write_down(two)
