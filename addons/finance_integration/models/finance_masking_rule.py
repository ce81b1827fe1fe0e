from odoo import SUPERUSER_ID, api, fields, models, tools
from odoo.exceptions import AccessError, UserError, ValidationError

from odoo.addons.finance_core.personal import Masker, MaskRule

from ..roles import need_decider, need_role

#: what the books need of a document is never hidden
BOOKS = (
    "type",
    "version",
    "category",
    "source_id",
    "correlation_id",
    "occurred_at",
    "currency",
    "amount",
    "fee",
    "net",
    "available",
    "pending",
    "payout_id",
    "transactions",
    "last",
    "lines",
    "references",
)


class FinanceMaskingRule(models.Model):
    """Which field of what travelled is hidden from everybody, and how.

    What is hidden in a document when it is recorded is also encrypted at rest. An
    administrator adds rules; to drop one takes an approver besides, and to change one
    is to add another and drop it. Of rules for one field, what shows nothing counts.
    """

    _name = "finance.masking.rule"
    _description = "Masking Rule"
    _order = "sequence, id"
    _rec_name = "field"

    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    field = fields.Char(
        required=True,
        help="The name of a field as the other system writes it, or the last names of"
        " the way to it with dots between (party.name). * stands for any characters.",
    )
    how = fields.Selection(
        [
            ("nothing", "Show nothing"),
            ("last_four", "Show the last four characters"),
            ("domain", "Show the domain of the e-mail address"),
        ],
        required=True,
        default="nothing",
    )
    data_class = fields.Selection(
        selection=lambda self: (
            self.env["finance.system"]
            ._fields["data_class"]
            ._description_selection(self.env)
        ),
        help="Empty: whatever the system's data class is.",
    )
    system_id = fields.Many2one(
        "finance.system", ondelete="cascade", help="Empty: in every system."
    )
    company_id = fields.Many2one(related="system_id.company_id", store=True)
    drop_asked_by_id = fields.Many2one("res.users", readonly=True, copy=False)

    @api.constrains("field")
    def _check_field(self):
        for rule in self:
            # whatever leads to a field: amounts are in lines, too
            last = rule.field.strip().rpartition(".")[2]
            masker = Masker([MaskRule(last)])
            if not last.strip("*") or any(map(masker.hides, BOOKS)):
                raise ValidationError(
                    self.env._(
                        "“%(field)s” would also hide what the books need. Name the"
                        " field more exactly.",
                        field=rule.field,
                    )
                )

    def _plain(self) -> MaskRule:
        self.ensure_one()
        return MaskRule(self.field.strip(), self.how)

    @api.model
    @tools.ormcache("system_id", "data_class")
    def _masker(self, system_id: int, data_class: str) -> Masker:
        """What hides fields of a system of that data class."""
        # sudo: what is hidden does not depend on who looks
        rules = self.sudo().search(
            [
                ("system_id", "in", (False, system_id)),
                ("data_class", "in", (False, data_class)),
            ]
        )
        # so that no rule that is added shows more than the others did
        strictest_first = rules.sorted(lambda rule: rule.how != "nothing")
        return Masker(rule._plain() for rule in strictest_first)

    @api.model_create_multi
    def create(self, vals_list):
        rules = super().create(vals_list)
        rules._note("masking.added")
        return rules

    def write(self, vals):
        if not (set(vals) <= {"sequence"} or vals == {"active": True}):
            self._check_set_up()
        result = super().write(vals)
        self._note("masking.changed")
        return result

    def _check_set_up(self):
        """For the real user, whatever ``sudo`` says. Raises AccessError."""
        if self.env.uid != SUPERUSER_ID:
            raise AccessError(
                self.env._("Add another rule, then ask for this one to be dropped.")
            )

    def _step(self, vals: dict):
        # sudo: people change rules by two buttons only, which check their roles
        return super(FinanceMaskingRule, self.sudo()).write(vals)

    def action_ask_to_drop(self):
        """What an administrator wants to hide no longer, for an approver to decide."""
        need_role(self, "admin")
        self._step({"drop_asked_by_id": self.env.uid})
        self._note("masking.drop_asked")

    def action_drop(self):
        """Hide it no longer. Raises AccessError, and UserError when nobody asked."""
        need_decider(self.env)
        self.check_access("read")
        nobody = self.env["res.users"]
        if any(each.drop_asked_by_id in (nobody, self.env.user) for each in self):
            raise UserError(self.env._("An administrator has to ask for it first."))
        self._step({"active": False, "drop_asked_by_id": False})
        self._note("masking.dropped")

    def unlink(self):
        self._check_set_up()
        self._note("masking.removed")
        return super().unlink()

    def _note(self, event: str):
        self.env.registry.clear_cache()
        self.env["finance.log"]._append(
            {
                "event": event,
                "system_id": rule.system_id.id,
                "company_id": rule.company_id.id,
                "detail": f"{rule.field}: {rule.how}"
                + ("" if rule.active else " (archived)"),
            }
            for rule in self
        )


class FinanceSystem(models.Model):
    # what is masked stands with its rules
    _inherit = "finance.system"  # pylint: disable=consider-merging-classes-inherited

    def _masker(self) -> Masker:
        """What hides the personal fields of what this system sends."""
        self.ensure_one()
        rules = self.env["finance.masking.rule"]
        return rules._masker(self.id, self.data_class)
