from collections import defaultdict
from collections.abc import Mapping

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from odoo.addons.finance_core.likeness import Party, best, keys

FRESH = 1000  #: changed partners that are looked at before others are compared


class FinanceFlow(models.Model):
    # a room of its own: what a flow is, and what it may create, change apart
    _inherit = "finance.flow"  # pylint: disable=consider-merging-classes-inherited

    unknown_partners = fields.Selection(
        [("propose", "Only propose likely ones"), ("create", "Create them")],
        required=True,
        default="propose",
        help="What happens to a customer or supplier that no partner is like.",
    )


class FinanceParty(models.AbstractModel):
    """Customers and suppliers of other systems find their partner: a reference is
    proposed by likeness, and a partner is created only where the flow says so."""

    _name = "finance.party"
    _description = "Partners of Delivered Parties"

    @api.model
    def _propose(self, system, documents):
        """For new ``documents`` of one system, all of them customers or suppliers."""
        told = {document: document._plain() for document in documents}
        known = self.env["finance.reference"]._known(
            system, "partner", {each.source_id for each in told.values()}
        )
        unknown = {
            document: _party(canonical)
            for document, canonical in told.items()
            if canonical.source_id not in known
        }
        if not unknown:
            return
        candidates = self._candidates(system, unknown)
        found = {}
        for document, party in unknown.items():
            twin = best(party, candidates[document.id])
            partner = twin[0].key if twin else self._create(system, document)
            if partner:
                found[document.source_id] = (partner, document.id)
        self.env["finance.reference"]._learn(system, "partner", found, "proposed")

    def _candidates(self, system, unknown: Mapping) -> dict[int, list[Party]]:
        """Partners the company may use that share something with each document."""
        partner_keys = self.env["finance.partner.key"]
        partner_keys._refresh(FRESH)
        ids = partner_keys._candidates(
            (document.id, kind, value)
            for document, party in unknown.items()
            for kind, value in keys(party)
            if value
        )
        parties = partner_keys._parties(
            self._usable(system, set().union(*ids.values()))
        )
        found = defaultdict(list)
        for document_id, several in ids.items():
            found[document_id] = [parties[id_] for id_ in several if id_ in parties]
        return found

    def _usable(self, system, ids: set[int]) -> list[int]:
        rows = self.env.execute_query(
            SQL(
                """SELECT id FROM res_partner WHERE id = ANY(%s)
                      AND (company_id IS NULL OR company_id = %s)""",
                list(ids),
                system.company_id.id,
            )
        )
        return [id_ for (id_,) in rows]

    def _create(self, system, document) -> int | None:
        """A new partner, where the flow the document came by says so."""
        if document.message_id.flow_id.unknown_partners != "create":
            return None
        canonical = document._plain()
        values = {
            "name": canonical.name,
            "email": canonical.email,
            "vat": canonical.vat,
            "company_id": system.company_id.id,
            f"{canonical.type}_rank": 1,
        }
        try:
            with self.env.cr.savepoint():
                # sudo: the engine creates by this fixed scheme where it is told to
                return self.env["res.partner"].sudo().create(values).id
        except UserError:  # Odoo refuses its VAT number: for a person
            return None


def _party(told) -> Party:
    """``told`` is a canonical party, or what another document tells of one."""
    iban = getattr(told, "iban", None)
    return Party(
        told.source_id,
        told.name,
        told.vat or "",
        getattr(told, "email", None) or "",
        (iban,) if iban else (),
    )
