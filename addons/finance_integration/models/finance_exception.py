from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from odoo.addons.finance_core import states
from odoo.addons.finance_core.errors import NeedsPerson

from ..roles import need_decider, need_role
from .finance_exception_care import ACTIVITY

CATEGORIES = [
    ("technical", "Technical"),
    ("data", "Data"),
    ("control", "Control"),
    ("reconciliation", "Reconciliation"),
]
PEOPLE_WRITE = {"owner_id"}


class FinanceException(models.Model):
    """A business case that needs a person. Equal causes share one exception."""

    _name = "finance.exception"
    _inherit = (
        "finance.exception.remedies",
        "finance.exception.care",
        "finance.exception.patience",
        "finance.exception.story",
    )
    _description = "Exception"
    _order = "state, due_at, id"

    name = fields.Char("What is wrong", required=True, readonly=True)
    remedy = fields.Char("What to do", readonly=True)
    cause = fields.Char(required=True, readonly=True)
    category = fields.Selection(CATEGORIES, required=True, readonly=True)
    state = fields.Selection(
        [("waiting", "May come by itself"), ("open", "Open"), ("resolved", "Resolved")],
        required=True,
        default="open",
        readonly=True,
    )
    system_id = fields.Many2one(
        "finance.system", required=True, readonly=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one(related="system_id.company_id", store=True, index=True)
    owner_id = fields.Many2one("res.users", index=True)
    due_at = fields.Datetime("Due")
    document_ids = fields.One2many("finance.document", "exception_id")
    message_id = fields.Many2one(
        "finance.message", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    payout_id = fields.Many2one(
        "finance.payout", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    resolved_at = fields.Datetime(readonly=True)
    resolved_by_id = fields.Many2one("res.users", readonly=True)
    resolution = fields.Char(readonly=True)

    _open_unique = models.UniqueIndex("(system_id, cause) WHERE state != 'resolved'")

    def write(self, vals):
        """People change who cares for an open case; all else is the engine's."""
        if not self.env.su:
            self._check_people_may(vals)
        result = super().write(vals)
        if not self.env.su:
            self._assigned()
        return result

    def _check_people_may(self, vals: dict):
        if set(vals) - PEOPLE_WRITE:
            raise AccessError(self.env._("Only the owner can be changed by hand."))
        if "resolved" in self.mapped("state"):
            raise UserError(self.env._("What is resolved stays as it is."))
        # sudo: whether the new owner could see it at all
        owner = self.env["res.users"].sudo().browse(vals.get("owner_id"))
        strangers = self.sudo().company_id - owner.company_ids
        role = "finance_integration.group_user"
        if owner and (strangers or not owner.has_group(role)):
            raise UserError(
                self.env._("%s may not see it and cannot own it.", owner.name)
            )

    @api.model
    def _raise_for(self, system, need: NeedsPerson, amount=Decimal(0), **links):
        """The live exception for this cause, new or known. ``amount`` in company
        currency is what it is about, as far as is known."""
        known = self._find_live(system, need.cause)
        if known:
            return known
        exception = self._insert(
            {
                "name": str(need),
                "remedy": need.remedy or None,
                "cause": need.cause,
                "category": need.category,
                "field": need.field or None,
                "value": need.value or None,
                "action": need.action or None,
                "system_id": system.id,
                "company_id": system.company_id.id,
                "age": "00",
                **self._beginning(system, need, amount),
                "create_uid": self.env.uid,
                "create_date": fields.Datetime.now(),
                **links,
            }
        )
        event = "waiting" if exception.state == "waiting" else "opened"
        exception._append_log(f"exception.{event}", need.logged)
        return exception

    @api.model
    def _find_live(self, system, cause: str):
        return self.search(
            [
                ("system_id", "=", system.id),
                ("cause", "=", cause),
                ("state", "in", states.LIVE),
            ]
        )

    @api.model
    def _insert(self, values: dict):
        """The new exception. When another transaction opened one for this cause at
        the same time, the database asks for ours again, which then finds it."""
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """INSERT INTO finance_exception (%s) VALUES (%s)
                   ON CONFLICT (system_id, cause) WHERE state != 'resolved' DO NOTHING
                   RETURNING id""",
                SQL(", ").join(map(SQL.identifier, values)),
                SQL(", ").join(SQL("%s", value) for value in values.values()),
            ),
            log_exceptions=False,
        )
        return self.browse(id_ for (id_,) in self.env.cr.fetchall())

    def _append_log(self, event: str, detail: str):
        self.env["finance.log"]._append(
            {
                "event": event,
                "system_id": exception.system_id.id,
                "company_id": exception.company_id.id,
                "exception_id": exception.id,
                "message_id": exception.message_id.id,
                "payout_id": exception.payout_id.id,
                "detail": detail,
            }
            for exception in self
        )

    def _resolve(self, resolution: str):
        """Close exceptions that are no longer true."""
        open_ones = self.filtered(
            lambda each: states.check(states.EXCEPTION, each.state, "resolved")
        )
        open_ones.write(
            {
                "state": "resolved",
                "resolution": resolution,
                "resolved_at": fields.Datetime.now(),
                "resolved_by_id": self.env.uid,
            }
        )
        open_ones._keep_after()
        open_ones.activity_unlink([ACTIVITY])
        for each in open_ones:
            told = (resolution, each.before, each.after)
            each._append_log("exception.resolved", " · ".join(filter(None, told)))

    @api.model
    def _resolve_empty(self, system_id: int):
        """Close the exceptions about documents of which none waits any more."""
        exceptions = self.search(
            [
                ("system_id", "=", system_id),
                ("state", "in", states.LIVE),
                ("document_ids", "!=", False),
            ]
        )
        exceptions._resolve_unless_waiting()

    def _resolve_unless_waiting(self):
        """Close those for which no document is held or about to try again."""
        groups = self.env["finance.document"]._read_group(
            [("exception_id", "in", self.ids), ("state", "in", ("held", "normalised"))],
            ["exception_id"],
        )
        waiting = self.browse(exception.id for (exception,) in groups)
        done = self - waiting
        done._resolve(self.env._("The waiting documents went on."))

    def _release(self):
        """Let the held documents of these exceptions try again, in the background."""
        self._keep_before()
        held = self.document_ids.filtered(lambda each: each.state == "held")
        held._set_state("normalised", reason=False)
        for system in self.system_id:
            self.env["finance.engine"]._hint(system.id)

    @api.model
    def _release_caused_by(self, systems, prefix: str):
        """Release what waits for something that has just been completed."""
        waiting = self.search(
            [
                ("system_id", "in", systems.ids),
                ("state", "in", states.LIVE),
                ("cause", "=like", f"{prefix}%"),
            ]
        )
        waiting._release()

    def _close(self, reason: str):
        """End cases by a person's word: what came too late is superseded; other
        documents that wait are rejected, which only an approver may do; what a control
        holds, only one who wrote none of it."""
        held = self.document_ids.filtered(lambda each: each.state == "held")
        late = held.filtered(lambda each: each.exception_id.action == "close")
        controlled = held.filtered(lambda each: each._waits_for("reject"))
        rejected = held - late - controlled
        if rejected:
            need_decider(self.env)
            self.env["finance.decision"]._record(
                [each._decision_row("reject", reason) for each in rejected]
            )
        self._keep_before()
        if controlled:
            controlled.action_reject(reason)
        late._set_state("superseded", reason=reason)
        words = self.env._("Rejected by %(who)s: %(why)s")
        rejected._set_state(
            "ignored", reason=words % {"who": self.env.user.name, "why": reason}
        )
        self._resolve(reason)

    def action_try_again(self):
        """The button of the exception form: process what waits for it once more."""
        need_role(self, "user")
        # sudo: people may ask for another try, the engine alone changes documents
        self.sudo()._release()
        return self._notify(
            self.env._("The waiting documents are processed again in the background.")
        )

    def action_open_documents(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.name,
            "res_model": "finance.document",
            "domain": [("exception_id", "=", self.id)],
            "view_mode": "list,form",
        }

    def _notify(self, message: str) -> dict:
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {"type": "success", "message": message},
        }
