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
        tables = self.env["finance.mapping"]._tables(document.system_id)
        taxes = {}
        for code in {each.tax_code for each in getattr(canonical, "taxes", ())}:
            found = (table.find(plain_key(code)) for table in tables.get("tax", ()))
            rule = next(filter(None, found), None)
            tax = self.env["account.tax"].browse(rule.target if rule else ())
            if tax.active and tax.amount_type == "percent":
                taxes[code] = Decimal(str(tax.amount))
        check_taxes(canonical, taxes)

    def _check_no_duplicate_partner(self, document, canonical):
        partner = self._partner(document, canonical)
        pairs = self.env["finance.partner.pair"].search_count(
            [
                ("state", "=", "proposed"),
                "|",
                ("first_id", "=", partner.id),
                ("second_id", "=", partner.id),
            ],
            limit=1,
        )
        if pairs:
            raise NeedsPerson(
                f"duplicate_partner:{partner.id}",
                f"The partner of {document.source_id} looks like another one.",
                "Compare them under To Do › Duplicate Partners, merge them or say that"
                " they are two, then try again.",
                category="control",
                field="Partner",
                value=_party_id(canonical),
            )

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
                "Confirm the reference under Configuration › References, then try"
                " again.",
                field="Partner",
                value=foreign,
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
        """Only one that came with this document and that no entry names."""
        document = run.document_id
        reference = self.env["finance.reference"].search(
            [("document_id", "=", document.id), ("kind", "=", "partner")]
        )
        partner = reference.target
        if not partner or not partner.active:
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
