import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from random import Random

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from odoo.addons.finance_core import states
from odoo.addons.finance_core.connector import Delivery
from odoo.addons.finance_core.errors import NeedsPerson, Refused
from odoo.addons.finance_core.retry import POLICIES, RetryPolicy

from .. import keyring
from ..priorities import NORMAL, PRIORITIES
from ..roles import need_role
from ..screens import open_record
from ..trace import Trace, keep_rows

STATES = [(state, state.capitalize()) for state in states.MESSAGE]
FAILED = ("dead", "rejected")
PREVIEW_CHARS = 20000
RNG = Random()
#: the message and its log entry in one round trip
INSERT = """
    WITH message AS (
        INSERT INTO finance_message (
            system_id, company_id, flow_id, direction, state, identity, revision,
            digest, correlation_id, stream, scope, size, payload, received_at, attempts,
            priority, next_attempt_at)
        VALUES (%(system_id)s, %(company_id)s, %(flow_id)s, 'in', 'received',
                %(identity)s, %(revision)s, %(digest)s, %(identity)s, %(stream)s,
                %(scope)s, %(size)s, %(payload)s, now() AT TIME ZONE 'UTC', 0,
                %(priority)s, %(from)s)
        ON CONFLICT (system_id, identity, revision) DO NOTHING
        RETURNING id
    )
    INSERT INTO finance_log (at, event, system_id, company_id, message_id)
    SELECT now() AT TIME ZONE 'UTC', 'message.received', %(system_id)s, %(company_id)s,
           id
      FROM message
    RETURNING message_id
"""


