"""The approval cycle of a version, see :mod:`.finance_governed`."""

import hashlib
import json

from odoo import SUPERUSER_ID, api, fields, models, tools
from odoo.exceptions import AccessError, UserError

from odoo.addons.finance_core import states
from odoo.addons.finance_core.errors import ImpossibleTransition
from odoo.addons.finance_core.succession import succeed

from ..roles import need_decider
from . import version_guard

STATES = [
    ("draft", "Draft"),
    ("submitted", "Waits for Approval"),
    ("approved", "Approved"),
    ("superseded", "Superseded"),
    ("rejected", "Rejected"),
]
AGREED = ("approved", "superseded")
#: what the approval cycle alone writes, with its value at the start
CYCLE = {
    "number": 0,
    "state": "draft",
    "author_ids": False,
    "submitted_at": False,
    "approved_by_id": False,
    "approved_at": False,
    "decision_reason": False,
    "content_hash": False,
    "second_needed": False,
    "first_approved_by_id": False,
    "first_approved_at": False,
}


class FinanceGovernedVersion(models.AbstractModel):
    """A dated state of a governed record; only approved ones mean anything.

    Concrete models name the field of the governed record (``_parent``), that of the
    lines (``_lines``) and their own content (``_content``), and give ``_plain()``.
    """

    _name = "finance.governed.version"
    _description = "Version under Approval"
    _parent = ""
    _lines = ""
    _content: tuple[str, ...] = ()
    _later: tuple[str, ...] = ()

    number = fields.Integer("Version", readonly=True, copy=False, index=True)
    state = fields.Selection(
        STATES, required=True, readonly=True, copy=False, default="draft", index=True
    )
    valid_from = fields.Date(
        copy=False, help="First day it is in force. Empty: from the beginning."
    )
    valid_to = fields.Date(
        copy=False, help="Last day it is in force. Empty: until another version is."
    )
    change_reason = fields.Char("Why", copy=False, help="What this version is for.")
    author_ids = fields.Many2many(
        "res.users",
        column1="version_id",
        column2="user_id",
        string="Written by",
        readonly=True,
        copy=False,
        ondelete="restrict",
        help="Everybody who wrote something in it; none of them may approve it.",
    )
    submitted_at = fields.Datetime(readonly=True, copy=False)
    approved_by_id = fields.Many2one(
        "res.users", readonly=True, copy=False, ondelete="restrict"
    )
    approved_at = fields.Datetime(readonly=True, copy=False)
    decision_reason = fields.Char("Rejected because", readonly=True, copy=False)
    content_hash = fields.Char("Content Hash (SHA-256)", readonly=True, copy=False)

    def init(self):
        super().init()
        if self._abstract:
            return
        parent = self.env[self._fields[self._parent].comodel_name]
        tables = {
            "governed": parent._table,
            "version": self._table,
            "line": self.env[self._fields[self._lines].comodel_name]._table,
            "author": self._fields["author_ids"].relation,
        }
        self.env.registry.post_init(
            version_guard.install,
            self.env.cr,
            tables,
            self._parent,
            parent._defining,
            SUPERUSER_ID,
        )

    # -- writing -----------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._refuse_cycle(vals)
        return super().create([{**vals, **self._start(vals)} for vals in vals_list])

    def _start(self, vals: dict) -> dict:
        """The cycle's fields of a new version: given, so that no default is taken
        from the context."""
        preset = self.env.context.get(f"default_{self._parent}")
        newest = self.sudo().search(
            [(self._parent, "=", vals.get(self._parent, preset))],
            order="number desc",
            limit=1,
        )
        authors = [(6, 0, [self.env.uid])]
        return {**CYCLE, "number": newest.number + 1, "author_ids": authors}

    def write(self, vals):
        self._refuse_cycle(vals)
        self._edit()
        return super().write(vals)

    def copy(self, default=None):
        drafts = super().copy(default)
        for source, draft in zip(self, drafts, strict=True):
            if source.state not in AGREED:  # nobody has approved its authors' work
                draft._note_authors(source.sudo().author_ids)
        return drafts

    @api.ondelete(at_uninstall=False)
    def _unlink_only_drafts(self):
        self._edit()

    def _refuse_cycle(self, vals: dict):
        """For everybody, also the superuser: there are actions for this."""
        if CYCLE.keys() & vals.keys():
            raise AccessError(
                self.env._(
                    "The state of a version changes by submitting, approving or"
                    " rejecting it only."
                )
            )

    def _edit(self):
        """Somebody is about to change the content: he becomes one of its authors.
        Raises UserError for what is no draft."""
        for version in self.sudo():
            if version.state != "draft":
                raise UserError(
                    self.env._(
                        "%s is no draft any more and stays as it is. Propose a new"
                        " version.",
                        version.display_name,
                    )
                )
        self._note_authors(self.env.user)

    def _note_authors(self, users):
        for version in self.sudo():
            if users - version.author_ids:
                version._record({"author_ids": [(4, user.id) for user in users]})

    def _record(self, vals: dict):
        """Write what :meth:`write` refuses. For the methods of the cycle only."""
        return super().write(vals)

    # -- the cycle ---------------------------------------------------------------

    def _step(self, state: str, **values):
        """The one way versions change their state; the changed ones. Raises UserError
        where the table of states knows no such step."""
        try:
            changing = self.filtered(
                lambda each: states.check(states.VERSION, each.state, state)
            )
        except ImpossibleTransition as error:
            raise UserError(str(error)) from error
        self.env.flush_all()  # lines first: the database accepts them in drafts only
        # sudo: an approver may not write versions, only decide about them
        changing.sudo()._record({"state": state, **values})
        self.env.flush_all()  # the database checks every step
        changing.sudo()._log_step(f"version.{state}")
        return changing

    def _log_step(self, event: str):
        self.env["finance.log"]._append(
            {
                "event": event,
                "system_id": version[self._parent].system_id.id,
                "company_id": version.company_id.id,
                "detail": f"{version.display_name} · SHA-256 {version.content_hash}",
            }
            for version in self
        )

    def action_submit(self):
        """Ask for approval; from now on the content stays as it is."""
        self.check_access("write")
        for version in self:
            if not version.change_reason:
                raise UserError(
                    self.env._("Say why %s is needed.", version.display_name)
                )
            version._check_complete()
            version._edit()
            version._record({"second_needed": version._reaches_far()})
            digest = version._digest()
            now = fields.Datetime.now()
            version._step("submitted", submitted_at=now, content_hash=digest)

    def action_withdraw(self):
        """Take it back to go on writing."""
        self.check_access("write")
        self._step(
            "draft",
            submitted_at=False,
            content_hash=False,
            second_needed=False,
            first_approved_by_id=False,
            first_approved_at=False,
        )

    def action_approve(self):
        """Put it in force, or the first of two approvals it takes. What waits for it
        goes on by itself.

        The context value ``seen_hash`` is what the approver had on the screen; another
        content is refused.
        """
        self._check_may_decide()
        for version in self:
            version._check_as_submitted(self.env.context.get("seen_hash"))
            if version._approve_first():
                continue
            approved = version._step(
                "approved",
                approved_by_id=self.env.uid,
                approved_at=fields.Datetime.now(),
            )
            if approved:
                version._make_room()
                version._release()

    def action_reject(self, reason: str):
        """Refuse it, and say why. A new version can be made from it."""
        self._check_may_decide()
        if not (reason or "").strip():
            raise UserError(self.env._("Say why it is rejected."))
        self._step("rejected", decision_reason=reason)

    @api.model
    def _approve_shipped(self, module: str):
        """Approve what ``module`` ships, while it is being installed.

        The narrow exception to "somebody else approves": whoever installs an addon
        runs its code anyway. Called from a ``<function>`` in ``noupdate`` data, so at
        the first installation only, and by upgrades that ship more; refused once the
        registry is ready.
        """
        if self.env.registry.ready or self.env.uid != SUPERUSER_ID:
            raise AccessError(self.env._("Only installing an addon does this."))
        known = self.env["ir.model.data"].search(
            [("module", "=", module), ("model", "=", self._name)]
        )
        shipped = self.browse(known.mapped("res_id"))
        for version in shipped.filtered(lambda each: each.state == "draft"):
            version._record({"change_reason": self.env._("Shipped with %s", module)})
            version._step("submitted", content_hash=version._digest())
            version._step(
                "approved",
                approved_by_id=SUPERUSER_ID,
                approved_at=fields.Datetime.now(),
            )

    def _check_may_decide(self):
        """For the real user, whatever ``sudo`` says: an approver, no administrator, no
        robot, and none of the authors. Raises AccessError."""
        need_decider(self.env)
        user = self.env.user
        self.with_user(user).check_access("read")
        for version in self.sudo():
            if user in version.author_ids:
                raise AccessError(
                    self.env._(
                        "You wrote in %s yourself: somebody else has to decide.",
                        version.display_name,
                    )
                )

    def _check_as_submitted(self, seen_hash):
        self.env.flush_all()
        self.invalidate_recordset()
        if self.state != "submitted":
            return  # the table of states says what that means
        if self._digest() != self.content_hash or seen_hash not in (
            None,
            self.content_hash,
        ):
            raise UserError(
                self.env._(
                    "%s is not what you saw: it was changed since. Open it again.",
                    self.display_name,
                )
            )

    def _make_room(self):
        """What was in force ends the day before this begins, or altogether."""
        others = self.sudo()[self._parent].version_ids - self
        approved = others.filtered(lambda each: each.state == "approved")
        succession = succeed(self.valid_from or None, approved)
        for other in succession.superseded:
            other._step("superseded")
        for other, last_day in succession.ended:
            other._end(last_day)

    def _end(self, day):
        """Close an approved version. One that was altered keeps its old hash, so that
        this does not hide it."""
        intact = self._digest() == self.content_hash
        digest = self._digest(valid_to=day) if intact else self.content_hash
        self._record({"valid_to": day, "content_hash": digest})
        self.env.flush_all()

    # -- use ---------------------------------------------------------------------

    def _digest(self, **changes) -> str:
        """SHA-256 (hex) over everything that is approved: the governed record's
        defining fields, the version's own (as they are, but for ``changes``) and its
        lines in order."""
        self.ensure_one()
        record = self.sudo()
        governed = record[self._parent]
        lines = record[self._lines]
        [own] = _values(record, (*self._content, "valid_from", "valid_to"))
        if record.second_needed:
            own["second_needed"] = True
        content = {
            "governed": _values(governed, governed._defining),
            "version": {**own, **changes},
            "lines": _values(lines, lines._content),
        }
        text = json.dumps(content, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()

    def _seal(self) -> tuple:
        """(an approved version as plain data, whether it is what was approved); no data
        where it is not."""
        return self._read_sealed(self.id, self.content_hash)

    @api.model
    @tools.ormcache("version_id", "content_hash")
    def _read_sealed(self, version_id: int, content_hash: str) -> tuple:
        """See :meth:`_seal`. Kept by the hash, which changes with the content: no
        worker has to hear that its cache is stale."""
        version = self.browse(version_id)
        intact = version._digest() == content_hash
        return version._plain() if intact else None, intact

    @api.model
    def _approved_for(self, system):
        """The approved versions that speak about a system."""
        raise NotImplementedError

    @api.model
    def _altered(self, system) -> list[str]:
        """Names of approved versions whose content is not what was approved, or that
        were not approved as they must be."""
        return [
            version.display_name
            for version in self._approved_for(system)
            if not (version._seal()[1] and version._is_duly_approved())
        ]

    def _check_complete(self):
        """Before submission. Raises UserError for what cannot work."""

    def _causes(self) -> list[str]:
        """How the causes of exceptions begin that this may settle."""
        raise NotImplementedError

    def _release(self):
        """Let what waited for this go on."""
        raise NotImplementedError

    def action_open(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.display_name,
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "views": [(False, "form")],
        }

    def action_new_version(self):
        """A new draft with the content of this version."""
        self.ensure_one()
        return self.copy().action_open()

    def action_ask_reason(self):
        """Ask the approver why, then :meth:`action_reject`."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Reject"),
            "res_model": "finance.version.rejection",
            "view_mode": "form",
            "target": "new",
            "context": {"default_res_model": self._name, "default_res_id": self.id},
        }


def _values(records, names) -> list[dict]:
    later = records._later
    return [
        {name: row[name] for name in names if row[name] or name not in later}
        for row in records.read(names, load=None)
    ]
