"""What steps of processes check and what undoes them: two tables, one method a line."""

from decimal import Decimal

from odoo import api, models
from odoo.exceptions import AccessError

from odoo.addons.finance_core.errors import NeedsPerson
from odoo.addons.finance_core.mapping_value import plain_key
from odoo.addons.finance_core.tax_check import check_taxes


class FinanceProcessCheck(models.AbstractModel):
    """``_check_<code>(document, canonical)`` raises NeedsPerson for what is not as it
    must be; ``_deny_<code>(document, user)`` AccessError for who may not decide."""

    _name = "finance.process.check"
    _description = "Checks of a Process"

    @api.model
    def _checks(self) -> dict[str, str]:
        """Labels by code. An addon adds a line and a method."""
        _ = self.env._
        return {
            "validated": _("Everything needed to post it is there"),
            "tax_checked": _("Taxes are known and add up"),
            "no_duplicate_partner": _("The partner is known, and known once"),
            "bank_details_confirmed": _(
                "Decided by who did not enter the bank account"
            ),
        }

    @api.model
    def _selection(self):
        return list(self._checks().items())

    @api.model
    def _pass(self, code: str, document, canonical):
        getattr(self, f"_check_{code}")(document, canonical)

    @api.model
    def _deny(self, code: str, document, user):
        deny = getattr(self, f"_deny_{code}", None)
        if deny:
            deny(document, user)

    def _check_validated(self, document, canonical):
        """Nothing to do: what lacks a rule, a target or a rate was held before, when
        it was translated."""

    def _check_tax_checked(self, document, canonical):
        codes = {each.tax_code for each in getattr(canonical, "taxes", ())}
        check_taxes(canonical, self._rates(document.system_id, codes))

    @api.model
    def _rates(self, system, codes) -> dict[str, Decimal]:
        """Percentages by the source's tax code, of taxes that are active."""
        tables = self.env["finance.mapping"]._tables(system).get("tax", ())
        rates = {}
        for code in codes:
            found = (table.find(plain_key(code)) for table in tables)
            rule = next(filter(None, found), None)
            tax = self.env["account.tax"].browse(rule.target if rule else ())
            if tax.active and tax.amount_type == "percent":
                rates[code] = Decimal(str(tax.amount))
        return rates

    def _check_no_duplicate_partner(self, document, canonical):
        partner = self._partner(document, canonical)
        if self._looks_like_another(partner):
            raise NeedsPerson(
                f"duplicate_partner:{partner.id}",
                f"The partner of {document.source_id} looks like another one.",
                "Compare them under To Do › Duplicate Partners, merge them or say that"
                " they are two, then try again.",
                category="control",
                field="Partner",
                value=_party_id(canonical),
            )

    @api.model
    def _looks_like_another(self, partner) -> bool:
        pairs = self.env["finance.partner.pair"].search_count(
            [
                ("state", "=", "proposed"),
                "|",
                ("first_id", "=", partner.id),
                ("second_id", "=", partner.id),
            ],
            limit=1,
        )
        return bool(pairs)

    def _check_bank_details_confirmed(self, document, canonical):
        """A person decides; see below who may not."""

    def _deny_bank_details_confirmed(self, document, user):
        partner = self._partner(document, document._plain())
        for bank in partner.bank_ids:
            if user in (bank.create_uid, bank.write_uid):
                raise AccessError(
                    self.env._(
                        "You entered a bank account of %s yourself: somebody else has"
                        " to confirm it.",
                        partner.name,
                    )
                )

    def _partner(self, document, canonical):
        """The confirmed partner of a party or an invoice. Raises NeedsPerson."""
        foreign = _party_id(canonical)
        known = self.env["finance.reference"]._partners(document.system_id, [foreign])
        if foreign not in known:
            raise NeedsPerson(
                f"partner_unknown:{foreign}",
                f"Nobody has confirmed which partner {foreign} is.",
                "Choose the partner, and have an approver confirm the reference; then"
                " it goes on by itself.",
                field="Partner",
                value=foreign,
                action="choose_partner",
            )
        return self.env["res.partner"].browse(known[foreign][0])


def _party_id(canonical) -> str:
    party = getattr(canonical, "party", None)
    return party.source_id if party else canonical.source_id


class FinanceProcessUndo(models.AbstractModel):
    """``_undo_<code>(run)`` undoes a step. Raises NeedsPerson where it cannot; when it
    was undone already, it does nothing."""

    _name = "finance.process.undo"
    _description = "Compensating Steps of a Process"

    @api.model
    def _undos(self) -> dict[str, str]:
        """Labels by code. An addon adds a line and a method."""
        _ = self.env._
        return {
            "reverse": _("Reversing the entry"),
            "withdraw": _("Withdrawing the approval"),
            "archive_partner": _("Archiving the partner"),
        }

    @api.model
    def _selection(self):
        return list(self._undos().items())

    @api.model
    def _undo(self, code: str, run):
        getattr(self, f"_undo_{code}")(run)

    def _undo_reverse(self, run):
        document = run.document_id
        if document.move_ids and not document.compensation_id:
            self.env["finance.compensation"]._compensate(document, run.reason)

    def _undo_withdraw(self, run):
        """The step says so, and the log."""

    def _undo_archive_partner(self, run):
        """Only one that was created for this document and that no entry names."""
        document = run.document_id
        reference = self.env["finance.reference"].search(
            [("document_id", "=", document.id), ("kind", "=", "partner")]
        )
        partner = reference.target
        # one that was only found is older than the reference to it
        if not partner.active or partner.create_date != reference.create_date:
            return
        lines = [("partner_id", "child_of", partner.id)]
        if self.env["account.move.line"].search_count(lines, limit=1):
            raise NeedsPerson(
                "undo",
                f"{partner.display_name} has journal items.",
                "Decide what becomes of the partner, then close this.",
                category="control",
            )
        partner.active = False


class FinanceWaiting(models.AbstractModel):
    # what checks hold, they also let go
    _inherit = "finance.waiting"

    def _has_come_tax(self, exception, rest: str) -> bool:
        checks = self.env["finance.process.check"]
        return bool(checks._rates(exception.system_id, [rest]))

    def _has_come_partner_unknown(self, exception, rest: str) -> bool:
        references = self.env["finance.reference"]
        return rest in references._partners(exception.system_id, [rest])

    def _has_come_duplicate_partner(self, _exception, rest: str) -> bool:
        partner = self.env["res.partner"].browse(int(rest)).exists()
        checks = self.env["finance.process.check"]
        return not (partner and checks._looks_like_another(partner))
