import logging
from collections.abc import Iterator

from odoo import api, fields, models
from odoo.tools import SQL

from ..seals import GENESIS, Seal, Stored

_logger = logging.getLogger(__name__)

ENTRIES_A_SEAL = 10_000
LEAVES = SQL(
    """string_agg(
        int8send(entry.id)
        || sha256(convert_to(jsonb_strip_nulls(to_jsonb(entry))::text, 'UTF8')),
        ''::bytea ORDER BY entry.id)"""
)


class FinanceLogMark(models.Model):
    """How far the next seals may reach; there is none, or one.

    Ids are given out before their transaction commits, so a row may appear below ids
    that are visible already. A mark notes the highest id given out, and then who is
    writing to the log at that moment: whoever took an id up to the mark has ended by
    then or is among them, since an INSERT locks the table for its transaction before
    it takes an id. Once all of them ended, no row can join up to the mark. Nobody has
    to wait for it, and transactions that do not write to the log do not count.

    https://www.postgresql.org/docs/current/view-pg-locks.html
    """

    _name = "finance.log.mark"
    _description = "How Far the Log May Be Sealed"
    _log_access = False

    last_id = fields.Integer(required=True, readonly=True)
    writers = fields.Char(readonly=True, help="Virtual transaction ids of PostgreSQL.")

    @api.model
    def _set(self):
        """Set a mark when there are entries to seal, unless one waits already: that
        stays, or a busy system would never come to seal."""
        # two statements: the writers must be read after the id
        rows = self.env.execute_query(
            SQL(
                """SELECT last_id
                     FROM pg_sequence_last_value('finance_log_id_seq') AS last_id
                    WHERE last_id >
                          (SELECT coalesce(max(last_id), 0) FROM finance_log_seal)"""
            )
        )
        for (last_id,) in rows:
            self.env.cr.execute(
                SQL(
                    """INSERT INTO finance_log_mark (id, last_id, writers)
                       VALUES (1, %s, %s) ON CONFLICT (id) DO NOTHING""",
                    last_id,
                    " ".join(self._writers()),
                )
            )

    @api.model
    def _passed(self) -> int | None:
        """The last id that may be sealed by a transaction which begins after this."""
        rows = self.env.execute_query(
            SQL("SELECT last_id, writers FROM finance_log_mark")
        )
        for last_id, writers in rows:
            if not set((writers or "").split()) & self._writers():
                return last_id
        return None

    def _writers(self) -> set[str]:
        rows = self.env.execute_query(
            SQL(
                """SELECT virtualtransaction FROM pg_locks
                    WHERE relation = 'finance_log'::regclass
                      AND database = (SELECT oid FROM pg_database
                                       WHERE datname = current_database())
                      AND mode = 'RowExclusiveLock' AND granted"""
            )
        )
        return {row[0] for row in rows}

    @api.model
    def _clear(self):
        self.env.cr.execute("DELETE FROM finance_log_mark")


class FinanceLogSeal(models.Model):
    """Vouches for a block of log entries and for the seal before it.

    The id is the number in the chain, without gaps. What exactly is hashed: seals.py.
    """

    _name = "finance.log.seal"
    _inherit = "finance.append.only"
    _description = "Log Seal"
    _order = "id desc"
    _log_access = False
    _rec_name = "hash"

    at = fields.Datetime("Sealed", required=True, readonly=True)
    first_id = fields.Integer("First Entry", required=True, readonly=True)
    last_id = fields.Integer("Last Entry", required=True, readonly=True)
    entry_count = fields.Integer("Entries", required=True, readonly=True)
    previous = fields.Char("Hash Before", required=True, readonly=True)
    hash = fields.Char("SHA-256", required=True, readonly=True)
    leaves = fields.Binary(
        attachment=False, required=True, readonly=True, groups=fields.NO_ACCESS
    )

    @api.depends("at")
    def _compute_display_name(self):
        for seal in self:
            seal.display_name = self.env._("Seal %s", seal.id)

    def action_seal_now(self):
        """Wake the sealer; it needs transactions of its own."""
        self.check_access("read")
        # sudo: who may see seals may ask for one
        self.env.ref("finance_integration.cron_seal").sudo()._trigger()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "message": self.env._("The log is being sealed in the background."),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def action_open_entries(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.display_name,
            "res_model": "finance.log",
            "domain": [("id", ">=", self.first_id), ("id", "<=", self.last_id)],
            "view_mode": "list,form",
        }

    def action_export(self):
        return {"type": "ir.actions.act_url", "url": "/finance/log/seals.csv"}

    @api.model
    def _cron_seal(self):
        """Seal what was written, a block a transaction. Entries of a transaction that
        still runs, and those after them, wait for the next time."""
        cron, mark = self.env["ir.cron"], self.env["finance.log.mark"]
        mark._set()
        cron._commit_progress()
        upto = mark._passed()
        cron._commit_progress()  # only a new transaction sees all that they wrote
        while (
            upto is not None
            and (sealed := self._seal_block(upto))
            and cron._commit_progress(sealed)
        ):
            pass

    @api.model
    def _seal_block(self, upto: int) -> int:
        """Seal the next block up to an id; the number of entries in it."""
        before = self._last()
        at, count, first, last, leaves = self._read_block(before.seal.last_id, upto)
        if count < ENTRIES_A_SEAL:
            self.env["finance.log.mark"]._clear()
            last = upto
        if count:
            number = before.seal.number + 1
            self._insert(Seal(number, at, first, last, count, before.hash), leaves)
        return count

    def _last(self) -> Stored:
        return next(self._stored(SQL("ORDER BY id DESC LIMIT 1")), GENESIS)

    def _stored(self, which: SQL) -> Iterator[Stored]:
        rows = self.env.execute_query(
            SQL(
                """SELECT id, at::text, first_id, last_id, entry_count, previous,
                          leaves, hash FROM finance_log_seal %s""",
                which,
            )
        )
        for *words, leaves, digest in rows:
            yield Stored(Seal(*words), bytes(leaves or b""), digest)

    def _read_block(self, after: int, upto: int) -> tuple:
        """(now, count, first id, last id, leaves) of the entries after one id and up
        to another, ENTRIES_A_SEAL at most."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT (now() AT TIME ZONE 'UTC')::text,
                       count(*), min(id), max(id), %s
                  FROM (SELECT * FROM finance_log
                         WHERE id > %s AND id <= %s ORDER BY id LIMIT %s) AS entry
                """,
                LEAVES,
                after,
                upto,
                ENTRIES_A_SEAL,
            )
        )
        return rows[0]

    def _insert(self, seal: Seal, leaves: memoryview):
        digest = seal.hash(bytes(leaves))
        self.env.cr.execute(
            SQL(
                """INSERT INTO finance_log_seal (id, at, first_id, last_id, entry_count,
                       previous, hash, leaves)
                   VALUES (%s, %s, %s, %s, %s, %s, %s, %s)""",
                seal.number,
                seal.at,
                seal.first_id,
                seal.last_id,
                seal.entries,
                seal.previous,
                digest,
                leaves,
            )
        )
        # the server's own log is one more place outside the database
        _logger.info(
            "Log seal %s: entries to %s, %s", seal.number, seal.last_id, digest
        )
