"""What a proposed version would change, shown before anybody approves it.

A run takes documents a bounded step at a time, translates each twice (by what is in
force, and as if the version were approved) with the same pure function that posts, and
keeps what differs. Nothing is posted, held or released by it.
"""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL, formatLang

from odoo.addons.finance_core import impact
from odoo.addons.finance_core.errors import FinanceError

from ..roles import has_role
from ..screens import open_record
from .finance_governed import OPEN

A_STEP = 1000  #: documents a job: bounds its memory, and how long a cancel takes
KEPT = timedelta(weeks=6)
A_GLANCE = 20  #: changed documents on the form itself
STATES = [
    ("waiting", "Waiting"),
    ("running", "Running"),
    ("done", "Done"),
    ("cancelled", "Cancelled"),
]
UNFINISHED = ("waiting", "running")


class FinancePreview(models.Model):
    """One run: a proposed version against the documents of its scope."""

    _name = "finance.preview"
    _description = "Impact Preview"
    _order = "id desc"

    system_id = fields.Many2one(
        "finance.system", required=True, readonly=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True, ondelete="restrict"
    )
    mapping_version_id = fields.Many2one(
        "finance.mapping.version",
        readonly=True,
        index="btree_not_null",
        ondelete="cascade",
    )
    rule_version_id = fields.Many2one(
        "finance.posting.rule.version",
        readonly=True,
        index="btree_not_null",
        ondelete="cascade",
    )
    content_hash = fields.Char(
        required=True, readonly=True, help="What was previewed (SHA-256)."
    )
    newest = fields.Integer(
        "Last Documents",
        readonly=True,
        help="So many of those received last; 0 for all of the period.",
    )
    date_from = fields.Date(readonly=True)
    date_to = fields.Date(readonly=True)
    state = fields.Selection(
        STATES, required=True, readonly=True, default="waiting", index=True
    )
    reason = fields.Char("Stopped because", readonly=True)
    finished_at = fields.Datetime(readonly=True)
    cursor_id = fields.Integer(readonly=True, help="The last document looked at.")
    last_id = fields.Integer(readonly=True, help="The last document to look at.")
    total = fields.Integer("Documents", readonly=True)
    done = fields.Integer("Looked at", readonly=True)
    changed_count = fields.Integer("Would Change", readonly=True)
    post_count = fields.Integer("Would Post", readonly=True)
    hold_count = fields.Integer("Would Be Held", readonly=True)
    progress = fields.Float(compute="_compute_progress")
    summary = fields.Char(compute="_compute_summary")
    total_ids = fields.One2many("finance.preview.total", "preview_id")
    line_ids = fields.One2many("finance.preview.line", "preview_id")
    glance_ids = fields.One2many("finance.preview.line", compute="_compute_glance_ids")

    _one_version = models.Constraint(
        "CHECK (num_nonnulls(mapping_version_id, rule_version_id) = 1)",
        "A preview is about one version.",
    )
    _one_at_a_time = models.UniqueIndex(
        "(COALESCE(mapping_version_id, 0), COALESCE(rule_version_id, 0))"
        " WHERE state IN ('waiting', 'running')",
        "A preview of this version is being made already.",
    )

    def _version(self):
        return self.mapping_version_id or self.rule_version_id

    @api.depends("mapping_version_id", "rule_version_id")
    def _compute_display_name(self):
        for preview in self:
            preview.display_name = self.env._(
                "Impact of %s", preview._version().display_name
            )

    @api.depends("done", "total", "state")
    def _compute_progress(self):
        for preview in self:
            finished = preview.state == "done" or not preview.total
            preview.progress = 100 if finished else 100 * preview.done / preview.total

    @api.depends("done", "total", "changed_count", "post_count", "hold_count")
    def _compute_summary(self):
        for preview in self:
            preview.summary = self.env._(
                "%(changed)s of %(done)s documents would change; %(posted)s waiting"
                " documents would post; %(held)s would be held.",
                changed=preview._words(preview.changed_count),
                done=preview._words(preview.done),
                posted=preview._words(preview.post_count),
                held=preview._words(preview.hold_count),
            )

    def _words(self, number: int) -> str:
        return formatLang(self.env, number, digits=0)

    @api.depends("line_ids")
    def _compute_glance_ids(self):
        lines = self.env["finance.preview.line"]
        for preview in self:
            preview.glance_ids = lines.search(
                [("preview_id", "=", preview.id)], limit=A_GLANCE
            )

    # -- a run -------------------------------------------------------------------

    @api.model
    def _start(self, version, system, scope: dict):
        """The run of a draft or submitted ``version`` over documents of ``system``: the
        unfinished one, or a new one. ``scope`` gives ``newest``, or ``date_from`` and
        ``date_to`` (days of the company, either may be empty). Raises AccessError, and
        UserError for what cannot be translated at all."""
        version.check_access("read")
        system.check_access("read")
        self._need_proposer()
        self._check_previewable(version, system)
        # sudo: proposers read previews, and the run itself writes them
        previews = self.sudo()
        about = [(version._preview_field, "=", version.id)]
        running = previews.search([*about, ("state", "in", UNFINISHED)])
        if running:
            return running
        version = version.sudo()
        preview = previews.create(
            {
                version._preview_field: version.id,
                "system_id": system.id,
                "company_id": system.sudo().company_id.id,
                "content_hash": version._digest(),
                **scope,
            }
        )
        preview._bound()
        preview._want_step()
        return preview

    def _check_previewable(self, version, system):
        if version.state not in OPEN:
            raise UserError(self.env._("%s was decided already.", version.display_name))
        owner = version[version._parent].system_id
        if owner and owner != system:
            raise UserError(
                self.env._(
                    "%(version)s says nothing about %(system)s.",
                    version=version.display_name,
                    system=system.name,
                )
            )
        try:
            version._plain()
        except FinanceError as error:
            raise UserError(str(error)) from error

    def _need_proposer(self):
        """Editors and approvers preview. Raises AccessError."""
        if not any(has_role(self.env, role) for role in ("editor", "approver")):
            raise AccessError(self.env._("Your role does not allow this."))

    def _bound(self):
        """Settle which documents it is about: what comes later is not."""
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """SELECT coalesce(min(id) - 1, 0), coalesce(max(id), 0), count(*)
                     FROM (SELECT id FROM finance_document WHERE %s
                            ORDER BY id DESC LIMIT %s) newest""",
                self._scope(),
                self.newest or None,
            )
        )
        self.cursor_id, self.last_id, self.total = rows[0]

    def _scope(self) -> SQL:
        conditions = [
            SQL("system_id = %s", self.system_id.id),
            # what was purged cannot be translated again
            SQL("state <> 'superseded' AND purged_at IS NULL"),
        ]
        if self.rule_version_id:
            kind = self.rule_version_id.rule_id.document_type
            conditions.append(SQL("type = %s", kind))
        if self.date_from:
            conditions.append(SQL("occurred_at >= %s", self._midnight(self.date_from)))
        if self.date_to:
            after = self.date_to + timedelta(days=1)
            conditions.append(SQL("occurred_at < %s", self._midnight(after)))
        return SQL(" AND ").join(conditions)

    def _midnight(self, day) -> datetime:
        """The beginning of a day of the company, in UTC."""
        zone = ZoneInfo(self.company_id.partner_id.tz or "UTC")
        begins = datetime.combine(day, time.min, zone)
        return begins.astimezone(UTC).replace(tzinfo=None)

    def _want_step(self):
        self.with_delay(
            channel="root.finance",
            identity_key=f"finance.preview:{self.id}:{self.cursor_id}",
            description=f"Preview of version {self._version().id}",
        )._job_step()

    def _job_step(self):
        """Queue job: look at the next documents; another job when there are more."""
        preview = self.exists()
        if preview.state not in UNFINISHED:
            return
        preview = preview.with_context(lang=preview.create_uid.lang)
        fault = preview._find_fault()
        if fault:
            preview._finish("cancelled", fault)
            return
        documents = preview._take()
        preview._look_at(documents)
        if len(documents) < A_STEP:
            preview._finish("done")
        else:
            preview._want_step()

    def _find_fault(self) -> str:
        """Why going on would mix two meanings; empty while it would not."""
        version = self._version()
        if version.state not in OPEN:
            return self.env._("The version was decided meanwhile.")
        if version._digest() != self.content_hash:
            return self.env._("The version was changed meanwhile. Preview it again.")
        return ""

    def _take(self):
        """The next documents by id."""
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """SELECT id FROM finance_document
                    WHERE id > %s AND id <= %s AND %s ORDER BY id LIMIT %s""",
                self.cursor_id,
                self.last_id,
                self._scope(),
                A_STEP,
            )
        )
        return self.env["finance.document"].browse(row[0] for row in rows)

    def _look_at(self, documents):
        if not documents:
            return
        totals, changes = impact.Totals(), {}
        outcomes = self.env["finance.snapshot"]._outcomes(
            self.system_id.with_company(self.company_id), documents, self._version()
        )
        for document, (before, after) in outcomes.items():
            totals.add(before, after)
            change = impact.compare(before, after)
            if change:
                changes[document] = change
        self.env["finance.preview.total"]._add(self, totals)
        self.env["finance.preview.line"]._add(self, changes)
        self._count(documents, changes)

    def _count(self, documents, changes):
        several = changes.items()
        posting = (document for document, change in several if change.posts)
        self.write(
            {
                "state": "running",
                "cursor_id": documents[-1].id,
                "done": self.done + len(documents),
                "changed_count": self.changed_count + len(changes),
                "post_count": self.post_count
                + sum(document._is_waiting() for document in posting),
                "hold_count": self.hold_count
                + sum(change.holds for change in changes.values()),
            }
        )

    def _finish(self, state: str, reason=""):
        self.write(
            {"state": state, "reason": reason, "finished_at": fields.Datetime.now()}
        )
        self.env["finance.log"]._append(
            {
                "event": "preview.run",
                "system_id": preview.system_id.id,
                "company_id": preview.company_id.id,
                "detail": f"{preview._version().display_name} · {preview.summary}"
                f" · SHA-256 {preview.content_hash}",
            }
            for preview in self
        )

    @api.autovacuum
    def _gc_old(self):
        """Forget runs of some weeks ago; the log keeps what they found."""
        old = [("create_date", "<", fields.Datetime.now() - KEPT)]
        self.search(old, limit=100).unlink()
        return 0, self.search_count(old, limit=1)

    # -- screens -----------------------------------------------------------------

    def action_cancel(self):
        """Stop it; what was found stays."""
        self.check_access("read")
        self._need_proposer()
        # sudo: see _start
        unfinished = self.sudo().filtered(lambda each: each.state in UNFINISHED)
        unfinished._finish("cancelled", self.env._("Stopped by %s", self.env.user.name))

    def action_open_lines(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Changed Documents"),
            "res_model": "finance.preview.line",
            "domain": [("preview_id", "=", self.id)],
            "view_mode": "list,form",
        }

    def action_open_version(self):
        self.ensure_one()
        return open_record(self._version())
