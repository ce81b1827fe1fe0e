from collections.abc import Mapping

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL

from odoo.addons.finance_core import claims, contract
from odoo.addons.finance_core.contract.envelope import Document
from odoo.addons.finance_core.errors import NeedsPerson

from ..roles import need_decider
from .finance_exception_remedy import Remedy
from .finance_reference import KIND_OF_TYPE


class FinanceRecordSource(models.Model):
    """Which system decides about a type of document in a company, or about one field
    of it. Approvers state it: it lets one system overrule another."""

    _name = "finance.record.source"
    _description = "System of Record"
    _order = "company_id, document_type, field"
    _rec_name = "document_type"

    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    document_type = fields.Selection(
        selection=lambda self: [
            (name, name.replace("_", " ").capitalize()) for name in claims.CLAIMING
        ],
        required=True,
    )
    field = fields.Char(
        default="",
        help="In the words of the document, such as email. Empty: all of it but the"
        " fields that stand here for themselves.",
    )
    system_id = fields.Many2one(
        "finance.system",
        "Decides",
        check_company=True,
        ondelete="restrict",
        help="Empty: Odoo itself; what another system tells is held.",
    )

    _one_owner = models.UniqueIndex(
        "(company_id, document_type, COALESCE(field, ''))",
        "It is stated already who decides about this.",
    )

    @api.constrains("document_type", "field")
    def _check_field(self):
        for source in self.filtered("field"):
            if source.field not in contract.TYPES[source.document_type].model_fields:
                raise ValidationError(
                    self.env._(
                        "A document of this type has no field “%s”.", source.field
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        self._check_may_state()
        sources = super().create(vals_list)
        sources._stated()
        return sources

    def write(self, vals):
        self._check_may_state()
        result = super().write(vals)
        self._stated()
        return result

    def unlink(self):
        self._check_may_state()
        self._stated("record_source.removed")
        return super().unlink()

    def _check_may_state(self):
        """An approver who is no administrator, whatever ``sudo`` says; the superuser
        sets up. Raises AccessError."""
        if self.env.uid != SUPERUSER_ID:
            need_decider(self.env)

    def _stated(self, event="record_source.stated"):
        """What waited for this word tries again."""
        for each in self:
            owner = each.system_id.code or "Odoo"
            self.env["finance.log"]._append(
                [
                    {
                        "event": event,
                        "system_id": each.system_id.id,
                        "company_id": each.company_id.id,
                        "detail": f"{each.document_type} {each.field or ''}: {owner}",
                    }
                ]
            )
            # sudo: approvers may not touch exceptions and documents directly
            systems = self.env["finance.system"].sudo()
            systems = systems.search([("company_id", "=", each.company_id.id)])
            systems.env["finance.exception"]._release_caused_by(
                systems, f"claim:{each.document_type}:"
            )

    @api.model
    def _owners(self, company) -> dict[str, dict[str, int | None]]:
        """System id (None: Odoo) by field (``""``: the rest) by document type."""
        owners: dict = {}
        for each in self.search([("company_id", "=", company.id)]):
            fields_ = owners.setdefault(each.document_type, {})
            fields_[each.field or ""] = each.system_id.id or None
        return owners


class FinanceClaim(models.Model):
    """Who tells about a record, and a digest of what was told: written by the engine.

    The unique index makes it no race: of two transactions that claim one record, the
    database lets the later one try again, which then finds the claim of the first.
    """

    _name = "finance.claim"
    _description = "Claim of a Record"
    _log_access = False

    company_id = fields.Many2one("res.company", required=True, ondelete="restrict")
    type = fields.Char(required=True)
    key = fields.Char(required=True)
    field = fields.Char(required=True)
    system_id = fields.Many2one("finance.system", required=True, ondelete="restrict")
    digest = fields.Char(required=True)

    _record_unique = models.UniqueIndex("(company_id, type, key, field)")

    @api.model
    def _hold_contested(self, system, plain: Mapping):
        """Hold those of ``plain`` ({document: canonical}) that tell about a record
        about which another system decides; returns them."""
        keys = self._keys(system, plain)
        held = self.env["finance.document"]
        if not keys:
            return held
        owners = self.env["finance.record.source"]._owners(system.company_id)
        for document in sorted(keys, key=lambda each: keys[each]):
            need = self._contest(
                system, plain[document], keys[document], owners.get(document.type, {})
            )
            if need:
                document._hold(need)
                held |= document
        return held

    def _keys(self, system, plain: Mapping) -> dict:
        """The keys of the records documents are about, by document, in order: what
        everybody calls it, and the record of the books a person confirmed."""
        about = {
            document: canonical
            for document, canonical in plain.items()
            if canonical.type in claims.CLAIMING
        }
        known = self.env["finance.reference"]._targets(
            system,
            {
                (KIND_OF_TYPE[each.type], each.source_id)
                for each in about.values()
                if each.type in KIND_OF_TYPE
            },
        )
        found = {}
        for document, canonical in about.items():
            kind = KIND_OF_TYPE.get(canonical.type)
            target = known.get((kind, canonical.source_id))
            keys = sorted({claims.record_key(canonical), target or ""} - {""})
            if keys:
                found[document] = keys
        return found

    def _contest(
        self, system, document: Document, keys: list[str], owners: Mapping
    ) -> NeedsPerson | None:
        """Why the document is held, or None: then what it may say is claimed."""
        # who claims first has the fields for which nobody is stated
        claimants = {**owners, "": owners.get("", system.id)}
        for key in keys:
            for field, owner in claimants.items():
                digest = claims.said(document, field, without=owners)
                if owner != system.id:
                    told = self._told(system, document.type, key, field)
                    if told != digest and (told or not field):
                        return _not_yours(document, key, field)
                elif not self._claim(system, document, key, field, digest, owners):
                    return _two_claim(document, key)
        return None

    def _told(self, system, kind: str, key: str, field: str) -> str:
        rows = self.env.execute_query(
            SQL(
                """SELECT digest FROM finance_claim
                    WHERE company_id = %s AND type = %s AND key = %s AND field = %s
                      AND system_id <> %s""",
                system.company_id.id,
                kind,
                key,
                field,
                system.id,
            )
        )
        return rows[0][0] if rows else ""

    def _claim(self, system, document, key, field, digest, owners: Mapping) -> bool:
        """Claim a record, or say that another system has it. A stated owner takes it
        over, and what others said of it is looked at again."""
        rows = self.env.execute_query(
            SQL(
                """INSERT INTO finance_claim AS claim
                       (company_id, type, key, field, system_id, digest)
                   VALUES (%(company)s, %(type)s, %(key)s, %(field)s, %(system)s,
                           %(digest)s)
                   ON CONFLICT (company_id, type, key, field)
                   DO UPDATE SET system_id = EXCLUDED.system_id,
                                 digest = EXCLUDED.digest
                    WHERE claim.system_id = EXCLUDED.system_id OR %(owned)s
                   RETURNING id""",
                company=system.company_id.id,
                type=document.type,
                key=key,
                field=field,
                system=system.id,
                digest=digest,
                owned=field in owners,
            )
        )
        if rows and field in owners:
            others = self.env["finance.system"].search(
                [("company_id", "=", system.company_id.id), ("id", "!=", system.id)]
            )
            self.env["finance.exception"]._release_caused_by(
                others, f"claim:{document.type}:{key}"
            )
        return bool(rows)


class FinanceException(models.Model):
    # a room of its own: who decides about a record is not the life of a case
    _inherit = "finance.exception"  # pylint: disable=consider-merging-classes-inherited

    @api.model
    def _remedies(self):
        _ = self.env._
        return super()._remedies() | {
            "state_owner": Remedy(
                _("State Who Decides"), "approver", ("try_again",), for_documents=True
            )
        }

    def _remedy_state_owner(self):
        return self._for_xml(
            "finance_record_source_action", document_type=self.cause.split(":")[1]
        )


def _not_yours(document: Document, key: str, field: str) -> NeedsPerson:
    what = f"{field} of {_record(document, key)}" if field else _record(document, key)
    return NeedsPerson(
        f"claim:{document.type}:{key}",
        f"Another system decides about {what}, and has not said the same.",
        "Have it corrected in the system that decides, or state another one under"
        " Configuration › Systems of Record.",
        category="control",
        field=field or document.type.replace("_", " ").capitalize(),
        value=key,
        action="state_owner",
    )


def _two_claim(document: Document, key: str) -> NeedsPerson:
    return NeedsPerson(
        f"claim:{document.type}:{key}",
        f"Two systems tell about {_record(document, key)}, and nobody stated which of"
        " them decides.",
        "State it under Configuration › Systems of Record, or have one of them stop"
        " sending it.",
        category="control",
        field=document.type.replace("_", " ").capitalize(),
        value=key,
        action="state_owner",
    )


def _record(document: Document, key: str) -> str:
    return f"{document.type.replace('_', ' ')} {key}"
