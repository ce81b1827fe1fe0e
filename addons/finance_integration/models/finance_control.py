from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.finance_core import controls

PERIOD = [
    ("refuse", "Stop; somebody decides"),
    ("hold", "Wait until the period opens"),
    ("first_open", "Post on the first open day, keep the original date"),
]
DUPLICATES = [
    ("ignore", "Do not look for them"),
    ("warn", "Post, with a warning"),
    ("hold", "Stop; somebody decides"),
]


class FinanceControl(models.Model):
    """What must be true before documents of a system are posted.

    Controls bend what is posted, so they change as mappings do: in versions that
    somebody else approves. The most specific one holds: of the flow a document came by
    and its type, of its flow, of its type, of the system. A document that may come by
    several flows (a webhook, and the pull that fills gaps) came by the one that told
    of it first.
    """

    _name = "finance.control"
    _inherit = "finance.governed"
    _description = "Control"
    _order = "system_id, flow_id, document_type"
    _defining = ("system_id", "flow_id", "document_type")
    _later = ("flow_id",)

    system_id = fields.Many2one(
        "finance.system", required=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one(related="system_id.company_id", store=True, index=True)
    flow_id = fields.Many2one(
        "finance.flow",
        index="btree_not_null",
        ondelete="restrict",
        help="The flow that told of the document first. Empty: every flow that has no"
        " control of its own. A control of the flow goes before one of the type.",
    )
    document_type = fields.Selection(
        selection=lambda self: self.env["finance.document"]._type_selection(),
        help="Empty: every type that has no control of its own.",
    )
    version_ids = fields.One2many("finance.control.version", "control_id")

    _type_unique = models.UniqueIndex(
        "(system_id, COALESCE(flow_id, 0), COALESCE(document_type, ''))",
        "The system has a control for these documents already.",
    )

    @api.constrains("flow_id", "system_id")
    def _check_flow(self):
        for control in self:
            flow = control.flow_id
            if flow and (flow.system_id != control.system_id or flow.direction != "in"):
                raise ValidationError(
                    self.env._(
                        "%(flow)s is no flow by which %(system)s sends documents.",
                        flow=flow.name,
                        system=control.system_id.name,
                    )
                )

    @api.depends("system_id.name", "flow_id.name", "document_type")
    def _compute_display_name(self):
        types = dict(self.env["finance.document"]._type_selection())
        for control in self:
            kind = types.get(control.document_type) or self.env._("all documents")
            place = filter(None, (control.system_id.name, control.flow_id.name, kind))
            control.display_name = " · ".join(place)

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        unversioned = records.filtered(lambda each: not each.version_ids)
        self.env["finance.control.version"].create(
            [{"control_id": control.id} for control in unversioned]
        )
        return records


class FinanceControlVersion(models.Model):
    """A dated state of a control. Only approved ones hold or let anything pass."""

    _name = "finance.control.version"
    _inherit = "finance.governed.version"
    _description = "Control Version"
    _order = "control_id, number desc"
    _parent = "control_id"
    _lines = "limit_ids"
    _content = (
        "period",
        "duplicates",
        "window_days",
        "tolerance",
        "write_off_limit",
        "decider_id",
    )
    _later = ("write_off_limit",)

    control_id = fields.Many2one(
        "finance.control", required=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one(
        related="control_id.company_id", store=True, index=True
    )
    company_currency_id = fields.Many2one(related="company_id.currency_id")
    period = fields.Selection(
        PERIOD,
        "When the Period Is Locked",
        required=True,
        default="refuse",
    )
    duplicates = fields.Selection(
        DUPLICATES,
        "Likely Duplicates",
        required=True,
        default="ignore",
        help="Documents of any source of the company with the same partner, amount,"
        " currency and reference.",
    )
    window_days = fields.Integer(
        "Within (days)", default=3, help="How far apart likely duplicates may be."
    )
    tolerance = fields.Monetary(
        "Settlement Tolerance",
        currency_field="company_currency_id",
        help="An invoice that is paid too little or too much by at most this is"
        " settled, and the difference written off. The tax an invoice states may be off"
        " from what Odoo computes by as much, beyond what rounding explains.",
    )
    write_off_limit = fields.Monetary(
        currency_field="company_currency_id",
        help="An approver may write off what the transactions of a payout lack, with"
        " the reason, when it is at most this. 0: nothing.",
    )
    decider_id = fields.Many2one(
        "finance.system",
        "Risk Decisions From",
        ondelete="restrict",
        help="The system whose decisions release, reject and revoke. Empty: people"
        " alone decide.",
    )
    limit_ids = fields.One2many("finance.control.limit", "version_id", copy=True)

    _number_unique = models.Constraint(
        "UNIQUE (control_id, number)", "This version number exists already."
    )
    _open_unique = models.UniqueIndex(
        "(control_id) WHERE state IN ('draft', 'submitted')",
        "Another version of this control is being written or waits for approval.",
    )
    _window_positive = models.Constraint(
        "CHECK (window_days BETWEEN 0 AND 366)", "The window has 0 to 366 days."
    )
    _tolerance_positive = models.Constraint(
        "CHECK (tolerance >= 0)", "A tolerance cannot be negative."
    )
    _write_off_limit_positive = models.Constraint(
        "CHECK (write_off_limit >= 0)", "A limit cannot be negative."
    )

    @api.constrains("decider_id", "control_id")
    def _check_decider(self):
        for version in self:
            if version.decider_id.company_id - version.company_id:
                raise ValidationError(
                    self.env._("The deciding system belongs to another company.")
                )

    @api.depends("control_id", "number")
    def _compute_display_name(self):
        for version in self:
            version.display_name = (
                f"{version.control_id.display_name} v{version.number}"
            )

    @api.model
    def _approved_for(self, system):
        return self.search(
            [("control_id.system_id", "=", system.id), ("state", "=", "approved")]
        )

    @api.model
    def _plain_controls(self, system) -> list[controls.Control]:
        """The approved controls of a system as plain data."""
        sealed = (version._seal() for version in self._approved_for(system))
        return [control for control, intact in sealed if intact]

    def _plain(self) -> controls.Control:
        return controls.Control(
            version_id=self.id,
            flow=self.control_id.flow_id.id or None,
            document_type=self.control_id.document_type or "",
            period=self.period,
            duplicates=self.duplicates,
            window=self.window_days,
            tolerance=Decimal(str(self.tolerance)),
            write_off_limit=Decimal(str(self.write_off_limit)),
            limits=tuple(limit._plain() for limit in self.limit_ids),
            decider=self.decider_id.id or None,
            valid_from=self.valid_from or None,
            valid_to=self.valid_to or None,
        )

    def _causes(self) -> list[str]:
        return ["period:", "limit:", "duplicate:"]

    def _release(self):
        # sudo: an approver may not touch exceptions and documents directly
        exceptions = self.env["finance.exception"].sudo()
        system = self.sudo().control_id.system_id
        for cause in (*self._causes(), "altered:"):
            exceptions._release_caused_by(system, cause)


class FinanceControlLimit(models.Model):
    """The largest amount that posts without a release."""

    _name = "finance.control.limit"
    _inherit = "finance.governed.line"
    _description = "Amount Limit"
    _order = "version_id, id"
    _content = ("amount", "currency_id", "category")

    version_id = fields.Many2one(
        "finance.control.version", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="version_id.company_id", store=True, index=True
    )
    amount = fields.Float("Largest Amount", digits=(16, 2), required=True)
    currency_id = fields.Many2one(
        "res.currency",
        ondelete="restrict",
        help="Only for documents in this currency. Empty: for all, by their value in"
        " company currency.",
    )
    category = fields.Char(
        help="Only for documents of this category, as refund. Empty: for all."
    )

    _amount_positive = models.Constraint(
        "CHECK (amount >= 0)", "A limit cannot be negative."
    )

    def _plain(self) -> controls.Limit:
        return controls.Limit(
            amount=Decimal(str(self.amount)),
            currency=self.currency_id.name or "",
            category=self.category or "",
        )
