from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from odoo import api, models
from odoo.tools import SQL

from ..seals import (
    BEFORE_ALL,
    EXPORT_COLUMNS,
    GENESIS,
    Fault,
    Stored,
    entry_fault,
    export_line,
    seal_fault,
)
from .finance_log import TRIGGER
from .finance_log_seal import LEAVES

SEALS_A_PAGE = 20  #: bounds memory: their leaves are 8 MB at most
LINES_A_PAGE = 5000


@dataclass(frozen=True)
class Verification:
    """What a look at the whole log found. ``seals`` and ``entries`` hold, up to the
    ``fault``, which is the first one, None when all holds. ``waiting`` entries have no
    seal yet. ``guarded``: the database refuses changes of the log at present."""

    seals: int = 0
    entries: int = 0
    waiting: int = 0
    guarded: bool = False
    fault: Fault | None = None


class FinanceLogSeal(models.Model):
    _inherit = "finance.log.seal"

    @api.model
    def _verify(
        self,
        exported: Mapping[int, str] | None = None,
        progress: Callable[[int], None] = lambda entries: None,
    ) -> Verification:
        """Compare every sealed entry with its seal, and every seal with the one before
        and with the hashes ``exported`` earlier (number -> hash), in one snapshot.

        Whoever rewrites entries and all seals after them is found by ``exported``
        only. ``progress`` is told the number of entries checked so far.
        """
        exported = exported or {}
        result = Verification(waiting=self._count_waiting(), guarded=self._guarded())
        last = GENESIS
        while page := self._page_after(last):
            sound, fault = _sound(last, page, exported)
            fault = self._find_entry_fault(last, sound) or fault
            held = [
                each for each in sound if not fault or each.seal.number < fault.seal
            ]
            result = replace(
                result,
                seals=result.seals + len(held),
                entries=result.entries + sum(each.seal.entries for each in held),
                fault=fault,
            )
            if fault:
                return result
            progress(result.entries)
            last = page[-1]
        lost = [number for number in exported if number > last.seal.number]
        if lost:
            return replace(result, fault=Fault("seal", "missing", min(lost)))
        return result

    def _page_after(self, last: Stored) -> list[Stored]:
        # the first page begins with whatever has the lowest number, 1 or not
        number = BEFORE_ALL if last is GENESIS else last.seal.number
        which = SQL("WHERE id > %s ORDER BY id LIMIT %s", number, SEALS_A_PAGE)
        return list(self._stored(which))

    def _find_entry_fault(self, last: Stored, sound: list[Stored]) -> Fault | None:
        """The first entry that is not what these consecutive seals vouch for."""
        if not sound:
            return None
        rows = self.env.execute_query(
            SQL(
                """
                WITH seal AS (
                    SELECT id, last_id, leaves,
                           lag(last_id, 1, %(after)s) OVER (ORDER BY id) AS after
                      FROM finance_log_seal WHERE id BETWEEN %(first)s AND %(last)s
                )
                SELECT seal.id, found.leaves
                  FROM seal CROSS JOIN LATERAL (
                       SELECT coalesce(%(leaves)s, '') AS leaves FROM finance_log entry
                        WHERE entry.id > seal.after AND entry.id <= seal.last_id) found
                 WHERE found.leaves != seal.leaves
                 ORDER BY seal.id LIMIT 1
                """,
                after=last.seal.last_id,
                first=sound[0].seal.number,
                last=sound[-1].seal.number,
                leaves=LEAVES,
            )
        )
        for number, found in rows:
            sealed = sound[number - sound[0].seal.number].leaves
            return entry_fault(number, sealed, bytes(found))
        return None

    def _count_waiting(self) -> int:
        rows = self.env.execute_query(
            SQL(
                """SELECT count(*) FROM finance_log
                    WHERE id > (SELECT coalesce(max(last_id), %s) FROM finance_log_seal)
                """,
                BEFORE_ALL,
            )
        )
        return rows[0][0]

    def _guarded(self) -> bool:
        rows = self.env.execute_query(
            SQL(
                """SELECT count(*) = 2 FROM pg_trigger
                    WHERE tgrelid IN ('finance_log'::regclass,
                                      'finance_log_seal'::regclass)
                      AND tgname = %s AND tgenabled = 'A'""",
                TRIGGER,
            )
        )
        return rows[0][0]

    @api.model
    def _export(self) -> Iterator[str]:
        """Lines of CSV, header first: every seal without its leaves."""
        yield export_line(EXPORT_COLUMNS)
        number = BEFORE_ALL
        while rows := self._rows_after(number):
            yield from map(export_line, rows)
            number = rows[-1][0]

    def _rows_after(self, number: int) -> list[tuple]:
        """Up to LINES_A_PAGE seals after one, as EXPORT_COLUMNS."""
        return self.env.execute_query(
            SQL(
                """SELECT id, at::text, first_id, last_id, entry_count, previous, hash
                     FROM finance_log_seal WHERE id > %s ORDER BY id LIMIT %s""",
                number,
                LINES_A_PAGE,
            )
        )

    def _explain(self, result: Verification) -> str:
        """The result in plain words, in the user's language."""
        return " ".join(filter(None, self._sentences(result)))

    def _sentences(self, result: Verification) -> Iterator[str]:
        _ = self.env._
        if result.fault:
            yield self._explain_fault(result.fault)
        yield _(
            "%(entries)s entries under %(seals)s seals are as they were written.",
            entries=result.entries,
            seals=result.seals,
        )
        if result.waiting:
            yield _("%s entries wait for the next seal.", result.waiting)
        if not result.guarded:
            yield _(
                "The database does not refuse changes of the log at present: "
                "upgrade the module to guard it again."
            )

    def _explain_fault(self, fault: Fault) -> str:
        _ = self.env._
        words = {"entry": fault.entry, "seal": fault.seal}
        match fault.what, fault.kind:
            case "entry", "altered":
                return _("Entry %(entry)s was altered after seal %(seal)s.", **words)
            case "entry", "missing":
                return _("Entry %(entry)s is missing under seal %(seal)s.", **words)
            case "entry", "inserted":
                return _("Entry %(entry)s was inserted under seal %(seal)s.", **words)
            case "seal", "altered":
                return _("Seal %s was altered.", fault.seal)
            case "seal", "missing":
                return _("Seal %s is missing.", fault.seal)
            case "seal", "inserted":
                return _("Seal %s was inserted.", fault.seal)
        return _(
            "Seal %s is not the one that was exported: its entries, or some before "
            "them, were rewritten.",
            fault.seal,
        )


def _sound(
    last: Stored, page: list[Stored], exported: Mapping[int, str]
) -> tuple[list[Stored], Fault | None]:
    """The seals up to the first faulty one, and its fault."""
    for position, this in enumerate(page):
        fault = seal_fault(last, this, exported)
        if fault:
            return page[:position], fault
        last = this
    return page, None
