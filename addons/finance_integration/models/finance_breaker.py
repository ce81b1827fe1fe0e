from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from random import Random

from psycopg2.errors import SerializationFailure

from odoo import SUPERUSER_ID, api, fields, models
from odoo.tools import SQL

from odoo.addons.finance_core import retry
from odoo.addons.finance_core.breaker import Breaker, BreakerPolicy
from odoo.addons.finance_core.connector import Response
from odoo.addons.finance_core.errors import HeldBack, NeedsPerson
from odoo.addons.finance_core.pacing import MAX_WAIT, reserve

POLICY = BreakerPolicy()
RNG = Random()
COLUMNS = tuple(asdict(Breaker()))
CAUSE = "breaker:"
PAUSED = 3600  # seconds until a paused system is looked at again by itself
TRIES = 100  # each one lost means that another worker got on
ASKS_FOR_TIME = (429, 503)


class FinanceBreaker(models.Model):
    """May a system be called now? One row a system, shared by all workers.

    Each question and each outcome is a short transaction of its own: it stays whatever
    becomes of the one around it, and the row is locked for moments only. Two workers at
    one row follow each other; PostgreSQL makes the second ask again (serialisation
    failure), with what the first one left.
    """

    _name = "finance.breaker"
    _description = "Circuit Breaker"
    _log_access = False
    _rec_name = "system_id"

    system_id = fields.Many2one(
        "finance.system", required=True, readonly=True, ondelete="cascade"
    )
    state = fields.Selection(
        [("closed", "Answers"), ("open", "Not asked"), ("half_open", "Being tried")],
        required=True,
        readonly=True,
    )
    turn = fields.Integer(readonly=True)
    since = fields.Datetime(readonly=True)
    calls = fields.Integer(readonly=True)
    failures = fields.Integer("Without Answer", readonly=True)
    openings = fields.Integer("Times in a Row", readonly=True)
    until = fields.Datetime("Next Try", readonly=True)
    asked_until = fields.Datetime(
        "Asked to Wait Until", readonly=True, help="By the other side."
    )

    _system_unique = models.UniqueIndex("(system_id)")

    @api.model
    def _admit(self, system_id: int, rates: dict[str, float]) -> tuple[int, float]:
        """Leave to call: (turn to settle it with, seconds to wait for one's pace).

        ``rates`` are the calls a second allowed, by beginning of a path. Raises
        HeldBack when the system is paused, does not answer or asked us to wait.
        """
        return self._alone(lambda here: here._admit_here(system_id, rates))

    @api.model
    def _settle(self, system_id: int, turn: int, response: Response | None):
        """Note how the call admitted in ``turn`` ended; None: without an answer."""
        self._alone(lambda here: here._settle_here(system_id, turn, response))

    def _alone(self, act):
        """What ``act`` answers, called with this model in a transaction of its own."""
        for _try in range(TRIES):
            try:
                with self.env.registry.cursor() as cr:
                    return act(api.Environment(cr, SUPERUSER_ID, {})[self._name])
            except SerializationFailure:
                continue
        raise HeldBack("Too many calls at the same moment.", 1)

    def _admit_here(self, system_id, rates):
        breaker, asked_until, paused, now = self._read_locked(system_id)
        if paused:
            raise HeldBack("The system is paused.", PAUSED)
        if asked_until and asked_until > now:
            wait = int((asked_until - now).total_seconds()) + 1
            raise HeldBack("The system asked us to wait.", wait)
        admitted, wait = POLICY.admit(breaker, now)
        if wait:
            raise HeldBack("The system does not answer.", wait)
        waits = [
            self.env["finance.pace"]._reserve(system_id, path, rate, now)
            for path, rate in rates.items()
        ]
        self._save(system_id, breaker, admitted)
        return admitted.turn, max(waits, default=0)

    def _settle_here(self, system_id, turn, response):
        breaker, _asked_until, _paused, now = self._read_locked(system_id)
        answered = response is not None and response.status < 500
        self._save(system_id, breaker, POLICY.settle(breaker, turn, answered, now, RNG))
        if response is not None and response.status in ASKS_FOR_TIME:
            asked = retry.asked_pause(response.headers)
            if asked:
                self._wait_until(system_id, now + timedelta(seconds=asked))

    def _read_locked(self, system_id):
        """(breaker, asked until, paused, now) by the clock of the database, which all
        workers share."""
        self._execute(
            SQL(
                """INSERT INTO finance_breaker
                          (system_id, state, turn, calls, failures, openings)
                   SELECT id, 'closed', 0, 0, 0, 0 FROM finance_system WHERE id = %s
                   ON CONFLICT (system_id) DO NOTHING""",
                system_id,
            )
        )
        self._execute(
            SQL(
                """SELECT %s, asked_until, system.paused_at IS NOT NULL,
                          clock_timestamp() AT TIME ZONE 'UTC'
                     FROM finance_breaker
                     JOIN finance_system system ON system.id = system_id
                    WHERE system_id = %s FOR UPDATE OF finance_breaker""",
                SQL(", ").join(SQL.identifier(self._table, name) for name in COLUMNS),
                system_id,
            )
        )
        row = self.env.cr.fetchone()
        if row is None:
            raise HeldBack("The system is not saved yet.", 1)
        *columns, asked_until, paused, now = map(_aware, row)
        return Breaker(*columns), asked_until, paused, now

    def _execute(self, query: SQL):
        self.env.cr.execute(query, log_exceptions=False)

    def _save(self, system_id: int, before: Breaker, after: Breaker):
        if before == after:
            return
        values = {name: _naive(value) for name, value in asdict(after).items()}
        self._execute(
            SQL(
                "UPDATE finance_breaker SET %s WHERE system_id = %s",
                SQL(", ").join(
                    SQL("%s = %s", SQL.identifier(name), value)
                    for name, value in values.items()
                ),
                system_id,
            )
        )
        if before.turn != after.turn:
            system = self.env["finance.system"].browse(system_id)
            self._tell(system.with_company(system.company_id), after)

    def _wait_until(self, system_id: int, moment: datetime):
        self._execute(
            SQL(
                """UPDATE finance_breaker
                      SET asked_until = GREATEST(asked_until, %s)
                    WHERE system_id = %s""",
                _naive(moment),
                system_id,
            )
        )

    def _tell(self, system, breaker: Breaker):
        """Log the change, and let one exception be open while it does not answer."""
        self.env["finance.log"]._append(
            [
                {
                    "event": f"breaker.{breaker.state}",
                    "system_id": system.id,
                    "company_id": system.company_id.id,
                    "detail": f"{breaker.failures} of {breaker.calls} calls failed.",
                }
            ]
        )
        exceptions = self.env["finance.exception"]
        if breaker.state == "open":
            exceptions._raise_for(system, self._need(system))
        elif breaker.state == "closed":
            exceptions._find_live(system, CAUSE)._resolve(
                self.env._("The system answers again.")
            )

    def _need(self, system) -> NeedsPerson:
        return NeedsPerson(
            CAUSE,
            self.env._("%s does not answer.", system.name),
            self.env._(
                "It is asked again by itself. See whether the provider reports a"
                " disruption, and whether the API address is right."
            ),
            category="technical",
            field=self.env._("API address"),
            value=system._api_host(),
            action="ask_now",
        )

    @api.model
    def _end_wait(self, system):
        """The next call may leave at once, as a probe where it does not answer."""
        self.env.flush_all()
        self._execute(
            SQL(
                """UPDATE finance_breaker
                      SET asked_until = NULL,
                          until = CASE state WHEN 'open'
                                       THEN now() AT TIME ZONE 'UTC' ELSE until END
                    WHERE system_id = %s""",
                system.id,
            )
        )
        self.invalidate_model()


