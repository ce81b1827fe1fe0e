import json
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..priorities import JOB_PRIORITY

A_STEP = 200  #: messages, and documents
BYTES_A_STEP = 8 * 1024 * 1024
#: The job starts later than the door's next hint may come, and than what arrived
#: meanwhile needs to be committed: so no delivery waits for the sweep.
HINT_PAUSE = timedelta(seconds=1.5)
SWEEP = timedelta(minutes=1)  #: from one sweep to the next


class FinanceEngine(models.AbstractModel):
    """Moves messages along the one road, a bounded step at a time.

    What has to be done is always read from the tables; a queue job is only a hint
    that somebody should look. A step is one transaction: normalise waiting messages
    and post waiting documents; when no more wait, prove payouts. A step that found
    little waits a moment before the next, so that what arrives adds up to a batch.
    """

    _name = "finance.engine"
    _description = "Integration Engine"

    @api.model
    def _hint(self, system_id: int):
        """Ask for a drain in a moment. Many hints before it starts make one job."""
        self._want_drain(system_id, "hint", HINT_PAUSE)

    @api.model
    def _go_on(self, system_id: int, done: int):
        """Ask for the step after one that dealt with ``done`` rows: at once after a
        full one, even if a hint is waiting for its moment; after one that found
        nothing, when something is due before the next sweep."""
        if done >= A_STEP:
            self._want_drain(system_id, "next", timedelta(0))
        elif done:
            self._hint(system_id)
        elif pause := self._due_in(system_id):
            self._want_drain(system_id, "due", pause)

    def _due_in(self, system_id: int) -> timedelta | None:
        """How long until the next message may be taken; None for no sooner than the
        sweep looks."""
        now = fields.Datetime.now()
        [[due]] = self.env.execute_query(
            SQL(
                """SELECT min(next_attempt_at) FROM finance_message
                    WHERE system_id = %s AND state IN ('received', 'retrying')
                      AND next_attempt_at > %s AND next_attempt_at < %s""",
                system_id,
                now,
                now + SWEEP,
            )
        )
        return due and due - now

    def _want_drain(self, system_id: int, why: str, pause: timedelta):
        # sudo: whoever brings work may wake the engine
        system = self.env["finance.system"].sudo().browse(system_id)
        system.with_delay(
            channel="root.finance",
            eta=pause,
            priority=JOB_PRIORITY[self.env["finance.flow"]._first_priority(system_id)],
            identity_key=f"finance.drain:{system_id}:{why}",
            description=f"Process what waits for {system.code}",
        )._job_drain()

    @api.model
    def _want_pull(self, system, stream: str, scope: str = "", cursor=None):
        """Ask for a pull soon, of a scope from ``cursor`` on. Many equal wishes before
        it starts make one job."""
        place = f":{json.dumps(cursor)}" if cursor else ""
        priority = self.env["finance.flow"]._first_priority(system.id, stream)
        # sudo: whoever knows of news may wake the engine
        system.sudo().with_delay(
            channel="root.finance",
            priority=JOB_PRIORITY[priority],
            identity_key=f"finance.pull:{system.id}:{stream}:{scope}{place}",
            description=f"Pull {stream} {scope} of {system.code}",
        )._job_pull(stream, scope, cursor)

    @api.model
    def _bring_forward(self, system):
        """Pulls of a system that were put off are due now."""
        jobs = self.env["queue.job"].search(
            [
                ("identity_key", "=like", f"finance.pull%:{system.id}:%"),
                ("state", "=", "pending"),
                ("eta", "!=", False),
            ]
        )
        jobs.write({"eta": False})

    @api.model
    def _step(self, system) -> int:
        """Do one step for a system: how many rows it dealt with. 0 when there was
        nothing to do, when the system is archived or paused, or when another worker
        is at it: steps of one system follow each other."""
        resting = not system.active or system.paused_at
        if resting or not self._lock(system.id):
            return 0
        normalised = self._normalise_step(system)
        posted = self.env["finance.poster"]._post_step(system, A_STEP)
        done = max(normalised, posted)
        if done >= A_STEP:  # what is told of a payout may still be waiting
            return done
        return max(done, self.env["finance.payout"]._prove_step(system))

    def _lock(self, system_id: int) -> bool:
        rows = self.env.execute_query(
            SQL(
                "SELECT pg_try_advisory_xact_lock(hashtext('finance.engine'), %s)",
                system_id,
            )
        )
        return rows[0][0]

    def _normalise_step(self, system) -> int:
        self.env.flush_all()  # what waits is read by SQL
        waiting = self.env["finance.message"]._take(system.id, A_STEP)
        messages = waiting._within(BYTES_A_STEP)
        if messages:
            self.env["finance.normaliser"]._normalise(system, messages)
        return len(waiting) if messages == waiting else A_STEP

    def _end_jobs_of_old_shape(self):
        """End queued jobs of methods that are gone since an upgrade: the runner would
        start them for ever, and no new job of their identity would be queued."""
        jobs = self.env["queue.job"].search(
            [
                ("identity_key", "=like", "finance.%"),
                ("state", "in", ("pending", "enqueued")),
            ]
        )
        jobs.filtered(
            lambda job: not hasattr(self.env.get(job.model_name), job.method_name)
        ).write({"state": "cancelled"})

    @api.model
    def _cron_sweep(self):
        """Find work that no job knows of: the tables are the truth."""
        self._end_jobs_of_old_shape()
        self.env["finance.waiting"]._release_satisfied()
        self.env["finance.exception"]._open_due()
        self.env["finance.payout"]._hold_unclaimed()
        self.env.flush_all()
        self.env["finance.replay"].search([("state", "=", "running")])._want()
        for system_id in self.env["finance.waiting"]._systems_with_work():
            self._hint(system_id)
        pulls = [("kind", "=", "pull"), ("system_id.active", "=", True)]
        for flow in self.env["finance.flow"].search(pulls):
            if flow._is_due(fields.Datetime.now()):
                self._want_pull(flow.system_id, flow.stream)
