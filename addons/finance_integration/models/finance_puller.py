import json
from datetime import UTC, datetime, timedelta
from random import Random

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.finance_core.connector import Delivery
from odoo.addons.finance_core.errors import (
    FinanceError,
    HeldBack,
    NeedsPerson,
    Refused,
    RetryLater,
)
from odoo.addons.finance_core.retry import POLICIES

PAGES_A_JOB = 10  # one transaction
ROOM_PAUSE = timedelta(minutes=1)
RNG = Random()


class FinancePuller(models.AbstractModel):
    """Pulls pages from a system; every page becomes a message, nothing else."""

    _name = "finance.puller"
    _description = "Puller"

    @api.model
    def _pull(self, system, stream: str, scope="", cursor=None, failures=0):
        """Pull ``stream`` (of one ``scope``) up to PAGES_A_JOB pages.

        The cursor of an unscoped stream is kept on its flow, so that a pull that was
        cut off goes on; a scoped one goes on from ``cursor``. ``failures`` counts the
        attempts before this one that got no answer; one that was held back is none.
        """
        if not system.active or not self._lock(system, stream, scope):
            return
        flow = self.env["finance.flow"].search(
            [
                ("system_id", "=", system.id),
                ("kind", "=", "pull"),
                ("stream", "=", stream),
            ]
        )
        if not (flow or scope) or flow.paused_at:
            return  # archived, or pulled when it is resumed
        if system._shut_reason():
            self._wait_for_room(system, stream, scope, cursor, failures)
            return
        start = (cursor or {}) if scope else flow._read_cursor()
        try:
            reached, more, busy = self._pages(system, flow, stream, scope, start)
        except (Refused, NeedsPerson) as refusal:
            self._refused(system, stream, scope, refusal)
            return
        kept = reached if scope else None
        again = False
        if busy:
            before = failures if reached == start else 0
            failures = before if isinstance(busy, HeldBack) else before + 1
            again, in_vain = self._again_at(flow, failures, busy)
            self._want_later(system, again, stream, scope, kept, failures)
            if in_vain:
                self._refused(system, stream, scope, busy)
        else:
            self._pulled_well(system, stream, scope)
        if more:
            self.env["finance.engine"]._want_pull(system, stream, scope, kept)
        if scope:
            return
        flow.write({"cursor": json.dumps(reached), "asked_again_at": again})
        if not (more or busy):
            flow.pulled_at = fields.Datetime.now()

    def _wait_for_room(self, system, stream, scope, cursor, failures):
        """Enough waits already: ask the source when some of it is processed."""
        system.with_delay(
            channel="root.finance",
            eta=ROOM_PAUSE,
            identity_key=f"finance.pull.room:{system.id}:{stream}:{scope}",
            description=f"Pull {stream} {scope} of {system.code} when there is room",
        )._job_pull(stream, scope, cursor, failures)

    def _pages(self, system, flow, stream, scope, cursor):
        """(cursor to go on from, whether there is more, why no answer came)."""
        connector = system._plain_connector()
        request = connector.next_page(stream, scope, cursor, None)
        for _page in range(PAGES_A_JOB):
            if request is None:
                break
            try:
                response = self.env["finance.sender"]._send(system, request)
            except RetryLater as busy:
                return cursor, False, busy
            self._keep(system, flow, stream, scope, response)
            cursor = connector.advance(stream, cursor, response)
            request = connector.next_page(stream, scope, cursor, response)
        return cursor, request is not None, None

    def _keep(self, system, flow, stream, scope, response):
        """Store a page as a delivery; a ``flow`` only for what is not scoped."""
        door = {
            "system_id": system.id,
            "company_id": system.company_id.id,
            "flow_id": flow.id or None,
            "allow_revisions": True,
        }
        delivery = Delivery(
            response.body, received_at=datetime.now(UTC), stream=stream, scope=scope
        )
        identity = system._plain_connector().identify(delivery)
        messages = self.env["finance.message"]
        _message, status = messages._store(door, delivery, identity)
        if status == "duplicate":
            # a page of a scoped list also tells that the list of now has it
            if not (scope or self.env["finance.normaliser"]._is_news(system, delivery)):
                return
            messages._store_again(door, delivery, identity)
        self.env["finance.engine"]._hint(system.id)

    def _again_at(self, flow, failures, busy: RetryLater) -> tuple[datetime, bool]:
        """When to ask again (UTC, naive), after growing pauses, and whether it was in
        vain for so long that a person should hear of it; the last pause is kept."""
        now = datetime.now(UTC)
        if isinstance(busy, HeldBack):
            pause = timedelta(seconds=busy.after * RNG.uniform(1, 1.1))
            return _naive(now + pause), False
        policy = POLICIES[flow.pull_retry_policy or "quick"]
        decision = policy.next_attempt(failures, now, now, busy.after, RNG)
        last = now + timedelta(seconds=policy.steps[-1])
        return _naive(decision.at or last), decision.at is None

    def _want_later(self, system, at, stream, scope, cursor, failures):
        system.with_delay(
            channel="root.finance",
            eta=at,
            identity_key=f"finance.pull.later:{system.id}:{stream}:{scope}",
            description=f"Pull {stream} {scope} of {system.code} again",
        )._job_pull(stream, scope, cursor, failures)

    def _cause(self, stream, scope):
        return f"pull:{stream}:{scope}"

    def _refused(self, system, stream, scope, refusal: FinanceError):
        need = NeedsPerson(
            self._cause(stream, scope),
            str(refusal),
            _remedy(refusal),
            category="technical",
            field=self.env._("What is pulled"),
            value=f"{stream} {scope}".strip(),
            action="pull_again",
        )
        self.env["finance.exception"]._raise_for(system, need)

    def _pulled_well(self, system, stream, scope):
        exceptions = self.env["finance.exception"]
        known = exceptions._find_live(system, self._cause(stream, scope))
        known._resolve(self.env._("The pull succeeded."))

    def _lock(self, system, stream, scope) -> bool:
        rows = self.env.execute_query(
            SQL(
                "SELECT pg_try_advisory_xact_lock(hashtext('finance.pull'),"
                " hashtext(%s))",
                f"{system.id}:{stream}:{scope}",
            )
        )
        return rows[0][0]


def _remedy(refusal: FinanceError) -> str:
    if isinstance(refusal, RetryLater):
        return (
            "Ask the provider whether it is down, and check the address of the system."
            " It is asked again by itself."
        )
    return "Check the API key and the address of the system, then pull again."


def _naive(moment: datetime) -> datetime:
    return moment.replace(tzinfo=None, microsecond=0)
