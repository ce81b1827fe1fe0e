from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from odoo.addons.finance_core import process

KINDS = [
    ("check", "Check"),
    ("decision", "Decision of a person"),
    ("post", "Posting"),
    ("event", "Announcement"),
]
ROLES = [
    ("user", "User"),
    ("operator", "Operator"),
    ("editor", "Mapping Editor"),
    ("approver", "Mapping Approver"),
]


class FinanceProcess(models.Model):
    """The steps documents of a system go through before and after they are posted.

    It decides who has to agree before the books change, so it changes as mappings do:
    in versions that somebody else approves. One without a system is a template: it is
    in force nowhere, others begin with its steps.
    """

    _name = "finance.process"
    _inherit = "finance.governed"
    _description = "Business Process"
    _order = "sequence, id"
    _defining = ("system_id", "document_type", "sequence")

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10, help="The first that applies is taken.")
    system_id = fields.Many2one(
        "finance.system",
        index=True,
        ondelete="restrict",
        help="The system whose documents go through it.",
    )
    company_id = fields.Many2one(related="system_id.company_id", store=True, index=True)
    document_type = fields.Selection(
        selection=lambda self: self.env["finance.document"]._type_selection(),
        required=True,
    )
    template_id = fields.Many2one(
        "finance.process",
        "Begin with the Steps of",
        domain=[("system_id", "=", False)],
        ondelete="set null",
    )
    version_ids = fields.One2many("finance.process.version", "process_id")

    @api.onchange("template_id")
    def _onchange_template_id(self):
        if self.template_id:
            self.name = self.template_id.name
            self.document_type = self.template_id.document_type

    @api.model_create_multi
    def create(self, vals_list):
        """Each with a draft, which has the steps of its template."""
        records = super().create(vals_list)
        for record in records.filtered("template_id"):
            newest = record.template_id.version_ids.sorted("number")[-1:]
            newest.copy({"process_id": record.id})
        bare = records.filtered(lambda each: each.system_id and not each.version_ids)
        self.env["finance.process.version"].create(
            [{"process_id": record.id} for record in bare]
        )
        return records


class FinanceProcessVersion(models.Model):
    """A dated state of a process. A document goes through the one that was in force
    when it began, to its end."""

    _name = "finance.process.version"
    _inherit = "finance.governed.version"
    _description = "Process Version"
    _order = "process_id, number desc"
    _parent = "process_id"
    _lines = "step_ids"
    _content = ("categories",)

    process_id = fields.Many2one(
        "finance.process", required=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one(
        related="process_id.company_id", store=True, index=True
    )
    categories = fields.Char(
        help="Only for these categories, separated by commas. Empty: for all."
    )
    step_ids = fields.One2many("finance.process.step", "version_id", copy=True)

    _number_unique = models.Constraint(
        "UNIQUE (process_id, number)", "This version number exists already."
    )
    _open_unique = models.UniqueIndex(
        "(process_id) WHERE state IN ('draft', 'submitted')",
        "Another version of this process is being written or waits for approval.",
    )

    @api.depends("process_id.name", "number")
    def _compute_display_name(self):
        for version in self:
            version.display_name = f"{version.process_id.name} v{version.number}"

    @api.model
    def _approved_for(self, system):
        """In the order of the processes."""
        found = self.search(
            [("process_id.system_id", "=", system.id), ("state", "=", "approved")]
        )
        return found.sorted(
            lambda each: (each.process_id.sequence, each.process_id.id, -each.number)
        )

    @api.model
    def _plain_processes(self, system) -> list[process.Process]:
        """The approved processes of a system as plain data."""
        sealed = (version._seal() for version in self._approved_for(system))
        return [each for each, intact in sealed if intact]

    def _plain(self) -> process.Process:
        names = (self.categories or "").split(",")
        return process.Process(
            version_id=self.id,
            document_type=self.process_id.document_type,
            categories=frozenset(name.strip() for name in names if name.strip()),
            steps=tuple(step._plain() for step in self.step_ids),
            valid_from=self.valid_from or None,
            valid_to=self.valid_to or None,
        )

    def _check_complete(self):
        self.ensure_one()
        if not self.process_id.system_id:
            raise UserError(
                self.env._(
                    "%s is a template. Make a process of a system from it.",
                    self.process_id.name,
                )
            )
        if not self.step_ids:
            raise UserError(self.env._("Say which steps %s has.", self.display_name))
        self.step_ids._check_complete()

    def _causes(self) -> list[str]:
        return ["process:"]

    def _release(self):
        # sudo: an approver may not touch exceptions and documents directly
        exceptions = self.env["finance.exception"].sudo()
        exceptions._release_caused_by(self.sudo().process_id.system_id, "altered:")


class FinanceProcessStep(models.Model):
    """One step of a process."""

    _name = "finance.process.step"
    _inherit = "finance.governed.line"
    _description = "Step of a Process"
    _order = "version_id, sequence, id"
    _content = (
        "sequence",
        "code",
        "label",
        "kind",
        "check",
        "role",
        "owner_id",
        "hours",
        "when_late",
        "escalate_id",
        "compensation",
    )

    version_id = fields.Many2one(
        "finance.process.version", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="version_id.company_id", store=True, index=True
    )
    sequence = fields.Integer(default=10)
    code = fields.Char(required=True, help="Short and stable: approved.")
    label = fields.Char(required=True)
    kind = fields.Selection(KINDS, required=True, default="decision")
    check = fields.Selection(
        selection=lambda self: self.env["finance.process.check"]._selection()
    )
    role = fields.Selection(
        ROLES, default="approver", help="Who may decide, where nobody is named."
    )
    owner_id = fields.Many2one(
        "res.users", "Decided by", ondelete="restrict", help="This person alone."
    )
    hours = fields.Integer(
        "Time Limit (hours)", help="Working hours of the system. 0: no limit."
    )
    when_late = fields.Selection(
        [("escalate", "Tell somebody"), ("refuse", "Refuse it")],
        required=True,
        default="escalate",
    )
    escalate_id = fields.Many2one("res.users", "Tell", ondelete="restrict")
    compensation = fields.Selection(
        selection=lambda self: self.env["finance.process.undo"]._selection(),
        string="Undone by",
        help="What happens to this step when a later one is refused.",
    )

    _code_unique = models.Constraint(
        "UNIQUE (version_id, code)", "Two steps of a version have one code."
    )
    _hours_positive = models.Constraint(
        "CHECK (hours >= 0)", "A time limit cannot be negative."
    )

    @api.constrains("kind", "check")
    def _check_check(self):
        for step in self:
            if step.kind == "check" and not step.check:
                raise ValidationError(
                    self.env._("Say what the step “%s” checks.", step.label)
                )

    def _check_complete(self):
        """Raises UserError for steps that nobody could take."""
        kinds = self.mapped("kind")
        if kinds.count("post") != 1 or "check" in kinds[kinds.index("post") :]:
            raise UserError(
                self.env._("It takes one step “Posting”, after all the checks.")
            )
        for step in self.filtered(lambda each: each.kind == "decision"):
            if not (step.owner_id or step.role):
                raise UserError(self.env._("Say who decides about “%s”.", step.label))

    def _plain(self) -> process.Step:
        return process.Step(
            code=self.code,
            kind=self.kind,
            check=self.check or "",
            refuse_late=self.when_late == "refuse",
            compensation=self.compensation or "",
        )
