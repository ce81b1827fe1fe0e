from contextlib import closing

from psycopg2 import OperationalError
from psycopg2.extensions import (
    TRANSACTION_STATUS_IDLE,
    TRANSACTION_STATUS_INTRANS,
)

from odoo.sql_db import db_connect

from ..statement import committed_at_once
from .common import HubCase


class StatementCase(HubCase):
    """On a cursor of its own, since that of a test is always in a transaction."""

    def setUp(self):
        super().setUp()
        self.cursor = db_connect(self.env.cr.dbname).cursor()
        self.enterContext(closing(self.cursor))

    def status(self) -> int:
        return self.cursor.connection.info.transaction_status

    def test_statement_is_committed_when_it_returns(self):
        with committed_at_once(self.cursor):
            self.cursor.execute("SELECT 1")
            self.assertEqual(self.status(), TRANSACTION_STATUS_IDLE)
            self.assertEqual(self.cursor.fetchall(), [(1,)])

    def test_afterwards_the_cursor_is_as_before(self):
        for _time in range(2):
            with committed_at_once(self.cursor):
                self.cursor.execute("SELECT 1")
            self.cursor.execute("SHOW transaction_isolation")
            self.assertEqual(self.cursor.fetchall(), [("repeatable read",)])
            self.cursor.execute("SHOW transaction_read_only")
            self.assertEqual(self.cursor.fetchall(), [("off",)])
            self.assertEqual(self.status(), TRANSACTION_STATUS_INTRANS)
            self.cursor.rollback()

    def test_within_a_transaction_it_is_part_of_it(self):
        self.cursor.execute("SELECT 1")
        with committed_at_once(self.cursor):
            self.cursor.execute("SELECT 1")
            self.assertEqual(self.status(), TRANSACTION_STATUS_INTRANS)
        self.assertEqual(self.status(), TRANSACTION_STATUS_INTRANS)

    def test_connection_that_was_lost_is_told_by_the_statement(self):
        """FAULTS 27: nothing hides the error that says it."""
        with closing(db_connect(self.env.cr.dbname).cursor()) as other:
            pid = self.cursor.connection.info.backend_pid
            other.execute("SELECT pg_terminate_backend(%s)", (pid,))
        with self.assertRaises(OperationalError), committed_at_once(self.cursor):
            self.cursor.execute("SELECT 1", log_exceptions=False)
        self.assertTrue(self.cursor.connection.closed)