class FinanceMessage(models.Model):
    """One delivery in or out, exactly as it travelled: the inbox and the outbox.

    Rows are written by SQL in one statement and never change but for their state.
    """

    _name = "finance.message"
    _description = "Message"
    _order = "id desc"
    _log_access = False
    _rec_name = "identity"

    system_id = fields.Many2one(
        "finance.system", required=True, readonly=True, ondelete="restrict"
    )
    company_id = Trace("res.company", required=True, readonly=True)  # the system's
    flow_id = Trace("finance.flow", readonly=True)
    direction = fields.Selection(
        [("in", "In"), ("out", "Out")], required=True, readonly=True
    )
    state = fields.Selection(STATES, required=True, readonly=True)
    identity = fields.Char(
        required=True,
        readonly=True,
        help="What makes two deliveries the same.",
    )
    revision = fields.Integer(
        readonly=True, help="Counts other contents that came under one identity."
    )
    digest = fields.Char(
        "SHA-256", readonly=True, help="Of the bytes as they travelled."
    )
    correlation_id = fields.Char(readonly=True)
    stream = fields.Char(readonly=True)
    scope = fields.Char(readonly=True)
    size = fields.Integer("Bytes", readonly=True)
    payload = fields.Binary(attachment=False, groups=fields.NO_ACCESS)
    content = fields.Text(
        "What Travelled",
        compute="_compute_content",
        groups="finance_integration.group_operator,finance_integration.group_auditor",
    )
    received_at = fields.Datetime(readonly=True)
    processed_at = fields.Datetime(readonly=True)
    priority = fields.Selection(
        PRIORITIES, required=True, readonly=True, default=NORMAL
    )
    attempts = fields.Integer(readonly=True)
    next_attempt_at = fields.Datetime(
        "Not Before",
        readonly=True,
        help="When it is tried again, or the next run of its flow.",
    )
    replayed_at = fields.Datetime(readonly=True, help="Attempts count from then on.")
    error = fields.Char(readonly=True)
    document_ids = fields.One2many("finance.document", "message_id")
    document_count = fields.Integer(compute="_compute_document_count")

    _identity_unique = models.UniqueIndex("(system_id, identity, revision)")
    _waiting = models.Index(
        "(system_id, priority, id) INCLUDE (next_attempt_at)"
        " WHERE state IN ('received', 'retrying')"
    )
    _by_state = models.Index("(system_id, state, received_at)")

    def init(self):
        """PostgreSQL shall keep the rows, and not try to make encrypted bytes smaller.

        https://www.postgresql.org/docs/current/storage-toast.html
        """
        keep_rows(self.env.cr, self._table)
        self.env.cr.execute(
            SQL("ALTER TABLE finance_message ALTER payload SET STORAGE EXTERNAL")
        )
        return super().init()

    @api.depends("document_ids")
    def _compute_document_count(self):
        groups = self.env["finance.document"]._read_group(
            [("message_id", "in", self.ids)], ["message_id"], ["__count"]
        )
        counts = {message.id: count for message, count in groups}
        for message in self:
            message.document_count = counts.get(message.id, 0)

    def _compute_content(self):
        for message in self:
            message.content = message._masked()[:PREVIEW_CHARS]

    def _masked(self) -> str:
        """What travelled, for people; what is personal stays hidden. What is not JSON
        has no fields, so it is not shown at all."""
        self.ensure_one()
        try:
            plain = json.loads(self._body())
        except Refused as refusal:
            return str(refusal)
        except (ValueError, RecursionError):
            return self.env._("Not shown: this has no fields of which some are hidden.")
        # sudo: how a system's data is hidden does not depend on who looks
        masked = self.sudo().system_id._masker().mask(plain)
        return json.dumps(masked, indent=2, ensure_ascii=False)

    def _body(self) -> bytes:
        """The bytes as they travelled. Raises Refused when they were purged."""
        self.ensure_one()
        rows = self.env.execute_query(
            SQL("SELECT payload FROM finance_message WHERE id = %s", self.id)
        )
        if not rows[0][0]:
            raise Refused(self.env._("This was purged after its retention time."))
        return keyring.decrypt(rows[0][0])

    @api.model
    def _store(self, door: dict, delivery: Delivery, identity: str) -> tuple[int, str]:
        """Write one incoming delivery: (id, ``accepted`` | ``duplicate`` | ``other``).

        ``door`` has system_id, company_id, flow_id and allow_revisions. ``other``
        means: known identity, other content, and the flow forbids revisions; nothing
        was written then and the id is that of the first revision. What came before
        the last content of an identity is a revision again, not a duplicate.
        """
        digest = hashlib.sha256(delivery.body).hexdigest()
        token = keyring.encrypt(delivery.body)
        revision = 0
        while True:
            message_id = self._insert(door, delivery, identity, revision, digest, token)
            if message_id:
                return message_id, "accepted"
            known = self._revisions(door["system_id"], identity)
            same = [row[0] for row in known if row[1] == digest]
            if same and (known[-1][1] == digest or not door["allow_revisions"]):
                return same[-1], "duplicate"
            if known and not door["allow_revisions"]:
                return known[0][0], "other"
            revision = known[-1][2] + 1 if known else revision + 1

    @api.model
    def _store_again(self, door: dict, delivery: Delivery, identity: str):
        """Write a delivery although its bytes came before: they are news again."""
        digest = hashlib.sha256(delivery.body).hexdigest()
        token = keyring.encrypt(delivery.body)
        last = self._revisions(door["system_id"], identity)[-1][2]
        self._insert(door, delivery, identity, last + 1, digest, token)

    def _revisions(self, system_id: int, identity: str) -> list[tuple]:
        """(id, digest, revision) of what came under one identity, in that order."""
        return self.env.execute_query(
            SQL(
                """SELECT id, digest, revision FROM finance_message
                    WHERE system_id = %s AND identity = %s ORDER BY revision""",
                system_id,
                identity,
            )
        )

    def _returned(self):
        """Those pushed with bytes that came under their identity before, and then
        others did: whether they were repeated late or said anew, nobody can tell."""
        revised = self.filtered(lambda each: each.revision > 1 and not each.stream)
        return revised.filtered(
            lambda each: any(
                digest == each.digest and revision < each.revision
                for _id, digest, revision in self._revisions(
                    each.system_id.id, each.identity
                )
            )
        )

    @api.model
    def _insert(self, door, delivery, identity, revision, digest, token) -> int | None:
        priority, earliest = self.env["finance.flow"]._ticket(door["flow_id"])
        # two of one identity at the same time make the database ask for the whole
        # transaction again: no error, and the log need not hold the payload
        self.env.cr.execute(
            INSERT,
            {
                **door,
                "identity": identity,
                "revision": revision,
                "digest": digest,
                "stream": delivery.stream or None,
                "scope": delivery.scope or None,
                "size": len(delivery.body),
                "payload": token,
                "priority": priority,
                "from": earliest,
            },
            log_exceptions=False,
        )
        row = self.env.cr.fetchone()
        return row and row[0]

    @api.model
    def _take(self, system_id: int, limit: int):
        """Lock up to ``limit`` waiting messages of a system: what goes first, the
        oldest before others."""
        rows = self.env.execute_query(
            SQL(
                """SELECT id FROM finance_message
                    WHERE system_id = %s AND state IN ('received', 'retrying')
                      AND (next_attempt_at IS NULL
                           OR next_attempt_at <= now() AT TIME ZONE 'UTC')
                      AND (flow_id IS NULL OR flow_id NOT IN (
                           SELECT id FROM finance_flow WHERE paused_at IS NOT NULL))
                    ORDER BY priority, id LIMIT %s FOR UPDATE SKIP LOCKED""",
                system_id,
                limit,
            )
        )
        return self.browse(row[0] for row in rows)

    def _within(self, max_bytes: int):
        """The first of these messages, together at most so large; one at least."""
        total, count = 0, 0
        for message in self:
            total += message.size
            if count and total > max_bytes:
                break
            count += 1
        return self[:count]

    def _tokens(self):
        """(message, its encrypted bytes) for each."""
        rows = self.env.execute_query(
            SQL("SELECT id, payload FROM finance_message WHERE id IN %s", self._ids)
        )
        tokens = dict(rows)
        return [(message, tokens[message.id]) for message in self]

    def _delivery(self, token) -> Delivery:
        """What arrived, as it travelled. Raises NoKey."""
        self.ensure_one()
        return Delivery(
            body=keyring.decrypt(token),
            received_at=self.received_at.replace(tzinfo=UTC),
            stream=self.stream or "",
            scope=self.scope or "",
        )

    def _set_state(self, state: str, **values):
        """The one way a message changes its state. Raises ImpossibleTransition."""
        changing = self.filtered(
            lambda message: states.check(states.MESSAGE, message.state, state)
        )
        if changing:
            changing.write({"state": state, **values})
            changing._note(f"message.{state}")
        return changing

    def _note(self, event: str):
        self.env["finance.log"]._append(
            {
                "event": event,
                "system_id": message.system_id.id,
                "company_id": message.company_id.id,
                "message_id": message.id,
                "detail": message.error or "",
            }
            for message in self
        )

    def _fail(self, reason: str):
        """Try again later as the flow's policy says, or give up: dead."""
        now = datetime.now(UTC)
        for message in self:
            policy = message._retry_policy()
            attempt = message.attempts + 1
            decision = policy.next_attempt(
                attempt, message._tried_since(), now, None, RNG
            )
            again = decision.at and decision.at.replace(tzinfo=None)
            message.write(
                {"error": reason, "attempts": attempt, "next_attempt_at": again}
            )
            if not message._set_state("retrying"):
                message._note("message.retrying")
            if not again:
                message._die(f"{reason} {decision.reason}")

    def _retry_policy(self) -> RetryPolicy:
        """That of its flow; what was pulled for a case has none of its own."""
        policy = POLICIES[self.flow_id.retry_policy or "doubling"]
        hours = self.flow_id.max_hours
        return replace(policy, limit=hours * 3600) if hours else policy

    def _tried_since(self) -> datetime:
        return (self.replayed_at or self.received_at).replace(tzinfo=UTC)

    def _die(self, reason: str):
        self._set_state("dead", error=reason)
        need = NeedsPerson(
            f"message:{self.id}",
            f"Message {self.identity} could not be processed: {reason}",
            "Remove the cause, then replay the message.",
            category="technical",
            field=self.env._("Message"),
            value=self.identity,
            action="replay",
        )
        self.env["finance.exception"]._raise_for(
            self.system_id, need, message_id=self.id
        )

    def action_replay(self):
        """Process dead or rejected messages again."""
        need_role(self, "operator")
        # sudo: operators may replay but not edit messages
        self.sudo()._replay()

    def action_preview_replay(self):
        """What processing these again would do. Raises UserError."""
        need_role(self, "operator")
        if len(self.system_id) != 1:
            raise UserError(self.env._("Choose messages of one system."))
        replay = self.env["finance.replay"].create(
            {"system_id": self.system_id.id, "message_ids": [(6, 0, self.ids)]}
        )
        return open_record(replay)

    def _replay(self):
        """Let those of them that failed be processed again: which those were."""
        again = self.filtered(lambda each: each.state in FAILED and not each.purged_at)
        again._set_state(
            "received",
            attempts=0,
            replayed_at=fields.Datetime.now(),
            next_attempt_at=False,
            error=False,
        )
        for system in again.system_id:
            self.env["finance.engine"]._hint(system.id)
        return again


def readable(body: bytes) -> str:
    """Bytes as people can read them."""
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return body.decode("utf-8", "replace")
