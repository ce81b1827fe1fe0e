from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from odoo.addons.finance_core import invoicing, posting

MEASURES = [
    ("amount", "The amount"),
    ("counter", "The amount, in the currency of the underlying payment"),
    ("fee", "The total fee"),
    ("each_fee", "Every part of the fee"),
    ("each_line", "Every line of the document"),
    ("each_item", "Every line of the invoice, without tax"),
    (posting.OPEN_BALANCE, "What is open under the reference of the document"),
    (posting.DIFFERENCE, "The exchange difference"),
]


class FinancePostingRule(models.Model):
    """How a document type becomes an entry."""

    _name = "finance.posting.rule"
    _inherit = "finance.governed"
    _description = "Posting Rule"
    _order = "sequence, id"
    _defining = ("system_id", "document_type", "sequence")

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10, help="Lower ones are tried first.")
    system_id = fields.Many2one(
        "finance.system",
        index=True,
        ondelete="restrict",
        help="Only for this system. Empty: for all, after the system's own rules.",
    )
    company_id = fields.Many2one(related="system_id.company_id", store=True, index=True)
    document_type = fields.Selection(
        selection=lambda self: self.env["finance.document"]._type_selection(),
        required=True,
    )
    version_ids = fields.One2many("finance.posting.rule.version", "rule_id")

    @api.model
    def _plain_rules(self, system) -> list[posting.Rule]:
        """The approved rules for a system as plain data, its own ones first."""
        versions = self.env["finance.posting.rule.version"]._approved_for(system)
        sealed = (version._seal() for version in versions._by_precedence())
        return [rule for rule, intact in sealed if intact]


class FinancePostingRuleVersion(models.Model):
    """A dated state of a posting rule. Only approved ones post anything."""

    _name = "finance.posting.rule.version"
    _inherit = "finance.governed.version"
    _description = "Posting Rule Version"
    _order = "rule_id, number desc"
    _parent = "rule_id"
    _lines = "line_ids"
    _content = ("categories", "outcome", "reason", "journal_key", "credit_note")

    rule_id = fields.Many2one(
        "finance.posting.rule", required=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one(related="rule_id.company_id", store=True, index=True)
    categories = fields.Char(
        help="Only for these categories, separated by commas. Empty: for all."
    )
    outcome = fields.Selection(
        [
            ("post", "Post an entry"),
            ("invoice", "Post an invoice, bill or credit note"),
            ("ignore", "Post nothing"),
        ],
        required=True,
        default="post",
    )
    reason = fields.Char(help="Why nothing is posted; shown on every such document.")
    journal_key = fields.Char(
        default="gateway", help="Which journal, in the words of the journal mapping."
    )
    credit_note = fields.Boolean(
        "Issue Credit Note",
        help="Credit the invoice the refund names, in proportion to the refund.",
    )
    line_ids = fields.One2many("finance.posting.rule.line", "version_id", copy=True)

    _number_unique = models.Constraint(
        "UNIQUE (rule_id, number)", "This version number exists already."
    )
    _open_unique = models.UniqueIndex(
        "(rule_id) WHERE state IN ('draft', 'submitted')",
        "Another version of this rule is being written or waits for approval.",
    )

    @api.constrains("outcome", "reason")
    def _check_reason(self):
        for version in self:
            if version.outcome == "ignore" and not version.reason:
                raise ValidationError(
                    self.env._("A rule that posts nothing must say why.")
                )

    def _check_complete(self):
        """One line says where the lines of an invoice go; Odoo makes the others."""
        self.ensure_one()
        if self.outcome != "invoice":
            return
        if self.rule_id.document_type not in invoicing.TYPES:
            raise UserError(
                self.env._("Only invoices and credit notes become invoices in Odoo.")
            )
        if self.line_ids.mapped("measure") != ["each_item"]:
            raise UserError(
                self.env._(
                    "It takes one line, “Every line of the invoice, without tax”: taxes"
                    " and what is owed are added by Odoo."
                )
            )

    @api.depends("rule_id.name", "number")
    def _compute_display_name(self):
        for version in self:
            version.display_name = f"{version.rule_id.name} v{version.number}"

    @api.model
    def _approved_for(self, system):
        return self.search(
            [
                ("state", "=", "approved"),
                ("rule_id.system_id", "in", [system.id, False]),
            ]
        )

    def _causes(self) -> list[str]:
        return [f"rule:{self.rule_id.document_type}"]

    def _by_precedence(self):
        """In the order in which they are tried."""
        return self.sorted(
            lambda each: (
                not each.rule_id.system_id,
                each.rule_id.sequence,
                each.rule_id.id,
                -each.number,
            )
        )

    def _release(self):
        # sudo: an approver may not touch systems, exceptions and documents directly
        exceptions = self.env["finance.exception"].sudo()
        rule = self.sudo().rule_id
        systems = rule.system_id or rule.system_id.search([])
        for cause in (*self._causes(), "altered:"):
            exceptions._release_caused_by(systems, cause)

    def _plain(self) -> posting.Rule:
        names = (self.categories or "").split(",")
        return posting.Rule(
            rule_id=self.rule_id.id,
            version_id=self.id,
            document_type=self.rule_id.document_type,
            categories=frozenset(name.strip() for name in names if name.strip()),
            outcome=self.outcome,
            reason=self.reason or "",
            journal_key=tuple((self.journal_key or "").split("|")),
            credit_note=self.credit_note,
            lines=tuple(line._plain() for line in self.line_ids),
            valid_from=self.valid_from or None,
            valid_to=self.valid_to or None,
        )


class FinancePostingRuleLine(models.Model):
    """One line of the entry a posting rule makes."""

    _name = "finance.posting.rule.line"
    _inherit = "finance.governed.line"
    _description = "Posting Rule Line"
    _order = "version_id, sequence, id"
    _content = (
        "sequence",
        "side",
        "measure",
        "mapping_code",
        "key",
        "label",
        "settles",
        "match",
        "tolerance",
    )

    version_id = fields.Many2one(
        "finance.posting.rule.version", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="version_id.company_id", store=True, index=True
    )
    sequence = fields.Integer(default=10)
    side = fields.Selection(
        [("debit", "Debit"), ("credit", "Credit")],
        required=True,
        help="The side of a positive amount; a negative one goes to the other side. For"
        " an invoice it follows from whose invoice it is.",
    )
    measure = fields.Selection(MEASURES, "Amount", required=True)
    mapping_code = fields.Char("Mapping", required=True, default="account")
    key = fields.Char(
        "Value to map",
        required=True,
        help="May name parts of the document: {currency}, {category}, {fee},"
        " {account}, {side}, {direction} (sale or purchase).",
    )
    label = fields.Char(help="Part of the entry, so the same in every language.")
    settles = fields.Char(
        "Settles the",
        help="The kind of reference (invoice) whose open item this line settles.",
    )
    match = fields.Char(
        "Belongs together by",
        help="The kind of reference (dispute, payout) by which lines on this account"
        " are reconciled with each other.",
    )

    tolerance = fields.Integer(
        "Tolerance in %",
        default=10,
        help="The largest exchange difference, as a share of the amount; a larger one"
        " is held.",
    )

    def _plain(self) -> posting.RuleLine:
        return posting.RuleLine(
            measure=self.measure,
            sign=1 if self.side == "debit" else -1,
            mapping=self.mapping_code,
            key=tuple(self.key.split("|")),
            label=self.label or "",
            settles=self.settles or "",
            match=self.match or "",
            tolerance=Decimal(self.tolerance) / 100,
        )
