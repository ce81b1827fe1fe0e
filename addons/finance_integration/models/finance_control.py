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
    somebody else approves. They speak of a document type and not of a flow, because
    one document may come by several flows (a webhook, and the pull that fills gaps),
    and which of them was first must not decide about the books.
    """

    _name = "finance.control"
    _inherit = "finance.governed"
    _description = "Control"
    _order = "system_id, document_type"
    _defining = ("system_id", "document_type")

    system_id = fields.Many2one(
        "finance.system", required=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one(related="system_id.company_id", store=True, index=True)
    document_type = fields.Selection(
        selection=lambda self: self.env["finance.document"]._type_selection(),
        help="Empty: every type that has no control of its own.",
    )
    version_ids = fields.One2many("finance.control.version", "control_id")

    _type_unique = models.UniqueIndex(
        "(system_id, COALESCE(document_type, ''))",
        "The system has a control for these documents already.",
    )

    @api.depends("system_id.name", "document_type")
    def _compute_display_name(self):
        types = dict(self.env["finance.document"]._type_selection())
        for control in self:
            kind = types.get(control.document_type) or self.env._("all documents")
            control.display_name = f"{control.system_id.name} · {kind}"

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
    _content = ("period", "duplicates", "window_days", "tolerance", "decider_id")

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
            document_type=self.control_id.document_type or "",
            period=self.period,
            duplicates=self.duplicates,
            window=self.window_days,
            tolerance=Decimal(str(self.tolerance)),
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