class FinancePace(models.Model):
    """When the calls of a system, or to one of its endpoints, may go on: the token
    buckets of finance_core/pacing.py, shared by all workers."""

    _name = "finance.pace"
    _description = "Pace of Calls"
    _log_access = False

    system_id = fields.Many2one(
        "finance.system", required=True, readonly=True, ondelete="cascade"
    )
    path = fields.Char(required=True, readonly=True, help="Beginning of the path.")
    full_at = fields.Datetime(required=True, readonly=True)

    _path_unique = models.UniqueIndex("(system_id, path)")

    def _reserve(self, system_id: int, path: str, per_second: float, now) -> float:
        """Seconds to wait for a call's turn. Raises HeldBack for a long wait. Runs
        while the breaker's row is locked, so no two of a system run at once."""
        where = SQL("system_id = %s AND path = %s", system_id, path)
        self.env.cr.execute(SQL("SELECT full_at FROM finance_pace WHERE %s", where))
        row = self.env.cr.fetchone()
        wait, full_at = reserve(row and _aware(row[0]), now, per_second)
        if wait > MAX_WAIT:
            raise HeldBack("Its calls are limited.", int(wait) + 1)
        self.env.cr.execute(
            SQL(
                """INSERT INTO finance_pace (system_id, path, full_at)
                   VALUES (%s, %s, %s)
                   ON CONFLICT (system_id, path)
                   DO UPDATE SET full_at = EXCLUDED.full_at""",
                system_id,
                path,
                _naive(full_at),
            ),
            log_exceptions=False,
        )
        return wait


def _aware(value):
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value


def _naive(value):
    return value.replace(tzinfo=None) if isinstance(value, datetime) else value
