"""Which partner is meant by a customer or supplier of another system: suggestions, and
the button of exceptions that asks a person."""

from odoo import api, models

from odoo.addons.finance_core.likeness import compare

from .finance_exception_remedy import Remedy
from .finance_partner_pair import REASONS
from .finance_party import _party

PARTIES = ("customer", "supplier")


class FinancePartnerSuggestion(models.AbstractModel):
    """Suggestions mean nothing until a person takes one."""

    _name = "finance.partner.suggestion"
    _description = "Who May Be Meant"

    @api.model
    def _suggest(self, exception) -> dict[int, list[str]]:
        """Why each partner, by id, may be the one ``exception`` asks for: the best
        reason of all first."""
        found: dict[int, list[str]] = {}
        for suggest in (self._owing, self._alike, self._doubled):
            for partner_id, why in suggest(exception, [*found]):
                found.setdefault(partner_id, []).append(why)
        return found

    def _owing(self, exception, _found):
        """Who owes the invoice that the waiting documents pay."""
        held = exception.document_ids.filtered(lambda each: each.state == "held")
        canonical = [each._plain() for each in held[:1]]
        items, _names = self.env["finance.snapshot"]._open_items(
            exception.company_id, canonical
        )
        for (_role, number), several in items.items():
            for item in several:
                yield item.commercial_partner_id, self.env._("owes %s", number)

    def _alike(self, exception, _found):
        """Who is like the party that is told of."""
        document, party = self._told(exception)
        if party is None:
            return
        parties = self.env["finance.party"]
        candidates = parties._candidates(exception.system_id, {document: party})
        rated = [(compare(party, each), each.key) for each in candidates[document.id]]
        for likeness, partner_id in sorted(rated, key=lambda pair: -pair[0].score):
            if likeness.is_worth_a_look:
                same = ", ".join(REASONS[reason] for reason in likeness.reasons)
                yield partner_id, self.env._("same %s", same)

    def _told(self, exception) -> tuple:
        """(the newest document that tells who the foreign party is, the party), or
        (None, None)."""
        told = self.env["finance.document"].search(
            [
                ("system_id", "=", exception.system_id.id),
                ("type", "in", PARTIES),
                ("source_id", "=", exception.value),
                ("state", "!=", "superseded"),
                ("purged_at", "=", False),
            ],
            limit=1,
        )
        document = told or exception.document_ids[:1]
        canonical = document._plain() if document else None
        party = canonical if told else getattr(canonical, "party", None)
        return (document, _party(party)) if party else (None, None)

    def _doubled(self, exception, found):
        """Who may be the same as one that was found, or as the one it stands for."""
        known = self.env["finance.reference"]._known(
            exception.system_id, "partner", [exception.value]
        )
        ids = found + [each.target.id for each in known.values()]
        pairs = self.env["finance.partner.pair"].search(
            [
                ("state", "=", "proposed"),
                "|",
                ("first_id", "in", ids),
                ("second_id", "in", ids),
            ]
        )
        for pair in pairs:
            for one, other in (
                (pair.first_id, pair.second_id),
                (pair.second_id, pair.first_id),
            ):
                if one.id in ids and other.id not in ids:
                    yield (
                        other.id,
                        self.env._(
                            "may be %(name)s: same %(what)s",
                            name=one.display_name,
                            what=pair.reasons,
                        ),
                    )


class FinanceException(models.Model):
    # a room of its own: who is meant is not the life of a case
    _inherit = "finance.exception"  # pylint: disable=consider-merging-classes-inherited

    @api.model
    def _remedies(self):
        words = self.env._("Choose Partner…")
        remedy = Remedy(words, "editor", ("open_reference", "try_again"))
        return super()._remedies() | {"choose_partner": remedy}

    def _remedy_choose_partner(self):
        """A small form with who may be meant."""
        return self.env["finance.partner.choice"]._ask(self)
