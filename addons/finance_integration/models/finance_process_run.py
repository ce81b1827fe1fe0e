from collections import defaultdict

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from odoo.addons.finance_core import process
from odoo.addons.finance_core.errors import NeedsPerson

from . import process_guard
from .finance_exception_care import in_company_currency
from .finance_process import KINDS

DEALT_WITH = ("posted", "reconciled", "ignored")
RUN_STATES = [
    ("running", "Under Way"),
    ("done", "Done"),
    ("compensating", "Refused, Being Undone"),
    ("compensated", "Refused"),
    ("cancelled", "Cancelled"),
]
STEP_STATES = [
    ("waiting", "To Come"),
    ("active", "Now"),
    ("late", "Late"),
    ("done", "Done"),
    ("refused", "Refused"),
    ("compensating", "Being Undone"),
    ("compensated", "Undone"),
    ("cancelled", "Cancelled"),
]
#: states of a step that the log keeps
TOLD = ("done", "late", "refused", "compensated")


class FinanceProcessRun(models.Model):
    """Where one document stands in its process.

    It holds documents in front of the posting and lets them go; the posting itself
    stays the poster's. Its states change through :meth:`_move` alone.
    """

    _name = "finance.process.run"
    _description = "Process of a Document"
    _order = "id desc"
    _rec_name = "document_id"

    document_id = fields.Many2one(
        "finance.document", required=True, readonly=True, ondelete="restrict"
    )
    version_id = fields.Many2one(
        "finance.process.version",
        "Process",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    system_id = fields.Many2one(
        "finance.system", required=True, readonly=True, ondelete="restrict"
    )
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True, ondelete="restrict"
    )
    state = fields.Selection(
        RUN_STATES, required=True, readonly=True, default="running"
    )
    step_ids = fields.One2many("finance.process.run.step", "run_id", readonly=True)
    step_label = fields.Char("Step", readonly=True, help="Where it stands.")
    step_kind = fields.Selection(KINDS, "Waits for", readonly=True)
    owner_id = fields.Many2one("res.users", readonly=True, ondelete="restrict")
    due_at = fields.Datetime("Due", readonly=True)
    late = fields.Boolean(readonly=True)
    reason = fields.Char("Refused because", readonly=True)
    exception_id = fields.Many2one(
        "finance.exception", readonly=True, index="btree_not_null"
    )
    amount = fields.Monetary(related="document_id.amount")
    currency_id = fields.Many2one(related="document_id.currency_id")

    _document_unique = models.UniqueIndex("(document_id)")
    _under_way = models.Index("(system_id, step_label, due_at) WHERE state = 'running'")
    _by_due = models.Index("(due_at) WHERE state = 'running' AND late IS NOT TRUE")
    _undoing = models.Index("(system_id) WHERE state = 'compensating'")
    _by_state = models.Index("(state, id DESC)")

    def init(self):
        versions = self.env["finance.process.version"]
        self.env.registry.post_init(
            process_guard.install,
            self.env.cr,
            versions._fields["author_ids"].relation,
            SUPERUSER_ID,
        )

    # -- on the road -------------------------------------------------------------

    @api.model
    def _of(self, documents):
        return self.search([("document_id", "in", [each.id for each in documents])])

    @api.model
    def _start(self, system, plain: dict):
        """Begin the process in force for those of ``plain`` (canonical forms by
        document of ``system``) that have not begun one."""
        known = self.env["finance.process.version"]._plain_processes(system)
        if not known:
            return
        today = fields.Date.context_today(system)
        begun = self._of(plain).document_id
        found = {
            document: process.find_process(canonical, today, known)
            for document, canonical in plain.items()
            if document not in begun
        }
        runs = self.create(
            [self._values(document, flow) for document, flow in found.items() if flow]
        )
        for run in runs:
            after, effects = process.start(run._process())
            run._write_down(after, "")
            run._carry_out(effects)

    def _values(self, document, flow: process.Process) -> dict:
        version = self.env["finance.process.version"].browse(flow.version_id)
        return {
            "document_id": document.id,
            "version_id": version.id,
            "system_id": document.system_id.id,
            "company_id": document.company_id.id,
            "step_ids": [
                (0, 0, {"definition_id": step.id, "sequence": number})
                for number, step in enumerate(version.step_ids)
            ],
        }

    @api.model
    def _gate(self, plain: dict, outcomes: dict) -> dict:
        """``outcomes`` by document without those whose process does not let them go
        on yet, which are held, or refused them, which are ignored."""
        waiting = defaultdict(self.browse)
        needs: dict[str, NeedsPerson] = {}
        stopped = self.env["finance.document"]
        for run in self._of(outcomes):
            document = run.document_id
            try:
                run._walk(plain[document])
            except NeedsPerson as need:
                needs.setdefault(need.cause, need)
                waiting[need.cause] |= run
                stopped |= document
            if run.state in ("compensating", "compensated"):
                document._set_state("ignored", reason=run.reason)
                stopped |= document
        for cause, runs in waiting.items():
            runs._wait_for(needs[cause])
        return {
            document: outcome
            for document, outcome in outcomes.items()
            if document not in stopped
        }

    def _walk(self, canonical):
        """Go on up to the posting. Raises NeedsPerson where somebody has to act."""
        checks = self.env["finance.process.check"]
        self._process()
        while self.state == "running":
            step = self._step_now()
            if step.kind == "post":
                return
            if step.kind == "decision":
                raise self._decision_needed(step)
            if step.kind == "check":
                checks._pass(step.check, self.document_id, canonical)
            self._move("done")

    def _decision_needed(self, step) -> NeedsPerson:
        return NeedsPerson(
            f"process:{self.version_id.id}:{step.code}",
            f"{self.version_id.process_id.name}: waits for “{step.label}”.",
            "Approve or refuse it.",
            category="control",
            field="Step",
            value=step.label,
            action="approve_step",
        )

    def _wait_for(self, need: NeedsPerson):
        """One exception for all of them; documents that are not dealt with yet are
        held for it."""
        documents = self.document_id
        system = self.system_id
        mine = {"due_at": min(filter(None, self.mapped("due_at")), default=None)}
        mine["owner_id"] = self[:1].owner_id.id
        exception = self.env["finance.exception"]._raise_for(
            system,
            need,
            in_company_currency(documents, system.company_id),
            **{name: value for name, value in mine.items() if value},
        )
        documents.filtered(lambda each: each.state not in DEALT_WITH)._hold(need)
        self.exception_id = exception

    @api.model
    def _dealt_with(self, documents):
        """They were posted, or an approved rule says that there is nothing to."""
        runs = self._of(documents).filtered(
            lambda each: each.state == "running" and each.step_kind == "post"
        )
        for run in runs:
            run._move("done")
        runs._go_on()

    def _go_on(self):
        """After the posting, or after a decision."""
        dealt_with = self.filtered(lambda each: each.document_id.state in DEALT_WITH)
        (self - dealt_with).document_id._look_again()
        waiting = defaultdict(self.browse)
        needs: dict[str, NeedsPerson] = {}
        for run in dealt_with:
            try:
                run._walk(None)
            except NeedsPerson as need:
                needs.setdefault(need.cause, need)
                waiting[need.cause] |= run
        for cause, runs in waiting.items():
            runs._wait_for(needs[cause])

    @api.model
    def _set_aside(self, documents, event: str, reason: str):
        """Somebody rejected them, or something newer came."""
        for run in self._of(documents):
            run._move(event, reason)

    # -- the state machine -------------------------------------------------------

    def _process(self) -> process.Process:
        """As it was approved. Raises NeedsPerson when it was altered since."""
        version = self.version_id
        plain, intact = version._seal()
        if not intact:
            raise NeedsPerson(
                f"altered:{version.display_name}",
                f"{version.display_name} was changed or approved around Odoo.",
                "Find out who changed it, then refuse what began under it.",
                category="control",
                field="Approved version",
                value=version.display_name,
            )
        return plain

    def _plain_run(self) -> process.Run:
        return process.Run(tuple(self.step_ids.mapped("state")), self.state)

    def _step_now(self):
        at = self._plain_run().at
        return self.step_ids[at] if at is not None else self.step_ids.browse()

    def _move(self, event: str, note: str = "") -> bool:
        """The one way a run changes: whether the event about the step it stands at
        did change it."""
        self.ensure_one()
        step = self._step_now()
        before = self._plain_run()
        # going on relies on what was approved; a refusal must always be possible
        flow = self._process() if event == "done" else self.version_id._plain()
        after, effects = process.advance(flow, before, process.Event(event, step.code))
        if after == before:
            return False
        self._write_down(after, note)
        self._carry_out(effects)
        return True

    def _write_down(self, after: process.Run, note: str):
        told = []
        for step, state in zip(self.step_ids, after.steps, strict=True):
            if step.state != state:
                step._enter(state, note)
                told.append(step)
        if after.state != self.state:
            # first the steps: the database lets a run be done once they all are
            self.step_ids.flush_recordset(["state", "user_id"])
            self.state = after.state
            if after.state in ("compensating", "compensated"):
                self.reason = self.reason or note
        if after.at is None:
            self.write({"due_at": False, "step_label": False, "step_kind": False})
        self.env["finance.log"]._append(
            {**row, "detail": ": ".join(filter(None, (step.label, note)))}
            for step in told
            if step.state in TOLD
            for row in self.document_id._log_rows(f"step.{step.state}")
        )

    def _carry_out(self, effects):
        for effect in effects:
            getattr(self, f"_effect_{effect.kind}")()

    def _effect_begin(self):
        step = self._step_now()
        now = fields.Datetime.now()
        periods = self.env["finance.close.period"]
        hours = step.definition_id.hours
        step.due_at = hours and periods._due_at(self.system_id, now, hours)
        self.write(
            {
                "step_label": step.label,
                "step_kind": step.kind,
                "owner_id": step.definition_id.owner_id.id,
                "due_at": step.due_at,
                "late": False,
            }
        )

    def _effect_escalate(self):
        self.late = True
        told = self._step_now().definition_id.escalate_id
        exception = self.exception_id
        if self.document_id.state not in DEALT_WITH:
            exception = self.document_id.exception_id
        if told and exception.state == "open":
            exception._tell(told, "mail_template_exceptions_overdue")

    def _effect_undo(self):
        self.write({"step_label": self._step_now().label, "step_kind": False})
        self.env["finance.engine"]._hint(self.system_id.id)

    # -- time and compensation ---------------------------------------------------

    def _lock(self):
        """Whoever comes second sees what the first did."""
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                "SELECT FROM finance_process_run WHERE id = ANY(%s)"
                " ORDER BY id FOR UPDATE",
                self.ids,
            )
        )
        self.invalidate_recordset()

    @api.model
    def _cron_time(self):
        """Steps whose time is over."""
        now = fields.Datetime.now()
        late = self.search(
            [("state", "=", "running"), ("late", "=", False), ("due_at", "<", now)],
            order="due_at, id",
            limit=500,
        )
        late._lock()
        for run in late:
            run._move("late", self.env._("The time limit is over."))
        late._after_refusal()

    def _after_refusal(self):
        """Documents that wait are not posted any more; their exceptions close."""
        refused = self.filtered(lambda each: each.state not in ("running", "done"))
        for run in refused:
            held = run.document_id.filtered(lambda each: each.state == "held")
            held._set_state("ignored", reason=run.reason)
        self.exception_id._resolve_unless_waiting()

    @api.model
    def _undo_step(self, system):
        """Undo what refused processes of ``system`` have done, a bounded number."""
        self.flush_model()
        rows = self.env.execute_query(
            SQL(
                """SELECT id FROM finance_process_run run
                    WHERE system_id = %s AND state = 'compensating'
                      AND NOT EXISTS (
                          SELECT FROM finance_exception exception
                           WHERE exception.system_id = run.system_id
                             AND exception.state = 'open'
                             AND exception.cause = 'undo:' || run.id)
                    ORDER BY id LIMIT 50 FOR UPDATE""",
                system.id,
            )
        )
        for run in self.browse(row[0] for row in rows):
            run._undo()

    def _undo(self):
        """One after the other; what cannot be undone is for a person, who closes the
        exception when it is settled."""
        while self.state == "compensating":
            step = self._step_now()
            cause = f"undo:{self.id}"
            settled = self.env["finance.exception"].search(
                [
                    ("system_id", "=", self.system_id.id),
                    ("cause", "=", cause),
                    ("state", "=", "resolved"),
                    ("value", "=", step.label),
                ],
                limit=1,
            )
            try:
                if not settled:
                    with self.env.cr.savepoint():
                        self.env["finance.process.undo"]._undo(
                            step.definition_id.compensation, self
                        )
            except (NeedsPerson, UserError) as error:
                self._for_a_person(step, cause, error)
                return
            self._move("undone", settled.resolution or "")

    def _for_a_person(self, step, cause: str, error: Exception):
        need = NeedsPerson(
            cause,
            f"{self.document_id.source_id} was refused, but “{step.label}” could not be"
            f" undone: {error}",
            getattr(
                error, "remedy", "Undo it by hand, then close this with the reason."
            ),
            category="control",
            field="Step",
            value=step.label,
            action="close",
        )
        self.env["finance.exception"]._raise_for(self.system_id, need)


