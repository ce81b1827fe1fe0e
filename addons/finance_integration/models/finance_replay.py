"""Process many failed deliveries again, after a look at what it would do."""

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..roles import need_role
from .finance_message import FAILED

A_BATCH = 500  #: messages of one job
NOT_EMPTIED = Domain("purged_at", "=", False)
ON_THEIR_WAY = ("received", "retrying")


class FinanceReplay(models.Model):
    """One decision to process failed messages again: which, how many, who and when.

    Each message is dealt with once, in the order of arrival, however often the button
    is pressed: the record itself is what the second one finds begun.
    """

    _name = "finance.replay"
    _description = "Replay"
    _order = "id desc"

    state = fields.Selection(
        [("draft", "Preview"), ("running", "Running"), ("done", "Done")],
        required=True,
        readonly=True,
        copy=False,
        default="draft",
    )
    system_id = fields.Many2one("finance.system", required=True, ondelete="restrict")
    company_id = fields.Many2one(related="system_id.company_id", store=True, index=True)
    flow_id = fields.Many2one(
        "finance.flow",
        domain="[('system_id', '=', system_id)]",
        ondelete="restrict",
        help="Empty: all.",
    )
    failed_as = fields.Selection(
        [("dead", "Given up"), ("rejected", "Could not be read")],
        help="Empty: both.",
    )
    date_from = fields.Datetime("Received From")
    date_to = fields.Datetime("Received Before")
    words = fields.Char("Error Contains")
    message_ids = fields.Many2many(
        "finance.message", string="Only These", help="Empty: all that the rest allows."
    )
    chosen_count = fields.Integer("Will Be Processed Again", compute="_compute_counts")
    dead_count = fields.Integer("Given Up", compute="_compute_counts")
    rejected_count = fields.Integer("Could Not Be Read", compute="_compute_counts")
    waiting_count = fields.Integer("On Their Way", compute="_compute_counts")
    emptied_count = fields.Integer("Emptied", compute="_compute_counts")
    processed_count = fields.Integer("Processed", compute="_compute_counts")
    replayed_count = fields.Integer("Processed Again", readonly=True, copy=False)
    reached_id = fields.Many2one("finance.message", readonly=True, copy=False)
    confirmed_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    confirmed_at = fields.Datetime(readonly=True, copy=False)

    @api.depends(
        "system_id",
        "flow_id",
        "failed_as",
        "date_from",
        "date_to",
        "words",
        "message_ids",
    )
    def _compute_counts(self):
        """What would happen."""
        for replay in self:
            counts = dict(
                self.env["finance.message"]._read_group(
                    replay._scope(), ["state"], ["__count"]
                )
            )
            chosen = dict(
                self.env["finance.message"]._read_group(
                    replay._chosen(), ["state"], ["__count"]
                )
            )
            replay.dead_count = chosen.get("dead", 0)
            replay.rejected_count = chosen.get("rejected", 0)
            replay.chosen_count = sum(chosen.values())
            replay.emptied_count = self.env["finance.message"].search_count(
                replay._scope() & Domain("state", "in", FAILED) & ~NOT_EMPTIED
            )
            replay.processed_count = counts.get("processed", 0)
            replay.waiting_count = sum(counts.get(state, 0) for state in ON_THEIR_WAY)

    def _scope(self) -> Domain:
        """What was received of that system, flow and time; of it, what failed with
        that error is chosen and the rest left alone."""
        domain = Domain("system_id", "=", self.system_id.id)
        if self.message_ids:
            domain &= Domain("id", "in", self.message_ids.ids)
        if self.flow_id:
            domain &= Domain("flow_id", "=", self.flow_id.id)
        if self.date_from:
            domain &= Domain("received_at", ">=", self.date_from)
        if self.date_to:
            domain &= Domain("received_at", "<", self.date_to)
        return domain

    def _chosen(self) -> Domain:
        failed = (self.failed_as,) if self.failed_as else FAILED
        domain = self._scope() & Domain("state", "in", failed) & NOT_EMPTIED
        if self.words:
            domain &= Domain("error", "ilike", self.words)
        return domain

    def write(self, vals):
        """People say what is meant as long as it has not begun; the rest is ours."""
        if not self.env.su:
            if set(vals) & {"state", "replayed_count", "reached_id", "company_id"}:
                raise AccessError(self.env._("Use the button Process Again."))
            if set(self.mapped("state")) - {"draft"}:
                raise UserError(self.env._("What has begun stays as it is."))
        return super().write(vals)

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su and any("state" in vals for vals in vals_list):
            raise AccessError(self.env._("Use the button Process Again."))
        return super().create(vals_list)

    def action_confirm(self):
        """Begin; a second time does nothing. Raises AccessError."""
        self.ensure_one()
        need_role(self, "operator")
        # sudo: the role was checked; who begins it is kept
        replay = self.sudo()
        if not replay._begin():
            return
        replay._note("replay.begun", replay._in_words())
        replay._want()

    def _begin(self) -> bool:
        """Whether it was we who began it: of two at once the database lets one be
        first, and the other finds it begun."""
        self.flush_recordset()
        begun = self.env.execute_query(
            SQL(
                """UPDATE finance_replay
                      SET state = 'running', confirmed_by_id = %s, confirmed_at = %s
                    WHERE id = %s AND state = 'draft' RETURNING id""",
                self.env.uid,
                fields.Datetime.now(),
                self.id,
            )
        )
        self.invalidate_recordset()
        return bool(begun)

    def _want(self):
        for replay in self:
            replay.with_delay(
                channel="root.finance",
                identity_key=f"finance.replay:{replay.id}:{replay.reached_id.id}",
                description=f"Process failed messages of {replay.system_id.code} again",
            )._job_replay()

    def _job_replay(self):
        """Queue job: some of them, and another job when there may be more."""
        self.ensure_one()
        if self.state != "running":
            return
        messages = self.env["finance.message"].search(
            self._chosen() & Domain("id", ">", self.reached_id.id or 0),
            order="id",
            limit=A_BATCH,
        )
        again = messages._replay()
        self.replayed_count += len(again)
        if len(messages) < A_BATCH:
            self.state = "done"
            self._note("replay.done", f"{self.replayed_count}")
            return
        self.reached_id = messages[-1]
        self._want()

    def _note(self, event: str, detail: str):
        self.env["finance.log"]._append(
            [
                {
                    "event": event,
                    "system_id": self.system_id.id,
                    "company_id": self.company_id.id,
                    "detail": detail,
                }
            ]
        )

    def _in_words(self) -> str:
        """The filter and what it found, for the log."""
        told = [
            f"{self._fields[name].string}: {self[name] or ''}"
            for name in ("failed_as", "date_from", "date_to", "words")
            if self[name]
        ]
        told += [f"Flow: {self.flow_id.name}"] if self.flow_id else []
        counts = f"{self.dead_count} dead, {self.rejected_count} rejected"
        return "; ".join([*told, counts])

    @api.depends("system_id", "confirmed_at")
    def _compute_display_name(self):
        for replay in self:
            replay.display_name = self.env._("Replay of %s", replay.system_id.name)
