"""FAULTS 47: whoever changes the log by SQL is refused, or found out."""

import contextlib
import io
import subprocess
import sys
import tempfile
import threading
from datetime import timedelta
from unittest.mock import patch

import psycopg2.errors
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from odoo import SUPERUSER_ID, api, sql_db
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, get_db_name, tagged
from odoo.tools import SQL, mute_logger

from odoo.addons.finance_integration.cli.finance_log import FinanceLog
from odoo.addons.finance_integration.seals import Fault, exported_hashes

MODELS = "odoo.addons.finance_integration.models"
SCHEMA = "finance_log_test"
TABLES = ("finance_log", "finance_log_seal", "finance_log_mark")
EVENTS = ("message.received", "document.posted", "exception.opened")


class LogCase(BaseCase):
    """Copies of the log's tables in a schema of their own: transactions really
    commit there, and nothing of it stays."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.registry = Registry(get_db_name())
        cls.addClassCleanup(cls._sql, f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")

    def setUp(self):
        super().setUp()
        self._sql(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE; CREATE SCHEMA {SCHEMA}")
        for table in TABLES:
            self._sql(
                f"CREATE TABLE {SCHEMA}.{table} (LIKE public.{table} INCLUDING ALL)"
            )
        self._sql(
            f"CREATE SEQUENCE {SCHEMA}.finance_log_id_seq "
            f"OWNED BY {SCHEMA}.finance_log.id"
        )
        self._sql(
            f"ALTER TABLE {SCHEMA}.finance_log ALTER id "
            f"SET DEFAULT nextval('{SCHEMA}.finance_log_id_seq')"
        )
        with self.transaction() as env:
            env["finance.log"].init()
            env["finance.log.seal"].init()

    @classmethod
    def _sql(cls, statement):
        with sql_db.db_connect(cls.registry.db_name).cursor() as cr:
            cr.execute(statement)

    @classmethod
    @contextlib.contextmanager
    def transaction(cls):
        """An environment that commits at the end; its log is the copy."""
        with sql_db.db_connect(cls.registry.db_name).cursor() as cr:
            cr.execute(f"SET search_path TO {SCHEMA}, public")
            cr.commit()  # pylint: disable=invalid-commit
            try:
                yield api.Environment(cr, SUPERUSER_ID, {})
                cr.commit()  # pylint: disable=invalid-commit
            finally:
                cr.rollback()
                cr.execute("SET search_path TO DEFAULT")
                cr.commit()  # pylint: disable=invalid-commit

    def append(self, count=3, detail="as it happened"):
        with self.transaction() as env:
            env["finance.log"]._append(
                {"event": EVENTS[n % 3], "detail": detail} for n in range(count)
            )

    def seal(self):
        with self.transaction() as env:
            env["finance.log.seal"]._cron_seal()

    def verify(self, exported=None):
        with self.transaction() as env:
            return env["finance.log.seal"]._verify(exported)

    @classmethod
    @contextlib.contextmanager
    def tampering(cls):
        """A cursor of the owner, who has put the guard off."""
        with cls.transaction() as env:
            for table in TABLES[:2]:
                env.cr.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            yield env.cr
            for table in TABLES[:2]:
                env.cr.execute(
                    f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER finance_append_only"
                )

    def tamper(self, *statements):
        with self.tampering() as cr:
            for statement in statements:
                cr.execute(statement)

    def export(self):
        with self.transaction() as env:
            return "".join(env["finance.log.seal"]._export()).encode()

    def assert_holds(self, entries, seals=1, waiting=0):
        found = self.verify()
        self.assertIsNone(found.fault)
        self.assertTrue(found.guarded)
        self.assertEqual(
            (found.entries, found.seals, found.waiting), (entries, seals, waiting)
        )

    def assert_fault(self, *fault, exported=None):
        self.assertEqual(self.verify(exported).fault, Fault(*fault))


@tagged("post_install", "-at_install")
class DatabaseRefuses(LogCase):
    def test_update_delete_and_truncate_of_entries_and_seals(self):
        self.append()
        self.seal()
        for table in TABLES[:2]:
            for statement in (
                f"UPDATE {table} SET at = now()",
                f"DELETE FROM {table}",
                f"TRUNCATE {table} CASCADE",
            ):
                with (
                    self.subTest(statement),
                    mute_logger("odoo.sql_db"),
                    self.assertRaisesRegex(
                        psycopg2.errors.InsufficientPrivilege, "cannot be changed"
                    ),
                    self.transaction() as env,
                ):
                    env.cr.execute(statement)
        self.assert_holds(3)

    def test_the_tables_odoo_uses_are_guarded(self):
        with sql_db.db_connect(self.registry.db_name).cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            self.assertTrue(env["finance.log.seal"]._guarded())

    def test_an_upgrade_guards_again_and_keeps_the_seals(self):
        self.append()
        self.seal()
        with self.transaction() as env:
            env.cr.execute("ALTER TABLE finance_log DISABLE TRIGGER USER")
        self.assertFalse(self.verify().guarded)
        with self.transaction() as env:
            env["finance.log"].init()
            env["finance.log.seal"].init()
        self.assert_holds(3)

    def test_a_column_that_joins_later_breaks_no_seal_but_is_sealed(self):
        self.append()
        self.seal()
        with self.transaction() as env:
            env.cr.execute("ALTER TABLE finance_log ADD COLUMN later varchar")
        self.assert_holds(3)
        self.tamper("UPDATE finance_log SET later = '' WHERE id = 2")
        self.assert_fault("entry", "altered", 1, 2)


@tagged("post_install", "-at_install")
class Sealing(LogCase):
    def test_what_was_written_is_sealed_once(self):
        self.append(3)
        self.assert_holds(0, seals=0, waiting=3)
        self.seal()
        self.assert_holds(3)
        self.seal()
        self.assert_holds(3)
        self.append(2)
        self.assert_holds(3, waiting=2)
        self.seal()
        self.assert_holds(5, seals=2)

    def test_blocks_and_pages_are_bounded_and_leave_nothing_out(self):
        self.append(47)
        with (
            patch(f"{MODELS}.finance_log_seal.ENTRIES_A_SEAL", 5),
            patch(f"{MODELS}.finance_log_verification.SEALS_A_PAGE", 3),
            patch(f"{MODELS}.finance_log_verification.LINES_A_PAGE", 3),
        ):
            self.seal()
            self.assert_holds(47, seals=10)
            self.assertEqual(len(exported_hashes(self.export())), 10)
            self.tamper("DELETE FROM finance_log WHERE id = 31")
            self.assert_fault("entry", "missing", 7, 31)

    def test_an_id_given_out_early_and_committed_late_is_no_intruder(self):
        with self.transaction() as slow:
            slow["finance.log"]._append([{"event": "slow"}])
            self.append(2)
            self.seal()
            self.assert_holds(0, seals=0, waiting=2)
        self.seal()
        self.assert_holds(3)

    def test_transactions_that_do_not_write_the_log_delay_no_seal(self):
        """The scheduler's own is one, while it runs the sealer."""
        self.append(3)
        with self.transaction() as other:
            other.cr.execute("SELECT pg_current_xact_id()")
            other["finance.log"].search_count([])
            self.seal()
        self.assert_holds(3)

    def test_a_mark_that_waits_is_not_pushed_on_by_newer_transactions(self):
        """Else a busy system never seals: somebody always writes."""
        with self.transaction() as first:
            first["finance.log"]._append([{"event": "first"}])
            self.seal()
        with self.transaction() as second:
            second["finance.log"]._append([{"event": "second"}])
            self.seal()
            self.assert_holds(1)
        self.seal()
        self.assert_holds(2, seals=2)

    def test_gaps_of_rolled_back_transactions_are_sealed_as_gaps(self):
        self.append(2)
        with self.transaction() as env:
            env["finance.log"]._append([{"event": "undone"}])
            env.cr.rollback()
        self.seal()
        self.assert_holds(2)
        with self.transaction() as env:
            env.cr.execute(
                "INSERT INTO finance_log (id, at, event) VALUES (3, now(), 'forged')"
            )
        self.assert_fault("entry", "inserted", 1, 3)

    def test_a_mark_that_came_with_a_dump_of_another_server_passes(self):
        self.append(2)
        with self.transaction() as env:
            env.cr.execute(
                "INSERT INTO finance_log_mark (id, last_id, writers)"
                " VALUES (1, 1, '999999/1')"
            )
        self.seal()
        self.assert_holds(1, waiting=1)
        self.seal()
        self.assert_holds(2, seals=2)

    def test_writers_and_sealer_at_once_raise_no_false_alarm(self):
        """FAULTS 29: ids commit out of order, some never."""
        writers = [
            threading.Thread(target=self._write_and_undo, args=(n,)) for n in range(3)
        ]
        for writer in writers:
            writer.start()
        while any(writer.is_alive() for writer in writers):
            self.seal()
            self.assertIsNone(self.verify().fault)
        self.seal()
        found = self.verify()
        self.assertIsNone(found.fault)
        self.assertEqual((found.entries, found.waiting), (3 * 40 * 2, 0))

    def _write_and_undo(self, number):
        for turn in range(60):
            with self.transaction() as env:
                env["finance.log"]._append(
                    [{"event": f"{number}.{turn}.{part}"} for part in "ab"]
                )
                if turn % 3 == 0:
                    env.cr.rollback()


