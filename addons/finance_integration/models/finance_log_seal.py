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

    Ids are given out before their transaction commits, so rows may appear below ids
    that are sealed. A mark prevents it without a lock: it is set by a transaction that
    reads the highest id given out, and only then gets its own number. Whoever took an
    id up to the mark has a lower number (see FinanceLog.init). So once no transaction
    before the mark's runs, no row can join below it.
    """

    _name = "finance.log.mark"
    _description = "How Far the Log May Be Sealed"
    _log_access = False

    last_id = fields.Integer(required=True, readonly=True)
    txid = fields.Char(required=True, readonly=True, help="PostgreSQL's xid8.")

    @api.model
    def _set(self):
        """Set a mark when there are entries to seal, unless one waits already. A mark
        from the future came with a dump from another server and is replaced.

        Does nothing in a transaction that has its number already.
        """
        cr = self.env.cr
        cr.execute(
            """SELECT pg_sequence_last_value('finance_log_id_seq')
                WHERE pg_current_xact_id_if_assigned() IS NULL"""
        )
        for (last_id,) in cr.fetchall():
            cr.execute(
                SQL(
                    """
                    INSERT INTO finance_log_mark AS mark (id, last_id, txid)
                    SELECT 1, %(last_id)s, pg_current_xact_id()::text
                     WHERE %(last_id)s >
                           (SELECT coalesce(max(last_id), 0) FROM finance_log_seal)
                    ON CONFLICT (id) DO UPDATE
                       SET last_id = excluded.last_id, txid = excluded.txid
                     WHERE mark.txid::xid8 > excluded.txid::xid8
                    """,
                    last_id=last_id,
                )
            )

    @api.model
    def _passed(self) -> int | None:
        """The last id that may be sealed, as far as this transaction can see."""
        rows = self.env.execute_query(
            SQL(
                """SELECT last_id FROM finance_log_mark
                    WHERE txid::xid8 <= pg_snapshot_xmin(pg_current_snapshot())"""
            )
        )
        return rows[0][0] if rows else None

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
        cron = self.env["ir.cron"]
        cron._commit_progress()  # the next transaction has no number yet
        self.env["finance.log.mark"]._set()
        cron._commit_progress()  # and the one after sees which others ended
        while (sealed := self._seal_block()) and cron._commit_progress(sealed):
            pass

    @api.model
    def _seal_block(self) -> int:
        """Seal the next block up to the mark; the number of entries in it."""
        upto = self.env["finance.log.mark"]._passed()
        if upto is None:
            return 0
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
