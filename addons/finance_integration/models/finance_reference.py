from collections.abc import Iterable, Mapping

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import SQL

from .. import canonical
from ..roles import need_decider

KINDS = [(kind.code, kind.label) for kind in canonical.KINDS.values()]
SOURCES = [
    ("entered", "Entered"),
    ("imported", "Imported"),
    ("learned", "Learned from a document"),
    ("proposed", "Proposed by likeness"),
]
#: the kind of record that documents of reference data describe
KIND_OF_TYPE = {
    "account": "account",
    "cost_center": "analytic_account",
    "customer": "partner",
    "customer_invoice": "customer_invoice",
    "legal_entity": "legal_entity",
    "supplier": "partner",
    "tax_code": "tax",
}
PEOPLE_WRITE = {"kind", "foreign_id", "target", "system_id"}


class FinanceReference(models.Model):
    """What a system calls a record of the books. Confirmed ones are relied on.

    An editor enters or corrects a reference, an approver confirms or withdraws it. A
    confirmed one decides which invoices a customer's money may pay, so nobody alone
    may bend it: no editor who wrote in it can confirm it, and it cannot be changed
    before an approver has withdrawn it.
    """

    _name = "finance.reference"
    _description = "Reference"
    _order = "system_id, kind, foreign_id"
    _rec_name = "foreign_id"

    system_id = fields.Many2one(
        "finance.system", required=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one(related="system_id.company_id", store=True, index=True)
    kind = fields.Selection(KINDS, required=True)
    foreign_id = fields.Char(
        "Foreign ID", required=True, help="As the system writes it, untouched."
    )
    target = fields.Reference(
        selection=lambda self: canonical.models(),
        string="Stands for",
        required=True,
        index=True,
    )
    identifier = fields.Char(
        compute="_compute_identifier",
        help="What identifies the record in our own words, whatever the system.",
    )
    source = fields.Selection(SOURCES, required=True, default="entered", readonly=True)
    document_id = fields.Many2one(
        "finance.document",
        "Learned From",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
    )
    state = fields.Selection(
        [("proposed", "Proposed"), ("confirmed", "Confirmed")],
        required=True,
        default="proposed",
        readonly=True,
        index=True,
    )
    author_ids = fields.Many2many(
        "res.users",
        "finance_reference_author_rel",
        string="Written By",
        readonly=True,
        help="Who entered or corrected it; empty when the engine did. None of them"
        " confirms it.",
    )
    confirmed_by_id = fields.Many2one("res.users", readonly=True)
    confirmed_at = fields.Datetime(readonly=True)

    _foreign_unique = models.Constraint(
        "UNIQUE (system_id, kind, foreign_id)",
        "The system has a reference for this foreign id already.",
    )

    @api.depends("kind", "target")
    def _compute_identifier(self):
        for reference in self:
            kind = canonical.KINDS.get(reference.kind)
            target = reference.target
            fits = kind and target and target.exists()
            reference.identifier = fits and kind.identifier(target)

    @api.constrains("kind", "target", "system_id")
    def _check_target(self):
        for reference in self:
            kind, target = canonical.KINDS[reference.kind], reference.target
            company = reference.company_id
            if target._name != kind.model:
                raise ValidationError(
                    self.env._(
                        "“%(foreign)s” must stand for: %(kind)s.",
                        foreign=reference.foreign_id,
                        kind=kind.label,
                    )
                )
            if not canonical.belongs_to(target, company):
                raise ValidationError(
                    self.env._(
                        "%(target)s belongs to another company than %(company)s.",
                        target=target.display_name,
                        company=company.name,
                    )
                )

    # -- what people write -------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        """People propose; how they did it and who they are is not theirs to say."""
        if not self.env.su:
            imported = self.env.context.get("import_file")
            own = {"source": "imported" if imported else "entered"}
            own |= {"author_ids": [(4, self.env.uid)], "state": "proposed"}
            own |= {"document_id": False, "confirmed_by_id": False}
            for vals in vals_list:
                self._check_written(vals)
                vals.update(own)
        return super().create(vals_list)

    def write(self, vals):
        if self.env.su:
            return super().write(vals)
        self._check_written(vals)
        self._check_proposed()
        return super().write({**vals, "author_ids": [(4, self.env.uid)]})

    @api.ondelete(at_uninstall=False)
    def _unlink_except_confirmed(self):
        if not self.env.su:
            self._check_proposed()

    def _check_written(self, vals: Mapping):
        if set(vals) - PEOPLE_WRITE:
            raise AccessError(
                self.env._("References are confirmed and withdrawn by their buttons.")
            )

    def _check_proposed(self):
        if any(reference.state == "confirmed" for reference in self):
            raise UserError(
                self.env._("It is confirmed: have it withdrawn by an approver first.")
            )

    def action_confirm(self):
        """Rely on these references from now on."""
        need_decider(self.env)
        self.check_access("read")
        if self.env.user in self.author_ids:
            raise UserError(self.env._("Somebody else has to confirm what you wrote."))
        now = fields.Datetime.now()
        self._settle("confirmed", confirmed_by_id=self.env.uid, confirmed_at=now)

    def action_withdraw(self):
        """Rely on them no longer, so that they can be corrected."""
        need_decider(self.env)
        self.check_access("read")
        self._settle("proposed", confirmed_by_id=False, confirmed_at=False)

    def _settle(self, state: str, **values):
        # sudo: approvers confirm what they may not write
        changing = self.sudo().filtered(lambda each: each.state != state)
        changing.write({"state": state, **values})
        self.env["finance.log"]._append(
            {
                "event": f"reference.{state}",
                "system_id": each.system_id.id,
                "company_id": each.company_id.id,
                "detail": f"{each.kind} {each.foreign_id} is"
                f" {each.target._name},{each.target.id}",
            }
            for each in changing
        )
        for each in changing.filtered(lambda each: each.kind == "partner"):
            for cause in (
                f"partner:{each.foreign_id}:",
                f"partner_unknown:{each.foreign_id}",
            ):
                each.env["finance.exception"]._release_caused_by(each.system_id, cause)

    # -- what the engine reads and learns ----------------------------------------

    @api.model
    def _partners(self, system, foreign_ids: Iterable[str]) -> dict[str, tuple]:
        """(commercial partner id, its name) by confirmed foreign customer id."""
        wanted = sorted(set(foreign_ids))
        if not wanted:
            return {}
        self.flush_model()
        self.env["res.partner"].flush_model(["commercial_partner_id", "name"])
        rows = self.env.execute_query(
            SQL(
                """SELECT reference.foreign_id, owner.id, owner.name
                     FROM finance_reference reference
                     JOIN res_partner partner
                       ON reference.target = 'res.partner,' || partner.id
                     JOIN res_partner owner
                       ON owner.id = partner.commercial_partner_id
                    WHERE reference.system_id = %s AND reference.kind = 'partner'
                      AND reference.state = 'confirmed'
                      AND reference.foreign_id = ANY(%s)""",
                system.id,
                wanted,
            )
        )
        return {foreign: (owner, name) for foreign, owner, name in rows}

    @api.model
    def _targets(self, system, wanted: Iterable[tuple[str, str]]) -> dict:
        """Confirmed targets as ``model,id`` by (kind, foreign id)."""
        kinds = {kind for kind, _foreign in wanted}
        found = self.search(
            [
                ("system_id", "=", system.id),
                ("kind", "in", list(kinds)),
                ("foreign_id", "in", [foreign for _kind, foreign in wanted]),
                ("state", "=", "confirmed"),
            ]
        )
        return {
            (each.kind, each.foreign_id): f"{each.target._name},{each.target.id}"
            for each in found
            if each.target
        }

    @api.model
    def _known(self, system, kind: str, foreign_ids: Iterable[str]) -> dict:
        """The references of foreign ids of one kind, by foreign id."""
        found = self.search(
            [
                ("system_id", "=", system.id),
                ("kind", "=", kind),
                ("foreign_id", "in", list(foreign_ids)),
            ]
        )
        return {each.foreign_id: each for each in found}

    @api.model
    def _learn(self, system, kind: str, found: Mapping[str, tuple[int, int]], source):
        """Propose references of foreign ids nobody knows yet: ``found`` has (id of the
        record, id of the document that told) by foreign id."""
        if not found:
            return
        model = canonical.KINDS[kind].model
        rows = [
            SQL("(%s, %s, %s)", foreign, f"{model},{record}", document)
            for foreign, (record, document) in sorted(found.items())
        ]
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """INSERT INTO finance_reference (
                       system_id, company_id, kind, foreign_id, target, document_id,
                       source, state, create_uid, create_date)
                   SELECT %(system)s, %(company)s, %(kind)s, told.foreign_id,
                          told.target, told.document_id, %(source)s, 'proposed',
                          %(user)s, now() AT TIME ZONE 'UTC'
                     FROM (VALUES %(rows)s) told (foreign_id, target, document_id)
                    WHERE NOT EXISTS (
                          SELECT 1 FROM finance_reference known
                           WHERE known.system_id = %(system)s
                             AND known.kind = %(kind)s
                             AND known.foreign_id = told.foreign_id)
                   ON CONFLICT (system_id, kind, foreign_id) DO NOTHING""",
                system=system.id,
                company=system.company_id.id,
                kind=kind,
                source=source,
                user=self.env.uid,
                rows=SQL(", ").join(rows),
            )
        )