class FinanceProcessRunStep(models.Model):
    """One step of the process of one document: how it stands, who took it and when."""

    _name = "finance.process.run.step"
    _description = "Step of a Document"
    _order = "run_id, sequence, id"
    _rec_name = "label"

    run_id = fields.Many2one(
        "finance.process.run",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one(related="run_id.company_id", store=True, index=True)
    definition_id = fields.Many2one(
        "finance.process.step", required=True, readonly=True, ondelete="restrict"
    )
    sequence = fields.Integer(readonly=True)
    code = fields.Char(related="definition_id.code")
    label = fields.Char("Step", related="definition_id.label")
    kind = fields.Selection(related="definition_id.kind")
    check = fields.Selection(related="definition_id.check")
    state = fields.Selection(
        STEP_STATES, required=True, readonly=True, default="waiting"
    )
    due_at = fields.Datetime("Due", readonly=True)
    ended_at = fields.Datetime("When", readonly=True)
    user_id = fields.Many2one("res.users", "Who", readonly=True, ondelete="restrict")
    note = fields.Char(readonly=True)

    _once = models.Constraint("UNIQUE (run_id, definition_id)", "A step is taken once.")

    def _enter(self, state: str, note: str):
        values = {"state": state}
        if state in ("done", "refused"):
            values.update(
                ended_at=fields.Datetime.now(), user_id=self.env.uid, note=note
            )
        elif state == "compensated" and note:
            values["note"] = " · ".join(filter(None, (self.note, note)))
        self.write(values)