@tagged("post_install", "-at_install")
class FoundOut(LogCase):
    def setUp(self):
        super().setUp()
        self.append(4)
        self.seal()
        self.append(4, "später, 1 €")
        self.seal()

    @settings(max_examples=150)
    @given(data=st.data())
    def test_any_change_of_any_column_of_any_entry(self, data):
        with self.tampering() as cr:
            entry = data.draw(st.integers(1, 8))
            column, kind = data.draw(st.sampled_from(self._columns(cr, "finance_log")))
            self._change(cr, data, "finance_log", column, kind, entry)
            fault = self._fault(cr)
            cr.rollback()
        self.assertEqual(fault.what, "entry")
        if column == "id":
            self.assertIn(fault.kind, ("missing", "inserted"))
        else:
            self.assertEqual((fault.kind, fault.entry), ("altered", entry))
            self.assertEqual(fault.seal, 1 if entry <= 4 else 2)

    @settings(max_examples=100)
    @given(data=st.data())
    def test_any_change_of_any_column_of_any_seal(self, data):
        with self.tampering() as cr:
            number = data.draw(st.integers(1, 2))
            columns = self._columns(cr, "finance_log_seal")
            column, kind = data.draw(st.sampled_from(columns))
            self._change(cr, data, "finance_log_seal", column, kind, number)
            fault = self._fault(cr)
            cr.rollback()
        self.assertEqual(fault.what, "seal")
        if column != "id":
            self.assertEqual((fault.kind, fault.seal), ("altered", number))

    def _columns(self, cr, table):
        cr.execute(
            """SELECT attname, format_type(atttypid, NULL) FROM pg_attribute
                WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped
                ORDER BY attnum""",
            [table],
        )
        return cr.fetchall()

    def _change(self, cr, data, table, column, kind, row):
        cr.execute(f"SELECT {column} FROM {table} WHERE id = {row}")
        (before,) = cr.fetchone()
        after = data.draw(changed(kind, before))
        if column == "id":  # the primary key refuses NULL and what is taken
            assume(after is not None and not 1 <= after <= 8)
        else:
            cr.execute(f"ALTER TABLE {table} ALTER {column} DROP NOT NULL")
        cr.execute(f"UPDATE {table} SET {column} = %s WHERE id = {row}", [after])

    def _fault(self, cr):
        env = api.Environment(cr, SUPERUSER_ID, {})
        return env["finance.log.seal"]._verify().fault

    def test_a_deleted_entry(self):
        self.tamper("DELETE FROM finance_log WHERE id = 6")
        self.assert_fault("entry", "missing", 2, 6)

    def test_all_entries_deleted(self):
        self.tamper("DELETE FROM finance_log")
        self.assert_fault("entry", "missing", 1, 1)

    def test_an_entry_inserted_before_all_others(self):
        self.tamper("INSERT INTO finance_log (id, at, event) VALUES (-7, now(), 'x')")
        self.assert_fault("entry", "inserted", 1, -7)

    def test_an_entry_that_appears_twice(self):
        self.tamper(
            "ALTER TABLE finance_log DROP CONSTRAINT finance_log_pkey",
            "INSERT INTO finance_log SELECT * FROM finance_log WHERE id = 2",
        )
        self.assert_fault("entry", "altered", 1, 2)

    def test_two_entries_that_changed_places(self):
        self.tamper(
            "UPDATE finance_log SET id = 100 WHERE id = 1",
            "UPDATE finance_log SET id = 1 WHERE id = 2",
            "UPDATE finance_log SET id = 2 WHERE id = 100",
        )
        self.assert_fault("entry", "altered", 1, 1)

    def test_a_deleted_seal(self):
        self.tamper("DELETE FROM finance_log_seal WHERE id = 1")
        self.assert_fault("seal", "missing", 1)

    def test_an_entry_altered_together_with_its_own_seal(self):
        self.tamper("UPDATE finance_log SET detail = 'nothing' WHERE id = 2")
        with self.tampering() as cr:
            log = api.Environment(cr, SUPERUSER_ID, {})["finance.log.seal"]
            stored = next(log._stored(SQL("WHERE id = 1")))
            leaves = bytes(log._read_block(stored.seal.last_id - 4, 4)[-1])
            cr.execute(
                "UPDATE finance_log_seal SET leaves = %s, hash = %s WHERE id = 1",
                [leaves, stored.seal.hash(leaves)],
            )
        self.assert_fault("seal", "altered", 1)

    def test_a_log_rewritten_with_all_its_seals_by_the_exported_ones(self):
        exported = exported_hashes(self.export())
        self.append(1)
        self.seal()
        self.assertIsNone(self.verify(exported).fault)
        self.tamper(
            "UPDATE finance_log SET detail = 'nothing' WHERE id = 7",
            "DELETE FROM finance_log_seal WHERE id > 1",
        )
        self.seal()
        self.assertIsNone(self.verify().fault)
        self.assert_fault("seal", "foreign", 2, exported=exported)

    def test_a_log_cut_off_at_its_end_by_the_exported_seals(self):
        exported = exported_hashes(self.export())
        self.tamper(
            "DELETE FROM finance_log WHERE id > 4",
            "DELETE FROM finance_log_seal WHERE id > 1",
        )
        self.assertIsNone(self.verify().fault)
        self.assert_fault("seal", "missing", 2, exported=exported)

    def test_the_command_names_the_entry_and_ends_with_1(self):
        self.assertEqual(
            self.command("verify"),
            (0, "8 entries under 2 seals are as they were written.\n"),
        )
        self.tamper("UPDATE finance_log SET detail = 'x' WHERE id = 7")
        status, told = self.command("verify")
        self.assertEqual(status, 1)
        self.assertTrue(told.startswith("Entry 7 was altered after seal 2."), told)

    def test_the_command_exports_what_it_verifies_against_later(self):
        status, exported = self.command("export")
        self.assertEqual((status, exported.encode()), (0, self.export()))
        self.tamper("DELETE FROM finance_log_seal", "DELETE FROM finance_log")
        with tempfile.NamedTemporaryFile("w") as file:
            file.write(exported)
            file.flush()
            status, told = self.command("verify", "--against", file.name)
        self.assertEqual(status, 1)
        self.assertTrue(told.startswith("Seal 1 is missing."), told)

    def command(self, *words):
        """(exit status, what it prints) of the command on the copy of the log."""
        command, told = FinanceLog(), io.StringIO()
        options = command._options(words)
        with self.transaction() as env, contextlib.redirect_stdout(told):
            status = command._act(env, options)
        return status, told.getvalue()

    def test_the_command_ends_with_2_when_it_cannot_tell(self):
        words = ("verify", "--against", "/no/such/file")
        with (
            contextlib.redirect_stderr(io.StringIO()) as told,
            self.assertRaises(SystemExit) as ended,
        ):
            self.command(*words)
        self.assertEqual(ended.exception.code, 2)
        self.assertIn("/no/such/file", told.getvalue())
        self.assertEqual(run_odoo("verify", "-d", "no_such_database").returncode, 2)

    def test_odoo_finds_the_command(self):
        done = run_odoo("verify", "-d", get_db_name())
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("are as they were written", done.stdout)


def run_odoo(*words):
    """Odoo's own CLI with this command, as a user starts it."""
    return subprocess.run(
        [sys.executable, "-m", "odoo", "finance_log", *words],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def changed(kind, before):
    """Values of a column that differ from the one it has; a byte or more."""
    if kind == "integer":
        others = st.none() | st.integers(-(2**31), 2**31 - 1)
    elif kind == "bytea":
        before = bytes(before)
        others = st.none() | st.integers(0, len(before) - 1).map(
            lambda at: before[:at] + bytes([before[at] ^ 1]) + before[at + 1 :]
        )
    elif kind.startswith("timestamp"):
        others = st.none() | st.integers(-(10**15), 10**15).map(
            lambda microseconds: before + timedelta(microseconds=microseconds)
        )
    else:
        one_letter = st.integers(0, max(len(before or "") - 1, 0)).map(
            lambda at: (before or "")[:at] + "\u00b7" + (before or "")[at + 1 :]
        )
        text = st.text(
            st.characters(exclude_categories=["Cs"], exclude_characters="\0")
        )
        others = st.none() | one_letter | text
    return others.filter(lambda value: value != before)
